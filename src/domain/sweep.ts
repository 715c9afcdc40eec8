// Rates for all 100 sizes of a pair: the domestic sides are swept once (shared by both overseas venues), then each
// overseas side over ascending quantities. No allocation.
//
// Terms (specification 1): entry at a seed spends exactly the seed into the domestic asks for q coins and sells q
// into the overseas bids for u USDT; exit sells q coins into the domestic bids for exactly the seed and buys q from
// the overseas asks. Rate = seed / u, half-up to 2 decimals; null (NaN) where a book ends before the size is filled.
//
// Within a level q is a straight line over the seed, and u one over q. So a side takes two even passes: one over the
// levels, noting each one's line and the first seed it holds for, and one over the seeds. Merging levels and seeds in
// one loop would do less, but no processor can guess which of the two comes next, and a wrong guess costs as much as
// three values.
//
// Rounding is proven, not hoped for. With e = 2^-53: inputs err by e (decimals as doubles), sums over n levels by
// (n + 6)e relative, and a line adds two terms of at most `spread` times their sum, where `spread` = first / last price
// touched (or its inverse if that is larger). A seed that rounding puts on the wrong side of a level's end is off by as
// much again at most, since the lines meet there. Together that is below 4 (n + 5)e x spread for q, and twice the sum
// of both sides' bounds for the rate. Values nearer than that to a rounding tie, or to the end of a book, are settled
// in exact arithmetic (exact.ts).

import { SEED_COUNT, SEED_KRW_MAX, SEED_STEP_KRW } from "../../schema/vocabulary.ts";
import { exactRateJeon, holdsNotional } from "./exact.ts";
import type { OrderBook } from "./order-book.ts";

const EPSILON = 2 ** -53;

/** One side of a domestic book, swept for each seed. A buffer, filled again and again. */
export interface SideSweep {
  /** Coins bought (asks) or sold (bids) for each seed; the first `seeds` count. */
  readonly qtysCoin: Float64Array;
  seeds: number;
  /** Bound of the relative error of the quantities. */
  error: number;
  /**
   * Seeds over coins are nearly a straight line: seedsPerCoin x + curvature x^2, a parabola through the first and the
   * last, is hardly ever off by one.
   */
  seedsPerCoin: number;
  curvature: number;
}

export interface DomesticSweep {
  readonly asks: SideSweep;
  readonly bids: SideSweep;
}

export function createDomesticSweep(): DomesticSweep {
  const side = () => ({
    qtysCoin: new Float64Array(SEED_COUNT),
    seeds: 0,
    error: 0,
    seedsPerCoin: 0.5,
    curvature: 0.5,
  });
  return { asks: side(), bids: side() };
}

/** More levels than any venue sends. */
const LEVELS_MAX = 16_384;
const SEEDS_PER_KRW = 1 / SEED_STEP_KRW;

/** Straight lines by level, origin + slope x, and how many levels begin at each seed. Scratch of one call. */
const origins = new Float64Array(LEVELS_MAX);
const slopes = new Float64Array(LEVELS_MAX);
/** All zero between calls. */
const levelsFrom = new Int32Array(SEED_COUNT + 1);

function checkLevels(count: number): void {
  if (count > LEVELS_MAX) throw new RangeError(`expected at most ${LEVELS_MAX} levels a side, were ${count}`);
}

/** Sweeps both sides of a sound domestic book (see bookDefect) for all seeds. Throws RangeError above LEVELS_MAX. */
export function sweepDomestic(book: OrderBook, out: DomesticSweep): void {
  sweepSide(book.askPrices, book.askQtys, book.askCount, out.asks);
  sweepSide(book.bidPrices, book.bidQtys, book.bidCount, out.bids);
}

function sweepSide(prices: Float64Array, qtys: Float64Array, count: number, out: SideSweep): void {
  const { qtysCoin } = out;
  const seeds = fillQtys(prices, qtys, count, qtysCoin);
  out.seeds = seeds;
  if (seeds === 0) return;
  out.error = errorOf(count, spreadOf(prices, count));
  const qtyLast = qtysCoin[seeds - 1]!;
  out.seedsPerCoin = 1 / qtysCoin[0]!;
  out.curvature = (seeds / qtyLast - out.seedsPerCoin) / qtyLast;
}

