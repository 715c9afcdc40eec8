// The history of one coin on one pair as a chart wants it: columns over the same instants, the reference price beside. Pure.

import { PAIRS } from "../../schema/vocabulary.ts";
import type { TradingView } from "../../src/ports/trading-view.ts";
import type { RateHistory } from "../rate-charts.ts";

/** Ranges a reader can choose; the coins' history is kept by the minute for a day and thinned beyond. */
export const CHART_RANGES = { "6h": 6, "1d": 24, "7d": 168, "30d": 720 } as const;
export type ChartRange = keyof typeof CHART_RANGES;
export const CHART_RANGE_NAMES = Object.keys(CHART_RANGES) as ChartRange[];
/** Sizes whose rates are remembered. */
export const RECORDED_SIZES_KRW = { "1M": 1_000_000, "10M": 10_000_000 } as const;

/** The one nearer to a size, as sizes are felt: by their ratio. */
export function recordedSizeOf(sizeKrw: number): keyof typeof RECORDED_SIZES_KRW {
  return sizeKrw * sizeKrw < RECORDED_SIZES_KRW["1M"] * RECORDED_SIZES_KRW["10M"] ? "1M" : "10M";
}

/** Longer than this many steps without a minute recorded is a gap, not a line. */
const GAP_STEPS = 3;

/** Seconds, then KRW per USDT; null: none. All of the same length. */
export type ChartColumns = [
  atS: number[],
  entry: (number | null)[],
  exit: (number | null)[],
  reference: (number | null)[],
];

export type CoinHistory = Extract<RateHistory, { coin: string }>;
export type PairHistory = Exclude<RateHistory, { coin: string }>;

/** Instants of either history, ascending; where nothing was recorded for long a null breaks the line. */
export function chartColumns(coin: CoinHistory, pair: PairHistory | undefined): ChartColumns {
  const reference = new Map(pair?.atMs.map((atMs, index) => [atMs, pair.referencePrice[index] ?? null]));
  const gapMs = GAP_STEPS * coin.stepMs;
  const columns: ChartColumns = [[], [], [], []];
  const add = (atMs: number, entry: number | null, exit: number | null, price: number | null) => {
    columns[0].push(atMs / 1_000);
    columns[1].push(entry);
    columns[2].push(exit);
    columns[3].push(price);
  };
  let beforeMs: number | undefined;
  for (const [index, atMs] of coin.atMs.entries()) {
    if (beforeMs !== undefined && atMs - beforeMs > gapMs) add(beforeMs + coin.stepMs, null, null, null);
    add(atMs, coin.entryRate[index] ?? null, coin.exitRate[index] ?? null, reference.get(atMs) ?? null);
    beforeMs = atMs;
  }
  return columns;
}

/** What a chart shows of the time, in seconds. */
export interface TimeSpan {
  readonly min: number;
  readonly max: number;
}

/** Where less was recorded the lines begin later: minutes are the finest a chart tells apart. */
const SPAN_S_MIN = 600;

/** All of the columns; they must not be empty. */
export function wholeSpan([times]: ChartColumns): TimeSpan {
  const max = times.at(-1)!;
  return { min: Math.min(times[0]!, max - SPAN_S_MIN), max };
}

/** What is shown once newer columns have come: all of them, or what the reader has chosen out of those before. */
export function spanAfter(shown: TimeSpan, before: TimeSpan | undefined, whole: TimeSpan): TimeSpan {
  const isChosen = before && (shown.min !== before.min || shown.max !== before.max);
  return isChosen ? { min: shown.min, max: shown.max } : whole;
}

/** Something that was done at an instant, shown on the line it belongs to. */
export interface ChartMark {
  readonly kind: "entry" | "exit";
  readonly atS: number;
  /** KRW per USDT; undefined: wherever the line is. */
  readonly rate: number | undefined;
}

/** What the traders on the page did with a coin on a pair: when they entered what is open or closed, and when they left. */
export function marksOf(
  trading: TradingView | undefined,
  { coin, pairIndex }: { readonly coin: string; readonly pairIndex: number },
): ChartMark[] {
  const pair = PAIRS[pairIndex]!.key;
  const isOf = (one: { readonly coin: string; readonly pair: string }) =>
    one.coin === coin && one.pair === pair;
  return (trading?.traders ?? []).flatMap(({ open, closed }) => [
    ...open.filter(isOf).map(({ openedAtMs, entryRate }): ChartMark => {
      return { kind: "entry", atS: openedAtMs / 1_000, rate: Number(entryRate) };
    }),
    ...closed.filter(isOf).flatMap(({ openedAtMs, closedAtMs }): ChartMark[] => [
      { kind: "entry", atS: openedAtMs / 1_000, rate: undefined },
      { kind: "exit", atS: closedAtMs / 1_000, rate: undefined },
    ]),
  ]);
}

/** Where a mark stands: at its rate, or where the line of its kind is nearest in time; undefined: nowhere. */
export function markPlace(
  { kind, atS, rate }: ChartMark,
  [times, entry, exit]: ChartColumns,
): { readonly atS: number; readonly rate: number } | undefined {
  const [first, last] = [times[0], times.at(-1)];
  if (first === undefined || last === undefined || atS < first || atS > last) return undefined;
  if (rate !== undefined) return { atS, rate };
  const line = kind === "entry" ? entry : exit;
  let best: { atS: number; rate: number } | undefined;
  let bestS = Number.POSITIVE_INFINITY;
  for (const [index, at] of times.entries()) {
    const value = line[index];
    if (value === null || value === undefined || Math.abs(at - atS) >= bestS) continue;
    best = { atS, rate: value };
    bestS = Math.abs(at - atS);
  }
  return best;
}
