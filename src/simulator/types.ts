// What the simulated market tells the simulated venues. The market knows coins, listings and books; the venues
// know the wire. Nothing here is shared with the adapters.

export type SimVenue = "upbit" | "bithumb" | "bybit" | "binance";

export interface SimListing {
  readonly venue: SimVenue;
  /** As on the wire: "KRW-BTC", "BTCUSDT", "1000PEPEUSDT", "SHIB1000USDT". */
  readonly symbol: string;
  /** The asset's unique identity inside the simulator; two listings of one ticker may differ (impostors). */
  readonly assetId: string;
  /** Base asset as the venue prints it: "BTC", "1000PEPE", "SHIB1000". */
  readonly base: string;
  /** Coins per unit of price and quantity. */
  readonly multiplier: number;
  /** Price increment at the given price, in venue units (domestic venues: the KRW tick table). */
  priceIncrementAt(price: number): number;
  readonly qtyStep: number;
  readonly qtyMin: number;
  readonly qtyMax: number;
  readonly notionalMin: number;
  readonly koreanName: string;
  readonly englishName: string;
  /**
   * Upbit: "WARNING" for the investment warning, and names of cautions. Bithumb: "CAUTION" for the flag of the market
   * list, and types of the warning list.
   */
  readonly warnings: readonly string[];
  /** Instant from which the listing is gone; undefined until it is announced. */
  readonly delistAtMs: number | undefined;
  /** Instant of the first trade: there are no candles before it. */
  readonly launchAtMs: number;
  readonly wallet: { deposit: boolean; withdraw: boolean; network: string; contractAddress: string };
}

/** Levels best first, [price, qty] as decimal texts the venue prints (domestic venues print them as numbers). */
export interface SimBook {
  readonly asks: readonly (readonly [string, string])[];
  readonly bids: readonly (readonly [string, string])[];
  /** When the matching engine produced it, epoch ms. */
  readonly atMs: number;
  /** Grows whenever the book changes. */
  readonly sequence: number;
}

export interface SimCandle {
  readonly startAtMs: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volumeCoin: number;
}

export interface SimMarket {
  /** Listings alive at that instant. */
  listings(venue: SimVenue, atMs: number): readonly SimListing[];
  /** The book now, at most `levelsMax` levels a side (domestic venues have at most 30); undefined when not listed. */
  book(venue: SimVenue, symbol: string, atMs: number, levelsMax: number): SimBook | undefined;
  /** Candles of `intervalMs`, oldest first, ending with the one containing `toMs`. */
  candles(venue: SimVenue, symbol: string, intervalMs: number, toMs: number, count: number): SimCandle[];
  /** Funding of a perpetual: current rate per interval as a ratio, interval length, next settlement; mark and index price. */
  funding(
    venue: "bybit" | "binance",
    symbol: string,
    atMs: number,
  ):
    | { rate: number; intervalMs: number; nextAtMs: number; markPrice: number; indexPrice: number }
    | undefined;
}