/** First over last price of the levels, or its inverse if that is larger. */
function spreadOf(prices: Float64Array, count: number): number {
  const ratio = prices[0]! / prices[count - 1]!;
  return ratio > 1 ? ratio : 1 / ratio;
}

function errorOf(levels: number, spread: number): number {
  return 4 * (levels + 5) * EPSILON * spread;
}

/** Returns how many seeds fit. */
function fillQtys(prices: Float64Array, qtys: Float64Array, count: number, out: Float64Array): number {
  checkLevels(count);
  let level = 0;
  let sumKrw = 0;
  let sumQty = 0;
  for (; level < count && sumKrw < SEED_KRW_MAX; level++) {
    const price = prices[level]!;
    const qty = qtys[level]!;
    const coinPerKrw = 1 / price;
    origins[level] = sumQty - sumKrw * coinPerKrw;
    slopes[level] = coinPerKrw;
    levelsFrom[seedsIn(sumKrw)]!++;
    sumKrw += price * qty;
    sumQty += qty;
  }
  let seeds = sumKrw < SEED_KRW_MAX ? seedsIn(sumKrw) : SEED_COUNT;
  let line = -1;
  let seedKrw = SEED_STEP_KRW;
  for (let seed = 0; seed < seeds; seed++) {
    line += levelsFrom[seed]!;
    levelsFrom[seed] = 0;
    out[seed] = origins[line]! + seedKrw * slopes[line]!;
    seedKrw += SEED_STEP_KRW;
  }
  levelsFrom[seeds] = 0;
  if (level < count) return seeds;
  // The side has ended. Whether the last size just fits, or the next one just does, may be within rounding.
  const slack = 1 + errorOf(count, 1);
  if (seeds > 0 && seeds * SEED_STEP_KRW * slack > sumKrw) {
    if (!holdsNotional(prices, qtys, count, seeds * SEED_STEP_KRW)) seeds--;
  } else if (seeds < SEED_COUNT && seedKrw <= sumKrw * slack && holdsNotional(prices, qtys, count, seedKrw)) {
    out[seeds++] = sumQty;
  }
  return seeds;
}

/** How many seeds are at most `sumKrw`, which is below the largest; rounding may be off by one at a seed itself. */
function seedsIn(sumKrw: number): number {
  return (sumKrw * SEEDS_PER_KRW) | 0;
}

/**
 * The 200 rates of a pair in jeon, integers or NaN: entry for the 100 seeds, then exit. Both books must be sound.
 * `multiplier`: coins per unit of the overseas book's price and quantity (1 or a power of ten).
 */
export function ratesOfPair(
  sweep: DomesticSweep,
  domestic: OrderBook,
  overseas: OrderBook,
  multiplier: number,
  outJeon: Float64Array,
): void {
  const { asks, bids } = sweep;
  const { bidPrices, bidQtys, bidCount, askPrices, askQtys, askCount } = overseas;
  if (sweepOverseas(asks, bidPrices, bidQtys, bidCount, multiplier, outJeon, 0)) {
    settle("entry", asks.seeds, domestic, overseas, multiplier, outJeon, 0);
  }
  if (sweepOverseas(bids, askPrices, askQtys, askCount, multiplier, outJeon, SEED_COUNT)) {
    settle("exit", bids.seeds, domestic, overseas, multiplier, outJeon, SEED_COUNT);
  }
}

/** Marks a value that floating point could not decide; no rate is negative. */
const UNDECIDED = -1;
/** Added and taken away again, it leaves the nearest integer of any number below 2^51. */
const ROUNDER = 1.5 * 2 ** 52;
/** A seed's jeon (1/100 KRW) per step. */
const JEON_STEP = SEED_STEP_KRW * 100;

