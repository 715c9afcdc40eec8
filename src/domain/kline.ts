// A chart of a coin's price at home over its price abroad, KRW per USDT, in Karbit's form (contract 4.2). For eyes only:
// the ratios are floats of eight significant digits, and the high of two highs is no true high.

import type { Candle } from "./instrument.ts";

/** Lengths in ms. Candles begin at multiples of it in UTC, or at some venues (4h at Bithumb) some hours beside. */
export const CANDLE_INTERVALS = {
  "1m": 60_000,
  "5m": 300_000,
  "15m": 900_000,
  "30m": 1_800_000,
  "1h": 3_600_000,
  "4h": 14_400_000,
  "1d": 86_400_000,
} as const;
export type CandleInterval = keyof typeof CANDLE_INTERVALS;

const SIGNIFICANT_DIGITS = 8;

/** A venue's candles of one symbol, oldest first; `multiplier` coins are one unit of its prices and quantities. */
export interface CandleSeries {
  readonly candles: readonly Candle[];
  readonly multiplier: number;
}

export interface TimedValue {
  /** Whole seconds of UTC. */
  readonly time: number;
  readonly value: number;
}

export interface RatioCandle {
  readonly time: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
}

export interface Kline {
  /** Only for times both venues have a candle of. */
  readonly candleData: readonly RatioCandle[];
  /** Coins traded on both, at the same times. */
  readonly volumeData: readonly TimedValue[];
  /** Coins traded at home and abroad; absent where there is no candle. */
  readonly ex1VolumeData?: readonly TimedValue[];
  readonly ex2VolumeData?: readonly TimedValue[];
  /** KRW per USDT at home; absent where there is no candle. */
  readonly usdtCandleData?: readonly TimedValue[];
}

interface Bar extends RatioCandle {
  readonly volume: number;
}

/** Where candles of one length begin. */
export interface CandleGrid {
  readonly lengthMs: number;
  /** After multiples of the length, in UTC. */
  readonly offsetMs: number;
  /** The first start that can be made whole. */
  readonly fromMs: number;
  /** Only starts before it; undefined: all. */
  readonly beforeMs: number | undefined;
}

/**
 * A series that could not be had is undefined, and the chart has that much less. `overseasGrid`: the overseas candles
 * are shorter ones, to be put together on it.
 */
export function klineOf(series: {
  readonly domestic: CandleSeries | undefined;
  readonly overseas: CandleSeries | undefined;
  readonly usdt: CandleSeries | undefined;
  readonly overseasGrid?: CandleGrid;
}): Kline {
  const { overseasGrid: grid } = series;
  const [home, shown, usdt] = [barsOf(series.domestic), barsOf(series.overseas), barsOf(series.usdt)];
  const abroad = grid ? regrouped(shown, grid) : shown;
  const abroadAt = new Map(abroad.map((bar) => [bar.time, bar]));
  const both = home.flatMap((bar) => {
    const other = abroadAt.get(bar.time);
    return other ? [{ bar, other }] : [];
  });
  const volumes = (bars: readonly Bar[]) => bars.map(({ time, volume }) => ({ time, value: volume }));
  return {
    candleData: both.map(({ bar, other }) => ({
      time: bar.time,
      open: rounded(bar.open / other.open),
      high: rounded(bar.high / other.high),
      low: rounded(bar.low / other.low),
      close: rounded(bar.close / other.close),
    })),
    volumeData: both.map(({ bar, other }) => ({
      time: bar.time,
      value: rounded(bar.volume + other.volume),
    })),
    ...(home.length > 0 && { ex1VolumeData: volumes(home) }),
    ...(abroad.length > 0 && { ex2VolumeData: volumes(abroad) }),
    ...(usdt.length > 0 && { usdtCandleData: usdt.map(({ time, close }) => ({ time, value: close })) }),
  };
}

/** The start of the candle that holds an instant. */
export function candleStartMs(
  atMs: number,
  { lengthMs, offsetMs }: Pick<CandleGrid, "lengthMs" | "offsetMs">,
) {
  return Math.floor((atMs - offsetMs) / lengthMs) * lengthMs + offsetMs;
}

/** Candles of the grid out of shorter ones, oldest first, that lie in one of it each. */
function regrouped(bars: readonly Bar[], grid: CandleGrid): readonly Bar[] {
  const { fromMs, beforeMs = Number.POSITIVE_INFINITY } = grid;
  const groups = new Map<number, Bar>();
  for (const bar of bars) {
    const startMs = candleStartMs(bar.time * 1_000, grid);
    if (startMs < fromMs || startMs >= beforeMs) continue;
    const time = startMs / 1_000;
    const group = groups.get(time);
    groups.set(
      time,
      group
        ? {
            ...{ time, open: group.open, close: bar.close, volume: rounded(group.volume + bar.volume) },
            ...{ high: Math.max(group.high, bar.high), low: Math.min(group.low, bar.low) },
          }
        : { ...bar, time },
    );
  }
  return [...groups.values()];
}

const rounded = (value: number) => Number(value.toPrecision(SIGNIFICANT_DIGITS));

/** In coins, one a time; what no chart can show (a price or volume beyond a double) is left out. */
function barsOf(series: CandleSeries | undefined): readonly Bar[] {
  if (!series) return [];
  const { candles, multiplier } = series;
  const bars = new Map<number, Bar>();
  for (const { startAtMs, open, high, low, close, volume } of candles) {
    const bar: Bar = {
      time: Math.floor(startAtMs / 1_000),
      open: Number(open) / multiplier,
      high: Number(high) / multiplier,
      low: Number(low) / multiplier,
      close: Number(close) / multiplier,
      volume: Number(volume) * multiplier,
    };
    const prices = [bar.open, bar.high, bar.low, bar.close];
    const isShown = prices.every((price) => price >= PRICE_MIN && price <= FIGURE_MAX);
    if (isShown && bar.volume >= 0 && bar.volume <= FIGURE_MAX) bars.set(bar.time, bar);
  }
  return [...bars.values()];
}

/** Beyond these no quotient or sum of two of them could leave the doubles. */
const PRICE_MIN = 1e-100;
const FIGURE_MAX = 1e100;
