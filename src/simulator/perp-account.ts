// One USDT-margined account at a perpetual venue: wallet, positions in one-way or hedge mode, leverage and margin
// mode per symbol, orders, fees, funding. Nothing runs in the background: whoever asks lets time pass first, and
// funding due since, resting orders reached and liquidation happen then.

import { type Exact, exact, exactOf, floorTo, money, over, sizeOf, smaller, times } from "./exact.ts";
import { Ledger, type LedgerCause, type LedgerReason } from "./ledger.ts";
import { lotOf } from "./listing-steps.ts";
import type { Take } from "./matching.ts";
import { type FillCause, IdMaker, newOrder, OrderStore, type SimFill, type SimOrder } from "./orders.ts";
import { FundingClock, type FundingDue, type FundingPayment } from "./perp-funding.ts";
import { MarginCalls, type MarginFigures, marginFigures } from "./perp-margin.ts";
import { addRealised, PositionBook, type PositionIndex } from "./perp-positions.ts";
import {
  neededFor,
  type PerpAccountParts,
  type PerpRefusal,
  type PerpRequest,
  worstPrice,
} from "./perp-request.ts";
import { PerpSettings } from "./perp-settings.ts";
import type { SimListing } from "./types.ts";

export const USDT = "USDT";
export const BNB = "BNB";

interface FillContext {
  readonly order: SimOrder;
  readonly maker: boolean;
  readonly cause: FillCause;
  readonly atMs: number;
}

export class PerpAccount {
  readonly ledger = new Ledger();
  readonly orders = new OrderStore();
  readonly positions = new PositionBook();
  readonly funding: FundingPayment[] = [];
  readonly venue: "bybit" | "binance";
  takerRate: Exact;
  makerRate: Exact;
  /** Fees are paid in BNB with a tenth off while there is some. */
  feesInBnb = false;
  readonly settings: PerpSettings;
  private readonly marks = new Map<string, Exact>();
  private readonly calls = new MarginCalls();
  private readonly parts: PerpAccountParts;
  private readonly ids: IdMaker;
  private readonly clock: FundingClock;

  constructor(parts: PerpAccountParts) {
    this.parts = parts;
    this.venue = parts.venue;
    this.takerRate = exact(parts.takerRate);
    this.makerRate = exact(parts.makerRate);
    this.ids = new IdMaker(`${parts.venue} ${parts.apiKey}`);
    this.settings = new PerpSettings(parts.leverageDefault, (symbol, atMs) =>
      parts.tell({ kind: "leverage-set", symbol, atMs }),
    );
    this.clock = new FundingClock(parts.openedAtMs);
  }

  /** The mark price now; the last one known once the contract is gone. */
  markOf(symbol: string, nowMs: number): Exact {
    const funding = this.parts.matching.market.funding(this.venue, symbol, nowMs);
    if (funding !== undefined) this.marks.set(symbol, exactOf(funding.markPrice, 8));
    return this.marks.get(symbol) ?? 0n;
  }

  margin(nowMs: number): MarginFigures {
    return marginFigures({
      wallet: this.ledger.total(USDT),
      ordersHeld: this.ledger.locked(USDT),
      maintenanceRatio: exactOf(this.parts.switches.market.maintenanceRatio, 6),
      positions: this.positions.open().map((position) => ({
        position,
        mark: this.markOf(position.symbol, nowMs),
        leverage: this.settings.leverageOf(position.symbol),
        isolated: this.settings.isIsolated(position.symbol),
      })),
    });
  }

  /** Places and matches at once, or says why not. */
  place(request: PerpRequest, nowMs: number): SimOrder | PerpRefusal {
    const { listing, side, kind, timeInForce, positionIndex, plan = {} } = request;
    const { symbol } = listing;
    const hedge = this.settings.isHedge(symbol);
    if (hedge !== positionIndex > 0) return "mode-mismatch";
    const closable = this.positions.closable(symbol, positionIndex, side);
    const closes = request.reduceOnly === true || (hedge && (positionIndex === 1) === (side === "sell"));
    if (closes && closable === 0n) return "nothing-to-reduce";
    const qty = closes && request.qty > closable ? closable : request.qty;
    const best = this.parts.matching.best(this.venue, symbol, side, nowMs);
    const limit = request.price ?? worstPrice(listing, side, best, this.parts.switches);
    const sweep = { venue: this.venue, symbol, side, atMs: nowMs, limit, qty };
    const takes = best === undefined ? [] : this.parts.matching.sweep(sweep);
    if (takes.length === 0 && kind === "market") return "no-counterparty";
    const held = neededFor(
      { ...request, qty },
      { closable, takes, takerRate: this.takerRate, leverage: this.settings.leverageOf(symbol) },
    );
    if (held > 0n && held > this.margin(nowMs).available) return "insufficient-margin";
    const order = this.newOrder(request, { qty, held, nowMs, limit });
    this.orders.add(order);
    this.parts.tell({ kind: "placed", order, atMs: nowMs });
    const share = exact((plan.fraction ?? 1).toFixed(6));
    const whole = takes.reduce((sum, take) => sum + take.qty, 0n) >= qty;
    const crossing = timeInForce === "post-only" && takes.length > 0;
    if (!crossing && (whole || timeInForce !== "fok")) {
      const partly = { ...sweep, qty: floorTo(times(qty, share), lotOf(listing)) };
      const found = plan.fraction === undefined ? takes : this.parts.matching.sweep(partly);
      this.parts.matching.take(sweep, found);
      for (const take of found) this.fill(take, { order, maker: false, cause: "trade", atMs: nowMs });
    }
    if (order.filledQty === qty) this.end(order, "done", nowMs);
    else if (timeInForce === "gtc" && plan.fraction === undefined) this.rest(order, held, nowMs);
    else if (timeInForce === "post-only" && !crossing) this.rest(order, held, nowMs);
    else this.end(order, "cancelled", nowMs);
    return order;
  }

