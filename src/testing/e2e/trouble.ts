// Trouble made on purpose, one kind per coin and venue, with what the published rows of that coin must say.

import type { Reason } from "../../../schema/vocabulary.ts";
import type { FaultSpec } from "../../simulator/faults.ts";
import type { SimVenue } from "../../simulator/types.ts";

export interface Trouble {
  readonly coin: string;
  readonly venue: SimVenue;
  readonly fault: Omit<FaultSpec, "venue" | "symbol">;
  readonly reason: Reason;
  /** What a machine too slow for the fault's own timing makes of it. */
  readonly reasonIfLate?: Reason;
}

/** Beyond the two seconds legs may be apart, within the 0.55 of a tick that a worker waits for an answer. */
const SKEWING_DELAY_MS = 2_280;

/** Coins with a book of their own on all four venues and no multiplier. */
export const TROUBLES: readonly Trouble[] = [
  {
    ...{ coin: "ETH", venue: "bybit", fault: { kind: "delay", delayMs: SKEWING_DELAY_MS } },
    ...{ reason: "skewed", reasonIfLate: "fetch-failed" },
  },
  { coin: "XRP", venue: "binance", fault: { kind: "hang" }, reason: "fetch-failed" },
  { coin: "SOL", venue: "bithumb", fault: { kind: "reset" }, reason: "fetch-failed" },
  { coin: "DOGE", venue: "bybit", fault: { kind: "server-error", status: 503 }, reason: "fetch-failed" },
  { coin: "ADA", venue: "bithumb", fault: { kind: "html" }, reason: "malformed" },
  { coin: "TRX", venue: "binance", fault: { kind: "truncated-json" }, reason: "malformed" },
  { coin: "LINK", venue: "upbit", fault: { kind: "crossed-book" }, reason: "crossed" },
  { coin: "AVAX", venue: "bybit", fault: { kind: "empty-book" }, reason: "empty" },
  { coin: "SUI", venue: "binance", fault: { kind: "stale-book", ageMs: 60_000 }, reason: "stale" },
  { coin: "HBAR", venue: "upbit", fault: { kind: "unsorted-book" }, reason: "malformed" },
  // Korean venues print a side that has ended as zeros: a zero in the first place is an empty side.
  { coin: "XLM", venue: "bithumb", fault: { kind: "zero-quantity" }, reason: "empty" },
  { coin: "ETC", venue: "bybit", fault: { kind: "zero-quantity" }, reason: "malformed" },
  { coin: "BCH", venue: "bybit", fault: { kind: "wrong-symbol" }, reason: "malformed" },
  // Binance prints no symbol: only that the rate makes no sense tells that it is another coin's book.
  { coin: "BTC", venue: "binance", fault: { kind: "wrong-symbol" }, reason: "quarantined" },
  { coin: "NEAR", venue: "upbit", fault: { kind: "wrong-symbol" }, reason: "malformed" },
];

/** Indices of the pairs a venue is a leg of. */
export const PAIRS_OF: Readonly<Record<SimVenue, readonly [number, number]>> = {
  upbit: [0, 1],
  bithumb: [2, 3],
  bybit: [0, 2],
  binance: [1, 3],
};

export function symbolOf({ coin, venue }: Pick<Trouble, "coin" | "venue">): string {
  return venue === "upbit" || venue === "bithumb" ? `KRW-${coin}` : `${coin}USDT`;
}

/** Row key to the reasons of which it must carry one. */
export function reasonsOf(troubles: readonly Trouble[]): Map<string, readonly Reason[]> {
  const reasons = new Map<string, readonly Reason[]>();
  for (const { coin, venue, reason, reasonIfLate = reason } of troubles) {
    for (const pairIndex of PAIRS_OF[venue]) reasons.set(`${coin}|${pairIndex}`, [reason, reasonIfLate]);
  }
  return reasons;
}
