import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type ChartColumns,
  type CoinHistory,
  chartColumns,
  markPlace,
  marksOf,
  type PairHistory,
  recordedSizeOf,
  spanAfter,
  wholeSpan,
} from "./chart-data.ts";
import { CLOSED, NOW_MS, SOL, TRADER, VIEW } from "./trading-view-testing.ts";

const MINUTE_MS = 60_000;
const about = { pair: "upbit-bybit", fromMs: 0, toMs: 3_600_000, stepMs: MINUTE_MS } as const;

function coinOf(minutes: readonly number[], rates: readonly (number | null)[]): CoinHistory {
  const exitRate = rates.map((rate) => (rate === null ? null : rate - 1));
  const atMs = minutes.map((minute) => minute * MINUTE_MS);
  return { ...about, coin: "BTC", size: "1M", atMs, entryRate: [...rates], exitRate };
}

function pairOf(minutes: readonly number[], prices: readonly (number | null)[]): PairHistory {
  const nothing = minutes.map(() => null);
  return {
    ...about,
    ...{ bestEntryRate: nothing, bestExitRate: nothing, medianEntryRate: nothing, medianExitRate: nothing },
    ...{
      atMs: minutes.map((minute) => minute * MINUTE_MS),
      referencePrice: [...prices],
      coinCount: minutes.map(() => 1),
    },
  };
}

test("rates stand over seconds with the reference price of the same minute", () => {
  const columns = chartColumns(coinOf([1, 2, 3], [1_400, null, 1_402]), pairOf([1, 3], [1_390, 1_391]));
  assert.deepEqual(columns, [
    [60, 120, 180],
    [1_400, null, 1_402],
    [1_399, null, 1_401],
    [1_390, null, 1_391],
  ]);
  assert.deepEqual(chartColumns(coinOf([1], [1_400]), undefined)[3], [null]);
  assert.deepEqual(chartColumns(coinOf([], []), undefined), [[], [], [], []]);
});

test("where nothing was recorded for long the line breaks", () => {
  assert.deepEqual(chartColumns(coinOf([1, 4, 8], [1, 2, 3]), undefined).slice(0, 2), [
    [60, 240, 300, 480],
    [1, 2, null, 3],
  ]);
});

test("a chart shows ten minutes at least, and keeps what the reader has chosen when newer minutes come", () => {
  const times = (...atS: number[]): ChartColumns => [atS, [], [], []];
  assert.deepEqual(wholeSpan(times(6_000)), { min: 5_400, max: 6_000 });
  assert.deepEqual(wholeSpan(times(6_000, 6_060)), { min: 5_460, max: 6_060 });
  assert.deepEqual(wholeSpan(times(6_000, 9_000)), { min: 6_000, max: 9_000 });
  const [before, whole, chosen] = [
    { min: 0, max: 9_000 },
    { min: 60, max: 9_060 },
    { min: 0, max: 8_000 },
  ];
  assert.deepEqual(spanAfter(before, before, whole), whole);
  assert.deepEqual(spanAfter(chosen, before, whole), chosen);
  assert.deepEqual(spanAfter(chosen, undefined, whole), whole);
});

test("a mark stands at its rate, or on its line at the nearest minute, and outside the chart nowhere", () => {
  const columns: ChartColumns = [
    [60, 120, 180],
    [1_400, 1_401, null],
    [1_410, null, 1_412],
    [null, null, null],
  ];
  assert.deepEqual(markPlace({ kind: "entry", atS: 100, rate: 1_399.5 }, columns), {
    atS: 100,
    rate: 1_399.5,
  });
  assert.deepEqual(markPlace({ kind: "exit", atS: 130, rate: undefined }, columns), {
    atS: 130,
    rate: 1_412,
  });
  assert.deepEqual(markPlace({ kind: "entry", atS: 180, rate: undefined }, columns), {
    atS: 180,
    rate: 1_401,
  });
  assert.equal(markPlace({ kind: "entry", atS: 59, rate: 1 }, columns), undefined);
  assert.equal(markPlace({ kind: "entry", atS: 181, rate: 1 }, columns), undefined);
});

test("marks are the entries of what is open and closed and the exits of what is closed, of the coin on the pair", () => {
  const openedAtS = NOW_MS / 1_000;
  assert.deepEqual(marksOf(VIEW, { coin: "SOL", pairIndex: 1 }), [
    { kind: "entry", atS: openedAtS, rate: Number(SOL.entryRate) },
  ]);
  assert.deepEqual(marksOf(VIEW, { coin: "SOL", pairIndex: 0 }), []);
  const again = { ...VIEW, traders: [TRADER, { ...TRADER, open: [], closed: [{ ...CLOSED, coin: "DOT" }] }] };
  assert.deepEqual(marksOf(again, { coin: "DOT", pairIndex: 0 }), [
    { kind: "entry", atS: CLOSED.openedAtMs / 1_000, rate: undefined },
    { kind: "exit", atS: CLOSED.closedAtMs / 1_000, rate: undefined },
  ]);
  assert.deepEqual(marksOf(undefined, { coin: "SOL", pairIndex: 1 }), []);
});

test("a chart shows the remembered size that is nearer to the chosen one", () => {
  assert.deepEqual(
    [1, 3, 4, 10, 100].map((million) => recordedSizeOf(million * 1_000_000)),
    [...["1M", "1M", "10M", "10M", "10M"]],
  );
});
