// Bybit (v5, linear USDT perpetuals, unified account) as a trading venue: own signed requests; ccxt would hide the
// codes, cut quantities and open calls of its own (docs/trading-venues.md).
// The account's position mode is learned before the first order of a symbol and never changed.

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
import { BybitAccount } from "./account.ts";
import {
  type BybitExecution,
  type BybitOrder,
  parseExecutions,
  parseOrders,
  placedId,
} from "./order-parse.ts";
import { bybitRules } from "./refusals.ts";
import { LINEAR, posting, reading, readingNow, readPages } from "./wire.ts";

/** Per account: orders, reads (of each endpoint; we count them together) and what is slower still. */
export const BYBIT_ACCOUNT_LIMITS = {
  order: [{ capacity: 10, windowMs: 1_000 }],
  read: [{ capacity: 50, windowMs: 1_000 }],
  slow: [{ capacity: 5, windowMs: 1_000 }],
} as const;

export class BybitTrading extends BybitAccount implements PerpetualVenue {
  async place(order: VenueOrder, timeoutMs: number, options?: PlaceOptions): Promise<PlaceOutcome> {
    const { caller, offset } = this.parts;
    const prepared = await preparePerpOrder(order, timeoutMs, {
      caller,
      offset,
      mode: (leftMs) => this.positionMode(order.symbol, leftMs),
    });
    if (prepared.kind === "unsent") return prepared;
    const result = await caller.call(
      {
        ...posting("/v5/order/create", orderParams(order, prepared.positionMode)),
        group: "order",
        urgent: options?.urgent ?? true,
        isOrder: true,
        ...(options?.mayStillSend && { mayStillSend: options.mayStillSend }),
      },
      prepared.leftMs,
    );
    if (result.kind === "unsent") return result;
    const outcome = placeOutcome(result, bybitRules(order), placedId);
    notePlaced(this.parts, order, outcome);
    if (outcome.kind === "rejected" && outcome.rejection.kind === "mode")
      this.positionModes.delete(order.symbol);
    return outcome;
  }

  async lookup(
    ref: { readonly symbol: string; readonly clientOrderId: string },
    timeoutMs: number,
  ): Promise<LookupOutcome> {
    const { caller } = this.parts;
    const deadlineMs = caller.clock.monotonicMs() + timeoutMs;
    const leftMs = () => deadlineMs - caller.clock.monotonicMs();
    try {
      const byId: Params = [LINEAR, ["symbol", ref.symbol], ["orderLinkId", ref.clientOrderId]];
      for (const path of ["/v5/order/realtime", "/v5/order/history"]) {
        const orders = await this.#orders(path, byId, leftMs());
        const order = orders.find(({ orderLinkId }) => orderLinkId === ref.clientOrderId);
        if (order !== undefined) return { kind: "found", order: await this.#withFills(order, leftMs) };
      }
      const executions = (await this.#executions(byId, leftMs)).filter(
        ({ orderLinkId }) => orderLinkId === ref.clientOrderId,
      );
      const [first] = executions;
      if (first === undefined) return { kind: "absent" };
      // It traded, but no list shows the order yet: whether it goes on trading is not known.
      const fills = executions.map(({ fill }) => fill);
      const { orderId: venueOrderId, symbol, side } = first;
      const { clientOrderId } = ref;
      const filledQty = sumOfFills(fills);
      const order = { clientOrderId, venueOrderId, symbol, side, filledQty, fills } as const;
      return { kind: "found", order: { ...order, state: "open", fillsComplete: false } };
    } catch (fault) {
      if (!(fault instanceof VenueReadFault)) throw fault;
      return { kind: "failed", why: fault.message, rejection: fault.rejection };
    }
  }

  async openOrders(symbol: string, options?: ReadOptions): Promise<readonly VenueOrderState[]> {
    const params: Params = [LINEAR, ["symbol", symbol], ["openOnly", "0"], ["limit", "50"]];
    const call = { ...reading("/v5/order/realtime", params), ...hastily(options) };
    const orders = await readPages(this.parts, call, parseOrders);
    return orders.filter(({ state }) => state === "open").map((order) => stateOf(order, []));
  }

  /** A list of orders; that there is no such order may also be said as a refusal. */
  async #orders(path: string, by: Params, timeoutMs: number): Promise<readonly BybitOrder[]> {
    try {
      return (await readOne(this.parts, readingNow(path, by), parseOrders, timeoutMs)).rows;
    } catch (fault) {
      if (fault instanceof VenueReadFault && fault.rejection?.kind === "unknown-order") return [];
      throw fault;
    }
  }

  #executions(by: Params, leftMs: () => number): Promise<BybitExecution[]> {
    return readPages(
      this.parts,
      readingNow("/v5/execution/list", [...by, ["limit", "100"]]),
      parseExecutions,
      leftMs,
    );
  }

  async #withFills(order: BybitOrder, leftMs: () => number): Promise<VenueOrderState> {
    if (order.filledQty.isZero) return stateOf(order, []);
    const byId: Params = [LINEAR, ["symbol", order.symbol], ["orderId", order.orderId]];
    const executions = await this.#executions(byId, leftMs);
    return stateOf(
      order,
      executions.filter(({ orderId }) => orderId === order.orderId).map(({ fill }) => fill),
    );
  }
}

function orderParams(order: VenueOrder, mode: AccountModes["positionMode"]): Params {
  const { symbol, side, qty, limitPrice, clientOrderId, reducesShort } = order;
  return [
    LINEAR,
    ["symbol", symbol],
    ["side", side === "buy" ? "Buy" : "Sell"],
    ["orderType", limitPrice === undefined ? "Market" : "Limit"],
    ["qty", qty.toString()],
    ...(limitPrice === undefined ? [] : [["price", limitPrice.toString()] as const]),
    ["timeInForce", "IOC"],
    // Ours is always the short: index 2 in hedge mode, the only one (0) in one-way mode.
    ["positionIdx", mode === "hedge" ? "2" : "0"],
    ["orderLinkId", clientOrderId],
    ...(reducesShort ? [["reduceOnly", "true"] as const] : []),
  ];
}

function stateOf(order: BybitOrder, fills: readonly VenueFill[]): VenueOrderState {
  const { orderId, orderLinkId, symbol, side, state, filledQty } = order;
  const fillsComplete = sumOfFills(fills).equals(filledQty);
  return {
    clientOrderId: orderLinkId,
    venueOrderId: orderId,
    symbol,
    side,
    state,
    filledQty,
    fills,
    fillsComplete,
  };
}
