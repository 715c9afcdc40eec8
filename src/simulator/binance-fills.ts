// What became of Binance orders: trades with their fees, income by kind, and what the venue closed by force. Oldest
// first. Orders carry no fees there: they are in the trades only.

import { orderRow, POSITION_SIDES } from "./binance-order-rows.ts";
import { isReply, listingOf, sliceOf, spanOf } from "./binance-orders.ts";
import { binanceRefusal } from "./binance-reply.ts";
import { fixed, textOf } from "./exact.ts";
import type { LedgerEntry, LedgerReason } from "./ledger.ts";
import type { SimFill, SimOrder } from "./orders.ts";
import type { Switches } from "./switches.ts";
import {
  json,
  type Route,
  type RouteContext,
  userOf,
  type VenueEnvironment,
  type WireReply,
  wholeNumber,
} from "./wire.ts";

export function binanceFillRoutes({ switches }: VenueEnvironment): [string, Route][] {
  const weighs = (weight: number) => ({ group: "weight", cost: () => weight, signed: true }) as const;
  return [
    ["GET /fapi/v1/userTrades", { ...weighs(5), answer: (context) => tradesAnswer(context, switches) }],
    ["GET /fapi/v1/income", { ...weighs(30), answer: incomeAnswer }],
    [
      "GET /fapi/v1/forceOrders",
      { ...weighs(20), cost: (fields) => (fields.symbol ? 20 : 50), answer: forcedAnswer },
    ],
  ];
}

function tradesAnswer(context: RouteContext, switches: Switches): WireReply {
  const { request } = context;
  const { fields, nowMs } = request;
  const listing = listingOf(context);
  if (isReply(listing)) return listing;
  const span = spanOf(request);
  if (isReply(span)) return span;
  const { orders } = userOf(context).binance;
  const fromId = wholeNumber(fields.fromId);
  const anytime = fromId !== undefined || fields.orderId !== undefined;
  const rows = orders.fills.filter(
    (fill) =>
      fill.symbol === listing.symbol &&
      nowMs >= orders.byId(fill.orderId)!.visibleAtMs &&
      (fields.orderId === undefined || fields.orderId === fill.orderId) &&
      (fromId === undefined || Number(fill.id) >= fromId) &&
      (anytime || (fill.atMs >= span.fromMs && fill.atMs <= span.toMs)),
  );
  const fromStart = fromId !== undefined || fields.startTime !== undefined;
  const slice = sliceOf(rows, request, { usual: 500, max: 1_000, fromStart });
  if (isReply(slice)) return slice;
  return json(slice.map((fill) => tradeRow(fill, orders.byId(fill.orderId)!, switches)));
}

function tradeRow(fill: SimFill, order: SimOrder, { binance }: Switches): object {
  return {
    buyer: fill.side === "buy",
    commission: fixed(binance.negativeCommission ? -fill.fee : fill.fee, 8),
    commissionAsset: fill.feeAsset,
    id: Number(fill.id),
    maker: fill.maker,
    orderId: Number(fill.orderId),
    price: textOf(fill.price),
    qty: textOf(fill.qty),
    quoteQty: textOf(fill.quote),
    realizedPnl: fixed(fill.realisedPnl, 8),
    side: fill.side === "buy" ? "BUY" : "SELL",
    positionSide: POSITION_SIDES[order.positionIndex],
    symbol: fill.symbol,
    time: fill.atMs,
  };
}

const INCOME_TYPES: Readonly<Record<LedgerReason, string>> = {
  opening: "TRANSFER",
  deposit: "TRANSFER",
  withdrawal: "TRANSFER",
  set: "TRANSFER",
  fill: "TRANSFER",
  fee: "COMMISSION",
  "realised-pnl": "REALIZED_PNL",
  funding: "FUNDING_FEE",
  insurance: "INSURANCE_CLEAR",
};

function incomeAnswer(context: RouteContext): WireReply {
  const { request } = context;
  const { fields } = request;
  if (fields.symbol && !context.listings.has(fields.symbol)) return binanceRefusal(-1121);
  const span = spanOf(request);
  if (isReply(span)) return span;
  const page = wholeNumber(fields.page) ?? 1;
  const entries = userOf(context).binance.ledger.entries.filter(
    (entry) =>
      (!fields.symbol || entry.symbol === fields.symbol) &&
      (!fields.incomeType || INCOME_TYPES[entry.reason] === fields.incomeType) &&
      entry.atMs >= span.fromMs &&
      entry.atMs <= span.toMs,
  );
  const limit = wholeNumber(fields.limit) ?? 100;
  const from = fields.startTime === undefined && page === 1 ? entries : entries.slice((page - 1) * limit);
  const fromStart = fields.startTime !== undefined || page > 1;
  const slice = sliceOf(from, request, { usual: 100, max: 1_000, fromStart });
  return isReply(slice) ? slice : json(slice.map(incomeRow));
}

function incomeRow(entry: LedgerEntry): object {
  const incomeType = INCOME_TYPES[entry.reason];
  const trade = entry.reason === "fee" || entry.reason === "realised-pnl";
  return {
    symbol: entry.symbol ?? "",
    incomeType,
    income: fixed(entry.change, 8),
    asset: entry.asset,
    info: trade ? entry.fillId : incomeType,
    time: entry.atMs,
    tranId: String(9_689_000_000 + entry.sequence),
    tradeId: trade ? Number(entry.fillId) : "",
  };
}

/** `autoCloseType` LIQUIDATION or ADL; both without one. */
function forcedAnswer(context: RouteContext): WireReply {
  const { request } = context;
  const { fields, nowMs } = request;
  const span = spanOf(request);
  if (isReply(span)) return span;
  const causes = { LIQUIDATION: ["liquidation"], ADL: ["deleveraging"] }[fields.autoCloseType ?? ""];
  const wanted: readonly string[] = causes ?? ["liquidation", "deleveraging"];
  const rows = userOf(context).binance.orders.all.filter(
    (order) =>
      order.origin === "venue" &&
      wanted.includes(order.cause) &&
      (!fields.symbol || order.symbol === fields.symbol) &&
      order.createdAtMs >= span.fromMs &&
      order.createdAtMs <= span.toMs,
  );
  const slice = sliceOf(rows, request, { usual: 50, max: 100, fromStart: fields.startTime !== undefined });
  if (isReply(slice)) return slice;
  return json(slice.map((order) => forcedRow(order, context, nowMs)));
}

function forcedRow(order: SimOrder, context: RouteContext, nowMs: number): object {
  const row = orderRow(order, context.listings.get(order.symbol), nowMs) as Record<string, unknown>;
  const names = [
    "orderId",
    "symbol",
    "status",
    "clientOrderId",
    "price",
    "avgPrice",
    "origQty",
    "executedQty",
  ];
  names.push("cumQuote", "timeInForce", "type", "reduceOnly", "closePosition", "side", "positionSide");
  names.push("stopPrice", "workingType", "origType", "time", "updateTime");
  return Object.fromEntries(names.map((name) => [name, row[name]]));
}
