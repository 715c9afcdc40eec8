// The strategy that is active, with its terms, what was decided about each coin and why, and the earlier ones to use again.

import { appendElement, byId, setAttribute, setHidden, setText } from "../../../src/web/dom.ts";
import { dayTimeKst, moneyText } from "../../../src/web/format.ts";
import { KeyedList } from "../../../src/web/keyed-list.ts";
import { change, type Part, unreadText, type ViewContext } from "./context.ts";
import { rateOr } from "./open-table.ts";
import { StrategyForm } from "./strategy-form.ts";
import { bodyOf, FORM_DEFAULT, type FormValues, plain, valuesOf } from "./strategy-terms.ts";
import { type AccountWords, venueName } from "./words.ts";

type Strategy = Part<"strategies">["strategies"][number];
type Decision = Part<"decisions">[number];

const EARLIER_MAX = 10;
/** The others when they are asked for. */
const DECISIONS_FEW = 20;

export class StrategyView {
  readonly #context: () => ViewContext;
  readonly #form: StrategyForm;
  readonly #title: HTMLElement;
  readonly #badge: HTMLElement;
  readonly #terms: KeyedList<readonly [string, string], TermLine>;
  readonly #none: HTMLElement;
  readonly #buttons: Readonly<Record<"start" | "change" | "stop", HTMLButtonElement>>;
  readonly #decisions = new KeyedList<Decision, DecisionRow>(byId("decision-rows", HTMLTableSectionElement), {
    keyOf: ({ strategyId, coin }) => `${strategyId} ${coin}`,
    create: () => new DecisionRow(),
  });
  readonly #noDecisions = byId("decisions-none", HTMLParagraphElement);
  readonly #more = byId("decisions-more", HTMLElement);
  #isWhole = false;
  readonly #earlier: KeyedList<Strategy, EarlierLine>;

  constructor(context: () => ViewContext) {
    this.#context = context;
    this.#form = new StrategyForm(context);
    const panel = byId("active-strategy", HTMLElement);
    const head = appendElement(panel, "div", "panel-head");
    this.#title = appendElement(head, "h2");
    this.#badge = appendElement(head, "span", "badge");
    const buttons = appendElement(head, "div", "buttons");
    const button = (onClick: () => void) => {
      const made = appendElement(buttons, "button");
      made.type = "button";
      made.addEventListener("click", onClick);
      return made;
    };
    this.#buttons = {
      start: button(() => this.#askToStart(FORM_DEFAULT)),
      change: button(() => this.#askToChange()),
      stop: button(() => this.#askToStop()),
    };
    this.#none = appendElement(panel, "p", "hint");
    this.#terms = new KeyedList(appendElement(panel, "dl", "terms"), {
      keyOf: ([name]) => name,
      create: () => new TermLine(),
    });
    this.#more.querySelector("button")!.addEventListener("click", () => {
      this.#isWhole = !this.#isWhole;
      this.#renderDecisions(this.#context());
    });
    this.#earlier = new KeyedList(byId("earlier", HTMLUListElement), {
      keyOf: ({ strategyId }) => String(strategyId),
      create: () => new EarlierLine((strategy) => this.#askToStart(this.#valuesOf(strategy))),
    });
  }

  render(): void {
    const context = this.#context();
    const { words, data } = context;
    const found = data.get("strategies");
    const active = this.#active();
    setText(this.#title, active?.name ?? words.noStrategy);
    setText(this.#badge, words.active);
    setHidden(this.#badge, !active);
    setText(this.#none, unreadText(context, "strategies") ?? (found && !active ? words.noStrategyHint : ""));
    setHidden(this.#none, this.#none.textContent === "");
    const { start, change, stop } = this.#buttons;
    setText(start, words.newStrategy);
    setText(change, words.changeStrategy);
    setText(stop, words.stopStrategy);
    start.classList.add("primary");
    setHidden(start, !found || active !== undefined);
    setHidden(change, !active);
    setHidden(stop, !active);
    this.#terms.render(active && found ? termsOf(active, found.exitTerms, context) : [], (line, term) =>
      line.render(term),
    );
    this.#renderDecisions(context);
    const earlier = (found?.strategies ?? []).filter(({ isActive }) => !isActive).slice(0, EARLIER_MAX);
    setHidden(byId("earlier-panel", HTMLElement), earlier.length === 0);
    this.#earlier.render(earlier, (line, one) => line.render(one, context, active !== undefined));
  }

  #renderDecisions(context: ViewContext): void {
    const { words, data } = context;
    const decisions = data.get("decisions");
    const unread = unreadText(context, "decisions");
    setHidden(byId("decisions", HTMLElement), !decisions?.length);
    setHidden(this.#noDecisions, decisions?.length !== 0 && unread === undefined);
    setText(this.#noDecisions, unread ?? words.noDecisions);
    const all = decisions ?? [];
    const shown = this.#isWhole ? all : all.slice(0, DECISIONS_FEW);
    this.#decisions.render(shown, (row, one) => row.render(one, context));
    setHidden(this.#more, all.length <= DECISIONS_FEW);
    setText(
      this.#more.querySelector("button")!,
      this.#isWhole ? words.fewDecisions : words.allDecisions(all.length - DECISIONS_FEW),
    );
  }

  #active(): Strategy | undefined {
    return this.#context()
      .data.get("strategies")
      ?.strategies.find(({ isActive }) => isActive);
  }

  #valuesOf(strategy: Strategy): FormValues {
    const exitTerms = this.#context().data.get("strategies")!.exitTerms;
    return valuesOf(strategy, exitTerms);
  }

  #askToStart(values: FormValues): void {
    const context = this.#context();
    const { words } = context;
    this.#form.open({
      ...{ title: words.newStrategyTitle, yes: words.start, values },
      onYes: (chosen) =>
        change(context, {
          ...{ method: "POST", path: "api/strategies", body: bodyOf(chosen) },
          ...{ done: words.strategyStarted, parts: ["strategies", "decisions"] },
        }),
    });
  }

  #askToChange(): void {
    const active = this.#active();
    if (!active) return;
    const context = this.#context();
    const { words } = context;
    this.#form.open({
      ...{ title: words.changeStrategyTitle, yes: words.change, values: this.#valuesOf(active) },
      onYes: (chosen) =>
        change(context, {
          ...{ method: "PATCH", path: "api/strategies/active", body: bodyOf(chosen) },
          ...{ done: words.strategyChanged, parts: ["strategies"] },
        }),
    });
  }

  #askToStop(): void {
    const context = this.#context();
    const { words, language, dialog } = context;
    dialog.open({
      ...{
        title: words.stopStrategyTitle,
        words: words.stopStrategyWords,
        yes: words.stopStrategy,
        language,
      },
      onYes: () =>
        change(context, {
          ...{ method: "DELETE", path: "api/strategies/active" },
          ...{ done: words.strategyStopped, parts: ["strategies"] },
        }),
    });
  }
}

