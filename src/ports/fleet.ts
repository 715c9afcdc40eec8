// The processes that touch venues, as they announce themselves. Advice: any of them may say what is not so.

import type { Venue } from "../../schema/vocabulary.ts";

export interface SeenProcess {
  /** Its host and number; "worker-1.4711". */
  readonly name: string;
  readonly role: "worker" | "scheduler" | "trader" | "api";
  readonly sourceAddress: string;
  readonly version: string;
  /** Its part of what the venue allows the address, in requests, or weight where the venue counts that. */
  readonly shares: Readonly<Record<Venue, number>>;
  /** What of it counts at the venue now. */
  readonly spent: Readonly<Record<Venue, number>>;
  readonly banMs: Readonly<Record<Venue, number>>;
  /** Since it was heard last. */
  readonly silentMs: number;
}
