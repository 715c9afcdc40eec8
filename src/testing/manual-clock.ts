// A Clock that moves only when told to, so that a test decides what "later" is.
// Invariants: sleepers wake in the order of their instants (those of one instant in the order they were set);
// while one wakes, the clock shows its instant; everything it starts in microtasks has run before the next wakes.

import type { Clock } from "../ports/clock.ts";

interface Sleeper {
  readonly atMonotonicMs: number;
  readonly order: number;
  readonly wake: () => void;
}

/** Taken before any test can install fake timers. */
const nextTurn = globalThis.setImmediate;

/** Lets all microtasks run, and those they start. */
const settle = (): Promise<void> => new Promise((resolve) => nextTurn(resolve));

/** Under Bun alone; a variable, because Deno looks at what is imported before anything runs. */
const JSC = "bun:jsc";
const drainMicrotasks: (() => void) | undefined =
  "Bun" in globalThis ? (await import(JSC)).drainMicrotasks : undefined;

export class ManualClock implements Clock {
  #wallOffsetMs: number;
  #monotonicMs = 0;
  #order = 0;
  readonly #sleepers = new Set<Sleeper>();

  /** `startAtMs`: wall clock at the start, epoch milliseconds. */
  constructor(startAtMs = Date.UTC(2026, 0, 1)) {
    this.#wallOffsetMs = startAtMs;
  }

  nowMs(): number {
    return this.#wallOffsetMs + this.#monotonicMs;
  }

  monotonicMs(): number {
    return this.#monotonicMs;
  }

  sleep(lengthMs: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.resolve();
    // Like the real one, no time passes, but everybody else gets a turn.
    if (!(lengthMs > 0)) return settle();
    return new Promise((resolve) => {
      const sleeper: Sleeper = {
        atMonotonicMs: this.#monotonicMs + lengthMs,
        order: this.#order++,
        wake: () => {
          this.#sleepers.delete(sleeper);
          signal?.removeEventListener("abort", sleeper.wake);
          resolve();
        },
      };
      this.#sleepers.add(sleeper);
      signal?.addEventListener("abort", sleeper.wake, { once: true });
    });
  }

  /** How many sleep now. */
  get sleeperCount(): number {
    return this.#sleepers.size;
  }

  /** The wall-clock instant of the next to wake, or undefined when nobody sleeps. */
  get nextWakeAtMs(): number | undefined {
    const next = this.#next();
    return next && this.#wallOffsetMs + next.atMonotonicMs;
  }

  /** Moves `lengthMs` on, waking everybody due on the way, also those who fall asleep again meanwhile. */
  async advance(lengthMs: number): Promise<void> {
    if (!(lengthMs >= 0)) throw new Error(`expected a length of 0 ms or more, was ${lengthMs}`);
    const untilMs = this.#monotonicMs + lengthMs;
    await settle();
    for (let next = this.#next(); next && next.atMonotonicMs <= untilMs; next = this.#next()) {
      this.#monotonicMs = next.atMonotonicMs;
      next.wake();
      // Not a turn of the event loop for each: an hour of seconds is thousands of them.
      if (drainMicrotasks) drainMicrotasks();
      else await settle();
    }
    await settle();
    this.#monotonicMs = untilMs;
  }

  /** Moves on to a wall-clock instant that has not passed. */
  advanceTo(atMs: number): Promise<void> {
    return this.advance(atMs - this.nowMs());
  }

  /**
   * Moves on from waking to waking until `done()`; for work that ends after a length the test does not know.
   * Rejects when `limitMs` would be passed or nobody sleeps any more.
   */
  async advanceUntil(done: () => boolean, limitMs = 3_600_000): Promise<void> {
    const untilMs = this.#monotonicMs + limitMs;
    await settle();
    while (!done()) {
      const next = this.#next();
      if (!next)
        throw new Error("expected somebody to sleep, but all are awake and the condition does not hold");
      if (next.atMonotonicMs > untilMs)
        throw new Error(`expected the condition to hold within ${limitMs} ms`);
      await this.advance(next.atMonotonicMs - this.#monotonicMs);
    }
  }

  /** Sets the wall clock as an operator or NTP would: sleeping and monotonic time do not notice. */
  setWallClock(atMs: number): void {
    this.#wallOffsetMs = atMs - this.#monotonicMs;
  }

  #next(): Sleeper | undefined {
    let next: Sleeper | undefined;
    for (const sleeper of this.#sleepers) {
      const sooner = next && sleeper.atMonotonicMs - next.atMonotonicMs;
      if (!next || sooner! < 0 || (sooner === 0 && sleeper.order < next.order)) next = sleeper;
    }
    return next;
  }
}
