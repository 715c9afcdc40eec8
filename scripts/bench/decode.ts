// Decoding the books of a full tick: 131 coins on four venues, every document different, as deep as they are asked for
// in service and with the limits of an order of 100M KRW, against JSON.parse of the same bytes in the same run.

import { binanceBooks } from "../../src/adapters/venue/binance/books.ts";
import { bithumbBooks } from "../../src/adapters/venue/bithumb/books.ts";
import { bybitBooks } from "../../src/adapters/venue/bybit/books.ts";
import { upbitBooks } from "../../src/adapters/venue/upbit/books.ts";
import { createOrderBook, type OrderBook } from "../../src/domain/order-book.ts";
import type { BookRequest, ScanLimit, VenueBooks } from "../../src/ports/market-data.ts";
import { type BenchLine, grouped, round } from "./line.ts";

const COINS = 131;
const COINS_PER_TASK = 4;
const SEED_KRW_MAX = 100_000_000;
const KRW_PER_USDT = 1400;
/** Sets of documents taken in turn, so that no tick meets the bytes of the one before. */
const SETS = 3;
const WARM_UP_TICKS = 30;
const MEASURED_TICKS = 60;
const TARGET_MS = 5;
const UNLIMITED: ScanLimit = {
  askQtyEnough: Number.POSITIVE_INFINITY,
  bidQtyEnough: Number.POSITIVE_INFINITY,
};

interface Document {
  readonly books: VenueBooks;
  readonly request: BookRequest;
  readonly bytes: Uint8Array;
  readonly limits: ReadonlyMap<string, ScanLimit>;
}

interface Coin {
  readonly name: string;
  readonly priceKrw: number;
  /** Mean worth of one level: what decides how many levels an order of 100M KRW needs. */
  readonly levelKrw: number;
}

type Random = () => number;

function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Prices over eight orders of magnitude; from coins filled within three levels to coins thinner than 30 of them. */
function coinsOf(random: Random): Coin[] {
  return Array.from({ length: COINS }, (_, index) => ({
    name: `C${index}`,
    priceKrw: 10 ** (0 + 8 * random() ** 1.5),
    levelKrw: 10 ** (6 + 1.6 * random()),
  }));
}

interface Row {
  readonly price: string;
  readonly qty: string;
}

function rowsOf(
  random: Random,
  side: {
    price: number;
    step: number;
    decimals: number;
    levelWorth: number;
    qtyDecimals: number;
    depth: number;
  },
): Row[] {
  const rows: Row[] = [];
  let price = side.price;
  for (let level = 0; level < side.depth; level++) {
    price += side.step * (1 + Math.floor(2 * random()));
    const qty = (side.levelWorth / side.price) * (0.1 + 1.8 * random());
    rows.push({ price: price.toFixed(side.decimals), qty: qty.toFixed(side.qtyDecimals) });
  }
  return rows;
}

