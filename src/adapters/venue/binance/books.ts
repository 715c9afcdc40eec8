// Binance's order books of USD-M perpetuals.
// https://developers.binance.com/docs/derivatives/usds-margined-futures/market-data/rest-api/Order-Book
// {"lastUpdateId":1027024,"E":1589436922972,"T":1589436922959,"bids":[["4.00000000","431.00000000"]],
//   "asks":[["4.00000200","12.00000000"]]}, or a refusal: {"code":-1121,"msg":"Invalid symbol."}

import { clearOrderBook, type OrderBook } from "../../../domain/order-book.ts";
import { binanceWeight } from "../../../domain/venue-limits.ts";
import type {
  BookRequest,
  ScanLimit,
  ScanOutcome,
  VenueBooks,
  WantedBook,
} from "../../../ports/market-data.ts";
import { readAsks, readBids } from "../level-rows.ts";
import {
  atEnd,
  BYTE,
  ByteCursor,
  next,
  readKey,
  readNumber,
  readStamp,
  skipValue,
  take,
  textIs,
} from "../scan.ts";

/** The depths the venue accepts; any other is refused with -4021. */
const DEPTHS = [5, 10, 20, 50, 100, 500, 1000] as const;
const DEPTH_MAX = 1000;

const LIMIT_CODE = -1003;

const cursor = new ByteCursor();

function plan(wanted: readonly WantedBook[]): BookRequest[] {
  return wanted.map(({ symbol, depth }) => {
    const accepted = DEPTHS.find((each) => each >= depth) ?? DEPTH_MAX;
    const path = `/fapi/v1/depth?symbol=${encodeURIComponent(symbol)}&limit=${accepted}`;
    return { symbols: [symbol], path, cost: binanceWeight(accepted) };
  });
}

function scan(
  bytes: Uint8Array,
  request: BookRequest,
  target: (symbol: string) => OrderBook | undefined,
  limit: (symbol: string) => ScanLimit,
): ScanOutcome {
  const symbol = request.symbols[0];
  if (symbol === undefined) return "malformed";
  cursor.reset(bytes);
  const book = target(symbol);
  const outcome = scanBody(book, book === undefined ? undefined : limit(symbol));
  cursor.release();
  return outcome;
}

function scanBody(book: OrderBook | undefined, limit: ScanLimit | undefined): ScanOutcome {
  let bids = false;
  let asks = false;
  let code: number | undefined;
  let eventAtMs: number | undefined;
  let matchedAtMs: number | undefined;
  if (book !== undefined) clearOrderBook(book);
  if (!take(cursor, BYTE.OPEN_OBJECT)) return "malformed";
  for (;;) {
    if (!readKey(cursor)) return "malformed";
    if (textIs(cursor, "bids")) {
      if (bids) return "malformed";
      bids = true;
      if (!readBids(cursor, book, limit?.bidQtyEnough ?? 0)) return "malformed";
    } else if (textIs(cursor, "asks")) {
      if (asks) return "malformed";
      asks = true;
      if (!readAsks(cursor, book, limit?.askQtyEnough ?? 0)) return "malformed";
    } else if (textIs(cursor, "E")) {
      if (eventAtMs !== undefined) return "malformed";
      eventAtMs = readStamp(cursor);
      if (Number.isNaN(eventAtMs)) return "malformed";
    } else if (textIs(cursor, "T")) {
      if (matchedAtMs !== undefined) return "malformed";
      matchedAtMs = readStamp(cursor);
      if (Number.isNaN(matchedAtMs)) return "malformed";
    } else if (textIs(cursor, "code")) {
      if (code !== undefined) return "malformed";
      code = readNumber(cursor);
      if (Number.isNaN(code)) return "malformed";
    } else if (!skipValue(cursor)) return "malformed";
    const more = next(cursor, BYTE.CLOSE_OBJECT);
    if (more === -1) return "malformed";
    if (more === 0) break;
  }
  if (!atEnd(cursor)) return "malformed";
  // Success, where it has a code at all, says 200; only negative codes are refusals.
  if (code !== undefined && code < 0) return code === LIMIT_CODE ? "rate-limited" : "refused";
  if (!bids || !asks) return "malformed";
  if (book === undefined) return "refused";
  book.stampAtMs = eventAtMs || matchedAtMs || 0;
  return "ok";
}

/** One symbol a request, at the next depth the venue accepts; the cost is its weight. */
export const binanceBooks: VenueBooks = { venue: "binance", plan, scan };
