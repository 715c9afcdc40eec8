// The two properties every scanner of books is held to. On whole documents in any spelling it gives what a plain
// reading by JSON.parse gives. On damaged ones it ends, says "malformed" whenever JSON.parse refuses them, reads
// nothing outside its array, and an "ok" still is what the plain reading gives.

import fc from "fast-check";
import type { VenueBooks } from "../../ports/market-data.ts";
import {
  DAMAGED_INPUTS,
  damaged,
  type PlainBook,
  Random,
  randomLimit,
  type Scanned,
  type ScanOptions,
  scanWith,
  WHOLE_INPUTS,
} from "./scan-testing.ts";

export interface ScannerCase {
  readonly books: VenueBooks;
  /** A random document of the right shape, or a refusal, and the symbols asked for. */
  document(random: Random): { text: string; symbols: readonly string[] };
  /** What the scanner should give for the parsed document; throws when it is none the venue promises. */
  reference(value: unknown, options: Required<ScanOptions>): Scanned;
}

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
const encoder = new TextEncoder();

export function checkWholeDocuments(subject: ScannerCase): void {
  forEachSeed(WHOLE_INPUTS, (random) => {
    const { text, symbols } = subject.document(random);
    const options = {
      symbols,
      limit: randomLimit(random),
      levelsMax: random.pick([64, 64, 64, 3, 1]),
      unwanted: new Set(random.chance(0.1) ? symbols.slice(0, 1) : []),
    };
    const expected = subject.reference(JSON.parse(text), options);
    const found = scanWith(subject.books, text, options);
    if (!sameScan(found, expected)) throw new Error(differing(text, found, expected));
  });
}

/** No quantity reaches it, not even the infinite one of a level that says 1e400: every level is read. */
const NEVER_ENOUGH = { askQtyEnough: Number.NaN, bidQtyEnough: Number.NaN };

export function checkDamagedDocuments(subject: ScannerCase): void {
  const allWanted = { limit: NEVER_ENOUGH, levelsMax: 64, unwanted: new Set<string>() };
  forEachSeed(DAMAGED_INPUTS, (random) => {
    const { text, symbols } = subject.document(random);
    const bytes = damaged(random, encoder.encode(text));
    const options = { ...allWanted, symbols };
    const found = scanWith(subject.books, bytes, options);
    // The same bytes with nothing behind them.
    if (!sameScan(found, scanWith(subject.books, bytes.slice(), options)))
      throw new Error("read past the end");
    // Stopping early forgives faults in what is not read; it must still end.
    scanWith(subject.books, bytes, { ...options, limit: randomLimit(random) });
    if (found.outcome === "malformed") return;
    const damagedText = decoder.decode(bytes);
    const expected = subject.reference(JSON.parse(damagedText), options);
    if (!sameScan(found, expected)) throw new Error(differing(damagedText, found, expected));
  });
}

/** Runs the check for that many seeds; a failure names the seed. */
function forEachSeed(inputs: number, check: (random: Random) => void): void {
  const property = fc.property(fc.nat(2 ** 32 - 1), (seed) => check(new Random(seed)));
  fc.assert(property, { numRuns: inputs, includeErrorInReport: true, endOnFailure: true });
}

function sameScan(one: Scanned, other: Scanned): boolean {
  if (one.outcome !== other.outcome || one.books.size !== other.books.size) return false;
  for (const [symbol, book] of one.books) {
    const match = other.books.get(symbol);
    if (match === undefined || !sameBook(book, match)) return false;
  }
  return true;
}

function sameBook(one: PlainBook, other: PlainBook): boolean {
  return (
    sameLevels(one.asks, other.asks) &&
    sameLevels(one.bids, other.bids) &&
    one.asksCut === other.asksCut &&
    one.bidsCut === other.bidsCut &&
    Object.is(one.stampAtMs, other.stampAtMs)
  );
}

function sameLevels(one: PlainBook["asks"], other: PlainBook["asks"]): boolean {
  return (
    one.length === other.length &&
    one.every(([price, qty], index) => Object.is(price, other[index]![0]) && Object.is(qty, other[index]![1]))
  );
}

function differing(text: string, found: Scanned, expected: Scanned): string {
  const print = (scan: Scanned) => `${scan.outcome} ${JSON.stringify([...scan.books])}`;
  return `document ${text}\nexpected ${print(expected)}\nwas      ${print(found)}`;
}
