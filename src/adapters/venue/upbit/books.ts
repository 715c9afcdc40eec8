// Upbit's order books. https://docs.upbit.com/kr/reference/list-orderbooks
// [{"market":"KRW-BTC","timestamp":1751606867762,"orderbook_units":[{"ask_price":148520000,"bid_price":148490000,
//   "ask_size":0.0134662,"bid_size":0.04296774}, ...],"level":0}]

import type { BookRequest, VenueBooks, WantedBook } from "../../../ports/market-data.ts";
import { scanKrwBooks } from "../krw-units.ts";

/** No maximum is documented; this keeps the URL below 2 KB. */
const MARKETS_PER_REQUEST_MAX = 100;
const LEVELS = 30;

function plan(wanted: readonly WantedBook[]): BookRequest[] {
  const requests: BookRequest[] = [];
  for (let start = 0; start < wanted.length; start += MARKETS_PER_REQUEST_MAX) {
    const symbols = wanted.slice(start, start + MARKETS_PER_REQUEST_MAX).map((book) => book.symbol);
    const markets = symbols.map(encodeURIComponent).join(",");
    requests.push({ symbols, path: `/v1/orderbook?markets=${markets}&count=${LEVELS}`, cost: 1 });
  }
  return requests;
}

/** Many markets a request, always 30 levels. */
export const upbitBooks: VenueBooks = { venue: "upbit", plan, scan: scanKrwBooks };
