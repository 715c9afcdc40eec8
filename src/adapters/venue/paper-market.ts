// The live market as all paper venues of a process share it: fresh books, what paper orders took from them, and the
// prices positions are valued at.

import type { Venue } from "../../../schema/vocabulary.ts";
import type { Decimal } from "../../domain/decimal.ts";
import type { OrderBook } from "../../domain/order-book.ts";
import type { Clock } from "../../ports/clock.ts";
import { copyBook, midPrice, type PaperBook, TakenLevels } from "./paper-book.ts";

/** A middle price this young is as good as a fresh one for valuing. */
const MID_AGE_MS_MAX = 1_000;

export class PaperMarket {
  readonly taken: TakenLevels;
  readonly #mids = new Map<string, { readonly mid: Decimal; readonly atMs: number }>();

  constructor(
    private readonly clock: Clock,
    private readonly books: (venue: Venue, symbol: string) => Promise<OrderBook | undefined>,
  ) {
    this.taken = new TakenLevels(clock);
  }

  /** A fresh, sound book; undefined when there is none to be had. Never rejects. */
  async book(venue: Venue, symbol: string): Promise<PaperBook | undefined> {
    // Copied in the turn the book arrives in: its buffers may be filled anew in the next.
    const copied = await this.books(venue, symbol)
      .then((book) => book && copyBook(book))
      .catch(() => undefined);
    if (copied !== undefined) {
      this.#mids.set(`${venue} ${symbol}`, { mid: midPrice(copied), atMs: this.clock.monotonicMs() });
    }
    return copied;
  }

  /** The middle of the book, or the last one known; undefined when none was ever had. */
  async mid(venue: Venue, symbol: string): Promise<Decimal | undefined> {
    const known = this.#mids.get(`${venue} ${symbol}`);
    if (known !== undefined && this.clock.monotonicMs() - known.atMs <= MID_AGE_MS_MAX) return known.mid;
    const book = await this.book(venue, symbol);
    return book === undefined ? known?.mid : midPrice(book);
  }
}
