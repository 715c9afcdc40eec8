// The table of rates: only the rows in sight exist (a pool of <tr> between two spacer rows), and of those only what
// differs is written. The page itself scrolls. At 524 lines a second this keeps the main thread nearly idle.
// A flash is two plain repaints, not an animation: animating colours costs a repaint on every frame.

import { PAIRS } from "../../schema/vocabulary.ts";
import { appendElement, appendText, setAttribute, setData } from "../../src/web/dom.ts";
import {
  DASH,
  type Language,
  lengthText,
  pctText,
  premiumPct,
  rateText,
  slippagePct,
} from "../../src/web/format.ts";
import type { Line } from "./model.ts";
import type { Words } from "./words.ts";

export interface TableListener {
  /** A coin on a pair was chosen. */
  onChoose(row: Line["row"]): void;
}

export interface TableContext {
  readonly words: Words;
  readonly language: Language;
  readonly referenceKrw: number | undefined;
}

const OVERSCAN_ROWS = 6;
const FLASH_MS = 320;
const FADE_MS = 420;

/** One rate with what stands beside or below it. */
interface RateCell {
  readonly cell: HTMLTableCellElement;
  readonly rate: Text;
  /** Slippage or age where there is no room for their columns. */
  readonly small: Text;
  readonly note: HTMLElement;
  readonly noteText: Text;
}

interface Slot {
  readonly tr: HTMLTableRowElement;
  readonly coinButton: HTMLButtonElement;
  readonly coin: Text;
  readonly pairSmall: Text;
  readonly pair: Text;
  readonly entry: RateCell;
  readonly exit: RateCell;
  readonly slippage: Text;
  readonly age: Text;
  key: string;
}

export class TableView {
  readonly #table: HTMLTableElement;
  readonly #body: HTMLTableSectionElement;
  readonly #above: HTMLTableRowElement;
  readonly #below: HTMLTableRowElement;
  readonly #slots: Slot[] = [];
  readonly #calm = matchMedia("(prefers-reduced-motion: reduce)");
  #rowHeightPx = 0;
  /** Which line the first row shows. */
  #first = 0;
  #lines: readonly Line[] = [];
  #context: TableContext | undefined;
  #flashed: HTMLElement[] = [];
  #flashTimer: ReturnType<typeof setTimeout> | undefined;
  #scrollQueued = false;

