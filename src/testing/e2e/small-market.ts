// A market of any number of coins with three deep levels a side, cheap enough to be asked for hundreds of thousands of
// times. For runs in which limits matter and prices do not.

import type { SimBook, SimListing, SimMarket, SimVenue } from "../../simulator/types.ts";

export const SMALL_MARKET_VENUES = ["upbit", "bithumb", "bybit", "binance"] as const;
const KRW_PER_USDT = 1_400;

/** Coins C0, C1, ... on all four venues, and KRW-USDT. */
export function smallMarket(coinCount: number): SimMarket {
  const names = Array.from({ length: coinCount }, (_, index) => `C${index}`);
  const listings = (venue: SimVenue): SimListing[] => {
    const isKorean = venue === "upbit" || venue === "bithumb";
    return [...names, ...(isKorean ? ["USDT"] : [])].map((base) => ({
      venue,
      symbol: isKorean ? `KRW-${base}` : `${base}USDT`,
      assetId: base,
      base,
      multiplier: 1,
      priceIncrementAt: () => 0.1,
      qtyStep: 0.001,
      qtyMin: 0.001,
      qtyMax: 1e9,
      notionalMin: 5,
      koreanName: base,
      englishName: base,
      warnings: [],
      delistAtMs: undefined,
      launchAtMs: 0,
      wallet: { deposit: true, withdraw: true, network: base, contractAddress: "" },
    }));
  };
  const byVenue = Object.fromEntries(SMALL_MARKET_VENUES.map((venue) => [venue, listings(venue)])) as Record<
    SimVenue,
    SimListing[]
  >;
  return {
    listings: (venue) => byVenue[venue],
    book: (venue, symbol, atMs) => {
      const isKorean = venue === "upbit" || venue === "bithumb";
      return bookAround(symbol === "KRW-USDT" ? KRW_PER_USDT : isKorean ? 100 * KRW_PER_USDT : 100, atMs);
    },
    candles: () => [],
    funding: () => undefined,
  };
}

function bookAround(price: number, atMs: number): SimBook {
  const moved = price * (1 + 0.001 * Math.sin(atMs / 50_000));
  const level = (offset: number): [string, string] => [(moved * (1 + offset * 0.0005)).toFixed(4), "40000"];
  return {
    asks: [level(1), level(2), level(3)],
    bids: [level(-1), level(-2), level(-3)],
    atMs,
    sequence: Math.floor(atMs / 100),
  };
}
