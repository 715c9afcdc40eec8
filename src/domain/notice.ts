// What the service tells people: a closed union of notices, each with the exact figures its text needs. Pure data;
// the words are notice-text.ts's, the way out is an adapter's.

import type { PairKey, Venue } from "../../schema/vocabulary.ts";
import type { Decimal } from "./decimal.ts";
import type { ExitCause } from "./decision.ts";
import type { KeyFinding } from "./key-finding.ts";
import type { GuardianVerdict } from "./risk.ts";

export const LANGUAGES = ["ko", "en"] as const;
export type Language = (typeof LANGUAGES)[number];

/** The reason of exits that were closed at the venues by their user, and recorded by the operator. */
export const SETTLED_BY_HAND = "settled-by-hand";

/** Why a position was left: the decision's causes, and the engine's own. short-gone: its hedge was taken away. */
export type ExitNoticeCause = ExitCause | "guardian" | "short-gone" | typeof SETTLED_BY_HAND;

/**
 * What an incident is about.
 * - needs-human, unknown-difference, projection-failed, key, defect: as incidents are stored
 * - naked-spot: coins without their short; foreign-order: an order of the account that is not ours
 */
export const INCIDENTS = [
  "needs-human",
  "unknown-difference",
  "projection-failed",
  "key",
  "defect",
  "naked-spot",
  "foreign-order",
  "books-off",
  "other",
] as const;
export type IncidentWhat = (typeof INCIDENTS)[number];

/** What operators hear about the service itself; see `noticeLevel` for which of them are good news. */
export const SERVICE_ALERTS = [
  "takeover",
  "lease-lost",
  "lease-back",
  "store-lost",
  "store-back",
  "bus-lost",
  "bus-back",
  "venue-lost",
  "venue-back",
  "reference-void",
  "reference-back",
  "symbol-quarantined",
  "entries-off",
  "entries-on",
  "halted",
  "resumed",
] as const;
export type ServiceAlert = (typeof SERVICE_ALERTS)[number];

/** Something about one user's trading; paper and live are told apart in every text. */
interface OfTrading {
  readonly mode: "paper" | "live";
  readonly coin: string;
}
interface OfVenue {
  readonly coin: string;
  readonly venue: Venue;
}

export type Notice =
  | (OfTrading & {
      readonly kind: "entered";
      readonly pair: PairKey;
      readonly qtyCoin: Decimal;
      /** KRW per USDT. */
      readonly entryRate: Decimal;
      readonly spentKrw: Decimal;
      readonly receivedUsdt: Decimal;
      readonly leverage: Decimal;
      /** KRW per USDT as it was planned. */
      readonly referenceKrw: Decimal;
    })
  | (OfTrading & {
      readonly kind: "exited";
      readonly pair: PairKey;
      readonly cause: ExitNoticeCause;
      /** parted: some of the position stays. */
      readonly end: "closed" | "parted";
      readonly entryRate: Decimal;
      readonly exitRate: Decimal;
      /** KRW per USDT that the profit was reckoned with. */
      readonly referenceKrw: Decimal;
      /** Undefined while it is not settled (an exit in parts). */
      readonly profitKrw: Decimal | undefined;
      readonly profitRatePct: Decimal | undefined;
    })
  /** `why`: a code of ours or the venue's words, or a code, a colon and words. The same wherever `why` stands. */
  | (OfTrading & { readonly kind: "entry-failed"; readonly pair: PairKey; readonly why: string })
  /** An entry that could not be hedged was sold back. `lossKrw` is positive for a loss. */
  | (OfTrading & { readonly kind: "unwound"; readonly lossKrw: Decimal | undefined })
  | (OfTrading & { readonly kind: "needs-human"; readonly intentId: string; readonly why: string })
  | {
      readonly kind: "incident";
      readonly what: IncidentWhat;
      readonly detail: string;
      readonly coin?: string;
      /** For operators, who look after many. */
      readonly userId?: number;
      readonly mode?: "paper" | "live";
    }
  /** closed: in Karbit, as its own row says. joined: somebody's manual trade is mixed with our position. */
  | (OfTrading & {
      readonly kind: "position-changed-by-hand";
      readonly venue: Venue;
      readonly change: "closed" | "joined";
    })
  /** The short is gone or smaller, by whom or what is not known; its coins are sold at once, or wait for the user. */
  | (OfTrading & {
      readonly kind: "short-gone";
      readonly venue: Venue;
      readonly is: "gone" | "smaller";
      readonly spot: "selling" | "waiting";
    })
  /** blocked: it should be closed, but a venue cannot be reached and no leg is sent. */
  | (OfTrading & {
      readonly kind: "guardian";
      readonly venue: Venue;
      readonly distancePct: Decimal;
      readonly verdict: Exclude<GuardianVerdict, "fine"> | "blocked";
    })
  | { readonly kind: "key-fault"; readonly venue: Venue; readonly faults: readonly KeyFinding[] }
  | (OfVenue & { readonly kind: "delisting" | "warned" | "wallet-suspended" })
  /** `costPct`: what funding has cost or will cost, in percent of the position. */
  | (OfVenue & { readonly kind: "funding-high"; readonly costPct: Decimal })
  | { readonly kind: "service"; readonly what: ServiceAlert; readonly detail: string };

export type NoticeKind = Notice["kind"];

/** info: good to know, the first to go when there is too much. alert: somebody should look. */
export type NoticeLevel = "info" | "alert";

const GOOD_NEWS: ReadonlySet<ServiceAlert> = new Set([
  "lease-back",
  "store-back",
  "bus-back",
  "venue-back",
  "reference-back",
  "entries-on",
  "resumed",
]);

export function noticeLevel(notice: Notice): NoticeLevel {
  switch (notice.kind) {
    case "entered":
    case "exited":
    case "entry-failed":
      return "info";
    case "service":
      return GOOD_NEWS.has(notice.what) ? "info" : "alert";
    default:
      return "alert";
  }
}
