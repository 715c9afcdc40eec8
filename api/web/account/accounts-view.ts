// Money and keys: the paper accounts or the balances at the venues, the API keys without themselves, the chat for notices,
// and the consent.

import type { Venue } from "../../../schema/vocabulary.ts";
import { Decimal } from "../../../src/domain/decimal.ts";
import { appendElement, byId, setAttribute, setHidden, setText } from "../../../src/web/dom.ts";
import { dayTimeKst, fixed2, type Language, moneyText } from "../../../src/web/format.ts";
import { KeyedList } from "../../../src/web/keyed-list.ts";
import { newOnceKey } from "./ask.ts";
import { change, type Part, unreadText, type ViewContext } from "./context.ts";
import { toneOf } from "./figures.ts";
import { KeysView } from "./keys-view.ts";
import { TelegramView } from "./telegram-view.ts";

type PaperAccount = Part<"paper">[number];

interface Holding {
  readonly venue: Venue;
  readonly asset: string;
  readonly amount: string | null;
  /** What it grew or shrank by, in the same money; null: not reckoned. */
  readonly change: string | null;
  /** Smaller lines beneath. */
  readonly notes: readonly string[];
  readonly isPaper: boolean;
}

export class AccountsView {
  readonly #context: () => ViewContext;
  readonly #keys: KeysView;
  readonly #telegram: TelegramView;
  readonly #title = byId("money-title", HTMLHeadingElement);
  readonly #reset = byId("paper-reset", HTMLButtonElement);
  readonly #refusal = byId("money-refusal", HTMLParagraphElement);
  readonly #money: KeyedList<Holding, MoneyCard>;
  readonly #consentWords = byId("consent-words", HTMLParagraphElement);
  readonly #consentSwitch = byId("consent-switch", HTMLButtonElement);

