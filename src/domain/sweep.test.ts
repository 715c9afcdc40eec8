import { expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { SEED_COUNT, SEED_STEP_KRW } from "../../schema/vocabulary.ts";
import { referenceRateJeon, type TextBook } from "../testing/reference-rate.ts";
import { runsOf } from "../testing/runs.ts";
import { bookOfLists } from "./json-book.ts";
import { bookDefect, type OrderBook } from "./order-book.ts";
import { createDomesticSweep, ratesOfPair, sweepDomestic } from "./sweep.ts";

function computeJeon(domestic: OrderBook, overseas: OrderBook, multiplier: number): Float64Array {
  const sweep = createDomesticSweep();
  const out = new Float64Array(2 * SEED_COUNT);
  sweepDomestic(domestic, sweep);
  ratesOfPair(sweep, domestic, overseas, multiplier, out);
  return out;
}

interface VectorCase {
  name: string;
  korean: { asks: [number, number][]; bids: [number, number][] };
  foreign: { asks: [number, number][]; bids: [number, number][] };
  expected: [number, number | null, number | null][];
}

const vectorFiles = ["vectors/premium.json", "../shared/vectors/premium-recorded.json"].filter((file) => {
  if (existsSync(file)) return true;
  console.log(`${file} is not here: its cases are not tested`);
  return false;
});

for (const file of vectorFiles) {
  const { cases } = JSON.parse(readFileSync(file, "utf8")) as { cases: VectorCase[] };
  for (const { name, korean, foreign, expected } of cases) {
    test(`ratesOfPair equals ${file} for ${name}, nulls included`, () => {
      const jeon = computeJeon(bookOfLists(korean), bookOfLists(foreign), 1);
      expect(expected.length).toBe(SEED_COUNT);
      for (const [seedKrw, entry, exit] of expected) {
        const index = seedKrw / SEED_STEP_KRW - 1;
        expect([seedKrw, rate(jeon[index]!), rate(jeon[SEED_COUNT + index]!)]).toEqual([
          seedKrw,
          entry,
          exit,
        ]);
      }
    });
  }
}

function rate(jeon: number): number | null {
  return Number.isNaN(jeon) ? null : jeon / 100;
}

// Books as decimal texts, so that the reference never sees a float. Prices share an increment, quantities have up
// to 8 decimals; some books are built to end exactly at a seed or to hit exact ties.
const side = (direction: 1 | -1, priceMax: number) =>
  fc
    .record({
      start: fc.integer({ min: 200, max: priceMax }),
      steps: fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 40 }),
      qtys: fc.array(fc.oneof(fc.integer({ min: 1, max: 10 ** 12 }), fc.constantFrom(10 ** 8, 5 * 10 ** 7)), {
        minLength: 40,
        maxLength: 40,
      }),
      increment: fc.constantFrom(0, 1, 2, 4),
    })
    .map(({ start, steps, qtys, increment }) => {
      let ticks = start;
      const levels: [string, string][] = [];
      for (const [index, step] of steps.entries()) {
        ticks += step * direction;
        if (ticks <= 0) break;
        levels.push([decimalText(ticks, increment), decimalText(qtys[index]!, 8)]);
      }
      return levels;
    });

function decimalText(units: number, decimals: number): string {
  if (decimals === 0) return String(units);
  const digits = String(units).padStart(decimals + 1, "0");
  return `${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`;
}

const textBook: fc.Arbitrary<TextBook> = fc.record({
  asks: side(1, 10 ** 8),
  bids: side(-1, 10 ** 8),
});

const RUNS = Number(process.env.SWEEP_RUNS ?? runsOf(100, 20_000));

