// What all coins share: BTC's price in USDT and the common implied rate (KRW per USDT). Both are functions of
// (seed, instant). The rate is a slow part with fixed heights in seeded order, so that every seed covers the recorded
// range in three months, an hours-long wandering, and a damping: KRW prices lag behind moves of BTC.

import type { Activity } from "./activity.ts";
import { FACTOR_FIT } from "./calibration.ts";
import { Path, Wander } from "./path.ts";
import { hash, seedOf } from "./random.ts";

const BTC_BLOCK_BITS = 13;
const BTC_FINE_BITS = 11;

export class Factors {
  readonly #activity: Activity;
  readonly #knotSeed: number;
  /** One instance per lag: each keeps its own place in the same walk. */
  readonly #btcPaths: readonly Path[];
  readonly #hours: Wander;
  #atMs = Number.NaN;
  #btcLog = 0;
  #rateLog = 0;
  #units = 0;

  constructor(seed: number, activity: Activity) {
    this.#activity = activity;
    this.#knotSeed = seedOf(seed, "rate-knots");
    const btcSeed = seedOf(seed, "btc");
    const lagCount = FACTOR_FIT.rateDampingLagsMs.length;
    this.#btcPaths = Array.from(
      { length: lagCount + 1 },
      () => new Path(btcSeed, BTC_BLOCK_BITS, BTC_FINE_BITS),
    );
    this.#hours = new Wander(seedOf(seed, "rate-hours"), FACTOR_FIT.rateHoursMs, 300);
  }

  /** Log of BTC's USDT price over its middle. */
  btcLogAt(atMs: number): number {
    this.#moveTo(atMs);
    return this.#btcLog;
  }

  /** Log of the common KRW-per-USDT rate over its middle. */
  rateLogAt(atMs: number): number {
    this.#moveTo(atMs);
    return this.#rateLog;
  }

  /** Activity units at the instant, for walks of single coins. */
  unitsAt(atMs: number): number {
    this.#moveTo(atMs);
    return this.#units;
  }

  #moveTo(atMs: number): void {
    if (atMs === this.#atMs) return;
    this.#atMs = atMs;
    this.#units = this.#activity.unitsAt(atMs);
    const btc = this.#btcPaths[0]!.at(this.#units);
    let lagged = 0;
    const lags = FACTOR_FIT.rateDampingLagsMs;
    for (let index = 0; index < lags.length; index++) {
      lagged += this.#btcPaths[index + 1]!.at(this.#activity.unitsAt(atMs - lags[index]!));
    }
    this.#btcLog = FACTOR_FIT.btcSdPerUnit * btc;
    const ahead = FACTOR_FIT.btcSdPerUnit * (btc - lagged / lags.length);
    this.#rateLog =
      this.#slowRateLog(atMs) +
      FACTOR_FIT.rateHoursSd * this.#hours.at(atMs) -
      FACTOR_FIT.rateDamping * FACTOR_FIT.rateDampedMax * Math.tanh(ahead / FACTOR_FIT.rateDampedMax);
  }

  #slowRateLog(atMs: number): number {
    const knot = Math.floor(atMs / FACTOR_FIT.rateKnotMs);
    const share = atMs / FACTOR_FIT.rateKnotMs - knot;
    const from = this.#knotHeight(knot);
    const to = this.#knotHeight(knot + 1);
    return from + (to - from) * share * share * (3 - 2 * share);
  }

  /** The heights of one round of knots, shuffled by the round's own seed. */
  #knotHeight(knot: number): number {
    const heights: number[] = [...FACTOR_FIT.rateKnotHeights];
    const round = Math.floor(knot / heights.length);
    const roundSeed = hash(this.#knotSeed, round);
    for (let index = heights.length - 1; index > 0; index--) {
      const other = (hash(roundSeed, index) >>> 0) % (index + 1);
      const held = heights[index]!;
      heights[index] = heights[other]!;
      heights[other] = held;
    }
    return heights[knot - round * heights.length]!;
  }
}
