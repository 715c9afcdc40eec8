import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { SEED_COUNT, SEED_STEP_KRW } from "../../schema/vocabulary.ts";
import { referenceRateJeon, type TextBook } from "../testing/reference-rate.ts";
import { runsOf } from "../testing/runs.ts";
import { Decimal } from "./decimal.ts";
import { bookOfLists } from "./json-book.ts";
import type { OrderBook } from "./order-book.ts";
import { entryRateAt, exitRateAt, exitRateForQty, largestExitMeeting } from "./size-rates.ts";
import { createDomesticSweep, ratesOfPair, sweepDomestic } from "./sweep.ts";

const d = Decimal.of;
const RUNS = runsOf(25, 5_000);

interface VectorCase {
  readonly name: string;
  readonly korean: Parameters<typeof bookOfLists>[0];
  readonly foreign: Parameters<typeof bookOfLists>[0];
  readonly expected: readonly [sizeKrw: number, entry: number | null, exit: number | null][];
}

const { cases } = JSON.parse(readFileSync("vectors/premium.json", "utf8")) as { cases: VectorCase[] };

for (const { name, korean, foreign, expected } of cases) {
  test(`rates at the grid's sizes equal vectors/premium.json for ${name}, nulls included`, () => {
    const books = { domestic: bookOfLists(korean), overseas: bookOfLists(foreign) };
    expect(expected.length).toBe(SEED_COUNT);
    for (const [sizeKrw, entry, exit] of expected) {
      const got = [entryRateAt, exitRateAt].map(
        (rateAt) => rateAt(books, d(sizeKrw), Decimal.ONE)?.toFixed(2) ?? null,
      );
      expect([sizeKrw, ...got]).toEqual([sizeKrw, entry?.toFixed(2) ?? null, exit?.toFixed(2) ?? null]);
    }
  });
}

/** Sorted sides of up to twelve levels, as texts, so that no reference sees a float. */
const side = (direction: 1 | -1) =>
  fc
    .record({
      start: fc.integer({ min: 100, max: 10 ** 7 }),
      steps: fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 12 }),
      qtys: fc.array(fc.oneof(fc.integer({ min: 1, max: 10 ** 12 }), fc.constantFrom(10 ** 8)), {
        minLength: 12,
        maxLength: 12,
      }),
      decimals: fc.constantFrom(0, 1, 4),
    })
    .map(({ start, steps, qtys, decimals }) => {
      let ticks = start;
      return steps.map((step, index): [string, string] => {
        ticks += step * direction;
        return [d(`${ticks}e-${decimals}`).toString(), d(`${qtys[index]}e-8`).toString()];
      });
    });
const textBook: fc.Arbitrary<TextBook> = fc.record({ asks: side(1), bids: side(-1) });
const bookPair = fc.record({
  domestic: textBook,
  overseas: textBook,
  multiplier: fc.constantFrom(1, 1000, 1_000_000),
});

function bookOf({ asks, bids }: TextBook): OrderBook {
  const numbers = (list: TextBook["asks"]) =>
    list.map(([price, qty]) => [Number(price), Number(qty)] as const);
  return bookOfLists({ asks: numbers(asks), bids: numbers(bids) });
}

