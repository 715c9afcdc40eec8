// The panel of traders: what each has open and what it would bring now, what was closed, and the last reason in words.
// Hidden as long as the server shows no trading. Gains are red and losses blue, as in Korea.

import { PAIRS, type PairKey } from "../../schema/vocabulary.ts";
import { reasonWords } from "../../src/domain/notice-words.ts";
import type {
  ClosedView,
  DecisionView,
  OpenView,
  StrategyView,
  TraderView,
  TradingView,
} from "../../src/ports/trading-view.ts";
import { appendElement, byId, setAttribute, setHidden, setText } from "../../src/web/dom.ts";
import {
  DASH,
  fixed2,
  gainText,
  type Language,
  pctText,
  secondsText,
  sizeText,
  timeKst,
  wholeKrw,
} from "../../src/web/format.ts";
import { KeyedList } from "../../src/web/keyed-list.ts";
import type { Words } from "./words.ts";

export interface TradingContext {
  readonly words: Words;
  readonly language: Language;
}

export class TradingPanel {
  readonly #root = byId("trading", HTMLElement);
  readonly #title = byId("trading-title", HTMLHeadingElement);
  readonly #sub = byId("trading-sub", HTMLElement);
  readonly #role = byId("trading-role", HTMLElement);
  readonly #cards = new KeyedList<TraderView, TraderCard>(byId("traders", HTMLDivElement), {
    keyOf: ({ userId }) => String(userId),
    create: () => new TraderCard(),
  });

  /** Undefined: there is no trading to show. */
  render(view: TradingView | undefined, context: TradingContext): void {
    setHidden(this.#root, view === undefined || view.traders.length === 0);
    if (!view) return;
    const { words } = context;
    setText(this.#title, words.trading[view.mode]);
    setText(this.#sub, words.tradingSub[view.mode]);
    setText(this.#role, words.tradingRole[view.role]);
    setHidden(this.#role, view.role === "trading");
    this.#cards.render(view.traders, (card, trader) => card.render(trader, context, view.asOfMs));
  }
}

class TraderCard {
  readonly root = document.createElement("article");
  readonly #name: HTMLElement;
  readonly #strategy: HTMLElement;
  readonly #profit: HTMLElement;
  readonly #profitLabel: HTMLElement;
  readonly #terms: HTMLElement;
  readonly #table: HTMLTableElement;
  readonly #heads: readonly HTMLElement[];
  readonly #open: KeyedList<OpenView, OpenRow>;
  readonly #noneOpen: HTMLElement;
  readonly #closedTitle: HTMLElement;
  readonly #closed: KeyedList<ClosedView, ClosedChip>;
  readonly #noneClosed: HTMLElement;
  readonly #reason: HTMLElement;

  constructor() {
    this.root.className = "trader";
    const head = appendElement(this.root, "header");
    const who = appendElement(head, "div", "who");
    this.#name = appendElement(who, "h3");
    this.#strategy = appendElement(who, "small");
    const profit = appendElement(head, "div", "total");
    this.#profitLabel = appendElement(profit, "small");
    this.#profit = appendElement(profit, "b");
    this.#terms = appendElement(this.root, "p", "terms");
    const holder = appendElement(this.root, "div", "open");
    this.#table = appendElement(holder, "table", "positions");
    const row = appendElement(appendElement(this.#table, "thead"), "tr");
    this.#heads = Array.from({ length: 6 }, (_, index) => {
      const cell = appendElement(row, "th", index === 0 ? "" : "number");
      cell.scope = "col";
      return cell;
    });
    this.#open = new KeyedList(appendElement(this.#table, "tbody"), {
      keyOf: ({ coin, pair, openedAtMs }: OpenView) => `${coin} ${pair} ${openedAtMs}`,
      create: () => new OpenRow(),
      flashOf: () => "new",
    });
    this.#noneOpen = appendElement(holder, "p", "none");
    const closed = appendElement(this.root, "div", "closed");
    this.#closedTitle = appendElement(closed, "h4");
    this.#closed = new KeyedList(appendElement(closed, "ul"), {
      keyOf: ({ coin, pair, closedAtMs }: ClosedView) => `${coin} ${pair} ${closedAtMs}`,
      create: () => new ClosedChip(),
      flashOf: ({ profitKrw }) => (wholeKrw(profitKrw) < 0 ? "down" : "up"),
    });
    this.#noneClosed = appendElement(closed, "span", "none");
    this.#reason = appendElement(this.root, "p", "last-reason");
  }

  render(trader: TraderView, context: TradingContext, asOfMs: number): void {
    const { name, strategy, profitKrw, open, closed, decisions } = trader;
    const { words } = context;
    setText(this.#name, name);
    setText(this.#strategy, strategy?.name ?? words.noStrategy);
    setText(this.#profitLabel, words.realised);
    setText(this.#profit, words.krw(gainText(profitKrw)));
    setAttribute(this.#profit, "class", gainClass(profitKrw));
    setText(this.#terms, strategy ? termsText(strategy, context) : "");

    this.#renderHeads(words);
    setAttribute(this.#table, "aria-label", words.openTitle);
    setHidden(this.#table, open.length === 0);
    setHidden(this.#noneOpen, open.length > 0);
    setText(this.#noneOpen, words.noneOpen);
    // Room for all of a strategy's divisions, so that what stands below keeps its place.
    this.root.style.setProperty("--positions", String(Math.max(strategy?.division ?? 0, open.length)));
    this.#open.render(open, (row, position) => row.render(position, context));

    setText(this.#closedTitle, words.closedTitle);
    setHidden(this.#noneClosed, closed.length > 0);
    setText(this.#noneClosed, words.noneClosed);
    this.#closed.render(closed, (chip, one) => chip.render(one, context));
    setText(this.#reason, reasonText(decisions[0], context, asOfMs));
  }

  #renderHeads(words: Words): void {
    const { coin, openSize, openEntry, openNow, openTarget, openProfit } = words;
    for (const [index, text] of [coin, openSize, openEntry, openNow, openTarget, openProfit].entries()) {
      setText(this.#heads[index]!, text);
    }
    setAttribute(this.#heads[3]!, "title", words.openNowHint);
    setAttribute(this.#heads[5]!, "title", words.openProfitHint);
  }
}

class OpenRow {
  readonly root = document.createElement("tr");
  readonly #coin: HTMLElement;
  readonly #pair: HTMLElement;
  readonly #size: HTMLElement;
  readonly #entry: HTMLElement;
  readonly #now: HTMLElement;
  readonly #target: HTMLElement;
  readonly #profit: HTMLElement;

  constructor() {
    const head = appendElement(this.root, "th", "what");
    head.scope = "row";
    this.#coin = appendElement(head, "span", "ticker");
    this.#pair = appendElement(head, "small");
    this.#size = appendElement(this.root, "td", "number size-now");
    this.#entry = appendElement(this.root, "td", "number entry-rate");
    this.#now = appendElement(this.root, "td", "number rate-now");
    this.#target = appendElement(this.root, "td", "number target-rate");
    this.#profit = appendElement(this.root, "td", "number");
  }

  render(position: OpenView, { words, language }: TradingContext): void {
    const { coin, pair, spentKrw, qtyCoin, entryRate, exitRateNow, exitTargetRate, profitNowKrw, entries } =
      position;
    setText(this.#coin, coin);
    setText(this.#pair, pairName(pair, words));
    setText(this.#size, sizeText(spentKrw, language) + (entries > 1 ? ` (${entries})` : ""));
    setAttribute(this.#size, "title", `${qtyCoin} ${coin}`);
    setText(this.#entry, fixed2(Number(entryRate)));
    setText(this.#now, exitRateNow === null ? DASH : fixed2(Number(exitRateNow)));
    setText(this.#target, exitTargetRate === null ? DASH : fixed2(Number(exitTargetRate)));
    setText(this.#profit, profitNowKrw === null ? DASH : gainText(profitNowKrw));
    setAttribute(this.#profit, "class", `number profit-now ${gainClass(profitNowKrw)}`);
  }
}

class ClosedChip {
  readonly root = document.createElement("li");
  readonly #coin = appendElement(this.root, "span", "ticker");
  readonly #profit = appendElement(this.root, "b");

  render({ coin, pair, profitKrw, profitRatePct, closedAtMs }: ClosedView, { words }: TradingContext): void {
    setText(this.#coin, coin);
    setText(this.#profit, gainText(profitKrw));
    setAttribute(this.#profit, "class", gainClass(profitKrw));
    const pct = pctText(Number(profitRatePct));
    setAttribute(this.root, "title", words.closedAt(pairName(pair, words), timeKst(closedAtMs), pct));
  }
}

function termsText(strategy: StrategyView, { words, language }: TradingContext): string {
  const { entryRate, exitRate, sliceKrw, division, leverage, isAuto } = strategy;
  const targets = isAuto
    ? words.targetsAuto
    : words.targets(fixed2(Number(entryRate)), fixed2(Number(exitRate)));
  const slices = words.slices(sizeText(sliceKrw, language), division);
  // Lines break between the parts, never within one.
  const parts = [...targets.split(" · "), slices, words.leverage(leverage)];
  return parts.map((part) => part.replaceAll(" ", "\u00a0")).join(" · ");
}

/** The last decision in words: what was done, or the first reason against it, about which coin, and when. */
function reasonText(
  decision: DecisionView | undefined,
  { words, language }: TradingContext,
  asOfMs: number,
): string {
  if (!decision) return words.noDecision;
  const { action, reason, coin, pair, atMs } = decision;
  const what = { enter: words.entered, exit: words.exited, hold: reasonWords(reason, language) }[action];
  const ago = words.ago(secondsText(asOfMs - atMs, language));
  return `${coin} ${pairName(pair, words)} · ${what} · ${ago}`;
}

function pairName(key: PairKey, words: Words): string {
  const { domestic, overseas } = PAIRS.find((pair) => pair.key === key)!;
  return words.pairName(words.venues[domestic], words.venues[overseas]);
}

function gainClass(krw: string | null): string {
  const whole = krw === null ? 0 : wholeKrw(krw);
  return whole > 0 ? "up" : whole < 0 ? "down" : "";
}
