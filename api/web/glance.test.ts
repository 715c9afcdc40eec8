import { expect, test } from "bun:test";
import { SEED_COUNT } from "../../schema/vocabulary.ts";
import { nullRow, type RateRow } from "../../src/domain/rate-table.ts";
import { axisEndBps, binOf, distributionOf, widestSpreads } from "./glance.ts";
import { ALL_PAIRS, type Line, PremiumModel } from "./model.ts";
import { PageMarket } from "./page-testing.ts";

const TICK_MS = 30_000;
const REFERENCE_KRW = 1_400;

function quoted(coin: string, pairIndex: number, entryJeon: number, exitJeon: number): RateRow {
  const row = nullRow(coin, pairIndex, TICK_MS, "none");
  row.ratesJeon.fill(entryJeon, 0, SEED_COUNT).fill(exitJeon, SEED_COUNT);
  return row;
}

function linesOf(rows: readonly RateRow[]): readonly Line[] {
  const model = new PremiumModel(0);
  model.merge(rows, undefined, TICK_MS);
  return model.linesOf(ALL_PAIRS);
}

const market = linesOf(new PageMarket(11).tick(TICK_MS).rows);
const sum = (counts: readonly number[]) => counts.reduce((total, count) => total + count, 0);

test("every rate of the market counts once, in the bin its premium lies in", () => {
  const { axis, entries, exits } = distributionOf(market, 1_384)!;
  const isNumber = (rate: number) => !Number.isNaN(rate);
  expect(sum(entries)).toBe(market.filter(({ entryJeon }) => isNumber(entryJeon)).length);
  expect(sum(exits)).toBe(market.filter(({ exitJeon }) => isNumber(exitJeon)).length);
  expect(entries.length).toBe(axis.binCount);
  expect(axis.binCount).toBeLessThanOrEqual(40);
  const middle = axis.fromBps + 3 * axis.binBps;
  const inFourth = market.filter(({ entryJeon }) => {
    const bps = Math.round((entryJeon / 1_384 - 100) * 100);
    return bps >= middle && bps < middle + axis.binBps;
  });
  expect(entries[3]).toBe(inFourth.length);
});

test("the reference is on the axis, and a stray coin does not squeeze the others", () => {
  const rows = Array.from({ length: 99 }, (_, index) => quoted(`C${index}`, 0, 140_700 + index, 140_650));
  const { axis, entries } = distributionOf(linesOf([...rows, quoted("ODD", 0, 280_000, 139_000)]), 1_400)!;
  expect(axis.fromBps).toBe(0);
  expect(axisEndBps(axis)).toBeLessThan(200);
  expect(entries.at(-1)).toBeGreaterThanOrEqual(1);
  expect(binOf(-5_000, axis)).toBe(0);
});

test("an axis stays while the values fill it, and follows when they leave it or shrink", () => {
  const spreadOver = (jeon: number, before?: ReturnType<typeof distributionOf>) =>
    distributionOf(
      linesOf([quoted("A", 0, 140_000 + jeon, 140_000), quoted("B", 0, 140_000, 140_000 - jeon)]),
      REFERENCE_KRW,
      before?.axis,
    )!;
  const first = spreadOver(1_400);
  expect(first.axis).toEqual({ fromBps: -100, binBps: 10, binCount: 21 });
  expect(spreadOver(1_000, first).axis).toBe(first.axis);
  expect(spreadOver(2_000, first).axis).not.toEqual(first.axis);
  expect(spreadOver(300, first).axis.binBps).toBe(5);
});

test("without rates or without a reference there is nothing to show", () => {
  expect(distributionOf(market, undefined)).toBeUndefined();
  expect(distributionOf([], 1_400)).toBeUndefined();
  expect(distributionOf(linesOf([nullRow("BTC", 0, TICK_MS, "empty")]), 1_400)).toBeUndefined();
});

test("a coin's spread is its best exit over its best entry, whatever the pairs; the widest come first", () => {
  const lines = linesOf([
    quoted("BTC", 0, 140_000, 139_900),
    quoted("BTC", 3, 140_500, 140_400),
    quoted("ETH", 1, 140_000, 139_000),
    quoted("ADA", 1, Number.NaN, 141_000),
    quoted("XRP", 2, 140_000, 140_700),
    nullRow("SOL", 0, TICK_MS, "stale"),
  ]);
  const shown = widestSpreads(lines, 5).map(({ entry, exit, pct }) => {
    return `${entry.row.coin} ${entry.row.pairIndex}>${exit.row.pairIndex} ${pct.toFixed(3)}`;
  });
  expect(shown).toEqual(["XRP 2>2 0.500", "BTC 0>3 0.286", "ETH 1>1 -0.714"]);
  expect(widestSpreads(lines, 1).map(({ entry }) => entry.row.coin)).toEqual(["XRP"]);
});
