// Order books as Upbit prints them and Bithumb after it: an array of markets, each with units that carry the i-th best
// ask and the i-th best bid together. A price or size of 0 means that side has no further level. There are 30 units at
// most, so all are read and checked even where a side has enough: jumping over them would save a tenth of the time.

import { clearOrderBook, type OrderBook } from "../../domain/order-book.ts";
import type { BookRequest, ScanLimit, ScanOutcome } from "../../ports/market-data.ts";
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
  textOf,
} from "./scan.ts";

const ASK_PRICE = 1;
const BID_PRICE = 2;
const ASK_SIZE = 4;
const BID_SIZE = 8;
const WHOLE_UNIT = ASK_PRICE | BID_PRICE | ASK_SIZE | BID_SIZE;

const LIMIT_NAMES = new Set(["429", "418", "too_many_requests"]);

const cursor = new ByteCursor();
/** The four numbers of the unit read last: no object per unit. */
const unit = { askPrice: 0, bidPrice: 0, askSize: 0, bidSize: 0 };

/** Scans a body of `GET /v1/orderbook`; see VenueBooks.scan. A document without a single book of ours is "refused". */
export function scanKrwBooks(
  bytes: Uint8Array,
  request: BookRequest,
  target: (symbol: string) => OrderBook | undefined,
  limit: (symbol: string) => ScanLimit,
): ScanOutcome {
  cursor.reset(bytes);
  const outcome =
    peek(cursor) === BYTE.OPEN_OBJECT ? refusalOf(bytes) : scanMarkets(request.symbols, target, limit);
  cursor.release();
  return outcome;
}

function scanMarkets(
  symbols: readonly string[],
  target: (symbol: string) => OrderBook | undefined,
  limit: (symbol: string) => ScanLimit,
): ScanOutcome {
  if (!take(cursor, BYTE.OPEN_ARRAY)) return "malformed";
  let handed = 0;
  if (!take(cursor, BYTE.CLOSE_ARRAY)) {
    for (let index = 0; ; index++) {
      const found = scanMarket(symbols, index, target, limit);
      if (found === -1) return "malformed";
      handed += found;
      const more = next(cursor, BYTE.CLOSE_ARRAY);
      if (more === -1) return "malformed";
      if (more === 0) break;
    }
  }
  if (!atEnd(cursor)) return "malformed";
  return handed > 0 ? "ok" : "refused";
}

/** 1 when the market's book was handed over, 0 when it is not wanted, -1 when malformed. */
function scanMarket(
  symbols: readonly string[],
  index: number,
  target: (symbol: string) => OrderBook | undefined,
  limit: (symbol: string) => ScanLimit,
): 1 | 0 | -1 {
  if (!take(cursor, BYTE.OPEN_OBJECT)) return -1;
  let symbol: string | undefined;
  let book: OrderBook | undefined;
  let stampAtMs: number | undefined;
  let unitsAt = -1;
  let filled = false;
  for (;;) {
    if (!readKey(cursor)) return -1;
    if (textIs(cursor, "market")) {
      if (symbol !== undefined || !readText(cursor)) return -1;
      symbol = symbolOf(symbols, index);
      book = target(symbol);
    } else if (textIs(cursor, "timestamp")) {
      if (stampAtMs !== undefined) return -1;
      stampAtMs = readStamp(cursor);
      if (Number.isNaN(stampAtMs)) return -1;
    } else if (textIs(cursor, "orderbook_units")) {
      if (unitsAt !== -1) return -1;
      unitsAt = cursor.pos;
      if (symbol !== undefined && book !== undefined) {
        if (!readUnits(book, limit(symbol))) return -1;
        filled = true;
      } else if (!skipValue(cursor)) return -1;
    } else if (!skipValue(cursor)) return -1;
    const more = next(cursor, BYTE.CLOSE_OBJECT);
    if (more === -1) return -1;
    if (more === 0) break;
  }
  if (symbol === undefined || unitsAt === -1) return -1;
  if (book === undefined) return 0;
  if (!filled) {
    // The market's name came after its units: go back to them now that the buffer is known.
    const end = cursor.pos;
    cursor.pos = unitsAt;
    if (!readUnits(book, limit(symbol))) return -1;
    cursor.pos = end;
  }
  book.stampAtMs = stampAtMs ?? 0;
  return 1;
}

