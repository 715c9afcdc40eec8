// How large an entry's orders may be, and how far they may pay (specification 3). Pure and exact: books come as
// floats, every quantity and price that leaves is a Decimal rounded the way that cannot overspend.

import { Decimal } from "./decimal.ts";
import type { OrderBook } from "./order-book.ts";
import { onIncrement } from "./order-bounds.ts";

/** What the venues allow for one coin, in their own units. */
export interface SizingRules {
  /** Coins per overseas contract unit. */
  readonly multiplier: Decimal;
  /** Overseas lot in contracts; smallest order in contracts and in USDT. */
  readonly overseasLot: Decimal;
  readonly overseasQtyMin: Decimal;
  readonly overseasNotionalMinUsdt: Decimal;
  /** Largest order with a limit, contracts. */
  readonly overseasQtyMax: Decimal;
  /** Domestic quantity step in coins, largest order in coins, price increment by price and smallest order in KRW. */
  readonly domesticLot: Decimal;
  readonly domesticQtyMax: Decimal;
  readonly incrementAtKrw: (priceKrw: Decimal) => Decimal;
  readonly domesticNotionalMinKrw: Decimal;
}

export interface EntrySizeInput {
  readonly sliceKrw: Decimal;
  /** The worst entry rate accepted, KRW per USDT. */
  readonly rateMax: Decimal;
  readonly domestic: OrderBook;
  readonly overseas: OrderBook;
  readonly rules: SizingRules;
  readonly freeKrw: Decimal;
  /** Domestic taker fee as a ratio; it comes on top of the amount. */
  readonly domesticFeeRatio: Decimal;
}

export interface EntrySize {
  /** Volume of the domestic order, coins: a whole number of overseas lots. */
  readonly qtyCoin: Decimal;
  /** The same in overseas contracts. */
  readonly qtyContracts: Decimal;
  /** Limit price of the domestic order. */
  readonly capKrw: Decimal;
  /** Most KRW the order can take, fee included. */
  readonly costMaxKrw: Decimal;
  /** USDT the overseas bids give for the whole quantity now. */
  readonly proceedsUsdt: Decimal;
}

export const SIZE_DENIALS = [
  "domestic-too-thin", // the asks end before the slice
  "overseas-too-thin", // the bids end before the quantity
  "below-one-lot", // the slice buys less than one overseas lot
  "cap-below-ask", // the target allows less than the best ask
  "below-minimum", // less than twice the smallest order of one of the venues
  "krw-short", // not enough free KRW for volume x cap and fee
] as const;
export type SizeDenial = (typeof SIZE_DENIALS)[number];

export type Sized =
  | { readonly ok: true; readonly size: EntrySize }
  | { readonly ok: false; readonly why: SizeDenial };

/** A cap never lies further beyond the deepest swept ask than this. */
const CAP_BEYOND_ASK = Decimal.of("1.002");
/** An entry must be this many times the smallest order, so that its parts can be left again. */
const MINIMUM_FACTOR = Decimal.of(2);
const RATE_DECIMALS = 18;

/** Sizes an entry against both books. Books must be sound (bookDefect) and unsorted floats never get here. */
export function sizeEntry(input: EntrySizeInput): Sized {
  const { domestic, overseas, rules } = input;
  const swept = coinsForNotional(domestic, input.sliceKrw);
  if (!swept) return denied("domestic-too-thin");
  const contracts = lotsDown(swept, rules);
  if (!contracts.isPositive) return denied("below-one-lot");
  const proceedsUsdt = proceedsForContracts(overseas, contracts);
  if (!proceedsUsdt) return denied("overseas-too-thin");

  const wantedCoin = contracts.times(rules.multiplier);
  const deepestKrw = deepestAsk(domestic, wantedCoin);
  const usdtPerCoin = proceedsUsdt.dividedBy(wantedCoin, RATE_DECIMALS, "down");
  const capKrw = onIncrement(
    Decimal.min(input.rateMax.times(usdtPerCoin), deepestKrw.times(CAP_BEYOND_ASK)),
    rules.incrementAtKrw,
    "down",
  );
  if (capKrw.below(Decimal.ofFloat(domestic.askPrices[0]!))) return denied("cap-below-ask");

  const held = qtyAtOrBelow(domestic, capKrw);
  const qtyContracts = lotsDown(Decimal.min(Decimal.min(wantedCoin, held), largestOrderCoin(rules)), rules);
  const qtyCoin = qtyContracts.times(rules.multiplier);
  const proceeds = qtyContracts.isPositive ? proceedsForContracts(overseas, qtyContracts) : undefined;
  if (!proceeds) return denied("below-minimum");
  if (!isAboveMinimums(qtyCoin, qtyContracts, domestic, proceeds, rules)) return denied("below-minimum");

  const costMaxKrw = qtyCoin.times(capKrw).times(Decimal.ONE.plus(input.domesticFeeRatio));
  if (costMaxKrw.above(input.freeKrw)) return denied("krw-short");
  return { ok: true, size: { qtyCoin, qtyContracts, capKrw, costMaxKrw, proceedsUsdt: proceeds } };
}

