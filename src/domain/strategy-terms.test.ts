import { expect, test } from "bun:test";
import { Decimal } from "./decimal.ts";
import { RISK_LIMITS_DEFAULT } from "./risk.ts";
import { type ExitTerms, type StrategyTerms, termFaults } from "./strategy-terms.ts";

const TERMS: StrategyTerms & ExitTerms = {
  ...{ name: "s", seedAmountKrw: "30000", seedDivision: 3, leverage: 5 },
  ...{ tradeMode: "custom", entryRate: "1400", exitRate: "1400.00000001" },
  ...{ coinMode: "custom", selectedCoins: ["BTC"], allowAverageDown: false, allowAverageUp: false },
  ...{ stopRate: "1399.99", holdingMsMax: null },
};

function faulty(change: Partial<typeof TERMS>, limits = {}, listed?: string[], kept?: string[]): string[] {
  const listedCoins = listed && new Set(listed);
  const bounds = { limits: { ...RISK_LIMITS_DEFAULT, ...limits }, listedCoins };
  const faults = termFaults({ ...TERMS, ...change }, bounds, kept);
  return faults.map(({ parameter, received }) => `${parameter} ${received}`);
}

test("what holds at every border is no fault", () => {
  expect(faulty({})).toEqual([]);
  expect(faulty({ seedAmountKrw: "9999999999.99999999", seedDivision: 999_999 })).toEqual([]);
  expect(faulty({ coinMode: "auto", selectedCoins: [] })).toEqual([]);
  // The rates mean nothing in auto mode.
  expect(faulty({ tradeMode: "auto", entryRate: "0", exitRate: "0", stopRate: null })).toEqual([]);
});

test("one step beyond a border is told with what was given", () => {
  const cases: [Partial<typeof TERMS>, string[]][] = [
    [{ seedAmountKrw: "10000000000" }, ["seedAmountKrw 10000000000"]],
    [{ seedAmountKrw: "30000.000000001" }, ["seedAmountKrw 30000.000000001"]],
    [{ seedAmountKrw: "1e5" }, ["seedAmountKrw 1e5"]],
    [{ seedAmountKrw: "-30000" }, ["seedAmountKrw -30000"]],
    [{ seedAmountKrw: "29999.99999999" }, ["seedDivision 9999 KRW"]],
    [{ seedDivision: 0 }, ["seedDivision 0"]],
    [{ seedDivision: 1.5 }, ["seedDivision 1.5"]],
    [{ leverage: 6 }, ["leverage 6"]],
    [{ entryRate: "0" }, ["entryRate 0", "stopRate 1399.99"]],
    [{ exitRate: "1400" }, ["exitRate 1400"]],
    [{ stopRate: "1400" }, ["stopRate 1400"]],
    [{ stopRate: "0" }, ["stopRate 0"]],
    [{ stopRate: "x", tradeMode: "auto" }, ["stopRate x"]],
    [{ selectedCoins: [] }, ["selectedCoins none"]],
  ];
  for (const [change, expected] of cases) expect([change, faulty(change)]).toEqual([change, expected]);
});

test("the limits of the place bound a strategy as well", () => {
  expect(faulty({}, { sliceKrwMax: Decimal.of(9_999) })).toEqual(["seedAmountKrw 10000 KRW"]);
  expect(faulty({}, { sliceKrwMax: Decimal.of(10_000) })).toEqual([]);
  for (const name of ["userNotionalKrwMax", "coinNotionalKrwMax", "serviceNotionalKrwMax"])
    expect([name, faulty({}, { [name]: Decimal.of(9_999) })]).toEqual([name, ["seedAmountKrw 10000 KRW"]]);
  expect(faulty({}, { leverageMax: Decimal.of("4.5") })).toEqual(["leverage 5"]);
  const selectedCoins = ["BTC", "LUNA"];
  expect(faulty({ selectedCoins }, { neverCoins: new Set(["LUNA"]) })).toEqual(["selectedCoins LUNA"]);
});

test("a coin has to be listed on both sides when it is chosen, and stays though it is not any more", () => {
  const selectedCoins = ["BTC", "BTCC", "XRP"];
  expect(faulty({ selectedCoins }, {}, ["BTC", "XRP"])).toEqual(["selectedCoins BTCC"]);
  expect(faulty({ selectedCoins }, {}, [])).toEqual(["selectedCoins BTC, BTCC, XRP"]);
  expect(faulty({ selectedCoins }, {}, ["BTC"], ["BTCC", "XRP"])).toEqual([]);
  expect(faulty({ selectedCoins }, {}, undefined)).toEqual([]);
});
