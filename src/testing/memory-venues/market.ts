// One symbol at one in-memory venue: its rules and its book of exact decimals, shared by all users of the venue.
// What orders take is missing until the book is refilled or set again.

import type { Venue } from "../../../schema/vocabulary.ts";
import { Decimal } from "../../domain/decimal.ts";
import { BOOK_LEVELS_MAX, clearOrderBook, createOrderBook, type OrderBook } from "../../domain/order-book.ts";
import type { OrderSide, SymbolRules } from "../../ports/trading-venue.ts";

/** Amounts as tests write them: "0.001", 5000, or a Decimal. */
export type Amount = Decimal | string | number;

export function decimalOf(amount: Amount): Decimal {
  return amount instanceof Decimal ? amount : Decimal.of(amount);
}

/** Price and quantity, in the venue's own units. */
export type LevelInput = readonly [price: Amount, qty: Amount];

export interface MarketInput {
  readonly symbol: string;
  /** Coins per contract; 1 at home and when left out. */
  readonly multiplier?: Amount;
  readonly qtyStep: Amount;
  readonly qtyMin: Amount;
  readonly notionalMin: Amount;
  readonly priceIncrement: Amount;
  readonly qtyMaxMarket: Amount;
  /** As much as anybody likes when left out. */
  readonly qtyMaxLimit?: Amount;
  /** Buys above mark x (1 + band) and sells below mark x (1 - band) are refused; no band when left out. */
  readonly bandRatio?: Amount;
  readonly bids: readonly LevelInput[];
  readonly asks: readonly LevelInput[];
}

export interface Taken {
  readonly price: Decimal;
  readonly qty: Decimal;
}

interface Level {
  readonly price: Decimal;
  readonly priceFloat: number;
  qty: Decimal;
  qtyFloat: number;
}

const MARK_DECIMALS = 12;

export class Market {
  readonly symbol: string;
  readonly multiplier: Decimal;
  qtyStep: Decimal;
  readonly qtyMin: Decimal;
  readonly notionalMin: Decimal;
  priceIncrement: Decimal;
  readonly qtyMaxMarket: Decimal;
  qtyMaxLimit: Decimal;
  readonly bandRatio: Decimal | undefined;
  trading: "open" | "reduce-only" | "closed" = "open";
  /** Set by hand; else the middle of the book. */
  markSet: Decimal | undefined;
  #bids: Level[] = [];
  #asks: Level[] = [];
  /** As they were set; what orders take is taken from copies. */
  #bidsSet: readonly Level[] = [];
  #asksSet: readonly Level[] = [];
  #mark = Decimal.ZERO;
  /** All that orders have ever taken, for the proof that the book and the users agree. */
  takenFromAsks = Decimal.ZERO;
  takenFromBids = Decimal.ZERO;

  constructor(
    readonly venue: Venue,
    readonly coin: string,
    input: MarketInput,
  ) {
    this.symbol = input.symbol;
    this.multiplier = decimalOf(input.multiplier ?? 1);
    this.qtyStep = decimalOf(input.qtyStep);
    this.qtyMin = decimalOf(input.qtyMin);
    this.notionalMin = decimalOf(input.notionalMin);
    this.priceIncrement = decimalOf(input.priceIncrement);
    this.qtyMaxMarket = decimalOf(input.qtyMaxMarket);
    this.qtyMaxLimit = decimalOf(input.qtyMaxLimit ?? "1e15");
    this.bandRatio = input.bandRatio === undefined ? undefined : decimalOf(input.bandRatio);
    this.setBook(input.bids, input.asks);
  }

