// Public market data of a venue as the hot path needs it: plan requests, fetch bytes, scan bytes into typed arrays.

import type { Venue } from "../../schema/vocabulary.ts";
import type { OrderBook } from "../domain/order-book.ts";

export interface WantedBook {
  readonly symbol: string;
  /** Levels wanted (Binance: one of 5, 10, 20, 50, 100, 500, 1000); venues that cannot choose ignore it. */
  readonly depth: number;
}

/** One HTTP request for one or several books. */
export interface BookRequest {
  readonly symbols: readonly string[];
  /** Path and query, to be appended to the venue's base URL. */
  readonly path: string;
  /** Budget units this request spends: requests (Upbit, Bithumb, Bybit) or weight (Binance). */
  readonly cost: number;
}

/** Quantities (in the venue's units) after which a side needs no further levels; Infinity reads all. */
export interface ScanLimit {
  readonly askQtyEnough: number;
  readonly bidQtyEnough: number;
}

/**
 * - "ok": at least one book of the document was handed over (books of unknown symbols are skipped)
 * - "malformed": not the document the venue promises; books handed over before that point must not be used
 * - "rate-limited": a well-formed refusal because of limits (Bybit 10006)
 * - "refused": a well-formed refusal for another reason (unknown symbol, maintenance)
 */
export type ScanOutcome = "ok" | "malformed" | "rate-limited" | "refused";

/** The same in every venue's `books.ts`. */
export interface VenueBooks {
  readonly venue: Venue;
  plan(wanted: readonly WantedBook[]): BookRequest[];
  /**
   * Scans a whole response body. For each book it asks `target(symbol)` for the buffer to fill (undefined: skip it)
   * and for the limits. Every number equals what JSON.parse and Number() would give, to the last bit.
   */
  scan(
    bytes: Uint8Array,
    request: BookRequest,
    target: (symbol: string) => OrderBook | undefined,
    limit: (symbol: string) => ScanLimit,
  ): ScanOutcome;
}
