// What Binance USD-M answers about orders and trades. An order's reply lacks average price and cost since July 2026
// and never had fees: those are in userTrades. Quantities decide, states do not.
// https://developers.binance.com/docs/derivatives/usds-margined-futures/trade

import * as v from "valibot";
import type { VenueFill } from "../../../ports/trading-venue.ts";
import { aboveZero, absent, amount, quantity } from "../amounts.ts";
import { type Body, check, integer, name, type Parsed, then } from "../parsed.ts";
import { answerOf, rowsOf } from "./parse.ts";

/** A bare list, every row of which has to fit. */
export function rowsAs<T>(schema: v.GenericSchema<unknown, T>, body: Body): Parsed<T[]> {
  return then(rowsOf(body), (rows) => check(v.array(schema), rows));
}

/** A bare object. */
export function oneAs<T>(schema: v.GenericSchema<unknown, T>, body: Body): Parsed<T> {
  return then(answerOf(body), (value) => check(schema, value));
}

const side = v.pipe(
  v.picklist(["BUY", "SELL"]),
  v.transform((text) => (text === "BUY" ? ("buy" as const) : ("sell" as const))),
);

/** Statuses after which nothing more can happen; any other may still change. */
const CLOSED = new Set(["FILLED", "CANCELED", "REJECTED", "EXPIRED", "EXPIRED_IN_MATCH"]);

const OrderRow = v.pipe(
  v.object({
    orderId: name,
    clientOrderId: name,
    symbol: name,
    side,
    status: name,
    executedQty: quantity,
  }),
  v.transform(({ status, executedQty, ...row }) => ({
    ...row,
    state: CLOSED.has(status) ? ("closed" as const) : ("open" as const),
    filledQty: executedQty,
  })),
);
export type BinanceOrder = v.InferOutput<typeof OrderRow>;

/** `GET /fapi/v1/order`. */
export function parseOrder(body: Body): Parsed<BinanceOrder> {
  return oneAs(OrderRow, body);
}

/** `GET /fapi/v1/openOrders` and `/fapi/v1/allOrders`, none included. */
export function parseOrders(body: Body): Parsed<BinanceOrder[]> {
  return rowsAs(OrderRow, body);
}

const Placed = v.object({ orderId: name });

/** The id in the reply to a new order; undefined when it is no yes or cannot be read. */
export function placedId(body: Body): string | undefined {
  const placed = oneAs(Placed, body);
  return placed.ok ? placed.value.orderId : undefined;
}

const TradeRow = v.pipe(
  v.object({
    id: name,
    orderId: name,
    symbol: name,
    price: aboveZero,
    qty: aboveZero,
    commission: amount,
    commissionAsset: name,
    realizedPnl: absent(amount),
    time: integer,
  }),
  v.transform((row) => ({
    orderId: row.orderId,
    symbol: row.symbol,
    fill: {
      // Trade ids count within a symbol.
      fillId: `${row.symbol}-${row.id}`,
      price: row.price,
      qty: row.qty,
      // Its sign has changed between versions of the API; ours are takers, who always pay.
      fee: row.commission.abs(),
      feeAsset: row.commissionAsset,
      realisedUsdt: row.realizedPnl,
      atMs: row.time,
    } satisfies VenueFill,
  })),
);
export type BinanceTrade = v.InferOutput<typeof TradeRow>;

/** `GET /fapi/v1/userTrades`. */
export function parseTrades(body: Body): Parsed<BinanceTrade[]> {
  return rowsAs(TradeRow, body);
}
