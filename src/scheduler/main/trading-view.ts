// What is shown of trading: the store's part joined with the engine's state and the live table. The store is asked once
// in two seconds, however many are looking; whoever asks in between gets the same view. No order depends on it.

import { PAIRS } from "../../../schema/vocabulary.ts";
import { Decimal } from "../../domain/decimal.ts";
import { exitPolicyOf } from "../../domain/intent-terms.ts";
import { averageEntryRate, type PositionTotals, positionTotals } from "../../domain/position.ts";
import type { RateTable, ReferencePrice } from "../../domain/rate-table.ts";
import { exitScreenJeon } from "../../domain/screen.ts";
import { type FeeRatios, projectedProfitKrw } from "../../domain/settlement.ts";
import { type DecisionSettings, exitRateTargetOf } from "../../domain/strategy.ts";
import type { Clock } from "../../ports/clock.ts";
import type {
  OpenView,
  StoredPosition,
  TradingView,
  TradingViewSource,
  TradingViewStore,
} from "../../ports/trading-view.ts";
import type { EngineState } from "../../trading/engine.ts";

export interface TradingViewParts {
  readonly clock: Clock;
  readonly store: TradingViewStore;
  readonly engine: () => Pick<EngineState, "mode" | "role">;
  readonly table: () => RateTable;
  readonly decision: DecisionSettings;
  /** A rate or a reference price older than this counts as none. */
  readonly rateAgeMsMax: number;
}

const KEPT_MS = 2_000;
const DECISIONS_MS = 600_000;
const RATE_DECIMALS = 2;
/** Ratios of an entry's own fees. */
const RATIO_DECIMALS = 12;
const HUNDRED = Decimal.of(100);

export function createTradingView(parts: TradingViewParts): TradingViewSource {
  let kept: { readonly view: Promise<TradingView>; readonly untilMs: number } | undefined;
  return {
    read() {
      const nowMs = parts.clock.monotonicMs();
      // A read that fails is shared as well: a store in trouble is not asked more often.
      if (!kept || kept.untilMs <= nowMs) kept = { view: readView(parts), untilMs: nowMs + KEPT_MS };
      return kept.view;
    },
  };
}

async function readView(parts: TradingViewParts): Promise<TradingView> {
  const { clock, store, engine } = parts;
  const { mode, role: own } = engine();
  const role = own === "drained" ? "off" : own;
  const stored = await store.read(mode, clock.nowMs() - DECISIONS_MS);
  const asOfMs = clock.nowMs();
  const traders = stored.map((trader) => {
    const open = trader.open.map((position) => openView(position, parts, asOfMs));
    return { ...trader, openCount: open.length, open };
  });
  return { mode, role, asOfMs, traders };
}

function openView(position: StoredPosition, parts: TradingViewParts, atMs: number): OpenView {
  const { coin, pair, exitTerms, entries, openedAtMs, fundingUsdt } = position;
  const totals = positionTotals(entries);
  const policy = exitPolicyOf(exitTerms);
  const target = exitRateTargetOf(policy, averageEntryRate(totals, 8), parts.decision);
  const table = parts.table();
  const exitRate = exitRateNow(table, position, totals, atMs - parts.rateAgeMsMax);
  const referenceKrw = referenceOf(table.reference, atMs - parts.rateAgeMsMax);
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
    exitTargetRate: target.toFixed(RATE_DECIMALS),
    exitRateNow: exitRate?.toFixed(RATE_DECIMALS) ?? null,
    profitNowKrw: profitKrw?.toFixed(RATE_DECIMALS) ?? null,
    entries: entries.length,
  };
}

function exitRateNow(
  table: RateTable,
  { coin, pair }: StoredPosition,
  { spentKrw }: PositionTotals,
  sinceMs: number,
): Decimal | undefined {
  const row = table.get(
    coin,
    PAIRS.findIndex(({ key }) => key === pair),
  );
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
