// What Upbit and Bithumb print alike (Bithumb's API is modelled on Upbit's): paired order book units, candle rows,
// ticker rows, wallet rows. Prices and sizes on these quotation answers are JSON numbers, times come in UTC and KST.

import { plainText, rounded, stepNumber } from "./decimals.ts";
import type { SimBook, SimCandle, SimListing, SimMarket } from "./types.ts";
import { json, type RouteContext, type WireReply, wholeNumber } from "./wire.ts";
import {
  type CandleUnit,
  candlesBefore,
  DAY_MS,
  dayFigures,
  HOUR_MS,
  MINUTE_MS,
  turnoverOf,
} from "./wire-candles.ts";

export const KST_OFFSET_MS = 9 * HOUR_MS;
const QTY_DECIMALS = 8;

/** Quotation errors carry the HTTP status as an integer name, exchange errors a word. */
export function domesticError(status: number, name: string | number, message: string): WireReply {
  return json({ error: { name, message } }, status);
}

export function codeNotFound(): WireReply {
  return domesticError(404, 404, "Code not found");
}

export function missingParameter(): WireReply {
  return domesticError(400, 400, "Missing request parameter error. Check the required parameters!");
}

/**
 * One book as text. Unit i is the i-th best ask beside the i-th best bid; where one side ends before the other its
 * price and size are 0.
 */
export function bookText(symbol: string, book: SimBook, level: number | undefined): string {
  const { asks, bids } = book;
  const unitCount = Math.max(asks.length, bids.length);
  let units = "";
  let askTotal = 0;
  let bidTotal = 0;
  for (let index = 0; index < unitCount; index++) {
    const [askPrice, askQty] = asks[index] ?? ["0", "0"];
    const [bidPrice, bidQty] = bids[index] ?? ["0", "0"];
    askTotal += +askQty;
    bidTotal += +bidQty;
    if (index > 0) units += ",";
    units += `{"ask_price":${askPrice},"bid_price":${bidPrice},"ask_size":${askQty},"bid_size":${bidQty}}`;
  }
  const totals = `"total_ask_size":${plainText(askTotal, QTY_DECIMALS)},"total_bid_size":${plainText(bidTotal, QTY_DECIMALS)}`;
  const tail = level === undefined ? "" : `,"level":${level}`;
  return `{"market":"${symbol}","timestamp":${book.atMs},${totals},"orderbook_units":[${units}]${tail}}`;
}

/** Symbols of a `markets` parameter, or the refusal the venue gives. */
export function marketsOf(context: RouteContext): string[] | WireReply {
  const text = context.request.params.markets;
  if (text === undefined || text === "") return missingParameter();
  const symbols = text.split(",").map((symbol) => symbol.trim().toUpperCase());
  return symbols.every((symbol) => context.listings.has(symbol)) ? symbols : codeNotFound();
}

const MINUTE_UNITS = [1, 3, 5, 10, 15, 30, 60];
const CANDLE_COUNT_MAX = 200;

/** The `/v1/candles/...` paths of a venue and the unit of each. */
export function candlePaths(venue: "upbit" | "bithumb"): [path: string, unit: CandleUnit][] {
  const paths: [string, CandleUnit][] = MINUTE_UNITS.map((unit) => [`minutes/${unit}`, unit * MINUTE_MS]);
  paths.push(["minutes/240", venue === "bithumb" ? "kst-4h" : 4 * HOUR_MS]);
  paths.push(["days", DAY_MS], ["weeks", "week"], ["months", "month"]);
  if (venue === "upbit") paths.push(["seconds", 1_000], ["years", "year"]);
  return paths.map(([name, unit]) => [`/v1/candles/${name}`, unit]);
}

/**
 * Newest first. `to` is exclusive; without a zone it is read at `zoneOffsetMs`. A span without trades has no candle.
 */
