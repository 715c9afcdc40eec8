// Books less what our own running orders are about to take from them: whoever plans beside them must not count on the
// same levels.

import { Decimal } from "./decimal.ts";
import type { OrderBook } from "./order-book.ts";

/** Quantities in the books' own units: coins at home, contracts overseas. */
export interface Taken {
  readonly domesticAsk: Decimal;
  readonly domesticBid: Decimal;
  readonly overseasAsk: Decimal;
  readonly overseasBid: Decimal;
}

export const NOTHING_TAKEN: Taken = {
  domesticAsk: Decimal.ZERO,
  domesticBid: Decimal.ZERO,
  overseasAsk: Decimal.ZERO,
  overseasBid: Decimal.ZERO,
};

/** Both books without what is taken, best levels first; undefined when a side is empty then. */
export function lessTaken<B extends { readonly domestic: OrderBook; readonly overseas: OrderBook }>(
  books: B,
  taken: Taken,
): B | undefined {
  const domestic = bookLess(books.domestic, taken.domesticAsk, taken.domesticBid);
  const overseas = bookLess(books.overseas, taken.overseasAsk, taken.overseasBid);
  return domestic && overseas && { ...books, domestic, overseas };
}

function bookLess(book: OrderBook, askQty: Decimal, bidQty: Decimal): OrderBook | undefined {
  if (askQty.isZero && bidQty.isZero) return book;
  const asks = sideLess(book.askPrices, book.askQtys, book.askCount, askQty);
  const bids = sideLess(book.bidPrices, book.bidQtys, book.bidCount, bidQty);
  if (asks.count === 0 || bids.count === 0) return undefined;
  return {
    ...book,
    ...{ askPrices: asks.prices, askQtys: asks.qtys, askCount: asks.count },
    ...{ bidPrices: bids.prices, bidQtys: bids.qtys, bidCount: bids.count },
  };
}

function sideLess(prices: Float64Array, qtys: Float64Array, count: number, taken: Decimal) {
  let left = taken;
  let first = 0;
  let firstQty: number | undefined;
  for (; first < count; first++) {
    const held = Decimal.ofFloat(qtys[first]!);
    if (left.below(held)) {
      firstQty = held.minus(left).toFloat();
      break;
    }
    left = left.minus(held);
  }
  const kept = { prices: prices.slice(first, count), qtys: qtys.slice(first, count), count: count - first };
  if (firstQty !== undefined) kept.qtys[0] = firstQty;
  return kept;
}
