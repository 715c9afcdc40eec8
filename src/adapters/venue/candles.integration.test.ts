// Candles from the simulated venues over real sockets, and from a venue that refuses.

import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { PAIRS, VENUES, type Venue } from "../../../schema/vocabulary.ts";
import { CANDLE_INTERVALS, type CandleInterval, candleStartMs, klineOf } from "../../domain/kline.ts";
import type { Clock } from "../../ports/clock.ts";
import { type Simulator, startSimulator } from "../../simulator/server.ts";
import { standInMarket } from "../../simulator/stand-in-market.ts";
import { ManualClock } from "../../testing/manual-clock.ts";
import { RecordingLog } from "../../testing/recording-log.ts";
import { InProcessBus } from "../bus/in-process.ts";
import { systemClock } from "../clock.ts";
import { createCandleSource } from "./candles.ts";
import { Governor, type GovernorOptions } from "./rate-governor.ts";

const NOW_MS = Date.UTC(2026, 2, 5, 3, 4, 5);
const INTERVALS = Object.keys(CANDLE_INTERVALS) as CandleInterval[];
/** Of the last candle; four hours at Bithumb are those of Korea's day. */
const lastStartMs = (venue: Venue, interval: CandleInterval, atMs: number) =>
  candleStartMs(atMs, {
    lengthMs: CANDLE_INTERVALS[interval],
    offsetMs: venue === "bithumb" && interval === "4h" ? 3 * CANDLE_INTERVALS["1h"] : 0,
  });
const governors: Governor[] = [];
afterEach(async () => {
  for (const governor of governors.splice(0)) await governor.stop();
});
async function started(clock: Clock, bus = new InProcessBus(clock), more: Partial<GovernorOptions> = {}) {
  const governor = new Governor({
    ...{ id: "api", role: "api", sourceAddress: "a", version: "1", clock, log: new RecordingLog() },
    ...{ announcements: bus.announcements, linkUp: () => true, helloMs: 0, enabled: true, ...more },
  });
  governors.push(governor);
  await governor.start();
  return governor;
}

const symbolOf = (venue: Venue) => (venue === "upbit" || venue === "bithumb" ? "KRW-BTC" : "BTCUSDT");

describe("candles of the simulated venues", () => {
  let simulator: Simulator;
  beforeAll(async () => {
    simulator = await startSimulator({ seed: 1, market: standInMarket(), nowMs: () => NOW_MS });
  });
  afterAll(() => simulator.stop());
  const source = async () => {
    const governor = await started(systemClock);
    return createCandleSource({ urls: simulator.urls[0]!, clock: systemClock, governor, timeoutMs: 3_000 });
  };

  for (const venue of VENUES) {
    test(`${venue}: 200 of every interval, oldest first, one after the other, the running one last`, async () => {
      for (const interval of INTERVALS) {
        const lengthMs = CANDLE_INTERVALS[interval];
        const request = { symbol: symbolOf(venue), interval, beforeMs: undefined };
        const candles = await (await source()).candles(venue, request);
        const lastAtMs = lastStartMs(venue, interval, NOW_MS);
        const starts = candles.map(({ startAtMs }) => startAtMs);
        expect([interval, starts.length, starts.at(-1)]).toEqual([interval, 200, lastAtMs]);
        expect(starts).toEqual(starts.map((_, index) => lastAtMs - (199 - index) * lengthMs));
      }
    });

    test(`${venue}: of the past only what begins before the instant, the last of it next to it`, async () => {
      for (const interval of ["1m", "4h", "1d"] as const) {
        const lengthMs = CANDLE_INTERVALS[interval];
        const beforeMs = Math.floor(NOW_MS / lengthMs) * lengthMs - 500 * lengthMs;
        const candles = await (await source()).candles(venue, {
          symbol: symbolOf(venue),
          interval,
          beforeMs,
        });
        const lastAtMs = lastStartMs(venue, interval, beforeMs - 1);
        expect([candles.length, candles.at(-1)!.startAtMs]).toEqual([200, lastAtMs]);
      }
    });

    if (venue === "bybit" || venue === "binance") {
      test(`${venue}: a page of 960 hours comes whole`, async () => {
        const request = { symbol: symbolOf(venue), interval: "1h", beforeMs: undefined, count: 960 } as const;
        expect(await (await source()).candles(venue, request)).toHaveLength(960);
      });
    }

    test(`${venue}: a symbol it does not know is a fault, and nothing else than a fault`, async () => {
      const request = { symbol: "NO&x=1", interval: "1m", beforeMs: undefined } as const;
      await expect((await source()).candles(venue, request)).rejects.toMatchObject({ name: "CandleFault" });
    });
  }
});

test("PEPE at home over 1000PEPE abroad is the KRW price of a USDT, on every pair and interval", async () => {
  const simulator = await startSimulator({ seed: 1, market: standInMarket(), nowMs: () => NOW_MS });
  const governor = await started(systemClock);
  const source = createCandleSource({
    ...{ urls: simulator.urls[0]!, clock: systemClock, governor, timeoutMs: 3_000 },
  });
  for (const { domestic, overseas } of PAIRS) {
    const interval = domestic === "upbit" ? "5m" : "1d";
    const series = async (venue: Venue, symbol: string, multiplier: number) => {
      const candles = await source.candles(venue, { symbol, interval, beforeMs: undefined });
      return { candles, multiplier };
    };
    const { candleData, volumeData } = klineOf({
      domestic: await series(domestic, "KRW-PEPE", 1),
      overseas: await series(overseas, "1000PEPEUSDT", 1_000),
      usdt: undefined,
    });
    expect([candleData.length, volumeData.length]).toEqual([200, 200]);
    for (const { open, close } of candleData) {
      for (const rate of [open, close]) expect(Math.abs(rate / 1_400 - 1)).toBeLessThan(0.001);
    }
    // 12.5 of either's units.
    expect(new Set(volumeData.slice(0, -1).map(({ value }) => value))).toEqual(new Set([12_512.5]));
  }
  await simulator.stop();
});

