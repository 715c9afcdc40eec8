// The books as the simulator served them, read from the recorded texts by a reader of its own: numbers stay the texts
// that stood on the wire. Kept by venue and symbol until the tick they belong to has been looked at.

import { BOOK_FAULTS } from "../../simulator/faults.ts";
import type { BookRecord } from "../../simulator/recorder.ts";
import type { TextBook, TextLevel } from "../reference-rate.ts";

export interface ServedBook {
  readonly atMs: number;
  readonly sourceIndex: number;
  readonly book: TextBook;
}

interface Kept {
  readonly record: BookRecord;
  read: ServedBook | undefined | "unread";
}

export class ServedBooks {
  readonly #bySymbol = new Map<string, Kept[]>();
  /**
   * "venue SYMBOL" of books that were spoilt on request. An answer with many books only says that one of them was; a
   * test that spoils books in such answers names them here.
   */
  readonly spoilt = new Set<string>();

  add(records: readonly BookRecord[]): void {
    for (const record of records) {
      for (const symbol of record.symbols) {
        const key = `${record.venue} ${symbol}`;
        const kept = this.#bySymbol.get(key) ?? [];
        kept.push({ record, read: "unread" });
        this.#bySymbol.set(key, kept);
      }
    }
  }

  /** Books answered in [fromAtMs, toAtMs) that no fault touched; one that was merely late is still a true book. */
  sound(venue: string, symbol: string, fromAtMs: number, toAtMs: number): ServedBook[] {
    const kept = this.#bySymbol.get(`${venue} ${symbol}`) ?? [];
    return kept.flatMap((each) => {
      const { atMs, status, faults, symbols } = each.record;
      if (atMs < fromAtMs || atMs >= toAtMs || status !== 200) return [];
      const isHit = faults.some(
        (fault) =>
          fault !== "delay" &&
          (!isBookFault(fault) || symbols.length === 1 || this.spoilt.has(`${venue} ${symbol}`)),
      );
      if (isHit) return [];
      if (each.read === "unread") each.read = readBook(each.record, symbol);
      return each.read ?? [];
    });
  }

  forgetBefore(atMs: number): void {
    for (const [key, kept] of this.#bySymbol) {
      const left = kept.filter(({ record }) => record.atMs >= atMs);
      if (left.length > 0) this.#bySymbol.set(key, left);
      else this.#bySymbol.delete(key);
    }
  }
}

function isBookFault(kind: string): boolean {
  return (BOOK_FAULTS as readonly string[]).includes(kind);
}

interface KoreanBook {
  readonly market: string;
  readonly orderbook_units: readonly Readonly<Record<string, string>>[];
}

/** An answer with several books is asked for each. */
const documents = new WeakMap<BookRecord, unknown>();

/** Bare numbers become texts, so that no float comes between the wire and the reference. */
function documentOf(record: BookRecord, body: string): unknown {
  const known = documents.get(record);
  if (known !== undefined) return known;
  const document: unknown = JSON.parse(body.replace(/([:[,]\s*)(-?\d[\d.eE+-]*)/g, '$1"$2"'));
  documents.set(record, document);
  return document;
}

/** The one book of `symbol` in a recorded answer; undefined for a refusal in words. */
export function readBook(record: BookRecord, symbol: string): ServedBook | undefined {
  const { venue, body, atMs, sourceIndex } = record;
  if (body === undefined) return undefined;
  const document = documentOf(record, body);
  const found = (asks: readonly TextLevel[], bids: readonly TextLevel[]): ServedBook => ({
    atMs,
    sourceIndex,
    book: { asks, bids },
  });
  if (venue === "upbit" || venue === "bithumb") {
    const book = (document as KoreanBook[]).find(({ market }) => market === symbol);
    const side = (name: "ask" | "bid") =>
      (book?.orderbook_units ?? [])
        .map((unit): TextLevel => [unit[`${name}_price`]!, unit[`${name}_size`]!])
        .filter(([price]) => price !== "0");
    return book && found(side("ask"), side("bid"));
  }
  if (venue === "bybit") {
    const { result } = document as { result: { s?: string; a?: TextLevel[]; b?: TextLevel[] } };
    return result.s === symbol && result.a && result.b ? found(result.a, result.b) : undefined;
  }
  const { asks, bids } = document as { asks?: TextLevel[]; bids?: TextLevel[] };
  return asks && bids ? found(asks, bids) : undefined;
}
