import { expect, test } from "bun:test";
import fc from "fast-check";
import { runsOf } from "../testing/runs.ts";
import { Decimal } from "./decimal.ts";
import {
  type EndFill,
  type ExitDone,
  entryOutcome,
  exitOutcome,
  type LeftEntry,
  openRowFigures,
  takeOldest,
} from "./intent-ends.ts";
import { type Dust, type MatchedEntry, NO_DUST } from "./position.ts";

const d = Decimal.of;
const RUNS = runsOf(40, 5_000);

function fill(purpose: EndFill["purpose"], price: string, qty: string, fee: string): EndFill {
  return { purpose, price: d(price), qty: d(qty), fee: d(fee) };
}

function texts<T extends object>(value: T): Record<string, string> {
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, String(one)]));
}

test("an entry hedged in part: its coins, what was sold back at a loss, and the rest in dust at cost, to the won", () => {
  const outcome = entryOutcome({
    fills: [
      fill("buy", "2800", "60", "84"),
      fill("buy", "2810", "40.5", "56.9025"),
      fill("hedge", "2", "50", "0.055"),
      fill("hedge", "1.999", "10", "0.0109945"),
      fill("unwind", "2790", "40", "55.8"),
    ],
    multiplier: Decimal.ONE,
    dust: NO_DUST,
  });
  expect(outcome.boughtKrw.toString()).toBe("281805");
  // Of 281,805 KRW and 140.9025 of fees for 100.5 coins: 60 / 100.5 matched, 0.5 / 100.5 left, and 40 / 100.5 of
  // 281,945.9025 lost less the 111,544.2 they brought.
  const rounded = (value: object) =>
    Object.values(value).map((one) => (one as Decimal).rounded(6, "half-up").toString());
  expect(rounded(outcome.entry!)).toEqual(["60", "168241.791045", "84.120896", "119.99", "0.065995"]);
  expect(rounded(outcome.dust)).toEqual(["0.5", "1402.715933"]);
  expect(outcome.unwindLossKrw.toFixed(6)).toBe("673.074627");
  expect(outcome.dustChanged).toBe(true);
});

test("two surpluses of 0.9 lot: the second entry hedges one lot of them, and takes the older coins at their cost", () => {
  const outcome = entryOutcome({
    fills: [fill("buy", "1000", "1.9", "0.95"), fill("hedge", "0.7", "2", "0")],
    multiplier: Decimal.ONE,
    dust: { qtyCoin: d("0.9"), costKrw: d("909") },
  });
  // All of its own 1.9 and a ninth of the dust: 101 KRW.
  expect(texts(outcome.entry!)).toMatchObject({ qtyCoin: "2", spentKrw: "2001", feeKrw: "0.95" });
  expect(texts(outcome.dust)).toEqual({ qtyCoin: "0.8", costKrw: "808" });
});

test("nothing hedged and all sold back: no entry, no dust, and the loss is cost less proceeds, fees on both sides", () => {
  const dust = { qtyCoin: d("0.3"), costKrw: d("840") };
  const outcome = entryOutcome({
    fills: [fill("buy", "2800", "10", "14"), fill("unwind", "2790", "10", "13.95")],
    multiplier: Decimal.ONE,
    dust,
  });
  expect([outcome.entry, outcome.dustChanged, outcome.unwindLossKrw.toString()]).toEqual([
    undefined,
    false,
    "127.95",
  ]);
  expect(texts(outcome.dust)).toEqual(texts(dust));
});

test("nothing filled at all changes nothing", () => {
  const outcome = entryOutcome({ fills: [], multiplier: Decimal.ONE, dust: NO_DUST });
  expect([outcome.entry, outcome.dustChanged, outcome.unwindLossKrw.isZero]).toEqual([
    undefined,
    false,
    true,
  ]);
});

/** Prices, quantities and fees of up to 8 decimals. */
const amount = (max: number) => fc.integer({ min: 1, max }).map((units) => d(`${units}e-8`));
const leg = (purpose: EndFill["purpose"], qtyMax: number) =>
  fc.record({
    purpose: fc.constant(purpose),
    price: amount(10 ** 13),
    qty: amount(qtyMax),
    fee: amount(10 ** 9),
  });
const dustOf: fc.Arbitrary<Dust> = fc.oneof(
  fc.constant(NO_DUST),
  fc.record({ qtyCoin: amount(10 ** 8), costKrw: amount(10 ** 12) }),
);

function sumOf(fills: readonly EndFill[], purpose: EndFill["purpose"]) {
  const own = fills.filter((one) => one.purpose === purpose);
  return {
    qty: Decimal.sum(own.map(({ qty }) => qty)),
    notional: Decimal.sum(own.map(({ price, qty }) => price.times(qty))),
    fee: Decimal.sum(own.map(({ fee }) => fee)),
  };
}

