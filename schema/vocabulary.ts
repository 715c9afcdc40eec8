// The closed sets of words every part of the system agrees on.
// Order matters where noted: indices of VENUES, PAIRS and REASONS go over the wire, so only append.

/** The four venues. The index is wire format (frames, reports). */
export const VENUES = ["upbit", "bithumb", "bybit", "binance"] as const;
export type Venue = (typeof VENUES)[number];

export const DOMESTIC_VENUES = ["upbit", "bithumb"] as const;
export type DomesticVenue = (typeof DOMESTIC_VENUES)[number];

export const OVERSEAS_VENUES = ["bybit", "binance"] as const;
export type OverseasVenue = (typeof OVERSEAS_VENUES)[number];

export type LegRole = "domestic" | "overseas";

export function legRoleOf(venue: Venue): LegRole {
  return venue === "upbit" || venue === "bithumb" ? "domestic" : "overseas";
}

/** The pairs of venues a rate is computed for. The index is wire format. */
export const PAIRS = [
  { key: "upbit-bybit", domestic: "upbit", overseas: "bybit" },
  { key: "upbit-binance", domestic: "upbit", overseas: "binance" },
  { key: "bithumb-bybit", domestic: "bithumb", overseas: "bybit" },
  { key: "bithumb-binance", domestic: "bithumb", overseas: "binance" },
] as const satisfies readonly { key: string; domestic: DomesticVenue; overseas: OverseasVenue }[];
export type PairKey = (typeof PAIRS)[number]["key"];
export const PAIR_KEYS = PAIRS.map((pair) => pair.key) as readonly PairKey[];

/** The public grid of order sizes: 1,000,000 to 100,000,000 KRW in steps of 1,000,000. */
export const SEED_STEP_KRW = 1_000_000;
export const SEED_COUNT = 100;
export const SEED_KRW_MAX = SEED_STEP_KRW * SEED_COUNT;
export const SEEDS_KRW: readonly number[] = Array.from(
  { length: SEED_COUNT },
  (_, index) => (index + 1) * SEED_STEP_KRW,
);

/**
 * Why a row has no rate at all (a row that merely ends part-way is "thin" from there on and needs no
 * reason). The index is wire format; 0 means the row is quoted.
 */
export const REASONS = [
  "none",
  "thin", // a book ended before the smallest size was filled
  "empty", // a side has no level
  "crossed", // best bid at or above best ask
  "malformed", // not the document the venue promises
  "stale", // older than the age limit when reported
  "skewed", // the two legs were received too far apart
  "fetch-failed", // no answer, a reset, a 5xx, a time-out
  "rate-limited", // 429, 418, 403, 10006, or our own budget was not enough before the deadline
  "missing", // no report arrived before the tick's deadline
  "quarantined", // identity or multiplier not confirmed: rate implausibly far from the others
  "delisted", // a tombstone: the pair is gone, clients take it off the screen
] as const;
export type Reason = (typeof REASONS)[number];

/** What can be wrong with a user's API key; words are in src/domain/key-finding.ts. */
export const KEY_FINDING_CODES = [
  "key-unknown",
  "key-malformed",
  "key-expired",
  "key-locked",
  "key-unclear", // one of several, and the venue does not say which
  "secret-wrong",
  "address-refused",
  "member-blocked",
  "permission-missing",
  "may-not-order",
  "may-not-trade",
  "account-not-unified",
  "may-withdraw",
  "any-address",
  "ends-soon",
  "refused", // for another reason of the venue's
] as const;
export type KeyFindingCode = (typeof KEY_FINDING_CODES)[number];
