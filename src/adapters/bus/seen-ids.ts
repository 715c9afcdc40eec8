// Which message ids were stored within a window of time, oldest first. Bounded by the window, since what is older is
// forgotten at every look.

import type { Clock } from "../../ports/clock.ts";

export class SeenIds {
  readonly #atMs = new Map<string, number>();

  constructor(private readonly clock: Clock) {}

  /** False when the id was added within the last `windowMs`. */
  add(id: string, windowMs: number): boolean {
    const nowMs = this.clock.monotonicMs();
    for (const [old, atMs] of this.#atMs) {
      if (nowMs - atMs < windowMs) break;
      this.#atMs.delete(old);
    }
    if (this.#atMs.has(id)) return false;
    this.#atMs.set(id, nowMs);
    return true;
  }
}
