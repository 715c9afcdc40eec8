// The one place that decides whether a request may go to a venue now.

import type { Venue } from "../../schema/vocabulary.ts";

export type VenueCosts = Partial<Record<Venue, number>>;

/** How a request ended, as far as limits are concerned. */
export interface VenueAnswer {
  /** HTTP status, 0 when there was no answer. */
  readonly status: number;
  readonly headers: Headers | undefined;
  /** True when the venue refused because of limits in another way (Bybit's retCode 10006). */
  readonly limited?: boolean;
  /** The body's text, for ban lengths said there; only given on refusals. */
  readonly text?: string;
}

export interface Grant {
  /** The venues that may be asked now; the others have no budget before the deadline. */
  readonly venues: ReadonlySet<Venue>;
  /** To be called exactly once per request: how it ended, or "unsent" to give its cost back. */
  settle(venue: Venue, cost: number, answer: VenueAnswer | "unsent"): void;
}

export interface ReserveOptions {
  /** Does not stand behind those who came before: for books on which money is decided. */
  readonly urgent?: boolean;
  /** Part of the budget, 0 to 1, that is left free for others: for what can wait. Default 0. Equals stand in one row. */
  readonly leavesRatio?: number;
}

/** What one venue leaves this process now; cost is requests, or weight where the venue counts that. */
export interface BudgetState {
  readonly allowed: number;
  readonly used: number;
  /** Nothing is sent for so long. */
  readonly holdMs: number;
  /** Of that, because the venue has banned the address. */
  readonly banMs: number;
  /** Below 1 after refusals, as part of the budget. */
  readonly strictness: number;
}

export interface RateGovernor {
  /**
   * Waits until every venue can take its cost at the same moment, at most `timeoutMs`; venues that are banned or
   * cannot be ready in time are left out of the grant rather than holding the others up.
   */
  reserve(costs: VenueCosts, timeoutMs: number, options?: ReserveOptions): Promise<Grant>;
  /** False while this process has no share of some venue (a spare): it should not take tasks. */
  hasShare(): boolean;
  /**
   * Milliseconds until such a request could be granted, 0 for now; Infinity when that cannot be told. Venues that are
   * silent after a refusal do not count: everybody behind the address waits for them alike.
   */
  readyInMs(costs: VenueCosts): number;
}
