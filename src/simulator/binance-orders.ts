// Binance's orders: checked against the filters, answered at once with an acknowledgement or the result. A client's id
// is unique among open orders only: one that has ended may come again, and executes again. In hedge mode the position
// side says what an order closes, and reduceOnly is refused.

import { AUTO_ID, orderRow, placedRow } from "./binance-order-rows.ts";
import { binanceError, binanceRefusal, mandatory } from "./binance-reply.ts";
import { type Exact, exact, exactOf, parseExact, times } from "./exact.ts";
import { lotDecimals, lotOf, marketQtyMax, tickAt } from "./listing-steps.ts";
import type { SimOrder, TimeInForce } from "./orders.ts";
import type { PerpAccount } from "./perp-account.ts";
import type { PositionIndex } from "./perp-positions.ts";
import type { PerpRefusal, PerpRequest } from "./perp-request.ts";
import type { Switches } from "./switches.ts";
import type { SimListing } from "./types.ts";
import {
  json,
  type Route,
  type RouteContext,
  userOf,
  type VenueEnvironment,
  type WireReply,
  wholeNumber,
} from "./wire.ts";

type Fields = Readonly<Record<string, string>>;

export function binanceOrderRoutes({ switches }: VenueEnvironment): [string, Route][] {
  const weighs = (weight: number) => ({ group: "weight", cost: () => weight, signed: true }) as const;
  const oneOrAll = (fields: Fields) => (fields.symbol ? 1 : 40);
  return [
    [
      "POST /fapi/v1/order",
      { ...weighs(0), trades: true, places: true, answer: (context) => placeAnswer(context, switches) },
    ],
    ["GET /fapi/v1/order", { ...weighs(1), answer: (context) => lookupAnswer(context, false) }],
    [
      "DELETE /fapi/v1/order",
      { ...weighs(1), trades: true, answer: (context) => cancelAnswer(context, switches) },
    ],
    ["GET /fapi/v1/openOrder", { ...weighs(1), answer: (context) => lookupAnswer(context, true) }],
    ["GET /fapi/v1/openOrders", { ...weighs(1), cost: oneOrAll, answer: openAnswer }],
    ["DELETE /fapi/v1/allOpenOrders", { ...weighs(1), trades: true, answer: cancelAllAnswer }],
    ["GET /fapi/v1/allOrders", { ...weighs(5), answer: allAnswer }],
  ];
}

/** The listing a signed request names. */
export function listingOf(context: RouteContext): SimListing | WireReply {
  const { symbol } = context.request.fields;
  if (!symbol) return mandatory("symbol");
  return context.listings.get(symbol) ?? binanceRefusal(-1121);
}

export function isReply(value: object): value is WireReply {
  return "body" in value;
}

function placeAnswer(context: RouteContext, switches: Switches): WireReply {
  const { request, plan, refusal } = context;
  const { fields, nowMs } = request;
  const account = userOf(context).binance;
  const clientId = fields.newClientOrderId;
  account.orders.request(clientId);
  if (refusal !== undefined) return refusal;
  const listing = listingOf(context);
  if (isReply(listing)) return listing;
  const asked = readOrder(context, account, listing);
  if (isReply(asked)) return asked;
  if (clientId !== undefined && clientId.length > 36) return binanceRefusal(-4015);
  if (clientId !== undefined && !/^[.A-Z:/a-z0-9_-]{1,36}$/.test(clientId)) {
    const range = "'^[\\.A-Z\\:/a-z0-9_-]{1,36}$'";
    return binanceError(
      400,
      -1100,
      `Illegal characters found in parameter 'newClientOrderId'; legal range is ${range}.`,
    );
  }
  if (clientId !== undefined && account.orders.byClient(clientId)?.state === "open")
    return binanceRefusal(-4116);
  const order = account.place({ ...asked, clientId, plan }, nowMs);
  if (typeof order === "string") return refused(order);
  return json(placedRow(order, listing, fields.newOrderRespType === "RESULT", switches));
}

function refused(why: PerpRefusal): WireReply {
  switch (why) {
    case "insufficient-margin":
      return binanceRefusal(-2019);
    case "nothing-to-reduce":
      return binanceRefusal(-2022);
    case "no-counterparty":
      return binanceRefusal(-4131);
    case "mode-mismatch":
      return binanceRefusal(-4061);
  }
}

