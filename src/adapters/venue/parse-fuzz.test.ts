import { describe, test } from "bun:test";
import fc from "fast-check";
import * as binance from "./binance/parse.ts";
import * as bithumb from "./bithumb/parse.ts";
import * as bybit from "./bybit/parse.ts";
import type { Body, Parsed } from "./parsed.ts";
import { damaged, LIST_INPUTS, Random } from "./scan-testing.ts";
import * as upbit from "./upbit/parse.ts";

const TICKERS = new Set(["BTC", "PEPE"]);
const markets = [
  { market: "KRW-BTC", korean_name: "비트코인", english_name: "Bitcoin", market_warning: "CAUTION" },
  {
    market: "KRW-PEPE",
    english_name: "Pepe",
    market_event: { warning: true, caution: { PRICE_FLUCTUATIONS: true } },
  },
  { market: "BTC-ETH" },
];
const wallets = [{ currency: "BTC", wallet_state: "working", net_type: "BTC" }];
const candles = [
  {
    candle_date_time_utc: "2026-07-02T08:59:00",
    opening_price: 1.5,
    high_price: 2e3,
    low_price: 1,
    trade_price: 1,
    candle_acc_trade_volume: 70,
  },
];
const tickers = [{ market: "KRW-BTC", trade_price: 95340000 }];
const krwError = { error: { name: "too_many_requests", message: "slow" } };
const bybitList = (list: unknown[]) => ({
  retCode: 0,
  retMsg: "OK",
  result: { list, nextPageCursor: "x" },
  time: 1,
});
const instruments = bybitList([
  {
    symbol: "1000PEPEUSDT",
    contractType: "LinearPerpetual",
    status: "Trading",
    baseCoin: "1000PEPE",
    quoteCoin: "USDT",
    settleCoin: "USDT",
    deliveryTime: "0",
    priceFilter: { tickSize: "0.10" },
    lotSizeFilter: { qtyStep: "0.001", minOrderQty: "0.001", minNotionalValue: "5" },
  },
]);
const bybitTickers = bybitList([
  {
    symbol: "BTCUSDT",
    lastPrice: "1.5",
    fundingRate: "0.0001",
    nextFundingTime: "1",
    fundingIntervalHour: "8",
    markPrice: "1",
    indexPrice: "1",
  },
]);
const chains = [{ chain: "BTC", chainDeposit: "1", chainWithdraw: "0", withdrawFee: "" }];
const exchangeInfo = {
  symbols: [
    {
      symbol: "BTCUSDT",
      contractType: "PERPETUAL",
      status: "TRADING",
      baseAsset: "BTC",
      quoteAsset: "USDT",
      marginAsset: "USDT",
      deliveryDate: 4133404800000,
      filters: [{ filterType: "LOT_SIZE", stepSize: "0.001", minQty: "0.001" }],
    },
  ],
};
const marks = [
  { symbol: "BTCUSDT", lastFundingRate: "0.0001", nextFundingTime: 9, markPrice: "1", indexPrice: "1" },
];
const networks = [{ network: "BTC", depositEnable: true, withdrawEnable: false }];
const kline = [1672531200000, "16537.50", "16618.80", "16488.00", "16610.30", "105502.965", 1, "9", 5];

/** Every parser of a list with a body it takes. */
const PARSERS: readonly (readonly [string, (body: Body) => Parsed<unknown>, unknown])[] = [
  ["upbit markets", upbit.parseListings, markets],
  ["upbit price increments", upbit.parsePriceIncrements, [{ market: "KRW-BTC", tick_size: 1000 }]],
  ["upbit wallets", upbit.parseWallets, wallets],
  ["upbit candles", upbit.parseCandles, candles],
  ["upbit prices", upbit.parsePrices, tickers],
  ["bithumb markets", bithumb.parseListings, markets],
  ["bithumb warnings", bithumb.parseWarnings, [{ market: "KRW-BTC", warning_type: "PRICE_DIFFERENCE_HIGH" }]],
  ["bithumb wallets", bithumb.parseWallets, wallets],
  ["bithumb candles", bithumb.parseCandles, candles],
  ["bithumb prices", bithumb.parsePrices, tickers],
  ["bybit instruments", (body) => bybit.parseListings(body, TICKERS), instruments],
  ["bybit wallets", bybit.parseWallets, { retCode: 0, result: { rows: [{ coin: "BTC", chains }] } }],
  ["bybit candles", bybit.parseCandles, bybitList([["1", "1", "2", "0.5", "1", "3", "4"]])],
  ["bybit funding", bybit.parseFunding, bybitTickers],
  [
    "bybit funding history",
    bybit.parseFundingHistory,
    bybitList([{ symbol: "BTCUSDT", fundingRate: "0.1", fundingRateTimestamp: "1" }]),
  ],
  ["bybit prices", bybit.parsePrices, bybitTickers],
  ["binance contracts", (body) => binance.parseListings(body, TICKERS), exchangeInfo],
  ["binance wallets", binance.parseWallets, [{ coin: "BTC", networkList: networks }]],
  ["binance candles", binance.parseCandles, [kline]],
  ["binance funding", binance.parseFunding, marks],
  [
    "binance funding intervals",
    binance.parseFundingIntervals,
    [{ symbol: "LPTUSDT", fundingIntervalHours: 4 }],
  ],
  [
    "binance funding history",
    binance.parseFundingHistory,
    [{ symbol: "BTCUSDT", fundingTime: 1, fundingRate: "0.0001" }],
  ],
  ["binance prices", binance.parsePrices, marks],
];

const REFUSALS = [
  ["upbit", upbit.parseRefusal, krwError],
  ["bithumb", bithumb.parseRefusal, { status: "5100", message: "x" }],
  ["bybit", bybit.parseRefusal, { retCode: 10006, retMsg: "Too many visits!" }],
  ["binance", binance.parseRefusal, { code: -1003, msg: "x" }],
] as const;

function forDamaged(value: unknown, check: (bytes: Uint8Array) => void): void {
  const whole = new TextEncoder().encode(JSON.stringify(value));
  const property = fc.property(fc.nat(2 ** 32 - 1), (seed) => {
    const random = new Random(seed);
    let bytes = damaged(random, whole);
    if (bytes.length > 0 && random.chance(0.3)) bytes = damaged(random, bytes);
    check(bytes);
  });
  fc.assert(property, { numRuns: LIST_INPUTS, includeErrorInReport: true });
}

describe("Whatever arrives, a parser of lists answers with values or with readable issues", () => {
  test.each(PARSERS)(
    "%s",
    (_, parse, value) => {
      const whole = parse(JSON.stringify(value));
      if (!whole.ok) throw new Error(`expected the whole body to fit: ${JSON.stringify(whole.issues)}`);
      forDamaged(value, (bytes) => {
        const parsed = parse(bytes);
        if (!parsed.ok && parsed.issues.length === 0) throw new Error("a failure without an issue");
        for (const { kind, expected, received } of parsed.issues) {
          if (!kind || !expected || received.length > 100) throw new Error("an issue nobody can read");
        }
      });
    },
    120_000,
  );

  test.each(REFUSALS)(
    "%s refusals",
    (_, parse, value) => {
      if (parse(JSON.stringify(value)) === undefined) throw new Error("expected a refusal");
      forDamaged(value, (bytes) => {
        const refusal = parse(bytes);
        if (refusal !== undefined && (!refusal.kind || !refusal.code))
          throw new Error("a refusal without a code");
      });
    },
    120_000,
  );
});
