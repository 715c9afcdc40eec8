// Binance's public market data of USD-M perpetuals and what each request weighs. Candles and funding come oldest
// first; a depth limit outside the list is refused, not rounded.

import { exchangeInfoAnswer } from "./binance-exchange-info.ts";
import { binanceError, mandatory } from "./binance-reply.ts";
import { levelsText, stepText } from "./decimals.ts";
import type { SimListing } from "./types.ts";
import { json, type Route, type RouteContext, type WireReply, wholeNumber } from "./wire.ts";
import {
  type CandleUnit,
  candleStart,
  candlesBefore,
  DAY_MS,
  DayFiguresCache,
  HOUR_MS,
  MINUTE_MS,
  nextCandleStart,
  turnoverOf,
} from "./wire-candles.ts";

const DEPTH_WEIGHTS: Readonly<Record<number, number>> = {
  5: 2,
  10: 2,
  20: 2,
  50: 2,
  100: 5,
  500: 10,
  1000: 20,
};
const DEPTH_DEFAULT = 500;
const FUNDING_DEFAULT_INTERVAL_MS = 8 * HOUR_MS;

type Params = Readonly<Record<string, string>>;

export function binanceMarketRoutes(): ReadonlyMap<string, Route> {
  const figures: { cache?: DayFiguresCache } = {};
  const oneOrAll = (one: number, all: number) => (params: Params) => (params.symbol ? one : all);
  const routes: [string, Route][] = [
    ["ping", { group: "weight", answer: () => json({}) }],
    ["time", { group: "weight", answer: ({ request }) => json({ serverTime: request.clockMs }) }],
    ["exchangeInfo", { group: "weight", answer: exchangeInfoAnswer }],
    ["depth", { group: "weight", cost: depthWeight, books: true, answer: depthAnswer }],
    ["ticker/bookTicker", { group: "weight", cost: oneOrAll(2, 5), answer: bookTickerAnswer }],
    [
      "ticker/24hr",
      { group: "weight", cost: oneOrAll(1, 40), answer: (context) => dayTickerAnswer(context, figures) },
    ],
    ["klines", { group: "weight", cost: candleWeight, answer: candlesAnswer }],
    ["premiumIndex", { group: "weight", cost: oneOrAll(1, 10), answer: premiumAnswer }],
    ["fundingRate", { group: "funding-list", answer: fundingAnswer }],
    ["fundingInfo", { group: "funding-list", answer: fundingInfoAnswer }],
  ];
  return new Map(routes.map(([path, route]) => [`GET /fapi/v1/${path}`, route]));
}

/** A limit that will be refused still weighs the least. */
function depthWeight(params: Params): number {
  return DEPTH_WEIGHTS[wholeNumber(params.limit) ?? DEPTH_DEFAULT] ?? 2;
}

function candleWeight(params: Params): number {
  const limit = wholeNumber(params.limit) ?? 500;
  if (limit < 100) return 1;
  if (limit < 500) return 2;
  return limit <= 1_000 ? 5 : 10;
}

/** The listing a request names. */
function listingOf(context: RouteContext): SimListing | WireReply {
  const { symbol } = context.request.params;
  if (symbol === undefined || symbol === "") return mandatory("symbol");
  return context.listings.get(symbol) ?? binanceError(400, -1121, "Invalid symbol.");
}

function isReply(value: object): value is WireReply {
  return "body" in value;
}

/** One object for a symbol, an array for all. */
function oneOrMany(context: RouteContext, row: (listing: SimListing) => object | undefined): WireReply {
  if (!context.request.params.symbol)
    return json([...context.listings.values()].flatMap((each) => row(each) ?? []));
  const listing = listingOf(context);
  return isReply(listing) ? listing : json(row(listing) ?? {});
}

function depthAnswer(context: RouteContext): WireReply {
  const limit = wholeNumber(context.request.params.limit) ?? DEPTH_DEFAULT;
  const listing = listingOf(context);
  if (isReply(listing)) return listing;
  if (DEPTH_WEIGHTS[limit] === undefined)
    return binanceError(400, -4021, `Depth limit '${limit}' is not valid.`);
  const served = context.book(listing.symbol, limit);
  if (served === undefined) return binanceError(400, -1121, "Invalid symbol.");
  const { book } = served;
  // E (the message) and T (the engine) carry the book's own time: it is sent on at once.
  const times = `"E":${book.atMs},"T":${book.atMs}`;
  const sides = `"bids":${levelsText(book.bids)},"asks":${levelsText(book.asks)}`;
  return { status: 200, body: `{"lastUpdateId":${book.sequence},${times},${sides}}` };
}

