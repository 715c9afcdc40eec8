// The chart of one coin on one pair in a dialog: rates of the past, the reference price, and the entries and exits the page
// knows of. Asked for when it is opened and every half minute while it is seen; what cannot be had is said in words.

import UPlot from "uplot";
import { PAIRS } from "../../schema/vocabulary.ts";
import { appendElement, byId, setAttribute, setHidden, setText } from "../../src/web/dom.ts";
import { amountText, fixed2, type Language } from "../../src/web/format.ts";
import { colorOf } from "./chart-color.ts";
import {
  CHART_RANGE_NAMES,
  CHART_RANGES,
  type ChartColumns,
  type ChartMark,
  type ChartRange,
  type CoinHistory,
  chartColumns,
  markPlace,
  type PairHistory,
  RECORDED_SIZES_KRW,
  recordedSizeOf,
  spanAfter,
  type TimeSpan,
  wholeSpan,
} from "./chart-data.ts";
import type { Words } from "./words.ts";

export interface ChartContext {
  readonly words: Words;
  readonly language: Language;
  /** The chosen order size. */
  readonly sizeKrw: number;
  readonly nowMs: number;
  /** What was done with the coin on the pair since an instant; undefined: not to be had now. Never rejects. */
  readonly marks: (subject: ChartSubject, fromMs: number) => Promise<readonly ChartMark[] | undefined>;
}

export interface ChartSubject {
  readonly coin: string;
  readonly pairIndex: number;
}

const TIMEOUT_MS = 8_000;
const AGAIN_MS = 30_000;
const HOUR_MS = 3_600_000;
const HEIGHT_RATIO = 0.52;
const HEIGHT_PX_MIN = 240;
const MARK_PX = 6;

export class ChartView {
  readonly #dialog = byId("chart", HTMLDialogElement);
  readonly #title = byId("chart-title", HTMLHeadingElement);
  readonly #plotBox = byId("chart-plot", HTMLElement);
  readonly #note = byId("chart-note", HTMLParagraphElement);
  readonly #ranges: { readonly button: HTMLButtonElement; readonly range: ChartRange }[] = [];
  readonly #context: () => ChartContext;
  #subject: ChartSubject | undefined;
  #range: ChartRange = "1d";
  #columns: ChartColumns | undefined;
  #marks: readonly ChartMark[] = [];
  #plot: UPlot | undefined;
  /** All there is to show; undefined: what the reader has chosen out of it no longer holds. */
  #whole: TimeSpan | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Answers of an earlier question are passed over. */
  #asked = 0;

