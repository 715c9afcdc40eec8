// What each venue lists: builds, from the coin and trap tables, every listing with its price grid, lot size and the
// shape of its book. Nothing here depends on the seed; times of launch and delisting count from the market's start.

import { COINS, type Coin, type Tier } from "./coins.ts";
import { hash, seedOf, toUnit } from "./random.ts";
import { BITHUMB_KRW_GRID, flatGrid, incrementAt, type PriceGrid, UPBIT_KRW_GRID } from "./ticks.ts";
import {
  MULTIPLIERS,
  PARTLY_LISTED,
  type PartlyListed,
  PERPETUAL_BASES,
  STABLE_COINS,
  TRAPS,
} from "./traps.ts";
import type { SimListing, SimVenue } from "./types.ts";

const DAY_MS = 86_400_000;
export const SIM_VENUES: readonly SimVenue[] = ["upbit", "bithumb", "bybit", "binance"];

/** The asset behind one or more listings: what its price is made of. */
export interface Asset {
  readonly id: string;
  readonly coin: Coin;
  readonly stable: boolean;
  /** Mean of its KRW price over the common rate, as a log ratio. */
  readonly stuckRatio: number;
}

/** How a book looks on average; notionals in the quote currency. */
export interface BookShape {
  readonly levelNotional: number;
  /** Share of grid prices that hold an order. */
  readonly density: number;
  readonly halfSpreadRatio: number;
}

export interface MarketListing {
  readonly venue: SimVenue;
  readonly domestic: boolean;
  readonly asset: Asset;
  readonly listing: SimListing;
  readonly grid: PriceGrid;
  /** A quantity is units x qtyStep, printed with this many decimals. */
  readonly qtyDecimals: number;
  readonly shape: BookShape;
  readonly seed: number;
  readonly launchAtMs: number;
  readonly delisting: { readonly announcedAtMs: number; readonly goneAtMs: number } | undefined;
}

const OWN_DENSE_TICKS: Readonly<Record<string, number>> = { BTC: 0.1, ETH: 0.01, SOL: 0.01, XRP: 0.0001 };
const MIDDLE_RATE = 1_384;

/** Levels of a perpetual's book that together hold 100,000,000 KRW; Infinity: not even 1,000 do. */
const LEVELS_NEEDED: Readonly<Record<Tier, readonly number[]>> = {
  A: [50],
  B: [50, 50, 100, 50, 50, 50],
  C: [50, 100, 50, 50, 500, 50, 100, 50, 50],
  D: [100, 500, 1_000, 100, 500, Number.POSITIVE_INFINITY, 100],
};
/** KRW in 30 levels of an Upbit book, in millions, in turn. */
const UPBIT_30_LEVELS_MILLION_KRW: Readonly<Record<Tier, readonly number[]>> = {
  A: [900, 500, 320, 240, 400],
  B: [150, 260, 62, 180, 88, 45],
  C: [70, 30, 52, 170, 24, 85, 40],
  D: [16, 4, 9, 2.5, 12],
};
const DOMESTIC_HALF_SPREAD: Readonly<Record<Tier, number>> = { A: 0.00003, B: 0.0003, C: 0.0008, D: 0.0022 };
const OVERSEAS_HALF_SPREAD: Readonly<Record<Tier, number>> = {
  A: 0.000005,
  B: 0.00005,
  C: 0.00015,
  D: 0.0005,
};

/** Sum of the weights of the first `levels` levels of a book: deeper levels hold more, up to four times the first. */
export function weightOfLevels(levels: number): number {
  let sum = 0;
  for (let index = 0; index < levels; index++) sum += weightOfLevel(index);
  return sum;
}

/** Notional of level `index` (best is 0) over the shape's levelNotional, on average. */
export function weightOfLevel(index: number): number {
  return 0.4 + (1.2 * index) / (index + 10);
}

/** Every listing of the market, by venue. Order is the order venues print. */
export function buildListings(
  startAtMs: number,
  coins?: ReadonlySet<string>,
): Readonly<Record<SimVenue, readonly MarketListing[]>> {
  const everywhere: PartlyListed[] = COINS.map((coin) => ({ coin, bases: basesOf(coin.ticker) }));
  const countByTier = { A: 0, B: 0, C: 0, D: 0 };
  const byVenue: Record<SimVenue, MarketListing[]> = { upbit: [], bithumb: [], bybit: [], binance: [] };
  const add = (entry: PartlyListed, stable: boolean): void => {
    const turn = countByTier[entry.coin.tier]++;
    if (coins && !stable && !coins.has(entry.coin.ticker)) return;
    const asset = assetOf(entry, stable);
    for (const venue of SIM_VENUES) {
      const base = entry.bases[venue];
      if (base !== undefined) byVenue[venue].push(listingOf({ venue, base, asset, turn, startAtMs }));
    }
  };
  for (const entry of everywhere) add(entry, false);
  for (const entry of PARTLY_LISTED) add(entry, false);
  for (const entry of STABLE_COINS) add(entry, true);
  return byVenue;
}

function basesOf(ticker: string): Record<SimVenue, string> {
  const overseas = PERPETUAL_BASES[ticker];
  return {
    upbit: ticker,
    bithumb: ticker,
    bybit: overseas?.bybit ?? ticker,
    binance: overseas?.binance ?? ticker,
  };
}

function assetOf({ coin, assetId }: PartlyListed, stable: boolean): Asset {
  const id = assetId ?? slugOf(coin.englishName);
  const stuckRatio = TRAPS.stuckPremiums.find((stuck) => stuck.ticker === coin.ticker)?.ratio ?? 0;
  return { id, coin, stable, stuckRatio };
}

