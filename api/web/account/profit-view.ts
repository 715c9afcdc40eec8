// What trading brought: in figures, over time, by coin, and trade by trade.

import { appendElement, byId, setAttribute, setHidden, setText } from "../../../src/web/dom.ts";
import { dayTimeKst, gainMoneyText, gainText, pctText, sizeText } from "../../../src/web/format.ts";
import { KeyedList } from "../../../src/web/keyed-list.ts";
import { type Part, unreadText, type ViewContext } from "./context.ts";
import { HISTORY_ROWS } from "./data.ts";
import { FigureRow, toneOf } from "./figures.ts";
import { rateOr } from "./open-table.ts";
import { ProfitChart } from "./profit-chart.ts";
import {
  PROFIT_RANGES_DAYS,
  type ProfitColumns,
  type ProfitRangeDays,
  profitColumns,
} from "./profit-data.ts";
import { TickerButton } from "./ticker-button.ts";
import { venueName } from "./words.ts";

type Row = Part<"history">["rows"][number];
type CoinRow = Part<"statistics">["byCoin"][number];

export interface ProfitChoice {
  readonly rangeDays: ProfitRangeDays;
  readonly historyPage: number;
}

export class ProfitView {
  readonly #context: () => ViewContext;
  readonly #choice: () => ProfitChoice;
  readonly #figures = new FigureRow(byId("profit-figures", HTMLElement));
  readonly #chart = new ProfitChart(byId("profit-plot", HTMLElement));
  readonly #chartNone = byId("profit-none", HTMLParagraphElement);
  readonly #ranges: { readonly button: HTMLButtonElement; readonly days: ProfitRangeDays }[] = [];
  readonly #coins = new KeyedList<CoinRow, CoinLine>(byId("by-coin", HTMLUListElement), {
    keyOf: ({ coin }) => coin,
    create: () => new CoinLine(),
  });
  readonly #rows = new KeyedList<Row, HistoryRow>(byId("history-rows", HTMLTableSectionElement), {
    keyOf: ({ id }) => id,
    create: () => new HistoryRow(),
  });
  readonly #newer = byId("history-newer", HTMLButtonElement);
  readonly #older = byId("history-older", HTMLButtonElement);
  #drawn: { readonly days: Part<"daily">["days"]; readonly columns: ProfitColumns } | undefined;

  constructor(
    context: () => ViewContext,
    choice: () => ProfitChoice,
    onChoice: (choice: Partial<ProfitChoice>) => void,
  ) {
    this.#context = context;
    this.#choice = choice;
    const group = byId("profit-ranges", HTMLFieldSetElement);
    for (const days of PROFIT_RANGES_DAYS) {
      const button = appendElement(group, "button");
      button.type = "button";
      button.addEventListener("click", () => onChoice({ rangeDays: days }));
      this.#ranges.push({ button, days });
    }
    const turn = (pages: number) => onChoice({ historyPage: choice().historyPage + pages });
    this.#newer.addEventListener("click", () => turn(-1));
    this.#older.addEventListener("click", () => turn(1));
  }

  render(): void {
    const context = this.#context();
    this.#renderFigures(context);
    this.#renderChart(context);
    const byCoin = context.data.get("statistics")?.byCoin ?? [];
    setHidden(byId("by-coin-panel", HTMLElement), byCoin.length === 0);
    this.#coins.render(byCoin, (line, row) => line.render(row, context));
    this.#renderHistory(context);
  }

  #renderFigures({ words, language, data }: ViewContext): void {
    const found = data.get("statistics");
    const gain = (krw: string | null | undefined) =>
      krw === null || krw === undefined ? "—" : words.krw(gainMoneyText(krw, language));
    const pct = (text: string | null | undefined) => pctText(Number(text ?? Number.NaN));
    this.#figures.render([
      { name: words.profitAll, text: gain(found?.profitKrw), tone: toneOf(found?.profitKrw ?? null) },
      {
        name: words.profitToday,
        text: gain(found?.profitTodayKrw),
        tone: toneOf(found?.profitTodayKrw ?? null),
      },
      {
        name: words.winRate,
        text: pct(found?.winRatePct).replace("+", ""),
        sub: found ? words.wins(found.wins, found.losses) : "",
      },
      { name: words.meanRate, text: pct(found?.meanProfitRatePct) },
      { name: words.bestWorst, text: gain(found?.bestProfitKrw), sub: gain(found?.worstProfitKrw) },
    ]);
  }

  #renderChart(context: ViewContext): void {
    const { words, language, data } = context;
    for (const { button, days } of this.#ranges) {
      setText(button, words.profitRanges[days]!);
      setAttribute(button, "aria-pressed", String(days === this.#choice().rangeDays));
    }
    const days = data.get("daily")?.days;
    const unread = unreadText(context, "daily");
    const isEmpty = !days?.some(({ closed }) => closed > 0);
    setHidden(byId("profit-plot", HTMLElement), isEmpty);
    setHidden(this.#chartNone, !(isEmpty && days) && unread === undefined);
    setText(this.#chartNone, unread ?? words.noProfit);
    if (isEmpty || !days) return;
    if (this.#drawn?.days !== days) this.#drawn = { days, columns: profitColumns(days) };
    this.#chart.render(this.#drawn.columns, words, language);
  }

  #renderHistory(context: ViewContext): void {
    const { words, data } = context;
    const history = data.get("history");
    const unread = unreadText(context, "history");
    const none = byId("history-none", HTMLParagraphElement);
    setHidden(none, history?.total !== 0 && unread === undefined);
    setText(none, unread ?? words.noHistory);
    this.#rows.render(history?.rows ?? [], (row, one) => row.render(one, context));
    const { page = 1, total = 0, rows = [] } = history ?? {};
    const before = (page - 1) * HISTORY_ROWS;
    setText(
      byId("history-place", HTMLElement),
      total === 0 ? "" : words.historyPlace(before + 1, before + rows.length, total),
    );
    this.#newer.disabled = page <= 1;
    this.#older.disabled = before + rows.length >= total;
    setHidden(this.#newer.parentElement!, total <= HISTORY_ROWS);
  }
}

class CoinLine {
  readonly root = document.createElement("li");
  readonly #coin = appendElement(this.root, "span", "ticker");
  readonly #count = appendElement(this.root, "small");
  readonly #profit = appendElement(this.root, "b");

  render({ coin, closed, wins, profitKrw }: CoinRow, { words, language }: ViewContext): void {
    setText(this.#coin, coin);
    setText(this.#count, words.closedCount(closed, wins));
    setText(this.#profit, gainMoneyText(profitKrw, language));
    setAttribute(this.#profit, "class", toneOf(profitKrw));
  }
}

class HistoryRow {
  readonly root = document.createElement("tr");
  readonly #what = appendElement(this.root, "th", "what");
  readonly #coin = new TickerButton(this.#what);
  readonly #pair = appendElement(this.#what, "small");
  readonly #time = appendElement(this.root, "td", "time");
  readonly #status = appendElement(this.root, "td", "status");
  readonly #size = appendElement(this.root, "td", "number size");
  readonly #entry = appendElement(this.root, "td", "number entry");
  readonly #exit = appendElement(this.root, "td", "number exit");
  readonly #profit = appendElement(this.root, "td", "number profit");
  readonly #krw = appendElement(this.#profit, "b");
  readonly #pct = appendElement(this.#profit, "small");

  render(row: Row, context: ViewContext): void {
    const { words, language } = context;
    const { status, coin, krExchange, frExchange, krFundsKrw, krVolumeCoin, profitKrw, profitRatePct } = row;
    const isClose = status === "CLOSED";
    const atMs = isClose ? (row.exitAtMs ?? row.entryAtMs) : row.entryAtMs;
    this.#what.scope = "row";
    this.#coin.render({ coin, domestic: krExchange, overseas: frExchange, sizeKrw: krFundsKrw }, context);
    setText(this.#pair, words.pairName(venueName(krExchange, words), venueName(frExchange, words)));
    setText(this.#time, atMs === null ? "—" : dayTimeKst(atMs));
    setText(this.#status, isClose ? words.exited : words.entered);
    setAttribute(this.root, "data-status", status);
    setText(this.#size, sizeText(krFundsKrw, language));
    setAttribute(this.#size, "title", words.qty(krVolumeCoin, coin));
    setText(this.#entry, rateOr(row.entryRate));
    setText(this.#exit, isClose ? rateOr(row.exitRate) : "");
    setText(this.#krw, profitKrw === null ? "" : gainText(profitKrw));
    setText(this.#pct, profitRatePct === null ? "" : pctText(Number(profitRatePct)));
    setAttribute(this.#profit, "class", `number profit ${toneOf(profitKrw)}`);
  }
}
