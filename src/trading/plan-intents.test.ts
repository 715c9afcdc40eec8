import { expect, test } from "bun:test";
import { Decimal } from "../domain/decimal.ts";
import { intentIdOf } from "../domain/intent.ts";
import { carriedExitPolicy, entryTermsOf, exitPolicyTexts, exitTermsOf } from "../domain/intent-terms.ts";
import { bookOfLists } from "../domain/json-book.ts";
import { NO_DUST } from "../domain/position.ts";
import type { OpenPosition } from "../ports/journal.ts";
import type { SymbolRules } from "../ports/trading-venue.ts";
import { entryIntentOf, exitIntentOf, type PairRules } from "./plan-intents.ts";

const d = Decimal.of;
const NOW_MS = Date.UTC(2026, 0, 5);

function rulesOf(symbol: string, changes: Partial<SymbolRules> = {}): SymbolRules {
  return {
    symbol,
    qtyStep: d("0.00000001"),
    qtyMin: d("0.0001"),
    qtyMaxMarket: d("1000000"),
    qtyMaxLimit: d("1000000"),
    priceIncrement: d("1"),
    notionalMin: d("5000"),
    tradable: true,
    ...changes,
  };
}

const OVERSEAS = {
  qtyStep: d("0.1"),
  qtyMin: d("0.2"),
  qtyMaxMarket: d("3000"),
  priceIncrement: d("0.0001"),
  notionalMin: d("5"),
};
const RULES: PairRules = {
  coin: "XRP",
  pair: "upbit-bybit",
  multiplier: Decimal.ONE,
  domestic: rulesOf("KRW-XRP"),
  overseas: rulesOf("XRPUSDT", OVERSEAS),
};
const BOOKS = {
  domestic: bookOfLists({ asks: [[2792, 500]], bids: [[2790, 500]] }),
  overseas: bookOfLists({
    asks: [
      [2.001, 60],
      [2.003, 500],
    ],
    bids: [[2, 500]],
  }),
  atMs: NOW_MS,
};
const COMMON = {
  decisionId: "a decision",
  mode: "live" as const,
  rules: RULES,
  books: BOOKS,
  dust: NO_DUST,
  referenceKrw: d("1400"),
  leverage: 3,
  reason: "why",
  nowMs: NOW_MS,
};
const POLICY = {
  tradeMode: "custom" as const,
  exitRateTarget: d("1390"),
  stopRate: d("1450.5"),
  holdingMsMax: undefined,
};
const POSITION: OpenPosition = {
  positionId: 17,
  mode: "live",
  userId: 4,
  strategyId: 9,
  coin: "XRP",
  pair: "upbit-bybit",
  openedAtMs: NOW_MS,
  leverage: 3,
  exitTerms: {},
  entries: [],
  parts: [],
};

test("an entry's row holds its size, what it may pay, what it expects, and all that must not be read again", () => {
  const intent = entryIntentOf({
    ...COMMON,
    userId: 4,
    strategyId: 9,
    size: {
      qtyCoin: d("214.8"),
      qtyContracts: d("214.8"),
      capKrw: d("2797"),
      costMaxKrw: d("601096.3878"),
      proceedsUsdt: d("429.5"),
    },
    sliceKrw: d("600000"),
    rateMax: d("1410"),
    policy: POLICY,
    dust: { qtyCoin: d("0.05"), costKrw: d("139.5") },
  });
  const { terms, ...row } = intent;
  expect({ ...row, qtyCoin: String(row.qtyCoin), qtyContracts: String(row.qtyContracts) }).toEqual({
    intentId: intentIdOf("a decision"),
    decisionId: "a decision",
    kind: "entry",
    mode: "live",
    state: "planned",
    userId: 4,
    strategyId: 9,
    coin: "XRP",
    pair: "upbit-bybit",
    qtyCoin: "214.8",
    qtyContracts: "214.8",
    reason: "why",
    plannedAtMs: NOW_MS,
    sendingAtMs: undefined,
    domesticDoneAtMs: undefined,
    endedAtMs: undefined,
    needsHumanWhy: undefined,
  });
  const told = Object.fromEntries(
    Object.entries(entryTermsOf(terms)).map(([name, term]) => [name, String(term)]),
  );
  expect(told).toEqual({
    domesticSymbol: "KRW-XRP",
    overseasSymbol: "XRPUSDT",
    multiplier: "1",
    overseasLot: "0.1",
    overseasQtyMin: "0.2",
    overseasQtyMaxMarket: "3000",
    overseasNotionalMinUsdt: "5",
    overseasIncrement: "0.0001",
    domesticLot: "0.00000001",
    domesticNotionalMinKrw: "5000",
    domesticQtyMaxMarket: "1000000",
    referenceKrw: "1400",
    leverage: "3",
    domesticPriceKrw: "2790",
    // 429.5 / 214.8
    overseasPriceUsdt: "1.999534450651769087523277",
    dustCoin: "0.05",
    dustCostKrw: "139.5",
    sliceKrw: "600000",
    rateMax: "1410",
    capKrw: "2797",
  });
  expect(carriedExitPolicy(terms)).toEqual(exitPolicyTexts(POLICY));
});