test("nothing made or lost in an entry: what was paid is matched, in dust or sold back, to the last digit", () => {
  fc.assert(
    fc.property(
      fc.array(leg("buy", 10 ** 10), { minLength: 1, maxLength: 4 }),
      dustOf,
      fc.integer({ min: 0, max: 1000 }),
      fc.integer({ min: 0, max: 1000 }),
      fc.constantFrom("1", "1000"),
      amount(10 ** 10),
      (buys, dust, hedgedPart, backPart, multiplier, price) => {
        const bought = sumOf(buys, "buy");
        const all = bought.qty.plus(dust.qtyCoin);
        const hedgedCoin = all.times(d(hedgedPart)).dividedBy(d(1000), 8, "down");
        const own = Decimal.min(hedgedCoin, bought.qty);
        const backCoin = bought.qty.minus(own).times(d(backPart)).dividedBy(d(1000), 8, "down");
        const contracts = hedgedCoin.dividedBy(d(multiplier), 12, "down");
        const fills: EndFill[] = [...buys];
        if (contracts.isPositive) fills.push({ purpose: "hedge", price, qty: contracts, fee: d("0.01") });
        if (backCoin.isPositive) fills.push({ purpose: "unwind", price, qty: backCoin, fee: d("0.5") });
        const out = entryOutcome({ fills, multiplier: d(multiplier), dust });

        const back = sumOf(fills, "unwind");
        const entry = out.entry ?? {
          qtyCoin: Decimal.ZERO,
          spentKrw: Decimal.ZERO,
          feeKrw: Decimal.ZERO,
        };
        expect(entry.qtyCoin.plus(out.dust.qtyCoin).plus(back.qty).toString()).toBe(all.toString());
        const paid = bought.notional.plus(bought.fee).plus(dust.costKrw);
        const went = entry.spentKrw
          .plus(entry.feeKrw)
          .plus(out.dust.costKrw)
          .plus(out.unwindLossKrw)
          .plus(back.notional.minus(back.fee));
        expect(went.toString()).toBe(paid.toString());
        expect([out.dust.qtyCoin.isNegative, out.dust.costKrw.isNegative]).toEqual([false, false]);
        const hedge = sumOf(fills, "hedge");
        expect((out.entry?.receivedUsdt ?? Decimal.ZERO).toString()).toBe(hedge.notional.toString());
      },
    ),
    { numRuns: RUNS },
  );
}, 60_000);

test("Karbit's OPEN row has averages per coin, and the slippage against the price expected", () => {
  const entry: MatchedEntry = {
    qtyCoin: d("2000"),
    spentKrw: d("5600000.123456789"),
    feeKrw: d("2800"),
    receivedUsdt: d("3999"),
    feeUsdt: d("2.19945"),
  };
  const figures = openRowFigures({
    entry,
    multiplier: d("1000"),
    placedPriceUsdt: d("2000"),
    referenceKrw: d("1400.5"),
  });
  expect(figures).toEqual({
    krPrice: "2800.00006173",
    krVolume: "2000.00000000",
    krFunds: "5600000.12345679",
    krFee: "2800.00000000",
    frPrice: "1.99950000",
    frOriginalPrice: "2.00000000",
    frVolume: "2000.00000000",
    frFunds: "3999.00000000",
    frFee: "2.19945000",
    frSlippage: "0.0250",
    entryRate: "1400.35",
    usdtPrice: "1400.50",
  });
});

const ENTRIES: readonly LeftEntry[] = [
  {
    intentId: "first",
    qtyCoin: d("3"),
    spentKrw: d("8400"),
    feeKrw: d("4.2"),
    receivedUsdt: d("6"),
    feeUsdt: d("0.0033"),
  },
  {
    intentId: "second",
    qtyCoin: d("7"),
    spentKrw: d("19000"),
    feeKrw: d("9.5"),
    receivedUsdt: d("14"),
    feeUsdt: d("0.0077"),
  },
];

test("coins are taken from the oldest entry first, the rest of the next at its share", () => {
  expect(takeOldest(ENTRIES, d("3")).map(texts)).toEqual([
    {
      entryIntentId: "first",
      qtyCoin: "3",
      spentKrw: "8400",
      feeKrw: "4.2",
      receivedUsdt: "6",
      feeUsdt: "0.0033",
    },
  ]);
  expect(takeOldest(ENTRIES, d("5")).map(texts)[1]).toEqual({
    entryIntentId: "second",
    qtyCoin: "2",
    // 2/7 of each, to 12 places
    spentKrw: "5428.571428571429",
    feeKrw: "2.714285714286",
    receivedUsdt: "4",
    feeUsdt: "0.0022",
  });
  expect(() => takeOldest(ENTRIES, d("10.1"))).toThrow("10.1 coins in the position, were 0.1 less");
});