/**
 * What is hedged after the domestic leg has filled: whole lots of fill plus the dust already held there, never more.
 * What is left over becomes dust. Contracts and coins.
 */
export function hedgeSize(
  filledCoin: Decimal,
  dustCoin: Decimal,
  rules: Pick<SizingRules, "multiplier" | "overseasLot">,
): { readonly qtyContracts: Decimal; readonly matchedCoin: Decimal; readonly dustAfterCoin: Decimal } {
  const qtyContracts = lotsDown(filledCoin.plus(dustCoin), rules);
  const matchedCoin = qtyContracts.times(rules.multiplier);
  return { qtyContracts, matchedCoin, dustAfterCoin: filledCoin.plus(dustCoin).minus(matchedCoin) };
}

/** Splits a closing quantity into orders of at most the venue's maximum, each a whole number of lots. */
export function closingChunks(qtyContracts: Decimal, qtyMax: Decimal, lot: Decimal): Decimal[] {
  const chunkMax = qtyMax.toStep(lot, "down");
  if (!chunkMax.isPositive) throw new RangeError(`expected a maximum of at least one lot, was ${qtyMax}`);
  const chunks: Decimal[] = [];
  for (let left = qtyContracts; left.isPositive; left = left.minus(chunks.at(-1)!)) {
    chunks.push(Decimal.min(left, chunkMax));
  }
  return chunks;
}

function denied(why: SizeDenial): Sized {
  return { ok: false, why };
}

/** Neither the buy nor its hedge is sent in chunks: what one venue would refuse for its size must not be bought. */
function largestOrderCoin({ overseasQtyMax, multiplier, domesticQtyMax }: SizingRules): Decimal {
  return Decimal.min(overseasQtyMax.times(multiplier), domesticQtyMax);
}

/** Coins to whole overseas lots, in contracts. */
function lotsDown(coins: Decimal, rules: Pick<SizingRules, "multiplier" | "overseasLot">): Decimal {
  const lotCoin = rules.overseasLot.times(rules.multiplier);
  const lots = coins.dividedBy(lotCoin, 0, "down");
  return lots.times(rules.overseasLot);
}

/** Coins that exactly the notional buys from the asks, rounded down; undefined when they end before. */
function coinsForNotional(book: OrderBook, notionalKrw: Decimal): Decimal | undefined {
  let left = notionalKrw;
  let coins = Decimal.ZERO;
  for (let level = 0; level < book.askCount; level++) {
    const price = Decimal.ofFloat(book.askPrices[level]!);
    const qty = Decimal.ofFloat(book.askQtys[level]!);
    const cost = price.times(qty);
    if (left.atMost(cost)) return coins.plus(left.dividedBy(price, RATE_DECIMALS, "down"));
    left = left.minus(cost);
    coins = coins.plus(qty);
  }
  return undefined;
}

function proceedsForContracts(book: OrderBook, qtyContracts: Decimal): Decimal | undefined {
  let left = qtyContracts;
  let usdt = Decimal.ZERO;
  for (let level = 0; level < book.bidCount; level++) {
    const price = Decimal.ofFloat(book.bidPrices[level]!);
    const take = Decimal.min(left, Decimal.ofFloat(book.bidQtys[level]!));
    usdt = usdt.plus(take.times(price));
    left = left.minus(take);
    if (left.isZero) return usdt;
  }
  return undefined;
}

/** Price of the last ask that a quantity touches; the quantity is known to fit. */
function deepestAsk(book: OrderBook, qtyCoin: Decimal): Decimal {
  let left = qtyCoin;
  for (let level = 0; level < book.askCount; level++) {
    left = left.minus(Decimal.ofFloat(book.askQtys[level]!));
    if (!left.isPositive) return Decimal.ofFloat(book.askPrices[level]!);
  }
  return Decimal.ofFloat(book.askPrices[book.askCount - 1]!);
}

function qtyAtOrBelow(book: OrderBook, priceKrw: Decimal): Decimal {
  let qty = Decimal.ZERO;
  for (let level = 0; level < book.askCount; level++) {
    if (Decimal.ofFloat(book.askPrices[level]!).above(priceKrw)) break;
    qty = qty.plus(Decimal.ofFloat(book.askQtys[level]!));
  }
  return qty;
}

function isAboveMinimums(
  qtyCoin: Decimal,
  qtyContracts: Decimal,
  domestic: OrderBook,
  proceedsUsdt: Decimal,
  rules: SizingRules,
): boolean {
  // Valued at the best bid: what the smallest leaving order would be worth.
  const worthKrw = qtyCoin.times(Decimal.ofFloat(domestic.bidPrices[0]!));
  return (
    worthKrw.atLeast(rules.domesticNotionalMinKrw.times(MINIMUM_FACTOR)) &&
    qtyContracts.atLeast(rules.overseasQtyMin.times(MINIMUM_FACTOR)) &&
    proceedsUsdt.atLeast(rules.overseasNotionalMinUsdt.times(MINIMUM_FACTOR))
  );
}
