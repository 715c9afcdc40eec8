// Which strategies and positions a new rate concerns, cheaply: strategies are sorted once when they change, and a row
// that is above every target costs one comparison per order size in use. Floats only screen; whoever gets through is
// decided in decimals on fresh books.

import { SEED_COUNT } from "../../schema/vocabulary.ts";
import type { Decimal } from "./decimal.ts";
import type { RateRow } from "./rate-table.ts";
import { entrySeedIndex, exitSeedIndex, type Strategy, sliceKrw } from "./strategy.ts";

export interface Screened<T> {
  readonly item: T;
  /** The rate it was screened by, jeon. */
  readonly rateJeon: number;
}

interface Bucket<T> {
  readonly seedIndex: number;
  /** Descending by target; `auto` are measured by the common target. */
  readonly targetsJeon: Float64Array;
  readonly items: readonly T[];
  readonly auto: readonly T[];
}

/** Strategies by the size that screens them and their entry target. */
export class EntryScreen<T extends { readonly strategy: Strategy; readonly isAside?: boolean }> {
  readonly #buckets: readonly Bucket<T>[];

  constructor(items: readonly T[]) {
    const bySeed = Map.groupBy(items, ({ strategy }) => entrySeedIndex(sliceKrw(strategy)));
    this.#buckets = [...bySeed].map(([seedIndex, all]) => {
      const custom = all
        .filter(({ strategy }) => strategy.tradeMode === "custom")
        .map((item) => ({ item, targetJeon: item.strategy.entryRateTarget.toFloat() * 100 }))
        .sort((a, b) => b.targetJeon - a.targetJeon);
      return {
        seedIndex,
        targetsJeon: Float64Array.from(custom, ({ targetJeon }) => targetJeon),
        items: custom.map(({ item }) => item),
        auto: all.filter(({ strategy }) => strategy.tradeMode === "auto"),
      };
    });
  }

  /** Calls back for every strategy whose target the row's entry rate does not exceed, but for those set aside. */
  screen(row: RateRow, autoTargetJeon: number | undefined, onHit: (item: T, rateJeon: number) => void): void {
    for (const { seedIndex, targetsJeon, items, auto } of this.#buckets) {
      const rateJeon = row.ratesJeon[seedIndex]!;
      // NaN is below nothing: a null rate reaches no comparison that could be true.
      for (let index = 0; index < items.length && rateJeon <= targetsJeon[index]!; index++) {
        const item = items[index]!;
        if (!item.isAside) onHit(item, rateJeon);
      }
      if (autoTargetJeon !== undefined && rateJeon <= autoTargetJeon) {
        for (const item of auto) if (!item.isAside) onHit(item, rateJeon);
      }
    }
  }
}

/**
 * The exit rate that screens a position, jeon: at the grid seed at or below its worth, or the largest the book holds;
 * NaN when there is none.
 */
export function exitScreenJeon(row: RateRow, worthKrw: Decimal): number {
  for (let index = exitSeedIndex(worthKrw); index >= 0; index--) {
    const rateJeon = row.ratesJeon[SEED_COUNT + index]!;
    if (!Number.isNaN(rateJeon)) return rateJeon;
  }
  return Number.NaN;
}

/**
 * The exit rate that screens a position for being too low, jeon: at the grid seed at or above its worth. NaN when the
 * book does not hold that much: then only fresh books can tell.
 */
export function stopScreenJeon(row: RateRow, worthKrw: Decimal): number {
  return row.ratesJeon[SEED_COUNT + entrySeedIndex(worthKrw)]!;
}
