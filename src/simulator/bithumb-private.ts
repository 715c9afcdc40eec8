// Bithumb's private side (API 2.0). Placing answers with an id and nothing of the fill; the first lookups of an order
// may get 422 order_not_ready, which means that it exists; an order that ends at once reads `done` though it filled in
// part. Orders are placed by `order_type` on /v2, and by `ord_type` on the older /v1.

import { domesticError, instantOf, KST_OFFSET_MS, missingParameter } from "./domestic.ts";
import type { KeyErrors } from "./domestic-auth.ts";
import { type BrokenRule, readOrder } from "./domestic-orders.ts";
import { accountRows, chanceRow, keysAnswer, kstText, listed, orderRow, typeText } from "./domestic-rows.ts";
import type { SimOrder } from "./orders.ts";
import type { Switches } from "./switches.ts";
import {
  json,
  type Route,
  type RouteContext,
  sideOf,
  userOf,
  type VenueEnvironment,
  valuesOf,
  type WireReply,
  type WireRequest,
  wholeNumber,
} from "./wire.ts";

export const BITHUMB_KEY_ERRORS: KeyErrors = {
  revoked: [401, "invalid_access_key", "잘못된 엑세스 키입니다."],
  expired: [401, "expired_access_key", "만료된 API 키입니다."],
  address: [401, "NotAllowIP", "허용되지 않은 IP입니다."],
  permission: [401, "out_of_scope", "권한이 부족합니다."],
};

/** HTTP status and text by error.name, for refusals on request. */
const ERRORS: Readonly<Record<string, readonly [status: number, message: string]>> = {
  invalid_parameter: [400, "잘못된 파라미터입니다."],
  under_price_limit_bid: [400, "최소 주문 금액 미만입니다."],
  under_price_limit_ask: [400, "최소 주문 금액 미만입니다."],
  under_min_total_bid: [400, "최소 주문 금액 미만입니다."],
  under_min_total_ask: [400, "최소 주문 금액 미만입니다."],
  invalid_price: [400, "주문 가격 단위가 올바르지 않습니다."],
  invalid_price_bid: [400, "주문 가격 단위가 올바르지 않습니다."],
  invalid_price_ask: [400, "주문 가격 단위가 올바르지 않습니다."],
  cross_trading: [400, "자전거래 위험이 있는 주문입니다."],
  insufficient_funds_bid: [400, "주문 가능한 금액(KRW)이 부족합니다."],
  insufficient_funds_ask: [400, "주문 가능한 수량이 부족합니다."],
  jwt_verification: [401, "Jwt 토큰 검증에 실패했습니다."],
  invalid_query_payload: [401, "Jwt의 query를 검증하는데 실패하였습니다."],
  expired_jwt: [401, "만료된 토큰입니다."],
  NotAllowIP: [401, "허용되지 않은 IP입니다."],
  out_of_scope: [401, "권한이 부족합니다."],
  blocked_member_id: [403, "차단된 회원입니다."],
  order_not_found: [404, "주문을 찾을 수 없습니다."],
  order_not_ready: [422, "주문이 아직 접수 중입니다."],
  too_many_requests: [429, "Too many requests."],
};

/** Refuses by name; a name not in the table is a 400. */
export function bithumbError(name: string, message?: string, status?: number): WireReply {
  const known = ERRORS[name];
  return domesticError(status ?? known?.[0] ?? 400, name, message ?? known?.[1] ?? "잘못된 요청입니다.");
}

export function bithumbNoFunds(request: WireRequest): WireReply {
  return bithumbError(`insufficient_funds_${sideOf(request.fields) === "sell" ? "ask" : "bid"}`);
}