  /** Ends an open order. False when it had ended before. */
  cancel(order: SimOrder, nowMs: number): boolean {
    if (order.state !== "open") return false;
    this.end(order, "cancelled", nowMs);
    return true;
  }

  /** Closes `qty` (default all) of a position at `price` (default the mark) by the venue's own hand. */
  closeByVenue(
    symbol: string,
    index: PositionIndex,
    cause: Exclude<FillCause, "trade">,
    nowMs: number,
    { qty, price }: { qty?: Exact | undefined; price?: Exact | undefined } = {},
  ): SimOrder | undefined {
    const position = this.positions.get(symbol, index);
    if (position === undefined || position.size === 0n) return undefined;
    const size = sizeOf(position.size);
    const side = position.size > 0n ? "sell" : "buy";
    const closed = qty === undefined || qty > size ? size : qty;
    const at = price ?? this.markOf(symbol, nowMs);
    const order = this.newOrder(
      {
        listing: { symbol } as SimListing,
        side,
        kind: "limit",
        timeInForce: "ioc",
        price: at,
        qty: closed,
        reduceOnly: true,
        positionIndex: index,
        origin: "venue",
        cause,
      },
      { qty: closed, held: 0n, nowMs, limit: at },
    );
    this.orders.add(order);
    this.parts.tell({ kind: "placed", order, atMs: nowMs });
    this.fill({ price: at, qty: closed }, { order, maker: false, cause, atMs: nowMs });
    this.end(order, "done", nowMs);
    return order;
  }

  /** Lets time pass: funding due, contracts ended, resting orders reached, liquidation. */
  advance(nowMs: number): void {
    for (const due of this.clock.due(this.parts.matching.market, this, nowMs)) this.payFunding(due);
    for (const order of this.orders.open()) this.matchResting(order, nowMs);
    for (const { symbol, index } of this.positions.open()) {
      if (this.parts.matching.market.funding(this.venue, symbol, nowMs) === undefined) {
        this.closeByVenue(symbol, index, "settlement", nowMs);
      }
    }
    if (this.positions.open().length === 0) return;
    let margin = this.margin(nowMs);
    if (this.calls.isDue(margin)) this.parts.tell({ kind: "margin-call", margin, atMs: nowMs });
    // The largest loss goes first; what is left may then be enough for the others.
    while (margin.exhausted.length > 0) {
      const [worst] = [...margin.exhausted].sort((left, right) =>
        left.unrealised < right.unrealised ? -1 : 1,
      );
      this.liquidate(worst!.position.symbol, worst!.position.index, nowMs);
      margin = this.margin(nowMs);
    }
  }

  /** Takes a position away at the mark price; a wallet below zero is made good. */
  liquidate(symbol: string, index: PositionIndex, nowMs: number, price?: Exact): SimOrder | undefined {
    const order = this.closeByVenue(symbol, index, "liquidation", nowMs, { price });
    const { orderId } = order ?? {};
    const wallet = this.ledger.total(USDT);
    if (wallet < 0n) this.move(USDT, -wallet, "insurance", nowMs, { symbol, orderId });
    return order;
  }

  /** Books money in or out that no trade moved. */
  move(asset: string, change: Exact, reason: LedgerReason, nowMs: number, cause: LedgerCause = {}): void {
    if (change === 0n) return;
    this.ledger.book(asset, change, reason, nowMs, cause);
    this.parts.tell({ kind: "moved", asset, change, reason, atMs: nowMs });
  }

