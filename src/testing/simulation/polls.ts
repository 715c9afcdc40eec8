// Look-ups of one order follow each other every second or two while the venue may still accept it. They ask the same and
// hear the same, so a fault at one of them does what it does at the next. A search of many faults takes the first in
// each life of the process, and all from shortly before the end on: those decide.

import type { Venue } from "../../../schema/vocabulary.ts";

/** How long a venue may accept a request after it was sent; at Upbit for ever, where ids are used up instead. */
const ACCEPTED_MS: Partial<Record<Venue, number>> = { bithumb: 20_000, bybit: 3_000, binance: 3_000 };
/** A process may send what its planned row allows for so long after its first commit. */
const ALLOWED_MS = 8_000;
/** More than two pauses between look-ups. */
const MARGIN_MS = 4_500;

export class Polls {
  readonly #asked = new Set<string>();
  readonly #alike = new Set<string>();
  #begunAtMs: number | undefined;

  /** The first commit after which orders may leave. */
  begin(atMs: number): void {
    this.#begunAtMs ??= atMs;
  }

  /** A new process asks anew. */
  die(): void {
    this.#asked.clear();
    this.#alike.clear();
  }

  /** Whether this look-up is like the one before it and the one after it; `placedAtMs` when the order was sent. */
  isAlike(venue: Venue, clientOrderId: string, atMs: number, placedAtMs: number | undefined): boolean {
    const isFirst = !this.#asked.has(clientOrderId);
    this.#asked.add(clientOrderId);
    const acceptedMs = ACCEPTED_MS[venue];
    if (isFirst || acceptedMs === undefined) return false;
    const lastSentAtMs = placedAtMs ?? (this.#begunAtMs ?? Number.NEGATIVE_INFINITY) + ALLOWED_MS;
    const isAlike = atMs < lastSentAtMs + acceptedMs - MARGIN_MS;
    if (isAlike) this.#alike.add(clientOrderId);
    else this.#alike.delete(clientOrderId);
    return isAlike;
  }

  /** Whether the last look-up of this order was alike: so is the row that says so. */
  wasAlike(clientOrderId: string): boolean {
    return this.#alike.has(clientOrderId);
  }
}
