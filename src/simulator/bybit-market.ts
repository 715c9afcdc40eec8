// Bybit's public market data of linear perpetuals. Numbers are strings but for a few counts; lists come newest first;
// books are written as text, since they are what is asked for most.

import { instrumentsAnswer } from "./bybit-instruments.ts";
import { CATEGORIES, envelope, isReply, listingOf, parameterError } from "./bybit-reply.ts";
import { levelsText, plainText, stepText } from "./decimals.ts";
import type { SimCandle, SimListing } from "./types.ts";
import { type Route, type RouteContext, type WireReply, wholeNumber } from "./wire.ts";
import { type CandleUnit, candlesBefore, DayFiguresCache, MINUTE_MS, turnoverOf } from "./wire-candles.ts";

export function bybitMarketRoutes(): [string, Route][] {
  const figures: FiguresHolder = {};
  const routes: [string, Route][] = [
    ["/v5/market/time", { group: "http", answer: timeAnswer }],
    ["/v5/market/instruments-info", { group: "http", answer: instrumentsAnswer }],
    ["/v5/market/orderbook", { group: "http", books: true, answer: bookAnswer }],
    ["/v5/market/tickers", { group: "http", answer: (context) => tickersAnswer(context, figures) }],
    ["/v5/market/kline", { group: "http", answer: candlesAnswer }],
    ["/v5/market/funding/history", { group: "http", answer: fundingAnswer }],
    ["/v5/system/status", { group: "http", answer: statusAnswer }],
  ];
  return routes.map(([path, route]) => [`GET ${path}`, route]);
}

interface FiguresHolder {
  cache?: DayFiguresCache;
}

function timeAnswer({ request }: RouteContext): WireReply {
  const { clockMs } = request;
  return envelope(clockMs, {
    timeSecond: String(Math.floor(clockMs / 1_000)),
    timeNano: `${clockMs}000000`,
  });
}

function statusAnswer({ request }: RouteContext): WireReply {
  const day = 86_400_000;
  const begin = Math.floor(request.nowMs / day) * day - 30 * day;
  const done = {
    id: "5f0f1c2a-0000-4000-8000-000000000001",
    title: "Scheduled maintenance",
    state: "completed",
    begin: String(begin),
    end: String(begin + 600_000),
    href: "",
    serviceTypes: [2, 3, 4, 5],
    product: [1, 2],
    uidSuffix: [],
    maintainType: 1,
    env: 1,
  };
  return envelope(request.nowMs, { list: [done] }, 0, "");
}

function bookAnswer(context: RouteContext): WireReply {
  const { params, nowMs } = context.request;
  const listing = listingOf(context);
  if (isReply(listing)) return listing;
  const limit = wholeNumber(params.limit) ?? 25;
  if (!(limit >= 1 && limit <= 1_000)) return parameterError(context, "Limit Invalid");
  const served = context.book(listing.symbol, limit);
  if (served === undefined) return parameterError(context, "Symbol Invalid");
  const { symbol, book } = served;
  // The engine's time (cts) is the book's; a book is sent on at once.
  const times = `"ts":${book.atMs},"u":${book.sequence},"seq":${book.sequence * 16 + 7},"cts":${book.atMs}`;
  const result = `{"s":"${symbol}","b":${levelsText(book.bids)},"a":${levelsText(book.asks)},${times}}`;
  const body = `{"retCode":0,"retMsg":"OK","result":${result},"retExtInfo":{},"time":${nowMs}}`;
  return { status: 200, body };
}

function tickersAnswer(context: RouteContext, holder: FiguresHolder): WireReply {
  const { params, nowMs } = context.request;
  const { category } = params;
  if (category === undefined || !CATEGORIES.includes(category))
    return parameterError(context, "Category Invalid");
  let listings = category === "linear" ? [...context.listings.values()] : [];
  if (params.symbol) {
    const listing = listingOf(context);
    if (isReply(listing)) return listing;
    listings = [listing];
  }
  holder.cache ??= new DayFiguresCache(context.market);
  const cache = holder.cache;
  return envelope(nowMs, {
    category,
    list: listings.flatMap((listing) => tickerRow(context, listing, cache) ?? []),
  });
}

