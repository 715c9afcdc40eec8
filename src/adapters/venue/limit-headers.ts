// What a venue's answer says about its limits: Upbit's Remaining-Req, Binance's used weight, Retry-After, and the
// refusals 429, 418, 403 and 10006. Sources: docs/venues.md.

import type { Venue } from "../../../schema/vocabulary.ts";
import { VENUE_LIMITS } from "../../domain/venue-limits.ts";
import type { VenueAnswer } from "../../ports/rate-governor.ts";

export type LimitReading =
  /**
   * Nothing wrong; `holdMs` > 0 when the budget is spent by the venue's own count. `addressUsed`: what the venue
   * counts for the whole address in its window, where it says so.
   */
  | { readonly kind: "fine"; readonly holdMs: number; readonly addressUsed: number | undefined }
  /** Too fast: wait `holdMs` and go slower. */
  | { readonly kind: "refused"; readonly holdMs: number }
  /** The address is shut out for `banMs`. */
  | { readonly kind: "banned"; readonly banMs: number };

/** No venue shuts out for longer than three days, and what is told of it (presence.ts) has an end. */
const BAN_MS_MAX = 7 * 86_400_000;

export function readLimits(venue: Venue, answer: VenueAnswer): LimitReading {
  const { capacity, windowMs, banMsDefault } = VENUE_LIMITS[venue];
  const retryAfterMs = secondsOf(answer.headers?.get("retry-after"));
  if (answer.status === 418 || answer.status === 403) {
    const banMs = retryAfterMs ?? blockMsInText(answer.text) ?? banMsDefault;
    return { kind: "banned", banMs: Math.min(banMs, BAN_MS_MAX) };
  }
  if (answer.status === 429 || answer.limited) {
    return { kind: "refused", holdMs: Math.min(Math.max(windowMs, retryAfterMs ?? 0), BAN_MS_MAX) };
  }
  if (venue === "upbit") {
    const left = /(?:^|;)\s*sec=(\d{1,9})/.exec(answer.headers?.get("remaining-req") ?? "");
    if (left) {
      const holdMs = Number(left[1]) === 0 ? windowMs : 0;
      return { kind: "fine", holdMs, addressUsed: Math.max(0, capacity - Number(left[1])) };
    }
  }
  const used = venue === "binance" ? answer.headers?.get("x-mbx-used-weight-1m") : undefined;
  return { kind: "fine", holdMs: 0, addressUsed: used && /^\d{1,9}$/.test(used) ? Number(used) : undefined };
}

function secondsOf(text: string | null | undefined): number | undefined {
  if (!text || !/^\d{1,7}(\.\d+)?$/.test(text)) return undefined;
  return Math.ceil(Number(text) * 1000);
}

/** Upbit says in the body of a 418 for how long; the exact words are not documented, a number of seconds is. */
function blockMsInText(text: string | undefined): number | undefined {
  const match = /(\d{1,6})\s*(seconds|second|secs|sec|s\b|초|minutes|minute|mins|min|분)/i.exec(text ?? "");
  if (!match) return undefined;
  const unitMs = /^(min|분)/i.test(match[2]!) ? 60_000 : 1_000;
  return Number(match[1]) * unitMs;
}
