// Live books as paper orders meet them: copied at once (the buffers are filled again and again), less what paper orders
// of this process have taken within the last second, so that two of them never fill on one level. Who takes more from
// a book than it can bear is not modelled beyond that, and nothing rests in it.

import type { Venue } from "../../../schema/vocabulary.ts";
import { Decimal } from "../../domain/decimal.ts";
import { bookDefect, type OrderBook } from "../../domain/order-book.ts";
import type { Clock } from "../../ports/clock.ts";
import type { OrderSide } from "../../ports/trading-venue.ts";
import type { Take } from "./paper-account.ts";

/** One side, best level first. */
interface Side {
  readonly prices: Float64Array;
  readonly qtys: Float64Array;
}

export interface PaperBook {
  readonly asks: Side;
  readonly bids: Side;
}

/** Undefined for a book nothing can be traded on. */
export function copyBook(book: OrderBook): PaperBook | undefined {
  if (bookDefect(book) !== undefined) return undefined;
  const { askPrices, askQtys, askCount, bidPrices, bidQtys, bidCount } = book;
  return {
    asks: { prices: askPrices.slice(0, askCount), qtys: askQtys.slice(0, askCount) },
    bids: { prices: bidPrices.slice(0, bidCount), qtys: bidQtys.slice(0, bidCount) },
  };
}

/** The price an order of this side meets first. */
export function bestPrice(book: PaperBook, side: OrderSide): Decimal {
  return Decimal.ofFloat((side === "buy" ? book.asks : book.bids).prices[0]!);
}

export function midPrice(book: PaperBook): Decimal {
  return bestPrice(book, "buy").plus(bestPrice(book, "sell")).times(HALF);
}

/** Floats become the shortest decimals that read as them, which is what the venue printed. */
function* levelsOf({ prices, qtys }: Side): Generator<Take> {
  for (let level = 0; level < prices.length; level++) {
    yield { price: Decimal.ofFloat(prices[level]!), qty: Decimal.ofFloat(qtys[level]!) };
  }
}

const HALF = Decimal.of("0.5");
/** How long what was taken is missing. */
const TAKEN_MS = 1_000;

interface Taken extends Take {
  readonly untilMs: number;
}

/** What paper orders took lately, of all users. In memory: a restart forgets a second's worth. */
export class TakenLevels {
  readonly #taken = new Map<string, Taken[]>();

  constructor(private readonly clock: Clock) {}

  /**
   * Walks the book up to `qty` and to `bound` (undefined: to its end) and takes what it gives. `release` puts it back.
   * Synchronous: nobody walks in between.
   */
  take(
    market: { readonly venue: Venue; readonly symbol: string; readonly side: OrderSide },
    book: PaperBook,
    wanted: { readonly qty: Decimal; readonly bound: Decimal | undefined },
  ): { readonly takes: readonly Take[]; readonly release: () => void } {
    const key = `${market.venue} ${market.symbol} ${market.side}`;
    const nowMs = this.clock.monotonicMs();
    const standing = (this.#taken.get(key) ?? []).filter(({ untilMs }) => untilMs > nowMs);
    const gone = (price: Decimal) =>
      Decimal.sum(standing.filter((each) => each.price.equals(price)).map(({ qty }) => qty));
    const takes: Take[] = [];
    let left = wanted.qty;
    for (const { price, qty } of levelsOf(market.side === "buy" ? book.asks : book.bids)) {
      if (left.isZero || isBeyond(price, wanted.bound, market.side)) break;
      const there = qty.minus(gone(price));
      if (!there.isPositive) continue;
      const taken = Decimal.min(left, there);
      takes.push({ price, qty: taken });
      left = left.minus(taken);
    }
    const own = takes.map((each): Taken => ({ ...each, untilMs: nowMs + TAKEN_MS }));
    this.#taken.set(key, [...standing, ...own]);
    return { takes, release: () => this.#release(key, own) };
  }

  #release(key: string, own: readonly Taken[]): void {
    const rest = (this.#taken.get(key) ?? []).filter((each) => !own.includes(each));
    if (rest.length === 0) this.#taken.delete(key);
    else this.#taken.set(key, rest);
  }
}

function isBeyond(price: Decimal, bound: Decimal | undefined, side: OrderSide): boolean {
  if (bound === undefined) return false;
  return side === "buy" ? price.above(bound) : price.below(bound);
}
