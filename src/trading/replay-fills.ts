// The fill model of a replay: what an entry, an exit and funding come to on one recorded sample. Exact throughout; the
// amounts pass through the engine's own `matchEntry` and are closed by its own `settle`. Nothing is filled in part and
// nothing fails, which no venue promises: docs/replay.md names what that leaves out.

import { Decimal } from "../domain/decimal.ts";
import { legTotal, type MatchedEntry, matchEntry, NO_DUST, type PositionTotals } from "../domain/position.ts";
import type { FeeRatios, SettlementInput } from "../domain/settlement.ts";

/** What one coin costs at both venues on one side of the trade. */
export interface SidePrices {
  readonly domesticKrw: Decimal;
  readonly overseasUsdt: Decimal;
}

/** One line of a recording; a side is undefined where nothing was recorded. Before slippage. */
export interface ReplaySample {
  readonly atMs: number;
  /** Buying at home, selling short overseas. */
  readonly entry: SidePrices | undefined;
  /** Selling at home, buying back overseas. */
  readonly exit: SidePrices | undefined;
  readonly referenceKrw: Decimal | undefined;
}

export interface FillModel {
  readonly fees: FeeRatios;
  /** Every order fills at a price worse by this ratio. */
  readonly slippage: Decimal;
  /** Received by the short every 8 h as a ratio of its worth; negative is paid. */
  readonly fundingRatio: Decimal;
  /** Quantities are whole multiples of this, coins. */
  readonly lotCoin: Decimal;
}

export const FUNDING_INTERVAL_MS = 8 * 3_600_000;
const RATE_DECIMALS = 2;

/** The prices an entry really meets. */
export function worsenedEntry(prices: SidePrices, slippage: Decimal): SidePrices {
  return {
    domesticKrw: prices.domesticKrw.times(Decimal.ONE.plus(slippage)),
    overseasUsdt: prices.overseasUsdt.times(Decimal.ONE.minus(slippage)),
  };
}

/** The prices an exit really meets. */
export function worsenedExit(prices: SidePrices, slippage: Decimal): SidePrices {
  return {
    domesticKrw: prices.domesticKrw.times(Decimal.ONE.minus(slippage)),
    overseasUsdt: prices.overseasUsdt.times(Decimal.ONE.plus(slippage)),
  };
}

/** KRW per USDT, half-up to 2 decimals like every rate. */
export function rateOf(prices: SidePrices): Decimal {
  return prices.domesticKrw.dividedBy(prices.overseasUsdt, RATE_DECIMALS, "half-up");
}

/** A hedged entry for a notional at (worsened) prices; undefined when it buys less than one lot. */
export function fillEntry(
  notionalKrw: Decimal,
  prices: SidePrices,
  { fees, lotCoin }: Pick<FillModel, "fees" | "lotCoin">,
): MatchedEntry | undefined {
  const lots = notionalKrw.dividedBy(prices.domesticKrw.times(lotCoin), 0, "down");
  if (!lots.isPositive) return undefined;
  const qty = lots.times(lotCoin);
  const leg = (price: Decimal, feeRatio: Decimal) =>
    legTotal([{ price, qty, fee: price.times(qty).times(feeRatio) }]);
  return matchEntry({
    domestic: leg(prices.domesticKrw, fees.domestic),
    overseas: leg(prices.overseasUsdt, fees.overseas),
    multiplier: Decimal.ONE,
    dust: NO_DUST,
  }).entry;
}

/** Closing the whole position at (worsened) prices, as `settle` takes it. */
export function fillExit(
  totals: PositionTotals,
  prices: SidePrices,
  { fees }: Pick<FillModel, "fees">,
): Pick<SettlementInput, "totals" | "sale" | "buyBack" | "multiplier" | "placedPriceUsdt"> {
  const qty = totals.qtyCoin;
  const leg = (price: Decimal, feeRatio: Decimal) =>
    legTotal([{ price, qty, fee: price.times(qty).times(feeRatio) }]);
  return {
    totals,
    sale: leg(prices.domesticKrw, fees.domestic),
    buyBack: leg(prices.overseasUsdt, fees.overseas),
    multiplier: Decimal.ONE,
    placedPriceUsdt: prices.overseasUsdt,
  };
}

/** How many funding instants (00, 08 and 16 UTC) lie after `fromAtMs`, up to and including `toAtMs`. */
export function fundingCount(fromAtMs: number, toAtMs: number): number {
  return Math.floor(toAtMs / FUNDING_INTERVAL_MS) - Math.floor(fromAtMs / FUNDING_INTERVAL_MS);
}
