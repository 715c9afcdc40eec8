// What a closed position earned (specification 4), from fills only, and the figures of Karbit's CLOSED row (contract
// 3.6). Everything stays exact until a figure of the row is rounded, half-up, away from zero.

import { Decimal } from "./decimal.ts";
import type { Funding } from "./instrument.ts";
import { averageEntryRate, type LegTotal, type PositionTotals } from "./position.ts";

export interface SettlementInput {
  readonly totals: PositionTotals;
  /** The sale of the position's coins: KRW before fee. */
  readonly sale: LegTotal;
  /** Buying the short back: contracts and USDT. */
  readonly buyBack: LegTotal;
  readonly multiplier: Decimal;
  /** Coins of the position that could not be sold, and their cost with fees: they went to dust. */
  readonly dustedCoin?: Decimal;
  readonly dustedCostKrw?: Decimal;
  /** Funding since entry, USDT; positive is received. */
  readonly fundingUsdt: Decimal;
  readonly referenceKrw: Decimal;
  /** Overseas price when the closing order was placed, per coin. */
  readonly placedPriceUsdt: Decimal;
}

export interface Settlement {
  /** Gross of fees: USDT received for the short less USDT paid to buy it back. */
  readonly realisedUsdt: Decimal;
  readonly profitKrw: Decimal;
  readonly profitRatePct: Decimal;
  readonly row: ClosedRow;
}

/** Figures of the CLOSED row, as the columns take them. */
export interface ClosedRow {
  readonly krPrice: string;
  readonly krVolume: string;
  readonly krFunds: string;
  readonly krFee: string;
  readonly frPrice: string;
  readonly frOriginalPrice: string;
  readonly frVolume: string;
  readonly frFunds: string;
  readonly frFee: string;
  readonly frSlippage: string;
  readonly entryRate: string;
  readonly exitRate: string;
  readonly usdtPrice: string;
  readonly profit: string;
  readonly profitRate: string;
}

const WORK_DECIMALS = 24;
const HUNDRED = Decimal.of(100);
const TWO = Decimal.of(2);

/**
 * Settles a position that is gone: all of its coins are sold, or gone to dust, and all of its short is bought back.
 * Throws RangeError when the two do not match the position.
 */
export function settle(input: SettlementInput): Settlement {
  const { totals, sale, buyBack, multiplier, fundingUsdt, referenceKrw } = input;
  const { dustedCoin = Decimal.ZERO, dustedCostKrw = Decimal.ZERO } = input;
  const boughtCoin = buyBack.qty.times(multiplier);
  if (!sale.qty.plus(dustedCoin).equals(totals.qtyCoin) || !boughtCoin.equals(totals.qtyCoin)) {
    throw new RangeError(
      `expected ${totals.qtyCoin} coins closed on both legs, was ${sale.qty.plus(dustedCoin)} and ${boughtCoin}`,
    );
  }
  const realisedUsdt = totals.receivedUsdt.minus(buyBack.notional);
  const costKrw = totals.spentKrw.plus(totals.feeKrw).minus(dustedCostKrw);
  const domesticKrw = sale.notional.minus(costKrw).minus(sale.fee);
  const overseasUsdt = realisedUsdt.minus(totals.feeUsdt).minus(buyBack.fee).plus(fundingUsdt);
  const profitKrw = domesticKrw.plus(overseasUsdt.times(referenceKrw));
  const capitalKrw = totals.spentKrw
    .plus(totals.receivedUsdt.times(referenceKrw))
    .dividedBy(TWO, WORK_DECIMALS, "half-up");
  const profitRatePct = profitKrw.times(HUNDRED).dividedBy(capitalKrw, WORK_DECIMALS, "half-up");
  const krPrice = sale.qty.isZero
    ? Decimal.ZERO
    : sale.notional.dividedBy(sale.qty, WORK_DECIMALS, "half-up");
  const frPrice = buyBack.notional.dividedBy(boughtCoin, WORK_DECIMALS, "half-up");
  // Of the average prices: coins that went to dust brought nothing, and say nothing about the rate.
  const exitRate = sale.qty.isZero
    ? Decimal.ZERO
    : sale.notional.times(boughtCoin).dividedBy(buyBack.notional.times(sale.qty), 2, "half-up");
  const slippage = frPrice
    .minus(input.placedPriceUsdt)
    .abs()
    .times(HUNDRED)
    .dividedBy(input.placedPriceUsdt, WORK_DECIMALS, "half-up");
  return {
    realisedUsdt,
    profitKrw,
    profitRatePct,
    row: {
      krPrice: krPrice.toFixed(8),
      krVolume: sale.qty.toFixed(8),
      krFunds: sale.notional.toFixed(8),
      krFee: sale.fee.toFixed(8),
      frPrice: frPrice.toFixed(8),
      frOriginalPrice: input.placedPriceUsdt.toFixed(8),
      frVolume: boughtCoin.toFixed(8),
      frFunds: totals.receivedUsdt.plus(realisedUsdt).toFixed(8),
      frFee: buyBack.fee.toFixed(8),
      frSlippage: slippage.toFixed(4),
      entryRate: averageEntryRate(totals).toFixed(2),
      exitRate: exitRate.toFixed(2),
      usdtPrice: referenceKrw.toFixed(2),
      profit: profitKrw.toFixed(2),
      profitRate: profitRatePct.toFixed(2),
    },
  };
}

