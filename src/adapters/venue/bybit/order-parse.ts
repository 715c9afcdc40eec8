// What Bybit answers about orders and their executions (v5, linear). Placing is asynchronous; a cancelled order can
// have filled in part, so quantities decide and states do not.
// https://bybit-exchange.github.io/docs/v5/order/open-order

import * as v from "valibot";
import { Decimal } from "../../../domain/decimal.ts";
import type { VenueFill } from "../../../ports/trading-venue.ts";
import { absent, amount, quantity } from "../amounts.ts";
import { type Body, check, integer, mapped, name, type Parsed, then } from "../parsed.ts";
import { listOf, resultOf } from "./parse.ts";

/** The rows of a list, every one of which has to fit, and where the next page begins. */
export interface Page<T> {
  readonly rows: readonly T[];
  readonly nextCursor: string | undefined;
}

/** Checks every row of a list. */
export function pageOf<T>(schema: v.GenericSchema<unknown, T>, body: Body): Parsed<Page<T>> {
  return then(listOf(body), ({ list, nextPageCursor }) =>
    mapped(check(v.array(schema), list, "result.list"), (rows) => ({
      rows,
      nextCursor: nextPageCursor || undefined,
    })),
  );
}

const side = v.picklist(["Buy", "Sell"]);

const OrderRow = v.object({
  orderId: name,
  orderLinkId: v.optional(v.string(), ""),
  symbol: name,
  side,
  orderStatus: name,
  cumExecQty: quantity,
});

export interface BybitOrder {
  readonly orderId: string;
  readonly orderLinkId: string;
  readonly symbol: string;
  readonly side: "buy" | "sell";
  readonly state: "open" | "closed";
  readonly filledQty: Decimal;
}

/** Statuses after which nothing more can happen; any other may still change. */
const CLOSED = new Set(["Filled", "Cancelled", "Rejected", "Deactivated", "PartiallyFilledCanceled"]);

/** `GET /v5/order/realtime` and `/v5/order/history`. */
export function parseOrders(body: Body): Parsed<Page<BybitOrder>> {
  return mapped(pageOf(OrderRow, body), (page) => ({
    ...page,
    rows: page.rows.map((row) => ({
      orderId: row.orderId,
      orderLinkId: row.orderLinkId,
      symbol: row.symbol,
      side: row.side === "Buy" ? "buy" : "sell",
      state: CLOSED.has(row.orderStatus) ? "closed" : "open",
      filledQty: row.cumExecQty,
    })),
  }));
}

const Placed = v.object({ orderId: name });

/** The id in the reply to a new order; undefined when it is no yes or cannot be read. */
export function placedId(body: Body): string | undefined {
  const placed = then(resultOf(body), (result) => check(Placed, result));
  return placed.ok ? placed.value.orderId : undefined;
}

const ExecutionRow = v.object({
  execId: name,
  orderId: name,
  orderLinkId: v.optional(v.string(), ""),
  symbol: name,
  side,
  execType: v.optional(v.string(), "Trade"),
  execPrice: amount,
  execQty: quantity,
  execFee: absent(amount),
  feeCurrency: v.optional(v.string(), ""),
  /** Profit of a closing execution, where it is stated. */
  execPnl: absent(amount),
  execTime: integer,
});

export interface BybitExecution {
  readonly orderId: string;
  readonly orderLinkId: string;
  readonly symbol: string;
  readonly side: "buy" | "sell";
  readonly fill: VenueFill;
}

/** Rows of the execution list that are no fills of an order. */
const NO_FILLS = new Set(["Funding", "Settle", "SessionSettlePnL", "MovePosition"]);

/** `GET /v5/execution/list`: fills only. An empty fee currency is the settlement coin. */
export function parseExecutions(body: Body): Parsed<Page<BybitExecution>> {
  return mapped(pageOf(ExecutionRow, body), (page) => ({
    ...page,
    rows: page.rows
      .filter(({ execType }) => !NO_FILLS.has(execType))
      .map((row) => ({
        orderId: row.orderId,
        orderLinkId: row.orderLinkId,
        symbol: row.symbol,
        side: row.side === "Buy" ? "buy" : "sell",
        fill: {
          fillId: row.execId,
          price: row.execPrice,
          qty: row.execQty,
          fee: row.execFee ?? Decimal.ZERO,
          feeAsset: row.feeCurrency || "USDT",
          realisedUsdt: row.execPnl,
          atMs: row.execTime,
        },
      })),
  }));
}
