// What is printed of a replay, once: the JSON document. The tables and the picture read their figures from here, so
// the three cannot differ. Key order is part of the promise; money is decimal text, half-up to 2 decimals.

import { Decimal } from "../../src/domain/decimal.ts";
import type { ReplayOpen, ReplayResult, ReplayTrade } from "../../src/trading/replay-result.ts";
import { percentage, percentOf } from "./format.ts";
import type { Setup } from "./setup.ts";

export type Summary = ReturnType<typeof summaryOf>;

export function summaryOf(result: ReplayResult, { recording, options, domestic, overseas, model }: Setup) {
  const { trades, open, capitalKrw } = result;
  const { strategy } = options;
  const total = (read: (item: ReplayTrade | ReplayOpen) => Decimal) =>
    Decimal.sum([...trades, ...(open ? [open] : [])].map(read));
  const profits = trades.map(({ profitKrw }) => profitKrw);
  const won = profits.filter((profit) => profit.isPositive).length;
  const profitKrw = result.realisedKrw.plus(open?.markedKrw ?? Decimal.ZERO);
  const recordedMs = result.lastAtMs - result.firstAtMs;
  const heldMs = trades.reduce((sum, trade) => sum + trade.closedAtMs - trade.openedAtMs, 0);
  return {
    recording: {
      kind: recording.kind,
      coin: options.coin,
      domestic,
      overseas,
      from: iso(result.firstAtMs),
      to: iso(result.lastAtMs),
      sampleCount: result.sampleCount,
      stepMs: recording.stepMs,
      gapCount: result.gapCount,
      gapSampleCount: result.gapSampleCount,
    },
    strategy: {
      mode: strategy.tradeMode,
      entryRate: strategy.tradeMode === "custom" ? strategy.entryRateTarget.toFixed(2) : null,
      exitRate: strategy.tradeMode === "custom" ? strategy.exitRateTarget.toFixed(2) : null,
      stopRate: options.stopRate?.toFixed(2) ?? null,
      holdingMsMax: options.holdingMsMax ?? null,
      capitalKrw: capitalKrw.toFixed(0),
      division: strategy.seedDivision,
      averageDown: strategy.allowAverageDown,
      averageUp: strategy.allowAverageUp,
    },
    fills: {
      slippagePct: percentOf(options.model.slippage),
      feeDomesticPct: percentOf(options.model.fees.domestic),
      feeOverseasPct: percentOf(options.model.fees.overseas),
      fundingPct: percentOf(options.model.fundingRatio),
      lotCoin: options.model.lotCoin.toString(),
    },
    model,
    result: {
      profitKrw: profitKrw.toFixed(2),
      returnPct: percentage(profitKrw, capitalKrw).toFixed(2),
      realisedKrw: result.realisedKrw.toFixed(2),
      openKrw: (open?.markedKrw ?? Decimal.ZERO).toFixed(2),
      feesKrw: total((item) => item.feesKrw).toFixed(2),
      fundingKrw: total((item) => item.fundingKrw).toFixed(2),
      drawdownKrw: result.drawdownKrw.toFixed(2),
      drawdownPct: percentage(result.drawdownKrw, capitalKrw).toFixed(2),
      inMarketMs: result.inMarketMs,
      inMarketPct: percentage(Decimal.of(result.inMarketMs), Decimal.of(recordedMs)).toFixed(2),
      tradeCount: trades.length,
      wonCount: won,
      winPct: trades.length === 0 ? null : percentage(Decimal.of(won), Decimal.of(trades.length)).toFixed(2),
      bestKrw: profits.length === 0 ? null : profits.reduce(Decimal.max).toFixed(2),
      worstKrw: profits.length === 0 ? null : profits.reduce(Decimal.min).toFixed(2),
      heldMsMean: trades.length === 0 ? null : Math.round(heldMs / trades.length),
      doingNothingKrw: "0.00",
      holdingKrw: result.holdingKrw?.toFixed(2) ?? null,
    },
    trades: trades.map((trade) => ({
      openedAt: iso(trade.openedAtMs),
      closedAt: iso(trade.closedAtMs),
      heldMs: trade.closedAtMs - trade.openedAtMs,
      cause: trade.cause,
      entries: entriesOf(trade),
      qtyCoin: trade.qtyCoin.toString(),
      entryRate: trade.entryRate.toFixed(2),
      exitRate: trade.exitRate.toFixed(2),
      referenceKrw: trade.referenceKrw.toFixed(2),
      profitKrw: trade.profitKrw.toFixed(2),
      profitRatePct: trade.profitRatePct.toFixed(2),
      feesKrw: trade.feesKrw.toFixed(2),
      fundingKrw: trade.fundingKrw.toFixed(2),
    })),
    open: open
      ? {
          openedAt: iso(open.openedAtMs),
          heldMs: result.lastAtMs - open.openedAtMs,
          entries: entriesOf(open),
          qtyCoin: open.qtyCoin.toString(),
          entryRate: open.entryRate.toFixed(2),
          markedKrw: open.markedKrw.toFixed(2),
          feesKrw: open.feesKrw.toFixed(2),
          fundingKrw: open.fundingKrw.toFixed(2),
        }
      : null,
    // Reasons by name, so that the order does not hang on which came first.
    entryHolds: Object.fromEntries([...result.entryHolds].sort(byName)),
    exitHolds: Object.fromEntries([...result.exitHolds].sort(byName)),
  };
}

function entriesOf({ entries }: Pick<ReplayOpen, "entries">) {
  return entries.map(({ atMs, rate }) => ({ at: iso(atMs), rate: rate.toFixed(2) }));
}

function iso(atMs: number): string {
  return new Date(atMs).toISOString();
}

function byName([a]: [string, number], [b]: [string, number]): number {
  return a < b ? -1 : 1;
}
