// One account at a KRW venue: money and coins, orders, fees. A bid holds back its fee on top of its money; what an
// order did not use comes back when it ends. Fees are the venue's share of what filled so far, rounded once.

import type { AccountEvent } from "./account-events.ts";
import { ceilTo, type Exact, exact, floorTo, MONEY_STEP, money, over, times } from "./exact.ts";
import { Ledger, type LedgerReason } from "./ledger.ts";
import type { Matching, SweepRequest, Take } from "./matching.ts";
import {
  IdMaker,
  newOrder,
  type OrderKind,
  type OrderPlan,
  OrderStore,
  type Side,
  type SimFill,
  type SimOrder,
  type TimeInForce,
} from "./orders.ts";
import type { SimListing } from "./types.ts";

export const KRW = "KRW";

export interface SpotRequest {
  readonly listing: SimListing;
  readonly side: Side;
  readonly kind: OrderKind;
  readonly timeInForce: TimeInForce;
  readonly price?: Exact | undefined;
  readonly qty?: Exact | undefined;
  readonly money?: Exact | undefined;
  /** The only price it takes. */
  readonly best?: Exact | undefined;
  readonly clientId?: string | undefined;
  readonly origin?: SimOrder["origin"];
  readonly plan?: OrderPlan;
  /** Lookups the venue answers with "not ready" first. */
  readonly notReadyLookups?: number;
}

export interface SpotAccountParts {
  readonly venue: "upbit" | "bithumb";
  readonly apiKey: string;
  readonly matching: Matching;
  /** A ratio as text: "0.0005". */
  readonly feeRate: string;
  /** The venue's own form of an order's id, from its number and a UUID. */
  orderId(sequence: number, uuid: string): string;
  /** Told of everything that happens to the account. */
  tell(event: AccountEvent): void;
}

export class SpotAccount {
  readonly ledger = new Ledger();
  readonly orders = new OrderStore();
  readonly venue: "upbit" | "bithumb";
  feeRate: Exact;
  private readonly parts: SpotAccountParts;
  private readonly ids: IdMaker;
  private readonly averages = new Map<string, Exact>();
  private readonly listings = new Map<string, SimListing>();

  constructor(parts: SpotAccountParts) {
    this.parts = parts;
    this.venue = parts.venue;
    this.feeRate = exact(parts.feeRate);
    this.ids = new IdMaker(`${parts.venue} ${parts.apiKey}`);
  }

  /** What a request would hold back of which asset; the fee within it. */
  needOf({ listing, side, price, qty, money: cash }: SpotRequest): {
    asset: string;
    held: Exact;
    fee: Exact;
  } {
    if (side === "sell") return { asset: listing.base, held: qty!, fee: 0n };
    const quote = cash ?? times(price!, qty!);
    const fee = feeOn(quote, this.feeRate);
    return { asset: KRW, held: quote + fee, fee };
  }

  /** Places and matches at once. Undefined: not enough of what it takes. */
  place(request: SpotRequest, nowMs: number): SimOrder | undefined {
    const { listing, side, kind, timeInForce, price, qty, plan = {} } = request;
    const need = this.needOf(request);
    if (need.held > this.ledger.available(need.asset)) return undefined;
    const sequence = this.ids.sequence();
    const order = newOrder({
      sequence,
      orderId: this.parts.orderId(sequence, this.ids.uuid(sequence)),
      venue: this.venue,
      symbol: listing.symbol,
      clientId: request.clientId,
      side,
      kind,
      timeInForce,
      price,
      qty,
      money: request.money,
      best: request.best !== undefined,
      origin: request.origin ?? "api",
      feeRate: this.feeRate,
      reservedFee: need.fee,
      held: need.held,
      notReadyLeft: request.notReadyLookups ?? 0,
      plan,
      nowMs,
    });
    this.listings.set(listing.symbol, listing);
    this.setLocked(order, need.held);
    this.orders.add(order);
    this.parts.tell({ kind: "placed", order, atMs: nowMs });
    this.match(order, request, nowMs);
    return order;
  }

  /** Ends an open order. False when it had ended before. */
  cancel(order: SimOrder, nowMs: number): boolean {
    if (order.state !== "open") return false;
    this.end(order, "cancelled", nowMs);
    return true;
  }

  /** Lets resting orders fill whose price the market has reached since. */
  advance(nowMs: number): void {
    for (const order of this.orders.open()) {
      const sweep = { ...this.sweepOf(order, nowMs), limit: order.price, qty: order.qty! - order.filledQty };
      const takes = this.parts.matching.sweep(sweep);
      this.parts.matching.take(sweep, takes);
      // Who rests trades at his own price.
      for (const take of takes) this.fill(order, { price: order.price!, qty: take.qty }, nowMs, true);
      if (order.filledQty === order.qty) this.end(order, "done", nowMs);
    }
  }