export function bithumbPrivateRoutes(environment: VenueEnvironment): [string, Route][] {
  const { matching, switches } = environment;
  const other = { group: "private-other", signed: true } as const;
  const cancel = { group: "private-cancel", signed: true, trades: true } as const;
  const order = { group: "private-order", signed: true, trades: true, places: true } as const;
  const place = (context: RouteContext, old: boolean): WireReply => {
    const { request, plan, refusal } = context;
    const account = userOf(context).bithumb;
    const clientId = old ? undefined : request.fields.client_order_id;
    account.orders.request(clientId);
    if (refusal !== undefined) return refusal;
    if (clientId !== undefined && !/^[A-Za-z0-9_-]{1,36}$/.test(clientId))
      return bithumbError("invalid_parameter");
    const earlier = clientId === undefined ? undefined : account.orders.byClient(clientId);
    if (earlier !== undefined) {
      if (switches.bithumb.duplicateClientId === "existing") return json(placedRow(earlier));
      return bithumbError(switches.bithumb.duplicateClientIdName, "이미 사용된 client_order_id입니다.");
    }
    const asked = readOrder(context, old ? "ord_type" : "order_type", matching);
    if (typeof asked === "string") return brokenRule(asked, request, switches);
    const { notReadyLookups } = switches.bithumb;
    const placed = account.place({ ...asked, clientId, plan, notReadyLookups }, request.nowMs);
    if (placed === undefined) return bithumbNoFunds(request);
    return json(old ? printed(placed, switches, true) : placedRow(placed), 201);
  };
  return [
    ["POST /v2/orders", { ...order, answer: (context) => place(context, false) }],
    ["POST /v1/orders", { ...order, answer: (context) => place(context, true) }],
    ["GET /v1/order", { ...other, answer: (context) => lookupAnswer(context, switches) }],
    ["DELETE /v2/order", { ...cancel, answer: (context) => cancelAnswer(context, switches, false) }],
    ["DELETE /v1/order", { ...cancel, answer: (context) => cancelAnswer(context, switches, true) }],
    ["GET /v1/orders", { ...other, answer: (context) => listAnswer(context, switches, ["wait"], false) }],
    [
      "GET /v2/orders/pending",
      { ...other, answer: (context) => listAnswer(context, switches, ["wait"], true) },
    ],
    [
      "GET /v2/orders/history",
      { ...other, answer: (context) => listAnswer(context, switches, ["done", "cancel"], true) },
    ],
    ["GET /v1/orders/chance", { ...other, answer: chanceAnswer }],
    ["GET /v1/accounts", { ...other, answer: (context) => json(accountRows(userOf(context).bithumb)) }],
    ["GET /v1/api_keys", { ...other, answer: keysAnswer("bithumb") }],
  ];
}

function brokenRule(rule: BrokenRule, request: WireRequest, switches: Switches): WireReply {
  const side = sideOf(request.fields) === "sell" ? "ask" : "bid";
  switch (rule) {
    case "missing":
      return missingParameter();
    case "price":
      return bithumbError(`invalid_price_${side}`);
    case "minimum":
      return bithumbError(`${switches.bithumb.minimumName}_${side}`);
    default:
      return bithumbError("invalid_parameter");
  }
}

function placedRow(order: SimOrder): object {
  return {
    order_id: order.orderId,
    market: order.symbol,
    side: order.side === "buy" ? "bid" : "ask",
    order_type: typeText(order),
    created_at: kstText(order.createdAtMs),
    stp_type: "cancel_taker",
    ...(order.clientId !== undefined && { client_order_id: order.clientId }),
  };
}

/** What ended at once reads `done` as soon as anything filled. */
export function stateOf(order: SimOrder, switches: Switches): string {
  if (order.state === "open") return "wait";
  if (order.state === "done") return "done";
  if (order.filledQty === 0n || order.timeInForce === "gtc") return "cancel";
  return order.kind === "money" ? switches.bithumb.residueState : "done";
}

export function cancelType(order: SimOrder): string | undefined {
  if (order.state !== "cancelled") return undefined;
  return order.timeInForce === "gtc" ? "user_cancel" : "tif_cancel";
}

