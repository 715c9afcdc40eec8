// Bytes of the frame format: a growing writer and a bounded reader of LEB128 varints up to 2^53, zigzag signs and
// short UTF-8 texts. The reader throws FrameError on anything it cannot read; it never reads past the end.

export class FrameError extends Error {
  override name = "FrameError";
}

const TWO_32 = 2 ** 32;
const utf8Encoder = new TextEncoder();
// ignoreBOM: a text that begins with U+FEFF keeps it, so that what is read is written back alike.
const utf8Decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export class ByteWriter {
  #bytes: Uint8Array;
  #length = 0;

  constructor(capacity = 4096) {
    this.#bytes = new Uint8Array(capacity);
  }

  get length(): number {
    return this.#length;
  }

  #reserve(count: number): void {
    if (this.#length + count <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + count));
    grown.set(this.#bytes);
    this.#bytes = grown;
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
  }

  /** An integer from 0 to 2^53 - 1. */
  varint(value: number): void {
    if (!Number.isSafeInteger(value) || value < 0)
      throw new RangeError(`expected 0 to 2^53 - 1, was ${value}`);
    this.#reserve(8);
    let rest = value;
    while (rest >= TWO_32) {
      this.#bytes[this.#length++] = (rest % 128) | 128;
      rest = Math.floor(rest / 128);
    }
    rest = rest >>> 0;
    while (rest > 127) {
      this.#bytes[this.#length++] = (rest & 127) | 128;
      rest >>>= 7;
    }
    this.#bytes[this.#length++] = rest;
  }

  /** A signed integer of less than 2^52 in absolute value. */
  zigzag(value: number): void {
    this.varint(value >= 0 ? value * 2 : -value * 2 - 1);
  }

  /** Those of a column from one index up to another. Most take a byte. */
  zigzags(column: Float64Array, from: number, to: number): void {
    this.#reserve(8 * (to - from));
    for (let index = from; index < to; index++) {
      const value = column[index]!;
      if (value >= -64 && value < 64 && Number.isInteger(value))
        this.#bytes[this.#length++] = (value << 1) ^ (value >> 31);
      else this.zigzag(value);
    }
  }

  text(value: string): void {
    const bytes = utf8Encoder.encode(value);
    this.varint(bytes.length);
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  append(other: ByteWriter): void {
    this.#reserve(other.#length);
    this.#bytes.set(other.#bytes.subarray(0, other.#length), this.#length);
    this.#length += other.#length;
  }

  /** A copy of what was written. */
  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }
}

export class ByteReader {
  #at = 0;
  constructor(private readonly bytes: Uint8Array) {}

  get left(): number {
    return this.bytes.length - this.#at;
  }

  byte(): number {
    const value = this.bytes[this.#at];
    if (value === undefined) throw new FrameError("expected a byte, was the end");
    this.#at++;
    return value;
  }

  varint(): number {
    const first = this.byte();
    if (first < 128) return first;
    let value = first & 127;
    let factor = 128;
    for (let count = 1; count < 8; count++) {
      const next = this.byte();
      value += (next & 127) * factor;
      if (next < 128) {
        if (value > Number.MAX_SAFE_INTEGER) break;
        return value;
      }
      factor *= 128;
    }
    throw new FrameError("expected a number up to 2^53 - 1");
  }

  zigzag(): number {
    const value = this.varint();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  /** The next zigzag numbers, into a column from one index up to another. Most take a byte or two. */
  zigzags(column: Float64Array, from: number, to: number): void {
    const { bytes } = this;
    let at = this.#at;
    for (let index = from; index < to; index++) {
      const first = bytes[at]!;
      if (first < 128) {
        column[index] = (first >>> 1) ^ -(first & 1);
        at++;
        continue;
      }
      const second = bytes[at + 1]!;
      if (second < 128) {
        const value = (first & 127) | (second << 7);
        column[index] = (value >>> 1) ^ -(value & 1);
        at += 2;
        continue;
      }
      // Longer ones, and the end of the bytes.
      this.#at = at;
      column[index] = this.zigzag();
      at = this.#at;
    }
    this.#at = at;
  }

  /** A varint that must not exceed `max`. */
  upTo(max: number, what: string): number {
    const value = this.varint();
    if (value > max) throw new FrameError(`expected at most ${max} for ${what}, was ${value}`);
    return value;
  }

  text(lengthMax: number): string {
    const length = this.upTo(lengthMax, "a text's length");
    if (length > this.left) throw new FrameError("expected a text, was the end");
    const slice = this.bytes.subarray(this.#at, this.#at + length);
    this.#at += length;
    try {
      return utf8Decoder.decode(slice);
    } catch (cause) {
      throw new FrameError("expected UTF-8", { cause });
    }
  }
}
