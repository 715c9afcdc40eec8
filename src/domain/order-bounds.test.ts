import { expect, test } from "bun:test";
import fc from "fast-check";
import { runsOf } from "../testing/runs.ts";
import { Decimal } from "./decimal.ts";
import { bookOfLists } from "./json-book.ts";
import type { OrderBook } from "./order-book.ts";
import {
  hedgeBound,
  ladderPrice,
  qtyWorth,
  unfillablePrice,
  walk,
  worstLadderPrice,
} from "./order-bounds.ts";

const d = Decimal.of;
const RUNS = runsOf(80, 20_000);

/** Upbit's and Bithumb's bands (docs/trading-venues.md): from a price on, its increment. */
const UPBIT = [
  ["0", "0.00000001"],
  ["0.00001", "0.0000001"],
  ["0.0001", "0.000001"],
  ["0.001", "0.00001"],
  ["0.01", "0.0001"],
  ["0.1", "0.001"],
  ["1", "0.01"],
  ["10", "0.1"],
  ["100", "1"],
  ["5000", "5"],
  ["10000", "10"],
  ["50000", "50"],
  ["100000", "100"],
  ["500000", "500"],
  ["1000000", "1000"],
] as const;
const BITHUMB = [
  ["0", "0.0001"],
  ["1", "0.001"],
  ["10", "0.01"],
  ["100", "1"],
  ["5000", "5"],
  ["10000", "10"],
  ["50000", "50"],
  ["100000", "100"],
  ["500000", "500"],
  ["1000000", "1000"],
] as const;

function incrementsOf(grid: readonly (readonly [string, string])[]) {
  const bands = grid.map(([from, increment]) => ({ from: d(from), increment: d(increment) }));
  return (price: Decimal) => bands.findLast(({ from }) => from.atMost(price))!.increment;
}
const upbit = incrementsOf(UPBIT);
const one = () => Decimal.ONE;

const BOOK = bookOfLists({
  asks: [
    [2800, 100],
    [2810, 50],
  ],
  bids: [
    [2790, 100],
    [2780, 50],
  ],
});
const EMPTY = bookOfLists({ asks: [], bids: [] });

test("walking a side gives the worth of a quantity and the last price it touches, to the end of the book", () => {
  const told = (side: "bid" | "ask", qty: string) => {
    const walked = walk(BOOK, side, d(qty));
    return walked && [walked.notional.toString(), walked.deepest.toString()];
  };
  expect(told("bid", "100")).toEqual(["279000", "2790"]);
  expect(told("bid", "100.00000001")).toEqual(["279000.0000278", "2780"]);
  expect(told("bid", "150")).toEqual(["418000", "2780"]);
  expect(told("bid", "150.00000001")).toBeUndefined();
  expect(told("ask", "120.5")).toEqual(["337605", "2810"]);
  expect(walk(EMPTY, "ask", d("1"))).toBeUndefined();
});

function ladder(side: "buy" | "sell", attempt: number, qty: string, book: OrderBook | undefined = BOOK) {
  return ladderPrice({ side, attempt, qty: d(qty), book, incrementAt: one })?.toString();
}

test("tries to sell 120 reach 0.5 %, 1 % and 3 % below 2780, then go at market", () => {
  // 2780 x 0.995 = 2766.1; x 0.99 = 2752.2; x 0.97 = 2696.6
  expect([1, 2, 3, 4, 5].map((attempt) => ladder("sell", attempt, "120"))).toEqual([
    "2766",
    "2752",
    "2696",
    undefined,
    undefined,
  ]);
});

test("tries to buy 120 reach 0.5 %, 1 % and 3 % above 2810, then go at market", () => {
  // 2824.05, 2838.1, 2894.3
  expect([1, 2, 3, 4].map((attempt) => ladder("buy", attempt, "120"))).toEqual([
    "2825",
    "2839",
    "2895",
    undefined,
  ]);
});

test("a book too thin is swept to its end; without a book, or a side of it, nobody knows a limit", () => {
  expect(ladder("sell", 1, "1000")).toBe("2766");
  expect(ladderPrice({ side: "sell", attempt: 1, qty: d("1"), book: undefined, incrementAt: one })).toBe(
    undefined,
  );
  expect(ladder("buy", 1, "1", EMPTY)).toBeUndefined();
});

