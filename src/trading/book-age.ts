// Whether fresh books are fresh: a venue that stands still answers at once with what it had.

import type { FreshBooks } from "../ports/book-desk.ts";

/** A book its venue has stamped so long ago is an old one, however lately it arrived; rows are held to the same. */
const STAMP_AGE_MS_MAX = 5_000;

/** In words how far these are too old to decide a rate by; undefined: they are not. */
export function tooOld(books: FreshBooks, nowMs: number, ageMsMax: number): string | undefined {
  const ageMs = nowMs - books.atMs;
  if (ageMs > ageMsMax) return `ageMs=${ageMs}`;
  const stampsAtMs = [books.domestic, books.overseas].map(({ stampAtMs }) => stampAtMs).filter(Boolean);
  const stampAgeMs = books.atMs - Math.min(...stampsAtMs);
  return stampAgeMs > STAMP_AGE_MS_MAX ? `stampAgeMs=${stampAgeMs}` : undefined;
}
