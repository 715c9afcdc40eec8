// What Upbit tells on its private stream. Amounts are numbers there; every field is printed, null where there is none.

import { timeText, typeText } from "./domestic-rows.ts";
import { domesticStreamRoute, type OrderMoment } from "./domestic-stream.ts";
import { type Exact, exact, fixed, larger, over } from "./exact.ts";
import { IdMaker, type SimOrder } from "./orders.ts";
import { numberOf } from "./raw-json.ts";
import type { Route } from "./wire.ts";

const MESSAGES_PER_SECOND = { limit: 5, windowMs: 1_000 };
const MESSAGES_PER_MINUTE = { limit: 100, windowMs: 60_000 };

export function upbitStreamRoute(): [string, Route] {
  return domesticStreamRoute({
    venue: "upbit",
    path: "/websocket/v1/private",
    messageLimits: [MESSAGES_PER_SECOND, MESSAGES_PER_MINUTE],
    orderMessage,
    assetMessage: ({ apiKey, upbit: { ledger } }, assets, atMs) => ({
      type: "myAsset",
      asset_uuid: new IdMaker(`upbit assets ${apiKey}`).uuid(1),
      assets: assets.map((currency) => ({
        currency,
        balance: numberOf(ledger.available(currency)),
        locked: numberOf(ledger.locked(currency)),
      })),
      asset_timestamp: atMs,
      timestamp: atMs,
      stream_type: "REALTIME",
    }),
  });
}

function orderMessage({ kind, order, fill, atMs }: OrderMoment): object {
  const { qty, filledQty } = order;
  return {
    type: "myOrder",
    code: order.symbol,
    uuid: order.orderId,
    ask_bid: order.side === "buy" ? "BID" : "ASK",
    order_type: typeText(order),
    state:
      kind === "placed" ? "wait" : kind === "filled" ? "trade" : order.state === "done" ? "done" : "cancel",
    trade_uuid: fill?.id ?? null,
    price: numberOf(fill?.price ?? order.money ?? (order.kind === "limit" ? order.price : undefined)),
    avg_price: numberOf(averageOf(order)),
    volume: numberOf(fill?.qty ?? qty),
    remaining_volume: numberOf(qty === undefined ? undefined : qty - filledQty),
    executed_volume: numberOf(filledQty),
    trades_count: order.fills.length,
    reserved_fee: numberOf(order.reservedFee),
    remaining_fee: numberOf(kind === "ended" ? 0n : larger(0n, order.reservedFee - order.paidFee)),
    paid_fee: numberOf(order.paidFee),
    locked: numberOf(order.locked),
    executed_funds: numberOf(order.filledQuote),
    time_in_force: timeText(order) ?? null,
    trade_fee: numberOf(fill?.fee),
    is_maker: fill?.maker ?? null,
    identifier: order.clientId ?? null,
    smp_type: null,
    prevented_volume: 0,
    prevented_locked: 0,
    trade_timestamp: fill?.atMs ?? null,
    order_timestamp: order.createdAtMs,
    timestamp: atMs,
    stream_type: "REALTIME",
  };
}

function averageOf({ filledQty, filledQuote }: SimOrder): Exact {
  return filledQty === 0n ? 0n : exact(fixed(over(filledQuote, filledQty), 8));
}