  constructor(context: () => ViewContext) {
    this.#context = context;
    this.#keys = new KeysView(context);
    this.#telegram = new TelegramView(context);
    this.#money = new KeyedList(byId("money", HTMLUListElement), {
      keyOf: ({ venue, asset }) => `${venue} ${asset}`,
      create: () => new MoneyCard((venue, asset) => this.#askToTopUp(venue, asset)),
    });
    this.#reset.addEventListener("click", () => this.#askToReset());
    this.#consentSwitch.addEventListener("click", () => this.#switchConsent());
  }

  /** What may change without an event: read it again and again while this is shown. */
  get isWaitingForChat(): boolean {
    return this.#telegram.isWaiting;
  }

  /** For another user, or none. */
  forget(): void {
    this.#keys.forget();
    this.#telegram.forget();
  }

  render(): void {
    const context = this.#context();
    const { words, mode, data } = context;
    const isPaper = mode === "paper";
    setText(this.#title, isPaper ? words.paperMoney : words.liveMoney);
    setHidden(this.#reset, !isPaper || !data.get("paper"));
    const unread = unreadText(context, isPaper ? "paper" : "balances");
    setText(this.#refusal, unread ?? "");
    setHidden(this.#refusal, unread === undefined);
    const holdings = isPaper ? paperHoldings(data.get("paper") ?? [], context) : liveHoldings(context);
    this.#money.render(holdings, (card, holding) => card.render(holding, context));
    this.#keys.render();
    this.#telegram.render();
    this.#renderConsent(context);
  }

  #renderConsent(context: ViewContext): void {
    const { words, data } = context;
    const found = data.get("consent");
    setHidden(this.#consentSwitch, !found);
    if (!found) {
      setText(this.#consentWords, unreadText(context, "consent") ?? "");
      return;
    }
    const { consent, atMs } = found;
    const time = atMs === null ? "" : dayTimeKst(atMs);
    setText(this.#consentWords, consent ? words.consentGiven(time) : words.consentNone);
    setText(this.#consentSwitch, consent ? words.consentTake : words.consentGive);
    this.#consentSwitch.classList.toggle("grave", !consent);
  }

  #askToTopUp(venue: Venue, asset: string): void {
    const context = this.#context();
    const { words, language, dialog } = context;
    const onceKey = newOnceKey();
    dialog.open({
      ...{
        title: words.topUpTitle(words.venues[venue]),
        words: words.topUpWords,
        yes: words.topUp,
        language,
      },
      fields: [{ name: "amount", label: words.amountOf(asset), kind: "number", charsMax: 20 }],
      onYes: ({ amount: typed = "" }) => {
        const amount = typed.replaceAll(",", "");
        return change(context, {
          ...{ method: "POST", path: "api/paper/top-up", body: { venue, amount } },
          // Another amount is another request.
          onceKey: /^[\d.]+$/.test(amount) ? `${onceKey}-${amount}` : onceKey,
          ...{ done: words.toppedUp, parts: ["paper"] },
        });
      },
    });
  }

  #askToReset(): void {
    const context = this.#context();
    const { words, language, dialog } = context;
    const onceKey = newOnceKey();
    dialog.open({
      ...{ title: words.paperResetTitle, words: words.paperResetWords, yes: words.paperReset, language },
      isGrave: true,
      onYes: () =>
        change(context, {
          ...{ method: "POST", path: "api/paper/reset", body: {}, onceKey },
          ...{ done: words.paperResetDone, parts: ["paper"] },
        }),
    });
  }

  #switchConsent(): void {
    const context = this.#context();
    const { words, language, data, dialog } = context;
    const found = data.get("consent");
    if (!found) return;
    const put = (body: unknown) =>
      change(context, {
        ...{ method: "PUT", path: "api/consent", body, done: words.consentChanged, parts: ["consent"] },
      });
    if (found.consent) {
      dialog.open({
        ...{ title: words.consentTakeTitle, words: words.consentTakeWords, yes: words.consentTake, language },
        onYes: () => put({ consent: false }),
      });
      return;
    }
    dialog.open({
      ...{
        title: words.consentTitle,
        words: words.consentWords(found.words),
        yes: words.consentGive,
        language,
      },
      isGrave: true,
      fields: [{ name: "words", label: words.consentField, charsMax: 100 }],
      onYes: ({ words: said }) => put({ consent: true, words: said }),
    });
  }
}

function paperHoldings(accounts: readonly PaperAccount[], { words, language }: ViewContext): Holding[] {
  return accounts.map(({ venue, asset, balance, putIn, coins, positions, openedAtMs }) => ({
    ...{ venue, asset, amount: balance, isPaper: true },
    change: Decimal.of(balance).minus(Decimal.of(putIn)).toString(),
    notes: [
      words.putIn(amountText(putIn, asset, language)),
      ...(openedAtMs === null ? [words.paperNotOpen] : []),
      ...coins.map(({ coin, amount }) => words.qty(amount, coin)),
      ...positions.map(({ symbol, contracts }) => words.qty(contracts, symbol)),
    ],
  }));
}

function liveHoldings({ words, language, data }: ViewContext): Holding[] {
  return (data.get("balances")?.venues ?? []).map(({ venue, balances, unread }): Holding => {
    const asset = venue === "upbit" || venue === "bithumb" ? "KRW" : "USDT";
    const holding = { venue, asset, change: null, isPaper: false };
    if (!balances) return { ...holding, amount: null, notes: unread ? [`${unread.words[language]}.`] : [] };
    const own = balances.find((one) => one.asset === asset);
    const others = balances.filter((one) => one.asset !== asset);
    const free = own && own.free !== own.total ? [words.free(amountText(own.free, asset, language))] : [];
    const notes = [...free, ...others.map(({ asset: coin, total }) => words.qty(total, coin))];
    return { ...holding, amount: own?.total ?? "0", notes };
  });
}

/** KRW in words, USDT with two decimals. */
function amountText(amount: string, asset: string, language: Language): string {
  return asset === "KRW" ? moneyText(amount, language) : fixed2(Number(amount));
}

class MoneyCard {
  readonly root = document.createElement("li");
  readonly #venue = appendElement(this.root, "span", "venue");
  readonly #amount = appendElement(this.root, "b");
  readonly #asset = appendElement(this.root, "i");
  readonly #change = appendElement(this.root, "em");
  readonly #notes = appendElement(this.root, "small");
  readonly #topUp = appendElement(this.root, "button");
  #holding: Holding | undefined;

  constructor(onTopUp: (venue: Venue, asset: string) => void) {
    this.#topUp.type = "button";
    this.#topUp.addEventListener("click", () => {
      if (this.#holding) onTopUp(this.#holding.venue, this.#holding.asset);
    });
  }

  render(holding: Holding, { words, language }: ViewContext): void {
    this.#holding = holding;
    const { venue, asset, amount, change, notes, isPaper } = holding;
    setText(this.#venue, words.venues[venue]);
    setText(this.#amount, amount === null ? "—" : amountText(amount, asset, language));
    setAttribute(this.#amount, "title", amount ?? "");
    setText(this.#asset, asset === "KRW" && language === "ko" ? "원" : asset);
    const gain = change === null ? "" : amountText(change, asset, language);
    const sign = change !== null && toneOf(change) === "up" ? "+" : "";
    setText(this.#change, sign + gain);
    setAttribute(this.#change, "class", toneOf(change));
    setAttribute(this.#change, "title", words.gained);
    setHidden(this.#change, change === null || Decimal.of(change).isZero);
    setText(this.#notes, notes.join(" · "));
    setText(this.#topUp, words.topUp);
    setAttribute(this.#topUp, "aria-label", `${words.venues[venue]} ${words.topUp}`);
    setHidden(this.#topUp, !isPaper);
  }
}
