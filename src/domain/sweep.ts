// Rates for all 100 sizes of a pair in one merged pass: the domestic sides are swept once (shared by both overseas
// venues), then each overseas side with two pointers over ascending quantities. No allocation.
//
// Terms (specification 1): entry at a seed spends exactly the seed into the domestic asks for q coins and sells q
// into the overseas bids for u USDT; exit sells q coins into the domestic bids for exactly the seed and buys q from
// the overseas asks. Rate = seed / u, half-up to 2 decimals; null (NaN) where a book ends before the size is filled.
//
// Rounding is proven, not hoped for. With e = 2^-53, sums of n positive products err by at most (n+1)e relative;
// q = sumQty + (seed - sumKrw)/price then errs by at most (2n+5)e x `spread`, where `spread` = first price / last
// price touched of a falling side (1 for a rising side, whose earlier levels weigh less); the overseas sum likewise,
// its spread the other way round. So the rate errs by less than 8 (n1 + n2 + 8) e x spread1 x spread2 relative.
// Values nearer than that to a rounding tie, or to the end of a book, are settled in exact arithmetic (exact.ts).

import { SEED_COUNT, SEED_STEP_KRW } from "../../schema/vocabulary.ts";
import { exactRateJeon, holdsNotional } from "./exact.ts";
import type { OrderBook } from "./order-book.ts";

const EPSILON = 2 ** -53;

/** Coins for each seed on both sides of one domestic book. A buffer, filled again and again. */
export interface DomesticSweep {
  /** Coins bought per seed from the asks; the first `askSeeds` count. */
  readonly askQtysCoin: Float64Array;
  /** Coins sold per seed into the bids; the first `bidSeeds` count. */
  readonly bidQtysCoin: Float64Array;
  askSeeds: number;
  bidSeeds: number;
  /** Bound of the relative error of the quantities. */
  askError: number;
  bidError: number;
}

export function createDomesticSweep(): DomesticSweep {
  return {
    askQtysCoin: new Float64Array(SEED_COUNT),
    bidQtysCoin: new Float64Array(SEED_COUNT),
    askSeeds: 0,
    bidSeeds: 0,
    askError: 0,
    bidError: 0,
  };
}

/** Sweeps both sides of a sound domestic book (see bookDefect) for all seeds. */
export function sweepDomestic(book: OrderBook, out: DomesticSweep): void {
  out.askSeeds = sweepSide(book.askPrices, book.askQtys, book.askCount, out.askQtysCoin);
  out.bidSeeds = sweepSide(book.bidPrices, book.bidQtys, book.bidCount, out.bidQtysCoin);
  out.askError = 4 * (book.askCount + 4) * EPSILON;
  const bidSpread = book.bidCount > 0 ? book.bidPrices[0]! / book.bidPrices[book.bidCount - 1]! : 1;
  out.bidError = 4 * (book.bidCount + 4) * EPSILON * bidSpread;
}

function sweepSide(prices: Float64Array, qtys: Float64Array, count: number, out: Float64Array): number {
  let level = 0;
  let sumKrw = 0;
  let sumQty = 0;
  let seed = 0;
  let seedKrw = SEED_STEP_KRW;
  const slack = 1 + 4 * (count + 4) * EPSILON;
  while (level < count) {
    const price = prices[level]!;
    const qty = qtys[level]!;
    const nextKrw = sumKrw + price * qty;
    while (seed < SEED_COUNT && seedKrw <= nextKrw) {
      out[seed++] = sumQty + (seedKrw - sumKrw) / price;
      seedKrw += SEED_STEP_KRW;
    }
    if (seed === SEED_COUNT) return SEED_COUNT;
    sumKrw = nextKrw;
    sumQty += qty;
    level++;
  }
  // The side has ended. Whether the last size just fits, or the next one just does, may be within rounding.
  if (seed > 0 && (seedKrw - SEED_STEP_KRW) * slack > sumKrw) {
    if (!holdsNotional(prices, qtys, count, seedKrw - SEED_STEP_KRW)) return seed - 1;
  } else if (seedKrw <= sumKrw * slack && holdsNotional(prices, qtys, count, seedKrw)) {
    out[seed++] = sumQty;
  }
  return seed;
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
  const { askCount, bidCount, askPrices, bidPrices } = overseas;
  const bidSpread = bidCount > 0 ? bidPrices[0]! / bidPrices[bidCount - 1]! : 1;
  const entryError = 2 * (sweep.askError * bidSpread + 4 * (bidCount + 4) * EPSILON * bidSpread);
  let settled = sweepOverseas(
    sweep.askQtysCoin,
    sweep.askSeeds,
    bidPrices,
    overseas.bidQtys,
    bidCount,
    multiplier,
    entryError,
    outJeon,
    0,
  );
  if (settled > 0) settle("entry", sweep.askSeeds, domestic, overseas, multiplier, outJeon, 0);
  const askSpread = askCount > 0 ? askPrices[askCount - 1]! / askPrices[0]! : 1;
  const exitError = 2 * (sweep.bidError * askSpread + 4 * (askCount + 4) * EPSILON * askSpread);
  settled = sweepOverseas(
    sweep.bidQtysCoin,
    sweep.bidSeeds,
    askPrices,
    overseas.askQtys,
    askCount,
    multiplier,
    exitError,
    outJeon,
    SEED_COUNT,
  );
  if (settled > 0) settle("exit", sweep.bidSeeds, domestic, overseas, multiplier, outJeon, SEED_COUNT);
}

/** Marks a value that floating point could not decide; no rate is negative. */
const UNDECIDED = -1;

/** Returns how many values are left UNDECIDED. */
function sweepOverseas(
  qtysCoin: Float64Array,
  seeds: number,
  prices: Float64Array,
  qtys: Float64Array,
  count: number,
  multiplier: number,
  error: number,
  out: Float64Array,
  offset: number,
): number {
  const perContract = 1 / multiplier;
  let level = 0;
  let sumQty = 0;
  let sumUsdt = 0;
  let undecided = 0;
  let seed = 0;
  let jeonKrw = SEED_STEP_KRW * 100;
  while (level < count && seed < seeds) {
    const price = prices[level]!;
    const qty = qtys[level]!;
    const nextQty = sumQty + qty;
    let contracts = qtysCoin[seed]! * perContract;
    while (contracts <= nextQty) {
      const jeon = jeonKrw / (sumUsdt + (contracts - sumQty) * price);
      const shifted = jeon + 0.5;
      const rounded = Math.floor(shifted);
      const rest = shifted - rounded;
      const tie = jeon * error;
      if (rest >= tie && rest <= 1 - tie) out[offset + seed] = rounded;
      else {
        out[offset + seed] = UNDECIDED;
        undecided++;
      }
      jeonKrw += SEED_STEP_KRW * 100;
      if (++seed === seeds) break;
      contracts = qtysCoin[seed]! * perContract;
    }
    sumUsdt += qty * price;
    sumQty = nextQty;
    level++;
  }
  // Near the end of the book the comparison itself may be within rounding, on either side of it.
  if (level === count && count > 0) {
    for (let back = seed - 1; back >= 0 && qtysCoin[back]! * perContract * (1 + error) > sumQty; back--) {
      if (out[offset + back] !== UNDECIDED) undecided++;
      out[offset + back] = UNDECIDED;
    }
    while (seed < seeds && qtysCoin[seed]! * perContract <= sumQty * (1 + error)) {
      out[offset + seed++] = UNDECIDED;
      undecided++;
    }
  }
  out.fill(Number.NaN, offset + seed, offset + SEED_COUNT);
  return undecided;
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
