// The market at a glance: how the premiums of all coins are spread, entries up and exits down from one axis with the
// reference price at 0, and the coins with the widest spreads. A frame writes two paths and a few texts, no more.

import { PAIRS } from "../../schema/vocabulary.ts";
import { appendElement, byId, setAttribute, setHidden, setText } from "../../src/web/dom.ts";
import { pctText, rateText } from "../../src/web/format.ts";
import {
  axisEndBps,
  type Distribution,
  distributionOf,
  type PremiumAxis,
  type Spread,
  widestSpreads,
} from "./glance.ts";
import type { Line } from "./model.ts";
import { signClass } from "./table-view.ts";
import type { Words } from "./words.ts";

export type Side = "entry" | "exit";

export interface GlanceListener {
  /** A coin was chosen among the spreads. */
  onCoin(row: Line["row"]): void;
  /** A bar was chosen: rates of that side in these hundredths of a percent over the reference, the end left out. */
  onBar(side: Side, fromBps: number, toBps: number): void;
}

const SPREADS_SHOWN = 5;
const LABEL_STEPS_BPS = [10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000];
const LABELS_MAX = 9;
/** The highest bar reaches this far of 100; heights are rounded up to whole steps so that bars do not breathe. */
const HEIGHT_MAX = 94;
const COUNT_STEP = 10;

interface SpreadRow {
  readonly item: HTMLLIElement;
  readonly button: HTMLButtonElement;
  readonly coin: HTMLElement;
  readonly entry: HTMLElement;
  readonly exit: HTMLElement;
  readonly pct: HTMLElement;
}

export class GlanceView {
  readonly #root = byId("glance", HTMLElement);
  readonly #plot = byId("distribution", HTMLElement);
  readonly #svg = this.#plot.querySelector("svg")!;
  readonly #entryBars = this.#plot.querySelector(".bars-entry")!;
  readonly #exitBars = this.#plot.querySelector(".bars-exit")!;
  readonly #zero = this.#plot.querySelector(".zero")!;
  readonly #labels = byId("distribution-axis", HTMLElement);
  readonly #note = byId("distribution-note", HTMLElement);
  readonly #rows: readonly SpreadRow[];
  #distribution: Distribution | undefined;
  #spreads: readonly Spread[] = [];
  #words: Words | undefined;
  /** Where the pointer is on the plot. */
  #pointed: { readonly bin: number; readonly side: Side } | undefined;

