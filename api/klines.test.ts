// GET /api/kline in Karbit's form: who is asked for what, how often, and what is answered when a venue fails.

import { expect, test } from "bun:test";
import * as v from "valibot";
import type { Candle } from "../src/domain/instrument.ts";
import { StoreFault } from "../src/domain/store-fault.ts";
import { CandleBudgetFault, CandleFault, type CandleSource } from "../src/ports/candles.ts";
import type { CoinListing } from "../src/ports/store.ts";
import { beforeMsOf, klineSchema } from "./klines.ts";
import { TICK_AT_MS, testApi } from "./test-kit.ts";

const NOW_S = (TICK_AT_MS + 2_000) / 1_000;
const MINUTE_MS = 60_000;
const START_MS = Math.floor(TICK_AT_MS / MINUTE_MS) * MINUTE_MS;

const listing = (of: Partial<CoinListing>): CoinListing => ({
  ...{
    venue: "upbit",
    symbol: "KRW-PEPE",
    coin: "PEPE",
    multiplier: 1,
    state: "active",
    why: null,
    warnings: [],
  },
  ...{ delistAtMs: null, deposit: true, withdraw: true, lastSeenAtMs: TICK_AT_MS },
  ...of,
});
const LISTINGS = [
  listing({}),
  listing({ venue: "bithumb" }),
  listing({ venue: "bybit", symbol: "PEPEUSDT", state: "quarantined", why: "off" }),
  listing({ venue: "bybit", symbol: "1000PEPEUSDT", multiplier: 1_000 }),
  listing({ venue: "bybit", symbol: "PEPEOLDUSDT", state: "halted" }),
  listing({ venue: "binance", symbol: "1000PEPEUSDT", multiplier: 1_000, state: "delisted" }),
];
const candle = (price: string, volume: string): Candle => ({
  ...{ startAtMs: START_MS, open: price, high: price, low: price, close: price, volume },
});
const CANDLES: Record<string, Candle[]> = {
  "upbit KRW-PEPE": [candle("14", "5000")],
  "bithumb KRW-PEPE": [candle("15", "1")],
  "bybit 1000PEPEUSDT": [candle("10", "3")],
  "upbit KRW-USDT": [candle("1390", "9")],
};

async function openApi(
  candles: CandleSource["candles"] = async (venue, { symbol }) => CANDLES[`${venue} ${symbol}`]!,
) {
  const asked: string[] = [];
  let listed: () => Promise<readonly CoinListing[]> = async () => LISTINGS;
  const api = await testApi({
    deps: {
      market: {
        listings: { coinListings: () => listed() },
        history: { coinHistory: async () => [], pairHistory: async () => [] },
        candles: {
          candles: (venue, request) => {
            asked.push(`${venue} ${request.symbol} ${request.interval} ${request.beforeMs}`);
            return candles(venue, request);
          },
        },
      },
    },
  });
  const kline = async (query: string) => await api.app.request(`/api/kline?${query}`);
  const setListings = (next: typeof listed) => {
    listed = next;
  };
  return { api, kline, asked, setListings };
}

const PEPE = "exchanges=UPBIT,BYBIT&symbol=PEPE&interval=1m";

test("Karbit's query is answered in Karbit's form, with the contract's thousand coins counted", async () => {
  const { api, kline, asked } = await openApi();
  const response = await kline(PEPE);
  expect(response.headers.get("Access-Control-Allow-Origin")).toBe("*");
  const time = START_MS / 1_000;
  const body = await response.json();
  expect(body).toEqual({
    candleData: [{ time, open: 1_400, high: 1_400, low: 1_400, close: 1_400 }],
    volumeData: [{ time, value: 8_000 }],
    ex1VolumeData: [{ time, value: 5_000 }],
    ex2VolumeData: [{ time, value: 3_000 }],
    usdtCandleData: [{ time, value: 1_390 }],
  });
  v.parse(klineSchema, body);
  expect(asked.sort()).toEqual([
    ...["bybit 1000PEPEUSDT 1m undefined", "upbit KRW-PEPE 1m undefined", "upbit KRW-USDT 1m undefined"],
  ]);
  // Either order names the same chart.
  expect(await (await kline("exchanges=bybit,upbit&symbol=PEPE")).json()).toEqual(body);
  expect(asked).toHaveLength(3);
  await api.close();
});

test("a crowd asks each venue once; charts share a venue's candles; the newest are asked for again, the past is not", async () => {
  const { api, kline, asked } = await openApi();
  await Promise.all(Array.from({ length: 50 }, () => kline(PEPE)));
  expect(asked).toHaveLength(3);
  await kline("exchanges=BITHUMB,BYBIT&symbol=PEPE");
  expect(asked).toHaveLength(4);
  await api.clock.advance(3_000);
  await kline(PEPE);
  expect(asked).toHaveLength(7);
  const past = `${PEPE}&to=${NOW_S - 86_400}`;
  await kline(past);
  expect(asked).toHaveLength(10);
  await api.clock.advance(300_000);
  await kline(past);
  expect(asked).toHaveLength(10);
  await api.close();
});

