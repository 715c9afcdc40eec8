// Bybit's orders on linear perpetuals. Placing is asynchronous: the reply is an acknowledgement, an order shows a
// moment later in /realtime and, once it has ended, later still in /history. What of a market order or an IOC finds no
// counterparty is cancelled, so a cancelled order may have filled in part.

import { bybitError, envelope, isReply, listingOf, pageOf, parameterError, spanOf } from "./bybit-reply.ts";
import { type Exact, exact, exactOf, fixed, over, parseExact, smaller, textOf, times } from "./exact.ts";
import { lotDecimals, lotOf, marketQtyMax, tickAt } from "./listing-steps.ts";
import type { SimOrder, TimeInForce } from "./orders.ts";
import type { PerpAccount } from "./perp-account.ts";
import type { PerpRefusal, PerpRequest } from "./perp-request.ts";
import type { Switches } from "./switches.ts";
import type { SimListing } from "./types.ts";
import { type Route, type RouteContext, userOf, type VenueEnvironment, type WireReply } from "./wire.ts";

export function bybitOrderRoutes({ switches }: VenueEnvironment): [string, Route][] {
  const trading = { signed: true, trades: true } as const;
  return [
    [
      "POST /v5/order/create",
      {
        ...trading,
        group: "order-create",
        places: true,
        answer: (context) => createAnswer(context, switches),
      },
    ],
    ["POST /v5/order/cancel", { ...trading, group: "order-cancel", answer: cancelAnswer }],
    ["GET /v5/order/realtime", { group: "order-realtime", signed: true, answer: realtimeAnswer }],
    [
      "GET /v5/order/history",
      { group: "order-history", signed: true, answer: (context) => historyAnswer(context, switches) },
    ],
  ];
}

const TIMES_IN_FORCE: Readonly<Record<string, TimeInForce>> = {
  GTC: "gtc",
  IOC: "ioc",
  FOK: "fok",
  PostOnly: "post-only",
};

function createAnswer(context: RouteContext, switches: Switches): WireReply {
  const { request, plan, refusal } = context;
  const { fields, nowMs } = request;
  const account = userOf(context).bybit;
  const clientId = fields.orderLinkId === "" ? undefined : fields.orderLinkId;
  account.orders.request(clientId);
  if (refusal !== undefined) return refusal;
  if (clientId !== undefined && !/^[A-Za-z0-9_-]{1,36}$/.test(clientId)) {
    return parameterError(context, "OrderLinkId Invalid");
  }
  const listing = listingOf(context);
  if (isReply(listing)) return listing;
  const asked = readOrder(context, account, listing);
  if (isReply(asked)) return asked;
  if (clientId !== undefined && account.orders.byClient(clientId) !== undefined)
    return bybitError(request, 110072);
  const hiddenMs = Math.max(plan.hiddenMs ?? 0, switches.bybit.visibleAfterMs);
  const order = account.place({ ...asked, clientId, plan: { ...plan, hiddenMs } }, nowMs);
  if (typeof order === "string") return refused(context, order);
  return envelope(nowMs, { orderId: order.orderId, orderLinkId: order.clientId ?? "" });
}

function refused(context: RouteContext, why: PerpRefusal): WireReply {
  switch (why) {
    case "insufficient-margin":
      return bybitError(context.request, 110007);
    case "nothing-to-reduce":
      return bybitError(
        context.request,
        110017,
        "current position is zero, cannot fix reduce-only order qty",
      );
    case "no-counterparty":
      return bybitError(context.request, 110003);
    case "mode-mismatch":
      return bybitError(context.request, 10001, "position idx not match position mode");
  }
}

function readOrder(
  context: RouteContext,
  account: PerpAccount,
  listing: SimListing,
): PerpRequest | WireReply {
  const { fields, nowMs } = context.request;
  const side = fields.side === "Buy" ? "buy" : fields.side === "Sell" ? "sell" : undefined;
  if (side === undefined) return parameterError(context, "Side Invalid");
  const kind = fields.orderType === "Market" ? "market" : fields.orderType === "Limit" ? "limit" : undefined;
  if (kind === undefined) return parameterError(context, "OrderType Invalid");
  const timeInForce = kind === "market" ? "ioc" : TIMES_IN_FORCE[fields.timeInForce || "GTC"];
  if (timeInForce === undefined) return parameterError(context, "TimeInForce Invalid");
  const price = kind === "market" ? undefined : parseExact(fields.price);
  if (kind === "limit" && (price === undefined || price <= 0n || price % tickAt(listing, price) !== 0n)) {
    return parameterError(context, "Price Invalid");
  }
  const index = Number(fields.positionIdx ?? "0");
  if (index !== 0 && index !== 1 && index !== 2) return parameterError(context, "PositionIdx Invalid");
  const reduceOnly = fields.reduceOnly === "true";
  const closeOnTrigger = fields.closeOnTrigger === "true";
  const closable = account.positions.closable(listing.symbol, index, side);
  const qty = qtyOf(context, listing, { kind, closable, reduceOnly, closeOnTrigger });
  if (typeof qty !== "bigint") return qty;
  const closes = reduceOnly || (index > 0 && (index === 1) === (side === "sell"));
  const mark = account.markOf(listing.symbol, nowMs);
  if (!closes && times(qty, price ?? mark) < exact(listing.notionalMin))
    return bybitError(context.request, 110094);
  if (!closes && listing.delistAtMs !== undefined && qty > closable)
    return bybitError(context.request, 30228);
  return { listing, side, kind, timeInForce, price, qty, reduceOnly, closeOnTrigger, positionIndex: index };
}

