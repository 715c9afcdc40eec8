// Profit over time: a bar for each day in the colour of its sign, and over them the line of what it sums up to, on an axis
// of its own at the right.

import UPlot from "uplot";
import { setAttribute } from "../../../src/web/dom.ts";
import { gainMoneyText, type Language } from "../../../src/web/format.ts";
import { colorOf } from "../chart-color.ts";
import type { ProfitColumns } from "./profit-data.ts";
import type { AccountWords } from "./words.ts";

const HEIGHT_RATIO = 0.34;
const HEIGHT_PX_MIN = 220;
const BAR_SHARE = 0.66;
const BAR_PX_MAX = 26;
const AXIS_PX = 78;
const DAY_S = 86_400;
/** Below this width the axis of the days' bars would leave too little room. */
const NARROW_PX = 520;

export class ProfitChart {
  readonly #box: HTMLElement;
  #plot: UPlot | undefined;
  #shown:
    | { readonly columns: ProfitColumns; readonly words: AccountWords; readonly language: Language }
    | undefined;
  #look = "";

  constructor(box: HTMLElement) {
    this.#box = box;
    new ResizeObserver(() => this.#fit()).observe(box);
  }

  render(columns: ProfitColumns, words: AccountWords, language: Language): void {
    const { theme, up } = document.documentElement.dataset;
    const look = `${language} ${theme} ${up} ${this.#isNarrow()}`;
    const isSame = this.#shown?.columns === columns && this.#look === look;
    if (isSame || this.#box.clientWidth === 0) return;
    this.#shown = { columns, words, language };
    // Colours and words are taken when a plot is made.
    if (this.#look !== look) this.#plot?.destroy();
    if (this.#plot && this.#look === look) this.#plot.setData(columns);
    else this.#plot = new UPlot(this.#options(), columns, this.#box);
    this.#look = look;
    this.#describe();
  }

  #describe(): void {
    const { columns, words, language } = this.#shown!;
    const day = (seconds: number | undefined) => new Date((seconds ?? 0) * 1_000).toISOString().slice(0, 10);
    const [days, , sums] = columns;
    const sum = gainMoneyText(String(sums.at(-1) ?? 0), language);
    setAttribute(this.#box, "role", "img");
    setAttribute(this.#box, "aria-label", words.profitChartLabel(day(days[0]), day(days.at(-1)), sum));
  }

  #isNarrow(): boolean {
    return this.#box.clientWidth < NARROW_PX;
  }

  #size(): { width: number; height: number } {
    const width = Math.max(260, Math.floor(this.#box.clientWidth));
    return { width, height: Math.max(HEIGHT_PX_MIN, Math.round(width * HEIGHT_RATIO)) };
  }

  #fit(): void {
    const shown = this.#shown;
    if (!this.#plot || !shown || this.#box.clientWidth === 0) return;
    const { width, height } = this.#size();
    if (this.#plot.width !== width) this.#plot.setSize({ width, height });
    this.render(shown.columns, shown.words, shown.language);
  }

  #options(): UPlot.Options {
    const { words, language } = this.#shown!;
    const color = (name: string) => colorOf(this.#box, name);
    const [up, down, ink, muted, line] = ["--up", "--down", "--ink", "--muted", "--line"].map(color);
    const font = `12px ${getComputedStyle(this.#box).fontFamily}`;
    const axis = { stroke: muted!, ticks: { stroke: line!, width: 1 }, font };
    const money = (_: UPlot, krw: number | null) =>
      krw === null ? "—" : gainMoneyText(krw.toFixed(2), language);
    const moneys = (_: UPlot, amounts: number[]) => amounts.map((krw) => axisText(krw, language));
    const shades = (plot: UPlot) => Array.from(plot.data[1]!, (krw) => ((krw ?? 0) < 0 ? down! : up!));
    return {
      ...this.#size(),
      tzDate: (atS) => UPlot.tzDate(new Date(atS * 1_000), "UTC"),
      cursor: { drag: { x: true, y: false } },
      scales: { x: { time: true, range: withMargins }, day: { range: withZero }, sum: { range: withZero } },
      axes: [
        { ...axis, grid: { show: false }, values: DAY_TEXTS },
        {
          ...{ ...axis, scale: "day", size: AXIS_PX, values: moneys, show: !this.#isNarrow() },
          grid: { stroke: line!, width: 1 },
        },
        { ...axis, scale: "sum", side: 1, size: AXIS_PX, values: moneys, grid: { show: false } },
      ],
      series: [
        { label: words.profitDay, value: "{YYYY}-{MM}-{DD}" },
        {
          ...{ label: words.profitOfDay, scale: "day", stroke: muted!, value: money },
          points: { show: false },
          paths: UPlot.paths.bars!({
            size: [BAR_SHARE, BAR_PX_MAX],
            disp: {
              fill: { unit: 3, values: shades },
              stroke: { unit: 3, values: shades },
            },
          }),
        },
        {
          label: words.profitSum,
          scale: "sum",
          stroke: ink!,
          width: 2,
          value: money,
          points: { show: false },
        },
      ],
    };
  }
}

/** Half a day at either end, for the first and the last bar; less than a day makes no range. */
function withMargins(_: UPlot, minS: number, maxS: number): [number, number] {
  return [minS - DAY_S / 2, maxS + DAY_S / 2];
}

/** Bars stand on zero, and so does the line. */
function withZero(_: UPlot, min: number, max: number): [number, number] {
  const [low, high] = [Math.min(0, min ?? 0), Math.max(0, max ?? 0)];
  const room = (high - low || 1) * 0.08;
  return [low < 0 ? low - room : 0, high > 0 ? high + room : low < 0 ? 0 : 1];
}

/** Whole 만 on the axis: there is no room for more. */
function axisText(krw: number, language: Language): string {
  if (krw === 0) return "0";
  if (language === "ko" && Math.abs(krw) >= 10_000 && Math.abs(krw) < 100_000_000) {
    const man = Math.round(krw / 1_000) / 10;
    return `${man < 0 ? "−" : ""}${Math.abs(man).toLocaleString("en-US")}만`;
  }
  return gainMoneyText(String(krw), language).replace("+", "");
}

/** From the coarsest on: what the axis says for each step, and what stands below where that changes. */
const DAY_TEXTS: UPlot.Axis.Values = [
  [28 * 86_400, "{YYYY}-{MM}", null, null, null, null, null, null, 1],
  [86_400, "{MM}-{DD}", null, null, null, null, null, null, 1],
];
