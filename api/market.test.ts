// The public knowledge beside the rates: venues, coins with their states, and rates of the past.

import { expect, test } from "bun:test";
import { gunzipSync } from "node:zlib";
import * as v from "valibot";
import { nullRow } from "../src/domain/rate-table.ts";
import { StoreFault } from "../src/domain/store-fault.ts";
import type { CoinListing, HistoryRange } from "../src/ports/store.ts";
import { coinsSchema } from "./coins.ts";
import { rateHistorySchema } from "./rate-charts.ts";
import type { MarketDeps } from "./routes/market.ts";
import { fakeRows, TICK_AT_MS, testApi } from "./test-kit.ts";
import { venuesSchema } from "./venues.ts";

const NOW_MS = TICK_AT_MS + 2_000;
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

const listing = (of: Partial<CoinListing>): CoinListing => ({
  ...{
    venue: "upbit",
    symbol: "KRW-BTC",
    coin: "BTC",
    multiplier: 1,
    state: "active",
    why: null,
    warnings: [],
  },
  ...{ delistAtMs: null, deposit: true, withdraw: true, lastSeenAtMs: NOW_MS - DAY_MS },
  ...of,
});

function fakeMarket(listings: readonly CoinListing[] = []) {
  const asked: HistoryRange[] = [];
  let readings = 0;
  const market: MarketDeps = {
    listings: {
      coinListings: async () => {
        readings++;
        return listings;
      },
    },
    history: {
      coinHistory: async (range) => {
        asked.push(range);
        const { coin } = range;
        const rates = {
          entryJeonAt1m: 138_942,
          exitJeonAt1m: null,
          entryJeonAt10m: 139_000,
          exitJeonAt10m: 138_001,
        };
        return [{ minuteAtMs: range.fromAtMs, coin, pairIndex: 0, ...rates }];
      },
      pairHistory: async (range) => {
        asked.push(range);
        const best = { bestEntryJeon: 138_000, bestExitJeon: 140_000, medianEntryJeon: 139_050 };
        const rest = { medianExitJeon: null, referenceJeon: 139_100, coinCount: 7 };
        return [{ minuteAtMs: range.fromAtMs, pairIndex: 0, ...best, ...rest }];
      },
    },
    candles: { candles: async () => [] },
  };
  return { market, asked, readings: () => readings };
}

async function openApi(market?: MarketDeps | { missing: string[] }) {
  const rows = [...fakeRows({ coins: ["BTC"] }), nullRow("ETH", 0, TICK_AT_MS, "quarantined")];
  return await testApi({ rows, deps: market ? { market } : {} });
}

test("the venues are there without a database, for every origin, as the document says", async () => {
  const api = await openApi();
  const response = await api.app.request("/api/venues");
  expect(response.headers.get("Access-Control-Allow-Origin")).toBe("*");
  const { venues, pairs } = v.parse(venuesSchema, await response.json());
  expect(venues.map(({ venue, feeTakerDefaultPct }) => `${venue} ${feeTakerDefaultPct}`)).toEqual([
    ...["upbit 0.05", "bithumb 0.25", "bybit 0.055", "binance 0.05"],
  ]);
  expect(pairs.map(({ pair }) => pair)).toContain("bithumb-binance");
  expect((await api.app.request("/api/coins")).status).toBe(404);
  expect((await api.app.request("/api/venues?x=1")).status).toBe(400);
  expect((await api.app.request("/api/venues", { method: "POST" })).status).toBe(405);
  await api.close();
});

test("without a database the others say which setting is missing", async () => {
  const api = await openApi({ missing: ["DATABASE_URL"] });
  for (const path of ["/api/coins", "/api/rates/history?pair=upbit-bybit"]) {
    const response = await api.app.request(path);
    expect(response.status).toBe(503);
    expect((await response.json()).detail).toContain("DATABASE_URL");
  }
  await api.close();
});

test("coins: where each is listed and on which pairs it may be entered, or why not, with live quarantines", async () => {
  const { market, readings } = fakeMarket([
    listing({}),
    listing({ venue: "bybit", symbol: "BTCOLD", state: "delisted" }),
    listing({ venue: "bybit", symbol: "BTCUSDT", deposit: "unknown", withdraw: "unknown" }),
    listing({ coin: "ETH", symbol: "KRW-ETH", warnings: ["CAUTION"] }),
    listing({ coin: "ETH", venue: "bybit", symbol: "ETHUSDT" }),
    listing({ coin: "OLD", symbol: "KRW-OLD", state: "delisted", lastSeenAtMs: NOW_MS - 8 * DAY_MS }),
    listing({ coin: "XRP", symbol: "KRW-XRP" }),
    listing({ coin: "XRP", venue: "binance", symbol: "XRPUSDT" }),
  ]);
  const api = await openApi(market);
  const all = await Promise.all(Array.from({ length: 20 }, () => api.app.request("/api/coins")));
  const { asOfMs, coins } = v.parse(coinsSchema, await all[0]!.json());
  expect([asOfMs, readings()]).toEqual([NOW_MS, 1]);
  expect(coins.map(({ coin, listings }) => `${coin} ${listings.length}`)).toEqual([
    "BTC 3",
    "ETH 2",
    "XRP 2",
  ]);
  expect(coins[0]!.pairs).toEqual([
    { pair: "upbit-bybit", tradable: true, reasons: [], rate: expect.any(String) },
  ]);
  expect(coins[1]!.pairs).toEqual([
    {
      ...{ pair: "upbit-bybit", tradable: false, rate: "quarantined" },
      reasons: [
        { code: "warned", words: { ko: "거래 유의 종목", en: "under a warning" } },
        {
          code: "quarantined",
          words: { ko: "비정상 환율로 격리됨", en: "quarantined for an implausible rate" },
        },
      ],
    },
  ]);
  expect(coins[2]!.pairs).toEqual([{ pair: "upbit-binance", tradable: true, reasons: [], rate: null }]);
  const packed = await api.app.request("/api/coins", { headers: { "Accept-Encoding": "gzip" } });
  expect(packed.headers.get("Content-Encoding")).toBe("gzip");
  expect(JSON.parse(gunzipSync(await packed.arrayBuffer()).toString())).toMatchObject({ asOfMs });
  expect(readings()).toBe(1);
  await api.clock.advance(2_000);
  await api.app.request("/api/coins");
  expect(readings()).toBe(2);
  await api.close();
});

