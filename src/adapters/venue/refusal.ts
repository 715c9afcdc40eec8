// What a venue says when it says no, in a few words of ours. The venue's own code and text are kept beside it.

export const REFUSAL_KINDS = [
  "rate-limited", // too many requests; the governor decides how long to be silent
  "overloaded", // the venue is: retry later
  "unknown-symbol",
  "bad-parameter",
  "bad-key", // unknown, expired or wrong key
  "bad-signature",
  "bad-time", // outside the venue's time window, or a nonce used twice
  "address-refused", // the key is bound to other addresses
  "not-permitted",
  "insufficient-funds",
  "below-minimum",
  "bad-step", // price or quantity off its step, or above its maximum
  "unknown-order",
  "order-not-ready", // accepted, not yet visible: look again
  "duplicate-id",
  "unchanged", // already as asked for: a success
  "reduce-only",
  "not-tradable", // closed, being delisted, not live
  "outcome-unknown", // it may have happened: look before doing anything
  "other",
] as const;
export type RefusalKind = (typeof REFUSAL_KINDS)[number];

export interface VenueRefusal {
  readonly kind: RefusalKind;
  /** As the venue wrote it: "insufficient_funds_bid", "110007", "-1121". */
  readonly code: string;
  readonly message: string;
}

/** A table of codes by kind, turned round. */
export function kindsByCode(
  table: Partial<Record<RefusalKind, readonly (string | number)[]>>,
): ReadonlyMap<string, RefusalKind> {
  const kinds = Object.entries(table) as [RefusalKind, readonly (string | number)[]][];
  return new Map(kinds.flatMap(([kind, codes]) => codes.map((code) => [String(code), kind] as const)));
}
