// Tells the log how many notices were lost, at most once a minute.

import type { Log } from "../../ports/telemetry.ts";

const EVERY_MS = 60_000;

export class LossLog {
  /** Since the start. */
  total = 0;
  #count = 0;
  #saidAtMs = Number.NEGATIVE_INFINITY;

  constructor(private readonly log: Log) {}

  add(): void {
    this.total++;
    this.#count++;
  }

  /** Says what is to be said. Returns when there may be more. */
  say(nowMs: number): number {
    if (this.#count === 0) return Number.POSITIVE_INFINITY;
    if (nowMs < this.#saidAtMs + EVERY_MS) return this.#saidAtMs + EVERY_MS;
    this.log.warn("notices were lost", { count: this.#count });
    this.#count = 0;
    this.#saidAtMs = nowMs;
    return Number.POSITIVE_INFINITY;
  }
}
