// What the page knows: one line per coin and pair, and the lists and figures made from them. Pure, no DOM.
// A line is replaced only by one of the same or a later tick, and leaves when it has not been reported for two whole
// ticks while others were: the scheduler reports every coin due on every tick, if only as nulls. A "delisted" row takes
// its line away at once.

import { PAIRS, SEED_COUNT } from "../../schema/vocabulary.ts";
import { type RateRow, type ReferencePrice, rowKey } from "../../src/domain/rate-table.ts";
import { premiumPct, slippagePct } from "../../src/web/format.ts";

export type SortKey = "coin" | "pair" | "entry" | "exit" | "slippage" | "age";
export interface Sort {
  readonly key: SortKey;
  readonly descending: boolean;
}

export interface Line {
  readonly key: string;
  row: RateRow;
  /** Rates at the chosen size, jeon per USDT or NaN. */
  entryJeon: number;
  exitJeon: number;
  /** +1 or -1 when the rate at the chosen size moved since settle(), else 0. */
  entryMove: number;
  exitMove: number;
}

export interface Choice {
  readonly pairs: ReadonlySet<number>;
  /** Part of a ticker; case does not matter. */
  readonly query: string;
  readonly sort: Sort;
}

export interface Overview {
  readonly coinCount: number;
  readonly rowCount: number;
  readonly quotedCount: number;
  /** NaN without a reference or without rates. */
  readonly entryMedianPct: number;
  readonly exitMedianPct: number;
  readonly bestEntry: Line | undefined;
  readonly bestExit: Line | undefined;
  /** NaN when no line is quoted. */
  readonly bookAgeMedianMs: number;
}

const TICKS_KEPT = 2;

export class PremiumModel {
  readonly #lines = new Map<string, Line>();
  #sizeIndex: number;
  /** The newest tick any merged row belonged to; 0 before the first. */
  tickAtMs = 0;
  reference: ReferencePrice | undefined;

  /** `sizeIndex` counts from 0: the position on the grid of sizes. */
  constructor(sizeIndex: number) {
    this.#sizeIndex = sizeIndex;
  }

  get sizeIndex(): number {
    return this.#sizeIndex;
  }

  /**
   * Takes rows, marks what moved, and forgets lines nobody reports any more. A frame may come without the reference
   * price; the last one then serves until it is two ticks old.
   */
  merge(rows: readonly RateRow[], reference: ReferencePrice | undefined, tickIntervalMs: number): void {
    const tickBefore = this.tickAtMs;
    for (const row of rows) this.#take(row);
    const oldestAtMs = this.tickAtMs - TICKS_KEPT * tickIntervalMs;
    if (this.tickAtMs > tickBefore) this.#forgetBefore(oldestAtMs);
    if (reference && !(this.reference && this.reference.atMs > reference.atMs)) this.reference = reference;
    if (this.reference && this.reference.atMs < oldestAtMs) this.reference = undefined;
  }