test("a limit is never nothing, however small the price", () => {
  const book = bookOfLists({ asks: [[0.0002, 1e9]], bids: [[0.0001, 1e9]] });
  const common = { book, incrementAt: incrementsOf(BITHUMB) };
  expect(ladderPrice({ ...common, side: "sell", attempt: 3, qty: d("1000000") })?.toString()).toBe("0.0001");
  expect(unfillablePrice({ ...common, side: "buy", priceKrw: d("0.0001") })?.toString()).toBe("0.0001");
});

test("without a book and a price there is none to use an id up at", () => {
  expect(
    unfillablePrice({ side: "sell", book: undefined, priceKrw: undefined, incrementAt: incrementsOf(UPBIT) }),
  ).toBe(undefined);
});

test("a band that does not begin on its own increment is rounded in once more", () => {
  const book = bookOfLists({ asks: [[995, 1]], bids: [[990, 1]] });
  const incrementAt = (price: Decimal) => d(price.atLeast(d("1000")) ? "300" : "1");
  // 995 x 1.005 = 999.975 -> 1000, which the upper band does not have
  expect(ladderPrice({ side: "buy", attempt: 1, qty: d("1"), book, incrementAt })?.toString()).toBe("1200");
});

test("a limit that crosses into another band stands on that band's increment", () => {
  const limit = (side: "buy" | "sell", price: number, attempt: number) =>
    ladderPrice({
      side,
      attempt,
      qty: d("1"),
      book: bookOfLists({ asks: [[price, 1]], bids: [[price, 1]] }),
      incrementAt: upbit,
    })?.toString();
  // 9990 (step 5) x 1.005 = 10039.95 (step 10); 100,100 (step 100) x 0.97 = 97,097 (step 50)
  expect(limit("buy", 9990, 1)).toBe("10040");
  expect(limit("sell", 100_100, 3)).toBe("97050");
  // 99.6 x 1.005 = 100.098 (step 1)
  expect(limit("buy", 99.6, 1)).toBe("101");
  // Rounding itself crosses: 99.46 x 1.005 = 99.9573 -> 100
  expect(limit("buy", 99.46, 1)).toBe("100");
});

/** A price on the grid, from 0.0001 to some millions. */
const priceOn = (incrementAt: (price: Decimal) => Decimal) =>
  fc
    .tuple(fc.integer({ min: 1000, max: 9999 }), fc.integer({ min: -4, max: 3 }))
    .map(([digits, exponent]) => {
      const price = d(`${digits}e${exponent - 3}`);
      return price.toStep(incrementAt(price), "up");
    });

for (const [name, grid] of [
  ["Upbit", UPBIT],
  ["Bithumb", BITHUMB],
] as const) {
  const incrementAt = incrementsOf(grid);
  const isOn = (price: Decimal) => price.toStep(incrementAt(price), "down").equals(price);

  test(`on ${name}'s bands every limit is on its own increment, reaches its step of the ladder, and no increment further`, () => {
    fc.assert(
      fc.property(
        priceOn(incrementAt),
        fc.constantFrom("buy" as const, "sell" as const),
        fc.integer({ min: 1, max: 3 }),
        (price, side, attempt) => {
          const float = price.toFloat();
          const book = bookOfLists({ asks: [[float, 5]], bids: [[float, 5]] });
          const limit = ladderPrice({ side, attempt, qty: d("3"), book, incrementAt })!;
          const beyond = d(["0.005", "0.01", "0.03"][attempt - 1]!);
          const sign = side === "sell" ? Decimal.ONE.negated() : Decimal.ONE;
          const step = price.times(Decimal.ONE.plus(beyond.times(sign)));
          expect(isOn(limit)).toBe(true);
          const further = limit.minus(step).times(sign);
          expect(limit.isPositive).toBe(true);
          expect(further.isNegative && !limit.equals(incrementAt(limit))).toBe(false);
          expect(further.below(Decimal.max(incrementAt(step), incrementAt(limit)))).toBe(true);
        },
      ),
      { numRuns: RUNS },
    );
  }, 60_000);

  test(`on ${name}'s bands an order to use an id up is on its own increment and fills at no price near the book`, () => {
    fc.assert(
      fc.property(priceOn(incrementAt), fc.boolean(), (price, isSeen) => {
        const float = price.toFloat();
        const book = isSeen ? bookOfLists({ asks: [[float, 5]], bids: [[float, 5]] }) : undefined;
        const at = (side: "buy" | "sell") =>
          unfillablePrice({ side, book, priceKrw: isSeen ? d("1") : price, incrementAt })!;
        const [buy, sell] = [at("buy"), at("sell")];
        expect([isOn(buy), isOn(sell), buy.isPositive]).toEqual([true, true, true]);
        // Nothing is below a price of one increment.
        const isLeast = buy.equals(incrementAt(buy));
        expect(isLeast || buy.atMost(price.times(d("0.8")))).toBe(true);
        expect(sell.atLeast(price.times(d("1.2")))).toBe(true);
      }),
      { numRuns: RUNS },
    );
  }, 60_000);
}