test("venues that fail, and coins that are not there, leave arrays empty, and are left alone for a while", async () => {
  const { api, kline, asked } = await openApi(async (venue, { symbol }) => {
    if (venue === "bybit") throw new CandleFault("bybit: http 503 for candles");
    return CANDLES[`${venue} ${symbol}`]!;
  });
  for (let count = 0; count < 5; count++) {
    const response = await kline(PEPE);
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({
      candleData: [],
      volumeData: [],
      ex1VolumeData: [{ value: 5_000 }],
    });
    await api.clock.advance(500);
  }
  expect(asked.filter((one) => one.startsWith("bybit"))).toHaveLength(1);
  expect(api.log.events).toEqual(["candles cannot be had"]);
  const before = asked.length;
  const delisted = await (await kline("exchanges=BITHUMB,BINANCE&symbol=PEPE")).json();
  expect(delisted).toMatchObject({ candleData: [], ex1VolumeData: [{ value: 1 }] });
  expect(await (await kline("exchanges=UPBIT,BINANCE&symbol=NONE")).json()).toMatchObject({ candleData: [] });
  expect(asked.slice(before)).toEqual(["bithumb KRW-PEPE 1m undefined"]);
  await api.close();
});

const HOUR_MS = 3_600_000;
const spanOf = (interval: string) => ({ "1h": HOUR_MS, "4h": 4 * HOUR_MS, "1d": 24 * HOUR_MS })[interval]!;
/** Bithumb's long candles begin at midnight of Korea or so many hours from it; all others' at multiples of their length. */
const onGrids: CandleSource["candles"] = async (venue, { interval, beforeMs, count = 200 }) => {
  const lengthMs = spanOf(interval);
  const offsetMs = venue === "bithumb" ? (15 * HOUR_MS) % lengthMs : 0;
  const endMs = beforeMs ?? TICK_AT_MS + 2_001;
  const lastMs = Math.floor((endMs - 1 - offsetMs) / lengthMs) * lengthMs + offsetMs;
  const figures = venue === "bithumb" ? { price: "14", volume: "40" } : { price: "7", volume: "1" };
  return Array.from({ length: count }, (_, index) => ({
    ...candle(figures.price, figures.volume),
    startAtMs: lastMs - (count - 1 - index) * lengthMs,
  }));
};

test("candles that begin at Korea's midnight get the overseas hours of their own span", async () => {
  for (const [interval, pages] of [
    ["4h", 3],
    ["1d", 7],
  ] as const) {
    const { api, kline, asked } = await openApi(onGrids);
    for (const to of [0, Math.floor(NOW_S / 86_400) * 86_400 - 31 * 86_400]) {
      const query = `exchanges=BITHUMB,BYBIT&symbol=PEPE&interval=${interval}&to=${to}`;
      const chart = await (await kline(query)).json();
      const starts = chart.candleData.map(({ time }: { time: number }) => time);
      const lengthS = spanOf(interval) / 1_000;
      expect([interval, to, starts.length]).toEqual([interval, to, 200]);
      expect(new Set(starts.map((time: number) => time % lengthS))).toEqual(new Set([54_000 % lengthS]));
      expect(chart.ex2VolumeData.map(({ time }: { time: number }) => time)).toEqual(starts);
      // A thousand coins in each hour; the running candle has those of its hours that have begun.
      const whole = to === 0 ? chart.ex2VolumeData.slice(0, -1) : chart.ex2VolumeData;
      expect(new Set(whole.map(({ value }: { value: number }) => value))).toEqual(new Set([lengthS / 3.6]));
      expect(starts.at(-1)).toBeLessThan(to || NOW_S);
    }
    const hours = asked.filter((one) => one.startsWith("bybit"));
    expect(hours.every((one) => one.includes(" 1h "))).toBe(true);
    // What two charts of the same past have in common is read once.
    expect(hours.length).toBe(pages);
    expect(new Set(hours).size).toBe(hours.length);
    await kline(`exchanges=BITHUMB,BYBIT&symbol=PEPE&interval=${interval}`);
    expect(asked.filter((one) => one.startsWith("bybit"))).toHaveLength(hours.length);
    await api.close();
  }
});

