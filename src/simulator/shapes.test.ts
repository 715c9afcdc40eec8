// Simulated answers against recorded and published ones: every key of ours with the type the venue gives it, none
// missing and none of our own. What differs is listed here with its reason, and a deviation that no longer exists
// fails as well, so that the list stays true.

import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { SimHost } from "./dispatch.ts";
import { deviationsOf, misorderedIn } from "./shape-comparison.ts";
import { bearer, binanceQuery, bybitHeaders, createHarness } from "./wire-harness.ts";

const SAMPLES = join(import.meta.dir, "../../../shared/samples");
const { get, clock } = createHarness();

type Headers = () => Record<string, string>;
interface Comparison {
  readonly sample: string;
  readonly host: SimHost;
  readonly target: string | (() => string);
  readonly headers?: Headers;
  /** Part of the answer the sample shows, when it shows no more: "result", "0". */
  readonly part?: string;
  /** Deviation as the comparison prints it -> why it is right. */
  readonly deviations?: Readonly<Record<string, string>>;
  /** Why the order of the sample's keys is not the venue's. */
  readonly ownOrder?: string;
}

const OLDER = "the sample is older than this member";
const NO_RIGHTS = "the simulated key trades contracts and nothing else";
const SORTED = "the recorder sorted the keys";
const LINEAR = "category=linear&symbol=BTCUSDT";
const KEY_HEADER: Headers = () => ({ "x-mbx-apikey": "simulator-access-key" });

