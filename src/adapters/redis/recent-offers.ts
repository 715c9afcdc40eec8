// What was offered to the publishing thread lately, for a thread that has to begin anew: several ticks' worth, and
// never more than the bounds below.

import type { ToThread } from "./thread-messages.ts";

export type Offer = Exclude<ToThread, { kind: "start" | "stop" }>;

const OFFERS_MAX = 200;
const BYTES_MAX = 4 * 1024 * 1024;

export class RecentOffers {
  readonly #offers: Offer[] = [];
  #byteCount = 0;

  add(offer: Offer): void {
    this.#offers.push(offer);
    this.#byteCount += sizeOf(offer);
    while (this.#offers.length > OFFERS_MAX || (this.#byteCount > BYTES_MAX && this.#offers.length > 1)) {
      this.#byteCount -= sizeOf(this.#offers.shift()!);
    }
  }

  /** Oldest first. */
  all(): readonly Offer[] {
    return this.#offers;
  }
}

function sizeOf(offer: Offer): number {
  return offer.kind === "frame" ? offer.packed.byteLength : 0;
}
