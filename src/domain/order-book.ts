// One venue's order book as typed arrays, best level first on both sides. The arrays are buffers that are
// filled again and again (the hot path allocates nothing); `askCount` and `bidCount` say how much of them counts.
// Prices and quantities are in the venue's own units: KRW or USDT per (contract of `multiplier`) coins.

export interface OrderBook {
  readonly askPrices: Float64Array;
  readonly askQtys: Float64Array;
  askCount: number;
  readonly bidPrices: Float64Array;
  readonly bidQtys: Float64Array;
  bidCount: number;
  /** The venue's own time stamp of the book, epoch milliseconds; 0 when the venue gave none. */
  stampAtMs: number;
  /** True when the scanner stopped before the last level of a side because enough quantity was read. */
  asksCut: boolean;
  bidsCut: boolean;
}

export const BOOK_LEVELS_MAX = 1000;

export function createOrderBook(levelsMax: number = BOOK_LEVELS_MAX): OrderBook {
  return {
    askPrices: new Float64Array(levelsMax),
    askQtys: new Float64Array(levelsMax),
    askCount: 0,
    bidPrices: new Float64Array(levelsMax),
    bidQtys: new Float64Array(levelsMax),
    bidCount: 0,
    stampAtMs: 0,
    asksCut: false,
    bidsCut: false,
  };
}

export function clearOrderBook(book: OrderBook): void {
  book.askCount = 0;
  book.bidCount = 0;
  book.stampAtMs = 0;
  book.asksCut = false;
  book.bidsCut = false;
}

/** What is wrong with a book as such; undefined when it can be swept. Sides must be strictly sorted, all > 0. */
export function bookDefect(book: OrderBook): "empty" | "crossed" | "malformed" | undefined {
  if (book.askCount === 0 || book.bidCount === 0) return "empty";
  if (!sideIsSound(book.askPrices, book.askQtys, book.askCount, 1)) return "malformed";
  if (!sideIsSound(book.bidPrices, book.bidQtys, book.bidCount, -1)) return "malformed";
  if (book.bidPrices[0]! >= book.askPrices[0]!) return "crossed";
  return undefined;
}

function sideIsSound(prices: Float64Array, qtys: Float64Array, count: number, direction: 1 | -1): boolean {
  let previous = direction === 1 ? 0 : Number.POSITIVE_INFINITY;
  for (let index = 0; index < count; index++) {
    const price = prices[index]!;
    if (!((price - previous) * direction > 0) || !(price > 0) || !Number.isFinite(price)) return false;
    const qty = qtys[index]!;
    if (!(qty > 0) || !Number.isFinite(qty)) return false;
    previous = price;
  }
  return true;
}
