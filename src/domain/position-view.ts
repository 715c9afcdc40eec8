// An open position as its owner looks at it: what was entered, the rate it waits for, and what leaving now would bring.
// An estimate for people; no order depends on it.

import type { PairKey } from "../../schema/vocabulary.ts";
import { Decimal } from "./decimal.ts";
import { exitPolicyOf } from "./intent-terms.ts";
import { averageEntryRate, type MatchedEntry, type PositionTotals, positionTotals } from "./position.ts";
import type { RateRow, ReferencePrice } from "./rate-table.ts";
import { exitScreenJeon } from "./screen.ts";
import { type FeeRatios, projectedProfitKrw } from "./settlement.ts";
import { type DecisionSettings, exitRateTargetOf } from "./strategy.ts";

export interface StoredPosition {
  readonly coin: string;
  readonly pair: PairKey;
  readonly openedAtMs: number;
  readonly exitTerms: Readonly<Record<string, string>>;
  /** What is left of each entry. */
  readonly entries: readonly MatchedEntry[];
  /** Received since it was opened, late corrections left out. */
  readonly fundingUsdt: Decimal;
}

export interface OpenView {
  readonly coin: string;
  readonly pair: PairKey;
  readonly qtyCoin: string;
  readonly spentKrw: string;
  readonly receivedUsdt: string;
  /** Average of all entries. */
  readonly entryRate: string;
  /** Null: its terms cannot be read, and it is left by force only. */
  readonly exitTargetRate: string | null;
  /** Out of the table, at the position's size; null: there is none. */
  readonly exitRateNow: string | null;
  /**
   * What closing at `exitRateNow` would bring, with fees as the entry paid them. An estimate: the coin's price is
   * taken to be what it was, which counts only as much as the exit rate is away from the reference price.
   */
  readonly profitNowKrw: string | null;
  readonly openedAtMs: number;
  readonly entries: number;
}

/** What is known of the market, for one position. */
export interface PositionMarket {
  /** The position's row of the live table. */
  readonly row: RateRow | undefined;
  readonly reference: ReferencePrice | undefined;
  readonly decision: DecisionSettings;
  /** A rate or a reference price older than this counts as none, epoch ms. */
  readonly sinceMs: number;
}

const RATE_DECIMALS = 2;
/** Ratios of an entry's own fees. */
const RATIO_DECIMALS = 12;
const HUNDRED = Decimal.of(100);

/** The position has at least one entry left. */
export function openView(
  position: StoredPosition,
  { row, reference, decision, sinceMs }: PositionMarket,
): OpenView {
  const { coin, pair, exitTerms, entries, openedAtMs, fundingUsdt } = position;
  const totals = positionTotals(entries);
  const exitRate = exitRateNow(row, totals, sinceMs);
  const referenceKrw = referenceOf(reference, sinceMs);
  const profitKrw =
    exitRate &&
    referenceKrw &&
    projectedProfitKrw({
      ...{ totals, exitRate, referenceKrw, fundingUsdt },
      saleKrw: totals.receivedUsdt.times(exitRate),
      fees: feesPaid(totals),
    });
  return {
    ...{ coin, pair, openedAtMs },
    qtyCoin: totals.qtyCoin.toString(),
    spentKrw: totals.spentKrw.toString(),
    receivedUsdt: totals.receivedUsdt.toString(),
    entryRate: averageEntryRate(totals).toFixed(RATE_DECIMALS),
    exitTargetRate: targetOf(exitTerms, totals, decision)?.toFixed(RATE_DECIMALS) ?? null,
    exitRateNow: exitRate?.toFixed(RATE_DECIMALS) ?? null,
    profitNowKrw: profitKrw?.toFixed(RATE_DECIMALS) ?? null,
    entries: entries.length,
  };
}

function targetOf(
  exitTerms: StoredPosition["exitTerms"],
  totals: PositionTotals,
  decision: DecisionSettings,
): Decimal | undefined {
  try {
    return exitRateTargetOf(exitPolicyOf(exitTerms), averageEntryRate(totals, 8), decision);
  } catch (error) {
    // The engine has told of it by an incident.
    if (!(error instanceof RangeError)) throw error;
    return undefined;
  }
}

function exitRateNow(
  row: RateRow | undefined,
  { spentKrw }: PositionTotals,
  sinceMs: number,
): Decimal | undefined {
  if (row?.reason !== "none" || row.tickAtMs < sinceMs) return undefined;
  const jeon = exitScreenJeon(row, spentKrw);
  return jeon > 0 ? Decimal.of(Math.round(jeon)).dividedBy(HUNDRED, RATE_DECIMALS, "half-up") : undefined;
}

function referenceOf(reference: ReferencePrice | undefined, sinceMs: number): Decimal | undefined {
  return reference && reference.atMs >= sinceMs ? Decimal.ofFloat(reference.priceKrw) : undefined;
}

/** The ratios the entry paid stand for those the exit will. */
function feesPaid({ feeKrw, spentKrw, feeUsdt, receivedUsdt }: PositionTotals): FeeRatios {
  return {
    domestic: feeKrw.dividedBy(spentKrw, RATIO_DECIMALS, "half-up"),
    overseas: feeUsdt.dividedBy(receivedUsdt, RATIO_DECIMALS, "half-up"),
  };
}
