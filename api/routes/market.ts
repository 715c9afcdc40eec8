// Public knowledge beside the rates of the moment: the venues, the coins with their states, the rates of the past, and
// charts of prices. What is read for one is read for all who ask within a few seconds.

import { Hono } from "hono";
import * as v from "valibot";
import { DOMESTIC_VENUES, OVERSEAS_VENUES, PAIR_KEYS } from "../../schema/vocabulary.ts";
import { CANDLE_INTERVALS, type CandleInterval } from "../../src/domain/kline.ts";
import { isPassing } from "../../src/domain/store-fault.ts";
import type { CandleSource } from "../../src/ports/candles.ts";
import type { CoinListingStore, HistoryStore } from "../../src/ports/store.ts";
import { coinsDocument } from "../coins.ts";
import { acceptsGzip } from "../gzip-blocks.ts";
import { beforeMsOf, Klines } from "../klines.ts";
import { CORS_HEADERS, problem } from "../problem.ts";
import { queryOf, wholeNumber } from "../query.ts";
import { readChart, spanOf } from "../rate-charts.ts";
import type { ApiDeps } from "../settings.ts";
import { SharedReads } from "../shared-reads.ts";
import { venuesDocument } from "../venues.ts";

/** Those that need more than this program knows by itself. */
export const MARKET_PATHS = ["/api/coins", "/api/rates/history", "/api/kline"] as const;

export interface MarketDeps {
  readonly listings: CoinListingStore;
  readonly history: Pick<HistoryStore, "coinHistory" | "pairHistory">;
  readonly candles: CandleSource;
}

const VENUES_KEPT_MS = 3_600_000;
const COINS_KEPT_MS = 2_000;
const CHARTS_KEPT_MS = 5_000;
const CHARTS_READING_MAX = 4;
const KLINES_KEPT_MS = 1_000;
const KLINES_READING_MAX = 8;
const KEPT_BYTES_MAX = 16 * 1024 * 1024;
const INSTANT_MS_MAX = Date.UTC(2100, 0, 1) - 1;

const noQuerySchema = v.strictObject({});
const instant = wholeNumber(0, INSTANT_MS_MAX);
const TICKER_EXPECTED = "expected a ticker of 1 to 20 letters and digits, as BTC";
const ticker = v.pipe(v.string(TICKER_EXPECTED), v.regex(/^[0-9A-Z]{1,20}$/, TICKER_EXPECTED));
const historyQuerySchema = v.strictObject({
  pair: v.picklist(PAIR_KEYS, `expected one of ${PAIR_KEYS.join(", ")}`),
  coin: v.optional(ticker),
  size: v.optional(v.picklist(["1M", "10M"], "expected 1M or 10M")),
  from: v.optional(instant),
  to: v.optional(instant),
});

const EXCHANGES_EXPECTED = "expected UPBIT or BITHUMB and BYBIT or BINANCE, as UPBIT,BYBIT";
const INTERVALS = Object.keys(CANDLE_INTERVALS) as CandleInterval[];
const klineQuerySchema = v.strictObject({
  exchanges: v.pipe(
    v.string(EXCHANGES_EXPECTED),
    v.transform((text) => text.toLowerCase().split(",")),
    v.check((names) => names.length === 2, EXCHANGES_EXPECTED),
    v.transform((names) => ({
      domestic: DOMESTIC_VENUES.find((venue) => names.includes(venue)),
      overseas: OVERSEAS_VENUES.find((venue) => names.includes(venue)),
    })),
    v.object(
      { domestic: v.picklist(DOMESTIC_VENUES), overseas: v.picklist(OVERSEAS_VENUES) },
      EXCHANGES_EXPECTED,
    ),
  ),
  symbol: ticker,
  interval: v.optional(v.picklist(INTERVALS, `expected one of ${INTERVALS.join(", ")}`), "1m"),
  to: v.optional(wholeNumber(0, Math.floor(INSTANT_MS_MAX / 1_000)), "0"),
});

interface Body {
  readonly plain: Uint8Array<ArrayBuffer>;
  readonly gzip: Uint8Array<ArrayBuffer>;
}

