// A scanner of JSON over response bytes for the hot path: no text, no objects, no allocation as long as numbers are
// of ordinary length. What is read is checked as strictly as JSON.parse does; every number is the double that
// Number() makes of the same characters. It never reads outside the array it was given and never throws.

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const MINUS = 0x2d;
const PLUS = 0x2b;
const DOT = 0x2e;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** The punctuation the venues' scanners share. */
export const BYTE = { QUOTE, COMMA, COLON, OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT } as const;

/** Unknown values nested deeper than this are refused: a bound on recursion, far above any venue's answer. */
export const NESTING_MAX = 256;

/** Up to here every integer, and every power of ten below, is exact, so one division or product rounds correctly. */
const MANTISSA_MAX = 2 ** 53;
const EXACT_POWERS = Float64Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`));
const POWER_MAX = EXACT_POWERS.length - 1;
const JSON_NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Where the scanner stands. One per venue module, set to the body at the start of each scan. */
export class ByteCursor {
  bytes: Uint8Array = new Uint8Array(0);
  pos = 0;
  /** The text between the quotes of the string or key read last. */
  textStart = 0;
  textEnd = 0;
  textEscaped = false;

  reset(bytes: Uint8Array): void {
    this.bytes = bytes;
    this.pos = 0;
  }

  /** Lets go of the body, so that a scanner kept for the life of the process does not keep it alive. */
  release(): void {
    this.bytes = EMPTY;
  }
}

const EMPTY = new Uint8Array(0);

/** Moves past white space and returns the byte found there, 0 at the end of the body. */
export function peek(cursor: ByteCursor): number {
  const bytes = cursor.bytes;
  const end = bytes.length;
  let pos = cursor.pos;
  while (pos < end) {
    const byte = bytes[pos]!;
    if (byte > 0x20 || (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09)) {
      cursor.pos = pos;
      return byte;
    }
    pos++;
  }
  cursor.pos = pos;
  return 0;
}

/** Moves past white space and the given byte; false, without moving past it, when another byte stands there. */
export function take(cursor: ByteCursor, byte: number): boolean {
  if (cursor.bytes[cursor.pos] === byte || peek(cursor) === byte) {
    cursor.pos++;
    return true;
  }
  return false;
}

/** True when nothing but white space is left. */
export function atEnd(cursor: ByteCursor): boolean {
  return peek(cursor) === 0 && cursor.pos >= cursor.bytes.length;
}

/**
 * After a member or element: 1 when another follows (the comma is taken), 0 when `close` was taken, -1 when neither
 * stands there.
 */
export function next(cursor: ByteCursor, close: number): 1 | 0 | -1 {
  let byte = cursor.bytes[cursor.pos]!;
  if (byte !== COMMA && byte !== close) byte = peek(cursor);
  if (byte === COMMA) {
    cursor.pos++;
    return 1;
  }
  if (byte === close) {
    cursor.pos++;
    return 0;
  }
  return -1;
}

/** Reads a string from its opening to past its closing quote, checking control characters and escapes. */
export function readText(cursor: ByteCursor): boolean {
  if (peek(cursor) !== QUOTE) return false;
  const bytes = cursor.bytes;
  const end = bytes.length;
  let pos = cursor.pos + 1;
  cursor.textStart = pos;
  cursor.textEscaped = false;
  while (pos < end) {
    const byte = bytes[pos]!;
    if (byte === QUOTE) {
      cursor.textEnd = pos;
      cursor.pos = pos + 1;
      return true;
    }
    if (byte === BACKSLASH) {
      cursor.textEscaped = true;
      const length = escapeLength(bytes, pos);
      if (length === 0) return false;
      pos += length;
    } else if (byte < 0x20) {
      return false;
    } else {
      pos++;
    }
  }
  return false;
}

function escapeLength(bytes: Uint8Array, pos: number): number {
  const kind = pos + 1 < bytes.length ? bytes[pos + 1]! : 0;
  if (kind === 0x75) {
    if (pos + 6 > bytes.length) return 0;
    for (let at = pos + 2; at < pos + 6; at++) {
      const byte = bytes[at]!;
      const lower = byte | 0x20;
      if (!((byte >= 0x30 && byte <= 0x39) || (lower >= 0x61 && lower <= 0x66))) return 0;
    }
    return 6;
  }
  // " \ / b f n r t
  const simple =
    kind === QUOTE ||
    kind === BACKSLASH ||
    kind === 0x2f ||
    kind === 0x62 ||
    kind === 0x66 ||
    kind === 0x6e ||
    kind === 0x72 ||
    kind === 0x74;
  return simple ? 2 : 0;
}

/** Reads a member's name and the colon after it. */
export function readKey(cursor: ByteCursor): boolean {
  return readText(cursor) && take(cursor, COLON);
}

/** Whether the string read last says `text` (ASCII), escapes resolved. */
export function textIs(cursor: ByteCursor, text: string): boolean {
  if (cursor.textEscaped) return textOf(cursor) === text;
  const start = cursor.textStart;
  const length = text.length;
  if (cursor.textEnd - start !== length) return false;
  const bytes = cursor.bytes;
  for (let index = 0; index < length; index++) {
    if (bytes[start + index] !== text.charCodeAt(index)) return false;
  }
  return true;
}

/** The string read last, escapes resolved. Allocates. */
export function textOf(cursor: ByteCursor): string {
  const raw = decoder.decode(cursor.bytes.subarray(cursor.textStart, cursor.textEnd));
  return cursor.textEscaped ? (JSON.parse(`"${raw}"`) as string) : raw;
}

/**
 * Reads a number, bare or in quotes (then the text must be a JSON number too), and returns it; NaN when none stands
 * there. What follows the number is for the caller to check.
 */
export function readNumber(cursor: ByteCursor): number {
  const bytes = cursor.bytes;
  let pos = cursor.pos;
  let byte = bytes[pos]!;
  if (byte <= 0x20) {
    byte = peek(cursor);
    pos = cursor.pos;
  }
  const quoted = byte === QUOTE;
  if (quoted) byte = bytes[++pos]!;
  const start = pos;
  const negative = byte === MINUS;
  if (negative) byte = bytes[++pos]!;
  let mantissa = byte - 48;
  if (!(mantissa >= 0 && mantissa <= 9)) return readOddNumber(cursor, quoted);
  const leadingZero = mantissa === 0;
  const digitsStart = pos;
  let digit = bytes[++pos]! - 48;
  while (digit >= 0 && digit <= 9) {
    mantissa = mantissa * 10 + digit;
    digit = bytes[++pos]! - 48;
  }
  if (leadingZero && pos - digitsStart > 1) return readOddNumber(cursor, quoted);
  let exponent = 0;
  if (digit === DOT - 48) {
    const fractionStart = ++pos;
    digit = bytes[pos]! - 48;
    while (digit >= 0 && digit <= 9) {
      mantissa = mantissa * 10 + digit;
      digit = bytes[++pos]! - 48;
    }
    exponent = fractionStart - pos;
    if (exponent === 0) return readOddNumber(cursor, quoted);
  }
  if (digit === 0x65 - 48 || digit === 0x45 - 48) {
    byte = bytes[++pos]!;
    const down = byte === MINUS;
    if (down || byte === PLUS) pos++;
    const exponentStart = pos;
    let written = 0;
    digit = bytes[pos]! - 48;
    while (digit >= 0 && digit <= 9) {
      written = written * 10 + digit;
      digit = bytes[++pos]! - 48;
    }
    if (pos === exponentStart) return readOddNumber(cursor, quoted);
    exponent += down ? -written : written;
  }
  const stop = pos;
  if (quoted) {
    if (digit !== QUOTE - 48) return readOddNumber(cursor, quoted);
    pos++;
  }
  cursor.pos = pos;
  // The accumulated mantissa is exact while it is below 2^53: digits past that only make it larger.
  if (mantissa < MANTISSA_MAX) {
    if (exponent === 0) return negative ? -mantissa : mantissa;
    if (exponent < 0 && exponent >= -POWER_MAX) {
      const value = mantissa / EXACT_POWERS[-exponent]!;
      return negative ? -value : value;
    }
    if (exponent > 0 && exponent <= POWER_MAX) {
      const value = mantissa * EXACT_POWERS[exponent]!;
      return negative ? -value : value;
    }
  }
  return Number(decoder.decode(bytes.subarray(start, stop)));
}

/** What is not plainly a number: none at all, or one in quotes written with escapes. */
function readOddNumber(cursor: ByteCursor, quoted: boolean): number {
  if (!quoted || !readText(cursor) || !cursor.textEscaped) return Number.NaN;
  const text = textOf(cursor);
  return JSON_NUMBER.test(text) ? Number(text) : Number.NaN;
}

/** A time stamp in epoch milliseconds: 0 for null, microseconds (16 digits) cut to milliseconds, NaN when malformed. */
export function readStamp(cursor: ByteCursor): number {
  if (peek(cursor) === 0x6e) return takeWord(cursor, "null") ? 0 : Number.NaN;
  const value = readNumber(cursor);
  return value >= 1e15 ? Math.floor(value / 1000) : value;
}

/** Moves past any value, checking its grammar; false when it is not one. */
export function skipValue(cursor: ByteCursor, depth = 0): boolean {
  const byte = peek(cursor);
  if (byte === QUOTE) return readText(cursor);
  if (byte === OPEN_OBJECT) return depth < NESTING_MAX && skipObject(cursor, depth + 1);
  if (byte === OPEN_ARRAY) return depth < NESTING_MAX && skipArray(cursor, depth + 1);
  if (byte === 0x74) return takeWord(cursor, "true");
  if (byte === 0x66) return takeWord(cursor, "false");
  if (byte === 0x6e) return takeWord(cursor, "null");
  return !Number.isNaN(readNumber(cursor));
}

function skipObject(cursor: ByteCursor, depth: number): boolean {
  cursor.pos++;
  if (take(cursor, CLOSE_OBJECT)) return true;
  for (;;) {
    if (!readKey(cursor) || !skipValue(cursor, depth)) return false;
    const more = next(cursor, CLOSE_OBJECT);
    if (more !== 1) return more === 0;
  }
}

function skipArray(cursor: ByteCursor, depth: number): boolean {
  cursor.pos++;
  if (take(cursor, CLOSE_ARRAY)) return true;
  for (;;) {
    if (!skipValue(cursor, depth)) return false;
    const more = next(cursor, CLOSE_ARRAY);
    if (more !== 1) return more === 0;
  }
}

function takeWord(cursor: ByteCursor, word: string): boolean {
  const bytes = cursor.bytes;
  for (let index = 0; index < word.length; index++) {
    if (bytes[cursor.pos + index] !== word.charCodeAt(index)) return false;
  }
  cursor.pos += word.length;
  return true;
}
