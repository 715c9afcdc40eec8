// What happens to an account without the engine: the user's own trades and transfers, funding, liquidation. Each takes
// effect at once.

import type { OverseasVenue, Venue } from "../../../schema/vocabulary.ts";
import { Decimal } from "../../domain/decimal.ts";
import type { OrderSide } from "../../ports/trading-venue.ts";
import type { MemoryAccount, MemoryOrder } from "./account.ts";
import type { Exchange } from "./exchange.ts";
import { type Amount, decimalOf, type Market } from "./market.ts";
import type { MarginMode, PositionMode, PositionSide, Positions } from "./positions.ts";

export abstract class AccountEvents {
  #count = 0;

  protected abstract readonly exchange: Exchange;
  abstract account(user: string, venue: Venue): MemoryAccount;
  abstract market(venue: Venue, symbol: string): Market;

  /**
   * The user's own order at market. Throws when there is no money, coin or position for it. In hedge mode it is on
   * the short side unless `positionSide` says otherwise.
   */
  tradeByHand(
    user: string,
    venue: Venue,
    trade: {
      readonly symbol: string;
      readonly side: OrderSide;
      readonly qty: Amount;
      readonly positionSide?: PositionSide;
    },
  ): MemoryOrder {
    const [account, market] = [this.account(user, venue), this.market(venue, trade.symbol)];
    const { side, positionSide } = trade;
    const qty = decimalOf(trade.qty);
    if (account.positions === undefined) {
      const asset = side === "buy" ? "KRW" : market.coin;
      const money = market.moneyOf(side, qty);
      const due = side === "buy" ? money.plus(money.times(account.feeRatio)) : qty;
      if (due.above(account.free(asset)))
        throw new RangeError(`expected ${due} ${asset} to trade by hand, was ${account.free(asset)}`);
    }
    const opposite = side === ((positionSide ?? "short") === "short" ? "buy" : "sell");
    if (account.positions?.positionMode === "hedge" && opposite) {
      const reducible = account.positions.reducedBy(trade.symbol, side, qty, positionSide);
      if (reducible.below(qty))
        throw new RangeError(`expected a position of ${qty} to reduce, was ${reducible}`);
    }
    return this.exchange.execute(
      account,
      market,
      { side, qty, limitPrice: undefined, positionSide },
      undefined,
    );
  }

  /** The user's own limit order away from the book: it stays open, never fills, and locks what it would spend. */
  restByHand(
    user: string,
    venue: Venue,
    order: {
      readonly symbol: string;
      readonly side: OrderSide;
      readonly qty: Amount;
      readonly price: Amount;
      readonly clientOrderId?: string;
    },
  ): MemoryOrder {
    const [account, market] = [this.account(user, venue), this.market(venue, order.symbol)];
    const [qty, money] = [decimalOf(order.qty), decimalOf(order.qty).times(decimalOf(order.price))];
    const homeAsset = order.side === "buy" ? "KRW" : market.coin;
    const lockedAsset = account.positions === undefined ? homeAsset : "USDT";
    const spends = account.positions
      ? money.dividedBy(account.positions.leverage(order.symbol), 8, "up")
      : order.side === "buy"
        ? money.plus(money.times(account.feeRatio))
        : qty;
    if (spends.above(account.free(lockedAsset)))
      throw new RangeError(`expected ${spends} ${lockedAsset} to lock, was ${account.free(lockedAsset)}`);
    account.lock(lockedAsset, spends);
    const venueOrderId = this.exchange.nextOrderId(venue);
    const made: MemoryOrder = {
      clientOrderId: order.clientOrderId ?? `by-hand-${venueOrderId}`,
      venueOrderId,
      symbol: order.symbol,
      side: order.side,
      qty,
      fills: [],
      filledQty: Decimal.ZERO,
      resting: true,
      lockedAsset,
      lockedAmount: spends,
      lag: undefined,
    };
    account.add(made);
    account.tell({ kind: "order", clientOrderId: made.clientOrderId });
    return made;
  }

  cancelByHand(user: string, venue: Venue, order: MemoryOrder): void {
    if (!order.resting) throw new Error(`expected an open order, was ${order.venueOrderId}`);
    order.resting = false;
    this.account(user, venue).lock(order.lockedAsset!, order.lockedAmount.negated());
  }