function bookTickerAnswer(context: RouteContext): WireReply {
  const { nowMs } = context.request;
  return oneOrMany(context, ({ symbol }) => {
    const book = context.market.book("binance", symbol, nowMs, 1);
    if (book === undefined) return undefined;
    const [ask, bid] = [book.asks[0] ?? ["0", "0"], book.bids[0] ?? ["0", "0"]];
    return {
      lastUpdateId: book.sequence,
      symbol,
      bidPrice: bid[0],
      bidQty: bid[1],
      askPrice: ask[0],
      askQty: ask[1],
      time: book.atMs,
    };
  });
}

const INTERVALS: Readonly<Record<string, CandleUnit>> = {
  ...Object.fromEntries([1, 3, 5, 15, 30].map((unit) => [`${unit}m`, unit * MINUTE_MS])),
  ...Object.fromEntries([1, 2, 4, 6, 8, 12].map((unit) => [`${unit}h`, unit * HOUR_MS])),
  "1d": DAY_MS,
  "3d": 3 * DAY_MS,
  "1w": "week",
  "1M": "month",
};

function candlesAnswer(context: RouteContext): WireReply {
  const { params, nowMs } = context.request;
  const listing = listingOf(context);
  if (isReply(listing)) return listing;
  if (!params.interval) return mandatory("interval");
  const unit = Object.hasOwn(INTERVALS, params.interval) ? INTERVALS[params.interval] : undefined;
  if (unit === undefined) return binanceError(400, -1120, "Invalid interval.");
  const limit = wholeNumber(params.limit) ?? 500;
  const startMs = wholeNumber(params.startTime);
  const endMs = Math.min(wholeNumber(params.endTime) ?? nowMs, nowMs);
  if (!(limit >= 1 && limit <= 1_500) || Number.isNaN(startMs) || Number.isNaN(endMs)) {
    return binanceError(400, -1130, "Data sent for parameter 'limit' is not valid.");
  }
  // With a start the oldest `limit` candles from there are wanted, not the newest before the end.
  let lastMs = endMs;
  if (startMs !== undefined) {
    let afterMs = candleStart(unit, startMs);
    if (afterMs < startMs) afterMs = nextCandleStart(unit, afterMs);
    for (let index = 0; index < limit; index++) afterMs = nextCandleStart(unit, afterMs);
    lastMs = Math.min(endMs, afterMs - 1);
  }
  const { symbol } = listing;
  const price = (value: number) => stepText(value, listing.priceIncrementAt(value));
  const rows = candlesBefore(context.market, "binance", symbol, unit, lastMs + 1, limit)
    .filter((candle) => candle.startAtMs >= (startMs ?? 0))
    .map((candle) => [
      candle.startAtMs,
      price(candle.open),
      price(candle.high),
      price(candle.low),
      price(candle.close),
      stepText(candle.volumeCoin, listing.qtyStep),
      nextCandleStart(unit, candle.startAtMs) - 1,
      turnoverOf(candle).toFixed(5),
      Math.ceil(turnoverOf(candle) / 2_500),
      stepText(candle.volumeCoin / 2, listing.qtyStep),
      (turnoverOf(candle) / 2).toFixed(5),
      "0",
    ]);
  return json(rows);
}

function premiumAnswer(context: RouteContext): WireReply {
  const { nowMs } = context.request;
  return oneOrMany(context, ({ symbol }) => {
    const funding = context.market.funding("binance", symbol, nowMs);
    if (funding === undefined) return undefined;
    return {
      symbol,
      markPrice: funding.markPrice.toFixed(8),
      indexPrice: funding.indexPrice.toFixed(8),
      estimatedSettlePrice: funding.indexPrice.toFixed(8),
      lastFundingRate: funding.rate.toFixed(8),
      nextFundingTime: funding.nextAtMs,
      interestRate: "0.00010000",
      time: nowMs,
    };
  });
}