  /** Best level first on both sides; a side may be empty. */
  setBook(bids: readonly LevelInput[], asks: readonly LevelInput[]): void {
    this.#bidsSet = levelsOf(bids, "bids");
    this.#asksSet = levelsOf(asks, "asks");
    this.refill();
    const [bid, ask] = [this.#bids[0]?.price, this.#asks[0]?.price];
    if (bid && ask) this.#mark = bid.plus(ask).dividedBy(Decimal.of(2), MARK_DECIMALS, "half-up").normal();
    else this.#mark = bid ?? ask ?? this.#mark;
  }

  /** The book as it was last set. */
  refill(): void {
    this.#bids = this.#bidsSet.map((level) => ({ ...level }));
    this.#asks = this.#asksSet.map((level) => ({ ...level }));
  }

  /** Multiplies all prices and keeps them on the increment and apart from one another. */
  move(ratio: Amount): void {
    const factor = decimalOf(ratio);
    const moved = (levels: readonly Level[], rounding: "down" | "up"): LevelInput[] => {
      const direction = rounding === "up" ? this.priceIncrement : this.priceIncrement.negated();
      let last: Decimal | undefined;
      return levels.map(({ price, qty }) => {
        const next = price.times(factor).toStep(this.priceIncrement, rounding);
        const apart = last?.plus(direction);
        last =
          apart === undefined
            ? next
            : rounding === "up"
              ? Decimal.max(next, apart)
              : Decimal.min(next, apart);
        return [last, qty];
      });
    };
    this.setBook(moved(this.#bidsSet, "down"), moved(this.#asksSet, "up"));
  }

  get mark(): Decimal {
    return this.markSet ?? this.#mark;
  }

  /** The best price an order of this side meets, or the mark when there is none. */
  touch(side: OrderSide): Decimal {
    return (side === "buy" ? this.#asks : this.#bids)[0]?.price ?? this.mark;
  }

  /** Takes up to `qtyMax` at `limitPrice` or better, level by level. */
  take(side: OrderSide, qtyMax: Decimal, limitPrice: Decimal | undefined): Taken[] {
    const levels = side === "buy" ? this.#asks : this.#bids;
    const taken: Taken[] = [];
    let left = qtyMax;
    while (left.isPositive) {
      const level = levels[0];
      if (level === undefined) break;
      if (limitPrice && (side === "buy" ? level.price.above(limitPrice) : level.price.below(limitPrice)))
        break;
      const qty = Decimal.min(left, level.qty);
      taken.push({ price: level.price, qty });
      left = left.minus(qty);
      if (qty.equals(level.qty)) levels.shift();
      else {
        level.qty = level.qty.minus(qty).normal();
        level.qtyFloat = level.qty.toFloat();
      }
    }
    const sum = qtyMax.minus(left);
    if (side === "buy") this.takenFromAsks = this.takenFromAsks.plus(sum).normal();
    else this.takenFromBids = this.takenFromBids.plus(sum).normal();
    return taken;
  }

  /** What `qty` would cost or bring at market, as far as the book goes. */
  moneyOf(side: OrderSide, qty: Decimal): Decimal {
    let [money, left] = [Decimal.ZERO, qty];
    for (const level of side === "buy" ? this.#asks : this.#bids) {
      const part = Decimal.min(left, level.qty);
      money = money.plus(part.times(level.price));
      left = left.minus(part);
    }
    return money;
  }

  levels(side: "bids" | "asks"): readonly Taken[] {
    return side === "bids" ? this.#bids : this.#asks;
  }

  /** As the engine is given it. `into` is filled again when handed in. */
  read(stampAtMs: number, into: OrderBook | undefined): OrderBook {
    const book =
      into ?? createOrderBook(Math.min(BOOK_LEVELS_MAX, Math.max(this.#bids.length, this.#asks.length, 1)));
    clearOrderBook(book);
    book.stampAtMs = stampAtMs;
    book.bidCount = fill(this.#bids, book.bidPrices, book.bidQtys);
    book.askCount = fill(this.#asks, book.askPrices, book.askQtys);
    book.bidsCut = book.bidCount < this.#bids.length;
    book.asksCut = book.askCount < this.#asks.length;
    return book;
  }

  rules(): SymbolRules {
    const { symbol, qtyStep, qtyMin, qtyMaxMarket, qtyMaxLimit, priceIncrement, notionalMin } = this;
    const tradable = this.trading === "open";
    return { symbol, qtyStep, qtyMin, qtyMaxMarket, qtyMaxLimit, priceIncrement, notionalMin, tradable };
  }
}

function fill(levels: readonly Level[], prices: Float64Array, qtys: Float64Array): number {
  const count = Math.min(levels.length, prices.length);
  for (let index = 0; index < count; index++) {
    prices[index] = levels[index]!.priceFloat;
    qtys[index] = levels[index]!.qtyFloat;
  }
  return count;
}

function levelsOf(input: readonly LevelInput[], side: "bids" | "asks"): Level[] {
  let last: Decimal | undefined;
  return input.map(([priceAmount, qtyAmount]) => {
    const [price, qty] = [decimalOf(priceAmount), decimalOf(qtyAmount)];
    if (!price.isPositive || !qty.isPositive)
      throw new RangeError(`expected levels above 0, was ${qty} at ${price}`);
    if (last && (side === "bids" ? price.atLeast(last) : price.atMost(last)))
      throw new RangeError(`expected ${side} best first, was ${price} after ${last}`);
    last = price;
    return { price, priceFloat: price.toFloat(), qty, qtyFloat: qty.toFloat() };
  });
}
