// How often something may be asked for, by key: a bucket of tokens for each, full at first and filled evenly. In memory
// and bounded; a key that is forgotten begins with a full bucket again.

import type { Clock } from "../src/ports/clock.ts";

const KEYS_MAX = 50_000;
const MINUTE_MS = 60_000;

interface Bucket {
  tokens: number;
  atMs: number;
}

export class TokenBuckets {
  readonly #clock: Clock;
  readonly #perMinute: number;
  readonly #keysMax: number;
  /** The one longest untouched first. */
  readonly #buckets = new Map<string | number, Bucket>();

  /** Each key may take `perMinute` at once, and that many a minute in the long run. 0: there is no limit. */
  constructor(clock: Clock, perMinute: number, keysMax = KEYS_MAX) {
    this.#clock = clock;
    this.#perMinute = perMinute;
    this.#keysMax = keysMax;
  }

  get size(): number {
    return this.#buckets.size;
  }

  /** Takes one. Returns 0, or the ms until there is one again; then nothing is taken. */
  take(key: string | number): number {
    if (this.#perMinute === 0) return 0;
    const nowMs = this.#clock.monotonicMs();
    const known = this.#buckets.get(key);
    const perMs = this.#perMinute / MINUTE_MS;
    const tokens = known
      ? Math.min(this.#perMinute, known.tokens + (nowMs - known.atMs) * perMs)
      : this.#perMinute;
    this.#buckets.delete(key);
    if (this.#buckets.size >= this.#keysMax) this.#buckets.delete(this.#buckets.keys().next().value!);
    const isTaken = tokens >= 1;
    this.#buckets.set(key, { tokens: isTaken ? tokens - 1 : tokens, atMs: nowMs });
    return isTaken ? 0 : Math.ceil((1 - tokens) / perMs);
  }
}
