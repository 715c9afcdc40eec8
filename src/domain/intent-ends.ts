// What an intent comes to when it ends, from its fills alone: the matched entry, the dust, what an exit took of each
// entry, its profit, and the figures of Karbit's rows. Pure. What comes in goes out to the last digit: costs of coins
// are either matched, in dust, or lost in a sale back.

import { Decimal } from "./decimal.ts";
import {
  averageEntryRate,
  type Dust,
  type LegTotal,
  legTotal,
  type MatchedEntry,
  matchEntry,
  positionTotals,
  shareOf,
  splitSale,
} from "./position.ts";
import { type ClosedRow, settle } from "./settlement.ts";

const WORK_DECIMALS = 24;

/** A fill as the ends need it; `fee` in the leg's money. */
export interface EndFill {
  readonly purpose: "buy" | "hedge" | "unwind" | "sell" | "cover";
  readonly price: Decimal;
  readonly qty: Decimal;
  readonly fee: Decimal;
}

function totalOf(fills: readonly EndFill[], purpose: EndFill["purpose"]): LegTotal {
  return legTotal(fills.filter((fill) => fill.purpose === purpose));
}

export interface EntryOutcome {
  /** Undefined when nothing was hedged. */
  readonly entry: MatchedEntry | undefined;
  readonly dust: Dust;
  readonly dustChanged: boolean;
  /** What coins sold back had cost, fees included, less what they brought; zero or negative when nothing was lost. */
  readonly unwindLossKrw: Decimal;
  readonly boughtKrw: Decimal;
}

/** Coins sold back are taken out at their share of the cost; what is hedged takes own coins first, then dust. */
export function entryOutcome(options: {
  readonly fills: readonly EndFill[];
  readonly multiplier: Decimal;
  readonly dust: Dust;
}): EntryOutcome {
  const { fills, multiplier, dust } = options;
  const bought = totalOf(fills, "buy");
  const back = totalOf(fills, "unwind");
  const hedge = totalOf(fills, "hedge");
  const { position: kept, dust: sold } = splitSale(bought, bought.qty.minus(back.qty));
  const unwindLossKrw = back.qty.isZero
    ? Decimal.ZERO
    : sold.notional.plus(sold.fee).minus(back.notional.minus(back.fee));
  const matched = matchEntry({ domestic: kept, overseas: hedge, multiplier, dust });
  const dustChanged =
    !matched.dust.qtyCoin.equals(dust.qtyCoin) || !matched.dust.costKrw.equals(dust.costKrw);
  return {
    entry: hedge.qty.isZero ? undefined : matched.entry,
    dust: matched.dust,
    dustChanged,
    unwindLossKrw,
    boughtKrw: bought.notional,
  };
}

/** Figures of Karbit's OPEN row (contract 3.6), as its columns take them. */
export function openRowFigures(options: {
  readonly entry: MatchedEntry;
  readonly multiplier: Decimal;
  /** Expected when planned, USDT per contract. */
  readonly placedPriceUsdt: Decimal;
  readonly referenceKrw: Decimal;
}) {
  const { entry, multiplier } = options;
  const frPrice = entry.receivedUsdt.dividedBy(entry.qtyCoin, WORK_DECIMALS, "half-up");
  const placed = options.placedPriceUsdt.dividedBy(multiplier, WORK_DECIMALS, "half-up");
  const slippage = frPrice
    .minus(placed)
    .abs()
    .times(Decimal.of(100))
    .dividedBy(placed, WORK_DECIMALS, "half-up");
  return {
    krPrice: entry.spentKrw.dividedBy(entry.qtyCoin, WORK_DECIMALS, "half-up").toFixed(8),
    krVolume: entry.qtyCoin.toFixed(8),
    krFunds: entry.spentKrw.toFixed(8),
    krFee: entry.feeKrw.toFixed(8),
    frPrice: frPrice.toFixed(8),
    frOriginalPrice: placed.toFixed(8),
    frVolume: entry.qtyCoin.toFixed(8),
    frFunds: entry.receivedUsdt.toFixed(8),
    frFee: entry.feeUsdt.toFixed(8),
    frSlippage: slippage.toFixed(4),
    entryRate: averageEntryRate(entry).toFixed(2),
    usdtPrice: options.referenceKrw.toFixed(2),
  };
}

export interface LeftEntry extends MatchedEntry {
  readonly intentId: string;
}

export interface TakenShare extends MatchedEntry {
  readonly entryIntentId: string;
}

/** What so many coins take of the entries, oldest first; an entry's last coins take all that is left of it. */
export function takeOldest(entries: readonly LeftEntry[], qtyCoin: Decimal): TakenShare[] {
  const taken: TakenShare[] = [];
  let left = qtyCoin;
  for (const { intentId, ...entry } of entries) {
    if (!left.isPositive) break;
    const part = Decimal.min(left, entry.qtyCoin);
    taken.push({ entryIntentId: intentId, ...partOf(entry, part) });
    left = left.minus(part);
  }
  if (left.isPositive) throw new RangeError(`expected ${qtyCoin} coins in the position, were ${left} less`);
  return taken;
}

