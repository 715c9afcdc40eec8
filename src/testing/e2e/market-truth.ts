// What the simulated market really is, asked of the simulator's own listings and of nothing of ours: which coin has
// which legs, what a contract counts, and which tickers merely look alike.

import { createMarket } from "../../simulator/market.ts";
import type { SimListing, SimMarket, SimVenue } from "../../simulator/types.ts";

const TRUE_PAIRS = [
  ["upbit", "bybit"],
  ["upbit", "binance"],
  ["bithumb", "bybit"],
  ["bithumb", "binance"],
] as const;

export interface TruePair {
  /** "COIN|pair index". */
  readonly key: string;
  readonly coin: string;
  readonly pairIndex: number;
  readonly domestic: SimListing;
  /** Contracts of the very same asset; more than one where it trades under an old and a new name. */
  readonly overseas: readonly SimListing[];
}

export class MarketTruth {
  readonly #market: SimMarket;
  #held: { key: string; pairs: ReadonlyMap<string, TruePair> } | undefined;

  /** The market of that seed and coins; `startedAtMs` is what delistings count from. */
  constructor(seed: number, startedAtMs: number, coins?: readonly string[]) {
    this.#market = createMarket({ seed, startAtMs: startedAtMs, coins: coins && new Set(coins) });
  }

  /** Every coin and pair both of whose venues list the same asset at that instant. */
  pairs(atMs: number): ReadonlyMap<string, TruePair> {
    const listed = (venue: SimVenue) => this.#market.listings(venue, atMs);
    const key = TRUE_PAIRS.flat()
      .map((venue) => listed(venue).length)
      .join(" ");
    if (this.#held?.key === key) return this.#held.pairs;
    const pairs = new Map<string, TruePair>();
    for (const [pairIndex, [korean, foreign]] of TRUE_PAIRS.entries()) {
      for (const domestic of listed(korean)) {
        const overseas = listed(foreign).filter(({ assetId }) => assetId === domestic.assetId);
        if (overseas.length === 0) continue;
        const rowKey = `${domestic.base}|${pairIndex}`;
        pairs.set(rowKey, { key: rowKey, coin: domestic.base, pairIndex, domestic, overseas });
      }
    }
    this.#held = { key, pairs };
    return pairs;
  }
}