interface QtyRules {
  readonly kind: "market" | "limit";
  readonly closable: Exact;
  readonly reduceOnly: boolean;
  readonly closeOnTrigger: boolean;
}

/** Zero with both flags closes everything, up to the largest market order. */
function qtyOf(context: RouteContext, listing: SimListing, rules: QtyRules): Exact | WireReply {
  const qty = parseExact(context.request.fields.qty);
  if (qty === undefined || qty < 0n) return parameterError(context, "Qty Invalid");
  const max = rules.kind === "market" ? marketQtyMax(listing) : exactOf(listing.qtyMax, 8);
  if (qty === 0n) {
    if (!rules.reduceOnly) return parameterError(context, "Qty Invalid");
    if (!rules.closeOnTrigger || rules.closable === 0n) return bybitError(context.request, 110017);
    return smaller(rules.closable, max);
  }
  if (qty % lotOf(listing) !== 0n) return parameterError(context, "Qty Invalid");
  if (qty < exactOf(listing.qtyMin, 8)) {
    return bybitError(context.request, 10001, "The number of contracts below minimum limit allowed");
  }
  if (qty > max) {
    return bybitError(context.request, 10001, "The number of contracts exceeds maximum limit allowed");
  }
  return qty;
}

function cancelAnswer(context: RouteContext): WireReply {
  const { fields, nowMs } = context.request;
  const listing = listingOf(context);
  if (isReply(listing)) return listing;
  const account = userOf(context).bybit;
  const order = fields.orderId
    ? account.orders.byId(fields.orderId)
    : account.orders.byClient(fields.orderLinkId ?? "");
  if (order === undefined || order.symbol !== listing.symbol || !account.cancel(order, nowMs)) {
    return bybitError(context.request, 110001);
  }
  return envelope(nowMs, { orderId: order.orderId, orderLinkId: order.clientId ?? "" });
}

/** Orders a request names by id, by the client's id, by symbol or by settle coin; newest last. */
function wanted(context: RouteContext): readonly SimOrder[] | WireReply {
  const { fields, nowMs } = context.request;
  if (fields.category !== "linear") return parameterError(context, "Category Invalid");
  const { orders } = userOf(context).bybit;
  const named = fields.orderId
    ? orders.byId(fields.orderId)
    : fields.orderLinkId
      ? orders.byClient(fields.orderLinkId)
      : undefined;
  const all = fields.orderId || fields.orderLinkId ? (named === undefined ? [] : [named]) : orders.all;
  const seen = all.filter((order) => nowMs >= order.visibleAtMs || order.hiddenAs === "open");
  return seen.filter(
    (order) =>
      (!fields.symbol || order.symbol === fields.symbol) &&
      (!fields.settleCoin || fields.settleCoin === "USDT") &&
      (!fields.orderId || order.orderId === fields.orderId) &&
      (!fields.orderLinkId || order.clientId === fields.orderLinkId),
  );
}

const CLOSED_KEPT = 500;

/** Open orders; one that is named, or `openOnly` 1, is found among the latest 500 that ended as well. */
function realtimeAnswer(context: RouteContext): WireReply {
  const { fields, nowMs } = context.request;
  if (!fields.symbol && !fields.settleCoin && !fields.baseCoin) {
    return parameterError(context, "symbol, settleCoin or baseCoin is required");
  }
  const found = wanted(context);
  if (isReply(found)) return found;
  const named = Boolean(fields.orderId || fields.orderLinkId);
  const closed = found.filter((order) => !isOpen(order, nowMs)).slice(-CLOSED_KEPT);
  const open = found.filter((order) => isOpen(order, nowMs));
  const page = pageOf(context, named ? [...open, ...closed] : fields.openOnly === "1" ? closed : open, {
    usual: 20,
    max: 50,
  });
  return isReply(page) ? page : orderList(context, page.rows, page.nextPageCursor);
}

