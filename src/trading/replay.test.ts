import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Decimal } from "../domain/decimal.ts";
import { DECISION_SETTINGS_DEFAULT, type Strategy } from "../domain/strategy.ts";
import { runsOf } from "../testing/runs.ts";
import { replay } from "./replay.ts";
import { fundingCount, type ReplaySample } from "./replay-fills.ts";
import type { ReplayOptions } from "./replay-result.ts";

const STEP_MS = 300_000;
/** 01:00 UTC: seven hours before a funding instant. */
const START_MS = Date.UTC(2025, 5, 1, 1);
const REFERENCE = Decimal.of(1385);

function options(changes: Partial<Strategy> & Partial<ReplayOptions["model"]> = {}): ReplayOptions {
  const { fees, slippage, fundingRatio, lotCoin, ...strategy } = changes;
  return {
    strategy: {
      strategyId: 0,
      userId: 0,
      seedAmountKrw: Decimal.of(10_000_000),
      seedDivision: 1,
      leverage: 1,
      tradeMode: "custom",
      entryRateTarget: Decimal.of(1365),
      exitRateTarget: Decimal.of(1385),
      coinMode: "auto",
      selectedCoins: new Set(),
      allowAverageDown: false,
      allowAverageUp: false,
      ...strategy,
    },
    settings: DECISION_SETTINGS_DEFAULT,
    model: {
      fees: fees ?? { domestic: Decimal.of("0.0005"), overseas: Decimal.of("0.0005") },
      slippage: slippage ?? Decimal.ZERO,
      fundingRatio: fundingRatio ?? Decimal.of("0.0001"),
      lotCoin: lotCoin ?? Decimal.of("0.001"),
    },
    coin: "BTC",
    stopRate: undefined,
    holdingMsMax: undefined,
    stepMs: STEP_MS,
  };
}

/** A rate on a coin that costs 100,000 USDT; undefined: a line without prices. */
function sample(
  atMs: number,
  rate: number | undefined,
  referenceKrw: Decimal | undefined = REFERENCE,
): ReplaySample {
  const prices =
    rate === undefined
      ? undefined
      : { domesticKrw: Decimal.of(Math.round(rate * 100_000)), overseasUsdt: Decimal.of(100_000) };
  return { atMs, entry: prices, exit: prices, referenceKrw };
}

/** One sample a step from 01:00 UTC on. */
const series = (...rates: (number | undefined)[]) =>
  rates.map((rate, index) => sample(START_MS + index * STEP_MS, rate));