/** The request's own string for the name just read, so that none is made; books come in the order asked for. */
function symbolOf(symbols: readonly string[], index: number): string {
  const expected = symbols[index];
  if (expected !== undefined && textIs(cursor, expected)) return expected;
  return symbols.find((symbol) => textIs(cursor, symbol)) ?? textOf(cursor);
}

function readUnits(book: OrderBook, limit: ScanLimit): boolean {
  clearOrderBook(book);
  if (!take(cursor, BYTE.OPEN_ARRAY)) return false;
  if (take(cursor, BYTE.CLOSE_ARRAY)) return true;
  const { askPrices, askQtys, bidPrices, bidQtys } = book;
  const { askQtyEnough, bidQtyEnough } = limit;
  const levelsMax = askPrices.length;
  let askCount = 0;
  let bidCount = 0;
  let askSum = 0;
  let bidSum = 0;
  // "open": further levels of that side are stored; "done": it has enough, but whether more follow is not yet known.
  let asksOpen = true;
  let bidsOpen = true;
  let asksDone = levelsMax === 0;
  let bidsDone = levelsMax === 0;
  for (;;) {
    if (asksDone && asksOpen) {
      book.asksCut = true;
      asksOpen = false;
    }
    if (bidsDone && bidsOpen) {
      book.bidsCut = true;
      bidsOpen = false;
    }
    if (!readUnit()) return false;
    if (asksOpen) {
      if (unit.askPrice === 0 || unit.askSize === 0) asksOpen = false;
      else {
        askPrices[askCount] = unit.askPrice;
        askQtys[askCount++] = unit.askSize;
        askSum += unit.askSize;
        asksDone = askSum >= askQtyEnough || askCount === levelsMax;
      }
    }
    if (bidsOpen) {
      if (unit.bidPrice === 0 || unit.bidSize === 0) bidsOpen = false;
      else {
        bidPrices[bidCount] = unit.bidPrice;
        bidQtys[bidCount++] = unit.bidSize;
        bidSum += unit.bidSize;
        bidsDone = bidSum >= bidQtyEnough || bidCount === levelsMax;
      }
    }
    const more = next(cursor, BYTE.CLOSE_ARRAY);
    if (more === 1) continue;
    book.askCount = askCount;
    book.bidCount = bidCount;
    return more === 0;
  }
}

function readUnit(): boolean {
  if (!take(cursor, BYTE.OPEN_OBJECT)) return false;
  let seen = 0;
  for (;;) {
    if (!readKey(cursor)) return false;
    const field = fieldOfKey();
    if (field === 0) {
      if (!skipValue(cursor)) return false;
    } else {
      const value = readNumber(cursor);
      if (Number.isNaN(value) || (seen & field) !== 0) return false;
      seen |= field;
      if (field === ASK_PRICE) unit.askPrice = value;
      else if (field === BID_PRICE) unit.bidPrice = value;
      else if (field === ASK_SIZE) unit.askSize = value;
      else unit.bidSize = value;
    }
    const more = next(cursor, BYTE.CLOSE_OBJECT);
    if (more === -1) return false;
    if (more === 0) return seen === WHOLE_UNIT;
  }
}

function fieldOfKey(): number {
  if (textIs(cursor, "ask_price")) return ASK_PRICE;
  if (textIs(cursor, "bid_price")) return BID_PRICE;
  if (textIs(cursor, "ask_size")) return ASK_SIZE;
  if (textIs(cursor, "bid_size")) return BID_SIZE;
  return 0;
}

/** A body that is an object is an error: {"error":{"name":text or status,"message"}} or, in Bithumb's API 1.0, {"status"}. */
function refusalOf(bytes: Uint8Array): ScanOutcome {
  try {
    const body = JSON.parse(new TextDecoder().decode(bytes)) as {
      error?: { name?: unknown } | null;
      status?: unknown;
    };
    const name = body.error?.name;
    if (typeof name === "string" || typeof name === "number") {
      return LIMIT_NAMES.has(String(name)) ? "rate-limited" : "refused";
    }
    return typeof body.status === "string" && body.status !== "0000" ? "refused" : "malformed";
  } catch {
    // No JSON after all, or nested too deeply.
    return "malformed";
  }
}