function fundingAnswer(context: RouteContext): WireReply {
  const { params, nowMs } = context.request;
  const limit = wholeNumber(params.limit) ?? 100;
  const startMs = wholeNumber(params.startTime);
  const endMs = Math.min(wholeNumber(params.endTime) ?? nowMs, nowMs);
  if (!(limit >= 1 && limit <= 1_000) || Number.isNaN(startMs) || Number.isNaN(endMs)) {
    return binanceError(400, -1130, "Data sent for parameter 'limit' is not valid.");
  }
  if (params.symbol !== undefined) {
    const listing = listingOf(context);
    if (isReply(listing)) return listing;
    return json(settlements(context, listing.symbol, startMs, endMs, limit));
  }
  const latest = [...context.listings.keys()].flatMap((symbol) =>
    settlements(context, symbol, startMs, endMs, 1),
  );
  return json(latest.slice(0, limit));
}

/** Oldest first: the first `limit` from a start, the last `limit` without one. */
function settlements(
  context: RouteContext,
  symbol: string,
  startMs: number | undefined,
  endMs: number,
  limit: number,
): object[] {
  const { market } = context;
  const now = market.funding("binance", symbol, endMs);
  if (now === undefined) return [];
  const lastAtMs = now.nextAtMs - now.intervalMs;
  let fromMs = lastAtMs - (limit - 1) * now.intervalMs;
  if (startMs !== undefined)
    fromMs = lastAtMs - Math.floor((lastAtMs - startMs) / now.intervalMs) * now.intervalMs;
  const rows: object[] = [];
  for (let atMs = fromMs; atMs <= lastAtMs && rows.length < limit; atMs += now.intervalMs) {
    // What was announced just before a settlement is what was settled.
    const settled = market.funding("binance", symbol, atMs - 1);
    if (settled === undefined) continue;
    const fundingRate = settled.rate.toFixed(8);
    rows.push({ symbol, fundingTime: atMs, fundingRate, markPrice: settled.markPrice.toFixed(8) });
  }
  return rows;
}

/** Only symbols whose interval differs from the usual. */
function fundingInfoAnswer(context: RouteContext): WireReply {
  const { nowMs } = context.request;
  return json(
    [...context.listings.keys()].flatMap((symbol) => {
      const funding = context.market.funding("binance", symbol, nowMs);
      if (funding === undefined || funding.intervalMs === FUNDING_DEFAULT_INTERVAL_MS) return [];
      return {
        symbol,
        adjustedFundingRateCap: "0.02000000",
        adjustedFundingRateFloor: "-0.02000000",
        fundingIntervalHours: funding.intervalMs / HOUR_MS,
        disclaimer: false,
        updateTime: 1_700_000_000_000,
      };
    }),
  );
}

function dayTickerAnswer(context: RouteContext, holder: { cache?: DayFiguresCache }): WireReply {
  const { nowMs } = context.request;
  holder.cache ??= new DayFiguresCache(context.market);
  const cache = holder.cache;
  return oneOrMany(context, (listing) => {
    const day = cache.get("binance", listing.symbol, nowMs);
    if (day === undefined) return undefined;
    const price = (value: number) => stepText(value, listing.priceIncrementAt(value));
    const tradeCount = Math.ceil(day.turnover / 2_500);
    return {
      symbol: listing.symbol,
      priceChange: price(day.close - day.open),
      priceChangePercent: ((day.close / day.open - 1) * 100).toFixed(3),
      weightedAvgPrice: price(day.volumeCoin > 0 ? day.turnover / day.volumeCoin : day.close),
      lastPrice: price(day.close),
      lastQty: stepText(listing.qtyMin, listing.qtyStep),
      openPrice: price(day.open),
      highPrice: price(day.high),
      lowPrice: price(day.low),
      volume: stepText(day.volumeCoin, listing.qtyStep),
      quoteVolume: day.turnover.toFixed(2),
      openTime: day.openAtMs,
      closeTime: nowMs,
      firstId: 1,
      lastId: tradeCount,
      count: tradeCount,
    };
  });
}