test("a chart has at most 2,000 points: the step grows with the span, and is told", async () => {
  const { market, asked } = fakeMarket();
  const api = await openApi(market);
  const chart = async (query: string) => {
    const response = await api.app.request(`/api/rates/history?pair=upbit-bybit&${query}`);
    return v.parse(rateHistorySchema, await response.json());
  };
  const toMs = Math.ceil(NOW_MS / MINUTE_MS) * MINUTE_MS;
  const day = await chart("coin=BTC");
  expect(day).toEqual({
    ...{ pair: "upbit-bybit", coin: "BTC", size: "1M", fromMs: toMs - DAY_MS, toMs, stepMs: MINUTE_MS },
    ...{ atMs: [toMs - DAY_MS], entryRate: [1389.42], exitRate: [null] },
  });
  expect(await chart("coin=BTC&size=10M")).toMatchObject({ entryRate: [1390], exitRate: [1380.01] });
  expect(await chart("")).toMatchObject({
    ...{ bestEntryRate: [1380], bestExitRate: [1400], medianEntryRate: [1390.5], medianExitRate: [null] },
    ...{ referencePrice: [1391], coinCount: [7] },
  });
  for (const [days, stepMinutes, coin] of [
    [1, 1, "&coin=BTC"],
    [2, 2, "&coin=BTC"],
    [31, 30, "&coin=BTC"],
    [92, 120, ""],
  ] as const) {
    const { stepMs } = await chart(`from=${toMs - days * DAY_MS}&to=${toMs}${coin}`);
    expect([days, stepMs]).toEqual([days, stepMinutes * MINUTE_MS]);
    expect((days * DAY_MS) / stepMs).toBeLessThanOrEqual(2_000);
    expect(asked.at(-1)).toMatchObject({ stepMinutes, fromAtMs: toMs - days * DAY_MS, toAtMs: toMs });
  }
  await api.close();
});

test("charts that cannot be asked for are refused", async () => {
  const { market, asked } = fakeMarket();
  const api = await openApi(market);
  for (const query of [
    "",
    "pair=upbit-okx",
    "pair=upbit-bybit&coin=btc",
    "pair=upbit-bybit&size=10M",
    "pair=upbit-bybit&from=5&to=5",
    `pair=upbit-bybit&coin=BTC&from=0&to=${31 * DAY_MS + MINUTE_MS}`,
    "pair=upbit-bybit&from=-1",
    "pair=upbit-bybit&to=99999999999999",
    "pair=upbit-bybit&step=1",
  ]) {
    const response = await api.app.request(`/api/rates/history?${query}`);
    expect([query, response.status]).toEqual([query, 400]);
    expect((await response.json()).detail).toStartWith("The query cannot be used");
  }
  expect(asked).toEqual([]);
  await api.close();
});

test("a database that is away is 503 and is asked again at once; too many charts at once are refused", async () => {
  const { market } = fakeMarket();
  const gates: PromiseWithResolvers<never[]>[] = [];
  const pairHistory = () => {
    const gate = Promise.withResolvers<never[]>();
    gates.push(gate);
    return gate.promise;
  };
  const api = await openApi({ ...market, history: { ...market.history, pairHistory } });
  const ask = (minute: number) => {
    const span = `from=${minute * MINUTE_MS}&to=${(minute + 1) * MINUTE_MS}`;
    return api.app.request(`/api/rates/history?pair=upbit-bybit&${span}`);
  };
  const running = [1, 2, 3, 3].map(ask);
  const refused = await ask(5);
  expect([refused.status, refused.headers.get("Retry-After"), gates.length]).toEqual([503, "1", 3]);
  for (const gate of gates) gate.reject(new StoreFault("passing", "08006", "away"));
  for (const response of await Promise.all(running)) {
    expect([response.status, response.headers.get("Retry-After")]).toEqual([503, "2"]);
  }
  const again = ask(1);
  gates.at(-1)!.resolve([]);
  expect((await again).status).toBe(200);
  await api.close();
});