const AMOUNTS = ["qtyCoin", "spentKrw", "feeKrw", "receivedUsdt", "feeUsdt"] as const;

function minus(entry: LeftEntry, take: MatchedEntry): LeftEntry {
  const less = Object.fromEntries(AMOUNTS.map((name) => [name, entry[name].minus(take[name])]));
  return { ...entry, ...less };
}

const entriesOf = fc
  .array(
    fc.record({
      lots: fc.integer({ min: 1, max: 50 }),
      spentKrw: amount(10 ** 14),
      feeKrw: amount(10 ** 11),
      receivedUsdt: amount(10 ** 11),
      feeUsdt: amount(10 ** 8),
    }),
    { minLength: 1, maxLength: 4 },
  )
  .map((list) =>
    list.map(({ lots, ...money }, index): LeftEntry => {
      return { intentId: `entry ${index}`, qtyCoin: d(lots).times(d("0.1")), ...money };
    }),
  );

/** Cuts a number of lots into parts. */
function cut(lots: number, cuts: readonly number[]): number[] {
  const at = [...new Set(cuts.map((one) => one % lots))].filter((one) => one > 0).sort((a, b) => a - b);
  return [...at, lots].map((one, index) => one - (at[index - 1] ?? 0));
}

function takeInParts(entries: readonly LeftEntry[], parts: readonly number[]) {
  let left = [...entries];
  return parts.map((lots) => {
    const takes = takeOldest(left, d(lots).times(d("0.1")));
    left = left
      .map((entry) => {
        const take = takes.find(({ entryIntentId }) => entryIntentId === entry.intentId);
        return take ? minus(entry, take) : entry;
      })
      .filter(({ qtyCoin }) => !qtyCoin.isZero);
    return { takes, left };
  });
}

const lotsOf = (entries: readonly LeftEntry[]) =>
  Decimal.sum(entries.map(({ qtyCoin }) => qtyCoin))
    .times(d(10))
    .toFloat();

test("takes of parts add up to every entry to the last digit, and never take more of anything than is left", () => {
  fc.assert(
    fc.property(entriesOf, fc.array(fc.integer({ min: 1, max: 1000 }), { maxLength: 5 }), (entries, cuts) => {
      const steps = takeInParts(entries, cut(lotsOf(entries), cuts));
      for (const entry of entries) {
        const own = steps
          .flatMap(({ takes }) => takes)
          .filter(({ entryIntentId }) => entryIntentId === entry.intentId);
        for (const name of AMOUNTS) {
          expect(Decimal.sum(own.map((take) => take[name])).toString()).toBe(entry[name].toString());
        }
      }
      for (const { left } of steps) {
        for (const entry of left) {
          for (const name of AMOUNTS) expect(entry[name].isNegative).toBe(false);
        }
      }
      expect(steps.at(-1)!.left).toEqual([]);
    }),
    { numRuns: RUNS },
  );
}, 60_000);

const TEN: readonly MatchedEntry[] = [
  { qtyCoin: d("10"), spentKrw: d("28000"), feeKrw: d("14"), receivedUsdt: d("20"), feeUsdt: d("0.011") },
];
const COMMON = {
  earlier: [],
  multiplier: Decimal.ONE,
  dust: NO_DUST,
  fundingUsdt: Decimal.ZERO,
  fundingWholeUsdt: Decimal.ZERO,
  referenceKrw: d("1400"),
  placedPriceUsdt: d("1.99"),
};

test("a coin that could not be sold goes to dust at cost, takes that cost out of the profit, and leaves the exit rate", () => {
  const outcome = exitOutcome({
    ...COMMON,
    done: {
      taken: TEN,
      fills: [fill("sell", "2790", "9", "12.555"), fill("cover", "1.99", "10", "0.010945")],
    },
    dust: { qtyCoin: d("0.2"), costKrw: d("500") },
  });
  // 25,110 - (28,014 - 2,801.4) - 12.555 = -115.155 KRW; 20 - 19.9 - 0.011 - 0.010945 = 0.078055 USDT = 109.277 KRW
  expect(outcome.profitKrw.toString()).toBe("-5.878");
  expect(texts(outcome.dust)).toEqual({ qtyCoin: "1.2", costKrw: "3301.4" });
  expect(outcome.dustChanged).toBe(true);
  // Average prices over each other, 2790 / 1.99: nine coins for ten contracts would say 1261.81.
  expect(outcome.row).toMatchObject({
    krVolume: "9.00000000",
    krPrice: "2790.00000000",
    frVolume: "10.00000000",
    exitRate: "1402.01",
    profit: "-5.88",
  });
});

