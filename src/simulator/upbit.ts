// Upbit as on the wire: KRW spot quotations (JSON numbers), wallet states and the private side. Ten requests a second in
// each public group per address, announced in Remaining-Req; 429 on excess, 418 for those who go on.

import {
  bookText,
  candlePaths,
  candlesAnswer,
  domesticError,
  marketsOf,
  tickerRow,
  walletRows,
  YearRange,
} from "./domestic.ts";
import { checkUser, claimedKey } from "./domestic-auth.ts";
import { UPBIT_ACCOUNT_LIMITS, UPBIT_ADDRESS_LIMITS, UPBIT_STREAM_LIMITS } from "./limit-rules.ts";
import { Limiter, type LimitVerdict } from "./limits.ts";
import { NonceBook, UPBIT_TOKEN } from "./signatures.ts";
import type { SimBook, SimListing } from "./types.ts";
import { UPBIT_KEY_ERRORS, upbitError, upbitNoFunds, upbitPrivateRoutes } from "./upbit-private.ts";
import { upbitStreamRoute } from "./upbit-stream.ts";
import {
  type Admission,
  json,
  type Route,
  type RouteContext,
  spend,
  type VenueEnvironment,
  type VenueWire,
  type WireReply,
  wholeNumber,
} from "./wire.ts";

const LEVELS_MAX = 30;
const CAUTIONS = [
  "PRICE_FLUCTUATIONS",
  "TRADING_VOLUME_SOARING",
  "DEPOSIT_AMOUNT_SOARING",
  "GLOBAL_PRICE_DIFFERENCES",
  "CONCENTRATION_OF_SMALL_ACCOUNTS",
] as const;

/** Market, candles, tickers, books and wallet states of Upbit over the environment's keys and limits. */
export function createUpbit(environment: VenueEnvironment): VenueWire {
  const byAddress = new Limiter(UPBIT_ADDRESS_LIMITS, environment.banScale);
  const byAccount = new Limiter(UPBIT_ACCOUNT_LIMITS, environment.banScale);
  const connects = new Limiter(UPBIT_STREAM_LIMITS, environment.banScale);
  const nonces = new NonceBook();
  return {
    venue: "upbit",
    routes: new Map([...upbitRoutes(), ...upbitPrivateRoutes(environment), upbitStreamRoute()]),
    limiters: [byAddress, byAccount, connects],
    admit(request, route): Admission {
      const { nowMs, source } = request;
      if (route === undefined) return { headers: {} };
      const byBrowser = request.header("origin") !== null;
      if (!route.signed || (route.stream && byBrowser)) {
        // A browser's request has a budget of its own, whatever it asks for.
        const group = byBrowser ? "origin" : route.group;
        const verdict = spend(environment, byAddress, source, group, 1, nowMs);
        if (!route.signed || verdict.kind !== "pass") return admission(group, verdict, true, nowMs);
      }
      const check = checkUser(environment, request, route, {
        venue: "upbit",
        nonces,
        rules: UPBIT_TOKEN,
        keyErrors: UPBIT_KEY_ERRORS,
      });
      if ("refusal" in check) return { headers: {}, ...check };
      const verdict = spend(
        environment,
        route.stream ? connects : byAccount,
        check.user.apiKey,
        route.group,
        1,
        nowMs,
      );
      return { ...admission(route.group, verdict, false, nowMs), ...check };
    },
    unknownPath: () => domesticError(404, 404, "no Route matched with those values"),
    serverError: (status) => domesticError(status, status, "일시적인 오류가 발생했습니다."),
    apiKeyOf: claimedKey,
    refuse: ({ kind, code, message, status }, request) =>
      kind === "refusal" ? upbitError(String(code), message, status) : upbitNoFunds(request),
    // What it says then is not documented.
    maintenance: () => domesticError(500, "server_error", "서버 점검 중입니다."),
  };
}

/** `min` is the fixed legacy figure of each group's sixty seconds. */
function admission(group: string, verdict: LimitVerdict, quotation: boolean, nowMs: number): Admission {
  const min = group === "origin" ? 6 : verdict.limit * 60;
  const headers = { "Remaining-Req": `group=${group}; min=${min}; sec=${verdict.remaining}` };
  if (verdict.kind === "pass") return { headers };
  const name = (status: number) => (quotation ? status : "too_many_requests");
  if (verdict.kind === "over") {
    return { headers, limited: true, refusal: domesticError(429, name(429), "Too many API requests.") };
  }
  const seconds = Math.ceil((verdict.untilMs - nowMs) / 1_000);
  const message = `Too many API requests. Requests are blocked for ${seconds} seconds.`;
  return { headers, limited: true, refusal: domesticError(418, name(418), message) };
}

