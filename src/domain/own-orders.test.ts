import { expect, test } from "bun:test";
import fc from "fast-check";
import { runsOf } from "../testing/runs.ts";
import { Decimal } from "./decimal.ts";
import { createOrderBook, type OrderBook } from "./order-book.ts";
import { lessTaken, NOTHING_TAKEN } from "./own-orders.ts";

const D = Decimal.of;

function bookOf(qtys: readonly number[]): OrderBook {
  const book = createOrderBook(qtys.length);
  for (const [index, qty] of qtys.entries()) {
    [book.askPrices[index], book.askQtys[index]] = [100 + index, qty];
    [book.bidPrices[index], book.bidQtys[index]] = [99 - index, qty];
  }
  book.askCount = book.bidCount = qtys.length;
  return book;
}

const asks = ({ askPrices, askQtys, askCount }: OrderBook) =>
  Array.from({ length: askCount }, (_, index) => [askPrices[index], askQtys[index]]);

test("what is about to be taken is missing from the best levels, and the books handed in stay as they were", () => {
  const books = { domestic: bookOf([1.1, 2, 3]), overseas: bookOf([5, 6]) };
  const less = lessTaken(books, { ...NOTHING_TAKEN, domesticAsk: D("1.4"), overseasBid: D("5") })!;
  expect(asks(less.domestic)).toEqual([
    [101, 1.7],
    [102, 3],
  ]);
  expect([less.domestic.bidCount, less.domestic.bidQtys[0]]).toEqual([3, 1.1]);
  expect([less.overseas.bidCount, less.overseas.bidPrices[0], less.overseas.askCount]).toEqual([1, 98, 2]);
  expect(asks(books.domestic)).toEqual([
    [100, 1.1],
    [101, 2],
    [102, 3],
  ]);
});

test("a side that is taken whole leaves no books", () => {
  const books = { domestic: bookOf([1, 2]), overseas: bookOf([5]) };
  expect(lessTaken(books, { ...NOTHING_TAKEN, domesticBid: D(3) })).toBeUndefined();
  expect(lessTaken(books, { ...NOTHING_TAKEN, overseasAsk: D("4.9") })!.overseas.askQtys[0]).toBe(0.1);
});

test("whatever is taken, what is left and what was taken add up to what there was", () => {
  const cents = fc.integer({ min: 1, max: 10_000 });
  const runs = runsOf(60, 10_000);
  fc.assert(
    fc.property(fc.array(cents, { minLength: 1, maxLength: 8 }), cents, (levels, taken) => {
      const qtys = levels.map((qty) => qty / 100);
      const all = Decimal.sum(qtys.map((qty) => Decimal.ofFloat(qty)));
      const takenQty = Decimal.ofFloat(taken / 100);
      const books = { domestic: bookOf(qtys), overseas: bookOf([1]) };
      const less = lessTaken(books, { ...NOTHING_TAKEN, domesticAsk: takenQty });
      if (!less) return expect(takenQty.atLeast(all)).toBe(true);
      const left = Decimal.sum(asks(less.domestic).map(([, qty]) => Decimal.ofFloat(qty!)));
      expect(left.plus(takenQty).equals(all)).toBe(true);
    }),
    { numRuns: runs },
  );
});