function slugOf(name: string): string {
  return name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/-$/, "");
}

interface ListingRequest {
  readonly venue: SimVenue;
  readonly base: string;
  readonly asset: Asset;
  /** How many coins of the tier came before: shapes are dealt out in turn. */
  readonly turn: number;
  readonly startAtMs: number;
}

function listingOf({ venue, base, asset, turn, startAtMs }: ListingRequest): MarketListing {
  const { coin } = asset;
  const domestic = venue === "upbit" || venue === "bithumb";
  const symbol = domestic ? `KRW-${base}` : `${base}USDT`;
  const seed = seedOf(0, `${venue} ${symbol}`);
  const multiplier = domestic ? 1 : (MULTIPLIERS[base] ?? 1);
  const price = coin.priceUsdt * multiplier * (domestic ? MIDDLE_RATE : 1);
  const grid =
    venue === "upbit" ? UPBIT_KRW_GRID : venue === "bithumb" ? BITHUMB_KRW_GRID : perpetualGrid(coin, price);
  const lots = domestic
    ? { qtyStep: 1e-8, qtyMin: 1e-8, qtyMax: 1e12, notionalMin: 5_000 }
    : perpetualLots(venue, coin.ticker, price);
  const delisting = TRAPS.delistings.find((end) => end.venue === venue && end.symbol === symbol);
  const launchAtMs = startAtMs - Math.round((120 + 1_400 * toUnit(hash(seed, 1))) * DAY_MS);
  return {
    venue,
    domestic,
    asset,
    grid,
    qtyDecimals: domestic ? 8 : Math.max(0, Math.round(-Math.log10(lots.qtyStep))),
    shape: domestic ? domesticShape(venue, coin, turn, grid, price) : perpetualShape(venue, coin, turn),
    seed,
    launchAtMs,
    delisting: delisting && {
      announcedAtMs: startAtMs + delisting.announcedAfterMs,
      goneAtMs: startAtMs + delisting.goneAfterMs,
    },
    listing: {
      venue,
      symbol,
      assetId: asset.id,
      base,
      multiplier,
      priceIncrementAt: (at) => incrementAt(grid, at),
      ...lots,
      koreanName: coin.koreanName,
      englishName: coin.englishName,
      warnings:
        TRAPS.warnings.find((row) => row.venue === venue && row.ticker === coin.ticker)?.warnings ?? [],
      delistAtMs: undefined,
      wallet: { deposit: true, withdraw: true, ...chainOf(asset) },
      launchAtMs,
    },
  };
}

function perpetualGrid(coin: Coin, price: number): PriceGrid {
  return flatGrid(OWN_DENSE_TICKS[coin.ticker] ?? powerOfTen(Math.floor(Math.log10(price * 1.2e-4))));
}

/** Read from text, so that it is the double nearest to the decimal. */
function powerOfTen(exponent: number): number {
  return Number(`1e${exponent}`);
}

function perpetualLots(venue: SimVenue, ticker: string, price: number) {
  const coarsest = venue === "bybit" ? 2 : 0;
  const exponent = Math.min(coarsest, Math.max(-3, Math.round(Math.log10(0.3 / price))));
  const qtyStep = powerOfTen(exponent);
  const qtyMax = powerOfTen(Math.ceil(Math.log10(4_000_000 / price)));
  const notionalMin = venue === "binance" ? (ticker === "BTC" ? 100 : ticker === "ETH" ? 20 : 5) : 5;
  return { qtyStep, qtyMin: qtyStep, qtyMax, notionalMin };
}

function domesticShape(venue: SimVenue, coin: Coin, turn: number, grid: PriceGrid, price: number): BookShape {
  const millions = UPBIT_30_LEVELS_MILLION_KRW[coin.tier];
  const inThirty = millions[turn % millions.length]! * 1_000_000 * (venue === "bithumb" ? 0.55 : 1);
  const tickRatio = incrementAt(grid, price) / price;
  return {
    levelNotional: inThirty / weightOfLevels(30),
    density: tickRatio > 0.0005 ? 0.97 : tickRatio > 0.00005 ? 0.8 : 0.4,
    halfSpreadRatio: DOMESTIC_HALF_SPREAD[coin.tier],
  };
}

function perpetualShape(venue: SimVenue, coin: Coin, turn: number): BookShape {
  const choices = LEVELS_NEEDED[coin.tier];
  const levels = choices[(turn + (venue === "bybit" ? 1 : 0)) % choices.length]!;
  const wantedUsdt = 100_000_000 / MIDDLE_RATE;
  const margin = levels > 50 ? 1.4 : coin.tier === "A" ? 20 : coin.tier === "B" ? 4 : 2;
  const levelNotional =
    levels === Number.POSITIVE_INFINITY
      ? (wantedUsdt * 0.5) / weightOfLevels(1_000)
      : (wantedUsdt * margin) / weightOfLevels(levels);
  return {
    levelNotional,
    density: coin.tier === "A" ? 0.95 : 0.6,
    halfSpreadRatio: OVERSEAS_HALF_SPREAD[coin.tier],
  };
}

/** Name of the chain and a made-up contract address, the same on every venue for one asset. */
function chainOf({ coin, id }: Asset): { network: string; contractAddress: string } {
  const network = { o: coin.ticker, e: "ETH", s: "SOL", b: "BSC" }[coin.chain];
  if (coin.chain === "o") return { network, contractAddress: "" };
  const seed = seedOf(0, id);
  const words = Array.from({ length: 5 }, (_, index) =>
    (hash(seed, index) >>> 0).toString(16).padStart(8, "0"),
  );
  return { network, contractAddress: `0x${words.join("")}` };
}