test("an order to use an id up goes by the best price of its own side, or by the last known one", () => {
  const price = (side: "buy" | "sell", book: OrderBook | undefined) =>
    unfillablePrice({ side, book, priceKrw: d("1000"), incrementAt: one })?.toString();
  expect([price("buy", BOOK), price("sell", BOOK)]).toEqual(["2232", "3360"]);
  expect([price("buy", EMPTY), price("sell", EMPTY), price("buy", undefined)]).toEqual([
    "800",
    "1200",
    "800",
  ]);
});

const HEDGE = {
  qtyContracts: d("10"),
  multiplier: Decimal.ONE,
  paidKrwPerCoin: d("2800"),
  domestic: bookOfLists({
    asks: [[2800, 100]],
    bids: [
      [2790, 4],
      [2780, 100],
    ],
  }),
  overseas: bookOfLists({ asks: [[2.001, 100]], bids: [[2, 100]] }),
  priceUsdt: d("1.999"),
  referenceKrw: d("1400"),
  increment: d("0.0001"),
};

test("ten coins that cost 28,000 and bring 27,840 may be hedged 160 KRW below the bids: 1.9886 USDT", () => {
  // 160 / 1400 / 10 = 0.011428... below 2
  expect(hedgeBound(HEDGE).toString()).toBe("1.9886");
});

test("contracts of 1000 coins are bound per contract", () => {
  const bound = hedgeBound({
    ...HEDGE,
    qtyContracts: d("0.01"),
    multiplier: d("1000"),
    overseas: bookOfLists({ asks: [[2001, 1]], bids: [[2000, 1]] }),
    increment: d("0.1"),
  });
  expect(bound.toString()).toBe("1988.6");
});

test("what cannot be seen: half a percent for the home book, the planned price for the other, and never below 3 %", () => {
  // 140 KRW of 28,000 are 0.01 USDT a coin.
  expect(hedgeBound({ ...HEDGE, domestic: undefined }).toString()).toBe("1.99");
  // A home book that ends before the coins are sold says no more.
  const thin = bookOfLists({ asks: [[2800, 1]], bids: [[2790, 9.9]] });
  expect(hedgeBound({ ...HEDGE, domestic: thin }).toString()).toBe("1.99");
  expect(hedgeBound({ ...HEDGE, overseas: undefined }).toString()).toBe("1.9876");
  expect(hedgeBound({ ...HEDGE, overseas: EMPTY }).toString()).toBe("1.9876");
  const crashed = bookOfLists({ asks: [[1500, 100]], bids: [[1400, 100]] });
  expect(hedgeBound({ ...HEDGE, domestic: crashed }).toString()).toBe("1.94");
});

test("coins that would bring more than they cost are hedged at the best bid and not below", () => {
  const risen = bookOfLists({ asks: [[2900, 100]], bids: [[2850, 100]] });
  expect(hedgeBound({ ...HEDGE, domestic: risen }).toString()).toBe("2");
});

const positive = (max: number) => fc.integer({ min: 1, max });

