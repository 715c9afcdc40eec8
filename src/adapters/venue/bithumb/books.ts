// Bithumb's order books (API 2.0), Upbit's shape. https://apidocs.bithumb.com/reference/호가-정보-조회
// One market a request gives 30 levels, several give 15: so one.

import type { BookRequest, VenueBooks, WantedBook } from "../../../ports/market-data.ts";
import { scanKrwBooks } from "../krw-units.ts";

function plan(wanted: readonly WantedBook[]): BookRequest[] {
  return wanted.map(({ symbol }) => ({
    symbols: [symbol],
    path: `/v1/orderbook?markets=${encodeURIComponent(symbol)}`,
    cost: 1,
  }));
}

/** One market a request, 30 levels. */
export const bithumbBooks: VenueBooks = { venue: "bithumb", plan, scan: scanKrwBooks };
