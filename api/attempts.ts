// Failed logins by address, so that guessing a password takes days and not minutes. Kept in memory: docs/accounts.md.

import type { Clock } from "../src/ports/clock.ts";

const FAILURES_MAX = 5;
const WINDOW_MS = 15 * 60_000;
/** The oldest is forgotten first; filling this takes far longer than a window, as every attempt costs two hashes. */
const ADDRESSES_MAX = 20_000;

interface Failures {
  readonly sinceMs: number;
  count: number;
}

export class Attempts {
  readonly #clock: Clock;
  readonly #byAddress = new Map<string, Failures>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Counts an attempt as failed until it is forgiven. Returns the ms to wait when the address is locked, else 0. */
  begin(address: string): number {
    const nowMs = this.#clock.nowMs();
    const known = this.#byAddress.get(address);
    if (known && nowMs < known.sinceMs + WINDOW_MS) {
      if (known.count >= FAILURES_MAX) return known.sinceMs + WINDOW_MS - nowMs;
      known.count++;
      return 0;
    }
    this.#byAddress.delete(address);
    if (this.#byAddress.size >= ADDRESSES_MAX) this.#byAddress.delete(this.#byAddress.keys().next().value!);
    this.#byAddress.set(address, { sinceMs: nowMs, count: 1 });
    return 0;
  }

  /** The attempt came to no verdict, by no fault of the caller. */
  forgiveOne(address: string): void {
    const known = this.#byAddress.get(address);
    if (known) known.count--;
  }

  /** The password was right. */
  forgiveAll(address: string): void {
    this.#byAddress.delete(address);
  }
}
