// What is kept across restarts, as the stages see it. Bodies: adapters/store (PostgreSQL and PGlite, the same SQL).
// Every operation may be repeated without harm; all fail with a StoreFault (src/domain/store-fault.ts).

import type { PairKey, Venue } from "../../schema/vocabulary.ts";
import type { Listing, WalletState } from "../domain/instrument.ts";
import type { CoinSample, MinuteSample, PairSample } from "../domain/rate-history.ts";

export interface HistoryRange {
  readonly pair: PairKey;
  /** Epoch ms, included. */
  readonly fromAtMs: number;
  /** Epoch ms, excluded. */
  readonly toAtMs: number;
  /** Length of a step in whole minutes, 1 by default; of each step the last minute recorded is given. */
  readonly stepMinutes?: number;
}

export interface HistoryStore {
  /** Keeps the sample in place of an earlier one of the same minute. */
  recordMinute(sample: MinuteSample): Promise<void>;
  /** Ascending by time. Minutes never recorded are left out. At most 20,000 steps: a wider range throws RangeError. */
  pairHistory(range: HistoryRange): Promise<PairSample[]>;
  /** As `pairHistory`, for one coin. */
  coinHistory(range: HistoryRange & { readonly coin: string }): Promise<CoinSample[]>;
  /** Deletes everything of the hours that ended at or before `beforeAtMs`; returns the number of rows deleted. */
  prune(beforeAtMs: number): Promise<number>;
}

/** - "halted": listed, but not open to new entries. - "delisted": no longer in the venue's list. */
export type InstrumentState = "active" | "halted" | "quarantined" | "delisted";

export interface KnownInstrument {
  readonly venue: Venue;
  readonly symbol: string;
  readonly coin: string;
  readonly multiplier: number;
  readonly state: InstrumentState;
  /** Why it is quarantined; undefined in every other state. */
  readonly why: string | undefined;
  readonly firstSeenAtMs: number;
  readonly lastSeenAtMs: number;
}

/** A venue's whole list, from a successful and plausible answer only. */
export interface VenueRefresh {
  readonly venue: Venue;
  readonly atMs: number;
  readonly listings: readonly Listing[];
  /** Coins not named here count as unknown. */
  readonly wallets: readonly WalletState[];
  /** Symbols whose identity or multiplier is not confirmed, with the reason. */
  readonly quarantined: ReadonlyMap<string, string>;
  /** Deletes even more than half of the venue's coins; by an operator's word only. */
  readonly force?: boolean;
}

export interface VenueRefreshResult {
  /** Set when nothing at all was written. */
  readonly refused: "empty" | "exchange-unknown" | undefined;
  readonly insertedCoins: readonly string[];
  readonly updatedCoins: readonly string[];
  readonly deletedCoins: readonly string[];
  /** Delisted, but kept because a row of `trades` refers to them; their wallet flags are off. */
  readonly referencedCoins: readonly string[];
  /** Would have been deleted, but are more than half of the venue's coins. */
  readonly heldBackCoins: readonly string[];
  /** Too long for Karbit's column of 20 characters. */
  readonly overlongCoins: readonly string[];
}

export interface InstrumentStore {
  /** Brings Karbit's `coins_exchanges` and our `instruments` up to the venue's list, in one transaction. */
  refreshVenue(refresh: VenueRefresh): Promise<VenueRefreshResult>;
  /** Everything ever seen, by venue and symbol. */
  instruments(): Promise<KnownInstrument[]>;
}

/** A coin's listing with its venue's word on it, as last refreshed. */
export interface CoinListing {
  readonly venue: Venue;
  readonly symbol: string;
  readonly coin: string;
  readonly multiplier: number;
  readonly state: InstrumentState;
  /** Why it is quarantined; null in every other state. */
  readonly why: string | null;
  /** The venue's own warning flags. */
  readonly warnings: readonly string[];
  readonly delistAtMs: number | null;
  /** "unknown" without an operator key. */
  readonly deposit: boolean | "unknown";
  readonly withdraw: boolean | "unknown";
  /** To the hour. */
  readonly lastSeenAtMs: number;
}

export interface CoinListingStore {
  /** Everything ever seen, by coin and venue. */
  coinListings(): Promise<readonly CoinListing[]>;
}

export interface HandHoldingStore {
  /** Users and coins of active positions in Karbit that are not of our making: no entries beside them. */
  heldByHand(): Promise<readonly { readonly userId: number; readonly coin: string }[]>;
  /** Users and coins of our own live positions that were closed in Karbit, and are open in our record. */
  closedByHand(): Promise<readonly { readonly userId: number; readonly coin: string }[]>;
}

export interface HoldingStore {
  /** Coins in which somebody has an active position, by Karbit's rows or by our record; upper case, ascending. */
  heldCoins(): Promise<string[]>;
}