const TIMES_IN_FORCE: Readonly<Record<string, TimeInForce>> = {
  GTC: "gtc",
  IOC: "ioc",
  FOK: "fok",
  GTX: "post-only",
};
const INDEXES: Readonly<Record<string, PositionIndex>> = { BOTH: 0, LONG: 1, SHORT: 2 };

function readOrder(
  context: RouteContext,
  account: PerpAccount,
  listing: SimListing,
): PerpRequest | WireReply {
  const { fields, nowMs } = context.request;
  for (const name of ["side", "type", "quantity"]) if (!fields[name]) return mandatory(name);
  const side = fields.side === "BUY" ? "buy" : fields.side === "SELL" ? "sell" : undefined;
  if (side === undefined) return binanceRefusal(-1117);
  if (/^(STOP|TAKE_PROFIT|TRAILING)/.test(fields.type!)) return binanceRefusal(-4120);
  const kind = fields.type === "MARKET" ? "market" : fields.type === "LIMIT" ? "limit" : undefined;
  if (kind === undefined) return binanceRefusal(-1116);
  if (kind === "limit" && !fields.timeInForce) return mandatory("timeInForce");
  const timeInForce = kind === "market" ? "ioc" : TIMES_IN_FORCE[fields.timeInForce!];
  if (timeInForce === undefined) return binanceRefusal(-1115);
  const price = kind === "market" ? undefined : priceOf(fields, listing);
  if (price !== undefined && typeof price !== "bigint") return price;
  const qty = qtyOf(fields.quantity!, listing, kind === "market");
  if (typeof qty !== "bigint") return qty;
  const positionIndex = INDEXES[fields.positionSide ?? "BOTH"];
  const hedge = account.settings.isHedge(listing.symbol);
  if (positionIndex === undefined || hedge !== positionIndex > 0) return binanceRefusal(-4061);
  if (hedge && fields.reduceOnly !== undefined) return binanceRefusal(-1106);
  const closable = account.positions.closable(listing.symbol, positionIndex, side);
  const closesSide = positionIndex > 0 && (positionIndex === 1) === (side === "sell");
  // On its side of hedge mode an order cannot close more than there is.
  if (closesSide && qty > closable) return binanceRefusal(-2022);
  const reduceOnly = fields.reduceOnly === "true";
  const closes = reduceOnly || closesSide;
  if (!closes && listing.delistAtMs !== undefined && qty > closable) return binanceRefusal(-4140);
  const notional = times(qty, price ?? account.markOf(listing.symbol, nowMs));
  if (!closes && notional < exact(listing.notionalMin)) {
    const least = `Order's notional must be no smaller than ${listing.notionalMin} (unless you choose reduce only).`;
    return binanceRefusal(-4164, least);
  }
  return { listing, side, kind, timeInForce, price, qty, reduceOnly, positionIndex };
}

function priceOf(fields: Fields, listing: SimListing): Exact | WireReply {
  if (!fields.price) return mandatory("price");
  const price = parseExact(fields.price);
  if (price === undefined) return mandatory("price");
  if (price <= 0n) return binanceError(400, -4001, "Price less than 0.");
  return price % tickAt(listing, price) === 0n ? price : binanceRefusal(-4014);
}

function qtyOf(text: string, listing: SimListing, market: boolean): Exact | WireReply {
  const qty = parseExact(text);
  if (qty === undefined) return mandatory("quantity");
  if (qty <= 0n || qty < exactOf(listing.qtyMin, 8)) return binanceRefusal(-4003);
  if (qty > (market ? marketQtyMax(listing) : exactOf(listing.qtyMax, 8))) return binanceRefusal(-4005);
  if (qty % exactOf(10 ** -lotDecimals(listing), 8) !== 0n) return binanceRefusal(-1111);
  return qty % lotOf(listing) === 0n ? qty : binanceRefusal(-4023);
}

/** The order a request names by the venue's id or the client's; of several under one id the newest. */
function found(context: RouteContext): SimOrder | undefined {
  const { fields, nowMs } = context.request;
  const { orders } = userOf(context).binance;
  const clientId = fields.origClientOrderId ?? "";
  const auto = clientId.startsWith(AUTO_ID) ? clientId.slice(AUTO_ID.length) : undefined;
  const id = fields.orderId || auto;
  const order = id ? orders.byId(id) : orders.byClient(clientId);
  if (order === undefined || order.symbol !== fields.symbol) return undefined;
  return nowMs < order.visibleAtMs && order.hiddenAs === "absent" ? undefined : order;
}

