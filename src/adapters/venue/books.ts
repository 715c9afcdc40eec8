// The four venues' order book adapters in one table.

import type { Venue } from "../../../schema/vocabulary.ts";
import type { VenueBooks } from "../../ports/market-data.ts";
import { binanceBooks } from "./binance/books.ts";
import { bithumbBooks } from "./bithumb/books.ts";
import { bybitBooks } from "./bybit/books.ts";
import { upbitBooks } from "./upbit/books.ts";

export const VENUE_BOOKS: Readonly<Record<Venue, VenueBooks>> = {
  upbit: upbitBooks,
  bithumb: bithumbBooks,
  bybit: bybitBooks,
  binance: binanceBooks,
};