test("none of the coins sold: all in dust at cost, the profit is the short's alone, and there is no exit rate to tell", () => {
  const outcome = exitOutcome({
    ...COMMON,
    done: { taken: TEN, fills: [fill("cover", "1.99", "10", "0.010945")] },
  });
  expect(outcome.profitKrw.toString()).toBe("109.277");
  expect(texts(outcome.dust)).toEqual({ qtyCoin: "10", costKrw: "28014" });
  expect(outcome.row).toMatchObject({ krPrice: "0.00000000", krVolume: "0.00000000", exitRate: "0.00" });
});

test("dust sold along takes its share of proceeds and fee, and its part of the dust's cost, out of the profit", () => {
  const outcome = exitOutcome({
    ...COMMON,
    done: {
      taken: TEN,
      fills: [fill("sell", "2790", "10.5", "14.6475"), fill("cover", "1.99", "10", "0.010945")],
    },
    dust: { qtyCoin: d("0.75"), costKrw: d("2100") },
  });
  // 27,900 - 28,014 - 13.95 + 109.277
  expect(outcome.profitKrw.toString()).toBe("-18.673");
  expect(texts(outcome.dust)).toEqual({ qtyCoin: "0.25", costKrw: "700" });
  expect(outcome.row).toMatchObject({ krVolume: "10.00000000", krFunds: "27900.00000000" });
});

test("funding counts at the reference price; the row counts the whole position's, the profit this exit's", () => {
  const outcome = exitOutcome({
    ...COMMON,
    done: { taken: TEN, fills: [fill("sell", "2790", "10", "0"), fill("cover", "2", "10", "0")] },
    fundingUsdt: d("0.1"),
    fundingWholeUsdt: d("0.3"),
  });
  // 27,900 - 28,014 + (0 - 0.011 + funding) x 1400
  expect(outcome.profitKrw.toString()).toBe("10.6");
  expect(outcome.row.profit).toBe("290.60");
});

test("a coin an earlier part left over is dust in the row as well, and none of the position's when it is sold later", () => {
  const takes = takeOldest([{ intentId: "first", ...TEN[0]! }], d("4"));
  const part: ExitDone = {
    taken: takes,
    fills: [fill("sell", "2790", "3", "0"), fill("cover", "2", "4", "0")],
  };
  const first = exitOutcome({ ...COMMON, done: part });
  // 8,370 - (11,205.6 - 2,801.4) - 0.0044 x 1400
  expect([first.profitKrw.toString(), first.dust.qtyCoin.toString()]).toEqual(["-40.36", "1"]);
  const rest = takeOldest([minus({ intentId: "first", ...TEN[0]! }, takes[0]!)], d("6"));
  const last = exitOutcome({
    ...COMMON,
    done: { taken: rest, fills: [fill("sell", "2800", "7", "0"), fill("cover", "2", "6", "0")] },
    earlier: [part],
    dust: first.dust,
  });
  // 16,800 - 16,808.4 - 0.0066 x 1400; the whole: 25,170 - 25,212.6 - 0.011 x 1400
  expect([last.profitKrw, last.dust.qtyCoin, last.dust.costKrw].map(String)).toEqual(["-17.64", "0", "0"]);
  expect(last.row).toMatchObject({ krVolume: "9.00000000", krFunds: "25170.00000000", profit: "-58.00" });
});

/** Fills of both legs for so many lots of 0.1 coins, cut in two where they can be. */
const exitFills = (lots: number, multiplier: Decimal, prices: readonly Decimal[]): EndFill[] => {
  const coins = d(lots).times(d("0.1"));
  const first = coins.dividedBy(d(3), 8, "down");
  const [sellA, sellB, coverA, coverB] = prices as [Decimal, Decimal, Decimal, Decimal];
  const contracts = coins.dividedBy(multiplier, 12, "down");
  const half = contracts.dividedBy(d(2), 12, "down");
  return [
    { purpose: "sell", price: sellA, qty: first, fee: sellA.times(d("0.00123")) },
    { purpose: "sell", price: sellB, qty: coins.minus(first), fee: sellB.times(d("0.0007")) },
    { purpose: "cover", price: coverA, qty: half, fee: coverA.times(d("0.00055")) },
    { purpose: "cover", price: coverB, qty: contracts.minus(half), fee: coverB.times(d("0.0005")) },
  ];
};