function historyAnswer(context: RouteContext, { bybit }: Switches): WireReply {
  const { nowMs } = context.request;
  const found = wanted(context);
  if (isReply(found)) return found;
  const span = spanOf(context);
  if (isReply(span)) return span;
  const lagMs = Math.max(0, bybit.historyAfterMs - bybit.visibleAfterMs);
  const ended = found.filter(
    (order) =>
      order.state !== "open" &&
      nowMs >= Math.max(order.visibleAtMs + lagMs, order.updatedAtMs) &&
      order.createdAtMs >= span.fromMs &&
      order.createdAtMs <= span.toMs,
  );
  const page = pageOf(context, ended, { usual: 20, max: 50 });
  return isReply(page) ? page : orderList(context, page.rows, page.nextPageCursor);
}

function orderList(context: RouteContext, orders: readonly SimOrder[], nextPageCursor: string): WireReply {
  const { nowMs } = context.request;
  const list = orders.map((order) => orderRow(order, context.listings.get(order.symbol), nowMs));
  return envelope(nowMs, { list, nextPageCursor, category: "linear" });
}

const isOpen = (order: SimOrder, nowMs: number) => order.state === "open" || nowMs < order.visibleAtMs;

function statusOf(order: SimOrder, nowMs: number): string {
  if (nowMs < order.visibleAtMs) return "New";
  if (order.state === "open") return order.filledQty > 0n ? "PartiallyFilled" : "New";
  return order.state === "done" ? "Filled" : "Cancelled";
}

function rejectReasonOf(order: SimOrder, status: string): string {
  if (status !== "Cancelled") return "EC_NoError";
  if (order.timeInForce === "post-only") return "EC_PostOnlyWillTakeLiquidity";
  return order.timeInForce === "gtc" ? "EC_PerCancelRequest" : "EC_NoImmediateQtyToFill";
}

export function orderRow(order: SimOrder, listing: SimListing | undefined, nowMs: number): object {
  const status = statusOf(order, nowMs);
  const early = nowMs < order.visibleAtMs;
  const [filledQty, filledQuote, fee] = early
    ? [0n, 0n, 0n]
    : [order.filledQty, order.filledQuote, order.paidFee];
  const decimals = lotDecimals(listing);
  const qty = (value: Exact) => fixed(value, decimals);
  const left = status === "Filled" || status === "Cancelled" ? 0n : order.qty! - filledQty;
  const feeDetail = fee === 0n ? {} : { [order.fills[0]!.feeAsset]: textOf(fee) };
  return {
    orderId: order.orderId,
    orderLinkId: order.clientId ?? "",
    blockTradeId: "",
    symbol: order.symbol,
    price: textOf(order.price ?? 0n),
    qty: qty(order.qty!),
    side: order.side === "buy" ? "Buy" : "Sell",
    isLeverage: "",
    positionIdx: order.positionIndex,
    orderStatus: status,
    cancelType: status === "Cancelled" && order.timeInForce === "gtc" ? "CancelByUser" : "UNKNOWN",
    rejectReason: rejectReasonOf(order, status),
    avgPrice: filledQty === 0n ? "" : textOf(averageOf(filledQuote, filledQty)),
    leavesQty: qty(left),
    leavesValue: textOf(times(left, order.price ?? 0n)),
    cumExecQty: qty(filledQty),
    cumExecValue: textOf(filledQuote),
    cumExecFee: textOf(fee),
    timeInForce: TIME_TEXTS[order.timeInForce],
    orderType: order.kind === "limit" ? "Limit" : "Market",
    stopOrderType: "UNKNOWN",
    orderIv: "",
    triggerPrice: "0.00",
    takeProfit: "0.00",
    stopLoss: "0.00",
    tpTriggerBy: "UNKNOWN",
    slTriggerBy: "UNKNOWN",
    triggerDirection: 0,
    triggerBy: "UNKNOWN",
    lastPriceOnCreated: "",
    reduceOnly: order.reduceOnly,
    closeOnTrigger: order.closeOnTrigger,
    smpType: "None",
    smpGroup: 0,
    smpOrderId: "",
    tpslMode: "",
    tpLimitPrice: "",
    slLimitPrice: "",
    placeType: "",
    createdTime: String(order.createdAtMs),
    updatedTime: String(order.updatedAtMs),
    cumFeeDetail: feeDetail,
  };
}

const TIME_TEXTS: Readonly<Record<TimeInForce, string>> = {
  gtc: "GTC",
  ioc: "IOC",
  fok: "FOK",
  "post-only": "PostOnly",
};

/** Average price to eight decimals. */
export function averageOf(quote: Exact, qty: Exact): Exact {
  return exact(fixed(over(quote, qty), 8));
}
