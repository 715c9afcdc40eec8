// What is listed where, under which symbol, in which units. One coin (the Korean ticker) has up to one listing a venue.

import type { Venue } from "../../schema/vocabulary.ts";

export interface Listing {
  readonly venue: Venue;
  /** Upper-case Korean ticker this listing is believed to be, e.g. "PEPE". */
  readonly coin: string;
  /** As the venue's API wants it: "KRW-BTC", "BTCUSDT", "1000PEPEUSDT". */
  readonly symbol: string;
  /** Coins per unit of the venue's price and quantity: 1, 1000, 10000, 1000000. */
  readonly multiplier: number;
  readonly displayName: string;
  /** False: listed, but no new entries (not trading, being delisted, pre-market). */
  readonly tradable: boolean;
  /** The venue's own warning or caution flags, e.g. "PRICE_FLUCTUATIONS"; empty when none. */
  readonly warnings: readonly string[];
  /** Announced delisting instant, epoch ms. */
  readonly delistAtMs: number | undefined;
  /** Exact decimals as the venue printed them; undefined where the venue's list does not say. */
  readonly priceIncrement: string | undefined;
  readonly qtyStep: string | undefined;
  readonly qtyMin: string | undefined;
  readonly notionalMin: string | undefined;
}

/** Wallet state of a coin at a venue: "unknown" without an operator key. */
export interface WalletState {
  readonly venue: Venue;
  readonly coin: string;
  readonly deposit: boolean | "unknown";
  readonly withdraw: boolean | "unknown";
  readonly netType: string | undefined;
}