describe("a replay", () => {
  test("earns 125,852 won on 10,000,000 between 1365 and 1385, reckoned by hand", () => {
    // 73 lots of 136,500 KRW: 9,964,500 KRW spent for 7,300 USDT, sold for 10,110,500 KRW.
    // 146,000 - 4,982.25 - 5,055.25 KRW of fees at home - 7.30 USDT of fees x 1385.
    const result = replay(series(1390, 1365, 1370, 1385, 1390), options());
    expect(result.trades).toHaveLength(1);
    const [trade] = result.trades;
    expect(trade!.profitKrw.toString()).toBe("125852");
    expect(trade!.feesKrw.toString()).toBe("20148");
    expect(trade!.fundingKrw.toString()).toBe("0");
    expect(trade!.qtyCoin.toString()).toBe("0.073");
    expect([trade!.entryRate, trade!.exitRate].map(String)).toEqual(["1365", "1385"]);
    expect(trade).toMatchObject({
      cause: "target",
      openedAtMs: START_MS + STEP_MS,
      closedAtMs: START_MS + 3 * STEP_MS,
    });
    expect(result.realisedKrw.toString()).toBe("125852");
    expect(result.inMarketMs).toBe(2 * STEP_MS);
    expect(result.open).toBeUndefined();
    // Right after the entry the costs of the way out are already counted: -4,982.25 x 2 - 7.30 x 1385.
    expect(result.drawdownKrw.toString()).toBe("20075");
    expect(result.points.map(({ equityKrw }) => equityKrw)).toEqual([
      10_000_000, 9_979_925, 10_016_406.75, 10_125_852, 10_125_852,
    ]);
  });

  test("worsens each order by the slippage and decides on what comes out", () => {
    const slippage = Decimal.of("0.0005");
    // 136,500,000 x 1.0005 over 100,000 x 0.9995.
    const held = replay(series(1365, 1365), options({ slippage }));
    expect(held.points[0]!.entryRate).toBe(1366.37);
    expect(held.points[0]!.exitRate).toBe(1363.64);
    expect(held.entryHolds.get("rate-above-target")).toBe(2);
    const entered = replay(series(1363, 1363, 1387), options({ slippage }));
    expect(entered.trades[0]!.entryRate.toString()).toBe("1364.36");
    expect(entered.trades[0]!.exitRate.toString()).toBe("1385.61");
  });

  test("credits funding at 08 and 16 UTC, also where nothing was recorded, on the last price known", () => {
    const hours = (count: number) => START_MS + count * 3_600_000;
    const result = replay(
      [sample(hours(0), 1365), sample(hours(15), 1370), sample(hours(16), 1385)],
      options(),
    );
    // 08:00 lies in the gap, 16:00 on the sample itself: twice 7,300 USDT x 0.01 % x 1385.
    expect(result.trades[0]!.fundingKrw.toString()).toBe("2022.1");
    expect(result.trades[0]!.profitKrw.toString()).toBe("127874.1");
    const paid = replay(
      [sample(hours(0), 1365), sample(hours(16), 1385)],
      options({ fundingRatio: Decimal.of("-0.0001") }),
    );
    expect(paid.trades[0]!.fundingKrw.toString()).toBe("-2022.1");
  });

  test("counts a position opened on the funding instant itself from the next one on", () => {
    const eightMs = Date.UTC(2025, 5, 1, 8);
    const result = replay(
      [sample(eightMs - STEP_MS, 1390), sample(eightMs, 1365), sample(eightMs + STEP_MS, 1385)],
      options(),
    );
    expect(result.trades[0]!.fundingKrw.toString()).toBe("0");
    expect(fundingCount(eightMs - 1, eightMs)).toBe(1);
    expect(fundingCount(eightMs, eightMs + 1)).toBe(0);
  });

  test("holds on a line without rates, says so, and keeps the last mark", () => {
    const result = replay(series(1390, undefined, 1365, undefined, 1370), options());
    expect(result.entryHolds.get("no-rate")).toBe(2);
    expect(result.exitHolds.get("no-rate")).toBe(1);
    expect(result.points[3]!.equityKrw).toBe(result.points[2]!.equityKrw);
    expect(result.points[3]!.entryRate).toBeNaN();
  });

  test("counts the lines a gap lacks as holds, with and without a position", () => {
    const result = replay(
      [sample(START_MS, 1390), sample(START_MS + 4 * STEP_MS, 1365), sample(START_MS + 6 * STEP_MS, 1370)],
      options(),
    );
    expect(result).toMatchObject({ gapCount: 2, gapSampleCount: 4 });
    expect(result.entryHolds.get("not-recorded")).toBe(4);
    expect(result.exitHolds.get("not-recorded")).toBe(1);
  });

  test("enters nothing without a reference price and settles with the last valid one", () => {
    const samples = series(1365, 1365, 1385).map((each, index) =>
      index === 1 ? each : { ...each, referenceKrw: undefined },
    );
    const result = replay(samples, options());
    expect(result.entryHolds.get("no-reference")).toBe(1);
    expect(result.trades[0]!.referenceKrw.toString()).toBe("1385");
  });

  test("reports what is still held as open and marked, not as a trade", () => {
    const result = replay(series(1365, 1370), options());
    expect(result.trades).toEqual([]);
    // 73 lots at 137,000 KRW: 36,500 - 4,982.25 - 5,000.5 - 7.30 x 1385.
    expect(result.open!.markedKrw.toString()).toBe("16406.75");
    expect(result.open!.feesKrw.toString()).toBe("10037.5");
    expect(result.realisedKrw.isZero).toBe(true);
    expect(result.holdingKrw!.toString()).toBe("16406.75");
  });

  test("adds on the way down only where the strategy allows it, and closes all parts at once", () => {
    const parts = { seedDivision: 2, seedAmountKrw: Decimal.of(20_000_000) };
    const rates = series(1365, 1364, 1360, 1350, 1385);
    const plain = replay(rates, options(parts));
    expect(plain.entryHolds.get("average-not-allowed")).toBe(3);
    const averaged = replay(rates, options({ ...parts, allowAverageDown: true }));
    expect(averaged.trades[0]!.entries.map(({ rate }) => rate.toString())).toEqual(["1365", "1360"]);
    expect(averaged.entryHolds.get("average-too-near")).toBe(1);
    expect(averaged.entryHolds.get("division-used-up")).toBe(1);
    expect(averaged.trades[0]!.qtyCoin.toString()).toBe("0.146");
  });

  test("in auto mode enters 1 % below the reference price and leaves 2 % above the average entry", () => {
    const result = replay(series(1372, 1371, 1390, 1398, 1399), options({ tradeMode: "auto" }));
    expect(result.trades[0]!.entries[0]!.rate.toString()).toBe("1371");
    // 1371 x 1.02 = 1398.42.
    expect(result.trades[0]!.exitRate.toString()).toBe("1399");
  });

  test("in auto mode counts the funding expected over 8 h against the gain", () => {
    const result = replay(
      series(1371, 1371),
      options({ tradeMode: "auto", fundingRatio: Decimal.of("-0.03") }),
    );
    expect(result.entryHolds.get("gain-below-costs")).toBe(2);
  });

  test("leaves at the stop rate and after the longest holding time", () => {
    const stop = replay(series(1365, 1360, 1355), { ...options(), stopRate: Decimal.of(1356) });
    expect(stop.trades[0]).toMatchObject({ cause: "stop", closedAtMs: START_MS + 2 * STEP_MS });
    const held = replay(series(1365, 1366, 1366), { ...options(), holdingMsMax: 2 * STEP_MS });
    expect(held.trades[0]).toMatchObject({ cause: "held-too-long", closedAtMs: START_MS + 2 * STEP_MS });
  });

  test("holds with a reason when the slice buys less than one lot", () => {
    const result = replay(series(1365), options({ seedAmountKrw: Decimal.of(136_000) }));
    expect(result.entryHolds.get("below-one-lot")).toBe(1);
  });

  test("refuses times that do not rise, and nothing at all", () => {
    expect(() => replay([sample(2, 1365), sample(2, 1365)], options())).toThrow(
      "expected samples in rising order",
    );
    expect(() => replay([], options())).toThrow("expected at least one sample");
  });

  test("tells its progress up to the last sample", () => {
    const told: number[] = [];
    replay(series(...Array.from({ length: 2_500 }, () => 1390)), options(), (count) => told.push(count));
    expect(told).toEqual([1_000, 2_000, 2_500]);
  });
});

