// Candles of any of the venues' intervals from the market's fixed ones (weeks begin on Monday, months and years by the
// calendar, all in UTC; four hours of Korea's day), and the 24 hour figures tickers carry.

import type { SimCandle, SimMarket, SimVenue } from "./types.ts";

export const MINUTE_MS = 60_000;
export const HOUR_MS = 3_600_000;
export const DAY_MS = 86_400_000;

/** A length in ms (aligned to the epoch), four hours counted from midnight in Korea, or a calendar unit. */
export type CandleUnit = number | "kst-4h" | "week" | "month" | "year";

/** Days asked of the market for one answer of calendar candles at most. */
const DAYS_MAX = 3_000;
const DAYS_PER = { week: 7, month: 31, year: 366 } as const;

/** Up to `count` candles that start before `endAtMs`, oldest first. */
export function candlesBefore(
  market: SimMarket,
  venue: SimVenue,
  symbol: string,
  unit: CandleUnit,
  endAtMs: number,
  count: number,
): SimCandle[] {
  if (count <= 0) return [];
  if (typeof unit === "number") return market.candles(venue, symbol, unit, endAtMs - 1, count);
  if (unit === "kst-4h") {
    // One more, since the first may begin before the first hour.
    const hours = market.candles(venue, symbol, HOUR_MS, endAtMs - 1, (count + 1) * 4);
    return gathered(hours, unit).slice(-count);
  }
  const dayCount = Math.min(DAYS_MAX, (count + 1) * DAYS_PER[unit]);
  const days = market.candles(venue, symbol, DAY_MS, endAtMs - 1, dayCount);
  return gathered(days, unit).slice(-count);
}

/** The start of the candle containing an instant. */
export function candleStart(unit: CandleUnit, atMs: number): number {
  if (typeof unit === "number") return Math.floor(atMs / unit) * unit;
  // Midnight in Korea is 15:00 of UTC.
  if (unit === "kst-4h") return Math.floor((atMs - 3 * HOUR_MS) / (4 * HOUR_MS)) * 4 * HOUR_MS + 3 * HOUR_MS;
  const date = new Date(atMs);
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()];
  if (unit === "month") return Date.UTC(year, month, 1);
  if (unit === "year") return Date.UTC(year, 0, 1);
  // The epoch was a Thursday: Monday of that week lies three days before it.
  return Math.floor((atMs + 3 * DAY_MS) / (7 * DAY_MS)) * 7 * DAY_MS - 3 * DAY_MS;
}

/** The start of the candle after the one starting at `startAtMs`. */
export function nextCandleStart(unit: CandleUnit, startAtMs: number): number {
  if (typeof unit === "number") return startAtMs + unit;
  if (unit === "kst-4h") return startAtMs + 4 * HOUR_MS;
  // The longest of its kind later lies inside the next one, whatever the length of this one.
  return candleStart(unit, startAtMs + DAYS_PER[unit] * DAY_MS);
}

function gathered(parts: readonly SimCandle[], unit: CandleUnit): SimCandle[] {
  const candles: SimCandle[] = [];
  for (const part of parts) {
    const startAtMs = candleStart(unit, part.startAtMs);
    const last = candles.at(-1);
    if (last === undefined || last.startAtMs !== startAtMs) {
      candles.push({ ...part, startAtMs });
      continue;
    }
    candles[candles.length - 1] = {
      startAtMs,
      open: last.open,
      high: Math.max(last.high, part.high),
      low: Math.min(last.low, part.low),
      close: part.close,
      volumeCoin: last.volumeCoin + part.volumeCoin,
    };
  }
  return candles;
}

/** Money turned over, taking the middle of the candle's prices as its average. */
export function turnoverOf(candle: SimCandle): number {
  return ((candle.open + candle.high + candle.low + candle.close) / 4) * candle.volumeCoin;
}

export interface DayFigures {
  /** Price 24 hours ago. */
  readonly open: number;
  /** Highest and lowest of the two days those 24 hours lie in: cheaper than exact, and nothing is computed from it. */
  readonly high: number;
  readonly low: number;
  readonly close: number;
  /** Today's, and yesterday's by the share of it that is less than 24 hours ago. */
  readonly volumeCoin: number;
  readonly turnover: number;
  readonly openAtMs: number;
  /** Price one hour ago. */
  readonly hourAgo: number;
}

const FIGURES_AGE_MS_MAX = 60_000;

/** Rolling 24 hour figures per symbol, at most a minute old: an all-symbol ticker must not price every candle anew. */
export class DayFiguresCache {
  private readonly held = new Map<string, { atMs: number; figures: DayFigures | undefined }>();
  private readonly market: SimMarket;

  constructor(market: SimMarket) {
    this.market = market;
  }

  get(venue: SimVenue, symbol: string, nowMs: number): DayFigures | undefined {
    const key = `${venue} ${symbol}`;
    const known = this.held.get(key);
    if (known !== undefined && nowMs - known.atMs < FIGURES_AGE_MS_MAX) return known.figures;
    const figures = dayFigures(this.market, venue, symbol, nowMs);
    this.held.set(key, { atMs: nowMs, figures });
    return figures;
  }
}

/** The 24 hours before `nowMs`; undefined when the market has no candle of the symbol. */
export function dayFigures(
  market: SimMarket,
  venue: SimVenue,
  symbol: string,
  nowMs: number,
): DayFigures | undefined {
  const days = market.candles(venue, symbol, DAY_MS, nowMs, 2);
  const today = days.at(-1);
  if (today === undefined) return undefined;
  const yesterday = days.length > 1 ? days[0]! : { ...today, volumeCoin: 0 };
  const share = 1 - (nowMs - today.startAtMs) / DAY_MS;
  const priceAt = (atMs: number) => market.candles(venue, symbol, MINUTE_MS, atMs, 1).at(-1)?.close;
  return {
    open: priceAt(nowMs - DAY_MS) ?? yesterday.open,
    high: Math.max(today.high, yesterday.high),
    low: Math.min(today.low, yesterday.low),
    close: today.close,
    volumeCoin: today.volumeCoin + share * yesterday.volumeCoin,
    turnover: turnoverOf(today) + share * turnoverOf(yesterday),
    openAtMs: nowMs - DAY_MS,
    hourAgo: priceAt(nowMs - HOUR_MS) ?? today.open,
  };
}
