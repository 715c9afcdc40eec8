// The table of open positions: rates of now against the target, and the way out.

import { appendElement, byId, setAttribute, setHidden, setText } from "../../../src/web/dom.ts";
import {
  DASH,
  dayTimeKst,
  fixed2,
  gainMoneyText,
  gainText,
  moneyText,
  sizeText,
} from "../../../src/web/format.ts";
import { KeyedList } from "../../../src/web/keyed-list.ts";
import { change, type ViewContext } from "./context.ts";
import { toneOf } from "./figures.ts";
import type { PositionLine } from "./position-rows.ts";
import { TickerButton } from "./ticker-button.ts";
import { venueName } from "./words.ts";

export class OpenTable {
  readonly #context: () => ViewContext;
  readonly #table = byId("open", HTMLTableElement);
  readonly #none = byId("open-none", HTMLParagraphElement);
  readonly #rows: KeyedList<PositionLine, OpenRow>;

  constructor(context: () => ViewContext) {
    this.#context = context;
    this.#rows = new KeyedList(byId("open-rows", HTMLTableSectionElement), {
      keyOf: ({ key }) => key,
      create: () => new OpenRow((line) => this.#askToClose(line)),
      flashOf: () => "new",
    });
  }

  /** Undefined: not read yet. */
  render(lines: readonly PositionLine[] | undefined, unread: string | undefined): void {
    const context = this.#context();
    const isEmpty = (lines?.length ?? 0) === 0;
    setHidden(this.#table, isEmpty);
    setHidden(this.#none, !isEmpty && unread === undefined);
    setText(this.#none, unread ?? (lines ? context.words.noneOpen : ""));
    this.#rows.render(lines ?? [], (row, line) => row.render(line, context));
  }

  #askToClose({ coin, spentKrw, exitRateNow, profitNowKrw }: PositionLine): void {
    const context = this.#context();
    const { words, language, dialog } = context;
    const profit =
      profitNowKrw === null
        ? words.closeUnquoted
        : words.closeQuoted(rateOr(exitRateNow), words.krw(gainMoneyText(profitNowKrw, language)));
    dialog.open({
      title: words.closeTitle(coin),
      words: `${words.closeWords(moneyText(spentKrw, language))} ${profit}`,
      ...{ yes: words.close, isGrave: true, language },
      onYes: () =>
        change(context, {
          ...{ method: "POST", path: `api/positions/${coin}/close`, body: {} },
          ...{ done: words.closeAsked(coin), parts: ["open", "active"] },
        }),
    });
  }
}

class OpenRow {
  readonly root = document.createElement("tr");
  readonly #what = appendElement(this.root, "th", "what");
  readonly #coin = new TickerButton(this.#what);
  readonly #pair = appendElement(this.#what, "small");
  readonly #size = appendElement(this.root, "td", "number size");
  readonly #entry = appendElement(this.root, "td", "number entry");
  readonly #now = appendElement(this.root, "td", "number now");
  readonly #target = appendElement(this.root, "td", "number target");
  readonly #targetRate = appendElement(this.#target, "span");
  readonly #way = appendElement(this.#target, "meter");
  readonly #profit = appendElement(this.root, "td", "number profit");
  readonly #doing = appendElement(this.root, "td", "doing");
  readonly #close = appendElement(this.#doing, "button");
  #line: PositionLine | undefined;

  constructor(onClose: (line: PositionLine) => void) {
    this.#what.scope = "row";
    this.#way.max = 1;
    this.#close.type = "button";
    this.#close.addEventListener("click", () => this.#line && onClose(this.#line));
  }

  render(line: PositionLine, context: ViewContext): void {
    const { words, language } = context;
    this.#line = line;
    const { coin, domestic, overseas, spentKrw, qtyCoin, entries, profitNowKrw, way, closeAsked, isOurs } =
      line;
    this.#coin.render({ coin, domestic, overseas, sizeKrw: spentKrw }, context);
    const pair = words.pairName(venueName(domestic, words), venueName(overseas, words));
    setText(this.#pair, isOurs ? pair : `${pair} · ${words.openByHand}`);
    setAttribute(
      this.#what,
      "title",
      line.openedAtMs === null ? "" : words.openSince(dayTimeKst(line.openedAtMs)),
    );
    setText(this.#size, sizeText(spentKrw, language) + (entries > 1 ? ` (${entries})` : ""));
    setAttribute(this.#size, "title", words.qty(qtyCoin, coin));
    setText(this.#entry, rateOr(line.entryRate));
    setText(this.#now, rateOr(line.exitRateNow));
    setText(this.#targetRate, rateOr(line.exitTargetRate));
    setHidden(this.#way, way === null);
    if (this.#way.value !== (way ?? 0)) this.#way.value = way ?? 0;
    setAttribute(this.#way, "aria-label", words.toTarget);
    setAttribute(this.#way, "title", words.toTarget);
    setText(this.#profit, profitNowKrw === null ? DASH : gainText(profitNowKrw));
    setAttribute(this.#profit, "class", `number profit ${toneOf(profitNowKrw)}`);
    setText(this.#close, closeAsked ? words.closing : words.close);
    setAttribute(this.#close, "aria-label", `${coin} ${closeAsked ? words.closing : words.close}`);
    this.#close.disabled = closeAsked;
    setHidden(this.#close, !isOurs);
  }
}

/** KRW per USDT with two decimals, or the dash. */
export const rateOr = (rate: string | null) => (rate === null ? DASH : fixed2(Number(rate)));
