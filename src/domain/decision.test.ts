import { expect, test } from "bun:test";
import fc from "fast-check";
import { Decimal } from "./decimal.ts";
import {
  decideEntry,
  decideExit,
  ENTRY_REASONS,
  type EntryFacts,
  type EntryReason,
  type ExitFacts,
} from "./decision.ts";
import {
  DECISION_SETTINGS_DEFAULT,
  entrySeedIndex,
  exitSeedIndex,
  type Strategy,
  sliceKrw,
} from "./strategy.ts";

const d = Decimal.of;
const NOW_MS = 1_780_000_000_000;

const CUSTOM: Strategy = {
  strategyId: 1,
  userId: 1,
  seedAmountKrw: d("30000000"),
  seedDivision: 3,
  leverage: 1,
  tradeMode: "custom",
  entryRateTarget: d("1365"),
  exitRateTarget: d("1385"),
  coinMode: "custom",
  selectedCoins: new Set(["BTC"]),
  allowAverageDown: true,
  allowAverageUp: false,
};

const GOOD: EntryFacts = {
  nowMs: NOW_MS,
  coin: "BTC",
  entriesOff: false,
  incidentOpen: false,
  coolingUntilMs: undefined,
  tradable: true,
  walletsOpen: true,
  warned: false,
  quarantined: false,
  identityKnown: true,
  heldOnOtherPair: false,
  heldByHand: false,
  entryRate: d("1360"),
  exitRate: d("1358"),
  referenceKrw: d("1380"),
  openEntryCount: 1,
  lastEntry: { rate: d("1366"), atMs: NOW_MS - 61_000 },
  breakEven: d("0.0021"),
  projectedProfitKrw: d("1000"),
};

/** For each reason, in the specification's order, the one fact that causes it. */
const SPOILED: Record<EntryReason, Partial<EntryFacts>> = {
  "entries-off": { entriesOff: true },
  "incident-open": { incidentOpen: true },
  "cooling-down": { coolingUntilMs: NOW_MS + 1 },
  "coin-not-selected": { coin: "ETH" },
  "not-tradable": { tradable: false },
  "wallet-closed": { walletsOpen: "unknown" },
  warned: { warned: true },
  quarantined: { quarantined: true },
  "identity-unknown": { identityKnown: false },
  "held-elsewhere": { heldOnOtherPair: true },
  "held-by-hand": { heldByHand: true },
  "no-rate": { entryRate: undefined },
  "no-reference": { referenceKrw: undefined },
  "rate-above-target": { entryRate: d("1365.01"), exitRate: d("1365") },
  "spread-too-wide": { exitRate: d("1353.1") },
  "division-used-up": { openEntryCount: 3 },
  "average-not-allowed": {},
  "average-too-near": { lastEntry: { rate: d("1363"), atMs: 0 } },
  "average-too-soon": { lastEntry: { rate: d("1366"), atMs: NOW_MS - 59_999 } },
  "gain-below-costs": { breakEven: d("0.0185") },
};

function reasonOf(facts: EntryFacts, strategy = CUSTOM): string {
  const decision = decideEntry(strategy, facts, DECISION_SETTINGS_DEFAULT);
  return decision.action === "hold" ? decision.reason : "enter";
}

test("an entry whose every condition holds is taken, with the rate it may pay at most", () => {
  const decision = decideEntry(CUSTOM, GOOD, DECISION_SETTINGS_DEFAULT);
  expect(decision.action === "enter" && decision.rateMax.toString()).toBe("1365");
});

for (const reason of ENTRY_REASONS) {
  test(`one spoiled fact alone gives the reason ${reason}`, () => {
    const strategy = reason === "average-not-allowed" ? { ...CUSTOM, allowAverageDown: false } : CUSTOM;
    expect(reasonOf({ ...GOOD, ...SPOILED[reason] }, strategy)).toBe(reason);
  });
}

test("of several spoiled facts the first in the specification's order is the reason", () => {
  const spoilable = ENTRY_REASONS.filter(
    // Facts of one kind replace each other: keep one of each.
    (reason) =>
      !["no-rate", "average-not-allowed", "average-too-near", "average-too-soon", "spread-too-wide"].includes(
        reason,
      ),
  );
  fc.assert(
    fc.property(fc.subarray(spoilable, { minLength: 1 }), (reasons) => {
      const facts: EntryFacts = Object.assign({}, GOOD, ...reasons.map((reason) => SPOILED[reason]));
      expect(reasonOf(facts)).toBe(reasons[0]!);
    }),
  );
});

