// Feeds recorded samples through the engine's own decisions and a stated fill model. Pure apart from the samples it
// draws and the progress it tells: the same samples and options give the same result to the last digit.
//
// On each sample, in this order: funding that fell due since the last one, the exit, the entry, the mark. Decisions
// see the rates after slippage, as the engine sees rates swept for the actual size, so no entry fills above its target.

import { Decimal } from "../domain/decimal.ts";
import { decideEntry, decideExit } from "../domain/decision.ts";
import { positionTotals } from "../domain/position.ts";
import { CAUTION_DEFAULT } from "../domain/risk.ts";
import { breakEvenRatio, projectedProfitKrw } from "../domain/settlement.ts";
import { exitRateTargetOf, sliceKrw } from "../domain/strategy.ts";
import {
  type FillModel,
  fillEntry,
  fundingCount,
  type ReplaySample,
  rateOf,
  type SidePrices,
  worsenedEntry,
  worsenedExit,
} from "./replay-fills.ts";
import { ReplayPosition } from "./replay-position.ts";
import type {
  EntryHold,
  ExitHold,
  ReplayOptions,
  ReplayPoint,
  ReplayResult,
  ReplayTrade,
} from "./replay-result.ts";

const PROGRESS_SAMPLES = 1_000;

/** Throws RangeError when there is no sample or times do not rise. */
export function replay(
  samples: Iterable<ReplaySample>,
  options: ReplayOptions,
  onProgress: (sampleCount: number) => void = () => {},
): ReplayResult {
  const run = new ReplayRun(options);
  let count = 0;
  for (const sample of samples) {
    run.take(sample);
    if (++count % PROGRESS_SAMPLES === 0) onProgress(count);
  }
  onProgress(count);
  return run.result();
}

class ReplayRun {
  readonly #options: ReplayOptions;
  readonly #capitalKrw: Decimal;
  readonly #sliceKrw: Decimal;
  readonly #breakEven: Decimal;
  readonly #trades: ReplayTrade[] = [];
  readonly #points: ReplayPoint[] = [];
  readonly #entryHolds = new Map<EntryHold, number>();
  readonly #exitHolds = new Map<ExitHold, number>();
  #position: ReplayPosition | undefined;
  /** Entered once, never left: the yardstick. */
  #holding: ReplayPosition | undefined;
  #markedKrw = Decimal.ZERO;
  #holdingKrw: Decimal | undefined;
  #realisedKrw = Decimal.ZERO;
  #peakKrw: Decimal;
  #drawdownKrw = Decimal.ZERO;
  #coolingUntilMs: number | undefined;
  #referenceKrw: Decimal | undefined;
  #overseasUsdt: Decimal | undefined;
  #inMarketMs = 0;
  #gapCount = 0;
  #gapSampleCount = 0;

  constructor(options: ReplayOptions) {
    const { strategy, model } = options;
    this.#options = options;
    this.#sliceKrw = sliceKrw(strategy);
    this.#capitalKrw = strategy.seedAmountKrw;
    this.#peakKrw = this.#capitalKrw;
    this.#breakEven = breakEvenRatio(model.fees, model.fundingRatio);
  }

  take(sample: ReplaySample): void {
    const { slippage } = this.#options.model;
    const entry = sample.entry && worsenedEntry(sample.entry, slippage);
    const exit = sample.exit && worsenedExit(sample.exit, slippage);
    const [entryRate, exitRate] = [entry && rateOf(entry), exit && rateOf(exit)];
    this.#advance(sample);
    if (exit && this.#referenceKrw) this.#leave(sample.atMs, exit, exitRate!, this.#referenceKrw);
    else if (this.#position) count(this.#exitHolds, "no-rate");
    this.#enter(sample, entry, entryRate, exitRate);
    const equityKrw = this.#mark(entry, exit, sample.atMs);
    this.#points.push({
      atMs: sample.atMs,
      equityKrw: equityKrw.toFloat(),
      entryRate: entryRate?.toFloat() ?? Number.NaN,
      exitRate: exitRate?.toFloat() ?? Number.NaN,
    });
  }

