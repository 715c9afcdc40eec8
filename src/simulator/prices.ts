// The price of a listing at any instant, in the venue's units: the coin's USDT price moves with BTC and by itself;
// a domestic price is that times the common rate times the coin's own premium; every venue deviates a little. BTC on
// Upbit and Binance is the fitted pair and has no premium of its own.

import type { Activity } from "./activity.ts";
import { COIN_FIT, FACTOR_FIT } from "./calibration.ts";
import { Factors } from "./factors.ts";
import type { Asset, MarketListing } from "./listings.ts";
import { Path, Wander } from "./path.ts";
import { seedOf, toUnit } from "./random.ts";

const FINE_MS = 300;
/** Fifteen seconds, the step of candles, still sees a coin's own walk in full. */
const OWN_BLOCK_BITS = 12;
const OWN_FINE_BITS = 10;

interface AssetWalks {
  readonly beta: number;
  readonly ownSdPerUnit: number;
  readonly own: Path;
  readonly premiumHours: Wander;
  readonly premiumMinutes: Wander;
}

interface VenueWalks {
  readonly asset: AssetWalks;
  readonly deviation: Wander;
  readonly deviationSd: number;
  readonly flicker: Wander;
}

export class Prices {
  readonly factors: Factors;
  readonly #seed: number;
  readonly #assets = new Map<string, AssetWalks>();
  readonly #venues = new Map<MarketListing, VenueWalks>();

  /** Premiums of single coins forget themselves `premiumPace` times as fast as the recorded ones. */
  constructor(
    seed: number,
    activity: Activity,
    private readonly premiumPace = 1,
  ) {
    this.#seed = seedOf(seed, "prices");
    this.factors = new Factors(seed, activity);
  }

  /** Middle of the listing's book before it is put on the price grid, venue units. */
  middleAt(listing: MarketListing, atMs: number): number {
    const walks = this.#walksOf(listing);
    const log =
      this.#usdtLog(listing.asset, walks.asset, atMs) +
      walks.deviationSd * walks.deviation.at(atMs) +
      FACTOR_FIT.flickerSd[listing.venue] * walks.flicker.at(atMs);
    if (!listing.domestic) return listing.asset.coin.priceUsdt * listing.listing.multiplier * Math.exp(log);
    const rateLog = this.factors.rateLogAt(atMs) + this.#premiumLog(listing.asset, walks.asset, atMs);
    return listing.asset.coin.priceUsdt * FACTOR_FIT.rateKrwPerUsdt * Math.exp(log + rateLog);
  }

  /** Index price of a perpetual: the coin's USDT price before the venue's deviation. */
  indexAt(listing: MarketListing, atMs: number): number {
    const log = this.#usdtLog(listing.asset, this.#walksOf(listing).asset, atMs);
    return listing.asset.coin.priceUsdt * listing.listing.multiplier * Math.exp(log);
  }

  #usdtLog(asset: Asset, walks: AssetWalks, atMs: number): number {
    if (asset.stable) return 0;
    const btcLog = walks.beta * this.factors.btcLogAt(atMs);
    return isBtc(asset) ? btcLog : btcLog + walks.ownSdPerUnit * walks.own.at(this.factors.unitsAt(atMs));
  }

  #premiumLog(asset: Asset, walks: AssetWalks, atMs: number): number {
    if (isBtc(asset)) return 0;
    if (asset.stable) return COIN_FIT.stableSd * walks.premiumHours.at(atMs);
    const { tier } = asset.coin;
    const plain =
      COIN_FIT.premiumMiddle[tier] +
      COIN_FIT.premiumHoursSd[tier] * walks.premiumHours.at(atMs) +
      COIN_FIT.premiumMinutesSd[tier] * walks.premiumMinutes.at(atMs);
    return asset.stuckRatio + bounded(plain);
  }

  #walksOf(listing: MarketListing): VenueWalks {
    const known = this.#venues.get(listing);
    if (known !== undefined) return known;
    const { asset, venue } = listing;
    const seed = seedOf(this.#seed, `${venue} ${listing.listing.symbol}`);
    const onFittedPair = isBtc(asset) && (venue === "upbit" || venue === "binance");
    const made: VenueWalks = {
      asset: this.#assetWalksOf(asset),
      deviation: new Wander(seedOf(seed, "deviation"), COIN_FIT.venueMs, FINE_MS),
      deviationSd: onFittedPair ? 0 : COIN_FIT.venueSd[venue] * COIN_FIT.venueSdByTier[asset.coin.tier],
      flicker: new Wander(seedOf(seed, "flicker"), FACTOR_FIT.flickerMs, FINE_MS),
    };
    this.#venues.set(listing, made);
    return made;
  }

  #assetWalksOf(asset: Asset): AssetWalks {
    const known = this.#assets.get(asset.id);
    if (known !== undefined) return known;
    const seed = seedOf(this.#seed, asset.id);
    const { tier } = asset.coin;
    const tilt = 2 * toUnit(seedOf(0, asset.id)) - 1;
    const made: AssetWalks = {
      beta: isBtc(asset) ? 1 : COIN_FIT.beta[tier] + COIN_FIT.betaSpread * tilt,
      ownSdPerUnit: COIN_FIT.ownSdPerUnit[tier],
      own: new Path(seedOf(seed, "own"), OWN_BLOCK_BITS, OWN_FINE_BITS),
      premiumHours: new Wander(
        seedOf(seed, "premium-hours"),
        asset.stable ? COIN_FIT.stableMs : COIN_FIT.premiumHoursMs / this.premiumPace,
        FINE_MS,
      ),
      premiumMinutes: new Wander(
        seedOf(seed, "premium-minutes"),
        COIN_FIT.premiumMinutesMs / this.premiumPace,
        FINE_MS,
      ),
    };
    this.#assets.set(asset.id, made);
    return made;
  }
}

function isBtc(asset: Asset): boolean {
  return asset.id === "bitcoin";
}

/** Straight in the middle, flattening towards premiumMin and premiumMax. */
function bounded(ratio: number): number {
  const middle = (COIN_FIT.premiumMin + COIN_FIT.premiumMax) / 2;
  const half = (COIN_FIT.premiumMax - COIN_FIT.premiumMin) / 2;
  return middle + half * Math.tanh((ratio - middle) / half);
}
