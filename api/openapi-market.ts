// The venues, the coins and the rates of the past in the OpenAPI document, with examples.

import { PAIR_KEYS } from "../schema/vocabulary.ts";
import { CANDLE_INTERVALS } from "../src/domain/kline.ts";
import { coinsSchema } from "./coins.ts";
import { klineSchema } from "./klines.ts";
import type { OpenApiDocument } from "./openapi.ts";
import { content, problems } from "./openapi-parts.ts";
import { COIN_DAYS_MAX, PAIR_DAYS_MAX, POINTS_MAX, rateHistorySchema } from "./rate-charts.ts";
import { venuesDocument, venuesSchema } from "./venues.ts";

export const MARKET_SCHEMAS = {
  ...{ Venues: venuesSchema, Coins: coinsSchema, RateHistory: rateHistorySchema, Kline: klineSchema },
};

const LISTING = {
  ...{ venue: "upbit", symbol: "KRW-PEPE", multiplier: 1, state: "active", why: null, warnings: [] },
  ...{ delistAtMs: null, deposit: false, withdraw: true, lastSeenAtMs: 1_780_000_000_000 },
};
const ABROAD = {
  ...{ ...LISTING, venue: "bybit", symbol: "1000PEPEUSDT", multiplier: 1_000 },
  ...{ deposit: "unknown", withdraw: "unknown" },
};
const COINS = {
  asOfMs: 1_780_000_000_000,
  coins: [
    {
      coin: "PEPE",
      listings: [LISTING, ABROAD],
      pairs: [
        {
          ...{ pair: "upbit-bybit", tradable: false, rate: "none" },
          reasons: [
            { code: "wallet-closed", words: { ko: "입출금 중단", en: "deposits or withdrawals closed" } },
          ],
        },
      ],
    },
  ],
};
const HISTORY = {
  ...{ pair: "upbit-bybit", fromMs: 1_780_000_020_000, toMs: 1_780_000_140_000, stepMs: 60_000 },
  ...{ atMs: [1_780_000_020_000, 1_780_000_080_000], coin: "BTC", size: "1M" },
  ...{ entryRate: [1389.42, 1389.5], exitRate: [1388.1, null] },
};

const at = { time: 1_780_000_020 };
const KLINE = {
  candleData: [{ ...at, open: 1389.42, high: 1390.1, low: 1389, close: 1389.9 }],
  volumeData: [{ ...at, value: 8_000 }],
  ex1VolumeData: [{ ...at, value: 5_000 }],
  ex2VolumeData: [{ ...at, value: 3_000 }],
  usdtCandleData: [{ ...at, value: 1390 }],
};

const parameter = (name: string, description: string, schema: Record<string, unknown>, example?: string) => ({
  ...{ name, in: "query", required: false, description, schema },
  ...(example !== undefined && { example }),
});
const required = (name: string, description: string, schema: Record<string, unknown>, example: string) => ({
  ...parameter(name, description, schema, example),
  required: true,
});
const instant = { type: "integer", minimum: 0 };
const ticker = { type: "string", pattern: "^[0-9A-Z]{1,20}$" };

export function venuesOperation(): OpenApiDocument["paths"] {
  return {
    "/api/venues": {
      get: {
        summary: "The venues and the pairs",
        description: "What is quoted and traded where, with which orders, fees and limits.",
        ...{ tags: ["market"], parameters: [] },
        responses: {
          200: { description: "All four venues and all four pairs.", ...content("Venues", venuesDocument()) },
          ...problems(400),
        },
      },
    },
  };
}

export function marketOperations(): OpenApiDocument["paths"] {
  return {
    "/api/coins": {
      get: {
        summary: "The coins and their states",
        description:
          "Where each coin is listed, and on which pairs it may be entered, or why not. Read at most once in two seconds, however many ask.",
        ...{ tags: ["market"], parameters: [] },
        responses: { 200: { description: "By coin.", ...content("Coins", COINS) }, ...problems(400, 503) },
      },
    },
    "/api/rates/history": {
      get: {
        summary: "Rates of the past",
        description: `Of a coin on a pair, for up to ${COIN_DAYS_MAX} days, or without a coin of all coins of the pair together, for up to ${PAIR_DAYS_MAX} days; at most ${POINTS_MAX} points. KRW per USDT.`,
        tags: ["market"],
        parameters: [
          required("pair", "The pair of venues.", { type: "string", enum: PAIR_KEYS }, "upbit-bybit"),
          parameter("coin", "Ticker of the Korean market.", ticker, "BTC"),
          parameter("size", "Order size in KRW; 10M only of a coin.", {
            ...{ type: "string", enum: ["1M", "10M"], default: "1M" },
          }),
          parameter("from", "Epoch ms, included; a day before `to`.", instant),
          parameter("to", "Epoch ms, excluded; now.", instant),
        ],
        responses: {
          200: { description: "Columns of equal length.", ...content("RateHistory", HISTORY) },
          ...problems(400, 503),
        },
      },
    },
    "/api/kline": {
      get: {
        summary: "Candles of a coin's price in Korea over its price abroad",
        description:
          "In Karbit's form: up to 200 candles, ascending, times in UTC. A venue that fails, or has no such coin, leaves its arrays empty.",
        tags: ["market"],
        parameters: [
          required("exchanges", "One of each side, in either order.", { type: "string" }, "UPBIT,BYBIT"),
          required("symbol", "Ticker of the Korean market.", ticker, "BTC"),
          parameter("interval", "Length of a candle.", {
            ...{ type: "string", enum: Object.keys(CANDLE_INTERVALS), default: "1m" },
          }),
          parameter("to", "Epoch seconds; only candles that begin before it. 0: now.", {
            ...{ type: "integer", minimum: 0, default: 0 },
          }),
        ],
        responses: { 200: { description: "The chart.", ...content("Kline", KLINE) }, ...problems(400, 503) },
      },
    },
  };
}
