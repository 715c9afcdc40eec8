// Holds published ticks against the independent computation: each rate of a row, nulls included, must be what the
// reference makes of one pair of books that the simulator served for that coin within that tick. Where a task was
// done twice there are several; one combination must explain the whole row.

import { type RateRow, rowKey } from "../../domain/rate-table.ts";
import { referenceRateJeon } from "../reference-rate.ts";
import type { MarketTruth, TruePair } from "./market-truth.ts";
import type { PublishedTick } from "./published.ts";
import type { ServedBook, ServedBooks } from "./served-books.ts";

const PAIR_COUNT = 4;
const WRONG_TOLD_MAX = 10;
const ROWS_PER_TURN = 8;

/** Which sizes (0 to 99) of a row are compared. */
export type SeedChoice = (rowIndex: number, tickIndex: number) => readonly number[];

export const ALL_SEEDS: readonly number[] = Array.from({ length: 100 }, (_, index) => index);

export interface PairCount {
  /** Values compared where the reference has a rate. */
  reference: number;
  /** Of those, published as a rate. */
  published: number;
}

export class Audit {
  ticks = 0;
  rows = 0;
  values = 0;
  nullValues = 0;
  /** Rows that needed more than the first combination of books, because a task was done twice. */
  redelivered = 0;
  readonly wrong: string[] = [];
  /** Pairs the market has and a tick did not name at all: only a scheduler that died leaves such. */
  readonly absent: string[] = [];
  /** Ticks that lack something: how many rows came as "missing" and how many not at all (all of them: no tick). */
  readonly lost: { tickAtMs: number; missing: number; absent: number }[] = [];
  /** How long after its planned instant each tick was complete, ms. */
  readonly closedAfterMs: number[] = [];
  /** Rows published for pairs that are not of one asset; all must be null. */
  readonly strangers = new Map<string, number>();
  readonly nullRows = new Map<string, number>();
  readonly pairs: PairCount[] = Array.from({ length: PAIR_COUNT }, () => ({ reference: 0, published: 0 }));
  /** Rows all of whose 200 values were compared at least once, by key. */
  readonly wholeRows = new Set<string>();
  readonly books = { changed: 0, same: 0 };
  readonly #lastBook = new Map<string, { tickAtMs: number; text: string }>();

  constructor(
    private readonly truth: MarketTruth,
    private readonly served: ServedBooks,
    private readonly tickMs: number,
    private readonly seedsOf: SeedChoice,
  ) {}

  /** Gives everybody else a turn again and again: a tick is seconds of work for all sizes. */
  async take(tick: PublishedTick): Promise<void> {
    const { tickAtMs } = tick;
    const pairs = this.truth.pairs(tickAtMs);
    const tickIndex = this.ticks++;
    if (tick.closedAtMs) this.closedAfterMs.push(tick.closedAtMs - tickAtMs);
    let rowIndex = 0;
    const missing = [...tick.rows.values()].filter((told) => told.some((row) => row.reason === "missing"));
    const absent = [...pairs.keys()].filter((key) => !tick.rows.has(key));
    this.absent.push(...absent.map((key) => `${key} at ${tickAtMs}`));
    if (missing.length + absent.length > 0) {
      this.lost.push({ tickAtMs, missing: missing.length, absent: absent.length });
    }
    for (const [key, pair] of pairs) {
      const told = tick.rows.get(key);
      if (told && told.length > 1) this.wrong.push(`${key} at ${tickAtMs} was told in ${told.length} ways`);
      for (const row of told ?? []) this.#row(row, pair, this.seedsOf(rowIndex, tickIndex));
      if (++rowIndex % ROWS_PER_TURN === 0) await Bun.sleep(0);
    }
    for (const [key, rows] of tick.rows) {
      if (pairs.has(key)) continue;
      for (const row of rows) this.#stranger(row);
    }
    this.served.forgetBefore(tickAtMs - this.tickMs);
  }

  /** A beat nobody issued. */
  takeGap(tickAtMs: number): void {
    this.lost.push({ tickAtMs, missing: 0, absent: this.truth.pairs(tickAtMs).size });
  }