function tickerRow(context: RouteContext, listing: SimListing, cache: DayFiguresCache): object | undefined {
  const { market, request } = context;
  const { symbol } = listing;
  const funding = market.funding("bybit", symbol, request.nowMs);
  const book = market.book("bybit", symbol, request.nowMs, 1);
  const day = cache.get("bybit", symbol, request.nowMs);
  if (funding === undefined || book === undefined || day === undefined) return undefined;
  const price = (value: number) => stepText(value, listing.priceIncrementAt(value));
  const qty = (value: number) => stepText(value, listing.qtyStep);
  const [ask, bid] = [book.asks[0], book.bids[0]];
  const last = bid?.[0] ?? ask?.[0] ?? price(day.close);
  const openInterest = day.volumeCoin / 4;
  return {
    symbol,
    lastPrice: last,
    indexPrice: price(funding.indexPrice),
    markPrice: price(funding.markPrice),
    prevPrice24h: price(day.open),
    price24hPcnt: plainText(Number(last) / day.open - 1, 6),
    highPrice24h: price(Math.max(day.high, Number(last))),
    lowPrice24h: price(Math.min(day.low, Number(last))),
    prevPrice1h: price(day.hourAgo),
    openInterest: qty(openInterest),
    openInterestValue: (openInterest * funding.markPrice).toFixed(2),
    turnover24h: day.turnover.toFixed(4),
    volume24h: qty(day.volumeCoin),
    fundingRate: plainText(funding.rate, 8),
    nextFundingTime: String(funding.nextAtMs),
    predictedDeliveryPrice: "",
    basisRate: "",
    deliveryFeeRate: "",
    deliveryTime: String(listing.delistAtMs ?? 0),
    ask1Size: ask?.[1] ?? "",
    bid1Price: bid?.[0] ?? "",
    ask1Price: ask?.[0] ?? "",
    bid1Size: bid?.[1] ?? "",
    basis: "",
    preOpenPrice: "",
    preQty: "",
    curPreListingPhase: "",
    fundingIntervalHour: String(funding.intervalMs / (60 * MINUTE_MS)),
    basisRateYear: "",
    fundingCap: "0.00375",
  };
}

const INTERVALS: Readonly<Record<string, CandleUnit>> = {
  ...Object.fromEntries([1, 3, 5, 15, 30, 60, 120, 240, 360, 720].map((unit) => [unit, unit * MINUTE_MS])),
  D: 1_440 * MINUTE_MS,
  W: "week",
  M: "month",
};

function candlesAnswer(context: RouteContext): WireReply {
  const { params, nowMs } = context.request;
  const listing = listingOf(context);
  if (isReply(listing)) return listing;
  const unit = Object.hasOwn(INTERVALS, params.interval ?? "") ? INTERVALS[params.interval!] : undefined;
  if (unit === undefined) return parameterError(context, "Interval Invalid");
  const limit = wholeNumber(params.limit) ?? 200;
  const startMs = wholeNumber(params.start) ?? 0;
  const endMs = Math.min(wholeNumber(params.end) ?? nowMs, nowMs);
  if (!(limit >= 1 && limit <= 1_000 && startMs >= 0 && endMs >= 0))
    return parameterError(context, "Range Invalid");
  const candles = candlesBefore(context.market, "bybit", listing.symbol, unit, endMs + 1, limit);
  const list = candles
    .filter((candle) => candle.startAtMs >= startMs)
    .map((candle) => candleRow(listing, candle))
    .reverse();
  return envelope(nowMs, { category: "linear", symbol: listing.symbol, list });
}

function candleRow(listing: SimListing, candle: SimCandle): string[] {
  const price = (value: number) => stepText(value, listing.priceIncrementAt(value));
  return [
    String(candle.startAtMs),
    price(candle.open),
    price(candle.high),
    price(candle.low),
    price(candle.close),
    stepText(candle.volumeCoin, listing.qtyStep),
    plainText(turnoverOf(candle), 4),
  ];
}

function fundingAnswer(context: RouteContext): WireReply {
  const { params, nowMs } = context.request;
  const listing = listingOf(context);
  if (isReply(listing)) return listing;
  const limit = wholeNumber(params.limit) ?? 200;
  const startMs = wholeNumber(params.startTime);
  const endMs = wholeNumber(params.endTime);
  if (startMs !== undefined && endMs === undefined) return parameterError(context, "startTime needs endTime");
  if (!(limit >= 1 && limit <= 200) || Number.isNaN(startMs) || Number.isNaN(endMs)) {
    return parameterError(context, "Range Invalid");
  }
  const list: object[] = [];
  let funding = context.market.funding("bybit", listing.symbol, Math.min(endMs ?? nowMs, nowMs));
  let settledAtMs = funding === undefined ? 0 : funding.nextAtMs - funding.intervalMs;
  while (funding !== undefined && list.length < limit && settledAtMs >= (startMs ?? 0)) {
    // What was announced just before a settlement is what was settled.
    funding = context.market.funding("bybit", listing.symbol, settledAtMs - 1);
    if (funding === undefined) break;
    const fundingRateTimestamp = String(settledAtMs);
    list.push({ symbol: listing.symbol, fundingRate: plainText(funding.rate, 8), fundingRateTimestamp });
    settledAtMs -= funding.intervalMs;
  }
  return envelope(nowMs, { category: "linear", list });
}