function partOf(entry: MatchedEntry, qtyCoin: Decimal): MatchedEntry {
  const share = (amount: Decimal) => shareOf(amount, qtyCoin, entry.qtyCoin);
  return {
    qtyCoin,
    spentKrw: share(entry.spentKrw),
    feeKrw: share(entry.feeKrw),
    receivedUsdt: share(entry.receivedUsdt),
    feeUsdt: share(entry.feeUsdt),
  };
}

/** An exit that is over: what it took, and its executions on both legs. */
export interface ExitDone {
  readonly taken: readonly MatchedEntry[];
  readonly fills: readonly EndFill[];
}

export interface ExitOutcome {
  readonly dust: Dust;
  readonly dustChanged: boolean;
  readonly profitKrw: Decimal;
  readonly profitRatePct: Decimal;
  /** Figures over the whole position, when it is gone with this exit. */
  readonly row: ClosedRow;
}

/**
 * Settles an exit. `earlier` are the exits in parts before it; with them the row covers the whole position. Coins of
 * the position that could not be sold go to dust at cost, and take that cost out of the profit.
 */
export function exitOutcome(options: {
  readonly done: ExitDone;
  readonly earlier: readonly ExitDone[];
  readonly multiplier: Decimal;
  readonly dust: Dust;
  /** Of this exit's share, and of the whole position. */
  readonly fundingUsdt: Decimal;
  readonly fundingWholeUsdt: Decimal;
  readonly referenceKrw: Decimal;
  readonly placedPriceUsdt: Decimal;
}): ExitOutcome {
  const { done, earlier, multiplier, dust, referenceKrw } = options;
  const placedPriceUsdt = options.placedPriceUsdt.dividedBy(multiplier, WORK_DECIMALS, "half-up");
  const own = legsOf(done);
  const settled = settle({
    ...own,
    ...{ multiplier, referenceKrw, placedPriceUsdt },
    fundingUsdt: options.fundingUsdt,
  });
  const whole = earlier.map(legsOf).reduce<PositionLegs>(addLegs, own);
  const { row } = settle({
    ...whole,
    ...{ multiplier, referenceKrw, placedPriceUsdt },
    fundingUsdt: options.fundingWholeUsdt,
  });
  const soldDustCoin = own.soldDust.qty;
  const dustTakenKrw = shareOf(dust.costKrw, soldDustCoin, dust.qtyCoin);
  const after: Dust = {
    qtyCoin: dust.qtyCoin.minus(soldDustCoin).plus(own.dustedCoin),
    costKrw: dust.costKrw.minus(dustTakenKrw).plus(own.dustedCostKrw),
  };
  return {
    dust: after,
    dustChanged: !after.qtyCoin.equals(dust.qtyCoin) || !after.costKrw.equals(dust.costKrw),
    profitKrw: settled.profitKrw,
    profitRatePct: settled.profitRatePct,
    row,
  };
}

/** What concerns the position: of one exit, or of several together. */
interface PositionLegs {
  readonly totals: ReturnType<typeof positionTotals>;
  readonly sale: LegTotal;
  readonly buyBack: LegTotal;
  readonly dustedCoin: Decimal;
  readonly dustedCostKrw: Decimal;
}

interface ExitLegs extends PositionLegs {
  readonly soldDust: LegTotal;
}

function legsOf({ taken, fills }: ExitDone): ExitLegs {
  const totals = positionTotals(taken);
  const { position: sale, dust: soldDust } = splitSale(totalOf(fills, "sell"), totals.qtyCoin);
  const dustedCoin = totals.qtyCoin.minus(sale.qty);
  return {
    totals,
    sale,
    soldDust,
    buyBack: totalOf(fills, "cover"),
    dustedCoin,
    dustedCostKrw: shareOf(totals.spentKrw.plus(totals.feeKrw), dustedCoin, totals.qtyCoin),
  };
}

function addLegs(a: PositionLegs, b: PositionLegs): PositionLegs {
  return {
    totals: positionTotals([a.totals, b.totals]),
    sale: addTotals(a.sale, b.sale),
    buyBack: addTotals(a.buyBack, b.buyBack),
    dustedCoin: a.dustedCoin.plus(b.dustedCoin),
    dustedCostKrw: a.dustedCostKrw.plus(b.dustedCostKrw),
  };
}

function addTotals(a: LegTotal, b: LegTotal): LegTotal {
  return { qty: a.qty.plus(b.qty), notional: a.notional.plus(b.notional), fee: a.fee.plus(b.fee) };
}