test("candles on one grid are asked for as they are, and hours that cannot be had leave a chart of whole candles", async () => {
  const { api, kline, asked } = await openApi(onGrids);
  await kline("exchanges=UPBIT,BYBIT&symbol=PEPE&interval=4h");
  expect(asked.sort()).toEqual([
    ...["bybit 1000PEPEUSDT 4h undefined", "upbit KRW-PEPE 4h undefined", "upbit KRW-USDT 4h undefined"],
  ]);
  await api.close();
  for (const isNewest of [true, false]) {
    const broken = await openApi(async (venue, request) => {
      const isLost = venue === "bybit" && (request.beforeMs === undefined) === isNewest;
      if (isLost) throw new CandleFault("bybit: http 503 for candles");
      return onGrids(venue, request);
    });
    const chart = await (await broken.kline("exchanges=BITHUMB,BYBIT&symbol=PEPE&interval=1d")).json();
    expect(chart.ex1VolumeData).toHaveLength(200);
    expect(chart.candleData).toHaveLength(isNewest ? 0 : 40);
    const volumes = new Set(
      (chart.ex2VolumeData ?? []).slice(0, -1).map((one: { value: number }) => one.value),
    );
    expect(volumes).toEqual(new Set(isNewest ? [] : [24_000]));
    await broken.api.close();
  }
});

test("a venue that may not be asked now makes no emptier chart: 503, and when to come back", async () => {
  let isSpent = true;
  const { api, kline, asked } = await openApi(async (venue, { symbol }) => {
    if (venue === "bybit" && isSpent) throw new CandleBudgetFault("bybit: no budget for candles", 4_200);
    return CANDLES[`${venue} ${symbol}`]!;
  });
  const refused = await kline(PEPE);
  expect([refused.status, refused.headers.get("Retry-After")]).toEqual([503, "5"]);
  expect(refused.headers.get("Access-Control-Allow-Origin")).toBe("*");
  expect(refused.headers.get("Content-Type")).toBe("application/problem+json");
  isSpent = false;
  expect((await (await kline(PEPE)).json()).candleData).toHaveLength(1);
  // What the others had answered is not asked for again.
  expect(asked.filter((one) => one.startsWith("upbit KRW-PEPE"))).toHaveLength(1);
  await api.close();
});

test("queries that mean nothing are refused with what was expected", async () => {
  const { api, kline, asked } = await openApi();
  for (const [query, parameter] of [
    ["symbol=BTC", "exchanges"],
    ["exchanges=UPBIT&symbol=BTC", "exchanges"],
    ["exchanges=UPBIT,BITHUMB&symbol=BTC", "exchanges"],
    ["exchanges=UPBIT,OKX&symbol=BTC", "exchanges"],
    ["exchanges=UPBIT,BYBIT,BINANCE&symbol=BTC", "exchanges"],
    ["exchanges=UPBIT,BYBIT", "symbol"],
    ["exchanges=UPBIT,BYBIT&symbol=BTC%26x", "symbol"],
    ["exchanges=UPBIT,BYBIT&symbol=BTC&interval=2m", "interval"],
    ["exchanges=UPBIT,BYBIT&symbol=BTC&to=-5", "to"],
    ["exchanges=UPBIT,BYBIT&symbol=BTC&to=1e9", "to"],
    ["exchanges=UPBIT,BYBIT&symbol=BTC&from=5", "from"],
  ] as const) {
    const response = await kline(query);
    expect([query, response.status]).toEqual([query, 400]);
    expect((await response.json()).issues[0].parameter).toBe(parameter);
  }
  expect(asked).toEqual([]);
  await api.close();
});

test("too many charts at once, and a database that is away, are 503", async () => {
  const gate = Promise.withResolvers<Candle[]>();
  const { api, kline, setListings } = await openApi(() => gate.promise);
  const running = Array.from({ length: 8 }, (_, index) => kline(`${PEPE}&to=${(index + 1) * 60}`));
  expect((await kline(`${PEPE}&to=5400`)).status).toBe(503);
  gate.resolve([]);
  for (const response of await Promise.all(running)) expect(response.status).toBe(200);
  setListings(() => Promise.reject(new StoreFault("passing", "08006", "away")));
  await api.clock.advance(30_000);
  const away = await kline(PEPE);
  expect([away.status, away.headers.get("Retry-After")]).toEqual([503, "2"]);
  await api.close();
});

test("`to` names the boundary of candles at or after it; 0 and what is ahead are now", () => {
  const nowMs = 10 * MINUTE_MS + 5;
  expect(beforeMsOf(0, "1m", nowMs)).toBeUndefined();
  expect(beforeMsOf(600, "1m", nowMs)).toBe(10 * MINUTE_MS);
  expect(beforeMsOf(599, "1m", nowMs)).toBe(10 * MINUTE_MS);
  expect(beforeMsOf(601, "1m", nowMs)).toBeUndefined();
  expect(beforeMsOf(1, "5m", nowMs)).toBe(5 * MINUTE_MS);
  expect(beforeMsOf(1, "1h", nowMs)).toBeUndefined();
  // A candle of four hours may begin at three, and is asked before.
  expect(beforeMsOf(3 * 3_600, "4h", 86_400_000)).toBe(3 * 3_600_000);
  expect(beforeMsOf(2 * 3_600 + 1, "1d", 86_400_000)).toBe(3 * 3_600_000);
});
