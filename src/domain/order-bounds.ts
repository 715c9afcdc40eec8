// How far orders may reach (specification 3): the price at which hedging costs more than selling back, and the ladder
// of sell-backs, exits and the guardian: 0.5 %, 1 %, 3 % beyond the book, then at market. Pure and exact; books come as
// floats and only bound.

import { Decimal } from "./decimal.ts";
import type { OrderBook } from "./order-book.ts";

const LADDER = [Decimal.of("0.005"), Decimal.of("0.01"), Decimal.of("0.03")] as const;
/** Without a look at the home book the loss of selling back is taken for this part of the coins' worth. */
const LOSS_UNSEEN = Decimal.of("0.005");
/** An order so far from the book cannot fill. */
const NEVER_FILLS = Decimal.of("0.2");
const WORK_DECIMALS = 24;

type Side = "bid" | "ask";

/** What a quantity would cost or bring in a book, and the last price it touches; undefined when the book ends before. */
export function walk(
  book: OrderBook,
  side: Side,
  qty: Decimal,
): { readonly notional: Decimal; readonly deepest: Decimal } | undefined {
  const prices = side === "bid" ? book.bidPrices : book.askPrices;
  const qtys = side === "bid" ? book.bidQtys : book.askQtys;
  const count = side === "bid" ? book.bidCount : book.askCount;
  let left = qty;
  let notional = Decimal.ZERO;
  for (let level = 0; level < count; level++) {
    const price = Decimal.ofFloat(prices[level]!);
    const take = Decimal.min(left, Decimal.ofFloat(qtys[level]!));
    notional = notional.plus(take.times(price));
    left = left.minus(take);
    if (left.isZero) return { notional, deepest: price };
  }
  return undefined;
}

/**
 * The limit of the `attempt`th try (1 first) to sell into bids or buy from asks; undefined: at market, because the
 * ladder is used up or nobody knows the book.
 */
export function ladderPrice(options: {
  readonly side: "buy" | "sell";
  readonly attempt: number;
  readonly qty: Decimal;
  readonly book: OrderBook | undefined;
  readonly incrementAt: (price: Decimal) => Decimal;
}): Decimal | undefined {
  const { side, attempt, qty, book, incrementAt } = options;
  const beyond = LADDER[attempt - 1];
  if (beyond === undefined || book === undefined) return undefined;
  const isSell = side === "sell";
  const count = isSell ? book.bidCount : book.askCount;
  if (count === 0) return undefined;
  const prices = isSell ? book.bidPrices : book.askPrices;
  // A book too thin for all of it is swept to its end; what does not fill there is the next try's.
  const deepest = walk(book, isSell ? "bid" : "ask", qty)?.deepest ?? Decimal.ofFloat(prices[count - 1]!);
  const price = deepest.times(isSell ? Decimal.ONE.minus(beyond) : Decimal.ONE.plus(beyond));
  return onIncrement(price, incrementAt, isSell ? "down" : "up");
}

/**
 * The lowest price at which a hedge is still better than selling the coins back, USDT per contract: what selling back
 * would lose, valued in USDT, is what the hedge may lose against its book. Rounded up: never worse.
 */
export function hedgeBound(options: {
  readonly qtyContracts: Decimal;
  readonly multiplier: Decimal;
  /** What a coin cost, KRW. */
  readonly paidKrwPerCoin: Decimal;
  readonly domestic: OrderBook | undefined;
  readonly overseas: OrderBook | undefined;
  /** Expected when planned, for when the book cannot be seen. */
  readonly priceUsdt: Decimal;
  readonly referenceKrw: Decimal;
  readonly increment: Decimal;
}): Decimal {
  const { qtyContracts, multiplier, domestic, overseas, referenceKrw } = options;
  const qtyCoin = qtyContracts.times(multiplier);
  const paidKrw = qtyCoin.times(options.paidKrwPerCoin);
  const back = domestic && walk(domestic, "bid", qtyCoin);
  const lossKrw = back ? paidKrw.minus(back.notional) : paidKrw.times(LOSS_UNSEEN);
  // Coins that would bring more than they cost are still hedged at the book, give or take one step.
  const lossUsdt = Decimal.max(lossKrw, Decimal.ZERO).dividedBy(referenceKrw, WORK_DECIMALS, "down");
  const best =
    overseas && overseas.bidCount > 0 ? Decimal.ofFloat(overseas.bidPrices[0]!) : options.priceUsdt;
  const bound = best.minus(lossUsdt.dividedBy(qtyContracts, WORK_DECIMALS, "down"));
  const least = best.times(Decimal.ONE.minus(LADDER[2]));
  return Decimal.max(bound, least).toStep(options.increment, "up");
}

/** A price at which an immediate-or-cancel order cannot fill: to use an id up. */
export function unfillablePrice(options: {
  readonly side: "buy" | "sell";
  readonly book: OrderBook | undefined;
  /** A price near the market, for when the book cannot be seen; without both there is none. */
  readonly priceKrw: Decimal | undefined;
  readonly incrementAt: (price: Decimal) => Decimal;
}): Decimal | undefined {
  const { side, book, priceKrw, incrementAt } = options;
  const isBuy = side === "buy";
  const best = isBuy ? book?.bidPrices[0] : book?.askPrices[0];
  const count = (isBuy ? book?.bidCount : book?.askCount) ?? 0;
  const near = count > 0 ? Decimal.ofFloat(best!) : priceKrw;
  if (!near) return undefined;
  const away = isBuy ? Decimal.ONE.minus(NEVER_FILLS) : Decimal.ONE.plus(NEVER_FILLS);
  return onIncrement(near.times(away), incrementAt, isBuy ? "down" : "up");
}

/**
 * Increments change with the price: a rounded price may stand in another band, so it is rounded once more there. At
 * least one increment: a limit of nothing is none.
 */
export function onIncrement(
  price: Decimal,
  incrementAt: (price: Decimal) => Decimal,
  rounding: "down" | "up",
): Decimal {
  const once = price.toStep(incrementAt(price), rounding);
  const twice = once.toStep(incrementAt(once), rounding);
  return twice.isPositive ? twice : incrementAt(twice);
}

/** The smallest quantity of whole steps that is worth at least `notional` at a price, and at least `qtyMin`. */
export function qtyWorth(notional: Decimal, price: Decimal, step: Decimal, qtyMin = Decimal.ZERO): Decimal {
  const qty = notional.dividedBy(price, WORK_DECIMALS, "up");
  return Decimal.max(qty, qtyMin).toStep(step, "up");
}

/** The price an exit or sell-back may still get when the ladder is used to its end. */
export function worstLadderPrice(bestBid: Decimal): Decimal {
  return bestBid.times(Decimal.ONE.minus(LADDER[2]));
}