function nothingNamed({ fields }: RouteContext["request"]): WireReply | undefined {
  if (fields.orderId || fields.origClientOrderId) return undefined;
  const what = "Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null!";
  return binanceError(400, -1102, what);
}

function lookupAnswer(context: RouteContext, openOnly: boolean): WireReply {
  const listing = listingOf(context);
  if (isReply(listing)) return listing;
  const unnamed = nothingNamed(context.request);
  if (unnamed !== undefined) return unnamed;
  const order = found(context);
  if (order === undefined || (openOnly && order.state !== "open")) return binanceRefusal(-2013);
  return json(orderRow(order, listing, context.request.nowMs));
}

function cancelAnswer(context: RouteContext, switches: Switches): WireReply {
  const listing = listingOf(context);
  if (isReply(listing)) return listing;
  const unnamed = nothingNamed(context.request);
  if (unnamed !== undefined) return unnamed;
  const order = found(context);
  if (order === undefined || !userOf(context).binance.cancel(order, context.request.nowMs)) {
    return binanceRefusal(-2011);
  }
  return json(placedRow(order, listing, true, switches));
}

function cancelAllAnswer(context: RouteContext): WireReply {
  const listing = listingOf(context);
  if (isReply(listing)) return listing;
  const account = userOf(context).binance;
  for (const order of account.orders.open()) {
    if (order.symbol === listing.symbol) account.cancel(order, context.request.nowMs);
  }
  return json({ code: 200, msg: "The operation of cancel all open order is done." });
}

function openAnswer(context: RouteContext): WireReply {
  const { fields, nowMs } = context.request;
  if (fields.symbol && !context.listings.has(fields.symbol)) return binanceRefusal(-1121);
  const open = userOf(context).binance.orders.open();
  const wanted = open.filter((order) => !fields.symbol || order.symbol === fields.symbol);
  return json(wanted.map((order) => orderRow(order, context.listings.get(order.symbol), nowMs)));
}

const WEEK_MS = 7 * 86_400_000;

/** startTime and endTime of a list: seven days at most, the last seven without either. */
export function spanOf({
  fields,
  nowMs,
}: RouteContext["request"]): { fromMs: number; toMs: number } | WireReply {
  const start = wholeNumber(fields.startTime);
  const end = wholeNumber(fields.endTime);
  const toMs = end ?? (start === undefined ? nowMs : start + WEEK_MS);
  const fromMs = start ?? toMs - WEEK_MS;
  if (toMs >= fromMs && toMs - fromMs <= WEEK_MS) return { fromMs, toMs };
  return binanceError(400, -1127, "More than 7 days between startTime and endTime.");
}

/** Oldest first: from an id on, or the newest of a span of time. */
export function sliceOf<Row>(
  rows: readonly Row[],
  { fields }: RouteContext["request"],
  limits: { readonly usual: number; readonly max: number; readonly fromStart: boolean },
): readonly Row[] | WireReply {
  const limit = wholeNumber(fields.limit) ?? limits.usual;
  if (!(limit >= 1 && limit <= limits.max)) {
    return binanceError(400, -1130, "Data sent for parameter 'limit' is not valid.");
  }
  return limits.fromStart ? rows.slice(0, limit) : rows.slice(-limit);
}

function allAnswer(context: RouteContext): WireReply {
  const { request } = context;
  const { fields, nowMs } = request;
  const listing = listingOf(context);
  if (isReply(listing)) return listing;
  const span = spanOf(request);
  if (isReply(span)) return span;
  const fromId = wholeNumber(fields.orderId);
  const rows = userOf(context).binance.orders.all.filter(
    (order) =>
      order.symbol === listing.symbol &&
      (nowMs >= order.visibleAtMs || order.hiddenAs === "open") &&
      (fromId === undefined
        ? order.createdAtMs >= span.fromMs && order.createdAtMs <= span.toMs
        : Number(order.orderId) >= fromId),
  );
  const fromStart = fromId !== undefined || fields.startTime !== undefined;
  const slice = sliceOf(rows, request, { usual: 500, max: 1_000, fromStart });
  return isReply(slice) ? slice : json(slice.map((order) => orderRow(order, listing, nowMs)));
}
