// What the tests of the scanners share: a second, plain reading of the same documents by JSON.parse to compare with,
// random documents in every spelling JSON allows, damage to them, and the recorded answers in ../shared/samples.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { createOrderBook, type OrderBook } from "../../domain/order-book.ts";
import type { BookRequest, ScanLimit, ScanOutcome, VenueBooks } from "../../ports/market-data.ts";
import { runsOf } from "../../testing/runs.ts";

/** The recorded answers: a folder for each venue. */
export const SAMPLES = join(import.meta.dir, "../../../../shared/samples");

/** False where the samples are not at hand. */
export const samplesPresent = existsSync(SAMPLES);
if (!samplesPresent) console.log("tests on recorded answers are not registered: ../shared/samples is absent");

/** The text of a recorded answer, as "bybit/time.json". */
export async function sample(path: string): Promise<string> {
  return await Bun.file(join(SAMPLES, path)).text();
}

/** Inputs per decoder: damaged ones and, slower to make and compare, whole ones. */
export const DAMAGED_INPUTS = runsOf(300, 100_000);
export const WHOLE_INPUTS = runsOf(100, 30_000);
/** Damaged inputs per parser of lists. */
export const LIST_INPUTS = runsOf(300, 100_000);
export const UNLIMITED: ScanLimit = {
  askQtyEnough: Number.POSITIVE_INFINITY,
  bidQtyEnough: Number.POSITIVE_INFINITY,
};

/** A book as plain values. */
export interface PlainBook {
  readonly asks: readonly (readonly [number, number])[];
  readonly bids: readonly (readonly [number, number])[];
  readonly asksCut: boolean;
  readonly bidsCut: boolean;
  readonly stampAtMs: number;
}

export interface Scanned {
  readonly outcome: ScanOutcome;
  readonly books: ReadonlyMap<string, PlainBook>;
}

export interface ScanOptions {
  readonly symbols: readonly string[];
  readonly limit?: ScanLimit;
  readonly levelsMax?: number;
  /** Symbols the caller has no buffer for. */
  readonly unwanted?: ReadonlySet<string>;
}

const encoder = new TextEncoder();

/** Runs the scanner over a text or bytes; the books handed over are those of an "ok" outcome only. */
export function scanWith(books: VenueBooks, body: string | Uint8Array, options: ScanOptions): Scanned {
  const buffers = new Map<string, OrderBook>();
  const request: BookRequest = { symbols: options.symbols, path: "", cost: 1 };
  const target = (symbol: string): OrderBook | undefined => {
    if (options.unwanted?.has(symbol)) return undefined;
    const book = buffers.get(symbol) ?? createOrderBook(options.levelsMax ?? 64);
    // What an earlier book left behind must not shine through.
    book.askPrices.fill(-7);
    book.askCount = 5;
    book.asksCut = true;
    book.stampAtMs = 99;
    buffers.set(symbol, book);
    return book;
  };
  const bytes = typeof body === "string" ? encoder.encode(body) : body;
  const outcome = books.scan(bytes, request, target, () => options.limit ?? UNLIMITED);
  const plain = new Map<string, PlainBook>();
  if (outcome === "ok") for (const [symbol, book] of buffers) plain.set(symbol, plainOf(book));
  return { outcome, books: plain };
}

function plainOf(book: OrderBook): PlainBook {
  const side = (prices: Float64Array, qtys: Float64Array, count: number) =>
    Array.from({ length: count }, (_, index) => [prices[index]!, qtys[index]!] as const);
  return {
    asks: side(book.askPrices, book.askQtys, book.askCount),
    bids: side(book.bidPrices, book.bidQtys, book.bidCount),
    asksCut: book.asksCut,
    bidsCut: book.bidsCut,
    stampAtMs: book.stampAtMs,
  };
}

const NUMBER_TEXT = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;

/** The number a JSON value says, bare or as text; throws on anything else. */
export function numberIn(value: unknown): number {
  if (typeof value === "number") return value;
  if (typeof value === "string" && NUMBER_TEXT.test(value)) return Number(value);
  throw new Error(`expected a number, was ${JSON.stringify(value)}`);
}

export function stampIn(value: unknown): number {
  if (value === undefined || value === null) return 0;
  const stamp = numberIn(value);
  return stamp >= 1e15 ? Math.floor(stamp / 1000) : stamp;
}

/** The levels a scanner stops after, and whether any follow. `levels` end where the venue says they end. */
export function cutSide(
  levels: readonly (readonly [number, number])[],
  qtyEnough: number,
  levelsMax: number,
  moreFollow = false,
): { levels: (readonly [number, number])[]; cut: boolean } {
  let sum = 0;
  let count = 0;
  for (const [, qty] of levels) {
    count++;
    sum += qty;
    if (sum >= qtyEnough || count === levelsMax) {
      return { levels: levels.slice(0, count), cut: count < levels.length || moreFollow };
    }
  }
  return { levels: [...levels], cut: false };
}

export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** In [0, 1). */
  unit(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  below(count: number): number {
    return Math.floor(this.unit() * count);
  }

  chance(probability: number): boolean {
    return this.unit() < probability;
  }

  pick<T>(values: readonly T[]): T {
    return values[this.below(values.length)]!;
  }

  shuffled<T>(values: readonly T[]): T[] {
    const result = [...values];
    for (let index = result.length - 1; index > 0; index--) {
      const other = this.below(index + 1);
      [result[index], result[other]] = [result[other]!, result[index]!];
    }
    return result;
  }
}

