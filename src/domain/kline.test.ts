import { expect, test } from "bun:test";
import fc from "fast-check";
import type { Candle } from "./instrument.ts";
import { klineOf } from "./kline.ts";

const MINUTE_MS = 60_000;
const candle = (minute: number, price: string, volume = "2"): Candle => ({
  ...{ startAtMs: minute * MINUTE_MS, open: price, high: price, low: price, close: price, volume },
});
const series = (multiplier: number, ...candles: Candle[]) => ({ candles, multiplier });

test("1000PEPE counts a thousand coins: its price is divided by them and its volume multiplied", () => {
  const kline = klineOf({
    domestic: series(1, candle(1, "13.9", "5000"), candle(2, "14", "1")),
    overseas: series(1_000, candle(2, "10.1", "3"), candle(3, "10", "7")),
    usdt: series(1, candle(2, "1390.5")),
  });
  expect(kline).toEqual({
    candleData: [{ time: 120, open: 1386.1386, high: 1386.1386, low: 1386.1386, close: 1386.1386 }],
    volumeData: [{ time: 120, value: 3_001 }],
    ex1VolumeData: [
      { time: 60, value: 5_000 },
      { time: 120, value: 1 },
    ],
    ex2VolumeData: [
      { time: 120, value: 3_000 },
      { time: 180, value: 7_000 },
    ],
    usdtCandleData: [{ time: 120, value: 1390.5 }],
  });
});

test("each figure is over its namesake", () => {
  const home = { ...candle(1, "1"), open: "10", high: "16", low: "8", close: "12" };
  const abroad = { ...candle(1, "1"), open: "5", high: "8", low: "2", close: "3" };
  const { candleData } = klineOf({
    ...{ domestic: series(1, home), overseas: series(1, abroad), usdt: undefined },
  });
  expect(candleData).toEqual([{ time: 60, open: 2, high: 2, low: 4, close: 4 }]);
});

test("what is missing leaves the chart emptier, and never undefined where Karbit reads a list", () => {
  const nothing = { domestic: undefined, overseas: undefined, usdt: undefined };
  expect(klineOf(nothing)).toEqual({ candleData: [], volumeData: [] });
  expect(klineOf({ ...nothing, overseas: series(1, candle(1, "5")) })).toEqual({
    ...{ candleData: [], volumeData: [], ex2VolumeData: [{ time: 60, value: 2 }] },
  });
  expect(klineOf({ ...nothing, usdt: series(1, candle(1, "1390")), domestic: series(1) })).toEqual({
    ...{ candleData: [], volumeData: [], usdtCandleData: [{ time: 60, value: 1390 }] },
  });
});

test("whatever decimals a venue prints, every number of a chart is finite and every time comes once", () => {
  const decimal = fc.oneof(
    fc.constantFrom("1e999", "1e-999", "1e308", "1e-308", "0.00000001", "1"),
    fc.double({ min: 1e-12, max: 1e12, noNaN: true }).map(String),
  );
  const bars = fc.array(
    fc
      .tuple(fc.integer({ min: 0, max: 5 }), decimal, decimal, decimal)
      .map(([minute, open, close, volume]) => ({ ...candle(minute, open, volume), close })),
  );
  const any = fc.record({ candles: bars, multiplier: fc.constantFrom(1, 1_000_000) });
  fc.assert(
    fc.property(any, any, any, (domestic, overseas, usdt) => {
      const kline = klineOf({ domestic, overseas, usdt });
      for (const list of Object.values(kline)) {
        expect(list.flatMap((one: object) => Object.values(one)).every(Number.isFinite)).toBe(true);
        const times = list.map(({ time }: { time: number }) => time);
        expect(new Set(times).size).toBe(times.length);
      }
    }),
    { numRuns: process.env.FULL ? 20_000 : 500 },
  );
});
