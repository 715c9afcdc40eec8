// What the scheduler asks of each venue every few minutes: what is listed, what it costs about, and wallet states.

import type { Venue } from "../../schema/vocabulary.ts";
import type { Funding, Listing, WalletState } from "../domain/instrument.ts";

/** A listing that may be of its coin, with a recent price in the venue's units (undefined where none was given). */
export interface ListingCandidate {
  readonly listing: Listing;
  readonly price: number | undefined;
  /** What the perpetual pays next; undefined at home, or where the answer does not say. */
  readonly funding?: Funding | undefined;
}

/** What a venue lists now. */
export interface VenueList {
  readonly candidates: readonly ListingCandidate[];
  /** Rows that could not be read and were left out: what the list lacks may be one of them. */
  readonly skipped: number;
}

export interface VenueLists {
  /**
   * Everything listed, in order of preference where several symbols may be one coin. Overseas venues need the Korean
   * tickers to tell which coin a contract is of. Rejects with ListFault when the answer is not whole.
   */
  candidates(venue: Venue, koreanTickers: ReadonlySet<string>): Promise<VenueList>;
  /** Undefined without an operator key for this venue. Rejects with ListFault. */
  wallets(venue: Venue): Promise<WalletState[] | undefined>;
}

/** A list could not be had: the venue is away, refused, or answered something else. What is known stays. */
export class ListFault extends Error {
  override name = "ListFault";
}
