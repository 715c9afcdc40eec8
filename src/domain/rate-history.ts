// What is remembered of the rates: one sample a minute. Pure; the store keeps what `sampleMinute` makes.

import { PAIRS, SEED_COUNT, SEED_STEP_KRW } from "../../schema/vocabulary.ts";
import type { RateRow, ReferencePrice } from "./rate-table.ts";

export const MINUTE_MS = 60_000;
export const HISTORY_SMALL_SEED_KRW = 1_000_000;
export const HISTORY_LARGE_SEED_KRW = 10_000_000;
const SMALL_INDEX = HISTORY_SMALL_SEED_KRW / SEED_STEP_KRW - 1;
const LARGE_INDEX = HISTORY_LARGE_SEED_KRW / SEED_STEP_KRW - 1;

/** Rates above this (21 million KRW per USDT) do not fit the store's integers and are remembered as null. */
export const HISTORY_JEON_MAX = 2 ** 31 - 1;

/** Over all coins of a pair, at 1,000,000 KRW, in jeon per USDT; null when no coin had a rate. */
export interface PairSample {
  /** Start of the minute, epoch ms. */
  readonly minuteAtMs: number;
  /** Index into PAIRS. */
  readonly pairIndex: number;
  /** The lowest entry rate: what an entry costs at best. */
  readonly bestEntryJeon: number | null;
  /** The highest exit rate. */
  readonly bestExitJeon: number | null;
  readonly medianEntryJeon: number | null;
  readonly medianExitJeon: number | null;
  /** KRW-USDT, in jeon per USDT. */
  readonly referenceJeon: number | null;
  /** Coins with an entry or an exit rate at 1,000,000 KRW. */
  readonly coinCount: number;
}

/** One coin on one pair, in jeon per USDT, at 1,000,000 and at 10,000,000 KRW. */
export interface CoinSample {
  /** Start of the minute, epoch ms. */
  readonly minuteAtMs: number;
  readonly coin: string;
  readonly pairIndex: number;
  readonly entryJeonAt1m: number | null;
  readonly exitJeonAt1m: number | null;
  readonly entryJeonAt10m: number | null;
  readonly exitJeonAt10m: number | null;
}

export interface MinuteSample {
  readonly minuteAtMs: number;
  readonly pairs: readonly PairSample[];
  readonly coins: readonly CoinSample[];
}

export function minuteOf(atMs: number): number {
  return Math.floor(atMs / MINUTE_MS) * MINUTE_MS;
}

/**
 * The sample of the minute `atMs` lies in, from the rows whose tick lies in that minute; older rows are not passed
 * off as this minute's. Taken again later in the same minute it describes the same minute with newer rows.
 */
export function sampleMinute(options: {
  atMs: number;
  rows: readonly RateRow[];
  reference: ReferencePrice | undefined;
}): MinuteSample {
  const minuteAtMs = minuteOf(options.atMs);
  const referenceJeon = options.reference ? jeonOrNull(Math.round(options.reference.priceKrw * 100)) : null;
  const coins = options.rows
    .filter((row) => minuteOf(row.tickAtMs) === minuteAtMs)
    .map((row) => sampleCoin(minuteAtMs, row));
  const pairs = PAIRS.map((_, pairIndex) =>
    samplePair(
      { minuteAtMs, pairIndex, referenceJeon },
      coins.filter((coin) => coin.pairIndex === pairIndex),
    ),
  );
  return { minuteAtMs, pairs, coins };
}

function sampleCoin(minuteAtMs: number, row: RateRow): CoinSample {
  return {
    minuteAtMs,
    coin: row.coin,
    pairIndex: row.pairIndex,
    entryJeonAt1m: jeonOrNull(row.ratesJeon[SMALL_INDEX]),
    exitJeonAt1m: jeonOrNull(row.ratesJeon[SEED_COUNT + SMALL_INDEX]),
    entryJeonAt10m: jeonOrNull(row.ratesJeon[LARGE_INDEX]),
    exitJeonAt10m: jeonOrNull(row.ratesJeon[SEED_COUNT + LARGE_INDEX]),
  };
}

function samplePair(
  head: Pick<PairSample, "minuteAtMs" | "pairIndex" | "referenceJeon">,
  coins: readonly CoinSample[],
): PairSample {
  const entries = sorted(coins.map((coin) => coin.entryJeonAt1m));
  const exits = sorted(coins.map((coin) => coin.exitJeonAt1m));
  return {
    ...head,
    bestEntryJeon: entries[0] ?? null,
    bestExitJeon: exits.at(-1) ?? null,
    medianEntryJeon: median(entries),
    medianExitJeon: median(exits),
    coinCount: coins.filter((coin) => coin.entryJeonAt1m !== null || coin.exitJeonAt1m !== null).length,
  };
}

function jeonOrNull(jeon: number | undefined): number | null {
  return jeon !== undefined && Number.isInteger(jeon) && jeon >= 0 && jeon <= HISTORY_JEON_MAX ? jeon : null;
}

function sorted(values: readonly (number | null)[]): number[] {
  return values.filter((value) => value !== null).sort((a, b) => a - b);
}

/** Of an even number of values the mean of the middle two, rounded half-up to whole jeon. */
function median(ascending: readonly number[]): number | null {
  if (ascending.length === 0) return null;
  const middle = ascending.length >> 1;
  if (ascending.length % 2 === 1) return ascending[middle]!;
  return Math.floor((ascending[middle - 1]! + ascending[middle]! + 1) / 2);
}
