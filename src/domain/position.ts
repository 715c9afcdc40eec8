// What fills make of a position: matched quantity with its cost, and the dust beside it (specification 3). Truth is
// fills; requested amounts never enter. Costs and quantities are conserved to the last digit: what a position takes
// and what dust keeps add up to what was paid.

import { Decimal } from "./decimal.ts";

/** One side's executions of one leg, summed. Domestic: coins and KRW; overseas: contracts and USDT. */
export interface LegTotal {
  readonly qty: Decimal;
  /** Sum of price x quantity. */
  readonly notional: Decimal;
  /** Fees in the leg's money; fees in other assets are valued by the caller. */
  readonly fee: Decimal;
}

export interface Execution {
  readonly price: Decimal;
  readonly qty: Decimal;
  readonly fee: Decimal;
}

export function legTotal(executions: readonly Execution[]): LegTotal {
  return {
    qty: Decimal.sum(executions.map(({ qty }) => qty)),
    notional: Decimal.sum(executions.map(({ price, qty }) => price.times(qty))),
    fee: Decimal.sum(executions.map(({ fee }) => fee)),
  };
}

/** Coins left over at a venue, with what they cost (fees included). */
export interface Dust {
  readonly qtyCoin: Decimal;
  readonly costKrw: Decimal;
}

export const NO_DUST: Dust = { qtyCoin: Decimal.ZERO, costKrw: Decimal.ZERO };

/** One hedged entry: the same quantity bought at home and sold short overseas. */
export interface MatchedEntry {
  readonly qtyCoin: Decimal;
  /** KRW spent on the matched quantity, without fee. */
  readonly spentKrw: Decimal;
  readonly feeKrw: Decimal;
  readonly receivedUsdt: Decimal;
  readonly feeUsdt: Decimal;
}

/** Shares of an amount are cut here; what is cut off stays with the other part. */
const SHARE_DECIMALS = 12;

/** A part's share of an amount; the whole takes all of it. */
export function shareOf(amount: Decimal, part: Decimal, whole: Decimal): Decimal {
  if (whole.isZero) return Decimal.ZERO;
  if (part.equals(whole)) return amount;
  return amount.times(part).dividedBy(whole, SHARE_DECIMALS, "half-up");
}

/**
 * Matches what was bought with what was hedged. The hedge takes this entry's own coins first, then dust at its
 * average cost; coins nothing hedges become dust. Throws RangeError when more is hedged than there are coins.
 */
export function matchEntry(options: {
  readonly domestic: LegTotal;
  readonly overseas: LegTotal;
  readonly multiplier: Decimal;
  readonly dust: Dust;
}): { readonly entry: MatchedEntry; readonly dust: Dust } {
  const { domestic, overseas, multiplier, dust } = options;
  const hedgedCoin = overseas.qty.times(multiplier);
  if (hedgedCoin.above(domestic.qty.plus(dust.qtyCoin))) {
    throw new RangeError(
      `expected at most ${domestic.qty.plus(dust.qtyCoin)} coins hedged, was ${hedgedCoin}`,
    );
  }
  const ownCoin = Decimal.min(hedgedCoin, domestic.qty);
  const fromDustCoin = hedgedCoin.minus(ownCoin);
  const spentOwn = shareOf(domestic.notional, ownCoin, domestic.qty);
  const feeOwn = shareOf(domestic.fee, ownCoin, domestic.qty);
  const dustCost = shareOf(dust.costKrw, fromDustCoin, dust.qtyCoin);
  return {
    entry: {
      qtyCoin: hedgedCoin,
      spentKrw: spentOwn.plus(dustCost),
      feeKrw: feeOwn,
      receivedUsdt: overseas.notional,
      feeUsdt: overseas.fee,
    },
    dust: {
      qtyCoin: dust.qtyCoin.plus(domestic.qty).minus(hedgedCoin),
      costKrw: dust.costKrw
        .minus(dustCost)
        .plus(domestic.notional.minus(spentOwn))
        .plus(domestic.fee.minus(feeOwn)),
    },
  };
}

/** Splits an exit's sale between the position, which comes first, and the dust sold with it. */
export function splitSale(sale: LegTotal, positionCoin: Decimal): { position: LegTotal; dust: LegTotal } {
  const qty = Decimal.min(sale.qty, positionCoin);
  const position = {
    qty,
    notional: shareOf(sale.notional, qty, sale.qty),
    fee: shareOf(sale.fee, qty, sale.qty),
  };
  const dust = {
    qty: sale.qty.minus(position.qty),
    notional: sale.notional.minus(position.notional),
    fee: sale.fee.minus(position.fee),
  };
  return { position, dust };
}

export interface PositionTotals extends MatchedEntry {
  readonly entryCount: number;
}

export function positionTotals(entries: readonly MatchedEntry[]): PositionTotals {
  const total = (read: (entry: MatchedEntry) => Decimal) => Decimal.sum(entries.map(read));
  return {
    entryCount: entries.length,
    qtyCoin: total(({ qtyCoin }) => qtyCoin),
    spentKrw: total(({ spentKrw }) => spentKrw),
    feeKrw: total(({ feeKrw }) => feeKrw),
    receivedUsdt: total(({ receivedUsdt }) => receivedUsdt),
    feeUsdt: total(({ feeUsdt }) => feeUsdt),
  };
}

/**
 * The average entry rate, KRW per USDT: KRW spent over USDT received on matched quantities (specification 1), to
 * `decimals` places half-up. The same in decisions, on screens and in the CLOSED row.
 */
export function averageEntryRate(totals: MatchedEntry, decimals = 2): Decimal {
  return totals.spentKrw.dividedBy(totals.receivedUsdt, decimals, "half-up");
}