export function candlesAnswer(context: RouteContext, unit: CandleUnit, zoneOffsetMs: number): WireReply {
  const { params, nowMs } = context.request;
  const symbol = params.market?.toUpperCase();
  if (symbol === undefined || symbol === "") return missingParameter();
  const listing = context.listings.get(symbol);
  if (listing === undefined) return codeNotFound();
  const asked = wholeNumber(params.count) ?? 1;
  if (Number.isNaN(asked) || asked < 1)
    return domesticError(400, 400, "Invalid parameter. Check the given value!");
  const toMs = params.to === undefined ? nowMs + 1 : instantOf(params.to, zoneOffsetMs);
  if (Number.isNaN(toMs)) return domesticError(400, 400, "Invalid parameter. Check the given value!");
  const count = Math.min(asked, CANDLE_COUNT_MAX);
  const candles = candlesBefore(context.market, listing.venue, symbol, unit, Math.min(toMs, nowMs + 1), count)
    .filter((candle) => candle.volumeCoin > 0)
    .map((candle) => candleRow(listing, candle, unit, nowMs));
  return json(candles.reverse());
}

function candleRow(listing: SimListing, candle: SimCandle, unit: CandleUnit, nowMs: number): object {
  const price = (value: number) => stepNumber(value, listing.priceIncrementAt(value));
  const lengthMs = typeof unit === "number" ? unit : unit === "kst-4h" ? 4 * HOUR_MS : DAY_MS;
  const row = {
    market: listing.symbol,
    candle_date_time_utc: isoSeconds(candle.startAtMs),
    candle_date_time_kst: isoSeconds(candle.startAtMs + KST_OFFSET_MS),
    opening_price: price(candle.open),
    high_price: price(candle.high),
    low_price: price(candle.low),
    trade_price: price(candle.close),
    timestamp: Math.min(nowMs, candle.startAtMs + lengthMs - 1),
    candle_acc_trade_price: rounded(turnoverOf(candle), 5),
    candle_acc_trade_volume: rounded(candle.volumeCoin, QTY_DECIMALS),
  };
  if (unit === DAY_MS) {
    // The close before a day's open is taken to be that open: the market has no gaps.
    const change = price(candle.close) - price(candle.open);
    return {
      ...row,
      prev_closing_price: row.opening_price,
      change_price: rounded(change, QTY_DECIMALS),
      change_rate: rounded(change / row.opening_price, 10),
    };
  }
  if (lengthMs < MINUTE_MS) return row;
  if (lengthMs < DAY_MS) return { ...row, unit: lengthMs / MINUTE_MS };
  return { ...row, first_day_of_period: isoSeconds(candle.startAtMs).slice(0, 10) };
}

/** ISO 8601, with or without zone, "T" or a space between; NaN when it is neither. */
export function instantOf(text: string, zoneOffsetMs: number): number {
  const zoned = /(?:Z|[+-]\d{2}:?\d{2})$/i.test(text);
  const atMs = Date.parse(text.trim().replace(" ", "T") + (zoned ? "" : "Z"));
  return zoned ? atMs : atMs - zoneOffsetMs;
}

function isoSeconds(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 19);
}

const YEAR_FIGURES_AGE_MS_MAX = HOUR_MS;

/** Highest and lowest price of a year per symbol, looked at once a week of it and kept for an hour. */
export class YearRange {
  private readonly held = new Map<string, { atMs: number; row: object }>();

