// Why the newest rates of a coin do not concern a strategy at all: the entry screen, asked by a user instead of run by the
// engine, which keeps nothing about those it passes over. Floats screen, as there; whoever gets through is the engine's.

import type { PairKey } from "../../schema/vocabulary.ts";
import { Decimal } from "./decimal.ts";
import type { EntryReason } from "./decision.ts";
import { pairKeyOf, type RateRow } from "./rate-table.ts";
import { type DecisionSettings, entryRateMax, entrySeedIndex, type Strategy, sliceKrw } from "./strategy.ts";

/** What stands against every coin, whatever its rate. */
export type GeneralReason =
  | "strategy-unreadable"
  | "no-consent"
  | Extract<EntryReason, "entries-off" | "incident-open">;
/** not-decided: the target is met, and it is the engine's turn. */
export type RateReason = GeneralReason | EntryReason | "not-decided";

export interface RatesSeen {
  readonly pair: PairKey;
  /** undefined: it meets the target. */
  readonly reason: Exclude<RateReason, "not-decided"> | undefined;
  readonly context: string;
  /** Of the rate, epoch ms. */
  readonly atMs: number;
  /** Entry rate at the strategy's size, jeon; NaN: there is none. */
  readonly rateJeon: number;
}

export interface RateQuestion {
  /** Undefined: it cannot be read. */
  readonly strategy: Strategy | undefined;
  readonly general: { readonly reason: GeneralReason; readonly context: string } | undefined;
  /** Undefined: none that is valid now. */
  readonly referenceKrw: Decimal | undefined;
  readonly settings: DecisionSettings;
}

/** `rows`: one coin's, at least one. The first reason in the decision's order, on the pair with the lowest rate. */
export function ratesSeen(rows: readonly RateRow[], question: RateQuestion): RatesSeen {
  const { strategy, general, referenceKrw, settings } = question;
  const index = strategy ? entrySeedIndex(sliceKrw(strategy)) : 0;
  const rateOf = (row: RateRow) => (row.reason === "none" ? row.ratesJeon[index]! : Number.NaN);
  const best = rows.reduce((a, b) => (rateOf(b) < rateOf(a) || Number.isNaN(rateOf(a)) ? b : a));
  const rateJeon = rateOf(best);
  const seen = (reason: RatesSeen["reason"], context = ""): RatesSeen => {
    return { pair: pairKeyOf(best), reason, context, atMs: best.tickAtMs, rateJeon };
  };
  if (general || !strategy) return seen(general?.reason ?? "strategy-unreadable", general?.context);
  if (strategy.coinMode === "custom" && !strategy.selectedCoins.has(best.coin))
    return seen("coin-not-selected");
  if (Number.isNaN(rateJeon)) {
    if (best.reason === "quarantined") return seen("quarantined");
    return seen("no-rate", best.reason === "none" ? "too thin at this size" : best.reason);
  }
  const rateMax = entryRateMax(strategy, referenceKrw, settings);
  if (!rateMax || !referenceKrw) return seen("no-reference");
  if (rateJeon <= rateMax.toFloat() * 100) return seen(undefined);
  const rate = Decimal.of(Math.round(rateJeon)).dividedBy(Decimal.of(100), 2, "half-up");
  return seen("rate-above-target", `rate=${rate} target=${rateMax}`);
}