/** As a Korean venue prints a quantity: a number, eight decimals at most, no zeros at the end. */
function bare(text: string): string {
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

function krwMarket(random: Random, coin: Coin): string {
  const decimals = coin.priceKrw > 100 ? 0 : coin.priceKrw > 1 ? 2 : 4;
  const step = Math.max(10 ** -decimals, 10 ** (Math.floor(Math.log10(coin.priceKrw)) - 4));
  const side = {
    price: coin.priceKrw,
    decimals,
    levelWorth: coin.levelKrw,
    qtyDecimals: 8,
    depth: 30,
  };
  const asks = rowsOf(random, { ...side, step });
  const bids = rowsOf(random, { ...side, step: -step });
  const units = asks.map(
    (ask, index) =>
      `{"ask_price":${bare(ask.price)},"bid_price":${bare(bids[index]!.price)},` +
      `"ask_size":${bare(ask.qty)},"bid_size":${bare(bids[index]!.qty)}}`,
  );
  return (
    `{"market":"KRW-${coin.name}","timestamp":1751606867762,"total_ask_size":10.37591054,` +
    `"total_bid_size":9.49577219,"orderbook_units":[${units.join(",")}],"level":0}`
  );
}

function usdtSides(random: Random, coin: Coin, depth: number): { asks: string; bids: string } {
  const price = coin.priceKrw / KRW_PER_USDT;
  const decimals = Math.max(1, 5 - Math.floor(Math.log10(price)));
  const step = 10 ** -decimals;
  const side = {
    price,
    decimals,
    levelWorth: coin.levelKrw / KRW_PER_USDT,
    qtyDecimals: price > 10 ? 3 : 0,
    depth,
  };
  const print = (rows: Row[]) => rows.map((row) => `["${row.price}","${row.qty}"]`).join(",");
  return {
    asks: print(rowsOf(random, { ...side, step })),
    bids: print(rowsOf(random, { ...side, step: -step })),
  };
}

/** Levels asked for: what covers 100M KRW with room to spare, within what the venue offers. */
function depthOf(coin: Coin, steps: readonly number[]): number {
  const needed = (2 * SEED_KRW_MAX) / coin.levelKrw;
  return steps.find((step) => step >= needed) ?? steps[steps.length - 1]!;
}

const krwSymbol = (coin: Coin) => `KRW-${coin.name}`;
const usdtSymbol = (coin: Coin) => `${coin.name}USDT`;

function documentsOf(seed: number): Document[] {
  const random = seededRandom(seed);
  const coins = coinsOf(random);
  const documents: Document[] = [];
  const add = (
    books: VenueBooks,
    group: readonly Coin[],
    symbolOf: (coin: Coin) => string,
    depth: number,
    text: string,
  ) => {
    const limits = new Map<string, ScanLimit>();
    for (const coin of group) {
      const qty = SEED_KRW_MAX / coin.priceKrw;
      limits.set(symbolOf(coin), { askQtyEnough: qty, bidQtyEnough: qty });
    }
    const request = books.plan([...limits.keys()].map((symbol) => ({ symbol, depth })))[0]!;
    documents.push({ books, request, bytes: new TextEncoder().encode(text), limits });
  };
  for (let start = 0; start < coins.length; start += COINS_PER_TASK) {
    const group = coins.slice(start, start + COINS_PER_TASK);
    const markets = group.map((coin) => krwMarket(random, coin));
    add(upbitBooks, group, krwSymbol, 30, `[${markets.join(",")}]`);
  }
  for (const coin of coins) {
    add(bithumbBooks, [coin], krwSymbol, 30, `[${krwMarket(random, coin)}]`);
    const bybitDepth = depthOf(coin, [200, 500]);
    const bybit = usdtSides(random, coin, bybitDepth);
    add(
      bybitBooks,
      [coin],
      usdtSymbol,
      bybitDepth,
      `{"retCode":0,"retMsg":"OK","result":{"s":"${usdtSymbol(coin)}","b":[${bybit.bids}],"a":[${bybit.asks}],` +
        `"ts":1709199771584,"u":243781,"seq":3887177875,"cts":1709199771580},"retExtInfo":{},"time":1709199771643}`,
    );
    const binanceDepth = depthOf(coin, [50, 100, 500]);
    const binance = usdtSides(random, coin, binanceDepth);
    add(
      binanceBooks,
      [coin],
      usdtSymbol,
      binanceDepth,
      `{"lastUpdateId":78378956573,"E":1730440386483,"T":1730440386476,` +
        `"bids":[${binance.bids}],"asks":[${binance.asks}]}`,
    );
  }
  return documents;
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** CPU ms per call of `work`, given the set whose turn it is. */
function cpuMsPerTick(sets: readonly Document[][], work: (documents: Document[]) => void): number {
  for (let tick = 0; tick < WARM_UP_TICKS; tick++) work(sets[tick % SETS]!);
  Bun.gc(true);
  const startMs = cpuMs();
  for (let tick = 0; tick < MEASURED_TICKS; tick++) work(sets[tick % SETS]!);
  return (cpuMs() - startMs) / MEASURED_TICKS;
}

function scanAll(documents: readonly Document[], book: OrderBook, limit?: ScanLimit): void {
  const target = () => book;
  for (const { books, request, bytes, limits } of documents) {
    const outcome = books.scan(bytes, request, target, (symbol) => limit ?? limits.get(symbol)!);
    if (outcome !== "ok") throw new Error(`expected a ${books.venue} book, was ${outcome}`);
  }
}

function parseAll(documents: readonly Document[], decoder: TextDecoder): void {
  for (const { bytes } of documents) JSON.parse(decoder.decode(bytes));
}

type Levels = readonly (readonly [price: number, qty: number])[];
type ParsedBook = readonly [symbol: string, asks: Levels, bids: Levels];

/** The books of a document as JSON.parse has them. */
function parsedBooks({ books, bytes, limits }: Document): ParsedBook[] {
  const parsed = JSON.parse(new TextDecoder().decode(bytes));
  const levels = (rows: [string, string][]): Levels =>
    rows.map(([price, qty]) => [Number(price), Number(qty)]);
  if (books.venue === "binance") return [[[...limits.keys()][0]!, levels(parsed.asks), levels(parsed.bids)]];
  if (books.venue === "bybit") return [[parsed.result.s, levels(parsed.result.a), levels(parsed.result.b)]];
  type Unit = Record<`${"ask" | "bid"}_${"price" | "size"}`, number>;
  return parsed.map(({ market, orderbook_units: units }: { market: string; orderbook_units: Unit[] }) => [
    market,
    units.map((unit) => [unit.ask_price, unit.ask_size]),
    units.map((unit) => [unit.bid_price, unit.bid_size]),
  ]);
}

/** How many numbers of the books are not, to the last bit, what JSON.parse makes of the same bytes. */
function compareNumbers(documents: readonly Document[]): { compared: number; unlike: number } {
  let compared = 0;
  let unlike = 0;
  for (const document of documents) {
    const scanned = new Map<string, OrderBook>();
    const target = (symbol: string) => {
      const book = createOrderBook();
      scanned.set(symbol, book);
      return book;
    };
    document.books.scan(document.bytes, document.request, target, () => UNLIMITED);
    for (const [symbol, asks, bids] of parsedBooks(document)) {
      const book = scanned.get(symbol)!;
      const own = [
        ...book.askPrices.subarray(0, book.askCount),
        ...book.askQtys.subarray(0, book.askCount),
      ].concat([...book.bidPrices.subarray(0, book.bidCount), ...book.bidQtys.subarray(0, book.bidCount)]);
      const expected = [asks, bids].flatMap((side) => [
        ...side.map(([price]) => price),
        ...side.map(([, qty]) => qty),
      ]);
      compared += expected.length;
      unlike +=
        Math.abs(own.length - expected.length) + expected.filter((value, at) => value !== own[at]).length;
    }
  }
  return { compared, unlike };
}

/** CPU time of decoding every book of a tick. */
export async function benchDecode(): Promise<BenchLine[]> {
  const sets = Array.from({ length: SETS }, (_, index) => documentsOf(1 + index));
  const book = createOrderBook();
  const decoder = new TextDecoder();
  const parseMs = cpuMsPerTick(sets, (documents) => parseAll(documents, decoder));
  const scanMs = cpuMsPerTick(sets, (documents) => scanAll(documents, book));
  const wholeMs = cpuMsPerTick(sets, (documents) => scanAll(documents, book, UNLIMITED));
  const numbers = sets.map(compareNumbers);
  const compared = numbers.reduce((sum, one) => sum + one.compared, 0);
  const unlike = numbers.reduce((sum, one) => sum + one.unlike, 0);
  const megabytes = sets[0]!.reduce((sum, document) => sum + document.bytes.length, 0) / 1e6;
  const beside = (ms: number) =>
    `JSON.parse of the same ${round(megabytes, 1)} MB ${round(parseMs, 0)} ms, ${round(parseMs / ms, 0)}x`;
  return [
    {
      name: "decode the books of a tick, as deep as 100M KRW needs",
      figure: round(scanMs, 2),
      unit: "ms CPU",
      comparison: beside(scanMs),
      target: `at most ${TARGET_MS}`,
      ok: scanMs <= TARGET_MS,
    },
    {
      name: "decode the books of a tick, every level",
      figure: round(wholeMs, 2),
      unit: "ms CPU",
      comparison: beside(wholeMs),
      target: "at least 5x JSON.parse",
      ok: parseMs / wholeMs >= 5,
    },
    {
      name: `prices and quantities of ${SETS} ticks unlike JSON.parse's`,
      figure: unlike,
      unit: `of ${grouped(compared)}`,
      comparison: "JSON.parse of the same bytes, to the last bit",
      target: "none",
      ok: unlike === 0 && compared > 0,
    },
  ];
}

if (import.meta.main) for (const line of await benchDecode()) console.log(line);
