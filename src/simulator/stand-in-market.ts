// A market of a few coins with simple moving books, for tests of the wire alone: what the venues print can be
// foreseen without the real model. Not used by the simulator itself.

import type { SimBook, SimListing, SimMarket, SimVenue } from "./types.ts";

const COINS = [
  { base: "BTC", koreanName: "비트코인", englishName: "Bitcoin", priceUsdt: 107_000, warnings: [] },
  {
    base: "ETH",
    koreanName: "이더리움",
    englishName: "Ethereum",
    priceUsdt: 3_850,
    warnings: ["PRICE_FLUCTUATIONS", "PRICE_SUDDEN_FLUCTUATION"],
  },
  { base: "PEPE", koreanName: "페페", englishName: "Pepe", priceUsdt: 0.0000065, warnings: [] },
] as const;

const KRW_PER_USDT = 1_400;
const FUNDING_INTERVAL_MS = 8 * 3_600_000;
const SYMBOLS_EXTRA_MAX = 300;

/** Listings of PEPE on the perpetual venues are on 1000 PEPE; `extra` adds so many further coins X0, X1, ... */
export function standInMarket(extra = 0): SimMarket {
  const byVenue = new Map<SimVenue, SimListing[]>();
  for (const venue of ["upbit", "bithumb", "bybit", "binance"] as const) {
    const plain = Array.from({ length: Math.min(extra, SYMBOLS_EXTRA_MAX) }, (_, index) => ({
      base: `X${index}`,
      koreanName: `코인${index}`,
      englishName: `Coin ${index}`,
      priceUsdt: 2 + index,
      warnings: [],
    }));
    byVenue.set(
      venue,
      [...COINS, ...plain].map((coin) => listingOf(venue, coin)),
    );
  }
  const priceOf = (venue: SimVenue, symbol: string): number | undefined => {
    const listing = byVenue.get(venue)?.find((candidate) => candidate.symbol === symbol);
    return listing && PRICES.get(listing);
  };
  const moved = (price: number, atMs: number) => price * (1 + 0.01 * Math.sin(atMs / 500_000));
  return {
    listings: (venue) => byVenue.get(venue) ?? [],
    book(venue, symbol, atMs, levelsMax) {
      const price = priceOf(venue, symbol);
      if (price === undefined) return undefined;
      const levels = venue === "upbit" || venue === "bithumb" ? Math.min(levelsMax, 30) : levelsMax;
      return bookOf(moved(price, atMs), levels, atMs);
    },
    candles(venue, symbol, intervalMs, toMs, count) {
      const price = priceOf(venue, symbol);
      if (price === undefined) return [];
      const lastStartMs = Math.floor(toMs / intervalMs) * intervalMs;
      return Array.from({ length: count }, (_, index) => {
        const startAtMs = lastStartMs - (count - 1 - index) * intervalMs;
        const [open, close] = [moved(price, startAtMs), moved(price, startAtMs + intervalMs)];
        const [high, low] = [Math.max(open, close) * 1.001, Math.min(open, close) * 0.999];
        return { startAtMs, open, high, low, close, volumeCoin: 12.5 };
      });
    },
    funding(venue, symbol, atMs) {
      const price = priceOf(venue, symbol);
      if (price === undefined) return undefined;
      // BTC settles every four hours, so that a list of adjusted intervals has something to say.
      const intervalMs = symbol === "BTCUSDT" ? FUNDING_INTERVAL_MS / 2 : FUNDING_INTERVAL_MS;
      const nextAtMs = (Math.floor(atMs / intervalMs) + 1) * intervalMs;
      const markPrice = moved(price, atMs);
      return { rate: 0.0001, intervalMs, nextAtMs, markPrice, indexPrice: markPrice * 0.9999 };
    },
  };
}

const PRICES = new WeakMap<SimListing, number>();

function listingOf(venue: SimVenue, coin: (typeof COINS)[number] | PlainCoin): SimListing {
  const domestic = venue === "upbit" || venue === "bithumb";
  const multiplier = !domestic && coin.base === "PEPE" ? 1_000 : 1;
  const base = multiplier === 1 ? coin.base : "1000PEPE";
  const listing: SimListing = {
    venue,
    symbol: domestic ? `KRW-${base}` : `${base}USDT`,
    assetId: coin.englishName.toLowerCase(),
    base,
    multiplier,
    priceIncrementAt: (price) => 10 ** (Math.floor(Math.log10(Math.max(price, 1e-9))) - 5),
    qtyStep: domestic ? 1e-8 : 0.001,
    qtyMin: domestic ? 1e-8 : 0.001,
    qtyMax: 10_000,
    notionalMin: domestic ? 5_000 : 5,
    koreanName: coin.koreanName,
    englishName: coin.englishName,
    warnings: coin.warnings,
    delistAtMs: undefined,
    wallet: { deposit: coin.base !== "PEPE", withdraw: true, network: "ETH", contractAddress: "0x01" },
    launchAtMs: 1_600_000_000_000,
  };
  PRICES.set(listing, coin.priceUsdt * multiplier * (domestic ? KRW_PER_USDT : 1));
  return listing;
}

interface PlainCoin {
  readonly base: string;
  readonly koreanName: string;
  readonly englishName: string;
  readonly priceUsdt: number;
  readonly warnings: readonly string[];
}

/** Level i is 0.01 % x (i + 1) away from the middle and holds i + 1 hundredths. */
function bookOf(price: number, levels: number, atMs: number): SimBook {
  // On the grid of priceIncrementAt.
  const digits = 5 - Math.floor(Math.log10(price));
  const tick = 10 ** Math.max(0, -digits);
  const side = (direction: 1 | -1) =>
    Array.from({ length: levels }, (_, index) => {
      const levelPrice = price * (1 + direction * 0.0001 * (index + 1));
      const text = (digits < 0 ? Math.round(levelPrice / tick) * tick : levelPrice).toFixed(
        Math.max(0, digits),
      );
      return [text, ((index + 1) / 100).toFixed(3)] as const;
    });
  return { asks: side(1), bids: side(-1), atMs, sequence: atMs };
}
