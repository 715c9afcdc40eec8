import { expect, test } from "bun:test";
import fc from "fast-check";
import type { TaskCoin } from "../../schema/messages/quote-task.ts";
import type { Venue } from "../../schema/vocabulary.ts";
import type { Listing } from "./instrument.ts";
import { DepthBook, joinListings, packTasks, pairIndicesOf, taskCoinOf, tickCosts } from "./listing-table.ts";
import { binanceWeight, shortestTickMs } from "./venue-limits.ts";

function listing(venue: Venue, coin: string, symbol = `${coin}USDT`, multiplier = 1): Listing {
  return {
    venue,
    coin,
    symbol,
    multiplier,
    displayName: coin,
    tradable: true,
    warnings: [],
    delistAtMs: undefined,
    priceIncrement: undefined,
    qtyStep: undefined,
    qtyMin: undefined,
    notionalMin: undefined,
  };
}

const coinWithDepth = fc.record({
  name: fc.string({ minLength: 1, maxLength: 6, unit: fc.constantFrom(..."ABCDEFGHIJ") }),
  depth: fc.constantFrom(50, 100, 500, 1000),
});

test("packTasks puts every coin into exactly one task of at most four, balanced to within one coin's weight", () => {
  fc.assert(
    fc.property(fc.uniqueArray(coinWithDepth, { selector: ({ name }) => name, maxLength: 200 }), (coins) => {
      const wanted = coins.map(
        ({ name, depth }): TaskCoin => ({
          coin: name,
          legs: [{ venue: "binance", symbol: `${name}USDT`, multiplier: 1, depth }],
        }),
      );
      const tasks = packTasks(wanted, 4);
      expect(tasks.length).toBe(Math.ceil(coins.length / 4));
      expect(
        tasks
          .flat()
          .map(({ coin }) => coin)
          .sort(),
      ).toEqual(coins.map(({ name }) => name).sort());
      for (const task of tasks) expect(task.length).toBeLessThanOrEqual(4);
      const full = tasks.filter((task) => task.length < 4).map((task) => weightOf(task));
      const weights = tasks.map(weightOf);
      // A task with room left is never heavier than a full one by more than the heaviest coin.
      if (full.length > 0) expect(Math.max(...full) - Math.min(...weights)).toBeLessThanOrEqual(20);
    }),
  );
});

function weightOf(task: readonly TaskCoin[]): number {
  return task.reduce((sum, { legs }) => sum + binanceWeight(legs[0]!.depth), 0);
}

test("joinListings keeps coins with a leg on both sides and knows their pairs", () => {
  const coins = joinListings([
    listing("upbit", "PEPE", "KRW-PEPE"),
    listing("bybit", "PEPE", "1000PEPEUSDT", 1000),
    listing("upbit", "ONLYKR", "KRW-ONLYKR"),
    listing("binance", "ONLYFR"),
    listing("bithumb", "BTC", "KRW-BTC"),
    listing("binance", "BTC"),
  ]);
  expect(coins.map(({ coin }) => coin)).toEqual(["BTC", "PEPE"]);
  expect(coins.map(pairIndicesOf)).toEqual([[3], [0]]);
  expect(taskCoinOf(coins[1]!, new DepthBook()).legs).toEqual([
    { venue: "upbit", symbol: "KRW-PEPE", multiplier: 1, depth: 30 },
    { venue: "bybit", symbol: "1000PEPEUSDT", multiplier: 1000, depth: 500 },
  ]);
});

test("DepthBook asks deeper when a book ended too early and shallower when a part was enough", () => {
  const depths = new DepthBook();
  expect(depths.depthOf("BTC")).toBe(100);
  depths.learn("BTC", null, 100);
  expect(depths.depthOf("BTC")).toBe(500);
  depths.learn("BTC", null, 500);
  expect(depths.depthOf("BTC")).toBe(1000);
  depths.learn("BTC", null, 1000);
  expect(depths.depthOf("BTC")).toBe(1000);
  depths.learn("BTC", 20, 1000);
  expect(depths.depthOf("BTC")).toBe(50);
  // 45 of 50 leave too little reserve.
  depths.learn("BTC", 45, 50);
  expect(depths.depthOf("BTC")).toBe(100);
  // The whole book is shorter than asked for: deeper would only cost weight.
  depths.learn("THIN", null, 30);
  expect(depths.depthOf("THIN")).toBe(50);
  depths.learn("THIN", null, 45);
  expect(depths.depthOf("THIN")).toBe(50);
});

test("a depth at the border of two weights stays where it is while the levels used wander a little", () => {
  for (const { levels, start } of [
    { levels: [75, 78, 76, 80, 74, 79], start: 100 },
    { levels: [37, 40, 38, 41, 36], start: 50 },
    { levels: [380, 400, 390, 384], start: 500 },
  ]) {
    const depths = new DepthBook();
    while (depths.depthOf("BTC") < start) depths.learn("BTC", null, depths.depthOf("BTC"));
    if (start === 50) depths.learn("BTC", 20, 100);
    const seen = levels.map((each) => {
      depths.learn("BTC", each, start);
      return depths.depthOf("BTC");
    });
    expect(new Set(seen)).toEqual(new Set([start]));
  }
});

test("a listing whose name no task can carry is left out, since it would cost its task's other coins theirs", () => {
  const long = "A".repeat(21);
  const coins = joinListings([
    listing("upbit", long, `KRW-${long}`),
    listing("bybit", long),
    listing("upbit", "BTC", "KRW-BTC"),
    listing("bybit", "BTC"),
    listing("binance", "BTC", `${"B".repeat(41)}`),
  ]);
  expect(coins.map(({ coin }) => coin)).toEqual(["BTC"]);
  expect(pairIndicesOf(coins[0]!)).toEqual([0]);
});

test("the shortest tick is what the scarcest venue sustains", () => {
  const costs = { upbit: 33, bithumb: 131, bybit: 131, binance: 655 };
  expect(shortestTickMs(costs, 1)).toEqual({ tickMs: 16_375, venue: "binance" });
  expect(shortestTickMs(costs, 5)).toEqual({ tickMs: 3_275, venue: "binance" });
  const coin: TaskCoin = {
    coin: "BTC",
    legs: [
      { venue: "upbit", symbol: "KRW-BTC", multiplier: 1, depth: 30 },
      { venue: "bithumb", symbol: "KRW-BTC", multiplier: 1, depth: 30 },
      { venue: "binance", symbol: "BTCUSDT", multiplier: 1, depth: 500 },
    ],
  };
  expect(tickCosts([coin, coin, coin, coin, coin], 4)).toEqual({
    upbit: 2,
    bithumb: 5,
    bybit: 0,
    binance: 50,
  });
});