  /** The venue closes a position, or `qty` of it, at `price` (the mark when left out), out of the book. */
  takePosition(
    user: string,
    venue: OverseasVenue,
    symbol: string,
    how: {
      readonly reason: "liquidation" | "deleveraging";
      readonly side?: PositionSide;
      readonly qty?: Amount;
      readonly price?: Amount;
    },
  ): void {
    const [account, market] = [this.account(user, venue), this.market(venue, symbol)];
    const positionSide = how.side ?? "short";
    const held = this.#positions(account).get(symbol, positionSide);
    const qty = how.qty === undefined ? held?.qty : decimalOf(how.qty);
    if (held === undefined || qty === undefined || qty.above(held.qty))
      throw new RangeError(`expected a ${positionSide} of ${qty ?? "any size"}, was ${held?.qty ?? 0}`);
    const side = positionSide === "short" ? "buy" : "sell";
    const price = how.price === undefined ? market.mark : decimalOf(how.price);
    const fill = this.exchange.settle(account, market, { side, price, qty, ref: how.reason, positionSide });
    const venueOrderId = this.exchange.nextOrderId(venue);
    const order = { symbol, side, venueOrderId, clientOrderId: undefined, fromBook: false } as const;
    this.exchange.note(account, order, fill, 0);
  }

  /** Positive is received; `agoMs`: of an instant that long past, told only now. */
  payFunding(user: string, venue: OverseasVenue, symbol: string, amountUsdt: Amount, agoMs = 0): void {
    const account = this.account(user, venue);
    this.market(venue, symbol);
    const event = {
      id: `${venue}-funding-${++this.#count}`,
      symbol,
      amountUsdt: decimalOf(amountUsdt),
      atMs: this.exchange.venueNowMs(venue) - agoMs,
    };
    account.fundings.push(event);
    const { ledger } = account;
    const { id: ref, amountUsdt: amount, atMs } = event;
    ledger.post({ user, venue, asset: "USDT", amount, reason: "funding", ref, atMs });
  }

  deposit(user: string, venue: Venue, asset: string, amount: Amount): void {
    this.#transfer(user, venue, asset, decimalOf(amount));
  }

  /** Throws when less is free. */
  withdraw(user: string, venue: Venue, asset: string, amount: Amount): void {
    const free = this.account(user, venue).free(asset);
    if (decimalOf(amount).above(free))
      throw new RangeError(`expected ${amount} ${asset} to be free, was ${free}`);
    this.#transfer(user, venue, asset, decimalOf(amount).negated());
  }

  /** Throws while a position exists, as the venues refuse it then. */
  setModes(
    user: string,
    venue: OverseasVenue,
    modes: { readonly positionMode?: PositionMode; readonly marginMode?: MarginMode },
  ): void {
    const positions = this.#positions(this.account(user, venue));
    if (!positions.isEmpty) throw new Error("expected no position when a mode changes");
    positions.positionMode = modes.positionMode ?? positions.positionMode;
    positions.marginMode = modes.marginMode ?? positions.marginMode;
  }

  /** What the venue states from now on, whatever the margin; undefined: it states none. */
  setLiquidationPrice(
    user: string,
    venue: OverseasVenue,
    symbol: string,
    price: Amount | undefined,
    side: PositionSide = "short",
  ): void {
    const stated = price === undefined ? undefined : decimalOf(price);
    this.#positions(this.account(user, venue)).liquidationsSet.set(`${symbol}/${side}`, stated);
  }

  #transfer(user: string, venue: Venue, asset: string, amount: Decimal): void {
    const account = this.account(user, venue);
    const { ledger } = account;
    account.tell({ kind: "account" });
    const reason = amount.isNegative ? "withdrawal" : "deposit";
    const ref = `${venue}-transfer-${++this.#count}`;
    const atMs = this.exchange.venueNowMs(venue);
    ledger.post({ user, venue, asset, amount, reason, ref, atMs });
  }

  #positions(account: MemoryAccount): Positions {
    if (account.positions === undefined) throw new Error(`expected an overseas venue, was ${account.venue}`);
    return account.positions;
  }
}
