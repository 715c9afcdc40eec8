import { expect, test } from "bun:test";
import { bookWithout, createOrderBook } from "./order-book.ts";

test("a book without what others take begins where they end, and the book itself stays", () => {
  const book = createOrderBook(4);
  book.askPrices.set([10, 11, 12]);
  book.askQtys.set([1, 2, 3]);
  book.askCount = 3;
  book.bidPrices.set([9]);
  book.bidQtys.set([5]);
  book.bidCount = 1;
  const left = bookWithout(book, "asks", 2.5);
  expect([...left.askPrices]).toEqual([11, 12]);
  expect([...left.askQtys]).toEqual([0.5, 3]);
  expect([left.askCount, left.bidCount]).toEqual([2, 1]);
  expect([...book.askQtys.slice(0, 3)]).toEqual([1, 2, 3]);
  expect(bookWithout(book, "asks", 3).askPrices[0]).toBe(12);
  expect(bookWithout(book, "asks", 6).askCount).toBe(0);
  expect(bookWithout(book, "bids", 1).bidQtys[0]).toBe(4);
  expect(bookWithout(book, "bids", 0)).toBe(book);
});