const pricesOf = fc.array(amount(10 ** 12), { minLength: 24, maxLength: 24 });

test("an exit in parts: its profits add up, and its row is that of leaving at once with the same fills", () => {
  fc.assert(
    fc.property(
      entriesOf,
      fc.array(fc.integer({ min: 1, max: 1000 }), { maxLength: 5 }),
      pricesOf,
      fc.constantFrom("1", "1000"),
      fc.integer({ min: -1000, max: 1000 }),
      (entries, cuts, prices, multiplier, funding) => {
        const parts = cut(lotsOf(entries), cuts);
        const common = { ...COMMON, multiplier: d(multiplier), fundingWholeUsdt: d(`${funding}e-3`) };
        const dones = takeInParts(entries, parts).map(({ takes }, index): ExitDone => {
          const own = prices.slice(index * 4, index * 4 + 4);
          return { taken: takes, fills: exitFills(parts[index]!, d(multiplier), own) };
        });
        const outcomes = dones.map((done, index) => {
          const isLast = index === dones.length - 1;
          return exitOutcome({
            ...common,
            done,
            earlier: dones.slice(0, index),
            fundingUsdt: isLast ? common.fundingWholeUsdt : Decimal.ZERO,
          });
        });
        const atOnce = exitOutcome({
          ...common,
          done: { taken: entries, fills: dones.flatMap(({ fills }) => fills) },
          fundingUsdt: common.fundingWholeUsdt,
        });
        expect(outcomes.at(-1)!.row).toEqual(atOnce.row);
        const sum = Decimal.sum(outcomes.map(({ profitKrw }) => profitKrw));
        expect(sum.toString()).toBe(atOnce.profitKrw.toString());
        for (const outcome of outcomes) expect(outcome.dustChanged).toBe(false);
      },
    ),
    { numRuns: RUNS },
  );
}, 60_000);

test("nothing made or lost in an exit: money in less cost is profit, dust sold, and dust kept at cost", () => {
  fc.assert(
    fc.property(
      entriesOf,
      dustOf,
      fc.integer({ min: 0, max: 1000 }),
      amount(10 ** 12),
      amount(10 ** 9),
      amount(10 ** 9),
      (entries, dust, soldPart, sellPrice, coverPrice, fee) => {
        const coins = Decimal.sum(entries.map(({ qtyCoin }) => qtyCoin));
        const soldCoin = coins.plus(dust.qtyCoin).times(d(soldPart)).dividedBy(d(1000), 8, "down");
        const fills: EndFill[] = [{ purpose: "cover", price: coverPrice, qty: coins, fee: d("0.01") }];
        if (soldCoin.isPositive) fills.push({ purpose: "sell", price: sellPrice, qty: soldCoin, fee });
        const out = exitOutcome({ ...COMMON, dust, done: { taken: entries, fills } });
        expect(out.dust.qtyCoin.toString()).toBe(coins.plus(dust.qtyCoin).minus(soldCoin).toString());
        expect([out.dust.qtyCoin.isNegative, out.dust.costKrw.isNegative]).toEqual([false, false]);

        const sale = sumOf(fills, "sell");
        const cover = sumOf(fills, "cover");
        const total = (name: (typeof AMOUNTS)[number]) => Decimal.sum(entries.map((entry) => entry[name]));
        const usdt = total("receivedUsdt").minus(total("feeUsdt")).minus(cover.notional).minus(cover.fee);
        const gained = sale.notional
          .minus(sale.fee)
          .minus(total("spentKrw"))
          .minus(total("feeKrw"))
          .plus(usdt.times(COMMON.referenceKrw))
          .plus(out.dust.costKrw.minus(dust.costKrw));
        // What is left beside the profit is what dust sold along earned, to the digits shares are cut at.
        const soldDust = Decimal.max(soldCoin.minus(coins), Decimal.ZERO);
        const share = (money: Decimal) =>
          soldDust.isZero ? Decimal.ZERO : money.times(soldDust).dividedBy(soldCoin, 20, "half-up");
        const dustCost = dust.qtyCoin.isZero
          ? Decimal.ZERO
          : dust.costKrw.times(soldDust).dividedBy(dust.qtyCoin, 20, "half-up");
        const dustGain = share(sale.notional).minus(share(sale.fee)).minus(dustCost);
        const apart = gained.minus(out.profitKrw).minus(dustGain).abs();
        expect(apart.atMost(soldDust.isZero ? Decimal.ZERO : d("3e-12"))).toBe(true);
      },
    ),
    { numRuns: RUNS },
  );
}, 60_000);
