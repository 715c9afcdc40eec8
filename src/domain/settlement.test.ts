import { expect, test } from "bun:test";
import fc from "fast-check";
import { Decimal } from "./decimal.ts";
import {
  averageEntryRate,
  type Dust,
  legTotal,
  type MatchedEntry,
  matchEntry,
  NO_DUST,
  positionTotals,
  splitSale,
} from "./position.ts";
import {
  breakEvenRatio,
  expectedFundingRatio,
  HOLDING_MS_DEFAULT,
  projectedProfitKrw,
  settle,
} from "./settlement.ts";

const d = Decimal.of;

test("the average entry rate is KRW spent over USDT received: 1400 at $100, 1300 at $50, 1000 USDT each, is 1350", () => {
  const entry = (qty: string, spent: string): MatchedEntry => ({
    qtyCoin: d(qty),
    spentKrw: d(spent),
    feeKrw: d("0"),
    receivedUsdt: d("1000"),
    feeUsdt: d("0"),
  });
  expect(averageEntryRate(positionTotals([entry("10", "1400000"), entry("20", "1300000")])).toString()).toBe(
    "1350",
  );
});

test("a round trip settles to the won: profit, rate and Karbit's row", () => {
  const domestic = legTotal([
    { price: d("4600000"), qty: d("1"), fee: d("2300") },
    { price: d("4601000"), qty: d("1"), fee: d("2300.5") },
  ]);
  const overseas = legTotal([{ price: d("3300"), qty: d("2"), fee: d("3.63") }]);
  const { entry, dust } = matchEntry({ domestic, overseas, multiplier: d("1"), dust: NO_DUST });
  expect([dust.qtyCoin, dust.costKrw].map(String)).toEqual(["0", "0"]);
  const settled = settle({
    totals: positionTotals([entry]),
    sale: legTotal([{ price: d("4700000"), qty: d("2"), fee: d("4700") }]),
    buyBack: legTotal([{ price: d("3320"), qty: d("2"), fee: d("3.652") }]),
    multiplier: d("1"),
    fundingUsdt: d("1.5"),
    referenceKrw: d("1400"),
    placedPriceUsdt: d("3319"),
  });
  // KRW: 9,400,000 - 9,201,000 - 4,600.5 - 4,700 = 189,699.5; USDT: -40 - 3.63 - 3.652 + 1.5 = -45.782 -> -64,094.8
  expect(settled.realisedUsdt.toString()).toBe("-40");
  expect(settled.row).toMatchObject({
    profit: "125604.70",
    // 125,604.7 / ((9,201,000 + 6,600 x 1,400) / 2) = 1.3622...
    profitRate: "1.36",
    entryRate: "1394.09",
    exitRate: "1415.66",
    krPrice: "4700000.00000000",
    krFunds: "9400000.00000000",
    frPrice: "3320.00000000",
    frFunds: "6560.00000000",
    frSlippage: "0.0301",
    usdtPrice: "1400.00",
  });
});

test("contracts of 1000 coins settle in coins", () => {
  const { entry, dust } = matchEntry({
    domestic: legTotal([{ price: d("0.02"), qty: d("150500"), fee: d("1.505") }]),
    overseas: legTotal([{ price: d("0.014"), qty: d("150"), fee: d("0.001") }]),
    multiplier: d("1000"),
    dust: NO_DUST,
  });
  expect(entry.qtyCoin.toString()).toBe("150000");
  expect(entry.spentKrw.toString()).toBe("3000");
  expect([dust.qtyCoin, dust.costKrw].map(String)).toEqual(["500", "10.005"]);
});

const amount = (max: bigint) => fc.bigInt({ min: 1n, max }).map((count) => d(`${count}e-8`));

test("matching conserves coins and KRW: what position and dust carry is what was paid", () => {
  const dustArb: fc.Arbitrary<Dust> = fc.record({ qtyCoin: amount(10n ** 12n), costKrw: amount(10n ** 14n) });
  fc.assert(
    fc.property(
      fc.array(fc.record({ price: amount(10n ** 16n), qty: amount(10n ** 12n), fee: amount(10n ** 12n) }), {
        minLength: 1,
        maxLength: 5,
      }),
      dustArb,
      fc.integer({ min: 0, max: 1000 }),
      (executions, dust, part) => {
        const domestic = legTotal(executions);
        const hedged = domestic.qty.plus(dust.qtyCoin).times(d(part)).dividedBy(d(1000), 8, "down");
        const overseas = { qty: hedged, notional: d("1"), fee: d("0.1") };
        const after = matchEntry({ domestic, overseas, multiplier: Decimal.ONE, dust });
        const paid = domestic.notional.plus(domestic.fee).plus(dust.costKrw);
        const carried = after.entry.spentKrw.plus(after.entry.feeKrw).plus(after.dust.costKrw);
        expect(carried.toString()).toBe(paid.toString());
        expect(after.entry.qtyCoin.plus(after.dust.qtyCoin).toString()).toBe(
          domestic.qty.plus(dust.qtyCoin).toString(),
        );
        expect(after.dust.qtyCoin.isNegative || after.dust.costKrw.isNegative).toBe(false);
      },
    ),
  );
  const one = legTotal([{ price: d("1"), qty: d("1"), fee: d("0") }]);
  const two = { ...one, qty: d("2") };
  expect(() => matchEntry({ domestic: one, overseas: two, multiplier: d("1"), dust: NO_DUST })).toThrow(
    RangeError,
  );
});

