// The latest rate rows by coin and pair, and the rules of merging them. Pure; used by the scheduler, the api
// and every client that decodes frames.
//
// A row holds 200 rates in jeon (1/100 KRW per USDT): entry for the 100 seeds, then exit; NaN is null.
// A row is replaced only by one of the same or a later tick. A "delisted" row is a tombstone: it is passed on to
// clients once and keeps out what is not of a later tick, but is not part of the table any more.

import { PAIRS, type PairKey, type Reason, SEED_COUNT } from "../../schema/vocabulary.ts";

export interface RateRow {
  /** Upper-case ticker of the Korean market, e.g. "BTC". */
  readonly coin: string;
  /** Index into PAIRS. */
  readonly pairIndex: number;
  readonly tickAtMs: number;
  /** Age in ms of the older of the two books when the worker reported; 0 when reason is not "none". */
  readonly bookAgeMs: number;
  readonly reason: Reason;
  /** Jeon per USDT, integers or NaN: [0..99] entry per seed, [100..199] exit per seed. */
  readonly ratesJeon: Float64Array;
}

/** KRW per USDT taken from the best ask of KRW-USDT. */
export interface ReferencePrice {
  readonly priceKrw: number;
  readonly venue: "upbit" | "bithumb";
  readonly atMs: number;
}

export const RATES_PER_ROW = SEED_COUNT * 2;

export function rowKey(coin: string, pairIndex: number): string {
  return `${coin}|${pairIndex}`;
}

export function pairKeyOf(row: RateRow): PairKey {
  return PAIRS[row.pairIndex]!.key;
}

export function nullRow(coin: string, pairIndex: number, tickAtMs: number, reason: Reason): RateRow {
  return {
    coin,
    pairIndex,
    tickAtMs,
    bookAgeMs: 0,
    reason,
    ratesJeon: new Float64Array(RATES_PER_ROW).fill(Number.NaN),
  };
}

export class RateTable {
  readonly #rows = new Map<string, RateRow>();
  reference: ReferencePrice | undefined;

  /** Takes the row if it is not older than the one held, or newer than a tombstone. Returns whether it was taken. */
  merge(row: RateRow): boolean {
    const key = rowKey(row.coin, row.pairIndex);
    const held = this.#rows.get(key);
    if (held !== undefined) {
      // Of one tick the tombstone is the last word, whichever of a report, a snapshot and it comes last.
      const isTooOld =
        held.reason === "delisted" ? held.tickAtMs >= row.tickAtMs : held.tickAtMs > row.tickAtMs;
      if (isTooOld) return false;
    }
    this.#rows.set(key, row);
    return true;
  }

  get(coin: string, pairIndex: number): RateRow | undefined {
    return this.#rows.get(rowKey(coin, pairIndex));
  }

  /** All rows, sorted by coin, then pair: neighbours compress well and output is reproducible. */
  rows(): RateRow[] {
    return [...this.#rows.values()]
      .filter((row) => row.reason !== "delisted")
      .sort((a, b) => (a.coin === b.coin ? a.pairIndex - b.pairIndex : a.coin < b.coin ? -1 : 1));
  }

  get size(): number {
    return this.rows().length;
  }
}