  #stranger(row: RateRow): void {
    const key = `${rowKey(row.coin, row.pairIndex)} ${row.reason}`;
    this.strangers.set(key, (this.strangers.get(key) ?? 0) + 1);
    if (row.ratesJeon.some((value) => !Number.isNaN(value))) {
      this.wrong.push(`${key}: a rate for two different assets at ${row.tickAtMs}`);
    }
  }

  #row(row: RateRow, pair: TruePair, seeds: readonly number[]): void {
    this.rows++;
    const { tickAtMs, reason } = row;
    if (reason !== "none") this.nullRows.set(reason, (this.nullRows.get(reason) ?? 0) + 1);
    const untilMs = tickAtMs + this.tickMs;
    const books = (venue: string, symbol: string) => this.served.sound(venue, symbol, tickAtMs, untilMs);
    const korean = books(pair.domestic.venue, pair.domestic.symbol);
    const foreign = pair.overseas.flatMap((listing) =>
      books(listing.venue, listing.symbol).map((served) => ({ listing, served })),
    );
    const count = this.pairs[pair.pairIndex]!;
    if (korean.length === 0 || foreign.length === 0) {
      if (row.ratesJeon.some((value) => !Number.isNaN(value))) {
        this.wrong.push(`${pair.key} at ${tickAtMs}: a rate, but no book was served`);
      }
      // What it would have been nobody knows: counted as owed.
      count.reference += seeds.length * 2;
      return;
    }
    if (seeds.length === 100) this.wholeRows.add(pair.key);
    let first: { misses: string[]; references: (number | null)[] } | undefined;
    for (const domestic of korean) {
      for (const { listing, served } of foreign) {
        const found = compare(row, domestic, served, listing.multiplier, seeds);
        first ??= found;
        if (found.misses.length > 0) continue;
        if (found !== first) this.redelivered++;
        this.values += found.references.length;
        this.nullValues += found.references.filter((value) => value === null).length;
        this.#countKnown(count, found.references, false);
        this.#sameAsBefore(`${pair.domestic.venue} ${pair.domestic.symbol}`, domestic, tickAtMs);
        this.#sameAsBefore(`${listing.venue} ${listing.symbol}`, served, tickAtMs);
        return;
      }
    }
    const { misses, references } = first!;
    this.values += references.length;
    // A row withheld as a whole, with its reason, is not wrong; it is owed.
    const withheld = reason !== "none" && row.ratesJeon.every((value) => Number.isNaN(value));
    this.#countKnown(count, references, withheld);
    if (!withheld && this.wrong.length < WRONG_TOLD_MAX) {
      const candidates = `${korean.length} x ${foreign.length} books`;
      this.wrong.push(
        `${pair.key} at ${tickAtMs} (${reason}, ${candidates}): ${misses.slice(0, 3).join("; ")}`,
      );
    } else if (!withheld) this.wrong.push(pair.key);
  }

  #countKnown(count: PairCount, references: readonly (number | null)[], withheld: boolean): void {
    const known = references.filter((value) => value !== null).length;
    count.reference += known;
    if (!withheld) count.published += known;
  }

  /** A leg belongs to two pairs: its book counts once a tick. */
  #sameAsBefore(key: string, { book }: ServedBook, tickAtMs: number): void {
    const before = this.#lastBook.get(key);
    if (before?.tickAtMs === tickAtMs) return;
    const text = JSON.stringify([book.asks.slice(0, 20), book.bids.slice(0, 20)]);
    if (before) this.books[before.text === text ? "same" : "changed"]++;
    this.#lastBook.set(key, { tickAtMs, text });
  }

  /** Part of the rates owed on a pair that were published, 0 to 1. */
  share(pairIndex: number): number {
    const { reference, published } = this.pairs[pairIndex]!;
    return reference === 0 ? 0 : published / reference;
  }

  report(): string {
    const shares = this.pairs.map((_, index) => `${(this.share(index) * 100).toFixed(3)} %`).join(", ");
    const listed = (counts: ReadonlyMap<string, number>) =>
      [...counts].map(([name, count]) => `${name} ${count}`).join(", ") || "none";
    return [
      `ticks ${this.ticks} (complete after ${this.closedAfterMs.join(", ")} ms), rows ${this.rows}, values compared ${this.values} (${this.nullValues} null in both)`,
      `rows compared at all 100 sizes: ${this.wholeRows.size}; rows done twice: ${this.redelivered}`,
      `wrong ${this.wrong.length}; lost ${listedLosses(this.lost)}`,
      `non-null where the reference is, per pair: ${shares}`,
      `null rows by reason: ${listed(this.nullRows)}; impostors: ${listed(this.strangers)}`,
      `books changed between ticks: ${this.books.changed} of ${this.books.changed + this.books.same}`,
    ].join("\n");
  }
}

function listedLosses(lost: Audit["lost"]): string {
  const texts = lost.map(({ tickAtMs, missing, absent }) => {
    const at = new Date(tickAtMs).toISOString().slice(11, 19);
    return `${at} (${missing} rows missing, ${absent} never told)`;
  });
  return texts.join(", ") || "nothing";
}

function compare(
  row: RateRow,
  domestic: ServedBook,
  overseas: ServedBook,
  multiplier: number,
  seeds: readonly number[],
): { misses: string[]; references: (number | null)[] } {
  const misses: string[] = [];
  const references: (number | null)[] = [];
  for (const seed of seeds) {
    for (const direction of ["entry", "exit"] as const) {
      const seedKrw = (seed + 1) * 1_000_000;
      const reference = referenceRateJeon(direction, domestic.book, overseas.book, multiplier, seedKrw);
      references.push(reference);
      const value = row.ratesJeon[direction === "entry" ? seed : 100 + seed]!;
      const published = Number.isNaN(value) ? null : value;
      if (published !== reference)
        misses.push(`${direction} ${seedKrw}: ${published}, was to be ${reference}`);
    }
  }
  return { misses, references };
}
