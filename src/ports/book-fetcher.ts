// One HTTP request for order books, as the worker sees it.

import type { Venue } from "../../schema/vocabulary.ts";
import type { BookRequest } from "./market-data.ts";
import type { VenueAnswer } from "./rate-governor.ts";

export interface FetchedBooks {
  /** The body of a 200, undefined for anything else. */
  readonly bytes: Uint8Array | undefined;
  /** When the whole answer had arrived, epoch ms. */
  readonly receivedAtMs: number;
  /** A short closed word for the counters: "ok", "timeout", "network", "http 503"... */
  readonly outcome: string;
  readonly answer: VenueAnswer;
}

export interface BookFetcher {
  /** Never throws and never takes longer than `timeoutMs`. */
  fetch(venue: Venue, request: BookRequest, timeoutMs: number): Promise<FetchedBooks>;
}
