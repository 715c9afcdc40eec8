// Binance USD-M futures as a trading venue: own signed requests; ccxt's error classes depend on the address, and it
// retries into bans (docs/trading-venues.md).
// The account's position mode is learned before the first order and never changed. A filled client order id would be
// accepted again: the venue does not protect against a late duplicate, so nothing is ever resent under an id here.

import type {
  AccountModes,
  LookupOutcome,
  PerpetualVenue,
  PlaceOptions,
  PlaceOutcome,
  ReadOptions,
  VenueFill,
  VenueOrder,
  VenueOrderState,
} from "../../../ports/trading-venue.ts";
import { VenueReadFault } from "../../../ports/trading-venue.ts";
import { notePlaced, readOne } from "../clocked-calls.ts";
import { placeOutcome } from "../order-answer.ts";
import { preparePerpOrder, sumOfFills } from "../perp-orders.ts";
import type { Params } from "../signing.ts";
import { hastily } from "../venue-caller.ts";
import { BinanceAccount } from "./account.ts";
import { type BinanceOrder, parseOrder, parseOrders, parseTrades, placedId } from "./order-parse.ts";
import { BINANCE_RULES } from "./refusals.ts";
import { reading, readingNow } from "./wire.ts";

/** Orders per account. */
export const BINANCE_ACCOUNT_LIMITS = {
  order: [
    { capacity: 300, windowMs: 10_000 },
    { capacity: 1_200, windowMs: 60_000 },
  ],
} as const;

/**
 * An order costs the address nothing. It is counted as 1 all the same, so that none is sent into a ban, which would
 * lengthen it.
 */
const ORDER_WEIGHT = 1;
const LOOKUP_WEIGHT = 1;
const LIST_WEIGHT = 5;
const TRADES_MAX = 1_000;

export class BinanceTrading extends BinanceAccount implements PerpetualVenue {
  async place(order: VenueOrder, timeoutMs: number, options?: PlaceOptions): Promise<PlaceOutcome> {
    const { caller, offset } = this.parts;
    const prepared = await preparePerpOrder(order, timeoutMs, {
      caller,
      offset,
      mode: (leftMs) => this.positionMode(leftMs),
    });
    if (prepared.kind === "unsent") return prepared;
    const result = await caller.call(
      {
        method: "POST",
        path: "/fapi/v1/order",
        params: orderParams(order, prepared.positionMode),
        group: "order",
        addressCost: ORDER_WEIGHT,
        urgent: options?.urgent ?? true,
        isOrder: true,
        ...(options?.mayStillSend && { mayStillSend: options.mayStillSend }),
      },
      prepared.leftMs,
    );
    if (result.kind === "unsent") return result;
    const outcome = placeOutcome(result, BINANCE_RULES, placedId);
    notePlaced(this.parts, order, outcome);
    if (outcome.kind === "rejected" && outcome.rejection.kind === "mode") this.knownPositionMode = undefined;
    return outcome;
  }

  async lookup(
    ref: { readonly symbol: string; readonly clientOrderId: string },
    timeoutMs: number,
  ): Promise<LookupOutcome> {
    const { clock } = this.parts.caller;
    const deadlineMs = clock.monotonicMs() + timeoutMs;
    const leftMs = () => deadlineMs - clock.monotonicMs();
    try {
      const order = await this.#find(ref, leftMs);
      if (order === undefined) return { kind: "absent" };
      if (order.symbol !== ref.symbol || order.clientOrderId !== ref.clientOrderId) {
        const why = `expected the order ${ref.clientOrderId} of ${ref.symbol}, was another`;
        return { kind: "failed", why, rejection: undefined };
      }
      return { kind: "found", order: stateOf(order, await this.#fills(order, leftMs)) };
    } catch (fault) {
      if (!(fault instanceof VenueReadFault)) throw fault;
      return { kind: "failed", why: fault.message, rejection: fault.rejection };
    }
  }

  async openOrders(symbol: string, options?: ReadOptions): Promise<readonly VenueOrderState[]> {
    const list = reading("/fapi/v1/openOrders", [["symbol", symbol]], LOOKUP_WEIGHT);
    const call = { ...list, ...hastily(options) };
    const orders = await readOne(this.parts, call, parseOrders);
    return orders.filter(({ state }) => state === "open").map((order) => stateOf(order, []));
  }

  /** By its id, else in the lists of open and of all orders. Throws VenueReadFault. */
  async #find(
    { symbol, clientOrderId }: { readonly symbol: string; readonly clientOrderId: string },
    leftMs: () => number,
  ): Promise<BinanceOrder | undefined> {
    const by: Params = [["symbol", symbol]];
    try {
      const call = readingNow("/fapi/v1/order", [...by, ["origClientOrderId", clientOrderId]], LOOKUP_WEIGHT);
      return await readOne(this.parts, call, parseOrder, leftMs());
    } catch (fault) {
      if (!(fault instanceof VenueReadFault) || fault.rejection?.kind !== "unknown-order") throw fault;
    }
    for (const call of [
      readingNow("/fapi/v1/openOrders", by, LOOKUP_WEIGHT),
      readingNow("/fapi/v1/allOrders", [...by, ["limit", "1000"]], LIST_WEIGHT),
    ]) {
      const orders = await readOne(this.parts, call, parseOrders, leftMs());
      // An id may come again once its order has ended: the newest counts.
      const found = orders.filter((order) => order.clientOrderId === clientOrderId).at(-1);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  async #fills(order: BinanceOrder, leftMs: () => number): Promise<VenueFill[]> {
    if (order.filledQty.isZero) return [];
    const params: Params = [
      ["symbol", order.symbol],
      ["orderId", order.orderId],
      ["limit", String(TRADES_MAX)],
    ];
    const call = readingNow("/fapi/v1/userTrades", params, LIST_WEIGHT);
    const trades = await readOne(this.parts, call, parseTrades, leftMs());
    return trades.filter(({ orderId }) => orderId === order.orderId).map(({ fill }) => fill);
  }
}

function orderParams(order: VenueOrder, mode: AccountModes["positionMode"]): Params {
  const { symbol, side, qty, limitPrice, clientOrderId, reducesShort } = order;
  return [
    ["symbol", symbol],
    ["side", side === "buy" ? "BUY" : "SELL"],
    ["type", limitPrice === undefined ? "MARKET" : "LIMIT"],
    ["quantity", qty.toString()],
    ...(limitPrice === undefined
      ? []
      : ([
          ["price", limitPrice.toString()],
          ["timeInForce", "IOC"],
        ] as const)),
    ["positionSide", mode === "hedge" ? "SHORT" : "BOTH"],
    // Refused in hedge mode, where buying on the short side can only make it smaller.
    ...(reducesShort && mode === "one-way" ? [["reduceOnly", "true"] as const] : []),
    ["newClientOrderId", clientOrderId],
    ["newOrderRespType", "RESULT"],
  ];
}

function stateOf(order: BinanceOrder, fills: readonly VenueFill[]): VenueOrderState {
  const { orderId, clientOrderId, symbol, side, state, filledQty } = order;
  const fillsComplete = sumOfFills(fills).equals(filledQty);
  return { clientOrderId, venueOrderId: orderId, symbol, side, state, filledQty, fills, fillsComplete };
}
