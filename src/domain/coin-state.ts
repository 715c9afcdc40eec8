// Whether a coin may be entered on a pair as far as its venues go, and if not, why: every reason that holds, with words
// for people. The same facts as the decision's (domain/decision.ts), which tells the first alone.

import {
  type DomesticVenue,
  type OverseasVenue,
  PAIRS,
  type PairKey,
  type Reason,
} from "../../schema/vocabulary.ts";
import type { Language } from "./notice.ts";
import { reasonWords } from "./notice-words.ts";

export const COIN_REASONS = [
  "not-tradable", // halted on one of the two, or gone from it
  "delisting", // announced
  "wallet-closed", // deposits or withdrawals in Korea
  "wallet-unknown", // nobody told: nothing is entered
  "warned", // by the Korean venue
  "quarantined", // its rate is implausible
  "identity-unknown", // no price confirms that both are the same coin
] as const;
export type CoinReason = (typeof COIN_REASONS)[number];

/** What a venue and we know of a coin's listing there. */
export interface ListingState {
  readonly state: "active" | "halted" | "quarantined" | "delisted";
  readonly warnings: readonly string[];
  readonly delistAtMs: number | null;
  readonly deposit: boolean | "unknown";
  readonly withdraw: boolean | "unknown";
}

export interface PairState {
  readonly pair: PairKey;
  /** None: it may be entered. */
  readonly reasons: readonly CoinReason[];
}

/** Pairs of which the coin is listed on both venues; `rateReason` tells why a pair's row has no rate. */
export function pairStates(
  listings: Readonly<Partial<Record<DomesticVenue | OverseasVenue, ListingState>>>,
  rateReason: (pairIndex: number) => Reason | undefined,
): PairState[] {
  return PAIRS.flatMap(({ key, domestic, overseas }, pairIndex) => {
    const [home, abroad] = [listings[domestic], listings[overseas]];
    if (!home || !abroad) return [];
    const wallets = [home.deposit, home.withdraw];
    const holds: Readonly<Record<CoinReason, boolean>> = {
      "not-tradable": [home, abroad].some(({ state }) => state === "halted" || state === "delisted"),
      delisting: home.delistAtMs !== null || abroad.delistAtMs !== null,
      "wallet-closed": wallets.includes(false),
      "wallet-unknown": !wallets.includes(false) && wallets.includes("unknown"),
      warned: home.warnings.length > 0,
      quarantined: rateReason(pairIndex) === "quarantined",
      "identity-unknown": home.state === "quarantined" || abroad.state === "quarantined",
    };
    return [{ pair: key, reasons: COIN_REASONS.filter((reason) => holds[reason]) }];
  });
}

const OWN_WORDS: Partial<Readonly<Record<CoinReason, Readonly<Record<Language, string>>>>> = {
  delisting: { ko: "상장폐지 예정", en: "to be delisted" },
  "wallet-unknown": { ko: "입출금 상태를 알 수 없음", en: "deposits and withdrawals not known" },
};

export function coinReasonWords(reason: CoinReason): Readonly<Record<Language, string>> {
  return OWN_WORDS[reason] ?? { ko: reasonWords(reason, "ko"), en: reasonWords(reason, "en") };
}