function upbitRoutes(): ReadonlyMap<string, Route> {
  const years = new YearRange();
  const routes: [string, Route][] = [
    ["/v1/market/all", { group: "market", answer: marketsAnswer }],
    ["/v1/orderbook", { group: "orderbook", books: true, answer: booksAnswer }],
    ["/v1/orderbook/instruments", { group: "orderbook", answer: instrumentsAnswer }],
    ["/v1/ticker", { group: "ticker", answer: (context) => tickersAnswer(context, years) }],
    ["/v1/ticker/all", { group: "ticker", answer: (context) => allTickersAnswer(context, years) }],
    ["/v1/status/wallet", { group: "default", signed: true, answer: walletAnswer }],
  ];
  for (const [path, unit] of candlePaths("upbit")) {
    routes.push([path, { group: "candle", answer: (context) => candlesAnswer(context, unit, 0) }]);
  }
  return new Map(routes.map(([path, route]) => [`GET ${path}`, route]));
}

function marketsAnswer({ request, listings }: RouteContext): WireReply {
  const { params } = request;
  const details = (params.is_details ?? params.isDetails) === "true";
  return json(
    [...listings.values()].map((listing) => ({
      market: listing.symbol,
      korean_name: listing.koreanName,
      english_name: listing.englishName,
      ...(details ? { market_event: marketEvent(listing) } : {}),
    })),
  );
}

/** A market about to be delisted carries the investment warning, as any flag that is not one of the cautions does. */
function marketEvent({ warnings, delistAtMs }: SimListing): object {
  const cautions: readonly string[] = CAUTIONS;
  return {
    warning: delistAtMs !== undefined || warnings.some((warning) => !cautions.includes(warning)),
    caution: Object.fromEntries(CAUTIONS.map((name) => [name, warnings.includes(name)])),
  };
}

function booksAnswer(context: RouteContext): WireReply {
  const { params } = context.request;
  const symbols = marketsOf(context);
  if (!Array.isArray(symbols)) return symbols;
  const asked = wholeNumber(params.count) ?? LEVELS_MAX;
  const count = asked >= 1 && asked <= LEVELS_MAX ? asked : LEVELS_MAX;
  const level = Number(params.level ?? "0");
  const texts: string[] = [];
  for (const symbol of symbols) {
    const served = context.book(symbol, LEVELS_MAX);
    if (served === undefined) continue;
    const listing = context.listings.get(served.symbol);
    if (level !== 0 && (listing === undefined || !supportedLevels(listing, served.book).includes(level)))
      continue;
    const grouped = level === 0 ? served.book : groupedBook(served.book, level);
    const cut = { ...grouped, asks: grouped.asks.slice(0, count), bids: grouped.bids.slice(0, count) };
    texts.push(bookText(served.symbol, cut, level));
  }
  return { status: 200, body: `[${texts.join(",")}]` };
}

function supportedLevels(listing: SimListing, book: SimBook): number[] {
  const price = Number(book.bids[0]?.[0] ?? book.asks[0]?.[0] ?? "0");
  const increment = listing.priceIncrementAt(price);
  return [10, 100, 1_000, 10_000].map((factor) => increment * factor).filter((level) => level <= price / 2);
}

/** Levels gathered into steps of `level`: asks up, bids down, so that no order looks better than it is. */
function groupedBook(book: SimBook, level: number): SimBook {
  const gather = (levels: SimBook["asks"], round: (value: number) => number) => {
    const sums = new Map<number, number>();
    for (const [price, qty] of levels) {
      const step = round(Number((Number(price) / level).toFixed(9))) * level;
      sums.set(step, (sums.get(step) ?? 0) + Number(qty));
    }
    return [...sums].map(([price, qty]) => [String(price), qty.toFixed(8)] as const);
  };
  return { ...book, asks: gather(book.asks, Math.ceil), bids: gather(book.bids, Math.floor) };
}

function instrumentsAnswer(context: RouteContext): WireReply {
  const symbols = marketsOf(context);
  if (!Array.isArray(symbols)) return symbols;
  return json(
    symbols.flatMap((symbol) => {
      const listing = context.listings.get(symbol)!;
      const book = context.market.book("upbit", symbol, context.request.nowMs, 1);
      if (book === undefined) return [];
      return {
        market: symbol,
        quote_currency: symbol.split("-")[0],
        tick_size: listing.priceIncrementAt(Number(book.bids[0]?.[0] ?? book.asks[0]?.[0] ?? "0")),
        supported_levels: [0, ...supportedLevels(listing, book)].map(String),
      };
    }),
  );
}

function tickersAnswer(context: RouteContext, years: YearRange): WireReply {
  const symbols = marketsOf(context);
  if (!Array.isArray(symbols)) return symbols;
  return json(symbols.flatMap((symbol) => tickerRow(context, context.listings.get(symbol)!, years) ?? []));
}

function allTickersAnswer(context: RouteContext, years: YearRange): WireReply {
  const currencies = (context.request.params.quote_currencies ?? "KRW").toUpperCase().split(",");
  const listings = [...context.listings.values()].filter(({ symbol }) =>
    currencies.includes(symbol.split("-")[0]!),
  );
  return json(listings.flatMap((listing) => tickerRow(context, listing, years) ?? []));
}

function walletAnswer(context: RouteContext): WireReply {
  return json(walletRows(context, (atMs) => new Date(atMs).toISOString().replace("Z", "+00:00")));
}