  constructor(listener: GlanceListener) {
    const list = byId("spreads", HTMLOListElement);
    this.#rows = Array.from({ length: SPREADS_SHOWN }, (_, index) => {
      const row = createRow(list);
      row.button.addEventListener("click", () => {
        const spread = this.#spreads[index];
        if (spread) listener.onCoin(spread.entry.row);
      });
      return row;
    });
    this.#svg.addEventListener("pointermove", (event) => this.#point(event));
    this.#svg.addEventListener("pointerleave", () => this.#point(undefined));
    this.#svg.addEventListener("click", (event) => {
      this.#point(event);
      const axis = this.#distribution?.axis;
      if (!axis || !this.#pointed) return;
      const fromBps = axis.fromBps + this.#pointed.bin * axis.binBps;
      listener.onBar(this.#pointed.side, fromBps, fromBps + axis.binBps);
    });
  }

  render(lines: readonly Line[], referenceKrw: number | undefined, words: Words): void {
    const axisBefore = this.#distribution?.axis;
    const distribution = distributionOf(lines, referenceKrw, axisBefore);
    this.#distribution = distribution;
    setHidden(this.#root, distribution === undefined);
    if (distribution) {
      if (distribution.axis !== axisBefore) this.#drawAxis(distribution.axis);
      const countMax = Math.max(...distribution.entries, ...distribution.exits);
      const unit = HEIGHT_MAX / (Math.ceil(countMax / COUNT_STEP) * COUNT_STEP);
      setAttribute(this.#entryBars, "d", barsPath(distribution.entries, -unit));
      setAttribute(this.#exitBars, "d", barsPath(distribution.exits, unit));
    }
    this.#words = words;
    this.#sayPointed();
    this.#spreads = widestSpreads(lines, SPREADS_SHOWN);
    for (const [index, row] of this.#rows.entries()) fillRow(row, this.#spreads[index], words);
  }

  #drawAxis(axis: PremiumAxis): void {
    setAttribute(this.#svg, "viewBox", `0 -100 ${axis.binCount} 200`);
    setAttribute(this.#zero, "d", `M${-axis.fromBps / axis.binBps} -100V100`);
    this.#labels.replaceChildren();
    const length = axisEndBps(axis) - axis.fromBps;
    const step = LABEL_STEPS_BPS.find((one) => length / one <= LABELS_MAX) ?? length;
    for (let bps = Math.ceil(axis.fromBps / step) * step; bps <= axisEndBps(axis); bps += step) {
      const label = appendElement(this.#labels, "span", bps === 0 ? "zero-label" : "");
      // Half of what it is wide, so that one at an end of the axis stays over it.
      label.style.left = `clamp(1.2em, ${((bps - axis.fromBps) / length) * 100}%, 100% - 1.2em)`;
      label.textContent = pctText(bps / 100).replace(/\.?0+%$/, "%");
    }
  }

  #point(event: MouseEvent | undefined): void {
    const axis = this.#distribution?.axis;
    if (event && axis) {
      const { left, top, width, height } = this.#svg.getBoundingClientRect();
      const bin = Math.floor(((event.clientX - left) / width) * axis.binCount);
      const side = event.clientY < top + height / 2 ? "entry" : "exit";
      this.#pointed = { bin: Math.max(0, Math.min(axis.binCount - 1, bin)), side };
    } else {
      this.#pointed = undefined;
    }
    this.#sayPointed();
  }

  /** What stands at the pointer, in words. */
  #sayPointed(): void {
    const distribution = this.#distribution;
    let note = "";
    if (distribution && this.#pointed && this.#words) {
      const { axis, entries, exits } = distribution;
      const { bin } = this.#pointed;
      const fromBps = axis.fromBps + bin * axis.binBps;
      const range = `${pctText(fromBps / 100)} ~ ${pctText((fromBps + axis.binBps) / 100)}`;
      note = this.#words.distributionNote(range, String(entries[bin] ?? 0), String(exits[bin] ?? 0));
    }
    setText(this.#note, note);
  }
}

/** Bars on the axis, one unit wide; `unit` is the height of one line, negative upwards. */
function barsPath(counts: readonly number[], unit: number): string {
  let path = "";
  for (const [bin, count] of counts.entries()) {
    if (count > 0) path += `M${bin}.1 0v${(count * unit).toFixed(1)}h.8V0z`;
  }
  return path;
}

function createRow(list: HTMLOListElement): SpreadRow {
  const item = appendElement(list, "li");
  const button = appendElement(item, "button");
  button.type = "button";
  const coin = appendElement(button, "b");
  const entry = appendElement(button, "span", "from");
  const exit = appendElement(button, "span", "to");
  return { item, button, coin, entry, exit, pct: appendElement(button, "em") };
}

function fillRow(row: SpreadRow, spread: Spread | undefined, words: Words): void {
  setHidden(row.item, spread === undefined);
  if (!spread) return;
  const { entry, exit, pct } = spread;
  setText(row.coin, entry.row.coin);
  setText(row.entry, `${pairText(entry, words)} ${rateText(entry.entryJeon)}`);
  setText(row.exit, `${pairText(exit, words)} ${rateText(exit.exitJeon)}`);
  const rounded = Math.round(pct * 100) / 100;
  setText(row.pct, pctText(rounded));
  setAttribute(row.pct, "class", signClass(rounded));
}

function pairText({ row }: Line, words: Words): string {
  const { domestic, overseas } = PAIRS[row.pairIndex]!;
  return words.pairName(words.venues[domestic], words.venues[overseas]);
}
