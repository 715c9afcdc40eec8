// What a rate governor says of itself to Prometheus, in whichever process it is.

import { VENUES, type Venue } from "../../schema/vocabulary.ts";
import { counter, gauge, type Metric, type Sample } from "./metrics.ts";
import type { BudgetState } from "./rate-governor.ts";

export interface BudgetParts {
  readonly budgets: Readonly<Record<Venue, BudgetState>>;
  /** By "venue status", since the start. */
  readonly refusals: ReadonlyMap<string, number>;
}

const STATUSES = ["429", "418", "403"] as const;

export function budgetMetrics({ budgets, refusals }: BudgetParts): Metric[] {
  const perVenue = (read: (state: BudgetState) => number): Sample[] =>
    Object.entries(budgets).map(([venue, state]) => ({ labels: { venue }, value: read(state) }));
  // Also those there were none of: Prometheus sees a growth only of what it has seen at 0.
  const refused = VENUES.flatMap((venue) =>
    STATUSES.map((status): Sample => {
      return { labels: { venue, status }, value: refusals.get(`${venue} ${status}`) ?? 0 };
    }),
  );
  return [
    gauge(
      "schedulerx_budget_allowed",
      "Requests, or weight where the venue counts that, this process may spend within the venue's window.",
      perVenue(({ allowed }) => allowed),
    ),
    gauge(
      "schedulerx_budget_left",
      "What of it may be spent at once.",
      perVenue(({ allowed, used }) => Math.max(0, allowed - used)),
    ),
    gauge(
      "schedulerx_venue_hold_seconds",
      "For so long nothing is sent to the venue.",
      perVenue(({ holdMs }) => holdMs / 1_000),
    ),
    gauge(
      "schedulerx_venue_ban_seconds",
      "For so long the venue has banned the address; 0: it has not.",
      perVenue(({ banMs }) => banMs / 1_000),
    ),
    counter("schedulerx_venue_refusals_total", "Answers 429, 418 and 403.", refused),
  ];
}
