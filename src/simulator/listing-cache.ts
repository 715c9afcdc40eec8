// Listings of each venue by symbol, looked up at the market at most once a second.

import type { SimListing, SimMarket, SimVenue } from "./types.ts";

const AGE_MS_MAX = 1_000;

export class ListingCache {
  private readonly held = new Map<SimVenue, { atMs: number; bySymbol: Map<string, SimListing> }>();
  private readonly market: SimMarket;

  constructor(market: SimMarket) {
    this.market = market;
  }

  at(venue: SimVenue, nowMs: number): ReadonlyMap<string, SimListing> {
    const held = this.held.get(venue);
    if (held !== undefined && nowMs >= held.atMs && nowMs - held.atMs < AGE_MS_MAX) return held.bySymbol;
    const listings = this.market.listings(venue, nowMs);
    const bySymbol = new Map(listings.map((listing) => [listing.symbol, listing]));
    this.held.set(venue, { atMs: nowMs, bySymbol });
    return bySymbol;
  }
}