  /** Time passes up to this sample: gaps, time in the market, funding. */
  #advance(sample: ReplaySample): void {
    const { stepMs, model } = this.#options;
    const last = this.#points.at(-1);
    // The last price known before the instant counts, unless this very sample stands on it.
    const onTheInstant = fundingCount(sample.atMs - 1, sample.atMs);
    if (last) {
      const passedMs = sample.atMs - last.atMs;
      if (passedMs <= 0)
        throw new RangeError(`expected samples in rising order, was ${sample.atMs} after ${last.atMs}`);
      if (passedMs > stepMs * 1.5) {
        this.#gapCount++;
        const missing = Math.round(passedMs / stepMs) - 1;
        this.#gapSampleCount += missing;
        count(this.#entryHolds, "not-recorded", missing);
        if (this.#position) count(this.#exitHolds, "not-recorded", missing);
      }
      if (this.#position) this.#inMarketMs += passedMs;
      if (this.#overseasUsdt)
        this.#fund(fundingCount(last.atMs, sample.atMs) - onTheInstant, this.#overseasUsdt, model);
    }
    this.#overseasUsdt = (sample.exit ?? sample.entry)?.overseasUsdt ?? this.#overseasUsdt;
    if (last && this.#overseasUsdt) this.#fund(onTheInstant, this.#overseasUsdt, model);
    // Settlement uses the last valid one; entries need this sample's own.
    this.#referenceKrw = sample.referenceKrw ?? this.#referenceKrw;
  }

  #fund(times: number, overseasUsdt: Decimal, model: FillModel): void {
    this.#position?.fund(times, overseasUsdt, model);
    this.#holding?.fund(times, overseasUsdt, model);
  }

  #leave(nowMs: number, exit: SidePrices, exitRate: Decimal, referenceKrw: Decimal): void {
    const position = this.#position;
    if (!position) return;
    const { strategy, settings, model, stopRate, holdingMsMax } = this.#options;
    const decision = decideExit(
      strategy,
      {
        nowMs,
        forced: false,
        halted: false,
        exitRate,
        averageEntryRate: position.averageRate,
        projectedProfitKrw:
          strategy.tradeMode === "auto" ? position.markKrw(exit, referenceKrw, model) : undefined,
        openedAtMs: position.openedAtMs,
        stopRate,
        holdingMsMax,
      },
      settings,
    );
    if (decision.action === "hold") {
      count(this.#exitHolds, decision.reason);
      return;
    }
    const { settlement, feesKrw } = position.close(exit, referenceKrw, model);
    this.#trades.push({
      openedAtMs: position.openedAtMs,
      closedAtMs: nowMs,
      cause: decision.cause,
      entries: position.entries,
      qtyCoin: position.totals.qtyCoin,
      entryRate: position.averageRate,
      exitRate,
      referenceKrw,
      profitKrw: settlement.profitKrw,
      profitRatePct: settlement.profitRatePct,
      feesKrw,
      fundingKrw: position.fundingUsdt.times(referenceKrw),
    });
    this.#realisedKrw = this.#realisedKrw.plus(settlement.profitKrw);
    this.#coolingUntilMs = nowMs + CAUTION_DEFAULT.restMs.closed;
    this.#position = undefined;
  }

  #enter(
    sample: ReplaySample,
    prices: SidePrices | undefined,
    entryRate: Decimal | undefined,
    exitRate: Decimal | undefined,
  ): void {
    const { strategy, settings, model, coin } = this.#options;
    const position = this.#position;
    const decision = decideEntry(
      strategy,
      {
        nowMs: sample.atMs,
        coin,
        entriesOff: false,
        incidentOpen: false,
        coolingUntilMs: this.#coolingUntilMs,
        tradable: true,
        walletsOpen: true,
        warned: false,
        quarantined: false,
        identityKnown: true,
        heldOnOtherPair: false,
        heldByHand: false,
        entryRate,
        exitRate,
        referenceKrw: sample.referenceKrw,
        openEntryCount: position?.entries.length ?? 0,
        lastEntry: position && { rate: position.last.rate, atMs: position.last.atMs },
        breakEven: this.#breakEven,
        projectedProfitKrw: this.#projectedKrw(prices, sample.referenceKrw),
      },
      settings,
    );
    if (decision.action === "hold") {
      count(this.#entryHolds, decision.reason);
      return;
    }
    const fill = fillEntry(this.#sliceKrw, prices!, model);
    if (!fill) {
      count(this.#entryHolds, "below-one-lot");
      return;
    }
    const entry = { atMs: sample.atMs, rate: entryRate!, fill };
    if (position) position.add(entry);
    else this.#position = new ReplayPosition(entry);
  }

  /** auto mode: what the position with this entry would earn at its exit target, coins at their present price. */
  #projectedKrw(prices: SidePrices | undefined, referenceKrw: Decimal | undefined): Decimal | undefined {
    const { strategy, settings, model } = this.#options;
    if (strategy.tradeMode !== "auto" || !prices || !referenceKrw) return undefined;
    const fill = fillEntry(this.#sliceKrw, prices, model);
    if (!fill) return undefined;
    const totals = positionTotals([...(this.#position?.entries ?? []).map((entry) => entry.fill), fill]);
    const average = totals.spentKrw.dividedBy(totals.receivedUsdt, 2, "half-up");
    return projectedProfitKrw({
      totals,
      exitRate: exitRateTargetOf(strategy, average, settings),
      saleKrw: totals.qtyCoin.times(prices.domesticKrw),
      fees: model.fees,
      fundingUsdt: (this.#position?.fundingUsdt ?? Decimal.ZERO).plus(
        totals.receivedUsdt.times(model.fundingRatio),
      ),
      referenceKrw,
    });
  }

  /** Values what is held; where there is no exit price the last value stands. Returns the equity. */
  #mark(entry: SidePrices | undefined, exit: SidePrices | undefined, atMs: number): Decimal {
    const { model } = this.#options;
    if (!this.#holding && entry && exit && this.#referenceKrw) {
      const fill = fillEntry(this.#capitalKrw, entry, model);
      if (fill) this.#holding = new ReplayPosition({ atMs, rate: rateOf(entry), fill });
    }
    if (!this.#position) this.#markedKrw = Decimal.ZERO;
    if (exit && this.#referenceKrw) {
      if (this.#position) this.#markedKrw = this.#position.markKrw(exit, this.#referenceKrw, model);
      this.#holdingKrw = this.#holding?.markKrw(exit, this.#referenceKrw, model);
    }
    const equityKrw = this.#capitalKrw.plus(this.#realisedKrw).plus(this.#markedKrw);
    this.#peakKrw = Decimal.max(this.#peakKrw, equityKrw);
    this.#drawdownKrw = Decimal.max(this.#drawdownKrw, this.#peakKrw.minus(equityKrw));
    return equityKrw;
  }

  result(): ReplayResult {
    const [first, last] = [this.#points[0], this.#points.at(-1)];
    if (!first || !last) throw new RangeError("expected at least one sample, was none");
    const position = this.#position;
    return {
      capitalKrw: this.#capitalKrw,
      sampleCount: this.#points.length,
      firstAtMs: first.atMs,
      lastAtMs: last.atMs,
      trades: this.#trades,
      open: position && {
        openedAtMs: position.openedAtMs,
        entries: position.entries,
        qtyCoin: position.totals.qtyCoin,
        entryRate: position.averageRate,
        markedKrw: this.#markedKrw,
        feesKrw: position.feesKrw(this.#referenceKrw!),
        fundingKrw: position.fundingUsdt.times(this.#referenceKrw!),
      },
      realisedKrw: this.#realisedKrw,
      drawdownKrw: this.#drawdownKrw,
      inMarketMs: this.#inMarketMs,
      entryHolds: this.#entryHolds,
      exitHolds: this.#exitHolds,
      gapCount: this.#gapCount,
      gapSampleCount: this.#gapSampleCount,
      holdingKrw: this.#holdingKrw,
      points: this.#points,
    };
  }
}

function count<Key>(counts: Map<Key, number>, key: Key, times = 1): void {
  counts.set(key, (counts.get(key) ?? 0) + times);
}
