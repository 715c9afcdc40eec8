// Enter, exit or hold, with the first reason that failed (specification 2). Pure: every fact is handed in, so the
// same function answers the engine on a frame and a user who asks why nothing happened.
//
// The order of the checks is the specification's and part of the promise: the first that fails is the reason told.

import { Decimal } from "./decimal.ts";
import { type DecisionSettings, entryRateMax, exitRateTargetOf, type Strategy } from "./strategy.ts";

export const ENTRY_REASONS = [
  "entries-off", // 1
  "incident-open",
  "cooling-down",
  "coin-not-selected", // 2
  "not-tradable",
  "wallet-closed",
  "warned",
  "quarantined",
  "identity-unknown",
  "held-elsewhere", // 3
  "held-by-hand",
  "no-rate", // 4
  "no-reference",
  "rate-above-target",
  "spread-too-wide", // 5
  "division-used-up", // 6
  "average-not-allowed", // 7
  "average-too-near",
  "average-too-soon",
  "gain-below-costs", // 8
] as const;
export type EntryReason = (typeof ENTRY_REASONS)[number];

export interface EntryFacts {
  readonly nowMs: number;
  readonly coin: string;
  readonly entriesOff: boolean;
  readonly incidentOpen: boolean;
  /** Epoch ms; undefined when not cooling down. */
  readonly coolingUntilMs: number | undefined;
  readonly tradable: boolean;
  /** Deposits and withdrawals at the domestic venue; "unknown" is not open. */
  readonly walletsOpen: boolean | "unknown";
  readonly warned: boolean;
  readonly quarantined: boolean;
  readonly identityKnown: boolean;
  readonly heldOnOtherPair: boolean;
  readonly heldByHand: boolean;
  /** KRW per USDT at the size asked about; undefined where a book is too thin, stale or missing. */
  readonly entryRate: Decimal | undefined;
  readonly exitRate: Decimal | undefined;
  /** Undefined when void (too old, too wide, too far from the median). */
  readonly referenceKrw: Decimal | undefined;
  /** Entries of this strategy open over all coins, plus running ones. */
  readonly openEntryCount: number;
  /** The last entry on this very pair, if it is open. */
  readonly lastEntry: { readonly rate: Decimal; readonly atMs: number } | undefined;
  /** Fees both ways and expected funding, as a ratio (settlement.breakEvenRatio). */
  readonly breakEven: Decimal;
  /** auto mode: profit projected at the exit target and today's reference price, KRW. */
  readonly projectedProfitKrw: Decimal | undefined;
}

export type EntryDecision =
  | { readonly action: "enter"; readonly rateMax: Decimal }
  | { readonly action: "hold"; readonly reason: EntryReason; readonly context: string };