describe("candles of venues that refuse", () => {
  let server: Bun.Server<undefined>;
  let answer: () => Response;
  let asked = 0;
  beforeAll(() => {
    server = Bun.serve({
      port: 0,
      fetch: () => {
        asked++;
        return answer();
      },
    });
  });
  afterAll(() => server.stop(true));
  const open = async (clock: ManualClock) => {
    const url = `http://127.0.0.1:${server.port}`;
    const urls = { upbit: url, bithumb: url, bybit: url, binance: url };
    const governor = await started(clock);
    const source = createCandleSource({ urls, clock, governor, timeoutMs: 3_000 });
    return (venue: Venue) =>
      source.candles(venue, { symbol: "X", interval: "1m", beforeMs: undefined }).then(
        (candles) => `${candles.length} candles`,
        (fault: Error) => `${fault.name}: ${fault.message}`,
      );
  };

  test("what is no list of candles is a fault, an empty list is none", async () => {
    const candles = await open(new ManualClock(NOW_MS));
    for (const [venue, body, expected] of [
      ["upbit", "[]", "0 candles"],
      ["binance", "[]", "0 candles"],
      ["bybit", '{"retCode":0,"retMsg":"OK","result":{"list":[]},"time":1}', "0 candles"],
      ["upbit", "<html>", "CandleFault: upbit candles"],
      ["bithumb", '{"error":{"name":"404","message":"x"}}', "CandleFault: bithumb candles"],
      ["binance", '[["1","-2"]]', "CandleFault: binance candles"],
    ] as const) {
      answer = () => new Response(body);
      expect([venue, body, await candles(venue)]).toEqual([venue, body, expect.stringContaining(expected)]);
    }
  });

  test("a refusal for limits makes the process silent at that venue for as long, and at no other", async () => {
    for (const [venue, make, lengthMs] of [
      ["upbit", () => new Response("{}", { status: 429, headers: { "Retry-After": "7" } }), 7_000],
      ["binance", () => new Response("{}", { status: 418, headers: { "Retry-After": "90" } }), 90_000],
      ["bybit", () => new Response('{"retCode":10006,"retMsg":"Too many visits!","result":{}}'), 5_000],
      ["bybit", () => new Response("", { status: 403 }), 600_000],
    ] as const) {
      const clock = new ManualClock(NOW_MS);
      const candles = await open(clock);
      answer = make;
      expect(await candles(venue)).toStartWith("CandleFault");
      answer = () => new Response("[]");
      await clock.advance(lengthMs - 2_000);
      const before = asked;
      expect(await candles(venue)).toBe(`CandleBudgetFault: ${venue}: no budget for candles`);
      expect(asked).toBe(before);
      expect(await candles("bithumb")).toBe("0 candles");
      await clock.advance(2_000);
      await candles(venue);
      expect(asked).toBe(before + 2);
    }
  });

  test("beside a worker there is a small share: what cannot wait is refused here, not there, and told when to come back", async () => {
    const clock = new ManualClock(NOW_MS);
    const bus = new InProcessBus(clock);
    const worker = await started(clock, bus, { id: "w", role: "worker" });
    const governor = await started(clock, bus);
    await clock.advance(80_000);
    const url = `http://127.0.0.1:${server.port}`;
    const urls = { upbit: url, bithumb: url, bybit: url, binance: url };
    const source = createCandleSource({ urls, clock, governor, timeoutMs: 3_000 });
    const ask = (venue: Venue, count = 200) =>
      source.candles(venue, { symbol: "X", interval: "1m", beforeMs: undefined, count });
    answer = () => new Response("[]");
    const before = asked;
    for (let index = 0; index < 35; index++) await ask("binance");
    // A page of many weighs more.
    await expect(ask("binance", 960)).rejects.toMatchObject({ name: "CandleBudgetFault" });
    await ask("binance");
    expect(asked - before).toBe(36);
    await expect(ask("binance")).rejects.toMatchObject({ retryAfterMs: 60_000 });
    expect(worker.state().binance.allowed + governor.state().binance.allowed).toBe(2_400);
    await clock.advance(60_000);
    await ask("binance");
    const told = await worker.reserve({ bybit: 1 }, 1_000);
    told.settle("bybit", 1, { status: 403, headers: undefined });
    await clock.advance(1);
    await expect(ask("bybit")).rejects.toMatchObject({ retryAfterMs: 5_000 });
    expect(asked - before).toBe(37);
  });

  test("a venue that does not answer in time is a fault", async () => {
    const url = "http://127.0.0.1:1";
    const urls = { upbit: url, bithumb: url, bybit: url, binance: url };
    const governor = await started(systemClock);
    const source = createCandleSource({ urls, clock: systemClock, governor, timeoutMs: 500 });
    const request = { symbol: "KRW-BTC", interval: "1m", beforeMs: undefined } as const;
    await expect(source.candles("upbit", request)).rejects.toThrow("upbit: network for candles");
  });
});
