// Upbit's private side: accounts, rules, orders. Matching is asynchronous there: the answer to an order shows it
// unfilled, and the fill has to be looked up. A client's `identifier` is used up for ever by the first request that
// names it, even one that is refused.

import { domesticError, instantOf } from "./domestic.ts";
import type { KeyErrors } from "./domestic-auth.ts";
import { type BrokenRule, readOrder } from "./domestic-orders.ts";
import { accountRows, chanceRow, keysAnswer, type ListQuery, listed, orderRow } from "./domestic-rows.ts";
import type { SimOrder } from "./orders.ts";
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

export const UPBIT_KEY_ERRORS: KeyErrors = {
  revoked: [401, "invalid_access_key", "잘못된 엑세스 키입니다."],
  expired: [401, "expired_access_key", "만료된 API 키입니다."],
  address: [401, "no_authorization_ip", "This is not a verified IP."],
  permission: [403, "out_of_scope", "권한이 부족합니다."],
};

/** HTTP status and text by error.name, for refusals on request. */
const ERRORS: Readonly<Record<string, readonly [status: number, message: string]>> = {
  insufficient_funds_bid: [400, "주문가능한 금액(KRW)이 부족합니다."],
  insufficient_funds_ask: [400, "주문가능한 수량이 부족합니다."],
  under_min_total_bid: [400, "최소주문금액 이상으로 주문해주세요"],
  under_min_total_ask: [400, "최소주문금액 이상으로 주문해주세요"],
  invalid_price_bid: [400, "주문가격 단위를 잘못 입력하셨습니다. 확인 후 시도해주세요."],
  invalid_price_ask: [400, "주문가격 단위를 잘못 입력하셨습니다. 확인 후 시도해주세요."],
  create_bid_error: [400, "매수 주문 요청 정보가 올바르지 않습니다."],
  create_ask_error: [400, "매도 주문 요청 정보가 올바르지 않습니다."],
  validation_error: [400, "잘못된 API 요청입니다. 누락된 파라미터가 없는지 확인해주세요."],
  volume_too_large: [400, "주문 가능한 최대 금액을 초과했습니다."],
  market_does_not_exist: [404, "해당 마켓이 존재하지 않습니다."],
  order_not_found: [404, "주문을 찾지 못했습니다."],
  too_many_requests: [429, "Too many API requests."],
  jwt_verification: [401, "Jwt 토큰 검증에 실패했습니다."],
  invalid_query_payload: [401, "Jwt의 query를 검증하는데 실패하였습니다."],
  invalid_access_key: [401, "잘못된 엑세스 키입니다."],
  expired_access_key: [401, "만료된 API 키입니다."],
  nonce_used: [401, "이미 요청한 nonce값이 다시 사용되었습니다."],
  no_authorization_ip: [401, "This is not a verified IP."],
  no_authorization_token: [401, "인증 토큰이 없습니다."],
  out_of_scope: [403, "권한이 부족합니다."],
};

/** Refuses by name; a name not in the table is a 400. */
export function upbitError(name: string, message?: string, status?: number): WireReply {
  const known = ERRORS[name];
  return domesticError(status ?? known?.[0] ?? 400, name, message ?? known?.[1] ?? "잘못된 요청입니다.");
}

export function upbitNoFunds(request: WireRequest): WireReply {
  return upbitError(`insufficient_funds_${sideOf(request.fields) === "sell" ? "ask" : "bid"}`);
}

