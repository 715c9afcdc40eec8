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

test("hours abroad are put together on the grid candles have at home, whole ones alone", () => {
  const HOUR_MS = 3_600_000;
  const day = Date.UTC(2026, 2, 1) / HOUR_MS;
  const hour = (at: number, prices: string, volume = "1"): Candle => {
    const [open = "", high = "", low = "", close = ""] = prices.split(" ");
    return { startAtMs: (day + at) * HOUR_MS, open, high, low, close, volume };
  };
  const hours = [
    ...[hour(2, "9 9 9 9"), hour(3, "1 2 1 2", "0.1"), hour(4, "2 5 2 4", "0.2"), hour(5, "4 4 0.5 1")],
    ...[hour(6, "1 1 1 2"), hour(7, "2 3 2 3", "7"), hour(11, "8 8 8 8")],
  ];
  const { candleData, ex2VolumeData } = klineOf({
    domestic: series(1, hour(3, "10 10 10 10"), hour(7, "12 12 12 12")),
    overseas: series(1, ...hours),
    usdt: undefined,
    overseasGrid: {
      ...{ lengthMs: 4 * HOUR_MS, offsetMs: 3 * HOUR_MS },
      ...{ fromMs: (day + 3) * HOUR_MS, beforeMs: (day + 11) * HOUR_MS },
    },
  });
  const time = (day + 3) * 3_600;
  expect(candleData).toEqual([
    { time, open: 10, high: 2, low: 20, close: 5 },
    { time: time + 14_400, open: 6, high: 4, low: 6, close: 4 },
  ]);
  expect(ex2VolumeData).toEqual([
    { time, value: 2.3 },
    { time: time + 14_400, value: 7 },
  ]);
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
