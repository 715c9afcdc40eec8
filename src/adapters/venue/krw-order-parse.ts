// What Upbit and Bithumb answer about orders and accounts. Upbit's market buy ends as "cancel" although it filled, and
// Bithumb's part-filled IOC as "done": what happened is in executed_volume and trades, never in the state.
// {"uuid":"9ca0...","side":"ask","ord_type":"limit","price":"4280000.0","state":"done","market":"KRW-BTC",
//  "created_at":"2019-01-04T13:48:09+09:00","remaining_volume":"0.0","paid_fee":"2140.0","executed_volume":"1.0",
//  "trades_count":1,"trades":[{"uuid":"9e8f...","price":"4280000.0","volume":"1.0","funds":"4280000.0"}]}

import * as v from "valibot";
import { Decimal } from "../../domain/decimal.ts";
import type { VenueBalance, VenueFill, VenueOrderState } from "../../ports/trading-venue.ts";
import { aboveZero, absent, amount, instant, parseAs, quantity } from "./amounts.ts";
import { type Body, mapped, name, type Parsed } from "./parsed.ts";

const Trade = v.object({
  uuid: name,
  price: aboveZero,
  volume: aboveZero,
  funds: absent(quantity),
  created_at: absent(instant),
});

const OrderRow = v.pipe(
  v.object({
    uuid: absent(name),
    order_id: absent(name),
    identifier: absent(name),
    client_order_id: absent(name),
    side: v.picklist(["bid", "ask"]),
    state: name,
    market: name,
    created_at: instant,
    remaining_volume: absent(quantity),
    executed_volume: quantity,
    paid_fee: amount,
    trades: absent(v.array(Trade)),
  }),
  v.check((row) => (row.uuid ?? row.order_id) !== undefined, "an order's id"),
);
type OrderRow = v.InferOutput<typeof OrderRow>;

/** One order, with whether its row carried trades at all (lists do not). */
export interface KrwOrder extends VenueOrderState {
  readonly hasTrades: boolean;
}

const FEE_DECIMALS = 8;
/** States in which nothing more can happen. Any other, known or not, may still change. */
const CLOSED = new Set(["done", "cancel"]);

function orderOf(row: OrderRow): KrwOrder {
  const trades = row.trades ?? [];
  const fees = shareFee(
    row.paid_fee,
    trades.map(({ funds, price, volume }) => funds ?? price.times(volume)),
  );
  const fills = trades.map(
    (trade, index): VenueFill => ({
      fillId: trade.uuid,
      price: trade.price,
      qty: trade.volume,
      fee: fees[index]!,
      feeAsset: "KRW",
      realisedUsdt: undefined,
      atMs: trade.created_at ?? row.created_at,
    }),
  );
  return {
    clientOrderId: row.identifier ?? row.client_order_id ?? "",
    venueOrderId: (row.uuid ?? row.order_id)!,
    symbol: row.market,
    side: row.side === "bid" ? "buy" : "sell",
    state: CLOSED.has(row.state) ? "closed" : "open",
    filledQty: row.executed_volume,
    fills,
    fillsComplete: Decimal.sum(fills.map(({ qty }) => qty)).equals(row.executed_volume),
    hasTrades: row.trades !== undefined,
  };
}

/**
 * The fee of the whole order, which is all these venues state, dealt out by the fills' money so that the parts make
 * the whole exactly.
 */
function shareFee(paidFee: Decimal, fundsKrw: readonly Decimal[]): Decimal[] {
  const total = Decimal.sum(fundsKrw);
  let funds = Decimal.ZERO;
  let dealt = Decimal.ZERO;
  return fundsKrw.map((part, index) => {
    funds = funds.plus(part);
    const isLast = index === fundsKrw.length - 1;
    const upTo =
      isLast || total.isZero ? paidFee : paidFee.times(funds).dividedBy(total, FEE_DECIMALS, "down");
    const fee = upTo.minus(dealt);
    dealt = upTo;
    return fee;
  });
}

/** `GET /v1/order`. */
export function parseOrder(body: Body): Parsed<KrwOrder> {
  return mapped(parseAs(OrderRow, body), orderOf);
}

/** The lists of orders, none included; rows carry no trades. */
export function parseOrders(body: Body): Parsed<KrwOrder[]> {
  return mapped(parseAs(v.array(OrderRow), body), (rows) => rows.map(orderOf));
}

const Placed = v.object({ uuid: absent(name), order_id: absent(name) });

/** The id in the reply to a new order; undefined when it has none or cannot be read. */
export function placedId(body: Body): string | undefined {
  const placed = parseAs(Placed, body);
  return placed.ok ? (placed.value.uuid ?? placed.value.order_id) : undefined;
}

const Account = v.object({ currency: name, balance: quantity, locked: quantity });

/** `GET /v1/accounts`; `balance` leaves out what is locked. */
export function parseBalances(body: Body): Parsed<VenueBalance[]> {
  return mapped(parseAs(v.array(Account), body), (rows) =>
    rows.map(({ currency, balance, locked }) => ({ asset: currency, free: balance, locked })),
  );
}

const Side = v.object({ min_total: quantity });
const Chance = v.object({
  bid_fee: quantity,
  ask_fee: quantity,
  market: v.object({
    id: name,
    bid: Side,
    ask: Side,
    max_total: absent(aboveZero),
    state: v.optional(v.string(), "active"),
  }),
});

export interface OrderChance {
  readonly buyFeeRatio: Decimal;
  readonly sellFeeRatio: Decimal;
  readonly notionalMinKrw: Decimal;
  readonly notionalMaxKrw: Decimal | undefined;
  readonly tradable: boolean;
}

/** `GET /v1/orders/chance`: fees and limits as this account has them. */
export function parseChance(body: Body): Parsed<OrderChance> {
  return mapped(parseAs(Chance, body), ({ bid_fee, ask_fee, market }) => ({
    buyFeeRatio: bid_fee,
    sellFeeRatio: ask_fee,
    notionalMinKrw: Decimal.max(market.bid.min_total, market.ask.min_total),
    notionalMaxKrw: market.max_total,
    tradable: market.state === "active",
  }));
}

const KeyRow = v.object({ access_key: name, expire_at: instant });

/** `GET /v1/api_keys`: when each key ends, epoch ms. */
export function parseKeys(body: Body): Parsed<{ accessKey: string; endsAtMs: number }[]> {
  return mapped(parseAs(v.array(KeyRow), body), (rows) =>
    rows.map(({ access_key, expire_at }) => ({ accessKey: access_key, endsAtMs: expire_at })),
  );
}
