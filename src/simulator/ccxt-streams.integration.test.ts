// Stock ccxt watches orders on the simulated venues' private streams.

import { afterAll, beforeAll, expect, test } from "bun:test";
import { type Exchange, type Order, pro } from "ccxt";
import { pointed } from "./ccxt-testing.ts";
import { SIMULATOR_KEYS, type Simulator, startSimulator } from "./server.ts";
import { standInMarket } from "./stand-in-market.ts";
import type { SimVenue } from "./types.ts";

const { apiKey, secret } = SIMULATOR_KEYS[0]!;
let simulator: Simulator;
const exchanges: Exchange[] = [];
beforeAll(async () => {
  simulator = await startSimulator({ seed: 3, market: standInMarket() });
});
afterAll(async () => {
  for (const exchange of exchanges) await exchange.close();
  await simulator?.stop();
});

/** Knows nothing of us but the addresses. */
async function opened(exchange: Exchange, urlOf: (url: string) => string): Promise<Exchange> {
  exchanges.push(exchange);
  exchange.has.fetchCurrencies = false;
  exchange.urls.api = pointed(exchange.urls.api, urlOf) as never;
  // Without it ccxt refuses ws:// addresses.
  await exchange.loadHttpProxyAgent();
  await exchange.loadMarkets();
  return exchange;
}

/** Places an order once the venue has heard so many messages (then all is subscribed), and watches until it has ended. */
async function watched(
  exchange: Exchange,
  { venue, messages, status }: { venue: SimVenue; messages: number; status: string },
  place: () => Promise<Order>,
): Promise<{ placed: Order; seen: Order }> {
  const watching = (async () => {
    for (;;) {
      const orders: Order[] = await exchange.watchOrders();
      const ended = orders.find((order) => order.status === status);
      if (ended !== undefined) return ended;
    }
  })();
  const isReady = () =>
    simulator.control.streams().some((stream) => stream.venue === venue && stream.heard >= messages);
  while (!isReady()) await Bun.sleep(2);
  return { placed: await place(), seen: await watching };
}

const settings = { apiKey, secret, enableRateLimit: false, newUpdates: true };
const isStream = (url: string) => url.startsWith("ws");
const short = (exchange: Exchange, clientOrderId: string) =>
  exchange.createOrder("BTC/USDT:USDT", "market", "sell", 0.01, undefined, { clientOrderId });
const SHORT = { symbol: "BTC/USDT:USDT", side: "sell", filled: 0.01 };

test("bybit", async () => {
  const exchange = await opened(
    new pro.bybit({ ...settings, options: { fetchMarkets: { types: ["linear"] } } }),
    (url) =>
      isStream(url) ? simulator.streamUrls[0]!.bybit + new URL(url).pathname : simulator.urls[0]!.bybit,
  );
  const wish = { venue: "bybit", messages: 2, status: "closed" } as const;
  const { placed, seen } = await watched(exchange, wish, () => short(exchange, "y-1"));
  expect(seen).toMatchObject({ ...SHORT, id: placed.id, clientOrderId: "y-1" });
});

test("binance", async () => {
  const exchange = await opened(new pro.binanceusdm(settings), (url) => {
    const { hostname, pathname } = new URL(url);
    if (isStream(url)) return simulator.streamUrls[0]!.binance + pathname;
    const { binance, binanceSpot } = simulator.urls[0]!;
    return (hostname.startsWith("fapi") ? binance : binanceSpot) + pathname;
  });
  const wish = { venue: "binance", messages: 0, status: "closed" } as const;
  const { placed, seen } = await watched(exchange, wish, () => short(exchange, "n-1"));
  expect(seen).toMatchObject({ ...SHORT, id: placed.id, clientOrderId: "n-1" });
});

test("upbit", async () => {
  const exchange = await opened(new pro.upbit(settings), (url) =>
    isStream(url) ? `${simulator.streamUrls[0]!.upbit}/websocket/v1` : simulator.urls[0]!.upbit,
  );
  const { placed, seen } = await watched(exchange, { venue: "upbit", messages: 1, status: "canceled" }, () =>
    exchange.createMarketBuyOrderWithCost("BTC/KRW", 1_000_000),
  );
  expect(seen).toMatchObject({ id: placed.id, symbol: "BTC/KRW", side: "buy" });
  expect(seen.filled).toBeGreaterThan(0.006);
});

test("bithumb", async () => {
  const exchange = await opened(new pro.bithumb(settings), (url) =>
    isStream(url) ? `${simulator.streamUrls[0]!.bithumb}/websocket/v2/private` : simulator.urls[0]!.bithumb,
  );
  const { placed, seen } = await watched(exchange, { venue: "bithumb", messages: 1, status: "closed" }, () =>
    exchange.createOrder("BTC/KRW", "limit", "buy", 0.01, 160_000_000),
  );
  // The names of v2 are not all known to it.
  expect(seen).toMatchObject({ id: placed.id, symbol: "BTC/KRW", side: "buy", amount: 0.01 });
});
