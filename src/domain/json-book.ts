// Order books as plain [price, quantity] lists, as operators and vectors give them, into typed arrays.

import { createOrderBook, type OrderBook } from "./order-book.ts";

export interface BookLists {
  readonly asks: readonly (readonly [price: number, qty: number])[];
  readonly bids: readonly (readonly [price: number, qty: number])[];
}

/** A book of its own with room for exactly these levels. */
export function bookOfLists({ asks, bids }: BookLists): OrderBook {
  const book = createOrderBook(Math.max(asks.length, bids.length, 1));
  for (const [price, qty] of asks) {
    book.askPrices[book.askCount] = price;
    book.askQtys[book.askCount++] = qty;
  }
  for (const [price, qty] of bids) {
    book.bidPrices[book.bidCount] = price;
    book.bidQtys[book.bidCount++] = qty;
  }
  return book;
}