  /** The four `*_52_week_*` members of a ticker. */
  row(market: SimMarket, listing: SimListing, nowMs: number): object {
    const known = this.held.get(listing.symbol);
    if (known !== undefined && nowMs - known.atMs < YEAR_FIGURES_AGE_MS_MAX) return known.row;
    const weeks = Array.from({ length: 52 }, (_, index) => nowMs - index * 7 * DAY_MS);
    const samples = weeks.flatMap((atMs) =>
      market.candles(listing.venue, listing.symbol, MINUTE_MS, atMs, 1),
    );
    let [high, low] = [samples[0], samples[0]];
    for (const sample of samples) {
      if (sample.high > (high?.high ?? 0)) high = sample;
      if (sample.low < (low?.low ?? Number.POSITIVE_INFINITY)) low = sample;
    }
    const price = (value: number) => stepNumber(value, listing.priceIncrementAt(value));
    const dateKst = (atMs: number) => isoSeconds(atMs + KST_OFFSET_MS).slice(0, 10);
    const row = {
      highest_52_week_price: price(high?.high ?? 0),
      highest_52_week_date: dateKst(high?.startAtMs ?? nowMs),
      lowest_52_week_price: price(low?.low ?? 0),
      lowest_52_week_date: dateKst(low?.startAtMs ?? nowMs),
    };
    this.held.set(listing.symbol, { atMs: nowMs, row });
    return row;
  }
}

/** One ticker; undefined when the market has no candle for it. */
export function tickerRow(context: RouteContext, listing: SimListing, years: YearRange): object | undefined {
  const { market, request } = context;
  const { nowMs } = request;
  const { venue, symbol } = listing;
  const day = market.candles(venue, symbol, DAY_MS, nowMs, 1).at(-1);
  const rolling = dayFigures(market, venue, symbol, nowMs);
  if (day === undefined || rolling === undefined) return undefined;
  const minute = market.candles(venue, symbol, MINUTE_MS, nowMs, 1).at(-1);
  const price = (value: number) => stepNumber(value, listing.priceIncrementAt(value));
  const opening = price(day.open);
  const trade = price(minute?.close ?? day.close);
  const change = trade - opening;
  const [utc, kst] = [isoSeconds(nowMs), isoSeconds(nowMs + KST_OFFSET_MS)];
  const digits = (text: string) => text.replace(/\D/g, "");
  return {
    market: symbol,
    trade_date: digits(utc.slice(0, 10)),
    trade_time: digits(utc.slice(11)),
    trade_date_kst: digits(kst.slice(0, 10)),
    trade_time_kst: digits(kst.slice(11)),
    trade_timestamp: nowMs,
    opening_price: opening,
    high_price: Math.max(price(day.high), trade),
    low_price: Math.min(price(day.low), trade),
    trade_price: trade,
    prev_closing_price: opening,
    change: change > 0 ? "RISE" : change < 0 ? "FALL" : "EVEN",
    change_price: rounded(Math.abs(change), QTY_DECIMALS),
    change_rate: rounded(Math.abs(change / opening), 10),
    signed_change_price: rounded(change, QTY_DECIMALS),
    signed_change_rate: rounded(change / opening, 10),
    trade_volume: rounded((minute?.volumeCoin ?? 0) / 100, QTY_DECIMALS),
    acc_trade_price: rounded(turnoverOf(day), 5),
    acc_trade_price_24h: rounded(rolling.turnover, 5),
    acc_trade_volume: rounded(day.volumeCoin, QTY_DECIMALS),
    acc_trade_volume_24h: rounded(rolling.volumeCoin, QTY_DECIMALS),
    ...years.row(market, listing, nowMs),
    timestamp: nowMs,
  };
}

/** `/v1/status/wallet`: one row per coin and network, as of a few minutes ago. */
export function walletRows(context: RouteContext, printInstant: (atMs: number) => string): object[] {
  const minutesAgo = 2;
  const updatedAtMs = context.request.nowMs - minutesAgo * MINUTE_MS;
  return [...context.listings.values()].map(({ base, wallet }) => ({
    currency: base,
    wallet_state: walletState(wallet.deposit, wallet.withdraw),
    block_state: "normal",
    block_height: Math.floor(updatedAtMs / 12_000),
    block_updated_at: printInstant(updatedAtMs),
    block_elapsed_minutes: minutesAgo,
    net_type: wallet.network,
    network_name: wallet.network,
  }));
}

function walletState(deposit: boolean, withdraw: boolean): string {
  if (deposit) return withdraw ? "working" : "deposit_only";
  return withdraw ? "withdraw_only" : "paused";
}
