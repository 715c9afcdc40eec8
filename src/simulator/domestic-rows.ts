// What Upbit and Bithumb print of accounts and orders, strings throughout. An order is printed as it is, or as it was
// when it was placed: that is what a venue answers to the placing itself.

import type { SimUser } from "./accounts.ts";
import { exactOf, sizeOf, textOf } from "./exact.ts";
import type { SimFill, SimOrder } from "./orders.ts";
import type { SpotAccount } from "./spot-account.ts";
import { KRW } from "./spot-account.ts";
import type { SimListing } from "./types.ts";
import { json, type RouteContext, userOf, type WireReply } from "./wire.ts";

const KST_OFFSET_MS = 9 * 3_600_000;

/** "2018-04-10T15:42:23+09:00" */
export function kstText(atMs: number): string {
  return `${new Date(atMs + KST_OFFSET_MS).toISOString().slice(0, 19)}+09:00`;
}

/** `/v1/accounts`: KRW and every coin there is something of. */
export function accountRows(account: SpotAccount): object[] {
  const held = account.ledger.assets().filter((asset) => asset === KRW || account.ledger.total(asset) > 0n);
  return held.map((asset) => accountRow(account, asset));
}

export function accountRow(account: SpotAccount, asset: string): object {
  return {
    currency: asset,
    balance: textOf(account.ledger.available(asset)),
    locked: textOf(account.ledger.locked(asset)),
    avg_buy_price: asset === KRW ? "0" : textOf(exactOf(Number(account.averageBuy(asset)) / 1e18, 8)),
    avg_buy_price_modified: asset === KRW,
    unit_currency: KRW,
  };
}

/** `/v1/orders/chance`. Throws nothing: the market must be listed. */
export function chanceRow(account: SpotAccount, listing: SimListing): object {
  const fee = textOf(account.feeRate);
  const types = ["limit"];
  return {
    bid_fee: fee,
    ask_fee: fee,
    maker_bid_fee: fee,
    maker_ask_fee: fee,
    market: {
      id: listing.symbol,
      name: `${listing.base}/${KRW}`,
      order_types: types,
      ask_types: [...types, "market", "best"],
      bid_types: [...types, "price", "best"],
      order_sides: ["ask", "bid"],
      bid: { currency: KRW, price_unit: null, min_total: listing.notionalMin },
      ask: { currency: listing.base, price_unit: null, min_total: listing.notionalMin },
      max_total: "1000000000",
      state: "active",
    },
    bid_account: accountRow(account, KRW),
    ask_account: accountRow(account, listing.base),
  };
}

/** `/v1/api_keys` */
export function keysAnswer(venue: "upbit" | "bithumb"): (context: RouteContext) => WireReply {
  return (context) => {
    const user: SimUser = userOf(context);
    const expireAt = new Date(user.keys[venue].expiresAtMs).toISOString();
    return json([{ access_key: user.apiKey, expire_at: expireAt.replace("Z", "+00:00") }]);
  };
}

export interface OrderRowStyle {
  /** As it was when placed. */
  readonly asPlaced?: boolean;
  readonly state: string;
  readonly withTrades?: boolean;
  /** Lists print what was paid; Bithumb always does. */
  readonly withFunds?: boolean;
  readonly idName: "identifier" | "client_order_id";
}

export function orderRow(order: SimOrder, style: OrderRowStyle): object {
  const { asPlaced = false } = style;
  const filled = asPlaced ? 0n : order.filledQty;
  const paid = asPlaced ? 0n : order.paidFee;
  // What is left of a fee held back is given back when the order ends.
  const feeLeft = asPlaced
    ? order.reservedFee
    : order.state === "open"
      ? order.reservedFee - order.paidFee
      : 0n;
  const price = order.money ?? (order.kind === "limit" ? order.price : undefined);
  return {
    uuid: order.orderId,
    side: order.side === "buy" ? "bid" : "ask",
    ord_type: typeText(order),
    // A market sell has no price, not even null.
    ...(price !== undefined && { price: textOf(price) }),
    state: style.state,
    market: order.symbol,
    created_at: kstText(order.createdAtMs),
    volume: order.qty === undefined ? null : textOf(order.qty),
    remaining_volume: order.qty === undefined ? null : textOf(order.qty - filled),
    reserved_fee: textOf(order.reservedFee),
    remaining_fee: textOf(feeLeft),
    paid_fee: textOf(paid),
    locked: textOf(asPlaced ? order.lockedAtFirst : order.locked),
    executed_volume: textOf(filled),
    ...(style.withFunds && { executed_funds: textOf(asPlaced ? 0n : order.filledQuote) }),
    trades_count: asPlaced ? 0 : order.fills.length,
    ...(timeText(order) !== undefined && { time_in_force: timeText(order) }),
    ...(order.clientId !== undefined && { [style.idName]: order.clientId }),
    // Self trades are not simulated: nothing is ever prevented.
    ...(style.idName === "identifier" && { prevented_volume: "0", prevented_locked: "0" }),
    ...(style.withTrades && { trades: asPlaced ? [] : order.fills.map(tradeRow) }),
  };
}

/** "limit", "price" (a buy by money), "market" (a sell by quantity) or "best". */
export function typeText(order: SimOrder): string {
  if (order.best) return "best";
  return order.kind === "money" ? "price" : order.kind;
}

/** "ioc", "fok" or "post_only". */
export function timeText({ timeInForce, kind, best }: SimOrder): string | undefined {
  if (timeInForce === "gtc" || (kind !== "limit" && !best)) return undefined;
  return timeInForce.replace("-", "_");
}

function tradeRow(fill: SimFill): object {
  return {
    market: fill.symbol,
    uuid: fill.id,
    price: textOf(fill.price),
    volume: textOf(sizeOf(fill.qty)),
    funds: textOf(fill.quote),
    trend: fill.side === "buy" ? "up" : "down",
    created_at: kstText(fill.atMs),
    side: fill.side === "buy" ? "bid" : "ask",
  };
}

export interface ListQuery {
  readonly market: string | undefined;
  readonly states: readonly string[];
  readonly startMs: number;
  readonly endMs: number;
  readonly limit: number;
  readonly page: number;
  readonly oldestFirst: boolean;
}

/** Orders of a list, in the order asked for. */
export function listed(
  orders: readonly SimOrder[],
  query: ListQuery,
  stateOf: (order: SimOrder) => string,
): SimOrder[] {
  const found = orders.filter(
    (order) =>
      (query.market === undefined || order.symbol === query.market) &&
      query.states.includes(stateOf(order)) &&
      order.createdAtMs >= query.startMs &&
      order.createdAtMs <= query.endMs,
  );
  if (!query.oldestFirst) found.reverse();
  return found.slice((query.page - 1) * query.limit, query.page * query.limit);
}