test(`${RUNS} random pairs of books give exactly the reference's rates`, () => {
  let values = 0;
  let nulls = 0;
  fc.assert(
    fc.property(
      textBook,
      textBook,
      fc.constantFrom(1, 1, 1000, 10_000, 1_000_000),
      (domestic, overseas, multiplier) => {
        const asNumbers = (book: TextBook) =>
          bookOfLists({
            asks: book.asks.map(([price, qty]) => [Number(price), Number(qty)] as const),
            bids: book.bids.map(([price, qty]) => [Number(price), Number(qty)] as const),
          });
        const domesticBook = asNumbers(domestic);
        const overseasBook = asNumbers(overseas);
        const jeon = computeJeon(domesticBook, overseasBook, multiplier);
        for (let index = 0; index < SEED_COUNT; index++) {
          for (const direction of ["entry", "exit"] as const) {
            const seedKrw = (index + 1) * SEED_STEP_KRW;
            const expected = referenceRateJeon(direction, domestic, overseas, multiplier, seedKrw);
            const got = jeon[direction === "entry" ? index : SEED_COUNT + index]!;
            if (!(expected === null ? Number.isNaN(got) : got === expected)) {
              throw new Error(`${direction} at ${seedKrw}: expected ${expected}, was ${got}`);
            }
            values++;
            if (expected === null) nulls++;
          }
        }
      },
    ),
    { numRuns: RUNS, seed: Number(process.env.SWEEP_SEED ?? 1) },
  );
  expect(values).toBe(RUNS * 200);
  expect(nulls).toBeGreaterThan(0);
  expect(nulls).toBeLessThan(values);
}, 3_600_000);

test("a book that ends exactly at a seed is filled there and null above", () => {
  const domestic = bookOfLists({ asks: [[1000, 3000]], bids: [[999, 3003.003003]] });
  const overseas = bookOfLists({ asks: [[0.71, 1e9]], bids: [[0.7, 3000]] });
  const jeon = computeJeon(domestic, overseas, 1);
  expect([...jeon.slice(0, 4)].map(rate)).toEqual([1428.57, 1428.57, 1428.57, null]);
  expect(rate(jeon[SEED_COUNT + 2]!)).toBeNull();
});

test("an exact tie rounds half-up", () => {
  // 1,000,000 KRW buys 1000 coins; u = 1000 x price; rate = 1000 / price.
  const domestic = bookOfLists({ asks: [[1000, 1e6]], bids: [[999, 1e6]] });
  const overseas = bookOfLists({ asks: [[0.9, 1e9]], bids: [[0.8, 1e9]] });
  expect(computeJeon(domestic, overseas, 1)[0]).toBe(125_000);
  const tie = bookOfLists({ asks: [[1e6, 1e3]], bids: [[1e6 - 1, 1e3]] });
  // rate = 1e6 / 6400 = 156.25; at a price of 64000: 15.625 -> 15.63
  expect(computeJeon(tie, bookOfLists({ asks: [[64001, 1e9]], bids: [[64000, 1e9]] }), 1)[0]).toBe(1563);
});

test("books of a thousand levels, most of them within one seed, give exactly the reference's rates", () => {
  const levels = (price: number, direction: 1 | -1, last: string) =>
    Array.from({ length: 1000 }, (_, index): [string, string] => [
      decimalText(price + direction * index, 2),
      index === 999 ? last : decimalText(1 + ((index * 7919) % 997), 4),
    ]);
  const domestic: TextBook = { asks: levels(2e6, 1, "9000"), bids: levels(2e6 - 1, -1, "9000") };
  const overseas: TextBook = { asks: levels(1500, 1, "9000"), bids: levels(1499, -1, "9000") };
  const asNumbers = ({ asks, bids }: TextBook) =>
    bookOfLists({
      asks: asks.map(([price, qty]) => [Number(price), Number(qty)] as const),
      bids: bids.map(([price, qty]) => [Number(price), Number(qty)] as const),
    });
  const jeon = computeJeon(asNumbers(domestic), asNumbers(overseas), 1);
  // The reference walks all the levels for each seed: in the ordinary run for the first, the last and some between.
  for (let index = 0; index < SEED_COUNT; index += runsOf(9, 1)) {
    const seedKrw = (index + 1) * SEED_STEP_KRW;
    expect(jeon[index]!).toBe(referenceRateJeon("entry", domestic, overseas, 1, seedKrw)!);
    expect(jeon[SEED_COUNT + index]!).toBe(referenceRateJeon("exit", domestic, overseas, 1, seedKrw)!);
  }
});

