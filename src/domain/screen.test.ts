import { expect, test } from "bun:test";
import fc from "fast-check";
import { SEED_COUNT } from "../../schema/vocabulary.ts";
import { runsOf } from "../testing/runs.ts";
import { Decimal } from "./decimal.ts";
import { RATES_PER_ROW, type RateRow } from "./rate-table.ts";
import { EntryScreen, exitScreenJeon, stopScreenJeon } from "./screen.ts";
import { entrySeedIndex, type Strategy, sliceKrw } from "./strategy.ts";

const D = Decimal.of;
const AUTO_JEON = 138_600;

interface Item {
  readonly name: number;
  readonly strategy: Strategy;
}

function itemOf(name: number, changes: Partial<Strategy>): Item {
  const strategy: Strategy = {
    ...{ strategyId: name, userId: name, seedAmountKrw: D(3_000_000), seedDivision: 3, leverage: 2 },
    ...{ tradeMode: "custom", entryRateTarget: D(1_400), exitRateTarget: D(1_420), coinMode: "auto" },
    ...{ selectedCoins: new Set<string>(), allowAverageDown: false, allowAverageUp: false },
    ...changes,
  };
  return { name, strategy };
}

function rowOf(rates: (index: number) => number): RateRow {
  const ratesJeon = Float64Array.from({ length: RATES_PER_ROW }, (_, index) => rates(index));
  return { coin: "XRP", pairIndex: 0, tickAtMs: 0, bookAgeMs: 0, reason: "none", ratesJeon };
}

const hits = (
  items: readonly Item[],
  row: RateRow,
  { autoJeon }: { autoJeon?: number } = { autoJeon: AUTO_JEON },
) => {
  const found: (readonly [number, number])[] = [];
  new EntryScreen(items).screen(row, autoJeon, (item, jeon) => found.push([item.name, jeon]));
  return found.sort(([a], [b]) => a - b);
};

test("a rate at the target is a hit, one jeon above is none, and no rate at all is none", () => {
  const items = [itemOf(1, { entryRateTarget: D("1396.12") })];
  expect(
    hits(
      items,
      rowOf(() => 139_612),
    ),
  ).toEqual([[1, 139_612]]);
  expect(
    hits(
      items,
      rowOf(() => 139_613),
    ),
  ).toEqual([]);
  expect(
    hits(
      items,
      rowOf(() => Number.NaN),
    ),
  ).toEqual([]);
});

test("automatic strategies are held against the common target, and without one against nothing", () => {
  const items = [itemOf(1, { tradeMode: "auto", entryRateTarget: D(0) })];
  expect(
    hits(
      items,
      rowOf(() => AUTO_JEON),
    ),
  ).toEqual([[1, AUTO_JEON]]);
  expect(
    hits(
      items,
      rowOf(() => AUTO_JEON + 1),
    ),
  ).toEqual([]);
  expect(
    hits(
      items,
      rowOf(() => 1),
      {},
    ),
  ).toEqual([]);
});

test("whatever the strategies and the rates, the hits are those of comparing each with each", () => {
  const strategies = fc.array(
    fc.record({
      seedAmountKrw: fc.integer({ min: 1_000, max: 400_000_000 }).map((krw) => D(krw)),
      seedDivision: fc.integer({ min: 1, max: 7 }),
      tradeMode: fc.constantFrom("custom" as const, "auto" as const),
      entryRateTarget: fc
        .integer({ min: 138_500, max: 138_700 })
        .map((jeon) => D(jeon).dividedBy(D(100), 2, "down")),
    }),
    { maxLength: 12 },
  );
  const rates = fc.array(fc.oneof(fc.integer({ min: 138_500, max: 138_700 }), fc.constant(Number.NaN)), {
    minLength: SEED_COUNT,
    maxLength: SEED_COUNT,
  });
  fc.assert(
    fc.property(strategies, rates, (all, seeds) => {
      const items = all.map((changes, name) => itemOf(name, changes));
      const row = rowOf((index) => seeds[index] ?? Number.NaN);
      const expected = items
        .map(({ name, strategy }) => {
          const jeon = seeds[entrySeedIndex(sliceKrw(strategy))]!;
          const custom = Math.round(strategy.entryRateTarget.toFloat() * 100);
          return [name, jeon, jeon <= (strategy.tradeMode === "auto" ? AUTO_JEON : custom)] as const;
        })
        .filter(([, , isHit]) => isHit)
        .map(([name, jeon]) => [name, jeon]);
      expect(hits(items, row)).toEqual(expected as [number, number][]);
    }),
    { numRuns: runsOf(50, 2_000) },
  );
});

test("an exit is screened at the size at or below the position, its stop at the one at or above", () => {
  const row = rowOf((index) => (index < SEED_COUNT ? Number.NaN : 142_000 - (index - SEED_COUNT) * 10));
  const at = (krw: number) => [exitScreenJeon(row, D(krw)), stopScreenJeon(row, D(krw))];
  expect(at(500_000)).toEqual([142_000, 142_000]);
  expect(at(1_000_000)).toEqual([142_000, 142_000]);
  expect(at(1_500_000)).toEqual([142_000, 141_990]);
  expect(at(2_000_000)).toEqual([141_990, 141_990]);
  expect(at(700_000_000)).toEqual([141_010, 141_010]);
});

test("where the book ends before the position the largest size it holds screens the target, and none the stop", () => {
  const row = rowOf((index) =>
    index >= SEED_COUNT && index < SEED_COUNT + 3 ? 142_000 - index : Number.NaN,
  );
  expect(exitScreenJeon(row, D(50_000_000))).toBe(142_000 - SEED_COUNT - 2);
  expect(stopScreenJeon(row, D(50_000_000))).toBeNaN();
  const none = rowOf(() => Number.NaN);
  expect(exitScreenJeon(none, D(50_000_000))).toBeNaN();
});