/** Returns whether values are left UNDECIDED. */
function sweepOverseas(
  { qtysCoin, seeds, error: qtyError, seedsPerCoin, curvature }: SideSweep,
  prices: Float64Array,
  qtys: Float64Array,
  count: number,
  multiplier: number,
  out: Float64Array,
  offset: number,
): boolean {
  checkLevels(count);
  if (seeds === 0 || count === 0) {
    fillNulls(out, offset, 0);
    return false;
  }
  const qtyLast = qtysCoin[seeds - 1]!;
  const usdtPerPrice = 1 / multiplier;
  let level = 0;
  let sumQty = 0;
  let sumUsdt = 0;
  let filled = 0;
  for (;;) {
    levelsFrom[filled]!++;
    const price = prices[level]! * usdtPerPrice;
    const qty = qtys[level]! * multiplier;
    origins[level] = sumUsdt - sumQty * price;
    slopes[level] = price;
    sumUsdt += qty * price;
    sumQty += qty;
    level++;
    if (sumQty >= qtyLast) {
      filled = seeds;
      break;
    }
    // Compared before it is cut to 32 bits: a guess beyond them must not wrap around.
    const guess = sumQty * (seedsPerCoin + sumQty * curvature);
    filled = guess < seeds ? guess | 0 : seeds - 1;
    while (qtysCoin[filled]! <= sumQty) filled++;
    while (filled > 0 && qtysCoin[filled - 1]! > sumQty) filled--;
    if (level === count) break;
  }

  const spread = spreadOf(prices, level);
  const error = 2 * (qtyError * spread + errorOf(level, spread));
  // No rate is above the highest price paid in Korea over the lowest abroad.
  const seedsPerCoinMax = seedsPerCoin + (curvature > 0 ? curvature * qtyLast : 0);
  const jeonMax = (JEON_STEP * seedsPerCoinMax * spread) / (prices[0]! * usdtPerPrice);
  let undecided = rateSeeds(qtysCoin, filled, 0.5 - jeonMax * error, out, offset);
  if (level === count) {
    // Near the end of the book whether a size still fits may be within rounding.
    for (let seed = filled - 1; seed >= 0 && qtysCoin[seed]! * (1 + error) > sumQty; seed--) {
      out[offset + seed] = UNDECIDED;
      undecided = true;
    }
    for (; filled < seeds && qtysCoin[filled]! <= sumQty * (1 + error); filled++) {
      out[offset + filled] = UNDECIDED;
      undecided = true;
    }
  }
  fillNulls(out, offset, filled);
  return undecided;
}

/**
 * The rates of the first seeds from the lines. Where one is farther than `distanceMax` from the nearest integer, and so
 * too close to a tie, it is UNDECIDED; returns whether there is such a one.
 */
function rateSeeds(
  qtysCoin: Float64Array,
  seeds: number,
  distanceMax: number,
  out: Float64Array,
  offset: number,
): boolean {
  let undecided = false;
  let line = -1;
  let jeonKrw = JEON_STEP;
  for (let seed = 0; seed < seeds; seed++) {
    line += levelsFrom[seed]!;
    levelsFrom[seed] = 0;
    const jeon = jeonKrw / (origins[line]! + qtysCoin[seed]! * slopes[line]!);
    const rounded = jeon + ROUNDER - ROUNDER;
    out[offset + seed] = rounded;
    if (Math.abs(jeon - rounded) > distanceMax) {
      out[offset + seed] = UNDECIDED;
      undecided = true;
    }
    jeonKrw += JEON_STEP;
  }
  levelsFrom[seeds] = 0;
  return undecided;
}

function fillNulls(out: Float64Array, offset: number, from: number): void {
  for (let seed = from; seed < SEED_COUNT; seed++) out[offset + seed] = Number.NaN;
}

function settle(
  direction: "entry" | "exit",
  seeds: number,
  domestic: OrderBook,
  overseas: OrderBook,
  multiplier: number,
  out: Float64Array,
  offset: number,
): void {
  for (let seed = 0; seed < seeds; seed++) {
    if (out[offset + seed] !== UNDECIDED) continue;
    const seedKrw = (seed + 1) * SEED_STEP_KRW;
    out[offset + seed] = exactRateJeon(direction, domestic, overseas, multiplier, seedKrw);
  }
}