test("an exit leaves with its coins, and expects what the asks take for them", () => {
  const intent = exitIntentOf({ ...COMMON, position: POSITION, qtyCoin: d("100") });
  expect([intent.kind, intent.userId, intent.strategyId, intent.state]).toEqual(["exit", 4, 9, "planned"]);
  expect([intent.qtyCoin, intent.qtyContracts].map(String)).toEqual(["100", "100"]);
  const terms = exitTermsOf(intent.terms);
  // (60 x 2.001 + 40 x 2.003) / 100
  expect([terms.overseasPriceUsdt, terms.positionCoin, terms.positionId].map(String)).toEqual([
    "2.0018",
    "100",
    "17",
  ]);
  // More than the asks hold: the best of them.
  const large = exitIntentOf({ ...COMMON, position: POSITION, qtyCoin: d("1000") });
  expect(exitTermsOf(large.terms).overseasPriceUsdt.toString()).toBe("2.001");
});

test("dust is sold along in whole steps; the position's own coins leave whatever the step", () => {
  const sold = (dustCoin: string, step: string) => {
    const rules = { ...RULES, domestic: rulesOf("KRW-XRP", { qtyStep: d(step) }) };
    const dust = { qtyCoin: d(dustCoin), costKrw: d("100") };
    const intent = exitIntentOf({ ...COMMON, rules, dust, position: POSITION, qtyCoin: d("100.5") });
    expect(exitTermsOf(intent.terms).positionCoin.toString()).toBe("100.5");
    expect(intent.qtyContracts.toString()).toBe("100.5");
    return intent.qtyCoin.toString();
  };
  expect(sold("0.123456789", "0.00000001")).toBe("100.62345678");
  expect(sold("0.7", "1")).toBe("101");
  expect(sold("0.3", "1")).toBe("100.5");
  expect(sold("0", "0.00000001")).toBe("100.5");
});

test("contracts of 1000 coins are priced and counted as contracts; what is no whole lot of them is refused", () => {
  const rules: PairRules = {
    ...RULES,
    multiplier: d("1000"),
    overseas: rulesOf("1000PEPEUSDT", { ...OVERSEAS, qtyStep: d("1") }),
  };
  const plan = (qtyCoin: string) =>
    exitIntentOf({ ...COMMON, rules, position: POSITION, qtyCoin: d(qtyCoin) });
  const intent = plan("70000");
  expect([intent.qtyCoin, intent.qtyContracts].map(String)).toEqual(["70000", "70"]);
  expect(exitTermsOf(intent.terms).overseasPriceUsdt.toFixed(6)).toBe("2.001286");
  // Half a contract would be sold at home and never bought back.
  for (const wrong of ["70500", "70000.1", "0", "-1000"]) expect(() => plan(wrong)).toThrow(RangeError);
});