test("over any series equity is capital plus profits, no fee or drawdown is below 0, and every line is accounted for", () => {
  const rate = fc.option(fc.integer({ min: 134_000, max: 141_000 }), { freq: 12, nil: undefined });
  const step = fc.oneof(
    { weight: 9, arbitrary: fc.constant(1) },
    { weight: 1, arbitrary: fc.integer({ min: 2, max: 400 }) },
  );
  const lines = fc.array(fc.tuple(step, rate), { minLength: 1, maxLength: 60 });
  const strategy = fc.record({
    seedDivision: fc.integer({ min: 1, max: 4 }),
    allowAverageDown: fc.boolean(),
    allowAverageUp: fc.boolean(),
    tradeMode: fc.constantFrom("custom" as const, "auto" as const),
  });
  fc.assert(
    fc.property(lines, strategy, (moves, changes) => {
      let atMs = START_MS;
      const samples = moves.map(([steps, jeon]) => sample((atMs += steps * STEP_MS), jeon && jeon / 100));
      const chosen = options({ ...changes, slippage: Decimal.of("0.0002") });
      const result = replay(samples, chosen);
      const capital = chosen.strategy.seedAmountKrw;
      const profits = Decimal.sum(result.trades.map(({ profitKrw }) => profitKrw));
      expect(profits.equals(result.realisedKrw)).toBe(true);
      const endKrw = capital.plus(profits).plus(result.open?.markedKrw ?? Decimal.ZERO);
      expect(result.points.at(-1)!.equityKrw).toBe(endKrw.toFloat());
      for (const { feesKrw } of result.trades) expect(feesKrw.isPositive).toBe(true);
      let [peak, fall] = [capital.toFloat(), 0];
      for (const { equityKrw } of result.points) {
        peak = Math.max(peak, equityKrw);
        fall = Math.max(fall, peak - equityKrw);
      }
      expect(result.drawdownKrw.toFloat()).toBeCloseTo(fall, 5);
      expect(fall).toBeLessThanOrEqual(peak);
      const entered = [...result.trades, ...(result.open ? [result.open] : [])].flatMap(
        ({ entries }) => entries,
      ).length;
      const held = [...result.entryHolds.values()].reduce((sum, times) => sum + times, 0);
      expect(entered + held).toBe(samples.length + result.gapSampleCount);
      // No entry pays more than its target, whatever the slippage.
      if (changes.tradeMode === "custom") {
        for (const { entryRate } of result.trades) expect(entryRate.atMost(Decimal.of(1365))).toBe(true);
      }
    }),
    { numRuns: runsOf(60, 3_000) },
  );
});
