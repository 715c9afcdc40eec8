import { expect, test } from "bun:test";
import { createMarket } from "./market.ts";

const START_AT_MS = Date.UTC(2026, 5, 1);
const MINUTE_MS = 60_000;

/** Standard deviation of what IMX's premium does within three minutes, over a day. */
function movement(premiumPace?: number): number {
  const market = createMarket({
    seed: 1,
    startAtMs: START_AT_MS,
    ...(premiumPace !== undefined && { premiumPace }),
  });
  const middle = (venue: "upbit" | "bybit", symbol: string, atMs: number) => {
    const { asks, bids } = market.book(venue, symbol, atMs, 1)!;
    return Math.log((Number(asks[0]![0]) + Number(bids[0]![0])) / 2);
  };
  const premium = (atMs: number) =>
    middle("upbit", "KRW-IMX", atMs) -
    middle("bybit", "IMXUSDT", atMs) -
    middle("upbit", "KRW-BTC", atMs) +
    middle("bybit", "BTCUSDT", atMs);
  const moves = Array.from({ length: 60 }, (_, index) => {
    const atMs = START_AT_MS + index * 24 * MINUTE_MS;
    return premium(atMs + 3 * MINUTE_MS) - premium(atMs);
  });
  return Math.sqrt(moves.reduce((sum, move) => sum + move ** 2, 0) / moves.length);
}

test("premiums come and go as recorded unless a pace is asked for, and then faster", () => {
  expect(movement(1)).toBe(movement());
  expect(movement(8) / movement()).toBeGreaterThan(1.5);
});
