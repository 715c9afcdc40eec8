import { expect, test } from "bun:test";
import fc from "fast-check";
import { runsOf } from "../testing/runs.ts";
import { SIM_VENUES } from "./listings.ts";
import { createMarket } from "./market.ts";
import { BITHUMB_KRW_GRID, fixedText, incrementAt, nearestOnGrid, UPBIT_KRW_GRID } from "./ticks.ts";
import type { SimBook, SimListing, SimVenue } from "./types.ts";

const RUNS = runsOf(100, 10_000);
const START_AT_MS = Date.UTC(2026, 10, 22, 3);
const YEAR_MS = 365 * 86_400_000;
const KRW_WANTED = 100_000_000;
/** 100,000,000 KRW at the lowest rate of the recording. */
const USDT_WANTED = KRW_WANTED / 1_351;

const market = createMarket({ seed: 7, startAtMs: START_AT_MS });
const everyListing = SIM_VENUES.flatMap((venue) => market.listings(venue, START_AT_MS));
const anyListing = fc.constantFrom(...everyListing);
const anyAtMs = fc.integer({ min: START_AT_MS - 30 * 86_400_000, max: START_AT_MS + YEAR_MS });

/** A decimal text as an exact whole number of 10^-12. */
function exact(text: string): bigint {
  const [whole, fraction = ""] = text.split(".");
  return BigInt(whole! + fraction.padEnd(12, "0"));
}

function exactStep(step: number): bigint {
  return exact(step.toFixed(12));
}

const PLAIN = /^(0|[1-9]\d*)(\.\d+)?$/;

/** What a book of that listing breaks, in words, level by level; a plain loop, for it sees thousands of levels. */
function defectsOf(book: SimBook, listing: SimListing): string[] {
  const qtyStep = exactStep(listing.qtyStep);
  const defects: string[] = [];
  for (const side of [book.asks, book.bids]) {
    const direction = side === book.asks ? 1n : -1n;
    for (const [index, [price, qty]] of side.entries()) {
      const isPlain = PLAIN.test(price) && PLAIN.test(qty);
      const isOnGrid = exact(price) % exactStep(listing.priceIncrementAt(Number(price))) === 0n;
      const isLot = exact(qty) > 0n && exact(qty) % qtyStep === 0n;
      const isBeyond = index === 0 || (exact(price) - exact(side[index - 1]![0])) * direction > 0n;
      if (!(isPlain && isOnGrid && isLot && isBeyond)) {
        defects.push(
          `level ${index}: ${price} ${qty}: ${JSON.stringify({ isPlain, isOnGrid, isLot, isBeyond })}`,
        );
      }
    }
  }
  if (exact(book.bids[0]![0]) >= exact(book.asks[0]![0])) defects.push("crossed");
  return defects;
}

test("any book at any time is sorted, uncrossed, without duplicates, on the venue's grids", () => {
  const depth = fc.constantFrom(1, 5, 15, 30, 100);
  fc.assert(
    fc.property(anyListing, anyAtMs, depth, (listing, atMs, levelsMax) => {
      const book = market.book(listing.venue, listing.symbol, atMs, levelsMax);
      if (book === undefined) {
        const alive = market.listings(listing.venue, atMs).some((other) => other.symbol === listing.symbol);
        expect(alive).toBe(false);
        return;
      }
      expect(defectsOf(book, listing)).toEqual([]);
      const most =
        listing.venue === "upbit" || listing.venue === "bithumb" ? Math.min(30, levelsMax) : levelsMax;
      expect([book.asks.length, book.bids.length]).toEqual([most, most]);
      expect(book.atMs).toBeLessThanOrEqual(atMs);
      expect(atMs - book.atMs).toBeLessThan(250);
    }),
    { numRuns: RUNS },
  );
});

test("a perpetual's book of 1,000 levels is sound and begins with the book of 50", () => {
  for (const symbol of ["BTCUSDT", "1000PEPEUSDT", "ANIMEUSDT"]) {
    const deep = market.book("binance", symbol, START_AT_MS, 1_000)!;
    const listing = everyListing.find((other) => other.venue === "binance" && other.symbol === symbol)!;
    expect(defectsOf(deep, listing)).toEqual([]);
    expect(deep.asks.length).toBe(1_000);
    const fresh = createMarket({ seed: 7, startAtMs: START_AT_MS }).book("binance", symbol, START_AT_MS, 50)!;
    expect(fresh.asks).toEqual(deep.asks.slice(0, 50));
    expect(fresh.bids).toEqual(deep.bids.slice(0, 50));
    expect(market.book("binance", symbol, START_AT_MS, 50)).toEqual(fresh);
  }
});

