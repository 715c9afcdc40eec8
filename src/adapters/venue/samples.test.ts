// Every recorded answer goes through the parser it is for, or its reason stands here why we have none: one table over
// ../shared/samples, in which a file that is not listed fails. What a parser makes of an answer in detail is tested beside
// the parser; here it is enough that the venue's own words are understood.

import { expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { VENUES, type Venue } from "../../../schema/vocabulary.ts";
import type { VenueBooks } from "../../ports/market-data.ts";
import * as binanceAccount from "./binance/account-parse.ts";
import { binanceBooks } from "./binance/books.ts";
import * as binanceOrders from "./binance/order-parse.ts";
import * as binance from "./binance/parse.ts";
import { readBinance } from "./binance/stream.ts";
import { bithumbBooks } from "./bithumb/books.ts";
import * as bithumb from "./bithumb/parse.ts";
import * as bybitAccount from "./bybit/account-parse.ts";
import { bybitBooks } from "./bybit/books.ts";
import * as bybitOrders from "./bybit/order-parse.ts";
import * as bybit from "./bybit/parse.ts";
import { readBybit } from "./bybit/stream.ts";
import * as krw from "./krw-order-parse.ts";
import { readKrw } from "./krw-stream.ts";
import { issueText, type Parsed } from "./parsed.ts";
import type { VenueRefusal } from "./refusal.ts";
import { SAMPLES, sample, samplesPresent, scanWith } from "./scan-testing.ts";
import { upbitBooks } from "./upbit/books.ts";
import * as upbit from "./upbit/parse.ts";

/** A few words or numbers that say what was understood. */
type Reader = (text: string) => unknown;

const KOREAN = new Set(["BTC", "BONK", "BTT", "FLOKI", "LUNC", "NFT", "SHIB", "XEC"]);

/** What was parsed, or what is wrong with it. */
const of =
  <T>(parse: (text: string) => Parsed<T>, pick: (value: T) => unknown): Reader =>
  (text) => {
    const parsed = parse(text);
    return parsed.ok ? pick(parsed.value) : parsed.issues.map(issueText);
  };
/** How many there are. */
const many = <T>(parse: (text: string) => Parsed<readonly T[] | ReadonlyMap<unknown, T>>): Reader =>
  of(parse, (all) => ("size" in all ? all.size : all.length));
const plain = <T>(parse: (text: string) => Parsed<T>): Reader => of(parse, (value) => String(value));
const kind =
  (parse: (text: string) => VenueRefusal | undefined): Reader =>
  (text) =>
    parse(text)?.kind;
/** Levels of each book. */
const levels =
  (books: VenueBooks, symbol: string): Reader =>
  (text) => {
    const scanned = scanWith(books, text, { symbols: [symbol] });
    const book = scanned.books.get(symbol);
    return [scanned.outcome, book?.asks.length, book?.bids.length];
  };
const orderWords = (order: { readonly side: string; readonly state: string; readonly filledQty: unknown }) =>
  `${order.side} ${order.state} ${order.filledQty}`;

/** One row, recorded without the list it came in. */
const row =
  (reader: Reader): Reader =>
  (text) =>
    reader(`[${text}]`);
/** Bybit's result, recorded without its envelope. */
const result =
  (reader: Reader): Reader =>
  (text) =>
    reader(`{"retCode":0,"retMsg":"OK","result":${text},"retExtInfo":{},"time":1}`);
/** A message recorded in the wrapper of combined streams, which ours is not. */
const unwrapped =
  (reader: Reader): Reader =>
  (text) =>
    reader(JSON.stringify((JSON.parse(text) as { data: unknown }).data));

const krwOrder = of(krw.parseOrder, orderWords);
const krwOrders = of(krw.parseOrders, (orders) => orders.map(orderWords));
const krwAssets = of(krw.parseBalances, (balances) => balances.map(({ asset }) => asset));
const upbitNews: Reader = (text) => readKrw(text, "identifier");
const bithumbNews: Reader = (text) => readKrw(text, "client_order_id");
const bybitListings = of(
  (text) => bybit.parseListings(text, KOREAN),
  ({ listings }) => listings.length,
);
const bybitOrder = of(bybitOrders.parseOrders, ({ rows }) => rows.map(orderWords));
const bybitPositions = of(bybitAccount.parsePositions, ({ rows }) =>
  rows.map(({ side, qtyContracts, leverage }) => `${side} ${qtyContracts} ${leverage}x`),
);
const bybitAssets = of(bybitAccount.parseBalances, (balances) => balances.map(({ asset }) => asset));
/** Recorded as rows with names, where the venue writes rows of values. */
const bybitCandles: Reader = (text) => {
  const { list } = JSON.parse(text) as { readonly list: readonly object[] };
  return result(many(bybit.parseCandles))(JSON.stringify({ list: list.map((each) => Object.values(each)) }));
};
const executions = of(bybitOrders.parseExecutions, ({ rows }) =>
  rows.map(({ side, fill }) => `${side} ${fill.qty} @ ${fill.price}`),
);
const binancePositions = of(binanceAccount.parsePositions, (positions) => positions.map(({ side }) => side));
const binanceOrder = of(binanceOrders.parseOrder, orderWords);

const AN_ORDER = [{ kind: "order", clientOrderId: undefined }];
const NO_NEWS: unknown[] = [];

type Entry = readonly [reader: Reader, expected: unknown] | string;

const PUBLIC_TRADES = "none: public trades are not read";
const OLD_API = "none: the venue's older API, which is not asked";
const DOCUMENTS =
  "none: the documents' table of codes, no answer; our words are held against it in parse.test.ts";
const TRADE_SOCKET = "none: orders are sent by REST, which answers a caller that is gone";

const TABLE: Readonly<Record<Venue, Readonly<Record<string, Entry>>>> = {
  upbit: {
    accounts: [krwAssets, ["BTC", "KRW", "ETH"]],
    apikeys: [many(krw.parseKeys), 2],
    "candles-1": [many(upbit.parseCandles), 1],
    "candles-2": [many(upbit.parseCandles), 2],
    "candles-day": [row(many(upbit.parseCandles)), 1],
    "error-code-table": DOCUMENTS,
    "error-insufficient-bid": [kind(upbit.parseRefusal), "insufficient-funds"],
    "error-jwt-verification": [kind(upbit.parseRefusal), "bad-signature"],
    markets: [many(upbit.parseListings), 2],
    "order-cancel-reply": [krwOrder, "buy open 0"],
    "order-cancelnew-prev": [krwOrder, "buy open 0"],
    "order-filled": [krwOrder, "sell closed 1"],
    "order-placed": [krw.placedId, "cdd92199-2897-4e14-9448-f923320408ad"],
    orderbook: [levels(upbitBooks, "BTC-ETH"), ["ok", 10, 10]],
    "orderbook-deep": [levels(upbitBooks, "KRW-BTC"), ["ok", 30, 30]],
    "orderbook-instruments": [many(upbit.parsePriceIncrements), 2],
    "orders-chance": [of(krw.parseChance, (chance) => String(chance.notionalMinKrw)), "5000"],
    "orders-closed": [krwOrders, ["sell closed 0"]],
    "orders-open": [krwOrders, ["sell open 0"]],
    tickers: [many(upbit.parsePrices), 2],
    "trades-1": PUBLIC_TRADES,
    "trades-2": PUBLIC_TRADES,
    "wallet-status": [row(many(upbit.parseWallets)), 1],
    "ws-candle": [upbitNews, NO_NEWS],
    "ws-myorder": [upbitNews, AN_ORDER],
    "ws-orderbook": [upbitNews, NO_NEWS],
    "ws-ticker-1": [upbitNews, NO_NEWS],
    "ws-ticker-2": [upbitNews, NO_NEWS],
    "ws-trade": [upbitNews, NO_NEWS],
  },
  bithumb: {
    accounts: [krwAssets, ["KRW"]],
    candles: [row(many(bithumb.parseCandles)), 1],
    "error-legacy-5100": [kind(bithumb.parseRefusal), "bad-parameter"],
    "error-missing-parameter": [kind(bithumb.parseRefusal), "bad-parameter"],
    "legacy-balance": OLD_API,
    "legacy-orderbook-1": OLD_API,
    "legacy-orderbook-2": OLD_API,
    markets: [row(many(bithumb.parseListings)), 1],
    "order-placed": [krw.placedId, "C0101000003152350309"],
    orderbook: [levels(bithumbBooks, "BTC-USDC"), ["ok", 1, 1]],
    "orders-cancel-reply": "none: our orders end by themselves, none is cancelled",
    tickers: [many(bithumb.parsePrices), 1],
    trades: PUBLIC_TRADES,
    "twap-order": "none: no TWAP orders are placed",
    "wallet-status": [row(many(bithumb.parseWallets)), 1],
    "ws-error-legacy": [kind(bithumb.parseRefusal), "bad-parameter"],
    "ws-myorder": [bithumbNews, AN_ORDER],
    "ws-orderbook": [bithumbNews, NO_NEWS],
    "ws-ticker": [bithumbNews, NO_NEWS],
    "ws-trade": [bithumbNews, NO_NEWS],
  },
  bybit: {
    "account-info": [plain(bybitAccount.parseMarginMode), "cross"],
    "api-key-info": [
      of(bybitAccount.parseKeyInfo, ({ mayTrade, mayWithdraw }) => [mayTrade, mayWithdraw]),
      [true, false],
    ],
    "candles-deep": [bybitCandles, 200],
    "closed-pnl": "none: what a close brought is reckoned from its fills",
    "coin-info": [many(bybit.parseWallets), 1],
    "error-code-table": DOCUMENTS,
    "error-legacy": [kind(bybit.parseRefusal), "unchanged"],
    "error-margin-mode": [kind(bybit.parseRefusal), "other"],
    "error-symbol": [kind(bybit.parseRefusal), "bad-parameter"],
    "executions-1": [result(executions), ["sell 0.01 @ 26816.8"]],
    "executions-2": [executions, ["buy 0.1 @ 1190.15"]],
    "fee-rate": [plain((text) => bybitAccount.parseTakerFee(text, "ETHUSDT")), "0.0006"],
    "funding-history": [many(bybit.parseFundingHistory), 1],
    instruments: [bybitListings, 1],
    "instruments-full": [result(bybitListings), 8],
    "instruments-multiplier": [result(bybitListings), 7],
    "instruments-option": [
      bybitListings,
      ["result.list: empty, expected at least one USDT perpetual, was 1 rows"],
    ],
    "instruments-prelaunch": [bybitListings, 0],
    "order-cancel-reply": [bybitOrders.placedId, "c6f055d9-7f21-4079-913d-e6523a9cfffa"],
    "order-lookup-1": [bybitOrder, ["buy closed 0"]],
    "order-lookup-2": [bybitOrder, ["buy open 0"]],
    "order-lookup-3": [bybitOrder, ["buy open 0"]],
    "order-lookup-4": [result(bybitOrder), ["buy open 0"]],
    "order-placed": [result((text) => bybitOrders.placedId(text)), "1358868270414852352"],
    orderbook: [levels(bybitBooks, "BTCUSDT"), ["ok", 1, 1]],
    "positions-1": [bybitPositions, ["short 299 10x"]],
    "positions-2": [bybitPositions, ["long 100 10x"]],
    "positions-3": [result(bybitPositions), ["short 0 1x"]],
    "set-leverage-ok": [kind(bybit.parseRefusal), undefined],
    "system-status": "none: maintenance shows in answers that fail",
    "tickers-1": [many(bybit.parseFunding), 1],
    "tickers-2": [many(bybit.parseFunding), 1],
    "tickers-full": [result(many(bybit.parseFunding)), 218],
    "tickers-multiplier": [
      result(of(bybit.parsePrices, (prices) => [...prices.keys()])),
      [
        "10000NFTUSDT",
        "1000BONKUSDT",
        "1000BTTUSDT",
        "1000FLOKIUSDT",
        "1000LUNCUSDT",
        "1000XECUSDT",
        "SHIB1000USDT",
      ],
    ],
    time: [plain(bybitAccount.parseTime), "1688639403423"],
    "wallet-balance-1": [result(bybitAssets), ["BTC", "USDT"]],
    "wallet-balance-2": [bybitAssets, ["BTC"]],
    "ws-auth-ok-trade": TRADE_SOCKET,
    "ws-error-auth": [kind(bybit.parseRefusal), "bad-signature"],
    "ws-error-order-insufficient": [kind(bybit.parseRefusal), "insufficient-funds"],
    "ws-execution": [readBybit, NO_NEWS],
    "ws-execution-fast": [readBybit, NO_NEWS],
    "ws-kline": [readBybit, NO_NEWS],
    "ws-order": [readBybit, AN_ORDER],
    "ws-order-linear": [readBybit, AN_ORDER],
    "ws-order-place-reply": TRADE_SOCKET,
    "ws-orderbook-delta-1": [readBybit, NO_NEWS],
    "ws-orderbook-delta-2": [readBybit, NO_NEWS],
    "ws-orderbook-delta-3": [readBybit, NO_NEWS],
    "ws-orderbook-full": [readBybit, NO_NEWS],
    "ws-orderbook-rpi": [readBybit, NO_NEWS],
    "ws-orderbook-snapshot-1": [readBybit, NO_NEWS],
    "ws-orderbook-snapshot-2": [readBybit, NO_NEWS],
    "ws-orderbook-testnet": [readBybit, NO_NEWS],
    "ws-position-1": [readBybit, [{ kind: "account" }]],
    "ws-position-2": [readBybit, [{ kind: "account" }]],
    "ws-subscribe-ok-1": [readBybit, [{ kind: "connected" }]],
    "ws-subscribe-ok-2": [readBybit, [{ kind: "connected" }]],
    "ws-system-status": [readBybit, NO_NEWS],
    "ws-ticker": [readBybit, NO_NEWS],
    "ws-ticker-delta": [readBybit, NO_NEWS],
    "ws-ticker-snapshot": [readBybit, NO_NEWS],
    "ws-ticker-snapshot-delivery": [readBybit, NO_NEWS],
    "ws-trade": [readBybit, NO_NEWS],
    "ws-wallet": [readBybit, NO_NEWS],
  },
  binance: {
    account: "none: balances and positions are asked for apart, with fewer fields",
    balance: [of(binanceAccount.parseBalances, (all) => all.map(({ asset }) => asset)), ["USDT"]],
    "book-ticker-1": "none: a best price is no book",
    "book-ticker-2": "none: a best price is no book",
    brackets: "none: the liquidation price is the one the venue reckons",
    candles: [many(binance.parseCandles), 6],
    commission: [plain((text) => binanceAccount.parseTakerFee(text, "BTCUSDT")), "0.0004"],
    "error-bad-key": [kind(binance.parseRefusal), "bad-key"],
    "error-batch-place": [kind(binance.parseRefusal), "reduce-only"],
    "error-interval": [kind(binance.parseRefusal), "bad-parameter"],
    "error-invalid-quantity": [kind(binance.parseRefusal), "bad-parameter"],
    "error-invalid-symbol": [kind(binance.parseRefusal), "unknown-symbol"],
    "error-no-need-change-margin": [kind(binance.parseRefusal), "unchanged"],
    "error-unknown-order-array": [kind(binance.parseRefusal), "unknown-order"],
    "error-unknown-outcome": [kind(binance.parseRefusal), "rate-limited"],
    "exchange-info": [many(binanceAccount.parseSymbols), 1],
    "forced-orders": [
      of(binanceOrders.parseOrders, (orders) => orders.map(orderWords)),
      ["sell closed 0.001", "buy closed 0.001"],
    ],
    "funding-history": [many(binance.parseFundingHistory), 2],
    "funding-info-1": [many(binance.parseFundingIntervals), 1],
    "funding-info-2": [many(binance.parseFundingIntervals), 25],
    income: [of(binanceAccount.parseFunding, ({ rowCount, events }) => [rowCount, events.length]), [2, 0]],
    "mark-price-1": [many(binance.parseFunding), 1],
    "mark-price-2": [many(binance.parseFunding), 1],
    "order-cancel-reply-1": [binanceOrder, "buy closed 0"],
    "order-cancel-reply-2": [binanceOrder, "buy closed 0"],
    "order-lookup-1": [binanceOrder, "buy open 0"],
    "order-lookup-2": [binanceOrder, "buy open 0"],
    "order-lookup-3": [
      of(binanceOrders.parseOrders, (orders) => orders.map(orderWords)),
      [
        '1.orderId: object, expected "orderId", was undefined',
        '1.clientOrderId: object, expected "clientOrderId", was undefined',
        '1.symbol: object, expected "symbol", was undefined',
        '1.side: object, expected "side", was undefined',
        '1.status: object, expected "status", was undefined',
        '1.executedQty: object, expected "executedQty", was undefined',
      ],
    ],
    "order-placed": [binanceOrders.placedId, "22542179"],
    "order-rate-limit":
      "none: the limits are those of docs/venues.md, and what is used of them stands in headers",
    "orderbook-1": [levels(binanceBooks, "BTCUSDT"), ["ok", 1, 1]],
    "orderbook-2": [levels(binanceBooks, "BTCUSDT"), ["ok", 5, 5]],
    "orderbook-deep": [levels(binanceBooks, "BTCUSDT"), ["ok", 64, 64]],
    "orderbook-short": [levels(binanceBooks, "BTCUSDT"), ["ok", 3, 3]],
    "orders-batch": "none: orders are sent one by one",
    positions: [binancePositions, []],
    "positions-v2": [binancePositions, []],
    "reply-cancel-all-ok": [kind(binance.parseRefusal), undefined],
    "symbol-config": [
      of(binanceAccount.parseSymbolConfig, (all) =>
        all.map(({ leverage, marginMode }) => `${leverage}x ${marginMode}`),
      ),
      ["21x cross"],
    ],
    "ticker-24h": "none: prices are the mark prices",
    time: [plain(binanceAccount.parseTime), "1620099477465"],
    "trading-status": "none: what is not allowed is refused, and the refusal read",
    "user-trades": [
      of(binanceOrders.parseTrades, (all) => all.map(({ fill }) => `${fill.qty} @ ${fill.price}`)),
      ["0.002 @ 7819.01"],
    ],
    "wallet-status": [many(binance.parseWallets), 3],
    "ws-account-config": [readBinance, NO_NEWS],
    "ws-account-update": [unwrapped(readBinance), NO_NEWS],
    "ws-book-ticker": [readBinance, NO_NEWS],
    "ws-conditional-reject": [unwrapped(readBinance), NO_NEWS],
    "ws-contract-info": [readBinance, NO_NEWS],
    "ws-depth-diff": [readBinance, NO_NEWS],
    "ws-depth-diff-delivery": [unwrapped(readBinance), NO_NEWS],
    "ws-depth-partial-1": [unwrapped(readBinance), NO_NEWS],
    "ws-depth-partial-2": [unwrapped(readBinance), NO_NEWS],
    "ws-depth-partial-3": [unwrapped(readBinance), NO_NEWS],
    "ws-force-order-1": [readBinance, NO_NEWS],
    "ws-force-order-2": [unwrapped(readBinance), NO_NEWS],
    "ws-kline": [unwrapped(readBinance), NO_NEWS],
    "ws-leverage-update": [unwrapped(readBinance), NO_NEWS],
    "ws-margin-call": [unwrapped(readBinance), [{ kind: "account" }]],
    "ws-mark-price": [unwrapped(readBinance), NO_NEWS],
    "ws-order-update-1": [readBinance, [{ kind: "order", clientOrderId: "TEST" }]],
    "ws-order-update-2": [unwrapped(readBinance), [{ kind: "order", clientOrderId: "TEST" }]],
    "ws-trade-lite-1": [readBinance, NO_NEWS],
    "ws-trade-lite-2": [unwrapped(readBinance), NO_NEWS],
  },
};

if (samplesPresent) {
  for (const venue of VENUES) {
    const files = readdirSync(`${SAMPLES}/${venue}`).map((file) => file.replace(/\.json$/, ""));

    test(`${venue}: the table names each recorded answer, and no other`, () => {
      expect(Object.keys(TABLE[venue]).sort()).toEqual(files.sort());
    });

    for (const [name, entry] of Object.entries(TABLE[venue])) {
      if (typeof entry === "string") continue;
      const [reader, expected] = entry;
      test(`${venue}/${name} is understood`, async () => {
        expect(reader(await sample(`${venue}/${name}.json`))).toEqual(expected);
      });
    }
  }
}
