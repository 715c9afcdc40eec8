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

/** One candle; prices and volume are exact decimals in the venue's own units, as it printed them. */
export interface Candle {
  readonly startAtMs: number;
  readonly open: string;
  readonly high: string;
  readonly low: string;
  readonly close: string;
  readonly volume: string;
}

/** What a perpetual pays next, and what for. */
export interface Funding {
  /** The venue's symbol. */
  readonly symbol: string;
  /** Share of the position's worth paid at `nextAtMs`, exact decimal; longs pay shorts when positive. */
  readonly rate: string;
  readonly nextAtMs: number;
  /** Time between payments; undefined where this answer does not say. */
  readonly intervalMs: number | undefined;
  readonly markPriceUsdt: string;
  readonly indexPriceUsdt: string;
}

/** A payment that has happened. */
export interface FundingPayment {
  readonly symbol: string;
  readonly rate: string;
  readonly atMs: number;
}