export function upbitPrivateRoutes(environment: VenueEnvironment): [string, Route][] {
  const { matching, switches } = environment;
  const burned = new Map<string, Set<string>>();
  const signed = { group: "default", signed: true } as const;
  const trading = { signed: true, trades: true } as const;
  const place = (context: RouteContext, dryRun: boolean): WireReply => {
    const { request, plan, refusal } = context;
    const { identifier } = request.fields;
    const user = userOf(context);
    const account = user.upbit;
    if (refusal !== undefined && !usesUp(refusal)) return refusal;
    if (!dryRun) {
      account.orders.request(identifier);
      if (identifier !== undefined && !burn(burned, user.apiKey, identifier)) {
        return upbitError(switches.upbit.duplicateIdentifierName, "이미 사용된 identifier입니다.");
      }
    }
    if (refusal !== undefined) return refusal;
    const asked = readOrder(context, "ord_type", matching);
    if (typeof asked === "string") return brokenRule(asked, request);
    if (dryRun) {
      const { asset, held } = account.needOf(asked);
      if (held > account.ledger.available(asset)) return upbitNoFunds(request);
      return json(dryRunRow(request, textNow(request.nowMs)), 201);
    }
    const order = account.place({ ...asked, clientId: identifier, plan }, request.nowMs);
    if (order === undefined) return upbitNoFunds(request);
    return json(orderRow(order, { asPlaced: true, state: "wait", idName: "identifier" }), 201);
  };
  return [
    [
      "POST /v1/orders",
      { ...trading, group: "order", places: true, answer: (context) => place(context, false) },
    ],
    [
      "POST /v1/orders/test",
      { ...trading, group: "order-test", places: true, answer: (context) => place(context, true) },
    ],
    ["GET /v1/order", { ...signed, answer: lookupAnswer }],
    ["DELETE /v1/order", { ...trading, group: "default", answer: cancelAnswer }],
    ["GET /v1/orders/open", { ...signed, answer: (context) => listAnswer(context, ["wait", "watch"]) }],
    ["GET /v1/orders/closed", { ...signed, answer: (context) => listAnswer(context, ["done", "cancel"]) }],
    ["GET /v1/orders/uuids", { ...signed, answer: byIdsAnswer }],
    ["GET /v1/orders/chance", { ...signed, answer: chanceAnswer }],
    ["GET /v1/accounts", { ...signed, answer: (context) => json(accountRows(userOf(context).upbit)) }],
    ["GET /v1/api_keys", { ...signed, answer: keysAnswer("upbit") }],
  ];
}

/** Refusals of the gateway come before anything is noted. */
function usesUp({ status }: WireReply): boolean {
  return status < 500 && ![401, 418, 429].includes(status);
}

/** False when it was used before. */
function burn(burned: Map<string, Set<string>>, apiKey: string, identifier: string): boolean {
  const used = burned.get(apiKey) ?? new Set();
  burned.set(apiKey, used);
  if (used.has(identifier)) return false;
  used.add(identifier);
  return true;
}

function brokenRule(rule: BrokenRule, request: WireRequest): WireReply {
  const side = sideOf(request.fields) === "sell" ? "ask" : "bid";
  switch (rule) {
    case "market":
      return upbitError("market_does_not_exist");
    case "missing":
      return upbitError("validation_error");
    case "mix":
      return upbitError(`create_${side}_error`);
    case "price":
      return upbitError(`invalid_price_${side}`);
    case "minimum":
      return upbitError(`under_min_total_${side}`);
    case "maximum":
      return upbitError("volume_too_large");
  }
}

function textNow(nowMs: number): string {
  return `${new Date(nowMs + 9 * 3_600_000).toISOString().slice(0, 19)}+09:00`;
}

/** A dry run answers like an order that nothing happens to. */
function dryRunRow({ fields }: WireRequest, createdAt: string): object {
  return {
    uuid: "00000000-0000-4000-a000-000000000000",
    side: fields.side,
    ord_type: fields.ord_type,
    ...(fields.price !== undefined && { price: fields.price }),
    state: "wait",
    market: fields.market,
    created_at: createdAt,
    volume: fields.volume ?? null,
    remaining_volume: fields.volume ?? null,
    reserved_fee: "0",
    remaining_fee: "0",
    paid_fee: "0",
    locked: "0",
    executed_volume: "0",
    trades_count: 0,
    ...(fields.identifier !== undefined && { identifier: fields.identifier }),
  };
}

