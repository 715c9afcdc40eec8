// Funding of perpetuals: an interval per contract and a rate per interval that hovers around 0.01 % per 8 hours.

import type { MarketListing } from "./listings.ts";
import { hash, toNormal, toUnit } from "./random.ts";

const HOUR_MS = 3_600_000;
const BASE_RATE_8H = 0.0001;
const RATE_SD_BY_TIER = { A: 0.00003, B: 0.00008, C: 0.00015, D: 0.0003 };
const RATE_MAX = 0.00375;

/** Length of the contract's funding interval: eight hours, four, or one. */
export function fundingIntervalMsOf(listing: MarketListing): number {
  const { tier } = listing.asset.coin;
  if (tier === "A") return 8 * HOUR_MS;
  const roll = toUnit(hash(listing.seed, 4));
  if (tier === "D" && roll < 0.1) return HOUR_MS;
  return roll < (tier === "B" ? 0.3 : 0.6) ? 4 * HOUR_MS : 8 * HOUR_MS;
}

/** The rate due at the end of the running interval, a ratio; positive: longs pay. Moves through the interval. */
export function fundingRateAt(listing: MarketListing, marketSeed: number, atMs: number): number {
  const intervalMs = fundingIntervalMsOf(listing);
  const seed = hash(listing.seed ^ marketSeed, 5);
  const interval = Math.floor(atMs / intervalMs);
  const share = Math.floor((atMs % intervalMs) / 60_000) / (intervalMs / 60_000);
  const from = toNormal(hash(seed, interval));
  const to = toNormal(hash(seed, interval + 1));
  const perEightHours =
    BASE_RATE_8H + RATE_SD_BY_TIER[listing.asset.coin.tier] * (from + (to - from) * share);
  const rate = (perEightHours * intervalMs) / (8 * HOUR_MS);
  return Number(Math.max(-RATE_MAX, Math.min(RATE_MAX, rate)).toFixed(8));
}
