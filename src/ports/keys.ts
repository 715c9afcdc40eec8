// A user's own API keys, for their owner to put in and take out: rows of Karbit's `user_exchanges` (contract 3.2 to 3.4).
// A key goes in and never comes out again here. Body: adapters/store/keys.ts.

import type { Venue } from "../../schema/vocabulary.ts";
import type { VenueCredentials } from "./traders.ts";

export interface OwnKey {
  readonly venue: Venue;
  /** Off: disconnected in Karbit. It is kept and not used. */
  readonly active: boolean;
  /** The venue took it when it was tested last, and nothing serious was found. */
  readonly verified: boolean;
  /** When the venue was first connected; null: Karbit did not note it. */
  readonly addedAtMs: number | null;
}

export interface KeyTestRecord {
  readonly ok: boolean;
  /** Codes of what was found. */
  readonly findings: readonly string[];
}

/** Every change is in the audit trail, without the key. Rejects with StoreFault. */
export interface KeyStore {
  /** In the order of VENUES; what was removed is not there. */
  list(userId: number): Promise<readonly OwnKey[]>;
  /**
   * Stores both texts encrypted, active and not verified. Undefined: there is no such user or venue. Throws RangeError,
   * without the text, for what cannot be a key.
   */
  put(
    userId: number,
    venue: Venue,
    credentials: VenueCredentials,
    atMs: number,
  ): Promise<"added" | "replaced" | undefined>;
  /** Blanks both texts. "in-use": a live position or intent needs the key, nothing was changed. */
  remove(userId: number, venue: Venue, atMs: number): Promise<"removed" | "none" | "in-use">;
  /** Changes whenever the stored key does; undefined: there is none. To be shown to nobody. */
  fingerprint(userId: number, venue: Venue): Promise<string | undefined>;
  /** What testing the key of that fingerprint found. False: it is another key now, nothing was changed. */
  setTested(
    userId: number,
    venue: Venue,
    fingerprint: string,
    record: KeyTestRecord,
    atMs: number,
  ): Promise<boolean>;
}
