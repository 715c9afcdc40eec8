// Bithumb API 2.0 as on the wire: modelled on Upbit's, with the differences that bite. Several books in one request
// have 15 levels, one has 30; `to` without a zone is KST; more than 200 markets are refused; tokens need a timestamp.

import { BITHUMB_KEY_ERRORS, bithumbError, bithumbNoFunds, bithumbPrivateRoutes } from "./bithumb-private.ts";
import { bithumbStreamRoute } from "./bithumb-stream.ts";
import {
  bookText,
  candlePaths,
  candlesAnswer,
  domesticError,
  KST_OFFSET_MS,
  marketsOf,
  tickerRow,
  walletRows,
  YearRange,
} from "./domestic.ts";
import { checkUser, claimedKey } from "./domestic-auth.ts";
import { BITHUMB_LIMITS, BITHUMB_STREAM_LIMITS } from "./limit-rules.ts";
import { Limiter } from "./limits.ts";
import { BITHUMB_TOKEN, NonceBook } from "./signatures.ts";
import {
  type Admission,
  json,
  type Route,
  type RouteContext,
  spend,
  type VenueEnvironment,
  type VenueWire,
  type WireReply,
} from "./wire.ts";

const SINGLE_LEVELS = 30;
const BATCH_LEVELS = 15;
const MARKETS_MAX = 200;
const WARNING_TYPES: readonly string[] = [
  "PRICE_SUDDEN_FLUCTUATION",
  "TRADING_VOLUME_SUDDEN_FLUCTUATION",
  "DEPOSIT_AMOUNT_SUDDEN_FLUCTUATION",
  "PRICE_DIFFERENCE_HIGH",
  "SPECIFIC_ACCOUNT_HIGH_TRANSACTION",
  "EXCHANGE_TRADING_CONCENTRATION",
];

/** Market list, warnings, candles, tickers, books and wallet states of Bithumb. */
export function createBithumb(environment: VenueEnvironment): VenueWire {
  const limiter = new Limiter(BITHUMB_LIMITS, environment.banScale);
  const connects = new Limiter(BITHUMB_STREAM_LIMITS, environment.banScale);
  const nonces = new NonceBook();
  return {
    venue: "bithumb",
    routes: new Map([
      ...bithumbRoutes(),
      ...bithumbPrivateRoutes(environment),
      bithumbStreamRoute(environment.switches),
    ]),
    limiters: [limiter, connects],
    admit(request, route): Admission {
      const { nowMs, source } = request;
      if (route === undefined) return { headers: {} };
      // Private budgets, too, belong to the address. An excess closes that category for a while.
      const verdict = spend(environment, route.stream ? connects : limiter, source, route.group, 1, nowMs);
      if (verdict.kind !== "pass") {
        return {
          headers: {},
          limited: true,
          refusal: domesticError(429, route.signed ? "too_many_requests" : 429, "Too many requests."),
        };
      }
      if (!route.signed) return { headers: {} };
      const check = checkUser(environment, request, route, {
        venue: "bithumb",
        nonces,
        rules: BITHUMB_TOKEN,
        keyErrors: BITHUMB_KEY_ERRORS,
      });
      return { headers: {}, ...check };
    },
    unknownPath: () => domesticError(404, 404, "Not Found"),
    serverError: (status) => domesticError(status, status, "Service temporarily unavailable."),
    apiKeyOf: claimedKey,
    refuse: ({ kind, code, message, status }, request) =>
      kind === "refusal" ? bithumbError(String(code), message, status) : bithumbNoFunds(request),
    // What it says then is not documented.
    maintenance: () => domesticError(503, 503, "시스템 점검 중입니다."),
  };
}

function bithumbRoutes(): ReadonlyMap<string, Route> {
  const years = new YearRange();
  const routes: [string, Route][] = [
    ["/v1/market/all", { group: "other", answer: marketsAnswer }],
    ["/v1/market/virtual_asset_warning", { group: "other", answer: warningsAnswer }],
    ["/v1/orderbook", { group: "orderbook", books: true, answer: booksAnswer }],
    ["/v1/ticker", { group: "ticker", answer: (context) => tickersAnswer(context, years) }],
    ["/v1/status/wallet", { group: "private-other", signed: true, answer: walletAnswer }],
  ];
  for (const [path, unit] of candlePaths("bithumb")) {
    routes.push([
      path,
      { group: "candle", answer: (context) => candlesAnswer(context, unit, KST_OFFSET_MS) },
    ]);
  }
  return new Map(routes.map(([path, route]) => [`GET ${path}`, route]));
}

/** Upbit's spelling of the flag is not understood here. */
function marketsAnswer({ request, listings }: RouteContext): WireReply {
  const details = request.params.isDetails === "true";
  return json(
    [...listings.values()].map((listing) => ({
      market: listing.symbol,
      korean_name: listing.koreanName,
      english_name: listing.englishName,
      ...(details ? { market_warning: hasCaution(listing) ? "CAUTION" : "NONE" } : {}),
    })),
  );
}

function hasCaution({
  delistAtMs,
  warnings,
}: {
  delistAtMs: number | undefined;
  warnings: readonly string[];
}) {
  return delistAtMs !== undefined || warnings.some((warning) => !WARNING_TYPES.includes(warning));
}

function warningsAnswer({ request, listings }: RouteContext): WireReply {
  // Warnings run to the end of the Korean day.
  const kst = new Date(request.nowMs + KST_OFFSET_MS).toISOString();
  const endDate = `${kst.slice(0, 10)} 23:59:59`;
  return json(
    [...listings.values()].flatMap(({ symbol, warnings }) =>
      warnings
        .filter((warning) => WARNING_TYPES.includes(warning))
        .map((warning) => ({ market: symbol, warning_type: warning, end_date: endDate })),
    ),
  );
}

function booksAnswer(context: RouteContext): WireReply {
  const symbols = cappedMarkets(context);
  if (!Array.isArray(symbols)) return symbols;
  const levels = symbols.length === 1 ? SINGLE_LEVELS : BATCH_LEVELS;
  const texts: string[] = [];
  for (const symbol of symbols) {
    const served = context.book(symbol, levels);
    if (served !== undefined) texts.push(bookText(served.symbol, served.book, undefined));
  }
  return { status: 200, body: `[${texts.join(",")}]` };
}

/** Documented for tickers since 2026-10-13; applied to books too, where it is not known. */
function cappedMarkets(context: RouteContext): string[] | WireReply {
  const count = context.request.params.markets?.split(",").length ?? 0;
  if (count <= MARKETS_MAX) return marketsOf(context);
  const message = `Parameter 'markets' must be less than or equal to ${MARKETS_MAX} items.`;
  return domesticError(400, "400", message);
}

function tickersAnswer(context: RouteContext, years: YearRange): WireReply {
  const symbols = cappedMarkets(context);
  if (!Array.isArray(symbols)) return symbols;
  return json(symbols.flatMap((symbol) => tickerRow(context, context.listings.get(symbol)!, years) ?? []));
}

function walletAnswer(context: RouteContext): WireReply {
  return json(
    walletRows(context, (atMs) => `${new Date(atMs + KST_OFFSET_MS).toISOString().slice(0, 19)}+09:00`),
  );
}
