import { expect, test } from "bun:test";
import fc from "fast-check";
import { runsOf } from "../testing/runs.ts";
import { Decimal } from "./decimal.ts";
import {
  carriedExitPolicy,
  type EntryTerms,
  type ExitPolicy,
  type ExitTerms,
  entryTermsOf,
  exitPolicyOf,
  exitPolicyTexts,
  exitTermsOf,
  type LegTerms,
  termTexts,
  withExitPolicy,
} from "./intent-terms.ts";

const d = Decimal.of;
const RUNS = runsOf(30, 2_000);

const decimal = fc
  .tuple(fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }), fc.integer({ min: 0, max: 24 }))
  .map(([units, scale]) => d(`${units}e-${scale}`));
const symbol = fc.constantFrom("KRW-BTC", "1000PEPEUSDT", "BTCUSDT");
const LEGS = {
  domesticSymbol: symbol,
  overseasSymbol: symbol,
  multiplier: decimal,
  overseasLot: decimal,
  overseasQtyMin: decimal,
  overseasQtyMaxMarket: decimal,
  overseasNotionalMinUsdt: decimal,
  overseasIncrement: decimal,
  domesticLot: decimal,
  domesticNotionalMinKrw: decimal,
  domesticQtyMaxMarket: decimal,
  referenceKrw: decimal,
  leverage: decimal,
  domesticPriceKrw: decimal,
  overseasPriceUsdt: decimal,
  dustCoin: decimal,
  dustCostKrw: decimal,
} satisfies { [Name in keyof LegTerms]: fc.Arbitrary<LegTerms[Name]> };
const entryTerms: fc.Arbitrary<EntryTerms> = fc.record({
  ...LEGS,
  sliceKrw: decimal,
  rateMax: decimal,
  capKrw: decimal,
});
const exitTerms: fc.Arbitrary<ExitTerms> = fc.record({ ...LEGS, positionId: decimal, positionCoin: decimal });
const policy: fc.Arbitrary<ExitPolicy> = fc.record({
  tradeMode: fc.constantFrom("custom" as const, "auto" as const),
  exitRateTarget: decimal,
  stopRate: fc.option(decimal, { nil: undefined }),
  holdingMsMax: fc.option(fc.nat(), { nil: undefined }),
});

const told = (value: object) =>
  Object.fromEntries(
    Object.entries(value).map(([name, one]) => [name, one === undefined ? one : String(one)]),
  );

test("terms come back from their texts as they were, every digit of every one", () => {
  fc.assert(
    fc.property(entryTerms, exitTerms, policy, (entry, exit, exitPolicy) => {
      expect(told(entryTermsOf(termTexts(entry)))).toEqual(told(entry));
      expect(told(exitTermsOf(termTexts(exit)))).toEqual(told(exit));
      expect(told(exitPolicyOf(exitPolicyTexts(exitPolicy)))).toEqual(told(exitPolicy));
    }),
    { numRuns: RUNS },
  );
});

test("an entry carries the policy of its position beside its own terms, and neither is mistaken for the other", () => {
  fc.assert(
    fc.property(entryTerms, policy, (entry, exitPolicy) => {
      const carried = withExitPolicy(entry, exitPolicy);
      expect(told(entryTermsOf(carried))).toEqual(told(entry));
      expect(carriedExitPolicy(carried)).toEqual(exitPolicyTexts(exitPolicy));
    }),
    { numRuns: RUNS },
  );
  expect(carriedExitPolicy({ domesticLot: "1" })).toEqual({});
});

const TERMS = fc.sample(entryTerms, { numRuns: 1, seed: 1 })[0]!;

test("a term that is missing, empty or no number is told by name", () => {
  const texts = termTexts(TERMS);
  for (const name of Object.keys(texts)) {
    const { [name]: _, ...others } = texts;
    expect(() => entryTermsOf(others)).toThrow(`expected the term ${name}, was missing`);
    expect(() => entryTermsOf({ ...texts, [name]: "" })).toThrow(RangeError);
  }
  expect(() => entryTermsOf({ ...texts, capKrw: "a lot" })).toThrow(RangeError);
  expect(() => exitTermsOf(texts)).toThrow("expected the term positionId, was missing");
});

test("an exit that was closed by hand says so, one of ours says nothing, and no other word is taken", () => {
  fc.assert(
    fc.property(exitTerms, (exit) => {
      const texts = termTexts({ ...exit, settled: "by-hand" });
      expect(exitTermsOf(texts).settled).toBe("by-hand");
      expect("settled" in exitTermsOf(termTexts(exit))).toBe(false);
      // An order must not be sent for what nobody understands.
      expect(() => exitTermsOf({ ...texts, settled: "by-venue" })).toThrow(RangeError);
    }),
    { numRuns: RUNS },
  );
});

test("an exit policy that cannot be read is a defect, never a policy that leaves at once or never", () => {
  const texts = { tradeMode: "custom", exitRateTarget: "1390" };
  expect(exitPolicyOf(texts)).toEqual({
    tradeMode: "custom",
    exitRateTarget: d("1390"),
    stopRate: undefined,
    holdingMsMax: undefined,
  });
  const wrongs: readonly Record<string, string>[] = [
    { tradeMode: "manual" },
    { exitRateTarget: "" },
    { exitRateTarget: "high" },
    { stopRate: "" },
    { stopRate: "low" },
    { holdingMsMax: "" },
    { holdingMsMax: "a day" },
    { holdingMsMax: "-1" },
  ];
  for (const wrong of wrongs) expect(() => exitPolicyOf({ ...texts, ...wrong })).toThrow(RangeError);
  expect(() => exitPolicyOf({ exitRateTarget: "1390" })).toThrow(RangeError);
});
