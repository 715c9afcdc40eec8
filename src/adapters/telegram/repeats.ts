// Of notices with one key the first goes at once and opens a window; the others within it are held back and counted.
// At its end the last of them goes, telling how many more there were, and opens the next window. Holds one letter and
// a number per key, and only so many keys.

import type { Letter } from "./outbox.ts";

interface Window {
  readonly endsAtMs: number;
  readonly held: Letter | undefined;
  readonly heldCount: number;
}

export class Repeats {
  /** In the order of their ends: all windows have the same length. */
  readonly #windows = new Map<string, Window>();

  constructor(
    private readonly windowMs: number,
    private readonly keysMax: number,
  ) {}

  /** What is to be sent now for this one: itself, or nothing; and what had to be let go of to make room. */
  admit(key: string, letter: Letter, nowMs: number): Letter[] {
    const open = this.#windows.get(key);
    if (open && open.endsAtMs > nowMs) {
      this.#windows.set(key, { ...open, held: letter, heldCount: open.heldCount + 1 });
      return [];
    }
    // The window is over, but nobody has looked yet: those held back in it are told with this one.
    const moreLikeThis = open?.heldCount ?? 0;
    this.#open(key, nowMs);
    return [...this.#madeRoom(), { ...letter, moreLikeThis }];
  }

  /** Letters whose windows are over. */
  due(nowMs: number): Letter[] {
    const letters: Letter[] = [];
    for (const [key, { endsAtMs, held, heldCount }] of this.#windows) {
      if (endsAtMs > nowMs) break;
      this.#windows.delete(key);
      if (!held) continue;
      letters.push({ ...held, moreLikeThis: heldCount - 1 });
      this.#open(key, nowMs);
    }
    return letters;
  }

  /** When `due` may next have something; Infinity when no window is open. */
  get nextAtMs(): number {
    for (const { endsAtMs } of this.#windows.values()) return endsAtMs;
    return Number.POSITIVE_INFINITY;
  }

  #open(key: string, nowMs: number): void {
    this.#windows.delete(key);
    this.#windows.set(key, { endsAtMs: nowMs + this.windowMs, held: undefined, heldCount: 0 });
  }

  #madeRoom(): Letter[] {
    if (this.#windows.size <= this.keysMax) return [];
    const [key, { held, heldCount }] = this.#windows.entries().next().value!;
    this.#windows.delete(key);
    return held ? [{ ...held, moreLikeThis: heldCount - 1 }] : [];
  }
}
