// A position while a recording is replayed: its entries, the funding it has received, and what it would earn if it
// were closed at given prices. Changes only by `add` and `fund`.

import { Decimal } from "../domain/decimal.ts";
import {
  averageEntryRate,
  type MatchedEntry,
  type PositionTotals,
  positionTotals,
} from "../domain/position.ts";
import { projectedProfitKrw, type Settlement, settle } from "../domain/settlement.ts";
import { type FillModel, fillExit, type SidePrices } from "./replay-fills.ts";

export interface ReplayEntry {
  readonly atMs: number;
  readonly rate: Decimal;
  readonly fill: MatchedEntry;
}

/** Rates of marks are not shown, so they are cut where it cannot be seen in a won. */
const MARK_RATE_DECIMALS = 18;

export class ReplayPosition {
  readonly entries: ReplayEntry[] = [];
  totals: PositionTotals = positionTotals([]);
  fundingUsdt = Decimal.ZERO;

  constructor(first: ReplayEntry) {
    this.add(first);
  }

  get openedAtMs(): number {
    return this.entries[0]!.atMs;
  }

  get last(): ReplayEntry {
    return this.entries.at(-1)!;
  }

  get averageRate(): Decimal {
    return averageEntryRate(this.totals);
  }

  add(entry: ReplayEntry): void {
    this.entries.push(entry);
    this.totals = positionTotals(this.entries.map(({ fill }) => fill));
  }

  fund(count: number, overseasUsdt: Decimal, { fundingRatio }: FillModel): void {
    if (count === 0) return;
    const once = this.totals.qtyCoin.times(overseasUsdt).times(fundingRatio);
    this.fundingUsdt = this.fundingUsdt.plus(once.times(Decimal.of(count)));
  }

  /** KRW earned if all of it closed at (worsened) `prices`, every fee and the funding so far included. */
  markKrw(prices: SidePrices, referenceKrw: Decimal, { fees }: FillModel): Decimal {
    return projectedProfitKrw({
      totals: this.totals,
      exitRate: prices.domesticKrw.dividedBy(prices.overseasUsdt, MARK_RATE_DECIMALS, "half-up"),
      saleKrw: this.totals.qtyCoin.times(prices.domesticKrw),
      fees,
      fundingUsdt: this.fundingUsdt,
      referenceKrw,
    });
  }

  close(
    prices: SidePrices,
    referenceKrw: Decimal,
    model: FillModel,
  ): { readonly settlement: Settlement; readonly feesKrw: Decimal } {
    const closing = fillExit(this.totals, prices, model);
    return {
      settlement: settle({ ...closing, fundingUsdt: this.fundingUsdt, referenceKrw }),
      feesKrw: this.feesKrw(referenceKrw)
        .plus(closing.sale.fee)
        .plus(closing.buyBack.fee.times(referenceKrw)),
    };
  }

  /** Fees paid so far. */
  feesKrw(referenceKrw: Decimal): Decimal {
    return this.totals.feeKrw.plus(this.totals.feeUsdt.times(referenceKrw));
  }
}
