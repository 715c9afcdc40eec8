import { describe, expect, test } from "bun:test";
import { PAIRS, SEED_COUNT } from "../../schema/vocabulary.ts";
import { nullRow, type RateRow } from "../../src/domain/rate-table.ts";
import { ALL_PAIRS, median, PremiumModel, type Sort, togglePair } from "./model.ts";
import { PageMarket } from "./page-testing.ts";

const TICK_MS = 30_000;
const REFERENCE = { priceKrw: 1400, venue: "upbit", atMs: TICK_MS } as const;

function quoted(
  coin: string,
  pairIndex: number,
  entryJeon: number,
  exitJeon = entryJeon - 100,
  tickAtMs = TICK_MS,
): RateRow {
  const row = nullRow(coin, pairIndex, tickAtMs, "none");
  row.ratesJeon.fill(entryJeon, 0, SEED_COUNT).fill(exitJeon, SEED_COUNT);
  return { ...row, bookAgeMs: 300 };
}

function modelOf(rows: RateRow[], sizeIndex = 0): PremiumModel {
  const model = new PremiumModel(sizeIndex);
  model.merge(rows, REFERENCE, TICK_MS);
  return model;
}

function order(model: PremiumModel, sort: Sort, query = ""): string[] {
  return model.select({ pairs: ALL_PAIRS, query, sort }).map(({ row }) => `${row.coin}${row.pairIndex}`);
}

describe("sorting", () => {
  const model = modelOf([
    quoted("XRP", 1, 140_100),
    quoted("BTC", 0, 140_200, 140_150),
    nullRow("ETH", 0, TICK_MS, "empty"),
    quoted("ADA", 2, 140_100, 139_000),
  ]);

  test("missing rates come last both ways; ties go by coin and pair", () => {
    expect(order(model, { key: "entry", descending: false })).toEqual(["ADA2", "XRP1", "BTC0", "ETH0"]);
    expect(order(model, { key: "entry", descending: true })).toEqual(["BTC0", "ADA2", "XRP1", "ETH0"]);
  });

  test("every column has its order", () => {
    expect(order(model, { key: "exit", descending: true })).toEqual(["BTC0", "XRP1", "ADA2", "ETH0"]);
    expect(order(model, { key: "coin", descending: false })).toEqual(["ADA2", "BTC0", "ETH0", "XRP1"]);
    expect(order(model, { key: "coin", descending: true })).toEqual(["XRP1", "ETH0", "BTC0", "ADA2"]);
    expect(order(model, { key: "pair", descending: true })).toEqual(["ADA2", "XRP1", "BTC0", "ETH0"]);
    expect(order(model, { key: "slippage", descending: true })).toEqual(["ADA2", "XRP1", "BTC0", "ETH0"]);
    expect(order(model, { key: "age", descending: false }).at(-1)).toBe("ETH0");
  });

  test("a search takes any part of the ticker in any case", () => {
    expect(order(model, { key: "coin", descending: false }, " t ")).toEqual(["BTC0", "ETH0"]);
    expect(order(model, { key: "coin", descending: false }, "nope")).toEqual([]);
  });

  test("rates are those of the chosen size, before and after it changes", () => {
    const frame = new PageMarket(5, 40).tick(TICK_MS);
    const market = modelOf([...frame.rows], 9);
    for (const sizeIndex of [9, 0, 99]) {
      market.setSize(sizeIndex);
      for (const row of frame.rows) {
        const line = market
          .select({ pairs: ALL_PAIRS, query: row.coin, sort: { key: "coin", descending: false } })
          .find((candidate) => candidate.row === row)!;
        expect(line.entryJeon).toBe(row.ratesJeon[sizeIndex]!);
        expect(line.exitJeon).toBe(row.ratesJeon[SEED_COUNT + sizeIndex]!);
      }
    }
  });
});