export function marketRoutes({ market, live, clock, log }: ApiDeps): Hono {
  const routes = new Hono();
  const venues = JSON.stringify(venuesDocument());
  routes.get("/api/venues", (c) => {
    const query = queryOf(c, noQuerySchema);
    return "refusal" in query ? query.refusal : json(venues, VENUES_KEPT_MS);
  });
  if (!market) return routes;
  if ("missing" in market) {
    const detail = `Coins, history and charts are not served here; expected the setting ${market.missing.join(" and ")}.`;
    for (const path of MARKET_PATHS) routes.get(path, () => problem(503, { detail }));
    return routes;
  }
  const kept = { clock, sizeMax: KEPT_BYTES_MAX };
  const coins = new SharedReads<Body>({ ...kept, keptMs: COINS_KEPT_MS, readingMax: 1 });
  const charts = new SharedReads<Body>({ ...kept, keptMs: CHARTS_KEPT_MS, readingMax: CHARTS_READING_MAX });

  routes.get("/api/coins", async (c) => {
    const query = queryOf(c, noQuerySchema);
    if ("refusal" in query) return query.refusal;
    // One question alone: there is always a place for it.
    const body = coins.get("", async () =>
      bodyOf(coinsDocument(await market.listings.coinListings(), live, clock.nowMs())),
    )!;
    return sent(await body, c.req.raw, COINS_KEPT_MS);
  });

  routes.get("/api/rates/history", async (c) => {
    const query = queryOf(c, historyQuerySchema);
    if ("refusal" in query) return query.refusal;
    const { pair, coin, size = "1M" } = query.value;
    if (coin === undefined && size !== "1M") {
      return problem(400, {
        detail: "The query cannot be used: a pair as a whole is remembered at 1M alone.",
      });
    }
    const span = spanOf(query.value, clock.nowMs());
    if ("expected" in span) return problem(400, { detail: `The query cannot be used: ${span.expected}.` });
    const wanted = { pair, coin, size, ...span };
    const body = charts.get(JSON.stringify(wanted), async () =>
      bodyOf(await readChart(market.history, wanted)),
    );
    if (!body)
      return problem(503, { detail: "Too many charts are asked for at once.", retryAfterSeconds: 1 });
    return sent(await body, c.req.raw, CHARTS_KEPT_MS);
  });

  const klines = new Klines({ ...market, clock, log });
  const charted = new SharedReads<Body>({ ...kept, keptMs: KLINES_KEPT_MS, readingMax: KLINES_READING_MAX });
  routes.get("/api/kline", async (c) => {
    const query = queryOf(c, klineQuerySchema);
    if ("refusal" in query) return query.refusal;
    const { exchanges, symbol, interval, to } = query.value;
    const beforeMs = beforeMsOf(to, interval, clock.nowMs());
    const wanted = { ...exchanges, coin: symbol, interval, beforeMs };
    const body = charted.get(JSON.stringify(wanted), async () => bodyOf(await klines.read(wanted)));
    if (!body)
      return problem(503, { detail: "Too many charts are asked for at once.", retryAfterSeconds: 1 });
    return sent(await body, c.req.raw, KLINES_KEPT_MS);
  });

  routes.onError((error, c) => {
    if (!isPassing(error)) throw error;
    log.warn("market data cannot be served", { path: c.req.path, error });
    return problem(503, { detail: "The database does not answer right now.", retryAfterSeconds: 2 });
  });
  return routes;
}

async function bodyOf(document: unknown): Promise<{ value: Body; size: number }> {
  const plain = new TextEncoder().encode(JSON.stringify(document));
  const compressed = new Blob([plain]).stream().pipeThrough(new CompressionStream("gzip"));
  const gzip = new Uint8Array(await new Response(compressed).arrayBuffer());
  return { value: { plain, gzip }, size: plain.length + gzip.length };
}

function sent({ plain, gzip }: Body, request: Request, keptMs: number): Response {
  const isGzip = acceptsGzip(request.headers.get("Accept-Encoding") ?? undefined);
  return json(isGzip ? gzip : plain, keptMs, {
    Vary: "Accept-Encoding",
    ...(isGzip && { "Content-Encoding": "gzip" }),
  });
}

function json(
  body: string | Uint8Array<ArrayBuffer>,
  keptMs: number,
  headers: Record<string, string> = {},
): Response {
  return new Response(body, {
    headers: {
      ...CORS_HEADERS,
      "Content-Type": "application/json; charset=utf-8",
      "Cache-Control": `public, max-age=${keptMs / 1_000}`,
      ...headers,
    },
  });
}
