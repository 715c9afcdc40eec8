import { expect, test } from "bun:test";
import fc from "fast-check";
import { runsOf } from "../testing/runs.ts";
import { standInMarket } from "./stand-in-market.ts";
import {
  type CandleUnit,
  candleStart,
  candlesBefore,
  DAY_MS,
  dayFigures,
  nextCandleStart,
} from "./wire-candles.ts";

const UNITS: readonly CandleUnit[] = [60_000, DAY_MS, "kst-4h", "week", "month", "year"];
const instants = fc.integer({ min: Date.UTC(2000, 0, 1), max: Date.UTC(2060, 0, 1) });

test("every instant lies in exactly one candle, and candles follow each other without a gap", () => {
  fc.assert(
    fc.property(instants, fc.constantFrom(...UNITS), (atMs, unit) => {
      const startAtMs = candleStart(unit, atMs);
      const nextAtMs = nextCandleStart(unit, startAtMs);
      expect(startAtMs).toBeLessThanOrEqual(atMs);
      expect(nextAtMs).toBeGreaterThan(atMs);
      expect(candleStart(unit, nextAtMs)).toBe(nextAtMs);
      expect(candleStart(unit, nextAtMs - 1)).toBe(startAtMs);
      if (unit === "week") expect(new Date(startAtMs).getUTCDay()).toBe(1);
    }),
    { numRuns: runsOf(300, 20_000) },
  );
});

test("a month is made of its days", () => {
  const market = standInMarket();
  const endAtMs = Date.UTC(2026, 2, 1);
  const [february] = candlesBefore(market, "upbit", "KRW-BTC", "month", endAtMs, 1);
  const days = market.candles("upbit", "KRW-BTC", DAY_MS, endAtMs - 1, 28);
  expect(february).toEqual({
    startAtMs: Date.UTC(2026, 1, 1),
    open: days[0]!.open,
    high: Math.max(...days.map((day) => day.high)),
    low: Math.min(...days.map((day) => day.low)),
    close: days.at(-1)!.close,
    volumeCoin: days.reduce((sum, day) => sum + day.volumeCoin, 0),
  });
});

test("four hours of Korea's day begin at 03, 07 ... 23 o'clock of UTC and are made of their hours", () => {
  const market = standInMarket();
  const endAtMs = Date.UTC(2026, 2, 1, 4, 30);
  const candles = candlesBefore(market, "bithumb", "KRW-BTC", "kst-4h", endAtMs, 3);
  const hours = market.candles("bithumb", "KRW-BTC", 3_600_000, endAtMs - 1, 6);
  expect(candles.map(({ startAtMs }) => new Date(startAtMs).getUTCHours())).toEqual([19, 23, 3]);
  expect(candles[1]).toMatchObject({ open: hours[0]!.open, close: hours[3]!.close, volumeCoin: 50 });
  expect(candles[2]).toMatchObject({ open: hours[4]!.open, close: hours[5]!.close, volumeCoin: 25 });
});

test("the 24 hour volume takes of yesterday what is less than a day ago", () => {
  const noonMs = Date.UTC(2026, 2, 1, 12);
  const figures = dayFigures(standInMarket(), "bybit", "BTCUSDT", noonMs);
  // The stand-in trades 12.5 in every candle, however long.
  expect(figures?.volumeCoin).toBe(12.5 + 12.5 / 2);
  expect(dayFigures(standInMarket(), "bybit", "NONEUSDT", noonMs)).toBeUndefined();
});