export function decideEntry(
  strategy: Strategy,
  facts: EntryFacts,
  settings: DecisionSettings,
): EntryDecision {
  const hold = (reason: EntryReason, context = ""): EntryDecision => ({ action: "hold", reason, context });
  if (facts.entriesOff) return hold("entries-off");
  if (facts.incidentOpen) return hold("incident-open");
  if (facts.coolingUntilMs !== undefined && facts.nowMs < facts.coolingUntilMs) {
    return hold("cooling-down", `leftMs=${facts.coolingUntilMs - facts.nowMs}`);
  }
  if (strategy.coinMode === "custom" && !strategy.selectedCoins.has(facts.coin))
    return hold("coin-not-selected");
  if (!facts.tradable) return hold("not-tradable");
  if (facts.walletsOpen !== true) return hold("wallet-closed", `walletsOpen=${facts.walletsOpen}`);
  if (facts.warned) return hold("warned");
  if (facts.quarantined) return hold("quarantined");
  if (!facts.identityKnown) return hold("identity-unknown");
  if (facts.heldOnOtherPair) return hold("held-elsewhere");
  if (facts.heldByHand) return hold("held-by-hand");

  const { entryRate, exitRate, lastEntry } = facts;
  // Guard first: a null rate reaches no comparison.
  if (!entryRate || !exitRate) return hold("no-rate");
  const rateMax = entryRateMax(strategy, facts.referenceKrw, settings);
  // Without a valid reference price nothing is entered, whatever the mode.
  if (!rateMax || !facts.referenceKrw) return hold("no-reference");
  if (entryRate.above(rateMax)) return hold("rate-above-target", `rate=${entryRate} target=${rateMax}`);
  const spread = exitRate.minus(entryRate).abs().dividedBy(entryRate, 8, "up");
  if (spread.above(settings.spreadMax)) return hold("spread-too-wide", `spread=${spread}`);
  if (facts.openEntryCount >= strategy.seedDivision) {
    return hold("division-used-up", `open=${facts.openEntryCount} division=${strategy.seedDivision}`);
  }
  if (lastEntry) {
    const down = lastEntry.rate.times(Decimal.ONE.minus(settings.averageStep));
    const up = lastEntry.rate.times(Decimal.ONE.plus(settings.averageStep));
    if (!strategy.allowAverageDown && !strategy.allowAverageUp) return hold("average-not-allowed");
    const isDown = strategy.allowAverageDown && entryRate.atMost(down);
    const isUp = strategy.allowAverageUp && entryRate.atLeast(up);
    if (!isDown && !isUp) return hold("average-too-near", `rate=${entryRate} last=${lastEntry.rate}`);
    const sinceMs = facts.nowMs - lastEntry.atMs;
    if (sinceMs < settings.averagePauseMs) return hold("average-too-soon", `sinceMs=${sinceMs}`);
  }
  if (!isWorthIt(strategy, facts, entryRate, settings)) {
    return hold("gain-below-costs", `breakEven=${facts.breakEven}`);
  }
  return { action: "enter", rateMax };
}

function isWorthIt(
  strategy: Strategy,
  facts: EntryFacts,
  entryRate: Decimal,
  settings: DecisionSettings,
): boolean {
  if (strategy.tradeMode === "auto") return facts.projectedProfitKrw?.isPositive ?? false;
  const exitTarget = exitRateTargetOf(strategy, entryRate, settings);
  return exitTarget.atLeast(entryRate.times(Decimal.ONE.plus(facts.breakEven)));
}

export const EXIT_CAUSES = ["forced", "target", "stop", "held-too-long"] as const;
export type ExitCause = (typeof EXIT_CAUSES)[number];

export interface ExitFacts {
  readonly nowMs: number;
  /** By the user, the operator or the guardian. */
  readonly forced: boolean;
  /** New target exits are stopped by the operator; forced ones still start. */
  readonly halted: boolean;
  /** Priced for the position's own quantity on fresh books; undefined when a book does not hold it. */
  readonly exitRate: Decimal | undefined;
  readonly averageEntryRate: Decimal;
  /** auto mode: what closing now would earn, KRW. */
  readonly projectedProfitKrw: Decimal | undefined;
  readonly openedAtMs: number;
  /** The user's own optional limits. */
  readonly stopRate: Decimal | undefined;
  readonly holdingMsMax: number | undefined;
}

export type ExitDecision =
  | { readonly action: "exit"; readonly cause: ExitCause }
  | { readonly action: "hold"; readonly reason: "halted" | "no-rate" | "rate-below-target" | "no-profit" };

/** Exits ignore coin filters, flags, a strategy switched off and entries switched off. */
export function decideExit(strategy: Strategy, facts: ExitFacts, settings: DecisionSettings): ExitDecision {
  if (facts.forced) return { action: "exit", cause: "forced" };
  const { holdingMsMax, exitRate, stopRate } = facts;
  if (holdingMsMax !== undefined && facts.nowMs - facts.openedAtMs >= holdingMsMax) {
    return { action: "exit", cause: "held-too-long" };
  }
  if (stopRate && exitRate?.atMost(stopRate)) return { action: "exit", cause: "stop" };
  // A halt stops gains from being taken; what its user has set against a loss goes on.
  if (facts.halted) return { action: "hold", reason: "halted" };
  if (!exitRate) return { action: "hold", reason: "no-rate" };
  const target = exitRateTargetOf(strategy, facts.averageEntryRate, settings);
  if (exitRate.below(target)) return { action: "hold", reason: "rate-below-target" };
  if (strategy.tradeMode === "auto" && !facts.projectedProfitKrw?.isPositive) {
    return { action: "hold", reason: "no-profit" };
  }
  return { action: "exit", cause: "target" };
}
