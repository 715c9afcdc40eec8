// Books for the sections that compute rates: 131 coins on four venues, 524 pairs. Market books come from the
// simulated market at instants a tick apart, so no two are alike; smooth books fall off evenly with depth, with the
// price grids and lot sizes of the same coins.

import { legRoleOf, PAIRS, SEED_KRW_MAX, VENUES, type Venue } from "../../schema/vocabulary.ts";
import { packFrame } from "../../src/adapters/frame-codec.ts";
import { bookOfLists } from "../../src/domain/json-book.ts";
import type { OrderBook } from "../../src/domain/order-book.ts";
import { RATES_PER_ROW, type RateRow } from "../../src/domain/rate-table.ts";
import { createDomesticSweep, ratesOfPair, sweepDomestic } from "../../src/domain/sweep.ts";
import { createMarket } from "../../src/simulator/market.ts";
import type { SimMarket } from "../../src/simulator/types.ts";
import type { TextBook } from "../../src/testing/reference-rate.ts";

export const COINS = 131;
export const PAIRS_PER_TICK = COINS * PAIRS.length;
/** As asked for in service: Korean books have 30 levels, overseas ones as many as 100M KRW may need. */
const LEVELS = { upbit: 30, bithumb: 30, bybit: 500, binance: 500 } as const satisfies Record<Venue, number>;
const START_AT_MS = 1_780_000_000_000;
const TICK_MS = 30_000;
const KRW_PER_USDT = 1_384;

export interface BenchLeg {
  readonly book: OrderBook;
  /** The same levels as the venue prints them. */
  readonly text: TextBook;
  readonly multiplier: number;
}

export interface BenchCoin {
  readonly coin: string;
  readonly legs: Readonly<Record<Venue, BenchLeg>>;
}

export interface BenchTick {
  readonly tickAtMs: number;
  readonly coins: readonly BenchCoin[];
}

/** Pseudo-random numbers from 0 to 1, the same for the same seed. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function legOf({ asks, bids }: TextBook, multiplier: number): BenchLeg {
  const numbers = (levels: TextBook["asks"]) =>
    levels.map(([price, qty]) => [Number(price), Number(qty)] as const);
  return {
    book: bookOfLists({ asks: numbers(asks), bids: numbers(bids) }),
    text: { asks, bids },
    multiplier,
  };
}

interface Listed {
  readonly symbol: string;
  readonly multiplier: number;
}

/** The first COINS coins that all four venues list, with their legs. */
export function coinsOnAllVenues(
  market: SimMarket,
  atMs: number,
): { readonly coin: string; readonly legs: Readonly<Record<Venue, Listed>> }[] {
  const byAsset = new Map<string, { coin?: string; legs: Partial<Record<Venue, Listed>> }>();
  for (const venue of VENUES) {
    for (const { assetId, symbol, multiplier, base } of market.listings(venue, atMs)) {
      const row = byAsset.get(assetId) ?? { legs: {} };
      if (venue === "upbit") row.coin = base;
      row.legs[venue] = { symbol, multiplier };
      byAsset.set(assetId, row);
    }
  }
  const complete = [...byAsset.values()].flatMap(({ coin, legs }) => {
    const { upbit, bithumb, bybit, binance } = legs;
    return coin && upbit && bithumb && bybit && binance
      ? [{ coin, legs: { upbit, bithumb, bybit, binance } }]
      : [];
  });
  if (complete.length < COINS)
    throw new Error(`expected ${COINS} coins on all venues, was ${complete.length}`);
  return complete.slice(0, COINS);
}

/** `count` ticks of the simulated market, from tick number `first` on. */
export function* marketTicks(count: number, first = 0): Generator<BenchTick> {
  const market = createMarket({ seed: 1, startAtMs: START_AT_MS });
  for (let index = first; index < first + count; index++) {
    const tickAtMs = START_AT_MS + index * TICK_MS;
    const coins = coinsOnAllVenues(market, tickAtMs).map(({ coin, legs }): BenchCoin => {
      const leg = (venue: Venue) => {
        const { symbol, multiplier } = legs[venue];
        return legOf(market.book(venue, symbol, tickAtMs, LEVELS[venue])!, multiplier);
      };
      return {
        coin,
        legs: { upbit: leg("upbit"), bithumb: leg("bithumb"), bybit: leg("bybit"), binance: leg("binance") },
      };
    });
    yield { tickAtMs, coins };
  }
}

/**
 * The same prices with quantities that fall off evenly: every side holds 1.1 to 6 times the largest size, each level
 * within 5 % of the others. No rate is null.
 */
export function evenTick({ tickAtMs, coins }: BenchTick): BenchTick {
  return {
    tickAtMs,
    coins: coins.map(({ coin, legs }, coinIndex) => {
      const leg = (venue: Venue, levelsMax: number) => {
        const { text, multiplier } = legs[venue];
        const random = seededRandom(1 + coinIndex * VENUES.length + VENUES.indexOf(venue));
        const worthKrw = SEED_KRW_MAX * (1.1 + 4.9 * random() ** 2);
        const worth = legRoleOf(venue) === "domestic" ? worthKrw : worthKrw / KRW_PER_USDT;
        const even = (levels: TextBook["asks"]) =>
          levels.slice(0, levelsMax).map(([price], _, { length }) => {
            const qty = (worth / length / Number(price)) * (0.95 + 0.1 * random());
            return [price, qty.toPrecision(8)] as const;
          });
        return legOf({ asks: even(text.asks), bids: even(text.bids) }, multiplier);
      };
      return {
        coin,
        legs: {
          upbit: leg("upbit", 30),
          bithumb: leg("bithumb", 30),
          bybit: leg("bybit", 60),
          binance: leg("binance", 60),
        },
      };
    }),
  };
}

/** The rows a tick's workers would report. */
export function rowsOf({ tickAtMs, coins }: BenchTick): RateRow[] {
  const sweeps = { upbit: createDomesticSweep(), bithumb: createDomesticSweep() };
  const random = seededRandom(tickAtMs / 1000);
  const rows: RateRow[] = [];
  for (const { coin, legs } of coins) {
    const ageMs = { upbit: 0, bithumb: 0, bybit: 0, binance: 0 };
    for (const venue of VENUES) ageMs[venue] = 20 + Math.floor(250 * random());
    sweepDomestic(legs.upbit.book, sweeps.upbit);
    sweepDomestic(legs.bithumb.book, sweeps.bithumb);
    for (const [pairIndex, { domestic, overseas }] of PAIRS.entries()) {
      const ratesJeon = new Float64Array(RATES_PER_ROW).fill(Number.NaN);
      const { book, multiplier } = legs[overseas];
      ratesOfPair(sweeps[domestic], legs[domestic].book, book, multiplier, ratesJeon);
      const bookAgeMs = Math.max(ageMs[domestic], ageMs[overseas]);
      rows.push({ coin, pairIndex, tickAtMs, bookAgeMs, reason: "none", ratesJeon });
    }
  }
  return rows;
}

/** Packed frames of full tables of one size, each with every row newer than the one before; their ticks are 1 ms apart. */
export function fullTables(count: number, firstAtMs: number): Uint8Array[] {
  const rows = rowsOf(evenTick([...marketTicks(1)][0]!));
  return Array.from({ length: count }, (_, index) => {
    const tickAtMs = firstAtMs + index;
    return packFrame({
      tickAtMs,
      part: 0,
      closing: true,
      reference: undefined,
      rows: rows.map((row) => ({ ...row, tickAtMs, ratesJeon: row.ratesJeon.map((jeon) => jeon + index) })),
    });
  });
}
