// How Binance prints an order: in the reply to placing or cancelling it, and when it is looked up.

import { type Exact, fixed, over, textOf } from "./exact.ts";
import { lotDecimals, tickAt } from "./listing-steps.ts";
import type { SimOrder, TimeInForce } from "./orders.ts";
import type { Switches } from "./switches.ts";
import type { SimListing } from "./types.ts";

/** Begins the names of orders that were given none; the venue's id follows. */
export const AUTO_ID = "auto_";

export function statusOf(order: SimOrder): string {
  if (order.state === "done") return "FILLED";
  if (order.state === "open") return order.filledQty > 0n ? "PARTIALLY_FILLED" : "NEW";
  return order.timeInForce === "gtc" ? "CANCELED" : "EXPIRED";
}

export const TIME_TEXTS: Readonly<Record<TimeInForce, string>> = {
  gtc: "GTC",
  ioc: "IOC",
  fok: "FOK",
  "post-only": "GTX",
};
export const POSITION_SIDES = ["BOTH", "LONG", "SHORT"] as const;

/** What the venue closes by itself carries names of its own. */
export function clientIdText(order: SimOrder): string {
  if (order.clientId !== undefined) return order.clientId;
  if (order.origin !== "venue") return `${AUTO_ID}${order.orderId}`;
  const { cause } = order;
  if (cause === "deleveraging") return "adl_autoclose";
  return `${cause === "settlement" ? "delivery_autoclose-" : "autoclose-"}${order.createdAtMs}`;
}

function commonTexts(order: SimOrder, listing: SimListing | undefined, asPlaced: boolean) {
  const qty = (value: Exact) => fixed(value, lotDecimals(listing));
  const market = order.kind === "market";
  return {
    clientOrderId: clientIdText(order),
    executedQty: qty(asPlaced ? 0n : order.filledQty),
    origQty: qty(order.qty!),
    price: market ? "0" : textOf(order.price ?? 0n),
    timeInForce: market ? "GTC" : TIME_TEXTS[order.timeInForce],
    type: market ? "MARKET" : "LIMIT",
    status: asPlaced ? "NEW" : statusOf(order),
    average: averageText(order, asPlaced, listing),
    quote: textOf(asPlaced ? 0n : order.filledQuote),
    side: order.side === "buy" ? "BUY" : "SELL",
    positionSide: POSITION_SIDES[order.positionIndex],
    orderId: Number(order.orderId),
  };
}

export function averageText(order: SimOrder, asPlaced: boolean, listing: SimListing | undefined): string {
  if (asPlaced || order.filledQty === 0n) return "0.00000";
  const tick = listing === undefined ? 0n : tickAt(listing, order.fills[0]!.price);
  const decimals = tick === 0n ? 8 : (textOf(tick).split(".")[1]?.length ?? 0) + 3;
  return fixed(over(order.filledQuote, order.filledQty), Math.max(5, Math.min(decimals, 12)));
}

/** The reply to placing (without `result`: an acknowledgement) and to cancelling. */
export function placedRow(
  order: SimOrder,
  listing: SimListing,
  result: boolean,
  { binance }: Switches,
): object {
  const early = order.visibleAtMs > order.createdAtMs;
  const texts = commonTexts(order, listing, !result || early);
  return {
    clientOrderId: texts.clientOrderId,
    cumQty: texts.executedQty,
    ...(binance.averageInReply && { cumQuote: texts.quote }),
    executedQty: texts.executedQty,
    orderId: texts.orderId,
    ...(binance.averageInReply && { avgPrice: texts.average }),
    origQty: texts.origQty,
    price: texts.price,
    reduceOnly: order.reduceOnly,
    side: texts.side,
    positionSide: texts.positionSide,
    status: texts.status,
    stopPrice: "0",
    closePosition: false,
    symbol: order.symbol,
    timeInForce: texts.timeInForce,
    type: texts.type,
    origType: texts.type,
    updateTime: order.updatedAtMs,
    workingType: "CONTRACT_PRICE",
    priceProtect: false,
    priceMatch: "NONE",
    selfTradePreventionMode: "NONE",
    goodTillDate: 0,
  };
}

/** What a lookup prints. */
export function orderRow(order: SimOrder, listing: SimListing | undefined, nowMs: number): object {
  const texts = commonTexts(order, listing, nowMs < order.visibleAtMs);
  return {
    avgPrice: texts.average,
    clientOrderId: texts.clientOrderId,
    cumQuote: texts.quote,
    executedQty: texts.executedQty,
    orderId: texts.orderId,
    origQty: texts.origQty,
    origType: texts.type,
    price: texts.price,
    reduceOnly: order.reduceOnly,
    side: texts.side,
    positionSide: texts.positionSide,
    status: texts.status,
    stopPrice: "0",
    closePosition: false,
    symbol: order.symbol,
    time: order.createdAtMs,
    timeInForce: texts.timeInForce,
    type: texts.type,
    updateTime: order.updatedAtMs,
    workingType: "CONTRACT_PRICE",
    priceProtect: false,
    priceMatch: "NONE",
    selfTradePreventionMode: "NONE",
    goodTillDate: 0,
  };
}