function printed(order: SimOrder, switches: Switches, asPlaced: boolean, withTrades = false): object {
  const state = asPlaced ? "wait" : stateOf(order, switches);
  const ended = asPlaced ? undefined : cancelType(order);
  return {
    ...orderRow(order, { asPlaced, state, withTrades: false, withFunds: true, idName: "client_order_id" }),
    stp_type: "cancel_taker",
    ...(ended !== undefined && { cancel_type: ended }),
    ...(withTrades && orderTrades(order, asPlaced)),
  };
}

function orderTrades(order: SimOrder, asPlaced: boolean): object {
  const row = orderRow(order, { asPlaced, state: "", withTrades: true, idName: "client_order_id" });
  return { trades: (row as { trades: object[] }).trades };
}

function found(context: RouteContext): SimOrder | undefined {
  const { uuid, order_id: orderId, client_order_id: clientId } = context.request.fields;
  const { orders } = userOf(context).bithumb;
  const id = uuid || orderId;
  return id ? orders.byId(id) : orders.byClient(clientId ?? "");
}

function lookupAnswer(context: RouteContext, switches: Switches): WireReply {
  const { uuid, client_order_id: clientId } = context.request.fields;
  if (!uuid && !clientId) return missingParameter();
  const order = found(context);
  if (order === undefined) return bithumbError("order_not_found");
  const hidden = context.request.nowMs < order.visibleAtMs;
  if (order.notReadyLeft > 0 || (hidden && order.hiddenAs === "absent")) {
    order.notReadyLeft = Math.max(0, order.notReadyLeft - 1);
    return bithumbError("order_not_ready");
  }
  return json(printed(order, switches, hidden, true));
}

function cancelAnswer(context: RouteContext, switches: Switches, old: boolean): WireReply {
  const order = found(context);
  if (order === undefined || order.state !== "open") return bithumbError("order_not_found");
  const row = printed(order, switches, false);
  userOf(context).bithumb.cancel(order, context.request.nowMs);
  if (old) return json(row);
  return json({
    order_id: order.orderId,
    created_at: kstText(order.createdAtMs),
    ...(order.clientId !== undefined && { client_order_id: order.clientId }),
  });
}

function listAnswer(
  context: RouteContext,
  switches: Switches,
  allowed: readonly string[],
  newer: boolean,
): WireReply {
  const { fields, query, nowMs } = context.request;
  const asked = [...valuesOf(query, "states"), ...valuesOf(query, "state")];
  const limit = wholeNumber(fields.limit) ?? 100;
  const page = wholeNumber(fields.page) ?? 1;
  const startMs = instant(fields.start_time ?? fields.from) ?? 0;
  const endMs = instant(fields.end_time ?? fields.to) ?? nowMs;
  if (!(limit >= 1 && limit <= 100 && page >= 1) || Number.isNaN(startMs) || Number.isNaN(endMs)) {
    return bithumbError("invalid_parameter");
  }
  // The older list shows any state it is asked for.
  const possible = newer ? allowed : ["wait", "watch", "done", "cancel"];
  const states = asked.length === 0 ? allowed : asked.filter((state) => possible.includes(state));
  const { orders } = userOf(context).bithumb;
  const ids = [...valuesOf(query, "uuids"), ...valuesOf(query, "order_ids")];
  const visible = orders.all.filter(
    (order) => nowMs >= order.visibleAtMs && (ids.length === 0 || ids.includes(order.orderId)),
  );
  const oldestFirst = fields.order_by === "asc";
  const wanted = { market: fields.market, states, startMs, endMs, limit, page, oldestFirst };
  const rows = listed(visible, wanted, (order) => stateOf(order, switches));
  return json(rows.map((order) => printed(order, switches, false)));
}

/** Without a zone it is Korean time. */
function instant(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  return /^\d+$/.test(text) ? Number(text) : instantOf(text, KST_OFFSET_MS);
}

function chanceAnswer(context: RouteContext): WireReply {
  const { market } = context.request.fields;
  if (market === undefined) return missingParameter();
  const listing = context.listings.get(market);
  if (listing === undefined) return bithumbError("invalid_parameter");
  return json(chanceRow(userOf(context).bithumb, listing));
}
