// The perpetual positions of one user at one venue: quantity, cost, and what an execution realises, gross of fees.
// Invariant: over all executions of a side, money in - money out = realised + cost still held (signed), exactly,
// however the cost of a part is rounded.

import { Decimal } from "../../domain/decimal.ts";
import type { OrderSide } from "../../ports/trading-venue.ts";
import type { Market } from "./market.ts";

export type PositionMode = "one-way" | "hedge";
export type MarginMode = "cross" | "isolated" | "other";
export type PositionSide = "long" | "short";

export interface HeldPosition {
  readonly market: Market;
  readonly side: PositionSide;
  /** Contracts. */
  qty: Decimal;
  /** Quantity x entry price, USDT. */
  cost: Decimal;
}

const USDT_DECIMALS = 8;
const PRICE_DECIMALS = 12;
const MAINTENANCE_RATIO = Decimal.of("0.005");

export class Positions {
  positionMode: PositionMode;
  marginMode: MarginMode;
  readonly #held = new Map<string, HeldPosition>();
  readonly #leverages = new Map<string, Decimal>();
  /** Set by hand, per symbol and side; undefined as a value: the venue states none. */
  readonly liquidationsSet = new Map<string, Decimal | undefined>();

  constructor(
    modes: { readonly positionMode: PositionMode; readonly marginMode: MarginMode },
    readonly leverageDefault: Decimal,
  ) {
    this.positionMode = modes.positionMode;
    this.marginMode = modes.marginMode;
  }

  get(symbol: string, side: PositionSide): HeldPosition | undefined {
    return this.#held.get(`${symbol}/${side}`);
  }

  qty(symbol: string, side: PositionSide): Decimal {
    return this.get(symbol, side)?.qty ?? Decimal.ZERO;
  }

  all(): Iterable<HeldPosition> {
    return this.#held.values();
  }

  get isEmpty(): boolean {
    return this.#held.size === 0;
  }

  leverage(symbol: string): Decimal {
    return this.#leverages.get(symbol) ?? this.leverageDefault;
  }

  setLeverage(symbol: string, leverage: Decimal): void {
    this.#leverages.set(symbol, leverage);
  }

  /** How much of an order would make a position smaller. `positionSide` counts in hedge mode only. */
  reducedBy(symbol: string, side: OrderSide, qty: Decimal, positionSide: PositionSide = "short"): Decimal {
    const reducible = side === "buy" ? "short" : "long";
    if (this.positionMode === "hedge" && positionSide !== reducible) return Decimal.ZERO;
    return Decimal.min(qty, this.qty(symbol, reducible));
  }

  /** One execution; returns what it realised, USDT. In hedge mode it may not turn a position into its opposite. */
  execute(
    market: Market,
    side: OrderSide,
    qty: Decimal,
    price: Decimal,
    positionSide: PositionSide = "short",
  ): Decimal {
    const reduced = this.reducedBy(market.symbol, side, qty, positionSide);
    const opened = qty.minus(reduced);
    if (this.positionMode === "hedge" && opened.isPositive && (side === "buy") !== (positionSide === "long"))
      throw new RangeError(`expected at most a ${positionSide} of ${reduced} to be reduced, was ${qty}`);
    const [reducedSide, openedSide]: PositionSide[] = side === "buy" ? ["short", "long"] : ["long", "short"];
    const realised = reduced.isPositive
      ? this.reduce(market.symbol, reducedSide!, reduced, price)
      : Decimal.ZERO;
    if (opened.isPositive) this.#open(market, openedSide!, opened, price);
    return realised;
  }

  /** Takes `qty` off a position at a price; returns the realised profit. */
  reduce(symbol: string, side: PositionSide, qty: Decimal, price: Decimal): Decimal {
    const held = this.get(symbol, side);
    if (held === undefined || qty.above(held.qty))
      throw new RangeError(`expected a ${side} of at least ${qty} in ${symbol}, was ${held?.qty ?? 0}`);
    const whole = qty.equals(held.qty);
    const cost = whole
      ? held.cost
      : held.cost.times(qty).dividedBy(held.qty, USDT_DECIMALS, "half-up").normal();
    const money = price.times(qty);
    if (whole) this.#held.delete(`${symbol}/${side}`);
    else {
      held.qty = held.qty.minus(qty).normal();
      held.cost = held.cost.minus(cost).normal();
    }
    return side === "short" ? cost.minus(money) : money.minus(cost);
  }

  #open(market: Market, side: PositionSide, qty: Decimal, price: Decimal): void {
    const held = this.get(market.symbol, side);
    if (held === undefined) {
      const key = `${market.symbol}/${side}`;
      this.#held.set(key, { market, side, qty, cost: price.times(qty) });
      return;
    }
    held.qty = held.qty.plus(qty);
    held.cost = held.cost.plus(price.times(qty));
  }

  /** Initial margin of everything held. */
  margin(): Decimal {
    let margin = Decimal.ZERO;
    for (const { market, cost } of this.#held.values())
      margin = margin.plus(cost.dividedBy(this.leverage(market.symbol), USDT_DECIMALS, "up"));
    return margin;
  }

  /** What would be lost at the marks now; profits do not count. */
  unrealisedLoss(): Decimal {
    let loss = Decimal.ZERO;
    for (const held of this.#held.values()) {
      const profit = unrealised(held);
      if (profit.isNegative) loss = loss.minus(profit);
    }
    return loss;
  }

  entryPrice(held: HeldPosition): Decimal {
    return held.cost.dividedBy(held.qty, PRICE_DECIMALS, "half-up").normal();
  }

  /**
   * Where the margin behind a position is used up but for 0.5 % of its value. Cross: the whole wallet less the margin
   * of everything else stands behind it. Undefined when that price is not above 0.
   */
  liquidationPrice(held: HeldPosition, walletUsdt: Decimal): Decimal | undefined {
    const key = `${held.market.symbol}/${held.side}`;
    if (this.liquidationsSet.has(key)) return this.liquidationsSet.get(key);
    const own = held.cost.dividedBy(this.leverage(held.market.symbol), USDT_DECIMALS, "down");
    const behind = this.marginMode === "isolated" ? own : walletUsdt.minus(this.margin()).plus(own);
    const bearable = behind.minus(held.cost.times(MAINTENANCE_RATIO));
    const value = held.side === "short" ? held.cost.plus(bearable) : held.cost.minus(bearable);
    const price = value.dividedBy(held.qty, PRICE_DECIMALS, "half-up").normal();
    return price.isPositive ? price : undefined;
  }
}

function unrealised(held: HeldPosition): Decimal {
  const value = held.market.mark.times(held.qty);
  return held.side === "short" ? held.cost.minus(value) : value.minus(held.cost);
}
