// Public knowledge beside the rates of the moment: the venues, the coins with their states, the rates of the past, and
// charts of prices. What is read for one is read for all who ask within a few seconds.

import { Hono } from "hono";
import * as v from "valibot";
import { DOMESTIC_VENUES, OVERSEAS_VENUES, PAIR_KEYS } from "../../schema/vocabulary.ts";
import { CANDLE_INTERVALS, type CandleInterval, type Kline } from "../../src/domain/kline.ts";
import { isPassing } from "../../src/domain/store-fault.ts";
import { CandleBudgetFault, type CandleSource } from "../../src/ports/candles.ts";
import type { CoinListingStore, HistoryStore } from "../../src/ports/store.ts";
import { jsonAnswer } from "../answers.ts";
import { type CoinsDocument, coinsDocument } from "../coins.ts";
import { acceptsGzip } from "../gzip-blocks.ts";
import { beforeMsOf, Klines } from "../klines.ts";
import { CORS_HEADERS, problem } from "../problem.ts";
import { noQuery, query, wholeNumber } from "../query.ts";
import { type RateHistory, readChart, spanOf } from "../rate-charts.ts";
import type { ApiDeps } from "../settings.ts";
import { SharedReads } from "../shared-reads.ts";
import { type Venues, venuesDocument } from "../venues.ts";

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
/** With coins and symbols five connections of the pool's six: whoever logs in need not wait for a crowd's charts. */
const CHARTS_READING_MAX = 3;
const KLINES_KEPT_MS = 1_000;
const KLINES_READING_MAX = 8;
const KEPT_BYTES_MAX = 16 * 1024 * 1024;
const INSTANT_MS_MAX = Date.UTC(2100, 0, 1) - 1;

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
/** One of each side, in either order; undefined: it is not that. */
function exchangesOf(text: string) {
  const names = text.toLowerCase().split(",");
  const domestic = DOMESTIC_VENUES.find((venue) => names.includes(venue));
  const overseas = OVERSEAS_VENUES.find((venue) => names.includes(venue));
  return names.length === 2 && domestic && overseas ? { domestic, overseas } : undefined;
}

export const klineQuerySchema = v.strictObject({
  exchanges: v.pipe(
    v.string(EXCHANGES_EXPECTED),
    v.check((text) => exchangesOf(text) !== undefined, EXCHANGES_EXPECTED),
    v.transform((text) => exchangesOf(text)!),
  ),
  symbol: ticker,
  interval: v.optional(v.picklist(INTERVALS, `expected one of ${INTERVALS.join(", ")}`), "1m"),
  to: v.optional(wholeNumber(0, Math.floor(INSTANT_MS_MAX / 1_000)), "0"),
});

declare const documentType: unique symbol;
/** A document of that type, encoded for whoever asks. */
interface Encoded<Document> {
  readonly [documentType]?: Document;
  readonly plain: Uint8Array<ArrayBuffer>;
  readonly gzip: Uint8Array<ArrayBuffer>;
}

export function venueRoutes() {
  const venues = JSON.stringify(venuesDocument());
  return new Hono().get("/api/venues", noQuery, async () =>
    jsonAnswer<Venues>(venues, headersOf(VENUES_KEPT_MS)),
  );
}

/** What else there is of the market answers 503 and names the settings that are missing. */
export function missingMarket(missing: readonly string[]): Hono {
  const routes = new Hono();
  const detail = `Coins, history and charts are not served here; expected the setting ${missing.join(" and ")}.`;
  for (const path of MARKET_PATHS) routes.get(path, () => problem(503, { code: "setting-missing", detail }));
  return routes;
}