test("on random books the rates are the definition's at any size, and the sweep's at the grid's", () => {
  let nulls = 0;
  let rates = 0;
  fc.assert(
    fc.property(
      bookPair,
      fc.array(fc.integer({ min: 1, max: 200_000_000 }), { minLength: 3, maxLength: 3 }),
      fc.array(fc.integer({ min: 0, max: SEED_COUNT - 1 }), { minLength: 3, maxLength: 3 }),
      ({ domestic, overseas, multiplier }, sizes, seeds) => {
        const books = { domestic: bookOf(domestic), overseas: bookOf(overseas) };
        const jeon = new Float64Array(2 * SEED_COUNT);
        const sweep = createDomesticSweep();
        sweepDomestic(books.domestic, sweep);
        ratesOfPair(sweep, books.domestic, books.overseas, multiplier, jeon);
        for (const direction of ["entry", "exit"] as const) {
          const rateJeon = (sizeKrw: number) => {
            const rateAt = direction === "entry" ? entryRateAt : exitRateAt;
            return rateAt(books, d(sizeKrw), d(multiplier))?.times(d(100)).toFloat() ?? null;
          };
          for (const sizeKrw of sizes) {
            const expected = referenceRateJeon(direction, domestic, overseas, multiplier, sizeKrw);
            expect([direction, sizeKrw, rateJeon(sizeKrw)]).toEqual([direction, sizeKrw, expected]);
            if (expected === null) nulls++;
            else rates++;
          }
          for (const seed of seeds) {
            const swept = jeon[direction === "entry" ? seed : SEED_COUNT + seed]!;
            const got = rateJeon((seed + 1) * SEED_STEP_KRW);
            expect([direction, seed, got]).toEqual([direction, seed, Number.isNaN(swept) ? null : swept]);
          }
        }
      },
    ),
    { numRuns: RUNS },
  );
  expect(nulls).toBeGreaterThan(0);
  expect(rates).toBeGreaterThan(0);
});

const BOOKS = {
  domestic: bookOfLists({
    asks: [
      [2800, 100],
      [2810, 100],
    ],
    bids: [
      [2790, 100],
      [2780, 50],
    ],
  }),
  overseas: bookOfLists({
    asks: [
      [2.0, 120],
      [2.01, 100],
    ],
    bids: [
      [1.99, 80],
      [1.98, 100],
    ],
  }),
};

test("entry: 420,500 KRW buy 100 coins at 2800 and 50 at 2810, and the bids give 159.2 + 138.6 USDT: 1412.02", () => {
  expect(entryRateAt(BOOKS, d(420_500), Decimal.ONE)?.toString()).toBe("1412.02");
  // The whole side: 561,000 KRW buy 200 coins, more than the 180 the bids take.
  expect(entryRateAt(BOOKS, d(561_000), Decimal.ONE)).toBeUndefined();
  expect(entryRateAt(BOOKS, d("561000.00000001"), Decimal.ONE)).toBeUndefined();
});

test("exit: 150 coins bring 418,000 KRW and cost 300.3 USDT; one step more and the bids have ended", () => {
  const whole = exitRateForQty(BOOKS, d(150), Decimal.ONE)!;
  expect([whole.rate, whole.saleKrw, whole.costUsdt].map(String)).toEqual(["1391.94", "418000", "300.3"]);
  expect(exitRateAt(BOOKS, d(418_000), Decimal.ONE)?.toString()).toBe("1391.94");
  expect(exitRateForQty(BOOKS, d("150.00000001"), Decimal.ONE)).toBeUndefined();
  expect(exitRateAt(BOOKS, d("418000.00000001"), Decimal.ONE)).toBeUndefined();
});

test("contracts of 1000 coins: the same coins, the book's prices and quantities for a thousand each", () => {
  const thousands = {
    domestic: BOOKS.domestic,
    overseas: bookOfLists({
      asks: [
        [2000, 0.12],
        [2010, 0.1],
      ],
      bids: [
        [1990, 0.08],
        [1980, 0.1],
      ],
    }),
  };
  const multiplier = d(1000);
  for (const sizeKrw of [1, 279_000, 300_001, 418_000]) {
    const size = d(sizeKrw);
    expect(exitRateAt(thousands, size, multiplier)).toEqual(exitRateAt(BOOKS, size, Decimal.ONE));
    expect(entryRateAt(thousands, size, multiplier)).toEqual(entryRateAt(BOOKS, size, Decimal.ONE));
  }
  const whole = exitRateForQty(thousands, d(150), multiplier)!;
  expect([whole.rate, whole.saleKrw, whole.costUsdt].map(String)).toEqual(["1391.94", "418000", "300.3"]);
});