  private newOrder(
    request: PerpRequest,
    given: { qty: Exact; held: Exact; nowMs: number; limit: Exact | undefined },
  ): SimOrder {
    const { qty, held, nowMs, limit } = given;
    const sequence = this.ids.sequence();
    return newOrder({
      sequence,
      orderId: this.parts.orderId(sequence, this.ids.uuid(sequence)),
      venue: this.venue,
      symbol: request.listing.symbol,
      clientId: request.clientId,
      side: request.side,
      kind: request.kind,
      timeInForce: request.timeInForce,
      price: request.price ?? limit,
      qty,
      reduceOnly: request.reduceOnly ?? false,
      closeOnTrigger: request.closeOnTrigger ?? false,
      positionIndex: request.positionIndex,
      origin: request.origin ?? "api",
      cause: request.cause ?? "trade",
      feeRate: this.takerRate,
      held,
      plan: request.plan ?? {},
      nowMs,
    });
  }

  private fill({ price, qty }: Take, { order, maker, cause, atMs }: FillContext): void {
    const { symbol, side, orderId, positionIndex } = order;
    const quote = times(price, qty);
    const feeRate =
      cause === "deleveraging" || cause === "settlement" ? 0n : maker ? this.makerRate : this.takerRate;
    const feeUsdt = money(times(quote, feeRate));
    const paid = this.feePaid(feeUsdt, atMs);
    const leverage = this.settings.leverageOf(symbol);
    const change = { order, side, price, qty, quote, feeUsdt, cause, leverage, atMs };
    const { realised, closedQty } = this.positions.apply(symbol, positionIndex, change);
    const sequence = this.ids.sequence();
    const fillId = this.parts.fillId(sequence, this.ids.uuid(sequence));
    const ref = { symbol, orderId, fillId };
    this.ledger.book(USDT, realised, "realised-pnl", atMs, ref);
    this.ledger.book(paid.asset, -paid.amount, "fee", atMs, ref);
    order.paidFee += paid.amount;
    const fill: SimFill = {
      id: fillId,
      sequence,
      atMs,
      symbol,
      orderId,
      side,
      price,
      qty,
      quote,
      fee: paid.amount,
      feeAsset: paid.asset,
      feeRate,
      maker,
      cause,
      realisedPnl: realised,
      closedQty,
      markPrice: this.markOf(symbol, atMs),
    };
    this.orders.addFill(order, fill);
    this.parts.tell({ kind: "filled", order, fill, atMs });
  }

  private feePaid(feeUsdt: Exact, atMs: number): { asset: string; amount: Exact } {
    if (this.feesInBnb && feeUsdt > 0n) {
      const price = this.markOf("BNBUSDT", atMs) || exact(600);
      const amount = money(over(times(feeUsdt, exact("0.9")), price));
      if (amount <= this.ledger.total(BNB)) return { asset: BNB, amount };
    }
    return { asset: USDT, amount: feeUsdt };
  }

  private payFunding(due: FundingDue): void {
    const sequence = this.ids.sequence();
    const id = this.parts.fillId(sequence, this.ids.uuid(sequence));
    const { symbol, position, amount, atMs } = due;
    const payment = { ...due, id, sequence, index: position.index, size: position.size };
    this.funding.push(payment);
    this.ledger.book(USDT, amount, "funding", atMs, { symbol, fillId: id });
    addRealised(position, amount);
    position.updatedAtMs = atMs;
    this.parts.tell({ kind: "funded", payment, atMs });
  }

  private matchResting(order: SimOrder, nowMs: number): void {
    const { symbol, side, price, qty } = order;
    let left = qty! - order.filledQty;
    if (order.reduceOnly) left = smaller(left, this.positions.closable(symbol, order.positionIndex, side));
    if (left === 0n) {
      this.end(order, "cancelled", nowMs);
      return;
    }
    const sweep = { venue: this.venue, symbol, side, atMs: nowMs, limit: price, qty: left };
    const takes = this.parts.matching.sweep(sweep);
    this.parts.matching.take(sweep, takes);
    for (const take of takes) {
      this.fill({ price: price!, qty: take.qty }, { order, maker: true, cause: "trade", atMs: nowMs });
    }
    if (order.filledQty === qty) this.end(order, "done", nowMs);
  }

  private rest(order: SimOrder, held: Exact, nowMs: number): void {
    this.hold(order, held);
    this.parts.tell({ kind: "resting", order, atMs: nowMs });
  }

  private hold(order: SimOrder, held: Exact): void {
    this.ledger.hold(USDT, held - order.locked);
    order.locked = held;
  }

  private end(order: SimOrder, state: "done" | "cancelled", nowMs: number): void {
    order.state = state;
    order.updatedAtMs = nowMs;
    this.hold(order, 0n);
    this.parts.tell({ kind: "ended", order, atMs: nowMs });
  }
}
