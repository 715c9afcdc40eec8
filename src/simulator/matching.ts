// Orders against the books the public side shows. The market is a function of time and knows nothing of orders, so
// what an order takes is remembered here and missing from the book, for matching and for everybody's eyes, until
// others have filled the gap again.

import { type Exact, exact, floorTo, MONEY_STEP, over, smaller, textOf, times } from "./exact.ts";
import type { Side } from "./orders.ts";
import type { Switches } from "./switches.ts";
import type { SimBook, SimMarket, SimVenue } from "./types.ts";

export interface Take {
  readonly price: Exact;
  readonly qty: Exact;
}

export interface SweepRequest {
  readonly venue: SimVenue;
  readonly symbol: string;
  readonly side: Side;
  readonly atMs: number;
  /** Worst price accepted. */
  readonly limit?: Exact | undefined;
  /** At most this much, in quantity or in quote currency. */
  readonly qty?: Exact | undefined;
  readonly money?: Exact | undefined;
}

interface Gap {
  readonly price: Exact;
  readonly qty: Exact;
  readonly takenAtMs: number;
}

/** As many levels as any book has. */
const LEVELS_MAX = 1_000;
type BookSide = "asks" | "bids";

export class Matching {
  readonly market: SimMarket;
  private readonly switches: Switches;
  private readonly gaps = new Map<string, Gap[]>();

  constructor(market: SimMarket, switches: Switches) {
    this.market = market;
    this.switches = switches;
  }

  /** The market's book without what orders took a moment ago. */
  book(venue: SimVenue, symbol: string, atMs: number, levelsMax: number): SimBook | undefined {
    const asks = this.gapsOf(venue, symbol, "asks", atMs);
    const bids = this.gapsOf(venue, symbol, "bids", atMs);
    if (asks.length + bids.length === 0) return this.market.book(venue, symbol, atMs, levelsMax);
    // A level that is gone moves the others up.
    const more = Math.min(LEVELS_MAX, levelsMax + asks.length + bids.length);
    const book = this.market.book(venue, symbol, atMs, more);
    if (book === undefined) return undefined;
    return {
      ...book,
      asks: without(book.asks, asks, "asks").slice(0, levelsMax),
      bids: without(book.bids, bids, "bids").slice(0, levelsMax),
    };
  }

  /** What an order would take now, best price first. Nothing is taken yet. */
  sweep({ venue, symbol, side, atMs, limit, qty, money }: SweepRequest): Take[] {
    const book = this.book(venue, symbol, atMs, LEVELS_MAX);
    const takes: Take[] = [];
    let qtyLeft = qty;
    let moneyLeft = money;
    for (const [priceText, qtyText] of (side === "buy" ? book?.asks : book?.bids) ?? []) {
      const price = exact(priceText);
      if (limit !== undefined && (side === "buy" ? price > limit : price < limit)) break;
      let taken = exact(qtyText);
      if (qtyLeft !== undefined) taken = smaller(taken, qtyLeft);
      if (moneyLeft !== undefined) taken = smaller(taken, floorTo(over(moneyLeft, price), MONEY_STEP));
      if (taken <= 0n) break;
      takes.push({ price, qty: taken });
      if (qtyLeft !== undefined) qtyLeft -= taken;
      if (moneyLeft !== undefined) moneyLeft -= times(price, taken);
      if (qtyLeft === 0n) break;
    }
    return takes;
  }

  /** Takes what a sweep found out of the book. */
  take({ venue, symbol, side, atMs }: SweepRequest, takes: readonly Take[]): void {
    const gaps = this.gapsOf(venue, symbol, side === "buy" ? "asks" : "bids", atMs);
    gaps.push(...takes.map((take) => ({ ...take, takenAtMs: atMs })));
    this.gaps.set(`${venue} ${symbol} ${side === "buy" ? "asks" : "bids"}`, gaps);
  }

  /** The best price an order of that side meets; undefined when nobody stands there. */
  best(venue: SimVenue, symbol: string, side: Side, atMs: number): Exact | undefined {
    const book = this.book(venue, symbol, atMs, 1);
    const level = (side === "buy" ? book?.asks : book?.bids)?.[0];
    return level && exact(level[0]);
  }

  private gapsOf(venue: SimVenue, symbol: string, side: BookSide, atMs: number): Gap[] {
    if (this.gaps.size === 0) return [];
    const key = `${venue} ${symbol} ${side}`;
    const gaps = this.gaps.get(key);
    if (gaps === undefined) return [];
    const { refillMs } = this.switches.market;
    const left = gaps.filter((gap) => atMs - gap.takenAtMs < refillMs);
    if (left.length === 0) this.gaps.delete(key);
    return left;
  }
}

type Level = readonly [string, string];

/**
 * A gap is missing from the level it was taken from; where the book has moved and that price is no level any more,
 * from the best ones up to it.
 */
function without(levels: readonly Level[], gaps: readonly Gap[], side: BookSide): readonly Level[] {
  if (gaps.length === 0) return levels;
  const left = levels.map(([price, qty]) => ({ price: exact(price), qty: exact(qty) }));
  for (const gap of gaps) {
    const own = left.find(({ price }) => price === gap.price);
    let missing = gap.qty;
    for (const level of own === undefined ? left : [own]) {
      if (side === "asks" ? level.price > gap.price : level.price < gap.price) break;
      const taken = smaller(missing, level.qty);
      level.qty -= taken;
      missing -= taken;
    }
  }
  return levels.flatMap((level, index): Level[] => {
    const { qty } = left[index]!;
    return qty > 0n ? [[level[0], likeText(qty, level[1])]] : [];
  });
}

/** With at least the decimals the venue printed before. */
function likeText(value: Exact, before: string): string {
  const text = textOf(value);
  const wanted = before.split(".")[1]?.length ?? 0;
  const has = text.split(".")[1]?.length ?? 0;
  if (has >= wanted) return text;
  return `${text}${has === 0 ? "." : ""}${"0".repeat(wanted - has)}`;
}