const COMPARISONS: readonly Comparison[] = [
  { sample: "upbit/markets", host: "upbit", target: "/v1/market/all?is_details=true" },
  {
    sample: "upbit/orderbook-deep",
    host: "upbit",
    target: "/v1/orderbook?markets=KRW-BTC",
  },
  {
    sample: "upbit/orderbook",
    host: "upbit",
    target: "/v1/orderbook?markets=KRW-ETH",
    deviations: { "+[].level": OLDER },
  },
  {
    sample: "upbit/orderbook-instruments",
    host: "upbit",
    target: "/v1/orderbook/instruments?markets=KRW-BTC,KRW-ETH",
  },
  { sample: "upbit/candles-1", host: "upbit", target: "/v1/candles/seconds?market=KRW-BTC" },
  { sample: "upbit/candles-2", host: "upbit", target: "/v1/candles/minutes/1?market=KRW-BTC&count=2" },
  { sample: "upbit/candles-day", host: "upbit", target: "/v1/candles/days?market=KRW-BTC", part: "0" },
  { sample: "upbit/tickers", host: "upbit", target: "/v1/ticker?markets=KRW-BTC,KRW-ETH" },
  {
    sample: "upbit/wallet-status",
    host: "upbit",
    target: "/v1/status/wallet",
    headers: () => bearer(),
    part: "0",
    deviations: { "+net_type": OLDER, "+network_name": OLDER },
  },
  {
    sample: "upbit/error-jwt-verification",
    host: "upbit",
    target: "/v1/status/wallet",
    headers: () => ({ authorization: "Bearer a.b.c" }),
    ownOrder: "the publisher printed it as an object of its own making",
  },
  { sample: "bithumb/markets", host: "bithumb", target: "/v1/market/all?isDetails=true", part: "0" },
  { sample: "bithumb/orderbook", host: "bithumb", target: "/v1/orderbook?markets=KRW-BTC" },
  { sample: "bithumb/candles", host: "bithumb", target: "/v1/candles/minutes/1?market=KRW-BTC", part: "0" },
  { sample: "bithumb/tickers", host: "bithumb", target: "/v1/ticker?markets=KRW-BTC" },
  {
    sample: "bithumb/wallet-status",
    host: "bithumb",
    target: "/v1/status/wallet",
    headers: () => bearer({ timestamp: clock.nowMs }),
    part: "0",
  },
  { sample: "bithumb/error-missing-parameter", host: "bithumb", target: "/v1/orderbook" },
  { sample: "bybit/time", host: "bybit", target: "/v5/market/time" },
  { sample: "bybit/system-status", host: "bybit", target: "/v5/system/status" },
  { sample: "bybit/instruments", host: "bybit", target: `/v5/market/instruments-info?${LINEAR}` },
  {
    sample: "bybit/orderbook",
    host: "bybit",
    target: `/v5/market/orderbook?${LINEAR}`,
    deviations: { "+result.cts": "documented; the sample was cut before it" },
  },
  { sample: "bybit/tickers-1", host: "bybit", target: `/v5/market/tickers?${LINEAR}` },
  { sample: "bybit/funding-history", host: "bybit", target: `/v5/market/funding/history?${LINEAR}&limit=1` },
  {
    sample: "bybit/coin-info",
    host: "bybit",
    target: "/v5/asset/coin/query-info",
    headers: () => bybitHeaders("", clock.nowMs),
  },
  {
    sample: "bybit/api-key-info",
    host: "bybit",
    target: "/v5/user/query-api",
    headers: () => bybitHeaders("", clock.nowMs),
    deviations: {
      "-result.permissions.Options[]": NO_RIGHTS,
      "-result.permissions.Spot[]": NO_RIGHTS,
      "-result.permissions.Wallet[]": NO_RIGHTS,
    },
  },
  { sample: "binance/time", host: "binance", target: "/fapi/v1/time" },
  { sample: "binance/orderbook-1", host: "binance", target: "/fapi/v1/depth?symbol=BTCUSDT&limit=5" },
  {
    sample: "binance/orderbook-deep",
    host: "binance",
    target: "/fapi/v1/depth?symbol=BTCUSDT&limit=100",
    ownOrder: SORTED,
  },
  {
    sample: "binance/book-ticker-2",
    host: "binance",
    target: "/fapi/v1/ticker/bookTicker?symbol=BTCUSDT",
  },
  {
    sample: "binance/candles",
    host: "binance",
    target: "/fapi/v1/klines?symbol=BTCUSDT&interval=1d&limit=3",
  },
  { sample: "binance/mark-price-1", host: "binance", target: "/fapi/v1/premiumIndex?symbol=BTCUSDT" },
  {
    sample: "binance/funding-history",
    host: "binance",
    target: "/fapi/v1/fundingRate?symbol=BTCUSDT&limit=2",
  },
  { sample: "binance/funding-info-2", host: "binance", target: "/fapi/v1/fundingInfo", ownOrder: SORTED },
  { sample: "binance/ticker-24h", host: "binance", target: "/fapi/v1/ticker/24hr", ownOrder: SORTED },
  {
    sample: "binance/exchange-info",
    host: "binance",
    target: "/fapi/v1/exchangeInfo",
    deviations: {
      "+futuresType": "served by the venue, left out of the published example",
      "+symbols[].maxMoveOrderLimit": "served by the venue, left out of the published example",
      "-exchangeFilters[]": "the list is empty at the venue, the example holds a placeholder",
    },
    ownOrder: "the example is generated from a schema",
  },
  {
    sample: "binance/wallet-status",
    host: "binanceSpot",
    target: () => `/sapi/v1/capital/config/getall?${binanceQuery(clock.nowMs)}`,
    headers: KEY_HEADER,
    deviations: { "+[].networkList[].contractAddress": OLDER },
    ownOrder: SORTED,
  },
  { sample: "binance/error-invalid-symbol", host: "binance", target: "/fapi/v1/depth?symbol=NONE" },
  {
    sample: "binance/error-bad-key",
    host: "binanceSpot",
    target: () => `/sapi/v1/capital/config/getall?${binanceQuery(clock.nowMs)}`,
    headers: () => ({ "x-mbx-apikey": "some-other-key" }),
  },
];

if (existsSync(SAMPLES)) {
  describe("answers have the shape of the samples", () => {
    test.each(COMPARISONS)("$sample", (comparison) => {
      const { sample, host, target, headers, part, deviations = {}, ownOrder } = comparison;
      const answer = get(host, typeof target === "string" ? target : target(), headers?.()).json;
      const ours = part === undefined ? answer : answer[part];
      const theirs = JSON.parse(readFileSync(join(SAMPLES, `${sample}.json`), "utf8"));
      expect(deviationsOf(ours, theirs)).toEqual(Object.keys(deviations).sort());
      if (ownOrder === undefined) expect(misorderedIn(ours, theirs)).toEqual([]);
    });
  });
} else {
  console.log("src/simulator/shapes.test.ts: no ../shared/samples here, its comparisons are left out");
}

test("a comparison notices another order of keys", () => {
  expect(misorderedIn([{ a: 1, b: { c: 1, d: 1 } }], [{ a: 1, b: { d: 1, c: 1 } }])).toEqual([
    "[].b: c,d, was d,c",
  ]);
});

test("a comparison notices a key too many, one too few and another type", () => {
  expect(deviationsOf({ a: 1, b: [{ c: "1" }], e: 0 }, { a: 1, b: [{ c: 1 }], d: 2 })).toEqual([
    "+e",
    "-d",
    "b[].c: string, was number",
  ]);
});
