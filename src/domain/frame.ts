// The columnar binary form of rate rows, lossless and small: rates are integer jeon, of which only what the neighbours
// do not let expect is kept (frame-rates.ts), names stand once. Deflated by the adapters' codec, never here.
//
//   "SX" 1 | flags (1 closing, 2 has reference) | tickAtMs | part
//   reference, if any: price in 1/10^8 KRW | venue index | zigzag(tickAtMs - atMs)
//   coin count | names | row count
//   columns: coin index steps | pair indices | zigzag(tickAtMs - row tick) | book age steps | reasons | rates
//
// Numbers are varints, steps (from one row to the next) zigzag. A row's rates are null from some size on: a book has
// ended there.

import { PAIRS, REASONS, VENUES } from "../../schema/vocabulary.ts";
import { decodeRates, encodeRates } from "./frame-rates.ts";
import { RATES_PER_ROW, type RateRow, type ReferencePrice } from "./rate-table.ts";
import { ByteReader, ByteWriter, FrameError } from "./varint.ts";

export { FrameError } from "./varint.ts";

export interface Frame {
  /** The newest tick any row belongs to. */
  readonly tickAtMs: number;
  readonly part: number;
  /** True when the tick is closed: every coin due is accounted for, the missing ones as nulls. */
  readonly closing: boolean;
  readonly reference: ReferencePrice | undefined;
  readonly rows: readonly RateRow[];
}

const VERSION = 1;
const FLAG_CLOSING = 1;
const FLAG_REFERENCE = 2;
const COINS_MAX = 10_000;
const ROWS_MAX = 40_000;
const NAME_BYTES_MAX = 64;
const REFERENCE_SCALE = 1e8;
const REASON_INDEX = new Map<string, number>(REASONS.map((reason, index) => [reason, index]));

/** Throws RangeError for a row that breaks the format's rules (a rate after a null, a fraction of a jeon). */
export function encodeFrame(frame: Frame): Uint8Array {
  const { head, residuals } = encodeFrameParts(frame);
  const bytes = new Uint8Array(head.length + residuals.length);
  bytes.set(head);
  bytes.set(residuals, head.length);
  return bytes;
}

/**
 * The same in two parts, for a codec that treats them differently: in the head some patterns repeat, the residuals
 * look like noise and repeat nothing.
 */
export function encodeFrameParts(frame: Frame): { head: Uint8Array; residuals: Uint8Array } {
  const out = new ByteWriter(1024 + frame.rows.length * 32);
  out.byte(0x53);
  out.byte(0x58);
  out.byte(VERSION);
  out.byte((frame.closing ? FLAG_CLOSING : 0) | (frame.reference ? FLAG_REFERENCE : 0));
  out.varint(frame.tickAtMs);
  out.varint(frame.part);
  if (frame.reference) {
    out.varint(Math.round(frame.reference.priceKrw * REFERENCE_SCALE));
    out.varint(VENUES.indexOf(frame.reference.venue));
    out.zigzag(frame.tickAtMs - frame.reference.atMs);
  }
  const coinIndex = new Map<string, number>();
  for (const row of frame.rows) if (!coinIndex.has(row.coin)) coinIndex.set(row.coin, coinIndex.size);
  out.varint(coinIndex.size);
  for (const coin of coinIndex.keys()) out.text(coin);
  out.varint(frame.rows.length);

  let previousCoin = 0;
  for (const row of frame.rows) {
    const index = coinIndex.get(row.coin)!;
    out.zigzag(index - previousCoin);
    previousCoin = index;
  }
  for (const row of frame.rows) out.varint(row.pairIndex);
  for (const row of frame.rows) out.zigzag(frame.tickAtMs - row.tickAtMs);
  let previousAge = 0;
  for (const { bookAgeMs } of frame.rows) {
    out.zigzag(bookAgeMs - previousAge);
    previousAge = bookAgeMs;
  }
  for (const row of frame.rows) out.varint(REASON_INDEX.get(row.reason)!);
  const residuals = new ByteWriter(1024 + frame.rows.length * 100);
  encodeRates(frame.rows, out, residuals);
  return { head: out.finish(), residuals: residuals.finish() };
}

/** Throws FrameError on anything that is not a whole, valid frame; never reads past the end. */
export function decodeFrame(bytes: Uint8Array): Frame {
  const reader = new ByteReader(bytes);
  if (reader.byte() !== 0x53 || reader.byte() !== 0x58)
    throw new FrameError('expected a frame to begin with "SX"');
  const version = reader.byte();
  if (version !== VERSION) throw new FrameError(`expected frame version ${VERSION}, was ${version}`);
  const flags = reader.byte();
  const tickAtMs = reader.varint();
  const part = reader.varint();
  const reference = flags & FLAG_REFERENCE ? decodeReference(reader, tickAtMs) : undefined;
  const coins: string[] = [];
  const coinCount = reader.upTo(COINS_MAX, "the coin count");
  for (let index = 0; index < coinCount; index++) coins.push(reader.text(NAME_BYTES_MAX));
  const rowCount = reader.upTo(ROWS_MAX, "the row count");
  // Every row takes at least seven bytes of columns: refuse to allocate for rows that cannot be there.
  if (rowCount * 7 > reader.left) throw new FrameError("expected more rows, was the end");

  const coinOf = new Int32Array(rowCount);
  let coin = 0;
  for (let row = 0; row < rowCount; row++) {
    coin += reader.zigzag();
    if (coin < 0 || coin >= coinCount)
      throw new FrameError(`expected a coin index below ${coinCount}, was ${coin}`);
    coinOf[row] = coin;
  }
  const column = (max: number, what: string) => {
    const values = new Float64Array(rowCount);
    for (let row = 0; row < rowCount; row++) values[row] = reader.upTo(max, what);
    return values;
  };
  const pairs = column(PAIRS.length - 1, "a pair index");
  const ticks = new Float64Array(rowCount);
  for (let row = 0; row < rowCount; row++) ticks[row] = tickAtMs - reader.zigzag();
  const ages = new Float64Array(rowCount);
  let age = 0;
  for (let row = 0; row < rowCount; row++) {
    age += reader.zigzag();
    if (!(age >= 0 && age <= Number.MAX_SAFE_INTEGER))
      throw new FrameError(`expected a book age, was ${age}`);
    ages[row] = age;
  }
  const reasons = column(REASONS.length - 1, "a reason");
  const rows: RateRow[] = Array.from(reasons, (reason, row) => ({
    coin: coins[coinOf[row]!]!,
    pairIndex: pairs[row]!,
    tickAtMs: ticks[row]!,
    bookAgeMs: ages[row]!,
    reason: REASONS[reason]!,
    ratesJeon: new Float64Array(RATES_PER_ROW),
  }));
  decodeRates(reader, rows);
  if (reader.left !== 0) throw new FrameError(`expected the end, was ${reader.left} more bytes`);
  return { tickAtMs, part, closing: (flags & FLAG_CLOSING) !== 0, reference, rows };
}

function decodeReference(reader: ByteReader, tickAtMs: number): ReferencePrice {
  const priceKrw = reader.varint() / REFERENCE_SCALE;
  const venue = VENUES[reader.upTo(1, "the reference's venue")] as "upbit" | "bithumb";
  return { priceKrw, venue, atMs: tickAtMs - reader.zigzag() };
}
