// Stock ccxt, knowing nothing of us but the addresses, against the simulated venues: the wire is right if it works.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type StockExchanges, stockExchanges } from "./ccxt-testing.ts";
import { SIMULATOR_KEYS, type Simulator, startSimulator } from "./server.ts";

let simulator: Simulator;
let exchanges: StockExchanges;

beforeAll(async () => {
  simulator = await startSimulator({ seed: 3 });
  const { apiKey, secret } = SIMULATOR_KEYS[0]!;
  exchanges = stockExchanges(simulator.urls[0]!, { apiKey, secret });
});
afterAll(async () => {
  for (const exchange of Object.values(exchanges ?? {})) await exchange.close();
  await simulator?.stop();
});

const CASES = [
  { venue: "upbit", symbol: "BTC/KRW", levels: 30, multiple: "SHIB/KRW" },
  { venue: "bithumb", symbol: "BTC/KRW", levels: 30, multiple: "SHIB/KRW" },
  { venue: "bybit", symbol: "BTC/USDT:USDT", levels: 50, multiple: "SHIB1000/USDT:USDT" },
  { venue: "binance", symbol: "BTC/USDT:USDT", levels: 50, multiple: "1000SHIB/USDT:USDT" },
] as const;

describe.each([...CASES])("stock ccxt on $venue", ({ venue, symbol, levels, multiple }) => {
  test("loads the markets, every listing among them", async () => {
    const markets = await exchanges[venue].loadMarkets();
    const ids = new Set(Object.values(markets).map((market) => market!.id));
    const listed = simulator.market.listings(venue, Date.now()).map((listing) => listing.symbol);
    expect(listed.length).toBeGreaterThanOrEqual(131);
    expect(listed.filter((id) => !ids.has(id))).toEqual([]);
    expect(markets[multiple]).toBeDefined();
  });

  test("reads order books: deep, sorted, apart and of now", async () => {
    for (const wanted of [symbol, multiple]) {
      const book = await exchanges[venue].fetchOrderBook(wanted, levels);
      expect(book.asks).toHaveLength(levels);
      expect(book.bids).toHaveLength(levels);
      const asks = book.asks.map(([price]) => price!);
      const bids = book.bids.map(([price]) => price!);
      expect(asks).toEqual([...asks].sort((left, right) => left - right));
      expect(bids).toEqual([...bids].sort((left, right) => right - left));
      expect(asks[0]).toBeGreaterThan(bids[0]!);
      expect(Math.abs(Date.now() - book.timestamp!)).toBeLessThan(60_000);
    }
  });

  test("reads candles and a ticker around the book's price", async () => {
    const candles = await exchanges[venue].fetchOHLCV(symbol, "1m", undefined, 5);
    expect(candles).toHaveLength(5);
    const starts = candles.map(([start]) => start!);
    expect(starts.slice(1).map((start, index) => start - starts[index]!)).toEqual([
      60_000, 60_000, 60_000, 60_000,
    ]);
    for (const [, open, high, low, close] of candles) {
      expect(high).toBeGreaterThanOrEqual(Math.max(open!, close!));
      expect(low).toBeLessThanOrEqual(Math.min(open!, close!));
    }
    const { asks } = await exchanges[venue].fetchOrderBook(symbol, levels);
    const { last } = await exchanges[venue].fetchTicker(symbol);
    expect(Math.abs(last! / asks[0]![0]! - 1)).toBeLessThan(0.01);
    expect(Math.abs(candles.at(-1)![4]! / asks[0]![0]! - 1)).toBeLessThan(0.02);
  });
});

describe("stock ccxt's signed reads of wallet states", () => {
  interface StatusRow {
    readonly currency: string;
    readonly wallet_state: string;
  }
  type Implicit = Record<string, (params?: object) => Promise<StatusRow[]>>;

  test("upbit and bithumb: one row per coin, a closed wallet among them", async () => {
    const rows = await (exchanges.upbit as unknown as Implicit).privateGetStatusWallet!();
    expect(rows.find((row) => row.currency === "MTL")?.wallet_state).toBe("paused");
    expect(rows.find((row) => row.currency === "BTC")?.wallet_state).toBe("working");
    const theirs = await (exchanges.bithumb as unknown as Implicit).privateGetV1StatusWallet!();
    expect(theirs.find((row) => row.currency === "ELF")?.wallet_state).toBe("deposit_only");
  });

  test("bybit and binance: currencies with deposit and withdrawal", async () => {
    const bybitCoins = await exchanges.bybit.fetchCurrencies();
    expect(bybitCoins.SOPH).toMatchObject({ deposit: false, withdraw: false });
    expect(bybitCoins.BTC).toMatchObject({ deposit: true, withdraw: true });
    const binanceCoins = await exchanges.binance.fetchCurrencies();
    expect(binanceCoins.LUNC).toMatchObject({ deposit: true, withdraw: false });
    expect(binanceCoins.PEPE).toMatchObject({ deposit: true, withdraw: true });
  });

  test("a wrong secret is an authentication error on every venue", async () => {
    const kept = Object.values(exchanges).map((exchange) => exchange.secret);
    for (const exchange of Object.values(exchanges)) exchange.secret = "not-the-secret";
    const attempts = [
      (exchanges.upbit as unknown as Implicit).privateGetStatusWallet!(),
      (exchanges.bithumb as unknown as Implicit).privateGetV1StatusWallet!(),
      exchanges.bybit.fetchCurrencies(),
      exchanges.binance.fetchCurrencies(),
    ];
    const failures = await Promise.all(attempts.map((attempt) => attempt.then(() => "accepted", String)));
    Object.values(exchanges).forEach((exchange, index) => {
      exchange.secret = kept[index]!;
    });
    expect(failures[0]).toContain("jwt_verification");
    expect(failures[1]).toContain("Jwt");
    expect(failures[2]).toContain("10004");
    expect(failures[3]).toContain("-1022");
  });
});

test("stock ccxt's own pace draws no refusal", () => {
  expect(simulator.control.totals()).toMatchObject({ limited: 0, hung: 0, reset: 0 });
});
