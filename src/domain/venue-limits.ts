// What each venue allows one source address, and what a tick needs of it: the figures behind the rate governor and
// the shortest feasible tick. Source: the venues' own documents (docs/venues.md).

import { VENUES, type Venue } from "../../schema/vocabulary.ts";

export interface VenueLimit {
  /** Requests (Upbit, Bithumb, Bybit) or weight (Binance) within any window of `windowMs`. */
  readonly capacity: number;
  readonly windowMs: number;
  /** How long to be silent after a ban answer that does not say. */
  readonly banMsDefault: number;
}

export const VENUE_LIMITS: Readonly<Record<Venue, VenueLimit>> = {
  upbit: { capacity: 10, windowMs: 1_000, banMsDefault: 60_000 },
  bithumb: { capacity: 150, windowMs: 1_000, banMsDefault: 60_000 },
  bybit: { capacity: 600, windowMs: 5_000, banMsDefault: 600_000 },
  binance: { capacity: 2_400, windowMs: 60_000, banMsDefault: 120_000 },
};

/** Binance's weights by order book depth, the only depths it takes. */
export const BINANCE_DEPTHS = [
  { depth: 50, weight: 2 },
  { depth: 100, weight: 5 },
  { depth: 500, weight: 10 },
  { depth: 1000, weight: 20 },
] as const;

export function binanceWeight(depth: number): number {
  return BINANCE_DEPTHS.find((row) => row.depth >= depth)?.weight ?? 20;
}

/**
 * The shortest tick in ms that the limits sustain for ever, over `addressCount` addresses, for a tick that costs
 * `costs` in total, and the venue that decides it. A tick may spend its whole cost at once (the budgets are rolling
 * windows), so only the sustained pace counts.
 */
export function shortestTickMs(
  costs: Readonly<Record<Venue, number>>,
  addressCount: number,
): { tickMs: number; venue: Venue } {
  let worst: { tickMs: number; venue: Venue } = { tickMs: 0, venue: "upbit" };
  for (const venue of VENUES) {
    const { capacity, windowMs } = VENUE_LIMITS[venue];
    const tickMs = (costs[venue] * windowMs) / (capacity * addressCount);
    if (tickMs > worst.tickMs) worst = { tickMs, venue };
  }
  return worst;
}

/** Takers' fees where neither the account nor a setting tells. */
export const FEE_RATIOS_DEFAULT: Readonly<Record<Venue, string>> = {
  upbit: "0.0005",
  bithumb: "0.0025",
  bybit: "0.00055",
  binance: "0.0005",
};