  constructor(table: HTMLTableElement, body: HTMLTableSectionElement, listener: TableListener) {
    this.#table = table;
    this.#body = body;
    this.#above = spacer();
    this.#below = spacer();
    body.append(this.#above, this.#below);
    body.addEventListener("click", ({ target }) => {
      const key = (target as Element).closest("button.ticker")?.closest("tr")?.dataset.key;
      const line = this.#lines.find((one) => one.key === key);
      if (line) listener.onChoose(line.row);
    });
    const queue = () => {
      if (this.#scrollQueued) return;
      this.#scrollQueued = true;
      requestAnimationFrame(() => {
        this.#scrollQueued = false;
        this.#paint(false);
      });
    };
    document.addEventListener("scroll", queue, { passive: true });
    window.addEventListener("resize", () => {
      this.#rowHeightPx = 0;
      queue();
    });
  }

  /** Shows these lines in this order; what moved since the model last settled flashes where it is in sight. */
  render(lines: readonly Line[], context: TableContext): void {
    this.#lines = lines;
    this.#context = context;
    this.#paint(true);
  }

  /** Scrolls to the first line that fits, under the heads; to the last where none does. */
  reveal(fits: (line: Line) => boolean): void {
    const found = this.#lines.findIndex(fits);
    const index = found < 0 ? this.#lines.length - 1 : found;
    const headPx =
      this.#table.tHead!.offsetHeight + Number.parseFloat(getComputedStyle(this.#table).scrollMarginTop);
    scrollBy({ top: this.#body.getBoundingClientRect().top + index * this.#measureRow() - headPx });
  }

  #paint(withFlashes: boolean): void {
    const context = this.#context;
    if (!context) return;
    const rowHeightPx = this.#measureRow();
    const bodyTopPx = this.#body.getBoundingClientRect().top;
    const inSight = Math.ceil(innerHeight / rowHeightPx) + 2 * OVERSCAN_ROWS;
    const count = Math.min(inSight, this.#lines.length);
    const wanted = Math.floor(-bodyTopPx / rowHeightPx) - OVERSCAN_ROWS;
    const first = Math.max(0, Math.min(wanted, this.#lines.length - count));
    this.#resize(count);
    this.#turn(first - this.#first);
    this.#first = first;
    setHeight(this.#above, first * rowHeightPx);
    setHeight(this.#below, (this.#lines.length - first - count) * rowHeightPx);
    setAttribute(this.#table, "aria-rowcount", String(this.#lines.length + 1));
    const flashes: { element: HTMLElement; move: number }[] = [];
    for (let position = 0; position < count; position++) {
      const slot = this.#slots[position]!;
      const line = this.#lines[first + position]!;
      setAttribute(slot.tr, "aria-rowindex", String(first + position + 2));
      fill(slot, line, context);
      if (!withFlashes || this.#calm.matches) continue;
      if (line.entryMove !== 0) flashes.push({ element: slot.entry.cell, move: line.entryMove });
      if (line.exitMove !== 0) flashes.push({ element: slot.exit.cell, move: line.exitMove });
    }
    if (withFlashes) this.#flash(flashes);
    else this.#endFlash();
  }

  #measureRow(): number {
    if (this.#rowHeightPx > 0) return this.#rowHeightPx;
    const text = getComputedStyle(this.#table).getPropertyValue("--row-height");
    return (this.#rowHeightPx = Number.parseFloat(text) || 44);
  }

  #resize(count: number): void {
    while (this.#slots.length > count) this.#slots.pop()!.tr.remove();
    while (this.#slots.length < count) {
      const slot = createSlot();
      this.#slots.push(slot);
      this.#below.before(slot.tr);
    }
  }

  /** Rows that scroll out on one side come back on the other, so that the others, and the focus, keep their lines. */
  #turn(by: number): void {
    if (Math.abs(by) >= this.#slots.length) return;
    for (let left = by; left > 0; left--) {
      const slot = this.#slots.shift()!;
      this.#below.before(slot.tr);
      this.#slots.push(slot);
    }
    for (let left = by; left < 0; left++) {
      const slot = this.#slots.pop()!;
      this.#above.after(slot.tr);
      this.#slots.unshift(slot);
    }
  }

  #flash(flashes: readonly { element: HTMLElement; move: number }[]): void {
    this.#endFlash();
    if (flashes.length === 0) return;
    for (const { element, move } of flashes) element.dataset.flash = move > 0 ? "up" : "down";
    this.#flashed = flashes.map(({ element }) => element);
    this.#flashTimer = setTimeout(() => {
      for (const element of this.#flashed) element.dataset.flash += "-fade";
      this.#flashTimer = setTimeout(() => this.#endFlash(), FADE_MS);
    }, FLASH_MS);
  }

  #endFlash(): void {
    clearTimeout(this.#flashTimer);
    for (const element of this.#flashed) delete element.dataset.flash;
    this.#flashed = [];
  }
}

function fill(slot: Slot, line: Line, { words, language, referenceKrw }: TableContext): void {
  const { row } = line;
  if (slot.key !== line.key) {
    slot.key = line.key;
    slot.tr.dataset.key = line.key;
    setData(slot.coin, row.coin);
    setAttribute(slot.coinButton, "title", words.chartOpen(row.coin));
  }
  const pair = PAIRS[row.pairIndex]!;
  const pairName = words.pairName(words.venues[pair.domestic], words.venues[pair.overseas]);
  setData(slot.pair, pairName);
  setData(slot.pairSmall, pairName);
  fillRate(slot.entry, line.entryJeon, line, words, referenceKrw);
  fillRate(slot.exit, line.exitJeon, line, words, referenceKrw);
  const slippage = slippagePct(line.entryJeon, line.exitJeon);
  const slippageText = Number.isNaN(slippage) ? DASH : pctText(slippage).replace("+", "");
  const isQuoted = row.reason === "none";
  const ageText = isQuoted ? lengthText(row.bookAgeMs, language) : DASH;
  setData(slot.slippage, slippageText);
  setData(slot.entry.small, isQuoted ? slippageText : "");
  setData(slot.age, ageText);
  setData(slot.exit.small, isQuoted ? ageText : "");
}

function fillRate(
  cell: RateCell,
  jeon: number,
  line: Line,
  words: Words,
  referenceKrw: number | undefined,
): void {
  setData(cell.rate, rateText(jeon));
  if (Number.isNaN(jeon)) {
    setData(cell.noteText, words.reasonTags[line.row.reason]);
    setAttribute(cell.note, "class", "reason");
    setAttribute(cell.cell, "title", words.reasons[line.row.reason]);
    return;
  }
  const pct = premiumPct(jeon, referenceKrw);
  setData(cell.noteText, pctText(pct));
  setAttribute(cell.note, "class", signClass(pct));
  if (cell.cell.hasAttribute("title")) cell.cell.removeAttribute("title");
}

/** The class that colours a premium: red above, blue below, plain at zero or unknown. */
export function signClass(pct: number): string {
  return pct > 0 ? "pct up" : pct < 0 ? "pct down" : "pct";
}

function createSlot(): Slot {
  const tr = document.createElement("tr");
  const coinCell = document.createElement("th");
  coinCell.scope = "row";
  const coinButton = appendElement(coinCell, "button", "ticker");
  coinButton.type = "button";
  const coin = appendText(coinButton);
  const pairSmall = appendText(appendElement(coinCell, "small", "pair-small"));
  const pair = appendText(appendElement(tr, "td", "pair wide"));
  tr.prepend(coinCell);
  const entry = rateCell(tr, "slippage-small");
  const exit = rateCell(tr, "age-small");
  const slippage = appendText(appendElement(tr, "td", "number wide"));
  const age = appendText(appendElement(tr, "td", "number wide age"));
  return {
    ...{ tr, coinButton, coin, pairSmall, pair, entry, exit, slippage, age },
    key: "",
  };
}

function rateCell(tr: HTMLTableRowElement, smallClass: string): RateCell {
  const cell = appendElement(tr, "td", "number rate");
  const rate = appendText(appendElement(cell, "b"));
  const small = appendText(appendElement(cell, "small", smallClass));
  const note = appendElement(cell, "span", "pct");
  return { cell, rate, small, note, noteText: appendText(note) };
}

function spacer(): HTMLTableRowElement {
  const tr = document.createElement("tr");
  tr.className = "spacer";
  tr.setAttribute("aria-hidden", "true");
  return tr;
}

function setHeight(row: HTMLTableRowElement, heightPx: number): void {
  const height = `${heightPx}px`;
  if (row.style.height === height) return;
  row.style.height = height;
  row.hidden = heightPx === 0;
}