test("at the bound hedging loses what selling back would, never more; one increment lower would be too much or past 3 %", () => {
  let free = 0;
  fc.assert(
    fc.property(
      fc.record({
        bids: fc.array(fc.tuple(positive(50), positive(1000)), { minLength: 1, maxLength: 5 }),
        bestUsdt: fc.integer({ min: 10_000, max: 30_000 }),
        lots: positive(5_000),
        paid: fc.integer({ min: 2_700, max: 2_850 }),
        multiplier: fc.constantFrom("1", "1000"),
        increment: fc.constantFrom("0.0001", "0.000000000001"),
      }),
      ({ bids, bestUsdt, lots, paid, multiplier, increment }) => {
        let price = 2_800;
        const levels = bids.map(([step, qty]): [number, number] => {
          price -= step;
          return [price, qty];
        });
        const best = d(`${bestUsdt}e-4`).times(d(multiplier));
        const contracts = d(`${lots}e-1`).dividedBy(d(multiplier), 10, "down");
        const coins = contracts.times(d(multiplier));
        const domestic = bookOfLists({ asks: [[2_800, 1]], bids: levels });
        const step = d(increment);
        const bound = hedgeBound({
          ...HEDGE,
          ...{ domestic, multiplier: d(multiplier), qtyContracts: contracts, increment: step },
          paidKrwPerCoin: d(paid),
          overseas: bookOfLists({ asks: [], bids: [[best.toFloat(), 1]] }),
        });
        const paidKrw = coins.times(d(paid));
        const brings = walk(domestic, "bid", coins)?.notional ?? paidKrw.times(d("0.995"));
        const backLoses = Decimal.max(paidKrw.minus(brings), Decimal.ZERO);
        const hedgeLoses = (at: Decimal) => best.minus(at).times(contracts).times(HEDGE.referenceKrw);
        expect(bound.toStep(step, "down").equals(bound)).toBe(true);
        expect(bound.atMost(best)).toBe(true);
        expect(hedgeLoses(bound).atMost(backLoses)).toBe(true);
        expect(bound.atLeast(best.times(d("0.97")))).toBe(true);
        const lower = bound.minus(step);
        const isPast = lower.below(best.times(d("0.97")));
        // The division's last digits apart.
        if (!isPast) {
          expect(hedgeLoses(lower).plus(d("1e-12")).atLeast(backLoses)).toBe(true);
          free++;
        }
      },
    ),
    { numRuns: RUNS },
  );
  expect(free).toBeGreaterThan(RUNS / 10);
});

test("the smallest quantity worth an amount: whole steps, no less than the smallest order, and not a step more", () => {
  expect(qtyWorth(d("5000"), d("2706.3"), d("0.00000001")).toString()).toBe("1.84754093");
  expect(qtyWorth(d("5"), d("2"), d("0.1")).toString()).toBe("2.5");
  expect(qtyWorth(d("5"), d("1.9999"), d("0.1")).toString()).toBe("2.6");
  expect(qtyWorth(d("5"), d("60000"), d("0.001"), d("0.001")).toString()).toBe("0.001");
  expect(qtyWorth(Decimal.ZERO, d("2"), d("0.1"), d("0.25")).toString()).toBe("0.3");
  fc.assert(
    fc.property(
      positive(10_000),
      positive(10 ** 9),
      fc.integer({ min: 0, max: 8 }),
      positive(100),
      (notional, priceUnits, decimals, qtyMinSteps) => {
        const price = d(`${priceUnits}e-4`);
        const step = d(`1e-${decimals}`);
        const qtyMin = step.times(d(qtyMinSteps));
        const qty = qtyWorth(d(notional), price, step, qtyMin);
        expect(qty.toStep(step, "down").equals(qty)).toBe(true);
        const isEnough = (some: Decimal) => some.times(price).atLeast(d(notional)) && some.atLeast(qtyMin);
        expect([isEnough(qty), isEnough(qty.minus(step))]).toEqual([true, false]);
      },
    ),
    { numRuns: RUNS },
  );
}, 60_000);

test("the worst price of the ladder is 3 % below the best bid", () => {
  expect(worstLadderPrice(d("2790")).toString()).toBe("2706.3");
});