test("bookDefect names empty, crossed and malformed books", () => {
  expect(bookDefect(bookOfLists({ asks: [], bids: [[1, 1]] }))).toBe("empty");
  expect(bookDefect(bookOfLists({ asks: [[1, 1]], bids: [[1, 1]] }))).toBe("crossed");
  expect(
    bookDefect(
      bookOfLists({
        asks: [
          [2, 1],
          [1.5, 1],
        ],
        bids: [[1, 1]],
      }),
    ),
  ).toBe("malformed");
  expect(bookDefect(bookOfLists({ asks: [[2, 0]], bids: [[1, 1]] }))).toBe("malformed");
  expect(bookDefect(bookOfLists({ asks: [[2, 1]], bids: [[1, Number.NaN]] }))).toBe("malformed");
  expect(bookDefect(bookOfLists({ asks: [[2, 1]], bids: [[1, 1]] }))).toBeUndefined();
});

/**
 * Sorted sides no honest venue sends: prices over many orders of magnitude. (No level holds less than the rounding
 * of the whole side: whether a size ends within it or just beyond is not told apart then.)
 */
const absurdSide = (direction: 1 | -1) =>
  fc
    .uniqueArray(fc.integer({ min: -16, max: 12 }), { minLength: 1, maxLength: 8 })
    .chain((exponents) =>
      fc
        .array(fc.integer({ min: 0, max: 11 }), { minLength: exponents.length, maxLength: exponents.length })
        .map((qtyExponents) =>
          exponents
            .sort((a, b) => direction * (a - b))
            .map((exponent, index) => [`1e${exponent}`, `1e${qtyExponents[index]}`] as const),
        ),
    );
const absurdBook = fc.record({ asks: absurdSide(1), bids: absurdSide(-1) });

const numbersOf = (book: TextBook) => {
  const numbers = (levels: TextBook["asks"]) =>
    levels.map(([price, qty]): [number, number] => [Number(price), Number(qty)]);
  return bookOfLists({ asks: numbers(book.asks), bids: numbers(book.bids) });
};

const HONEST: TextBook = {
  asks: [
    ["1000000", "50"],
    ["1000100", "60"],
  ],
  bids: [
    ["999900", "50"],
    ["999800", "60"],
  ],
};
const HONEST_OVERSEAS: TextBook = {
  asks: [["714", "500"]],
  bids: [
    ["713", "50"],
    ["712", "500"],
  ],
};

/** The largest size takes 10^11 times the coins of the smallest. */
const STUB_BIDS: TextBook = {
  asks: [["1", "1"]],
  bids: [
    ["10000000", "1"],
    ["0.001", "100000000000"],
    ["0.0000000001", "1"],
  ],
};
const DEEP_OVERSEAS: TextBook = { asks: [["0.0000000000000001", "10000000000"]], bids: [["1", "1"]] };

test("an absurd book gives the reference's rates, and spoils none of the books swept after it", () => {
  const honest = () => computeJeon(numbersOf(HONEST), numbersOf(HONEST_OVERSEAS), 1);
  const expected = honest();
  fc.assert(
    fc.property(absurdBook, absurdBook, (domestic, overseas) => {
      const jeon = computeJeon(numbersOf(domestic), numbersOf(overseas), 1);
      expect(honest()).toEqual(expected);
      for (let seed = 0; seed < SEED_COUNT; seed += 33) {
        for (const direction of ["entry", "exit"] as const) {
          const got = jeon[direction === "entry" ? seed : SEED_COUNT + seed]!;
          const want = referenceRateJeon(direction, domestic, overseas, 1, (seed + 1) * SEED_STEP_KRW);
          expect([direction, seed, Number.isNaN(got) ? null : got]).toEqual([direction, seed, want]);
        }
      }
    }),
    { numRuns: runsOf(100, 20_000), examples: [[STUB_BIDS, DEEP_OVERSEAS]] },
  );
}, 60_000);
