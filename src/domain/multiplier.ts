// Which coin an overseas perpetual is of, and how many coins its price and quantity count: a table of what is known,
// the same ticker, a rename, or, as a mere proposal, a number in the name. Nothing is stripped blindly (1INCH is no
// multiple, CAT and 1000CAT are two assets), and a match proves nothing until prices agree: confirmByPrice.

import type { OverseasVenue } from "../../schema/vocabulary.ts";
import type { Listing } from "./instrument.ts";
import { PLAUSIBLE_RATIO_MAX } from "./plausibility.ts";

/** What a match rests on, the surest first. */
export const MATCH_BASES = ["table", "ticker", "renamed", "proposed"] as const;
export type MatchBasis = (typeof MATCH_BASES)[number];

export interface CoinMultiple {
  /** Korean ticker. */
  readonly coin: string;
  /** Coins per unit of the contract's price and quantity. */
  readonly multiplier: number;
}

export interface CoinMatch extends CoinMultiple {
  readonly basis: MatchBasis;
}

const multiples = (multiplier: number, prefix: string, coins: readonly string[]): [string, CoinMultiple][] =>
  coins.map((coin) => [`${prefix}${coin}`, { coin, multiplier }]);

const THOUSANDS = ["PEPE", "BONK", "FLOKI", "LUNC", "XEC", "RATS", "CAT"] as const;

/** Contracts known to count several coins, by base as the venue prints it. */
const KNOWN: Readonly<Record<OverseasVenue, ReadonlyMap<string, CoinMultiple>>> = {
  bybit: new Map([
    ...multiples(1_000, "1000", [...THOUSANDS, "TURBO", "TOSHI", "BTT"]),
    ["SHIB1000", { coin: "SHIB", multiplier: 1_000 }],
    ...multiples(10_000, "10000", ["SATS", "ELON", "QUBIC", "NFT"]),
    ...multiples(1_000_000, "1000000", ["MOG", "BABYDOGE", "CHEEMS"]),
  ]),
  binance: new Map([
    ...multiples(1_000, "1000", [...THOUSANDS, "SHIB", "SATS", "CHEEMS"]),
    ...multiples(1_000_000, "1000000", ["MOG"]),
    ["1MBABYDOGE", { coin: "BABYDOGE", multiplier: 1_000_000 }],
  ]),
};

/** Tickers that mean another asset in Korea: Upbit's TON is Tokamak Network, overseas it is Toncoin. */
const SAME_TICKER_OTHER_ASSET: ReadonlySet<string> = new Set(["TON"]);

/** One asset under two tickers, one for one: the Korean venue may still, or already, use the other. */
const RENAMED: ReadonlyMap<string, readonly string[]> = new Map([
  ["LUNA2", ["LUNA"]],
  ["POL", ["MATIC"]],
  ["MATIC", ["POL"]],
  ["S", ["FTM"]],
  ["FTM", ["S"]],
  ["A", ["EOS"]],
  ["EOS", ["A"]],
  ["RENDER", ["RNDR"]],
  ["RNDR", ["RENDER"]],
  ["TON", ["GRAM"]],
]);

const PREFIX = /^(1M|10{3,7})(?=[A-Z])/;
const SUFFIX = /^([A-Z]+)1000$/;

/** What the name of a base suggests, "1000PEPE" or "SHIB1000"; undefined when it carries no multiplier. */
export function proposeMultiplier(base: string): CoinMultiple | undefined {
  const prefix = PREFIX.exec(base)?.[1];
  if (prefix !== undefined) {
    return { coin: base.slice(prefix.length), multiplier: prefix === "1M" ? 1_000_000 : Number(prefix) };
  }
  const coin = SUFFIX.exec(base)?.[1];
  return coin === undefined ? undefined : { coin, multiplier: 1_000 };
}

/** The Korean coin a perpetual's base is believed to be of; undefined when it is none that is known or listed there. */
export function matchCoin(
  venue: OverseasVenue,
  base: string,
  koreanTickers: ReadonlySet<string>,
): CoinMatch | undefined {
  const known = KNOWN[venue].get(base);
  if (koreanTickers.has(base) && !SAME_TICKER_OTHER_ASSET.has(base)) {
    return { coin: base, multiplier: 1, basis: "ticker" };
  }
  if (known !== undefined) return koreanTickers.has(known.coin) ? { ...known, basis: "table" } : undefined;
  const renamed = RENAMED.get(base)?.find((ticker) => koreanTickers.has(ticker));
  if (renamed !== undefined) return { coin: renamed, multiplier: 1, basis: "renamed" };
  const proposed = proposeMultiplier(base);
  if (proposed === undefined || !koreanTickers.has(proposed.coin)) return undefined;
  return { ...proposed, basis: "proposed" };
}

/** True when the rate is no further from the median than the tolerance; false for anything but positive numbers. */
export function isPlausible(rate: number, medianRate: number, tolerance = PLAUSIBLE_RATIO_MAX): boolean {
  return rate > 0 && medianRate > 0 && Math.abs(rate / medianRate - 1) <= tolerance;
}

/** A perpetual that may be of its listing's coin, with its price in USDT per `multiplier` coins. */
export interface PricedListing {
  readonly listing: Listing;
  readonly priceUsdt: number;
}

export interface PriceConfirmation {
  /** One listing a coin, the first plausible one of those given. Without enough prices to judge by: the first. */
  readonly confirmed: readonly Listing[];
  /** Coins none of whose listings is plausible, with the first of them and its rate: quarantine and report. */
  readonly doubtful: readonly {
    readonly listing: Listing;
    readonly rate: number;
    readonly medianRate: number;
  }[];
}

/** Fewer implied rates than this have no median worth judging by. */
const RATES_MIN = 5;

/**
 * Settles one venue's candidates by the rates they imply. `candidates` come in order of preference, as parseListings
 * gives them; `pricesKrw` is KRW per coin by Korean ticker. A wrong multiplier is off by a thousand or more.
 */
export function confirmByPrice(
  candidates: readonly PricedListing[],
  pricesKrw: ReadonlyMap<string, number>,
  tolerance = PLAUSIBLE_RATIO_MAX,
): PriceConfirmation {
  const rateOf = ({ listing, priceUsdt }: PricedListing): number =>
    ((pricesKrw.get(listing.coin) ?? Number.NaN) * listing.multiplier) / priceUsdt;
  const rates = candidates.map(rateOf).filter((rate) => rate > 0 && Number.isFinite(rate));
  const medianRate = rates.length < RATES_MIN ? undefined : rates.sort((a, b) => a - b)[rates.length >> 1]!;
  const byCoin = Map.groupBy(candidates, ({ listing }) => listing.coin);
  const confirmed: Listing[] = [];
  const doubtful: { listing: Listing; rate: number; medianRate: number }[] = [];
  for (const group of byCoin.values()) {
    const first = group[0]!;
    if (medianRate === undefined) {
      confirmed.push(first.listing);
      continue;
    }
    const plausible = group.find((each) => isPlausible(rateOf(each), medianRate, tolerance));
    if (plausible !== undefined) confirmed.push(plausible.listing);
    else doubtful.push({ listing: first.listing, rate: rateOf(first), medianRate });
  }
  return { confirmed, doubtful };
}
