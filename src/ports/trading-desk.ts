// What the trading engine is given by the process around it: venues of a user, and what is known of a coin.

import type { PairKey, Venue } from "../../schema/vocabulary.ts";
import type { Decimal } from "../domain/decimal.ts";
import type { RateTable } from "../domain/rate-table.ts";
import type { KeyOptions } from "./traders.ts";
import type { PerpetualVenue, TradingVenue } from "./trading-venue.ts";

export interface UserVenues {
  /**
   * The venue with this user's key, or this user's paper account; undefined when there is no usable key. The same
   * object as long as the key is the same: it knows its account's budget.
   */
  domestic(
    userId: number,
    venue: "upbit" | "bithumb",
    options?: KeyOptions,
  ): Promise<TradingVenue | undefined>;
  overseas(
    userId: number,
    venue: "bybit" | "binance",
    options?: KeyOptions,
  ): Promise<PerpetualVenue | undefined>;
}

/** A coin on a pair, as the lists and the gate have it now. */
export interface CoinFacts {
  readonly domesticSymbol: string;
  readonly overseasSymbol: string;
  readonly multiplier: Decimal;
  readonly tradable: boolean;
  readonly walletsOpen: boolean | "unknown";
  readonly warned: boolean;
  readonly quarantined: boolean;
  readonly identityKnown: boolean;
  /** Whose list says that it will be taken off. */
  readonly delistedBy: Venue | undefined;
  /** Expected for the short over the time a position is taken to be held, a ratio of its worth; positive is received. */
  readonly fundingRatio: Decimal;
}

export interface MarketView {
  readonly table: RateTable;
  facts(coin: string, pair: PairKey): CoinFacts | undefined;
  /** The price increment a limit price must be a multiple of. */
  incrementAt(venue: Venue, price: Decimal): Decimal;
}