test("profit is the cash that moved: KRW after less before, USDT after less before at the reference price", () => {
  fc.assert(
    fc.property(
      amount(10n ** 12n),
      fc.array(amount(10n ** 15n), { minLength: 4, maxLength: 4 }),
      fc.array(amount(10n ** 11n), { minLength: 5, maxLength: 5 }),
      (qty, [buyKrw, sellKrw, shortUsdt, coverUsdt], [feeA, feeB, feeC, feeD, funding]) => {
        const entry: MatchedEntry = {
          qtyCoin: qty,
          spentKrw: buyKrw!,
          feeKrw: feeA!,
          receivedUsdt: shortUsdt!,
          feeUsdt: feeB!,
        };
        const referenceKrw = d("1391.5");
        const { profitKrw } = settle({
          totals: positionTotals([entry]),
          sale: { qty, notional: sellKrw!, fee: feeC! },
          buyBack: { qty, notional: coverUsdt!, fee: feeD! },
          multiplier: Decimal.ONE,
          fundingUsdt: funding!,
          referenceKrw,
          placedPriceUsdt: d("1"),
        });
        const krw = sellKrw!.minus(feeC!).minus(buyKrw!).minus(feeA!);
        const usdt = shortUsdt!.minus(feeB!).minus(coverUsdt!).minus(feeD!).plus(funding!);
        expect(profitKrw.toString()).toBe(krw.plus(usdt.times(referenceKrw)).toString());
      },
    ),
  );
});

test("a sale of position and dust splits proceeds and fee by quantity, the position first", () => {
  const { position, dust } = splitSale({ qty: d("3"), notional: d("300"), fee: d("0.3") }, d("2"));
  expect([position.qty, position.notional, position.fee].map(String)).toEqual(["2", "200", "0.2"]);
  expect([dust.qty, dust.notional, dust.fee].map(String)).toEqual(["1", "100", "0.1"]);
});

test("settle refuses legs that do not close the position", () => {
  const entry = { qtyCoin: d("2"), spentKrw: d("1"), feeKrw: d("0"), receivedUsdt: d("1"), feeUsdt: d("0") };
  const leg = (qty: string) => ({ qty: d(qty), notional: d("1"), fee: d("0") });
  const input = {
    totals: positionTotals([entry]),
    multiplier: d("1"),
    fundingUsdt: d("0"),
    referenceKrw: d("1400"),
    placedPriceUsdt: d("1"),
  };
  expect(() => settle({ ...input, sale: leg("1.9"), buyBack: leg("2") })).toThrow(
    "2 coins closed on both legs",
  );
  expect(() => settle({ ...input, sale: leg("2"), buyBack: leg("2.1") })).toThrow(RangeError);
});

test("break-even is four fees less funding, and a projection at the entry's own rate loses about that", () => {
  const fees = { domestic: d("0.0005"), overseas: d("0.00055") };
  expect(breakEvenRatio(fees, d("0")).toString()).toBe("0.0021");
  expect(breakEvenRatio(fees, d("0.0001")).toString()).toBe("0.002");
  const spentKrw = d("1400000");
  const totals = positionTotals([
    { qtyCoin: d("1"), spentKrw, feeKrw: d("700"), receivedUsdt: d("1000"), feeUsdt: d("0.55") },
  ]);
  const projection = projectedProfitKrw({
    totals,
    exitRate: d("1400"),
    saleKrw: spentKrw,
    fees,
    fundingUsdt: d("0"),
    referenceKrw: d("1400"),
  });
  expect(projection.toString()).toBe("-2940");
});

test("expected funding is the rate of the moment, as often as it is paid in eight hours; a short receives it", () => {
  const of = (rate: string, hours?: number, holdingMs = HOLDING_MS_DEFAULT) =>
    expectedFundingRatio(
      { rate, intervalMs: hours === undefined ? undefined : hours * 3_600_000 },
      holdingMs,
    ).toString();
  expect(of("0.0001", 8)).toBe("0.0001");
  expect(of("0.0001", 4)).toBe("0.0002");
  expect(of("-0.0003", 1)).toBe("-0.0024");
  expect(of("0.0001")).toBe("0.0001");
  expect(of("0.0001", 8, 2 * HOLDING_MS_DEFAULT)).toBe("0.0002");
  expect(expectedFundingRatio(undefined, HOLDING_MS_DEFAULT).isZero).toBe(true);
});