test("a tie rounds half-up, and a multiplier that divides nothing evenly rounds no rate", () => {
  const one = (price: number) => bookOfLists({ asks: [[price + 1, 1e6]], bids: [[price, 1e6]] });
  // 1,000,000 KRW are one coin: 1,000,000 / 64,000 = 15.625.
  const tie = { domestic: bookOfLists({ asks: [[1e6, 10]], bids: [[999_999, 10]] }), overseas: one(64_000) };
  expect(entryRateAt(tie, d(1_000_000), Decimal.ONE)?.toString()).toBe("15.63");
  // A third of a contract each: three times the price per coin's worth.
  expect(entryRateAt({ ...tie, overseas: one(3 * 64_000) }, d(1_000_000), d(3))?.toString()).toBe("15.63");
});

test("a size or a quantity that is none is refused", () => {
  for (const none of [Decimal.ZERO, d(-1)]) {
    expect(() => entryRateAt(BOOKS, none, Decimal.ONE)).toThrow(RangeError);
    expect(() => exitRateAt(BOOKS, none, Decimal.ONE)).toThrow(RangeError);
    expect(() => exitRateForQty(BOOKS, none, Decimal.ONE)).toThrow(RangeError);
  }
  const empty = { domestic: bookOfLists({ asks: [], bids: [] }), overseas: BOOKS.overseas };
  expect(exitRateForQty(empty, d(1), Decimal.ONE)).toBeUndefined();
  expect(largestExitMeeting(empty, d(1), d(1), d(1), Decimal.ONE)).toBeUndefined();
});

test("the largest exit: 1395.00 is met by 100.1 coins, which round to it, 1391.94 by all 150, 1395.01 by none", () => {
  const largest = (rateMin: string, qtyMax = "150", lot = "0.1") =>
    largestExitMeeting(BOOKS, d(qtyMax), d(rateMin), d(lot), Decimal.ONE)?.toString();
  // 100 x 2790 / 200 = 1395 exactly; at 100.1 it is 1394.995 and still half-up 1395.00, at 100.2 1394.99.
  expect(largest("1395")).toBe("100.1");
  expect(largest("1391.94")).toBe("150");
  expect(largest("1391.94", "1000")).toBe("150");
  expect(largest("1395.01")).toBeUndefined();
  expect(largest("1390", "99.99")).toBe("99.9");
  expect(largest("1390", "99.99", "40")).toBe("80");
  expect(largest("1390", "39.9", "40")).toBeUndefined();
});

test("the exit rate only falls with the quantity, so the largest exit is the one a search of every lot finds", () => {
  fc.assert(
    fc.property(
      bookPair,
      fc.integer({ min: 1, max: 60 }),
      fc.integer({ min: 0, max: 59 }),
      fc.integer({ min: -2, max: 2 }),
      ({ domestic, overseas, multiplier }, lotsMax, at, off) => {
        const books = { domestic: bookOf(domestic), overseas: bookOf(overseas) };
        const factor = d(multiplier);
        const held = Decimal.sum(domestic.bids.map(([, qty]) => d(qty)));
        const lot = held.dividedBy(d(Math.max(1, lotsMax - 3)), 10, "up");
        const qtyMax = lot.times(d(lotsMax)).plus(lot.dividedBy(d(2), 12, "down"));
        const rates = Array.from({ length: lotsMax }, (_, index) =>
          exitRateForQty(books, lot.times(d(index + 1)), factor),
        );
        let gone = false;
        for (const [index, rate] of rates.entries()) {
          if (index > 0 && rate) expect(rate.rate.atMost(rates[index - 1]!.rate)).toBe(true);
          if (gone) expect(rate).toBeUndefined();
          gone ||= rate === undefined;
        }
        const target = (rates[at % lotsMax] ?? rates[0])?.rate.plus(d(`${off}e-2`)) ?? d(1);
        const best = rates.findLastIndex((rate) => rate?.rate.atLeast(target));
        const got = largestExitMeeting(books, qtyMax, target, lot, factor);
        expect(got?.toString()).toBe(best < 0 ? undefined : lot.times(d(best + 1)).toString());
      },
    ),
    { numRuns: RUNS },
  );
});