/** Fee ratios of both venues, one way each. */
export interface FeeRatios {
  readonly domestic: Decimal;
  readonly overseas: Decimal;
}

/**
 * What a round trip costs as a ratio of the rate (specification 2): fees of both venues both ways, less expected
 * funding received over the holding time (negative funding adds to it).
 */
export function breakEvenRatio(fees: FeeRatios, fundingRatioReceived: Decimal): Decimal {
  return fees.domestic.plus(fees.overseas).times(TWO).minus(fundingRatioReceived);
}

/** How long a position is taken to be held. */
export const HOLDING_MS_DEFAULT = 8 * 3_600_000;
const INTERVAL_MS_DEFAULT = 8 * 3_600_000;

/**
 * Funding a short may expect over `holdingMs` as a ratio of its worth, positive when it is paid: at the rate of the
 * moment, as often as the venue pays. Where the interval is not told it is 8 h.
 */
export function expectedFundingRatio(
  funding: Pick<Funding, "rate" | "intervalMs"> | undefined,
  holdingMs: number,
): Decimal {
  if (!funding) return Decimal.ZERO;
  const { rate, intervalMs = INTERVAL_MS_DEFAULT } = funding;
  return Decimal.of(rate).times(Decimal.of(holdingMs)).dividedBy(Decimal.of(intervalMs), 12, "down");
}

/** KRW a position would earn if it closed at `exitRate` with today's reference price, fees both ways included. */
export function projectedProfitKrw(options: {
  readonly totals: PositionTotals;
  readonly exitRate: Decimal;
  /** Domestic proceeds expected for the whole quantity, KRW before fee. */
  readonly saleKrw: Decimal;
  readonly fees: FeeRatios;
  readonly fundingUsdt: Decimal;
  readonly referenceKrw: Decimal;
}): Decimal {
  const { totals, exitRate, saleKrw, fees, fundingUsdt, referenceKrw } = options;
  const buyBackUsdt = saleKrw.dividedBy(exitRate, WORK_DECIMALS, "half-up");
  const domesticKrw = saleKrw.minus(totals.spentKrw).minus(totals.feeKrw).minus(saleKrw.times(fees.domestic));
  const overseasUsdt = totals.receivedUsdt
    .minus(buyBackUsdt)
    .minus(totals.feeUsdt)
    .minus(buyBackUsdt.times(fees.overseas))
    .plus(fundingUsdt);
  return domesticKrw.plus(overseasUsdt.times(referenceKrw));
}
