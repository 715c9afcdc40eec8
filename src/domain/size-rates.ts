// Rates for one size or quantity out of two fresh books, exactly: what decisions about money are made on, where the grid
// of sweep.ts only screens. Books must be sound (bookDefect); undefined where either book ends before.
//
// Nothing is rounded but the rate itself, half-up to 2 decimals: what would have to be divided on the way is carried as
// a multiple of the divisor. `multiplier` is coins per unit of the overseas book's price and quantity.

import { Decimal } from "./decimal.ts";
import type { OrderBook } from "./order-book.ts";

export interface PairBooks {
  readonly domestic: OrderBook;
  readonly overseas: OrderBook;
}

export interface QtyRate {
  /** KRW per USDT. */
  readonly rate: Decimal;
  /** What the domestic bids give for the coins, before fee. */
  readonly saleKrw: Decimal;
  /** What the overseas asks take for as many, before fee. */
  readonly costUsdt: Decimal;
}

interface Level {
  readonly price: Decimal;
  readonly qty: Decimal;
}

type Side = "ask" | "bid";

const RATE_DECIMALS = 2;
const WORK_DECIMALS = 24;

/** Entry rate at a size: exactly `sizeKrw` into the domestic asks, the coins into the overseas bids. */
export function entryRateAt(books: PairBooks, sizeKrw: Decimal, multiplier: Decimal): Decimal | undefined {
  return rateAt(levels(books.domestic, "ask"), levels(books.overseas, "bid"), sizeKrw, multiplier);
}

/** Exit rate at a size: coins for exactly `sizeKrw` into the domestic bids, bought back from the overseas asks. */
export function exitRateAt(books: PairBooks, sizeKrw: Decimal, multiplier: Decimal): Decimal | undefined {
  return rateAt(levels(books.domestic, "bid"), levels(books.overseas, "ask"), sizeKrw, multiplier);
}

/** Exit rate for exactly so many coins. */
export function exitRateForQty(books: PairBooks, qtyCoin: Decimal, multiplier: Decimal): QtyRate | undefined {
  return qtyRate(levels(books.domestic, "bid"), levels(books.overseas, "ask"), qtyCoin, multiplier);
}

/**
 * The largest quantity of whole lots, at most `qtyCoinMax`, whose exit rate, rounded as everywhere, is at least
 * `rateMin`; undefined when not even one lot's is. The more coins, the fewer KRW each brings and the more USDT each costs, so the rate only falls
 * with the quantity, and the edge is found by halving.
 */
export function largestExitMeeting(
  books: PairBooks,
  qtyCoinMax: Decimal,
  rateMin: Decimal,
  lotCoin: Decimal,
  multiplier: Decimal,
): Decimal | undefined {
  const bids = [...levels(books.domestic, "bid", qtyCoinMax)];
  const asks = [...levels(books.overseas, "ask", qtyCoinMax.dividedBy(multiplier, WORK_DECIMALS, "up"))];
  const qtyOf = (lots: bigint) => lotCoin.times(Decimal.of(lots));
  const meets = (lots: bigint) =>
    qtyRate(bids, asks, qtyOf(lots), multiplier)?.rate.atLeast(rateMin) ?? false;
  const lotsMax = BigInt(qtyCoinMax.dividedBy(lotCoin, 0, "down").toString());
  // What meets lies below `fails`; no lots at all stand for "none".
  let most = 0n;
  let fails = lotsMax + 1n;
  if (lotsMax > 0n && meets(lotsMax)) most = lotsMax;
  else fails = lotsMax;
  while (fails - most > 1n) {
    const middle = (most + fails) / 2n;
    if (meets(middle)) most = middle;
    else fails = middle;
  }
  return most > 0n ? qtyOf(most) : undefined;
}

/** The levels of a side, best first, as long as they are asked for, or until they hold `qtyMax`. */
function* levels(book: OrderBook, side: Side, qtyMax?: Decimal): Generator<Level> {
  const [prices, qtys, count] =
    side === "ask"
      ? [book.askPrices, book.askQtys, book.askCount]
      : [book.bidPrices, book.bidQtys, book.bidCount];
  let held = Decimal.ZERO;
  for (let index = 0; index < count; index++) {
    const level = { price: Decimal.ofFloat(prices[index]!), qty: Decimal.ofFloat(qtys[index]!) };
    yield level;
    held = held.plus(level.qty);
    if (qtyMax && held.atLeast(qtyMax)) return;
  }
}

function rateAt(
  domestic: Iterable<Level>,
  overseas: Iterable<Level>,
  sizeKrw: Decimal,
  multiplier: Decimal,
): Decimal | undefined {
  const coins = coinsFor(domestic, sizeKrw);
  if (!coins) return undefined;
  const { qtyTimesPrice, price } = coins;
  const unit = multiplier.times(price);
  const usdtTimesUnit = notionalFor(overseas, qtyTimesPrice, unit);
  return usdtTimesUnit && sizeKrw.times(unit).dividedBy(usdtTimesUnit, RATE_DECIMALS, "half-up");
}

/** Coins that exactly `sizeKrw` trade, as a multiple of the last price touched: the division is never made. */
function coinsFor(
  side: Iterable<Level>,
  sizeKrw: Decimal,
): { readonly qtyTimesPrice: Decimal; readonly price: Decimal } | undefined {
  if (!sizeKrw.isPositive) throw new RangeError(`expected a size above 0, was ${sizeKrw}`);
  let left = sizeKrw;
  let whole = Decimal.ZERO;
  for (const { price, qty } of side) {
    const worth = price.times(qty);
    if (left.atMost(worth)) return { qtyTimesPrice: whole.times(price).plus(left), price };
    left = left.minus(worth);
    whole = whole.plus(qty);
  }
  return undefined;
}

function qtyRate(
  bids: Iterable<Level>,
  asks: Iterable<Level>,
  qtyCoin: Decimal,
  multiplier: Decimal,
): QtyRate | undefined {
  if (!qtyCoin.isPositive) throw new RangeError(`expected coins above 0, was ${qtyCoin}`);
  const saleKrw = notionalFor(bids, qtyCoin, Decimal.ONE);
  const usdtTimesMultiplier = saleKrw && notionalFor(asks, qtyCoin, multiplier);
  if (!usdtTimesMultiplier) return undefined;
  return {
    rate: saleKrw.times(multiplier).dividedBy(usdtTimesMultiplier, RATE_DECIMALS, "half-up"),
    saleKrw,
    costUsdt: usdtTimesMultiplier.dividedBy(multiplier, WORK_DECIMALS, "half-up").normal(),
  };
}

/** Worth of a quantity given, like the worth returned, as a multiple of `unit`; levels hold single units. */
function notionalFor(side: Iterable<Level>, qtyTimesUnit: Decimal, unit: Decimal): Decimal | undefined {
  let left = qtyTimesUnit;
  let worth = Decimal.ZERO;
  for (const { price, qty } of side) {
    const take = Decimal.min(left, qty.times(unit));
    worth = worth.plus(take.times(price));
    left = left.minus(take);
    if (left.isZero) return worth;
  }
  return undefined;
}