  /** Books money in or out that no trade moved. */
  move(asset: string, change: Exact, reason: LedgerReason, nowMs: number): void {
    if (change === 0n) return;
    this.ledger.book(asset, change, reason, nowMs);
    this.parts.tell({ kind: "moved", asset, change, reason, atMs: nowMs });
  }

  /** Average KRW paid per coin held, over what was bought here. */
  averageBuy(asset: string): Exact {
    return this.averages.get(asset) ?? 0n;
  }

  private sweepOf(order: SimOrder, nowMs: number): SweepRequest {
    return { venue: this.venue, symbol: order.symbol, side: order.side, atMs: nowMs };
  }

  private match(order: SimOrder, { plan = {}, best }: SpotRequest, nowMs: number): void {
    const share = exact((plan.fraction ?? 1).toFixed(6));
    const qty = order.qty && floorTo(times(order.qty, share), MONEY_STEP);
    const cash = order.money && floorTo(times(order.money, share), MONEY_STEP);
    const sweep = { ...this.sweepOf(order, nowMs), limit: order.price ?? best, qty, money: cash };
    let takes = this.parts.matching.sweep(sweep);
    const found = takes.reduce((sum, take) => sum + take.qty, 0n);
    if (order.timeInForce === "fok" && order.qty !== undefined && found < order.qty) takes = [];
    const crossing = order.timeInForce === "post-only" && takes.length > 0;
    if (!crossing) {
      this.parts.matching.take(sweep, takes);
      for (const take of takes) this.fill(order, take, nowMs, false);
    }
    const full =
      order.money === undefined ? order.filledQty === order.qty : order.filledQuote === order.money;
    if (full) this.end(order, "done", nowMs);
    else if (crossing || order.timeInForce === "ioc" || order.timeInForce === "fok") {
      this.end(order, "cancelled", nowMs);
    } else if (plan.fraction !== undefined) this.end(order, "cancelled", nowMs);
  }

  private fill(order: SimOrder, { price, qty }: Take, nowMs: number, maker: boolean): void {
    const { side, symbol, orderId } = order;
    const { base } = this.listings.get(symbol)!;
    const quote = times(price, qty);
    const fee = money(times(order.filledQuote + quote, order.feeRate)) - order.paidFee;
    const sequence = this.ids.sequence();
    const fillId = this.ids.uuid(sequence);
    const cause = { symbol, orderId, fillId };
    if (side === "buy") this.averages.set(base, this.averageWith(base, quote, qty));
    const sign = side === "buy" ? 1n : -1n;
    this.ledger.book(KRW, -sign * quote, "fill", nowMs, cause);
    this.ledger.book(KRW, -fee, "fee", nowMs, cause);
    this.ledger.book(base, sign * qty, "fill", nowMs, cause);
    const filled: SimFill = {
      id: fillId,
      sequence,
      atMs: nowMs,
      symbol,
      orderId,
      side,
      price,
      qty,
      quote,
      fee,
      feeAsset: KRW,
      feeRate: order.feeRate,
      maker,
      cause: "trade",
      realisedPnl: 0n,
      closedQty: 0n,
      markPrice: 0n,
    };
    this.orders.addFill(order, filled);
    order.paidFee += fee;
    this.setLocked(order, this.stillNeeded(order));
    this.parts.tell({ kind: "filled", order, fill: filled, atMs: nowMs });
  }

  private averageWith(base: string, quote: Exact, qty: Exact): Exact {
    const total = this.ledger.total(base);
    return over(times(this.averageBuy(base), total) + quote, total + qty);
  }

  private stillNeeded(order: SimOrder): Exact {
    if (order.side === "sell") return order.qty! - order.filledQty;
    if (order.money !== undefined) {
      return order.money - order.filledQuote + order.reservedFee - order.paidFee;
    }
    return times(order.price!, order.qty! - order.filledQty) + order.reservedFee - order.paidFee;
  }

  private setLocked(order: SimOrder, locked: Exact): void {
    const asset = order.side === "buy" ? KRW : this.listings.get(order.symbol)!.base;
    this.ledger.hold(asset, locked - order.locked);
    order.locked = locked;
  }

  private end(order: SimOrder, state: "done" | "cancelled", nowMs: number): void {
    order.state = state;
    order.updatedAtMs = nowMs;
    this.setLocked(order, 0n);
    this.parts.tell({ kind: "ended", order, atMs: nowMs });
  }
}

/** Held back for a fee: rounded up, so that it always suffices. */
function feeOn(quote: Exact, rate: Exact): Exact {
  return ceilTo(times(quote, rate), MONEY_STEP);
}