/** A number as some venue may print it: plain, long, tiny, with an exponent, with zeros around it. */
export function numberText(random: Random): string {
  const digits = (count: number) => Array.from({ length: count }, () => random.below(10)).join("");
  const whole = () => String(1 + random.below(9)) + digits(random.below(9));
  switch (random.below(12)) {
    case 0:
      return whole();
    case 1:
      return `0.${digits(1 + random.below(12))}`;
    case 2:
      return `${whole()}.${digits(8)}`;
    case 3:
      return `${whole()}${digits(8)}.${digits(8)}`;
    case 4:
      return `${1 + random.below(9)}.${digits(1 + random.below(3))}${random.pick(["E-", "e-", "e+", "E"])}${random.below(30)}`;
    case 5:
      return String(random.unit() * 10 ** (random.below(40) - 20));
    case 6:
      return `0.${"0".repeat(random.below(26))}${digits(3)}`;
    case 7:
      return random.pick([
        "0",
        "0.0",
        "-0",
        "-1.5",
        "1e400",
        "5e-324",
        "9007199254740993",
        "4.35",
        "0.30000000000000004",
      ]);
    default:
      return `${whole().slice(0, 5)}.${digits(1 + random.below(4))}`;
  }
}

/** Writes values as JSON in any legal spelling: white space, escapes, numbers as given by `raw`. */
export class Printer {
  readonly #random: Random;
  readonly #spaces: number;
  readonly #escapes: number;

  constructor(random: Random) {
    this.#random = random;
    this.#spaces = random.pick([0, 0, 0.02, 0.4]);
    this.#escapes = random.pick([0, 0, 0, 0.03]);
  }

  space(): string {
    if (!this.#random.chance(this.#spaces)) return "";
    return this.#random.pick([" ", "\n", "\t", "\r\n", "   "]);
  }

  text(value: string): string {
    if (this.#escapes === 0) return JSON.stringify(value);
    let printed = "";
    for (const char of value) {
      const code = char.charCodeAt(0);
      if (code < 128 && code > 31 && this.#random.chance(this.#escapes)) {
        printed += `\\u${code.toString(16).padStart(4, "0")}`;
      } else printed += JSON.stringify(char).slice(1, -1);
    }
    return `"${printed}"`;
  }

  array(items: readonly string[]): string {
    return `[${this.space()}${items.map((item) => this.space() + item + this.space()).join(",")}${this.space()}]`;
  }

  object(members: readonly (readonly [string, string])[]): string {
    const printed = members.map(
      ([name, value]) =>
        `${this.space()}${this.text(name)}${this.space()}:${this.space()}${value}${this.space()}`,
    );
    return `{${this.space()}${printed.join(",")}${this.space()}}`;
  }

  number(text: string): string {
    return this.#random.chance(0.5) ? text : this.text(text);
  }

  /** Members nobody asked for, named and shaped to tempt a scanner. */
  strangers(): (readonly [string, string])[] {
    return Array.from({ length: this.#random.pick([0, 0, 1, 3]) }, (_, index) => {
      const name = this.#random.pick([
        "level",
        "u",
        "a]],",
        'x"bids":[[',
        "마켓",
        "",
        "mark",
        "askprice",
        "}]",
        ":",
      ]);
      return [`${name}${index}`, this.anything(0)] as const;
    });
  }

  anything(depth: number): string {
    const kind = this.#random.below(depth > 5 ? 6 : 8);
    if (kind === 0) return this.#random.pick(["null", "true", "false"]);
    if (kind === 1) return numberText(this.#random);
    if (kind < 6) {
      return this.text(
        this.#random.pick(["", "]]", "}]", ']],"asks":[[', "비트코인", '"', "\\", "\u0001", "😀", "1"]),
      );
    }
    const items = Array.from({ length: this.#random.below(4) }, () => this.anything(depth + 1));
    if (kind === 6) return this.array(items);
    return this.object(items.map((item, index) => [`k${index}`, item] as const));
  }
}

/** Damages bytes: cut short, bytes changed, dropped, doubled, or spliced. */
export function damaged(random: Random, bytes: Uint8Array): Uint8Array {
  const result = Uint8Array.from(bytes);
  const at = random.below(bytes.length);
  const tempting = '"[]{},:.-+eE0159 \\nult\u0000\u00ff';
  switch (random.below(6)) {
    case 0:
      return bytes.subarray(0, at);
    case 1:
      result[at] = tempting.charCodeAt(random.below(tempting.length));
      return result;
    case 2:
      result[at] = random.below(256);
      return result;
    case 3: {
      const until = Math.min(bytes.length, at + 1 + random.below(20));
      return joined(bytes.subarray(0, at), bytes.subarray(until));
    }
    case 4: {
      const until = Math.min(bytes.length, at + 1 + random.below(20));
      return joined(bytes.subarray(0, until), bytes.subarray(at));
    }
    default:
      for (let count = 0; count < 5; count++)
        result[random.below(bytes.length)] = tempting.charCodeAt(random.below(tempting.length));
      return result;
  }
}

function joined(head: Uint8Array, tail: Uint8Array): Uint8Array {
  const result = new Uint8Array(head.length + tail.length);
  result.set(head);
  result.set(tail, head.length);
  return result;
}

/** A random limit: none, tiny, or of the size of a level's quantity. */
export function randomLimit(random: Random): ScanLimit {
  const side = () => random.pick([Number.POSITIVE_INFINITY, 0, 10 ** (random.unit() * 12 - 4)]);
  return { askQtyEnough: side(), bidQtyEnough: side() };
}