function termsOf(
  strategy: Strategy,
  { stopRate, holdingMsMax }: Part<"strategies">["exitTerms"],
  { words, language }: ViewContext,
): (readonly [string, string])[] {
  const { fields } = words;
  const { seedAmountKrw, seedDivision, leverage, tradeMode, coinMode, selectedCoins } = strategy;
  const yesNo = (is: boolean) => (is ? words.yes : words.no);
  return [
    [fields.seedAmountKrw.replace(/ \(.*/, ""), words.amount(moneyText(seedAmountKrw, language))],
    [fields.seedDivision, String(seedDivision)],
    [fields.leverage.replace(/ \(.*/, ""), words.leverage(leverage)],
    [fields.tradeMode, tradeMode === "auto" ? words.tradeModes.auto : targetsOf(strategy, words)],
    [fields.stopRate.replace(/ \(.*/, ""), stopRate === null ? words.never : rateOr(stopRate)],
    [
      fields.holdingHours.replace(/ \(.*/, ""),
      holdingMsMax === null ? words.never : words.hours(String(Math.round(holdingMsMax / 36_000) / 100)),
    ],
    [fields.coinMode, coinMode === "auto" ? words.coinModes.auto : selectedCoins.join(", ")],
    [fields.allowAverageDown, yesNo(strategy.allowAverageDown)],
    [fields.allowAverageUp, yesNo(strategy.allowAverageUp)],
  ];
}

const targetsOf = ({ entryRate, exitRate }: Strategy, words: AccountWords) =>
  words.targets(rateOr(plain(entryRate)), rateOr(plain(exitRate)));

class TermLine {
  readonly root = document.createElement("div");
  readonly #name = appendElement(this.root, "dt");
  readonly #value = appendElement(this.root, "dd");

  render([name, value]: readonly [string, string]): void {
    setText(this.#name, name);
    setText(this.#value, value);
  }
}

class DecisionRow {
  readonly root = document.createElement("tr");
  readonly #what = appendElement(this.root, "th", "what");
  readonly #coin = appendElement(this.#what, "span", "ticker");
  readonly #pair = appendElement(this.#what, "small");
  readonly #decision = appendElement(this.root, "td", "decided");
  readonly #action = appendElement(this.#decision, "span", "badge");
  readonly #reason = appendElement(this.#decision, "span");
  readonly #breakEven = appendElement(this.#decision, "small");
  readonly #time = appendElement(this.root, "td", "number time");

  render(decision: Decision, { words, language }: ViewContext): void {
    const { coin, pair, action, words: reason, context: detail, breakEvenPct, atMs } = decision;
    const [domestic, overseas] = pair.split("-").map((venue) => venueName(venue, words));
    this.#what.scope = "row";
    setText(this.#coin, coin);
    setText(this.#pair, words.pairName(domestic!, overseas!));
    setText(this.#action, { enter: words.entered, exit: words.exited, hold: words.held }[action]);
    setAttribute(this.root, "data-action", action);
    setText(this.#reason, action === "hold" ? reason[language] : "");
    setText(this.#breakEven, breakEvenPct === null ? "" : words.breakEven(breakEvenPct));
    setAttribute(this.#decision, "title", detail);
    setText(this.#time, dayTimeKst(atMs));
  }
}

class EarlierLine {
  readonly root = document.createElement("li");
  readonly #words = appendElement(this.root, "div");
  readonly #name = appendElement(this.#words, "strong");
  readonly #terms = appendElement(this.#words, "small");
  readonly #again = appendElement(this.root, "button");
  #strategy: Strategy | undefined;

  constructor(onAgain: (strategy: Strategy) => void) {
    this.#again.type = "button";
    this.#again.addEventListener("click", () => this.#strategy && onAgain(this.#strategy));
  }

  render(strategy: Strategy, { words, language }: ViewContext, hasActive: boolean): void {
    this.#strategy = strategy;
    const { name, createdAtMs, tradeMode, seedAmountKrw, seedDivision } = strategy;
    setText(this.#name, name);
    const slices = words.slices(moneyText(seedAmountKrw, language), seedDivision);
    const rates = tradeMode === "auto" ? words.targetsAuto : targetsOf(strategy, words);
    const day = createdAtMs === null ? "" : dayTimeKst(createdAtMs).slice(0, 5);
    setText(this.#terms, [rates, slices, day].filter(Boolean).join(" · "));
    setText(this.#again, words.again);
    setHidden(this.#again, hasActive);
  }
}
