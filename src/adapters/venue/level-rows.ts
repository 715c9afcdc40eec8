// One side of a book printed as rows, [[price, quantity], ...], as Bybit and Binance do. Reads until the quantity is
// enough or the buffer is full, then goes to the end of the array without reading the rest.

import type { OrderBook } from "../../domain/order-book.ts";
import { BYTE, type ByteCursor, next, peek, readNumber, skipValue, take } from "./scan.ts";

const SPACE = 0x20;

/** Reads the asks standing at the cursor. False when it is not an array of rows as far as it was read. */
export function readAsks(cursor: ByteCursor, book: OrderBook | undefined, qtyEnough: number): boolean {
  if (book === undefined) return skipValue(cursor);
  const count = readRows(cursor, book.askPrices, book.askQtys, qtyEnough);
  if (count < 0) return false;
  book.askCount = count;
  book.asksCut = rowsCut;
  return true;
}

/** Reads the bids standing at the cursor, as readAsks does. */
export function readBids(cursor: ByteCursor, book: OrderBook | undefined, qtyEnough: number): boolean {
  if (book === undefined) return skipValue(cursor);
  const count = readRows(cursor, book.bidPrices, book.bidQtys, qtyEnough);
  if (count < 0) return false;
  book.bidCount = count;
  book.bidsCut = rowsCut;
  return true;
}

/** Whether the last readRows left rows unread: a second result without an object for it. */
let rowsCut = false;

/** The number of levels stored, -1 when malformed. */
function readRows(cursor: ByteCursor, prices: Float64Array, qtys: Float64Array, qtyEnough: number): number {
  rowsCut = false;
  if (!take(cursor, BYTE.OPEN_ARRAY)) return -1;
  if (take(cursor, BYTE.CLOSE_ARRAY)) return 0;
  const levelsMax = prices.length;
  let count = 0;
  let qtySum = 0;
  let done = levelsMax === 0;
  for (;;) {
    if (done) {
      rowsCut = true;
      return skipRows(cursor) ? count : -1;
    }
    if (!take(cursor, BYTE.OPEN_ARRAY)) return -1;
    const price = readNumber(cursor);
    if (Number.isNaN(price) || !take(cursor, BYTE.COMMA)) return -1;
    const qty = readNumber(cursor);
    if (Number.isNaN(qty)) return -1;
    // Some of Bybit's channels add a third element to a row.
    let more = next(cursor, BYTE.CLOSE_ARRAY);
    while (more === 1) {
      if (!skipValue(cursor)) return -1;
      more = next(cursor, BYTE.CLOSE_ARRAY);
    }
    if (more === -1) return -1;
    prices[count] = price;
    qtys[count] = qty;
    count++;
    qtySum += qty;
    done = qtySum >= qtyEnough || count === levelsMax;
    more = next(cursor, BYTE.CLOSE_ARRAY);
    if (more === -1) return -1;
    if (more === 0) return count;
  }
}

/**
 * From the start of a row to past the end of the array of rows. Rows hold no member names, so the array ends right
 * before the name that precedes the next colon, or before the closing braces of the body when no colon follows.
 */
function skipRows(cursor: ByteCursor): boolean {
  const bytes = cursor.bytes;
  const colon = bytes.indexOf(BYTE.COLON, cursor.pos);
  let pos = colon === -1 ? beforeClosingBraces(bytes) : beforeKey(bytes, colon);
  pos = backOverSpace(bytes, pos);
  if (pos > cursor.pos && bytes[pos] === BYTE.CLOSE_ARRAY) {
    const inner = backOverSpace(bytes, pos - 1);
    if (inner > cursor.pos && bytes[inner] === BYTE.CLOSE_ARRAY) {
      cursor.pos = pos + 1;
      return true;
    }
  }
  return skipRowsOneByOne(cursor);
}

function skipRowsOneByOne(cursor: ByteCursor): boolean {
  for (;;) {
    if (peek(cursor) !== BYTE.OPEN_ARRAY || !skipValue(cursor)) return false;
    const more = next(cursor, BYTE.CLOSE_ARRAY);
    if (more !== 1) return more === 0;
  }
}

function beforeClosingBraces(bytes: Uint8Array): number {
  let pos = backOverSpace(bytes, bytes.length - 1);
  while (bytes[pos] === BYTE.CLOSE_OBJECT) pos = backOverSpace(bytes, pos - 1);
  return pos;
}

/** The position before the comma that precedes `"name":`, -1 when no such name ends at the colon. */
function beforeKey(bytes: Uint8Array, colon: number): number {
  let pos = backOverSpace(bytes, colon - 1);
  if (bytes[pos] !== BYTE.QUOTE) return -1;
  pos = bytes.lastIndexOf(BYTE.QUOTE, pos - 1);
  if (pos <= 0) return -1;
  pos = backOverSpace(bytes, pos - 1);
  return bytes[pos] === BYTE.COMMA ? pos - 1 : -1;
}

function backOverSpace(bytes: Uint8Array, from: number): number {
  let pos = from;
  while (pos >= 0 && bytes[pos]! <= SPACE) pos--;
  return pos;
}
