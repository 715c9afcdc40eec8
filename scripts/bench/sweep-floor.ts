// What no way of computing rates can leave out: every level that the largest size touches is read once (domestic ones
// once for both overseas venues), and each of the 200 rates is a division and a store.

import { DOMESTIC_VENUES, PAIRS, SEED_COUNT, SEED_KRW_MAX, type Venue } from "../../schema/vocabulary.ts";
import { createDomesticSweep, sweepDomestic } from "../../src/domain/sweep.ts";
import type { BenchCoin, BenchTick } from "./books.ts";

interface TouchedSide {
  readonly prices: Float64Array;
  readonly qtys: Float64Array;
  /** How many levels the largest size that fits touches. */
  readonly touched: number;
}

/** Both overseas sides that belong to one domestic side. */
interface TouchedLegs {
  readonly asks: TouchedSide;
  readonly bids: TouchedSide;
  readonly overseas: readonly { readonly asks: TouchedSide; readonly bids: TouchedSide }[];
}

export type FloorPlan = readonly TouchedLegs[];

export function floorPlan({ coins }: BenchTick): FloorPlan {
  return coins.flatMap((coin) => DOMESTIC_VENUES.map((domestic) => touchedLegs(coin, domestic)));
}

function touchedLegs({ legs }: BenchCoin, domestic: Venue): TouchedLegs {
  const { book } = legs[domestic];
  const sweep = createDomesticSweep();
  sweepDomestic(book, sweep);
  const byKrw = (price: number, qty: number) => price * qty;
  const byQty = (_price: number, qty: number) => qty;
  return {
    asks: touchedSide(book.askPrices, book.askQtys, book.askCount, SEED_KRW_MAX, byKrw),
    bids: touchedSide(book.bidPrices, book.bidQtys, book.bidCount, SEED_KRW_MAX, byKrw),
    overseas: PAIRS.filter((pair) => pair.domestic === domestic).map(({ overseas }) => {
      const { book: abroad, multiplier } = legs[overseas];
      const bought = (sweep.asks.qtysCoin[sweep.asks.seeds - 1] ?? 0) / multiplier;
      const sold = (sweep.bids.qtysCoin[sweep.bids.seeds - 1] ?? 0) / multiplier;
      return {
        asks: touchedSide(abroad.askPrices, abroad.askQtys, abroad.askCount, sold, byQty),
        bids: touchedSide(abroad.bidPrices, abroad.bidQtys, abroad.bidCount, bought, byQty),
      };
    }),
  };
}

function touchedSide(
  prices: Float64Array,
  qtys: Float64Array,
  count: number,
  needed: number,
  worth: (price: number, qty: number) => number,
): TouchedSide {
  let touched = 0;
  for (let left = needed; left > 0 && touched < count; touched++) {
    left -= worth(prices[touched]!, qtys[touched]!);
  }
  return { prices, qtys, touched };
}

export function runFloor(plan: FloorPlan, out: Float64Array): void {
  for (const { asks, bids, overseas } of plan) {
    const askSum = read(asks);
    const bidSum = read(bids);
    for (const abroad of overseas) {
      divide(askSum + read(abroad.bids), out, 0);
      divide(bidSum + read(abroad.asks), out, SEED_COUNT);
    }
  }
}

function read({ prices, qtys, touched }: TouchedSide): number {
  let sum = 0;
  for (let level = 0; level < touched; level++) sum += prices[level]! * qtys[level]!;
  return sum;
}

/** The divisor differs each time: a compiler must not turn the divisions into one. */
function divide(sum: number, out: Float64Array, offset: number): void {
  for (let seed = 0; seed < SEED_COUNT; seed++) out[offset + seed] = (seed + 1) / (sum + seed);
}
