// What a replay is asked and what it answers. Money exact; only the points, which are for pictures, are floats.

import type { Decimal } from "../domain/decimal.ts";
import type { EntryReason, ExitCause, ExitDecision } from "../domain/decision.ts";
import type { DecisionSettings, Strategy } from "../domain/strategy.ts";
import type { FillModel } from "./replay-fills.ts";

export interface ReplayOptions {
  readonly strategy: Strategy;
  readonly settings: DecisionSettings;
  readonly model: FillModel;
  readonly coin: string;
  readonly stopRate: Decimal | undefined;
  readonly holdingMsMax: number | undefined;
  /** Usual distance of two samples; more than half as much again is a gap. */
  readonly stepMs: number;
}

export interface ReplayTrade {
  readonly openedAtMs: number;
  readonly closedAtMs: number;
  readonly cause: ExitCause;
  readonly entries: readonly { readonly atMs: number; readonly rate: Decimal }[];
  readonly qtyCoin: Decimal;
  readonly entryRate: Decimal;
  readonly exitRate: Decimal;
  readonly referenceKrw: Decimal;
  readonly profitKrw: Decimal;
  readonly profitRatePct: Decimal;
  /** All four orders' fees and the funding, already part of the profit. */
  readonly feesKrw: Decimal;
  readonly fundingKrw: Decimal;
}

/** What is still held when the recording ends; not counted as a trade. */
export interface ReplayOpen {
  readonly openedAtMs: number;
  readonly entries: readonly { readonly atMs: number; readonly rate: Decimal }[];
  readonly qtyCoin: Decimal;
  readonly entryRate: Decimal;
  /** Profit if it were closed on the last sample that has an exit, closing costs included. */
  readonly markedKrw: Decimal;
  readonly feesKrw: Decimal;
  readonly fundingKrw: Decimal;
}

/** For pictures: rates after slippage, floats, NaN where nothing was recorded. */
export interface ReplayPoint {
  readonly atMs: number;
  readonly equityKrw: number;
  readonly entryRate: number;
  readonly exitRate: number;
}

/** Besides the engine's own reasons: the slice buys no lot; samples a gap lacks, on which nothing can be decided. */
export type EntryHold = EntryReason | "below-one-lot" | "not-recorded";
export type ExitHold = Extract<ExitDecision, { action: "hold" }>["reason"] | "not-recorded";

export interface ReplayResult {
  readonly capitalKrw: Decimal;
  readonly sampleCount: number;
  readonly firstAtMs: number;
  readonly lastAtMs: number;
  readonly trades: readonly ReplayTrade[];
  readonly open: ReplayOpen | undefined;
  readonly realisedKrw: Decimal;
  /** Largest fall of equity below an earlier peak. */
  readonly drawdownKrw: Decimal;
  readonly inMarketMs: number;
  /** Samples on which nothing was entered, by the first reason; with a position also why it was kept. */
  readonly entryHolds: ReadonlyMap<EntryHold, number>;
  readonly exitHolds: ReadonlyMap<ExitHold, number>;
  /** Stretches without samples, and how many samples they lack. */
  readonly gapCount: number;
  readonly gapSampleCount: number;
  /** What entering once with the whole capital, at the first chance, and holding on would have earned, marked. */
  readonly holdingKrw: Decimal | undefined;
  readonly points: readonly ReplayPoint[];
}
