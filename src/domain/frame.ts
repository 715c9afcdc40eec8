// The columnar binary form of rate rows, lossless and small. Rates are integer jeon; along the sizes only the change
// of the change is kept (zigzag varint), names stand once. Deflated by the adapters' codec, never here.
//
//   "SX" 1 | flags (1 closing, 2 has reference) | tickAtMs | part
//   reference, if any: price in 1/10^8 KRW | venue index | zigzag(tickAtMs - atMs)
//   coin count | names | row count
//   columns: coin index steps | pair indices | zigzag(tickAtMs - row tick) | book ages | reasons
//            entry lengths | exit lengths | first entry rates | first exit rates less first entry | slopes | bends
//
// All numbers are varints unless said otherwise. A row's rates are null from some size on (a book has ended), so a
// length says which are there; "slopes" holds the first change along the sizes, "bends" every change of the change.

import { PAIRS, REASONS, SEED_COUNT, VENUES } from "../../schema/vocabulary.ts";
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
  const out = new ByteWriter(1024 + frame.rows.length * 96);
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
  for (const row of frame.rows) out.varint(row.bookAgeMs);
  for (const row of frame.rows) out.varint(REASON_INDEX.get(row.reason)!);
  for (const row of frame.rows) out.varint(rateLength(row.ratesJeon, 0));
  for (const row of frame.rows) out.varint(rateLength(row.ratesJeon, SEED_COUNT));

  const firsts = new ByteWriter();
  const slopes = new ByteWriter();
  const bends = new ByteWriter(frame.rows.length * 220);
  let previousFirst = 0;
  for (const { ratesJeon } of frame.rows) {
    if (!Number.isNaN(ratesJeon[0]!)) {
      firsts.zigzag(ratesJeon[0]! - previousFirst);
      previousFirst = ratesJeon[0]!;
    }
    encodeRates(ratesJeon, 0, slopes, bends);
  }
  for (const { ratesJeon } of frame.rows) {
    const exit = ratesJeon[SEED_COUNT]!;
    const entry = ratesJeon[0]!;
    if (!Number.isNaN(exit)) firsts.zigzag(exit - (Number.isNaN(entry) ? 0 : entry));
    encodeRates(ratesJeon, SEED_COUNT, slopes, bends);
  }
  out.append(firsts);
  out.append(slopes);
  out.append(bends);
  return out.finish();
}

/** How many rates stand before the first null. */
function rateLength(ratesJeon: Float64Array, offset: number): number {
  let length = 0;
  while (length < SEED_COUNT && !Number.isNaN(ratesJeon[offset + length]!)) length++;
  for (let index = length; index < SEED_COUNT; index++) {
    if (!Number.isNaN(ratesJeon[offset + index]!)) throw new RangeError("expected no rate after a null");
  }
  return length;
}

function encodeRates(ratesJeon: Float64Array, offset: number, slopes: ByteWriter, bends: ByteWriter): void {
  let previous = ratesJeon[offset]!;
  let slope = 0;
  for (let index = 1; index < SEED_COUNT; index++) {
    const rate = ratesJeon[offset + index]!;
    if (Number.isNaN(rate)) return;
    const nextSlope = rate - previous;
    if (index === 1) slopes.zigzag(nextSlope);
    else bends.zigzag(nextSlope - slope);
    slope = nextSlope;
    previous = rate;
  }
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
  const ages = column(Number.MAX_SAFE_INTEGER, "a book age");
  const reasons = column(REASONS.length - 1, "a reason");
  const entryLengths = column(SEED_COUNT, "an entry length");
  const exitLengths = column(SEED_COUNT, "an exit length");

  const rates = Array.from({ length: rowCount }, () => new Float64Array(RATES_PER_ROW).fill(Number.NaN));
  let previousFirst = 0;
  for (let row = 0; row < rowCount; row++) {
    if (entryLengths[row]! > 0) rates[row]![0] = previousFirst += reader.zigzag();
  }
  for (let row = 0; row < rowCount; row++) {
    if (exitLengths[row] === 0) continue;
    rates[row]![SEED_COUNT] = reader.zigzag() + (entryLengths[row]! > 0 ? rates[row]![0]! : 0);
  }
  for (let row = 0; row < rowCount; row++) {
    if (entryLengths[row]! > 0) checked(rates[row]![0]!);
    if (exitLengths[row]! > 0) checked(rates[row]![SEED_COUNT]!);
  }
  decodeSlopes(reader, rates, entryLengths, 0);
  decodeSlopes(reader, rates, exitLengths, SEED_COUNT);
  decodeBends(reader, rates, entryLengths, 0);
  decodeBends(reader, rates, exitLengths, SEED_COUNT);
  if (reader.left !== 0) throw new FrameError(`expected the end, was ${reader.left} more bytes`);

  const rows: RateRow[] = rates.map((ratesJeon, row) => ({
    coin: coins[coinOf[row]!]!,
    pairIndex: pairs[row]!,
    tickAtMs: ticks[row]!,
    bookAgeMs: ages[row]!,
    reason: REASONS[reasons[row]!]!,
    ratesJeon,
  }));
  return { tickAtMs, part, closing: (flags & FLAG_CLOSING) !== 0, reference, rows };
}

function decodeReference(reader: ByteReader, tickAtMs: number): ReferencePrice {
  const priceKrw = reader.varint() / REFERENCE_SCALE;
  const venue = VENUES[reader.upTo(1, "the reference's venue")] as "upbit" | "bithumb";
  return { priceKrw, venue, atMs: tickAtMs - reader.zigzag() };
}

function decodeSlopes(
  reader: ByteReader,
  rates: Float64Array[],
  lengths: Float64Array,
  offset: number,
): void {
  for (const [row, ratesJeon] of rates.entries()) {
    if (lengths[row]! > 1) ratesJeon[offset + 1] = checked(ratesJeon[offset]! + reader.zigzag());
  }
}

function decodeBends(reader: ByteReader, rates: Float64Array[], lengths: Float64Array, offset: number): void {
  for (const [row, ratesJeon] of rates.entries()) {
    const length = lengths[row]!;
    if (length < 3) continue;
    let previous = ratesJeon[offset + 1]!;
    let slope = previous - ratesJeon[offset]!;
    for (let index = 2; index < length; index++) {
      slope += reader.zigzag();
      previous += slope;
      ratesJeon[offset + index] = checked(previous);
    }
  }
}

function checked(jeon: number): number {
  if (!(jeon >= 0 && jeon <= Number.MAX_SAFE_INTEGER))
    throw new FrameError(`expected a rate, was ${jeon} jeon`);
  return jeon;
}
