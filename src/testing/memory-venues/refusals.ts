// How the four venues treat client order ids and late requests, and refusals as values.

import type { Venue } from "../../../schema/vocabulary.ts";
import type { PlaceOutcome, RejectKind } from "../../ports/trading-venue.ts";

export interface IdRules {
  /** How long after sending a request is still accepted. */
  readonly acceptWindowMs: number;
  /**
   * What a second request under an id that has passed the gate gets: a refusal, the first one's answer, or another
   * execution once the first order has ended.
   */
  readonly repeated: "refused" | "first-answer" | "executed";
  /** Whether the venue says that a refusal of the order leaves its id free. */
  readonly refusedIdIsFree: boolean;
}

export const ID_RULES: Readonly<Record<Venue, IdRules>> = {
  upbit: { acceptWindowMs: Number.POSITIVE_INFINITY, repeated: "refused", refusedIdIsFree: false },
  bithumb: { acceptWindowMs: 20_000, repeated: "first-answer", refusedIdIsFree: false },
  bybit: { acceptWindowMs: 3_000, repeated: "refused", refusedIdIsFree: false },
  binance: { acceptWindowMs: 3_000, repeated: "executed", refusedIdIsFree: true },
};

/** Said before the order is read, so the id is not used up anywhere. */
export function isGateKind(kind: RejectKind): boolean {
  return kind === "key" || kind === "clock" || kind === "limited";
}

export type Refused = Extract<PlaceOutcome, { kind: "rejected" }>;

export function refused(venue: Venue, kind: RejectKind, message: string): Refused {
  const idStillFree = isGateKind(kind) || (kind !== "duplicate" && ID_RULES[venue].refusedIdIsFree);
  return { kind: "rejected", rejection: { kind, code: `${venue}-${kind}`, message, idStillFree } };
}