  /** Forgets which rates moved: they have been shown. */
  settle(): void {
    for (const line of this.#lines.values()) line.entryMove = line.exitMove = 0;
  }

  setSize(sizeIndex: number): void {
    this.#sizeIndex = sizeIndex;
    for (const line of this.#lines.values()) {
      line.entryJeon = line.row.ratesJeon[sizeIndex]!;
      line.exitJeon = line.row.ratesJeon[SEED_COUNT + sizeIndex]!;
      line.entryMove = line.exitMove = 0;
    }
  }

  #take(row: RateRow): void {
    const key = rowKey(row.coin, row.pairIndex);
    const line = this.#lines.get(key);
    const entryJeon = row.ratesJeon[this.#sizeIndex]!;
    const exitJeon = row.ratesJeon[SEED_COUNT + this.#sizeIndex]!;
    if (row.tickAtMs > this.tickAtMs) this.tickAtMs = row.tickAtMs;
    if (row.reason === "delisted") {
      if (line && line.row.tickAtMs <= row.tickAtMs) this.#lines.delete(key);
    } else if (line === undefined) {
      this.#lines.set(key, { key, row, entryJeon, exitJeon, entryMove: 0, exitMove: 0 });
    } else if (line.row.tickAtMs <= row.tickAtMs) {
      line.entryMove = move(line.entryJeon, entryJeon) || line.entryMove;
      line.exitMove = move(line.exitJeon, exitJeon) || line.exitMove;
      line.row = row;
      line.entryJeon = entryJeon;
      line.exitJeon = exitJeon;
    }
  }

  #forgetBefore(atMs: number): void {
    for (const [key, line] of this.#lines) if (line.row.tickAtMs < atMs) this.#lines.delete(key);
  }

  get size(): number {
    return this.#lines.size;
  }

  /** The lines to show, in order. Missing values come last in both directions; ties by coin, then pair. */
  select(choice: Choice): Line[] {
    const query = choice.query.trim().toUpperCase();
    const lines: Line[] = [];
    for (const line of this.#lines.values()) {
      if (!choice.pairs.has(line.row.pairIndex)) continue;
      if (query !== "" && !line.row.coin.toUpperCase().includes(query)) continue;
      lines.push(line);
    }
    return lines.sort(comparer(choice.sort));
  }

  /** All lines of the chosen pairs, whatever is searched for, in no order. */
  linesOf(pairs: ReadonlySet<number>): Line[] {
    return [...this.#lines.values()].filter(({ row }) => pairs.has(row.pairIndex));
  }

  /** Figures over all lines of the chosen pairs, whatever is searched for. */
  overview(pairs: ReadonlySet<number>): Overview {
    const coins = new Set<string>();
    const entries: number[] = [];
    const exits: number[] = [];
    const ages: number[] = [];
    let rowCount = 0;
    let quotedCount = 0;
    let bestEntry: Line | undefined;
    let bestExit: Line | undefined;
    for (const line of this.linesOf(pairs)) {
      rowCount++;
      coins.add(line.row.coin);
      if (line.row.reason === "none") ages.push(line.row.bookAgeMs);
      const { entryJeon, exitJeon } = line;
      if (!Number.isNaN(entryJeon) && !Number.isNaN(exitJeon)) quotedCount++;
      if (!Number.isNaN(entryJeon)) {
        entries.push(entryJeon);
        if (bestEntry === undefined || entryJeon < bestEntry.entryJeon) bestEntry = line;
      }
      if (!Number.isNaN(exitJeon)) {
        exits.push(exitJeon);
        if (bestExit === undefined || exitJeon > bestExit.exitJeon) bestExit = line;
      }
    }
    const referenceKrw = this.reference?.priceKrw;
    return {
      coinCount: coins.size,
      rowCount,
      quotedCount,
      entryMedianPct: premiumPct(median(entries), referenceKrw),
      exitMedianPct: premiumPct(median(exits), referenceKrw),
      bestEntry,
      bestExit,
      bookAgeMedianMs: median(ages),
    };
  }
}

function move(before: number, after: number): number {
  return after > before ? 1 : after < before ? -1 : 0;
}

/** The middle value, or the mean of the two; NaN for none. Sorts its argument. */
export function median(values: number[]): number {
  if (values.length === 0) return Number.NaN;
  values.sort((a, b) => a - b);
  const middle = values.length >> 1;
  return values.length % 2 === 1 ? values[middle]! : (values[middle - 1]! + values[middle]!) / 2;
}

function comparer({ key, descending }: Sort): (a: Line, b: Line) => number {
  const sign = descending ? -1 : 1;
  const byName = (a: Line, b: Line) =>
    a.row.coin === b.row.coin ? a.row.pairIndex - b.row.pairIndex : a.row.coin < b.row.coin ? -1 : 1;
  if (key === "coin") {
    return (a, b) =>
      a.row.coin === b.row.coin ? a.row.pairIndex - b.row.pairIndex : a.row.coin < b.row.coin ? -sign : sign;
  }
  if (key === "pair") return (a, b) => sign * (a.row.pairIndex - b.row.pairIndex) || byName(a, b);
  const figureOf = VALUES[key];
  return (a, b) => {
    const left = figureOf(a);
    const right = figureOf(b);
    const leftMissing = Number.isNaN(left);
    if (leftMissing !== Number.isNaN(right)) return leftMissing ? 1 : -1;
    return (leftMissing ? 0 : sign * (left - right)) || byName(a, b);
  };
}

const VALUES: Record<Exclude<SortKey, "coin" | "pair">, (line: Line) => number> = {
  entry: (line) => line.entryJeon,
  exit: (line) => line.exitJeon,
  slippage: (line) => slippagePct(line.entryJeon, line.exitJeon),
  age: (line) => (line.row.reason === "none" ? line.row.bookAgeMs : Number.NaN),
};

export const ALL_PAIRS: ReadonlySet<number> = new Set(PAIRS.map((_, index) => index));

/**
 * What a click on a pair's button makes of the chosen pairs: from "all" it picks that one alone, after that it adds or
 * takes away; none left, or all four, is "all" again.
 */
export function togglePair(pairs: ReadonlySet<number>, pairIndex: number): ReadonlySet<number> {
  if (pairs.size === ALL_PAIRS.size) return new Set([pairIndex]);
  const next = new Set(pairs);
  if (!next.delete(pairIndex)) next.add(pairIndex);
  return next.size === 0 ? ALL_PAIRS : next;
}
