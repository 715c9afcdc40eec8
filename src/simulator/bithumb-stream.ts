// What Bithumb tells on its private stream (v2). Amounts of orders are numbers, balances are texts; a field without a
// value is left out. What a fill belongs to is told beside it, under names of its own.

import { cancelType, stateOf } from "./bithumb-private.ts";
import { timeText, typeText } from "./domestic-rows.ts";
import { domesticStreamRoute, type OrderMoment } from "./domestic-stream.ts";
import { larger, textOf, times } from "./exact.ts";
import type { SimFill, SimOrder } from "./orders.ts";
import { numberOf } from "./raw-json.ts";
import type { Switches } from "./switches.ts";
import type { Route } from "./wire.ts";

export function bithumbStreamRoute(switches: Switches): [string, Route] {
  return domesticStreamRoute({
    venue: "bithumb",
    path: "/websocket/v2/private",
    messageLimits: [],
    orderMessage: (moment) => orderMessage(moment, switches),
    assetMessage: ({ bithumb: { ledger } }, assets, atMs) => ({
      type: "myAsset",
      assets: assets.map((currency) => ({
        currency,
        balance: textOf(ledger.available(currency)),
        locked: textOf(ledger.locked(currency)),
      })),
      asset_timestamp: atMs,
      timestamp: atMs,
      stream_type: "REALTIME",
    }),
  });
}

function orderMessage({ kind, order, fill, atMs }: OrderMoment, switches: Switches): object {
  const { qty, filledQty } = order;
  const cancelled = kind === "ended" ? cancelType(order) : undefined;
  return {
    type: "myOrder",
    stream_type: "REALTIME",
    code: order.symbol,
    order_id: order.orderId,
    client_order_id: order.clientId,
    side: order.side,
    order_type: typeText(order),
    state: kind === "placed" ? "wait" : kind === "filled" ? "trade" : stateOf(order, switches),
    time_in_force: timeText(order),
    order_price: numberOf(order.kind === "limit" ? (order.price ?? 0n) : 0n),
    order_quantity: numberOf(qty ?? 0n),
    ...amountOf(order),
    ...(fill !== undefined && tradeOf(fill)),
    executed_quantity: numberOf(filledQty),
    ...(qty !== undefined && { remaining_quantity: numberOf(qty - filledQty) }),
    executed_amount: numberOf(order.filledQuote),
    paid_fee: numberOf(order.paidFee),
    remaining_fee: numberOf(kind === "ended" ? 0n : larger(0n, order.reservedFee - order.paidFee)),
    cancel_type: cancelled,
    order_timestamp: order.createdAtMs,
    timestamp: atMs,
  };
}

/** What a buy by money spends, or price times quantity; nothing for a sale at the market. */
function amountOf({ money, price, qty }: SimOrder): object {
  const amount = money ?? (price !== undefined && qty !== undefined ? times(price, qty) : undefined);
  return amount === undefined ? {} : { order_amount: numberOf(amount) };
}

function tradeOf(fill: SimFill): object {
  return {
    trade_id: fill.id,
    trade_price: numberOf(fill.price),
    trade_quantity: numberOf(fill.qty),
    trade_amount: numberOf(fill.quote),
    trade_timestamp: fill.atMs,
  };
}