describe("merging", () => {
  const only = (model: PremiumModel) =>
    model.select({ pairs: ALL_PAIRS, query: "", sort: { key: "coin", descending: false } });

  test("an older tick never replaces a newer one", () => {
    const model = modelOf([quoted("BTC", 0, 140_000, 139_000, 2 * TICK_MS)]);
    model.merge([quoted("BTC", 0, 150_000, 149_000, TICK_MS)], undefined, TICK_MS);
    expect(only(model)[0]!.entryJeon).toBe(140_000);
    expect(model.tickAtMs).toBe(2 * TICK_MS);
  });

  test("a move is marked until it has been shown", () => {
    const model = modelOf([quoted("BTC", 0, 140_000, 139_000)]);
    model.merge([quoted("BTC", 0, 140_100, 138_000, 2 * TICK_MS)], undefined, TICK_MS);
    expect(only(model)[0]).toMatchObject({ entryMove: 1, exitMove: -1 });
    model.merge([quoted("BTC", 0, 140_100, 138_000, 2 * TICK_MS)], undefined, TICK_MS);
    expect(only(model)[0]).toMatchObject({ entryMove: 1, exitMove: -1 });
    model.settle();
    expect(only(model)[0]).toMatchObject({ entryMove: 0, exitMove: 0 });
  });

  test("a line nobody reports for two ticks leaves, a delisted one at once", () => {
    const model = modelOf([quoted("OLD", 0, 140_000), quoted("BTC", 0, 140_000), quoted("GONE", 0, 1)]);
    model.merge([nullRow("GONE", 0, 2 * TICK_MS, "delisted")], undefined, TICK_MS);
    expect(only(model).map(({ row }) => row.coin)).toEqual(["BTC", "OLD"]);
    model.merge([quoted("BTC", 0, 140_000, 139_000, 3 * TICK_MS)], undefined, TICK_MS);
    expect(only(model).map(({ row }) => row.coin)).toEqual(["BTC", "OLD"]);
    model.merge([quoted("BTC", 0, 140_000, 139_000, 4 * TICK_MS)], undefined, TICK_MS);
    expect(only(model).map(({ row }) => row.coin)).toEqual(["BTC"]);
  });

  test("a reference serves until it is two ticks old, and an older one never comes back", () => {
    const model = modelOf([quoted("BTC", 0, 140_000)]);
    model.merge([], { ...REFERENCE, priceKrw: 1300, atMs: 1 }, TICK_MS);
    expect(model.reference).toEqual(REFERENCE);
    model.merge([quoted("BTC", 0, 140_000, 1, 3 * TICK_MS)], undefined, TICK_MS);
    expect(model.reference).toEqual(REFERENCE);
    model.merge([quoted("BTC", 0, 140_000, 1, 4 * TICK_MS)], undefined, TICK_MS);
    expect(model.reference).toBeUndefined();
  });
});

describe("the overview", () => {
  test("counts, medians and the best of each side come from the chosen pairs", () => {
    const model = modelOf([
      quoted("BTC", 0, 138_600, 138_000),
      quoted("BTC", 1, 140_000, 139_900),
      quoted("XRP", 1, 142_800, 142_700),
      nullRow("ETH", 1, TICK_MS, "missing"),
    ]);
    const all = model.overview(ALL_PAIRS);
    expect(all).toMatchObject({
      coinCount: 3,
      rowCount: 4,
      quotedCount: 3,
      entryMedianPct: 0,
      bookAgeMedianMs: 300,
    });
    expect(all.bestEntry!.key).toBe("BTC|0");
    expect(all.bestExit!.key).toBe("XRP|1");
    const second = model.overview(new Set([1]));
    expect(second).toMatchObject({ coinCount: 3, rowCount: 3, quotedCount: 2, entryMedianPct: 1 });
  });

  test("nothing quoted gives no figures", () => {
    const none = new PremiumModel(0).overview(ALL_PAIRS);
    expect(none).toMatchObject({ coinCount: 0, bestEntry: undefined, bestExit: undefined });
    expect(none.entryMedianPct).toBeNaN();
  });

  test("the median is the middle, or the mean of the two in the middle", () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
    expect(median([])).toBeNaN();
  });
});

test("pair buttons pick one out of all, then add and take away, and none is all again", () => {
  expect([...togglePair(ALL_PAIRS, 2)]).toEqual([2]);
  expect([...togglePair(new Set([2]), 0)].sort()).toEqual([0, 2]);
  expect([...togglePair(new Set([0, 2]), 0)]).toEqual([2]);
  expect(togglePair(new Set([2]), 2)).toBe(ALL_PAIRS);
  expect(togglePair(new Set([0, 1, 2]), 3).size).toBe(PAIRS.length);
});