export function marketRoutes(market: MarketDeps, { live, clock, log }: ApiDeps) {
  const kept = { clock, sizeMax: KEPT_BYTES_MAX };
  const charting = { ...kept, keptMs: CHARTS_KEPT_MS, readingMax: CHARTS_READING_MAX };
  const coins = new SharedReads<Encoded<CoinsDocument>>({ ...kept, keptMs: COINS_KEPT_MS, readingMax: 1 });
  const charts = new SharedReads<Encoded<RateHistory>>(charting);
  const klines = new Klines({ ...market, clock, log });
  const charted = new SharedReads<Encoded<Kline>>({
    ...{ ...kept, keptMs: KLINES_KEPT_MS, readingMax: KLINES_READING_MAX },
  });

  const routes = new Hono();
  routes.onError((error, c) => {
    if (error instanceof CandleBudgetFault) {
      return problem(503, {
        code: "places-taken",
        detail: "Too many candles are asked of a venue at the moment.",
        retryAfterSeconds: Math.ceil(error.retryAfterMs / 1_000),
      });
    }
    if (!isPassing(error)) throw error;
    log.warn("market data cannot be served", { path: c.req.path, error });
    return problem(503, {
      code: "database-away",
      detail: "The database does not answer right now.",
      retryAfterSeconds: 2,
    });
  });
  return routes
    .get("/api/coins", noQuery, async (c) => {
      // One question alone: there is always a place for it.
      const body = coins.get("", async () =>
        encoded(coinsDocument(await market.listings.coinListings(), live, clock.nowMs())),
      )!;
      return sent(await body, c.req.raw, COINS_KEPT_MS);
    })
    .get("/api/rates/history", query(historyQuerySchema), async (c) => {
      const asked = c.req.valid("query");
      const { pair, coin, size = "1M" } = asked;
      if (coin === undefined && size !== "1M") {
        return problem(400, {
          code: "query-unusable",
          detail: "The query cannot be used: a pair as a whole is remembered at 1M alone.",
        });
      }
      const span = spanOf(asked, clock.nowMs());
      if ("expected" in span) {
        return problem(400, {
          code: "query-unusable",
          detail: `The query cannot be used: ${span.expected}.`,
        });
      }
      const wanted = { pair, coin, size, ...span };
      const body = charts.get(JSON.stringify(wanted), async () =>
        encoded(await readChart(market.history, wanted)),
      );
      return body ? sent(await body, c.req.raw, CHARTS_KEPT_MS) : tooManyCharts();
    })
    .get("/api/kline", query(klineQuerySchema), async (c) => {
      const { exchanges, symbol, interval, to } = c.req.valid("query");
      const beforeMs = beforeMsOf(to, interval, clock.nowMs());
      const wanted = { ...exchanges, coin: symbol, interval, beforeMs };
      const body = charted.get(JSON.stringify(wanted), async () => encoded(await klines.read(wanted)));
      return body ? sent(await body, c.req.raw, KLINES_KEPT_MS) : tooManyCharts();
    });
}

const tooManyCharts = () =>
  problem(503, {
    code: "places-taken",
    detail: "Too many charts are asked for at once.",
    retryAfterSeconds: 1,
  });

async function encoded<Document>(document: Document): Promise<{ value: Encoded<Document>; size: number }> {
  const plain = new TextEncoder().encode(JSON.stringify(document));
  const compressed = new Blob([plain]).stream().pipeThrough(new CompressionStream("gzip"));
  const gzip = new Uint8Array(await new Response(compressed).arrayBuffer());
  return { value: { plain, gzip }, size: plain.length + gzip.length };
}

function sent<Document>({ plain, gzip }: Encoded<Document>, request: Request, keptMs: number) {
  const isGzip = acceptsGzip(request.headers.get("Accept-Encoding") ?? undefined);
  return jsonAnswer<Document>(isGzip ? gzip : plain, {
    ...headersOf(keptMs),
    Vary: "Accept-Encoding",
    ...(isGzip && { "Content-Encoding": "gzip" }),
  });
}

function headersOf(keptMs: number) {
  return {
    ...CORS_HEADERS,
    "Content-Type": "application/json; charset=utf-8",
    "Cache-Control": `public, max-age=${keptMs / 1_000}`,
  };
}