test("a missing rate or reference never reaches a comparison", () => {
  expect(reasonOf({ ...GOOD, exitRate: undefined })).toBe("no-rate");
  const auto: Strategy = { ...CUSTOM, tradeMode: "auto" };
  expect(reasonOf({ ...GOOD, referenceKrw: undefined }, auto)).toBe("no-reference");
});

test("auto entries follow the reference price and need a projected profit", () => {
  const auto: Strategy = { ...CUSTOM, tradeMode: "auto" };
  const facts = { ...GOOD, referenceKrw: d("1374"), lastEntry: undefined };
  // 1374 x 0.99 = 1360.26
  expect(reasonOf(facts, auto)).toBe("enter");
  expect(reasonOf({ ...facts, referenceKrw: d("1373.7") }, auto)).toBe("rate-above-target");
  expect(reasonOf({ ...facts, projectedProfitKrw: d("0") }, auto)).toBe("gain-below-costs");
});

test("averaging up and down need their own permission and 0.3 %", () => {
  const facts = (rate: string): EntryFacts => ({
    ...GOOD,
    entryRate: d(rate),
    exitRate: d(rate),
    lastEntry: { rate: d("1350"), atMs: 0 },
  });
  const up: Strategy = { ...CUSTOM, allowAverageDown: false, allowAverageUp: true };
  expect(reasonOf(facts("1354.05"), up)).toBe("enter");
  expect(reasonOf(facts("1354.04"), up)).toBe("average-too-near");
  expect(reasonOf(facts("1345.95"), CUSTOM)).toBe("enter");
  expect(reasonOf(facts("1345.96"), CUSTOM)).toBe("average-too-near");
  expect(reasonOf(facts("1354.05"), CUSTOM)).toBe("average-too-near");
});

const POSITION: ExitFacts = {
  nowMs: NOW_MS,
  forced: false,
  halted: false,
  exitRate: d("1385"),
  averageEntryRate: d("1360"),
  projectedProfitKrw: d("100"),
  openedAtMs: NOW_MS - 3_600_000,
  stopRate: undefined,
  holdingMsMax: undefined,
};
const exitOf = (facts: Partial<ExitFacts>, strategy = CUSTOM) => {
  const decision = decideExit(strategy, { ...POSITION, ...facts }, DECISION_SETTINGS_DEFAULT);
  return decision.action === "exit" ? decision.cause : decision.reason;
};

test("exits happen at the target, at the stop, after the longest holding time, or by force", () => {
  expect(exitOf({})).toBe("target");
  expect(exitOf({ exitRate: d("1384.99") })).toBe("rate-below-target");
  expect(exitOf({ exitRate: undefined })).toBe("no-rate");
  expect(exitOf({ exitRate: d("1300"), stopRate: d("1300") })).toBe("stop");
  expect(exitOf({ exitRate: d("1370"), holdingMsMax: 3_600_000 })).toBe("held-too-long");
  expect(exitOf({ halted: true })).toBe("halted");
  expect(exitOf({ halted: true, exitRate: undefined })).toBe("halted");
  // Set against a loss by the user, not to take a gain.
  expect(exitOf({ halted: true, exitRate: d("1300"), stopRate: d("1300") })).toBe("stop");
  expect(exitOf({ halted: true, holdingMsMax: 3_600_000 })).toBe("held-too-long");
  expect(exitOf({ halted: true, forced: true, exitRate: undefined })).toBe("forced");
});

test("auto exits need 2 % above the average entry and a profit", () => {
  const auto: Strategy = { ...CUSTOM, tradeMode: "auto" };
  expect(exitOf({ exitRate: d("1387.2") }, auto)).toBe("target");
  expect(exitOf({ exitRate: d("1387.19") }, auto)).toBe("rate-below-target");
  expect(exitOf({ exitRate: d("1390"), projectedProfitKrw: d("-1") }, auto)).toBe("no-profit");
});

test("slices and the sizes that screen them", () => {
  expect(sliceKrw({ seedAmountKrw: d("10000000"), seedDivision: 3 }).toString()).toBe("3333333");
  expect(() => sliceKrw({ seedAmountKrw: d("1"), seedDivision: 0 })).toThrow(RangeError);
  expect([d("3333333"), d("1"), d("1000000"), d("1000001"), d("1e12")].map(entrySeedIndex)).toEqual([
    3, 0, 0, 1, 99,
  ]);
  expect([d("3333333"), d("1"), d("100000000"), d("99999999.9"), d("1e12")].map(exitSeedIndex)).toEqual([
    2, 0, 99, 98, 99,
  ]);
});
