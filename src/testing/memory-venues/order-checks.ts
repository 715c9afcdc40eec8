// Whether an order may be carried out: the symbol's filters, then what the account has. Nothing is changed here.

import { Decimal } from "../../domain/decimal.ts";
import type { RejectKind, VenueOrder } from "../../ports/trading-venue.ts";
import type { MemoryAccount } from "./account.ts";
import type { Market } from "./market.ts";
import type { PositionMode } from "./positions.ts";

export type Broken = readonly [kind: RejectKind, words: string];

export interface CheckedOrder {
  readonly account: MemoryAccount;
  readonly order: VenueOrder;
  /** The position mode it was written for. */
  readonly mode: PositionMode | undefined;
}

const USDT_DECIMALS = 8;

/** Which rule of the symbol the order breaks. */
export function filterFault(market: Market, { account, order }: CheckedOrder): Broken | undefined {
  const { qty, limitPrice, side } = order;
  const inHedgeMode = account.positions?.positionMode === "hedge";
  const reduces = account.positions !== undefined && (order.reducesShort || (inHedgeMode && side === "buy"));
  if (market.trading === "closed" || (market.trading === "reduce-only" && !reduces))
    return ["closed", `${market.symbol} is ${market.trading}`];
  if (!qty.isPositive || !qty.toStep(market.qtyStep, "down").equals(qty))
    return ["quantity", `expected a multiple of ${market.qtyStep}, was ${qty}`];
  const qtyMax = limitPrice === undefined ? market.qtyMaxMarket : market.qtyMaxLimit;
  if (qty.above(qtyMax)) return ["quantity", `expected at most ${qtyMax}, was ${qty}`];
  if (limitPrice !== undefined) {
    if (!limitPrice.isPositive || !limitPrice.toStep(market.priceIncrement, "down").equals(limitPrice))
      return ["price", `expected a multiple of ${market.priceIncrement}, was ${limitPrice}`];
    if (market.bandRatio !== undefined) {
      const reach = market.mark.times(market.bandRatio);
      const outside =
        side === "buy"
          ? limitPrice.above(market.mark.plus(reach))
          : limitPrice.below(market.mark.minus(reach));
      if (outside) return ["price", `expected a price within ${reach} of ${market.mark}, was ${limitPrice}`];
    }
  }
  if (qty.below(market.qtyMin)) return ["minimum", `expected at least ${market.qtyMin}, was ${qty}`];
  const notional = qty.times(limitPrice ?? market.touch(side));
  // The smallest notional does not hold for orders marked reduce-only, which Binance does not have in hedge mode.
  const exempt = reduces && !(market.venue === "binance" && inHedgeMode);
  if (!exempt && notional.below(market.notionalMin))
    return ["minimum", `expected a notional of at least ${market.notionalMin}, was ${notional}`];
  return undefined;
}

/** What the account lacks for the order. */
export function accountFault(market: Market, { account, order, mode }: CheckedOrder): Broken | undefined {
  const { positions } = account;
  const { qty, side } = order;
  if (positions === undefined) {
    if (side === "sell")
      return qty.above(account.free(market.coin)) ? ["funds", `not enough ${market.coin}`] : undefined;
    const money = qty.times(order.limitPrice ?? market.touch("buy"));
    const due = money.plus(money.times(account.feeRatio));
    return due.above(account.free("KRW")) ? ["funds", "not enough KRW"] : undefined;
  }
  if (mode !== undefined && mode !== positions.positionMode)
    return ["mode", `expected an order for ${positions.positionMode}, was for ${mode}`];
  const reduced = positions.reducedBy(market.symbol, side, qty);
  const mustReduce = order.reducesShort || (positions.positionMode === "hedge" && side === "buy");
  if (mustReduce && (side === "sell" || reduced.below(qty)))
    return ["nothing-to-reduce", `expected a short of ${qty}, was ${positions.qty(market.symbol, "short")}`];
  const opened = qty.minus(reduced);
  if (!opened.isPositive) return undefined;
  const touch = market.touch(side);
  const price = side === "sell" ? Decimal.max(touch, order.limitPrice ?? touch) : (order.limitPrice ?? touch);
  const notional = opened.times(price);
  const leverage = positions.leverage(market.symbol);
  const due = notional.dividedBy(leverage, USDT_DECIMALS, "up").plus(notional.times(account.feeRatio));
  return due.above(account.free("USDT")) ? ["funds", "not enough margin"] : undefined;
}