const stateOf = ({ state }: SimOrder) => (state === "open" ? "wait" : state === "done" ? "done" : "cancel");

/** The order a lookup finds; an identifier counts only without a uuid. */
function found({ request, ...context }: RouteContext): SimOrder | undefined {
  const { uuid, identifier } = request.fields;
  const { orders } = userOf({ request, ...context }).upbit;
  const order = uuid ? orders.byId(uuid) : orders.byClient(identifier ?? "");
  if (order === undefined) return undefined;
  return request.nowMs < order.visibleAtMs && order.hiddenAs === "absent" ? undefined : order;
}

function printed(
  order: SimOrder,
  nowMs: number,
  style: { withTrades?: boolean; withFunds?: boolean },
): object {
  const asPlaced = nowMs < order.visibleAtMs;
  return orderRow(order, {
    ...style,
    asPlaced,
    state: asPlaced ? "wait" : stateOf(order),
    idName: "identifier",
  });
}

function lookupAnswer(context: RouteContext): WireReply {
  const { uuid, identifier } = context.request.fields;
  if (!uuid && !identifier) return upbitError("validation_error");
  const order = found(context);
  if (order === undefined) return upbitError("order_not_found");
  return json(printed(order, context.request.nowMs, { withTrades: true }));
}

/** The reply shows the order before it is cancelled. */
function cancelAnswer(context: RouteContext): WireReply {
  const { uuid, identifier } = context.request.fields;
  if (!uuid && !identifier) return upbitError("validation_error");
  const order = found(context);
  if (order === undefined || order.state !== "open") return upbitError("order_not_found");
  const row = printed(order, context.request.nowMs, {});
  userOf(context).upbit.cancel(order, context.request.nowMs);
  return json(row);
}

function listAnswer(context: RouteContext, allowed: readonly string[]): WireReply {
  const { fields, query, nowMs } = context.request;
  const asked = [...valuesOf(query, "states"), ...valuesOf(query, "state")];
  const limit = wholeNumber(fields.limit) ?? 100;
  const page = wholeNumber(fields.page) ?? 1;
  const startMs = instant(fields.start_time) ?? 0;
  const endMs = instant(fields.end_time) ?? nowMs;
  if (!(limit >= 1 && limit <= 1_000 && page >= 1) || Number.isNaN(startMs) || Number.isNaN(endMs)) {
    return upbitError("validation_error");
  }
  const states = asked.length === 0 ? allowed : asked.filter((state) => allowed.includes(state));
  const oldestFirst = fields.order_by === "asc";
  const wanted: ListQuery = { market: fields.market, states, startMs, endMs, limit, page, oldestFirst };
  const visible = userOf(context).upbit.orders.all.filter((order) => nowMs >= order.visibleAtMs);
  return json(listed(visible, wanted, stateOf).map((order) => printed(order, nowMs, { withFunds: true })));
}

function instant(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  return /^\d+$/.test(text) ? Number(text) : instantOf(text, 0);
}

function byIdsAnswer(context: RouteContext): WireReply {
  const { query, nowMs } = context.request;
  const [uuids, identifiers] = [valuesOf(query, "uuids"), valuesOf(query, "identifiers")];
  if ((uuids.length === 0) === (identifiers.length === 0)) return upbitError("validation_error");
  const { orders } = userOf(context).upbit;
  const all =
    uuids.length > 0 ? uuids.map((id) => orders.byId(id)) : identifiers.map((id) => orders.byClient(id));
  const rows = all.flatMap((order) =>
    order === undefined || nowMs < order.visibleAtMs ? [] : printed(order, nowMs, { withFunds: true }),
  );
  return json(rows);
}

function chanceAnswer(context: RouteContext): WireReply {
  const listing = context.listings.get(context.request.fields.market ?? "");
  if (listing === undefined) return upbitError("market_does_not_exist");
  return json(chanceRow(userOf(context).upbit, listing));
}