  /** `context` is asked at every drawing. */
  constructor(context: () => ChartContext) {
    this.#context = context;
    const group = byId("chart-ranges", HTMLFieldSetElement);
    for (const range of CHART_RANGE_NAMES) {
      const button = appendElement(group, "button");
      button.type = "button";
      button.addEventListener("click", () => {
        this.#range = range;
        this.#whole = undefined;
        void this.#ask();
      });
      this.#ranges.push({ button, range });
    }
    byId("chart-close", HTMLButtonElement).addEventListener("click", () => this.#dialog.close());
    this.#dialog.addEventListener("click", (event) => {
      if (event.target === this.#dialog) this.#dialog.close();
    });
    this.#dialog.addEventListener("close", () => this.#forget());
    new ResizeObserver(() => this.#fit()).observe(this.#plotBox);
    document.addEventListener("visibilitychange", () => {
      if (this.#subject && document.visibilityState === "visible") void this.#ask();
    });
  }

  open(subject: ChartSubject): void {
    this.#subject = subject;
    this.#columns = undefined;
    this.#marks = [];
    this.#dialog.showModal();
    void this.#ask();
  }

  /** In the words and colours of now; nothing while it is closed. */
  render(): void {
    if (!this.#subject) return;
    this.#plot?.destroy();
    this.#plot = undefined;
    this.#draw();
  }

  #forget(): void {
    this.#asked++;
    clearTimeout(this.#timer);
    this.#subject = undefined;
    this.#plot?.destroy();
    this.#plot = undefined;
  }

  async #ask(): Promise<void> {
    const subject = this.#subject;
    if (!subject) return;
    const asked = ++this.#asked;
    clearTimeout(this.#timer);
    this.#head();
    const { words, language, sizeKrw, nowMs, marks } = this.#context();
    const size = recordedSizeOf(sizeKrw);
    if (!this.#columns) this.#say(words.chartLoading);
    const fromMs = nowMs - CHART_RANGES[this.#range] * HOUR_MS;
    const query = {
      pair: PAIRS[subject.pairIndex]!.key,
      from: `${Math.floor(fromMs)}`,
      to: `${Math.floor(nowMs)}`,
    };
    const [coin, pair, done] = await Promise.all([
      fetchHistory<CoinHistory>({ ...query, coin: subject.coin, size }),
      fetchHistory<PairHistory>(query),
      marks(subject, fromMs),
    ]);
    if (asked !== this.#asked) return;
    if (done) this.#marks = done;
    if (coin) this.#columns = chartColumns(coin, pair);
    if (coin && this.#columns![0].length === 0) this.#say(words.chartEmpty);
    else if (coin) this.#say(words.chartNote(words.amount(amountText(RECORDED_SIZES_KRW[size], language))));
    else this.#say(words.chartFailed);
    this.#draw();
    this.#timer = setTimeout(() => void this.#ask(), AGAIN_MS);
  }

  #say(text: string): void {
    setText(this.#note, text);
  }

  #head(): void {
    const { words } = this.#context();
    const { coin, pairIndex } = this.#subject!;
    const pair = PAIRS[pairIndex]!;
    setText(
      this.#title,
      `${coin} · ${words.pairName(words.venues[pair.domestic], words.venues[pair.overseas])}`,
    );
    for (const { button, range } of this.#ranges) {
      setText(button, words.chartRanges[range]);
      setAttribute(button, "aria-pressed", String(range === this.#range));
    }
  }

  #draw(): void {
    this.#head();
    const columns = this.#columns;
    setHidden(this.#plotBox, !columns || columns[0].length === 0);
    if (!columns || columns[0].length === 0) return;
    const whole = wholeSpan(columns);
    let span = whole;
    if (this.#plot) {
      const { min, max } = this.#plot.scales.x!;
      span = spanAfter({ min: min!, max: max! }, this.#whole, whole);
      this.#plot.setData(columns, false);
    } else this.#plot = new UPlot(this.#options(), columns, this.#plotBox);
    this.#whole = whole;
    this.#plot.setScale("x", span);
    setAttribute(this.#plotBox, "aria-label", this.#inWords(columns));
    setAttribute(this.#plotBox, "role", "img");
  }

  #showAll(plot: UPlot): null {
    if (this.#whole) plot.setScale("x", this.#whole);
    return null;
  }

  #inWords(columns: ChartColumns): string {
    const { words } = this.#context();
    const [, entry, exit] = columns;
    const seen = this.#marks.filter((mark) => markPlace(mark, columns));
    const entries = seen.filter(({ kind }) => kind === "entry").length;
    const marked = seen.length > 0 ? `. ${words.chartMarks(entries, seen.length - entries)}` : "";
    const last = (values: readonly (number | null)[]) =>
      fixed2(values.findLast((value) => value !== null) ?? Number.NaN);
    return `${words.entryRate} ${last(entry)}, ${words.exitRate} ${last(exit)}${marked}`;
  }

  #size(): { width: number; height: number } {
    const width = Math.max(260, Math.floor(this.#plotBox.clientWidth));
    return { width, height: Math.max(HEIGHT_PX_MIN, Math.round(width * HEIGHT_RATIO)) };
  }

  #fit(): void {
    const { width, height } = this.#size();
    if (this.#plot && this.#plot.width !== width) this.#plot.setSize({ width, height });
  }

  #options(): UPlot.Options {
    const { words } = this.#context();
    const color = (name: string) => colorOf(this.#plotBox, name);
    const [ink, line] = [color("--muted"), color("--line")];
    const axis = {
      stroke: ink,
      grid: { stroke: line, width: 1 },
      ticks: { stroke: line, width: 1 },
      font: `12px ${getComputedStyle(this.#plotBox).fontFamily}`,
    };
    // One minute alone makes no line.
    const points = { show: ({ data }: UPlot) => data[0].length === 1 };
    const value = (_: UPlot, rate: number | null) => fixed2(rate ?? Number.NaN);
    return {
      ...this.#size(),
      tzDate: (atS) => UPlot.tzDate(new Date(atS * 1_000), "Asia/Seoul"),
      cursor: {
        drag: { x: true, y: false },
        bind: { dblclick: (plot) => () => this.#showAll(plot) },
      },
      scales: { x: { time: true }, y: { range: (_, low, high) => this.#rangeOf(low, high) } },
      axes: [
        { ...axis, values: TIME_TEXTS },
        { ...axis, size: 76, values: (_, rates) => rates.map((rate) => fixed2(rate).replace(/\.00$/, "")) },
      ],
      series: [
        { label: words.kst, value: "{YYYY}-{MM}-{DD} {HH}:{mm}" },
        {
          label: words.entryRate,
          stroke: color("--chart-entry"),
          width: 1.5,
          value,
          points,
        },
        { label: words.exitRate, stroke: color("--chart-exit"), width: 1.5, value, points },
        { label: words.reference, stroke: ink, width: 1, dash: [5, 4], value, points },
      ],
      hooks: { draw: [(plot) => this.#drawMarks(plot)] },
    };
  }

  /** Of the lines and of the marks, which stand at rates of their own. */
  #rangeOf(low: number | null, high: number | null): UPlot.Range.MinMax {
    const places = this.#marks.map((mark) => this.#columns && markPlace(mark, this.#columns));
    const rates = [low, high, ...places.map((place) => place?.rate)].filter(
      (rate) => rate !== null && rate !== undefined,
    );
    if (rates.length === 0) return [null, null];
    return UPlot.rangeNum(Math.min(...rates), Math.max(...rates), 0.1, true);
  }

  /** Entries as triangles that point up, exits as ones that point down. */
  #drawMarks(plot: UPlot): void {
    const columns = this.#columns;
    if (!columns) return;
    const { ctx } = plot;
    const px = MARK_PX * devicePixelRatio;
    for (const mark of this.#marks) {
      const place = markPlace(mark, columns);
      if (!place) continue;
      const x = plot.valToPos(place.atS, "x", true);
      const y = plot.valToPos(place.rate, "y", true);
      const up = mark.kind === "entry" ? 1 : -1;
      ctx.fillStyle = colorOf(this.#plotBox, mark.kind === "entry" ? "--chart-entry" : "--chart-exit");
      ctx.beginPath();
      ctx.moveTo(x, y);
      ctx.lineTo(x - px, y + up * 2 * px);
      ctx.lineTo(x + px, y + up * 2 * px);
      ctx.closePath();
      ctx.fill();
    }
  }
}

/** From the coarsest on: what the axis says for each step, and what stands below where that changes. */
const TIME_TEXTS: UPlot.Axis.Values = [
  [86_400, "{MM}-{DD}", null, null, null, null, null, null, 1],
  [3_600, "{HH}:{mm}", "\n{MM}-{DD}", null, "\n{MM}-{DD}", null, null, null, 1],
  [60, "{HH}:{mm}", "\n{MM}-{DD}", null, "\n{MM}-{DD}", null, null, null, 1],
];

/** Undefined when the server gave no usable answer. Never throws. */
async function fetchHistory<H extends CoinHistory | PairHistory>(
  query: Readonly<Record<string, string>>,
): Promise<H | undefined> {
  try {
    const url = new URL("api/rates/history", document.baseURI);
    url.search = new URLSearchParams(query).toString();
    const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (!response.ok) return undefined;
    const history = (await response.json()) as H;
    return Array.isArray(history?.atMs) ? history : undefined;
  } catch {
    return undefined;
  }
}
