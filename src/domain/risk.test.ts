import { expect, test } from "bun:test";
import { Decimal } from "./decimal.ts";
import {
  approve,
  CAUTION_DEFAULT,
  coolingMs,
  guardianVerdict,
  liquidationDistance,
  marginNeededUsdt,
  RISK_DENIALS,
  RISK_LIMITS_DEFAULT,
  type RiskDenial,
  type RiskFacts,
  type RiskLimits,
  validReference,
} from "./risk.ts";

const d = Decimal.of;

const LIMITS: RiskLimits = {
  ...RISK_LIMITS_DEFAULT,
  sliceKrwMax: d("10000000"),
  userNotionalKrwMax: d("50000000"),
  coinNotionalKrwMax: d("30000000"),
  serviceNotionalKrwMax: d("900000000"),
  openPositionsMax: 5,
  dailyLossKrwMax: d("1000000"),
  neverCoins: new Set(["LUNC"]),
};

const GOOD: RiskFacts = {
  coin: "BTC",
  sliceKrw: d("10000000"),
  leverage: d("2"),
  userNotionalKrw: d("40000000"),
  coinNotionalKrw: d("20000000"),
  serviceNotionalKrw: d("890000000"),
  openPositionCount: 4,
  addsToPosition: false,
  lossTodayKrw: d("999999"),
  exitBooksHold: true,
  freeMarginUsdt: d("3850"),
  shortNotionalUsdt: d("7000"),
  liquidationDistance: d("0.15"),
};

const BROKEN: Record<RiskDenial, Partial<RiskFacts>> = {
  "coin-never-traded": { coin: "LUNC" },
  "slice-above-limit": { sliceKrw: d("10000001"), userNotionalKrw: d("0"), coinNotionalKrw: d("0") },
  "user-notional-above-limit": { userNotionalKrw: d("40000001") },
  "coin-notional-above-limit": { coinNotionalKrw: d("20000001") },
  "service-notional-above-limit": { serviceNotionalKrw: d("890000001") },
  "too-many-positions": { openPositionCount: 5 },
  "daily-loss-reached": { lossTodayKrw: d("1000000") },
  "leverage-above-limit": { leverage: d("5.1") },
  "exit-book-too-thin": { exitBooksHold: false },
  "margin-short": { freeMarginUsdt: d("3849.99") },
  "liquidation-too-near": { liquidationDistance: d("0.1499") },
};

test("a plan at every limit is approved", () => {
  expect(approve({}, GOOD, LIMITS).ok).toBe(true);
  expect(approve({}, { ...GOOD, openPositionCount: 5, addsToPosition: true }, LIMITS).ok).toBe(true);
});

for (const denial of RISK_DENIALS) {
  test(`one step beyond a limit alone is denied as ${denial}`, () => {
    const result = approve({}, { ...GOOD, ...BROKEN[denial] }, LIMITS);
    expect(result.ok ? "approved" : result.why).toBe(denial);
  });
}

test("margin is notional over leverage with the reserve, rounded up", () => {
  expect(marginNeededUsdt(d("7000"), d("2"), d("0.1")).toString()).toBe("3850");
  expect(marginNeededUsdt(d("10"), d("3"), d("0")).toString()).toBe("3.33333334");
});

test("the guardian alerts under 15 % and closes under 7 %", () => {
  const settings = { alertBelow: d("0.15"), closeBelow: d("0.07") };
  const verdict = (mark: string, liquidation: string) =>
    guardianVerdict(liquidationDistance(d(mark), d(liquidation)), settings);
  expect(verdict("100", "115")).toBe("fine");
  expect(verdict("100", "114.99")).toBe("alert");
  expect(verdict("100", "106.99")).toBe("close");
  expect(verdict("100", "99")).toBe("close");
});

test("the reference price is void when old, wide or far from the median, and falls back to Bithumb", () => {
  const book = (ask: string, bid: string, atMs = 100_000) => ({ askKrw: d(ask), bidKrw: d(bid), atMs });
  const valid = (
    upbit: ReturnType<typeof book> | undefined,
    bithumb?: ReturnType<typeof book>,
    median = "1390",
  ) => validReference({ upbit, bithumb }, d(median), 110_000)?.toString();
  expect(valid(book("1391", "1390"))).toBe("1391");
  expect(valid(book("1391", "1390", 99_999))).toBeUndefined();
  expect(valid(book("1398", "1390"))).toBeUndefined();
  expect(valid(book("1390", "1391"), book("1392", "1391"))).toBe("1392");
  expect(valid(undefined, undefined)).toBeUndefined();
  expect(valid(book("1391", "1390"), undefined, "1351")).toBe("1391");
  expect(valid(book("1391", "1390"), undefined, "1350")).toBeUndefined();
  expect(
    validReference({ upbit: book("1391", "1390"), bithumb: undefined }, undefined, 110_000),
  ).toBeUndefined();
});

test("rest doubles with each trouble up to six hours", () => {
  expect(coolingMs("closed", 7, CAUTION_DEFAULT)).toBe(60_000);
  expect(coolingMs("entry-empty", 7, CAUTION_DEFAULT)).toBe(30_000);
  expect(
    [0, 1, 2, 5, 6, 100].map((before) => coolingMs("unwound", before, CAUTION_DEFAULT) / 60_000),
  ).toEqual([10, 20, 40, 320, 360, 360]);
});