test("two books of one symbol a second apart differ and their sequence grows; within a step they are one", () => {
  fc.assert(
    fc.property(anyListing, anyAtMs, ({ venue, symbol }, atMs) => {
      const first = market.book(venue, symbol, atMs, 15);
      const later = market.book(venue, symbol, atMs + 1_000, 15);
      if (first === undefined || later === undefined) return;
      expect(later.sequence).toBeGreaterThan(first.sequence);
      expect(later.asks).not.toEqual(first.asks);
      expect(later.bids).not.toEqual(first.bids);
      expect(market.book(venue, symbol, first.atMs, 15)).toEqual(first);
    }),
    { numRuns: RUNS / 4 },
  );
});

test("most of a deep book lasts from one step to the next", () => {
  const before = new Map(market.book("binance", "ETHUSDT", START_AT_MS, 200)!.asks);
  const after = market.book("binance", "ETHUSDT", START_AT_MS + 100, 200)!.asks;
  const kept = after.filter(([price, qty]) => before.get(price) === qty).length;
  expect(kept).toBeGreaterThan(100);
  expect(kept).toBeLessThan(200);
});

/** Fewest levels that hold the notional on both sides, or Infinity. */
function levelsNeeded(book: SimBook, notional: number): number {
  const sides = [book.asks, book.bids].map((side) => {
    let held = 0;
    const index = side.findIndex(([price, qty]) => (held += Number(price) * Number(qty)) >= notional);
    return index < 0 ? Number.POSITIVE_INFINITY : index + 1;
  });
  return Math.max(...sides);
}

function countByDepth(venue: SimVenue, notional: number, depths: readonly number[], every = 1): number[] {
  const counts = depths.map(() => 0);
  for (const [index, { symbol }] of market.listings(venue, START_AT_MS).entries()) {
    if (index % every !== every - 1) continue;
    const needed = levelsNeeded(market.book(venue, symbol, START_AT_MS, 1_000)!, notional);
    counts[depths.findIndex((depth) => needed <= depth)]!++;
  }
  return counts;
}

test("100M KRW fits 30 Upbit levels of the majors and runs out of thin books", () => {
  for (const base of ["BTC", "ETH", "XRP", "SOL", "DOGE"]) {
    expect(
      levelsNeeded(market.book("upbit", `KRW-${base}`, START_AT_MS, 30)!, KRW_WANTED),
    ).toBeLessThanOrEqual(30);
  }
  const [fits, runsOut] = countByDepth("upbit", KRW_WANTED, [30, Number.POSITIVE_INFINITY]) as [
    number,
    number,
  ];
  const [, thin] = countByDepth("upbit", 20_000_000, [30, Number.POSITIVE_INFINITY]) as [number, number];
  expect(fits).toBeGreaterThan(40);
  expect(runsOut - thin).toBeGreaterThan(50);
  expect(thin).toBeGreaterThan(10);
});

test("100M KRW needs 50 levels of some Binance perpetuals, 100, 500 or 1,000 of others, and more of a few", () => {
  const every = runsOf(3, 1);
  const depths = [50, 100, 500, 1_000, Number.POSITIVE_INFINITY];
  const counts = countByDepth("binance", USDT_WANTED, depths, every);
  expect(counts[0]).toBeGreaterThan(80 / every);
  expect(counts[1]).toBeGreaterThan(15 / every);
  expect(counts[2]).toBeGreaterThan(4 / every);
  expect(counts[3]).toBeGreaterThan(1 / every);
  expect(counts[4]).toBeGreaterThan(0);
});

test("price increments are those of the venues' KRW tables", () => {
  const upbit = [
    [150_000_000, 1_000],
    [1_000_000, 1_000],
    [999_500, 500],
    [500_000, 500],
    [100_000, 100],
    [50_000, 50],
    [10_000, 10],
    [5_000, 5],
    [4_999, 1],
    [1_000, 1],
    [100, 1],
    [99.9, 0.1],
    [10, 0.1],
    [1, 0.01],
    [0.1, 0.001],
    [0.01, 0.0001],
    [0.001, 0.00001],
    [0.0001, 0.000001],
    [0.00001, 0.0000001],
    [0.000009, 0.00000001],
  ] as const;
  const bithumb = [
    [150_000_000, 1_000],
    [1_000_000, 1_000],
    [500_000, 500],
    [100_000, 100],
    [50_000, 50],
    [10_000, 10],
    [5_000, 5],
    [4_999, 1],
    [100, 1],
    [99.99, 0.01],
    [10, 0.01],
    [9.999, 0.001],
    [1, 0.001],
    [0.9999, 0.0001],
  ] as const;
  for (const [price, increment] of upbit) expect(incrementAt(UPBIT_KRW_GRID, price)).toBe(increment);
  for (const [price, increment] of bithumb) expect(incrementAt(BITHUMB_KRW_GRID, price)).toBe(increment);
  expect(nearestOnGrid(UPBIT_KRW_GRID, 1_234_567)).toBe(1_235_000);
  expect(nearestOnGrid(UPBIT_KRW_GRID, 0.0123456)).toBe(0.0123);
  expect(fixedText(5, 3)).toBe("0.005");
  expect(fixedText(123456, 3)).toBe("123.456");
});
