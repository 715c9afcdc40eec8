// One venue's budget of one process over a rolling window.
//
// A request counts from the moment it is granted until one window after its answer. The venue counted it somewhere
// in between, so whatever the latency, the venue can never see more than `allowed` of ours in any window.

import type { Clock } from "../../ports/clock.ts";

export class RateWindow {
  readonly #spent: { freeAtMs: number; cost: number }[] = [];
  #spentCost = 0;
  #inFlightCost = 0;
  /** No request before this instant (monotonic): a hold after a refusal, or a ban. */
  holdUntilMs = 0;

  constructor(
    private readonly clock: Clock,
    readonly windowMs: number,
  ) {}

  /** Cost that still counts against the budget: answered within the window, or in the air. */
  used(): number {
    return this.answeredUsed() + this.#inFlightCost;
  }

  /** The part of it whose answer is not there yet. */
  get inFlight(): number {
    return this.#inFlightCost;
  }

  /** The answered part of it, which the venue has certainly counted. */
  answeredUsed(): number {
    const nowMs = this.clock.monotonicMs();
    while (this.#spent.length > 0 && this.#spent[0]!.freeAtMs <= nowMs) {
      this.#spentCost -= this.#spent.shift()!.cost;
    }
    return this.#spentCost;
  }

  /**
   * Milliseconds until `cost` fits into `allowed`, 0 for now; Infinity when only an answer still in the air or a
   * larger allowance can tell.
   */
  waitMs(cost: number, allowed: number): number {
    const nowMs = this.clock.monotonicMs();
    const holdMs = Math.max(0, this.holdUntilMs - nowMs);
    let over = this.used() + cost - allowed;
    if (over <= 0) return holdMs;
    for (const entry of this.#spent) {
      over -= entry.cost;
      if (over <= 0) return Math.max(holdMs, entry.freeAtMs - nowMs);
    }
    return Number.POSITIVE_INFINITY;
  }

  take(cost: number): void {
    this.#inFlightCost += cost;
  }

  /** The request was answered (or lost): it counts for one window from now. */
  answered(cost: number): void {
    this.#inFlightCost -= cost;
    this.#spent.push({ freeAtMs: this.clock.monotonicMs() + this.windowMs, cost });
    this.#spentCost += cost;
  }

  /** The request was never sent. */
  giveBack(cost: number): void {
    this.#inFlightCost -= cost;
  }

  hold(lengthMs: number): void {
    this.holdUntilMs = Math.max(this.holdUntilMs, this.clock.monotonicMs() + lengthMs);
  }
}
