// Bybit's order books of linear perpetuals. https://bybit-exchange.github.io/docs/v5/market/orderbook
// {"retCode":0,"retMsg":"OK","result":{"s":"BTCUSDT","b":[["62710.2","5.52"]],"a":[["62710.3","0.01"]],
//   "ts":1709199771584,"u":243781,"seq":3887177875},"retExtInfo":{},"time":1709199771643}
// Refusals come with HTTP 200 and another retCode.

import { clearOrderBook, type OrderBook } from "../../../domain/order-book.ts";
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
  peek,
  readKey,
  readNumber,
  readStamp,
  readText,
  skipValue,
  take,
  textIs,
} from "../scan.ts";

const LEVELS_MAX = 1000;
/** "Too many visits!", the limit of the address, and the system's overload. */
const LIMIT_CODES: ReadonlySet<number> = new Set([10006, 10018, 429]);

const cursor = new ByteCursor();

function plan(wanted: readonly WantedBook[]): BookRequest[] {
  return wanted.map(({ symbol, depth }) => {
    const levels = Math.min(LEVELS_MAX, Math.max(1, Math.ceil(depth)));
    const path = `/v5/market/orderbook?category=linear&symbol=${encodeURIComponent(symbol)}&limit=${levels}`;
    return { symbols: [symbol], path, cost: 1 };
  });
}

function scan(
  bytes: Uint8Array,
  request: BookRequest,
  target: (symbol: string) => OrderBook | undefined,
  limit: (symbol: string) => ScanLimit,
): ScanOutcome {
  cursor.reset(bytes);
  const outcome = scanEnvelope(request.symbols[0], target, limit);
  cursor.release();
  return outcome;
}

function scanEnvelope(
  symbol: string | undefined,
  target: (symbol: string) => OrderBook | undefined,
  limit: (symbol: string) => ScanLimit,
): ScanOutcome {
  if (symbol === undefined || !take(cursor, BYTE.OPEN_OBJECT)) return "malformed";
  let retCode: number | undefined;
  let resultAt = -1;
  let found: "book" | "unwanted" | "no-book" = "no-book";
  for (;;) {
    if (!readKey(cursor)) return "malformed";
    if (textIs(cursor, "retCode") || textIs(cursor, "ret_code")) {
      if (retCode !== undefined) return "malformed";
      retCode = readNumber(cursor);
      if (Number.isNaN(retCode)) return "malformed";
    } else if (textIs(cursor, "result")) {
      if (resultAt !== -1) return "malformed";
      resultAt = cursor.pos;
      if ((retCode ?? 0) === 0 && peek(cursor) === BYTE.OPEN_OBJECT) {
        const book = target(symbol);
        const outcome = scanResult(symbol, book, book === undefined ? undefined : limit(symbol));
        if (outcome === "malformed") return "malformed";
        found = outcome;
      } else if (!skipValue(cursor)) return "malformed";
    } else if (!skipValue(cursor)) return "malformed";
    const more = next(cursor, BYTE.CLOSE_OBJECT);
    if (more === -1) return "malformed";
    if (more === 0) break;
  }
  if (!atEnd(cursor) || retCode === undefined) return "malformed";
  if (retCode !== 0) return LIMIT_CODES.has(retCode) ? "rate-limited" : "refused";
  if (found === "no-book") return "malformed";
  return found === "book" ? "ok" : "refused";
}

/** "no-book": an object without a whole book of that symbol, which only a refusal may carry. */
function scanResult(
  symbol: string,
  book: OrderBook | undefined,
  limit: ScanLimit | undefined,
): "book" | "unwanted" | "no-book" | "malformed" {
  let bids = false;
  let asks = false;
  let named = false;
  let stampAtMs: number | undefined;
  if (book !== undefined) clearOrderBook(book);
  cursor.pos++;
  if (take(cursor, BYTE.CLOSE_OBJECT)) return "no-book";
  for (;;) {
    if (!readKey(cursor)) return "malformed";
    if (textIs(cursor, "s")) {
      if (named || !readText(cursor) || !textIs(cursor, symbol)) return "malformed";
      named = true;
    } else if (textIs(cursor, "b")) {
      if (bids) return "malformed";
      bids = true;
      if (!readBids(cursor, book, limit?.bidQtyEnough ?? 0)) return "malformed";
    } else if (textIs(cursor, "a")) {
      if (asks) return "malformed";
      asks = true;
      if (!readAsks(cursor, book, limit?.askQtyEnough ?? 0)) return "malformed";
    } else if (textIs(cursor, "ts")) {
      if (stampAtMs !== undefined) return "malformed";
      stampAtMs = readStamp(cursor);
      if (Number.isNaN(stampAtMs)) return "malformed";
    } else if (!skipValue(cursor)) return "malformed";
    const more = next(cursor, BYTE.CLOSE_OBJECT);
    if (more === -1) return "malformed";
    if (more === 0) break;
  }
  if (!bids || !asks || !named) return "no-book";
  if (book === undefined) return "unwanted";
  book.stampAtMs = stampAtMs ?? 0;
  return "book";
}

/** One symbol a request, 1 to 1000 levels. */
export const bybitBooks: VenueBooks = { venue: "bybit", plan, scan };
