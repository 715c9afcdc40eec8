// Traded volume per slot of five minutes: follows the market's activity and has noise of its own per listing.

import { type Activity, SLOT_MS } from "./activity.ts";
import { FACTOR_FIT, VOLUME_FIT } from "./calibration.ts";
import type { MarketListing } from "./listings.ts";
import { Path } from "./path.ts";
import { hash, NORMAL_QUANTILES, seedOf, toNormal, toUnit } from "./random.ts";

const MINUTE_MS = 60_000;
const MINUTES_PER_SLOT = SLOT_MS / MINUTE_MS;
/** The hour's noise forgets itself after 16 slots. */
const HOUR_BLOCK_BITS = 4;
const HOUR_SD = Math.sqrt(2 ** HOUR_BLOCK_BITS / 2);

interface VolumeWalk {
  readonly seed: number;
  readonly hours: Path;
  readonly meanCoin: number;
}

export class Volumes {
  readonly #seed: number;
  readonly #activity: Activity;
  readonly #walks = new Map<MarketListing, VolumeWalk>();

  constructor(seed: number, activity: Activity) {
    this.#seed = seedOf(seed, "volumes");
    this.#activity = activity;
  }

  /** Volume of the minute that starts at `startAtMs`, in the venue's unit of quantity. */
  ofMinute(listing: MarketListing, startAtMs: number): number {
    const slot = Math.floor(startAtMs / SLOT_MS);
    const minute = Math.floor(startAtMs / MINUTE_MS) - slot * MINUTES_PER_SLOT;
    const { seed } = this.#walkOf(listing);
    const slotSeed = hash(seed, slot);
    let sum = 0;
    let own = 0;
    for (let index = 0; index < MINUTES_PER_SLOT; index++) {
      const share = 0.15 + toUnit(hash(slotSeed, index)) ** 2;
      sum += share;
      if (index === minute) own = share;
    }
    return (this.ofSlot(listing, slot) * own) / sum;
  }

  /** Volume of five minutes, in the venue's unit of quantity. */
  ofSlot(listing: MarketListing, slot: number): number {
    const { seed, hours, meanCoin } = this.#walkOf(listing);
    const share = VOLUME_FIT.activityShare;
    const rest = Math.sqrt((1 - share * share) / 2);
    const score =
      share * this.#activity.scoreOf(slot) +
      rest * (hours.at(slot) / HOUR_SD) +
      rest * toNormal(hash(seed ^ 0x51ed270b, slot));
    return meanCoin * shapeOf(listing.venue, score);
  }

  #walkOf(listing: MarketListing): VolumeWalk {
    const known = this.#walks.get(listing);
    if (known !== undefined) return known;
    const seed = seedOf(this.#seed, `${listing.venue} ${listing.listing.symbol}`);
    const made = {
      seed,
      hours: new Path(seedOf(seed, "hours"), HOUR_BLOCK_BITS, 0),
      meanCoin: meanCoinOf(listing),
    };
    this.#walks.set(listing, made);
    return made;
  }
}

function meanCoinOf(listing: MarketListing): number {
  const { asset, venue } = listing;
  const btc = VOLUME_FIT.btcMeanCoin[venue];
  if (asset.id === "bitcoin") return btc;
  const priceRatio = FACTOR_FIT.btcUsdt / (asset.coin.priceUsdt * listing.listing.multiplier);
  const spread = 0.5 + toUnit(hash(listing.seed, 2));
  return btc * priceRatio * VOLUME_FIT.tierShare[asset.coin.tier] * spread;
}

function shapeOf(venue: MarketListing["venue"], score: number): number {
  return rawShape(venue, score) / SHAPE_MEAN[venue];
}

function rawShape(venue: MarketListing["venue"], score: number): number {
  const clipped = Math.min(score, VOLUME_FIT.scoreMax);
  return Math.exp(VOLUME_FIT.logSpread[venue] * clipped + VOLUME_FIT.logBend * (clipped * clipped - 1));
}

const SHAPE_MEAN = {
  upbit: meanShape("upbit"),
  bithumb: meanShape("bithumb"),
  bybit: meanShape("bybit"),
  binance: meanShape("binance"),
};

function meanShape(venue: MarketListing["venue"]): number {
  return NORMAL_QUANTILES.reduce((sum, score) => sum + rawShape(venue, score), 0) / NORMAL_QUANTILES.length;
}
