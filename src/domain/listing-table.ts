// Which coins are quoted and with which legs: the listings of all venues joined by Korean ticker.

import {
  COIN_LENGTH_MAX,
  type QuoteLeg,
  SYMBOL_LENGTH_MAX,
  type TaskCoin,
} from "../../schema/messages/quote-task.ts";
import { PAIRS, VENUES, type Venue } from "../../schema/vocabulary.ts";
import type { Listing } from "./instrument.ts";
import { BINANCE_DEPTHS, binanceWeight } from "./venue-limits.ts";

/** A coin with at least one domestic and one overseas listing. */
export interface QuotedCoin {
  readonly coin: string;
  readonly listings: Readonly<Partial<Record<Venue, Listing>>>;
}

/** Joins listings; coins without a pair are left out, names too long for a task too. Sorted by coin. */
export function joinListings(listings: readonly Listing[]): QuotedCoin[] {
  const byCoin = new Map<string, Partial<Record<Venue, Listing>>>();
  for (const listing of listings) {
    if (listing.coin.length > COIN_LENGTH_MAX || listing.symbol.length > SYMBOL_LENGTH_MAX) continue;
    const row = byCoin.get(listing.coin) ?? {};
    row[listing.venue] ??= listing;
    byCoin.set(listing.coin, row);
  }
  return [...byCoin]
    .map(([coin, row]) => ({ coin, listings: row }))
    .filter((coin) => pairIndicesOf(coin).length > 0)
    .sort((a, b) => (a.coin < b.coin ? -1 : 1));
}

/** Indices into PAIRS for which this coin has both legs. */
export function pairIndicesOf({ listings }: QuotedCoin): number[] {
  const indices: number[] = [];
  for (const [index, pair] of PAIRS.entries()) {
    if (listings[pair.domestic] && listings[pair.overseas]) indices.push(index);
  }
  return indices;
}

/** Levels asked of Bybit: one request costs the same whatever the depth, the scanner stops early. */
const BYBIT_DEPTH = 500;
const BINANCE_DEPTH_FIRST = 100;
/** Up when less than the first is left of the levels asked for, down only where the second would be left. */
const RAISE_RESERVE_RATIO = 1.15;
const LOWER_RESERVE_RATIO = 1.3;

/**
 * How deep Binance has to be asked for each coin so that 100M KRW is just covered: learned from the levels the last
 * reports used, up at once when a book ended too early or nearly did, down only with some reserve. Between the two
 * reserves a depth stays, so that a coin at the border does not change its weight from tick to tick.
 */
export class DepthBook {
  readonly #depths = new Map<string, number>();

  depthOf(coin: string): number {
    return this.#depths.get(coin) ?? BINANCE_DEPTH_FIRST;
  }

  /** `levels`: levels the largest size took, null when it did not fit; `got`: levels the venue sent. */
  learn(coin: string, levels: number | null, got: number): void {
    const depth = this.depthOf(coin);
    if (levels === null) {
      const deeper = BINANCE_DEPTHS.find((row) => row.depth > depth);
      // A book shorter than asked for has no more to give: asking deeper would only cost weight.
      if (got >= depth && deeper) this.#depths.set(coin, deeper.depth);
      else this.#lower(coin, depth, got);
    } else if (levels * RAISE_RESERVE_RATIO > depth) {
      this.#depths.set(coin, depthOver(levels * RAISE_RESERVE_RATIO));
    } else this.#lower(coin, depth, levels);
  }

  #lower(coin: string, depth: number, levels: number): void {
    const lower = depthOver(levels * LOWER_RESERVE_RATIO);
    if (lower < depth) this.#depths.set(coin, lower);
  }
}

function depthOver(levels: number): number {
  return (BINANCE_DEPTHS.find(({ depth }) => depth >= levels) ?? BINANCE_DEPTHS.at(-1)!).depth;
}

export function taskCoinOf(quoted: QuotedCoin, depths: DepthBook): TaskCoin {
  const legs: QuoteLeg[] = [];
  for (const venue of VENUES) {
    const listing = quoted.listings[venue];
    if (!listing) continue;
    const depth = venue === "binance" ? depths.depthOf(quoted.coin) : venue === "bybit" ? BYBIT_DEPTH : 30;
    legs.push({ venue, symbol: listing.symbol, multiplier: listing.multiplier, depth });
  }
  return { coin: quoted.coin, legs };
}

/** What one tick costs each venue, in the units of its limit. */
export function tickCosts(coins: readonly TaskCoin[], coinsPerTask: number): Record<Venue, number> {
  const costs: Record<Venue, number> = { upbit: 0, bithumb: 0, bybit: 0, binance: 0 };
  for (const { legs } of coins) {
    for (const { venue, depth } of legs) {
      if (venue === "binance") costs.binance += binanceWeight(depth);
      else if (venue !== "upbit") costs[venue] += 1;
    }
  }
  costs.upbit = Math.ceil(coins.length / coinsPerTask);
  return costs;
}

/** Packs coins into tasks of at most `coinsPerTask`, so that Binance's weight is spread evenly. */
export function packTasks(coins: readonly TaskCoin[], coinsPerTask: number): TaskCoin[][] {
  const bins: { coins: TaskCoin[]; weight: number }[] = Array.from(
    { length: Math.ceil(coins.length / coinsPerTask) },
    () => ({ coins: [], weight: 0 }),
  );
  const byWeight = coins
    .map((coin) => ({ coin, weight: weightOf(coin) }))
    .sort((a, b) => b.weight - a.weight || (a.coin.coin < b.coin.coin ? -1 : 1));
  for (const { coin, weight } of byWeight) {
    let lightest = bins.find((bin) => bin.coins.length < coinsPerTask)!;
    for (const bin of bins) {
      if (bin.coins.length < coinsPerTask && bin.weight < lightest.weight) lightest = bin;
    }
    lightest.coins.push(coin);
    lightest.weight += weight;
  }
  return bins.map((bin) => bin.coins);
}

function weightOf({ legs }: TaskCoin): number {
  const binance = legs.find(({ venue }) => venue === "binance");
  return binance ? binanceWeight(binance.depth) : 0;
}
