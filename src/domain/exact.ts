// Exact settlement of single rates in BigInt rationals: the slow path behind sweep.ts, taken only where floating
// point cannot decide a rounding or a boundary. Levels are read as the shortest decimal of their double, which is
// the venue's own text for every number of up to 15 significant digits.

import type { OrderBook } from "./order-book.ts";

/** A positive rational number. */
interface Ratio {
  readonly num: bigint;
  readonly den: bigint;
}

const DECIMAL = /^(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/;

/** The decimal value a finite, non-negative double prints as. Throws on anything else. */
export function ratioOf(value: number): Ratio {
  const match = DECIMAL.exec(String(value));
  if (match === null) throw new RangeError(`expected a finite non-negative number, was ${value}`);
  const fraction = match[2] ?? "";
  const exponent = Number(match[3] ?? "0") - fraction.length;
  const digits = BigInt(match[1]! + fraction);
  return exponent >= 0
    ? { num: digits * 10n ** BigInt(exponent), den: 1n }
    : { num: digits, den: 10n ** BigInt(-exponent) };
}

function add(a: Ratio, b: Ratio): Ratio {
  if (a.den === b.den) return { num: a.num + b.num, den: a.den };
  return { num: a.num * b.den + b.num * a.den, den: a.den * b.den };
}
function subtract(a: Ratio, b: Ratio): Ratio {
  if (a.den === b.den) return { num: a.num - b.num, den: a.den };
  return { num: a.num * b.den - b.num * a.den, den: a.den * b.den };
}
function multiply(a: Ratio, b: Ratio): Ratio {
  return { num: a.num * b.num, den: a.den * b.den };
}
function divide(a: Ratio, b: Ratio): Ratio {
  return { num: a.num * b.den, den: a.den * b.num };
}
function isAtMost(a: Ratio, b: Ratio): boolean {
  return a.num * b.den <= b.num * a.den;
}

/** Coins traded for exactly `notional`, or undefined when the side ends before. */
function qtyForNotional(
  prices: Float64Array,
  qtys: Float64Array,
  count: number,
  notional: Ratio,
): Ratio | undefined {
  let left = notional;
  let qty: Ratio = { num: 0n, den: 1n };
  for (let level = 0; level < count; level++) {
    const price = ratioOf(prices[level]!);
    const levelQty = ratioOf(qtys[level]!);
    const levelNotional = multiply(price, levelQty);
    if (isAtMost(left, levelNotional)) return add(qty, divide(left, price));
    left = subtract(left, levelNotional);
    qty = add(qty, levelQty);
  }
  return undefined;
}

/** Notional traded for exactly `qty`, or undefined when the side ends before. */
function notionalForQty(
  prices: Float64Array,
  qtys: Float64Array,
  count: number,
  qty: Ratio,
): Ratio | undefined {
  let left = qty;
  let notional: Ratio = { num: 0n, den: 1n };
  for (let level = 0; level < count; level++) {
    const price = ratioOf(prices[level]!);
    const levelQty = ratioOf(qtys[level]!);
    if (isAtMost(left, levelQty)) return add(notional, multiply(left, price));
    left = subtract(left, levelQty);
    notional = add(notional, multiply(levelQty, price));
  }
  return undefined;
}

/** True when the side holds at least `notional`. */
export function holdsNotional(
  prices: Float64Array,
  qtys: Float64Array,
  count: number,
  notional: number,
): boolean {
  return qtyForNotional(prices, qtys, count, ratioOf(notional)) !== undefined;
}

/**
 * One rate in jeon (1/100 KRW per USDT), rounded half-up, NaN where a book ends before the seed is filled.
 * `multiplier`: coins per unit of the overseas book's price and quantity.
 */
export function exactRateJeon(
  direction: "entry" | "exit",
  domestic: OrderBook,
  overseas: OrderBook,
  multiplier: number,
  seedKrw: number,
): number {
  const seed = ratioOf(seedKrw);
  const coins =
    direction === "entry"
      ? qtyForNotional(domestic.askPrices, domestic.askQtys, domestic.askCount, seed)
      : qtyForNotional(domestic.bidPrices, domestic.bidQtys, domestic.bidCount, seed);
  if (coins === undefined) return Number.NaN;
  const contracts = divide(coins, ratioOf(multiplier));
  const usdt =
    direction === "entry"
      ? notionalForQty(overseas.bidPrices, overseas.bidQtys, overseas.bidCount, contracts)
      : notionalForQty(overseas.askPrices, overseas.askQtys, overseas.askCount, contracts);
  if (usdt === undefined) return Number.NaN;
  const jeon = divide(multiply(seed, { num: 100n, den: 1n }), usdt);
  return Number((jeon.num * 2n + jeon.den) / (jeon.den * 2n));
}
