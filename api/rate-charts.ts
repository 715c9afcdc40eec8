// The rates of the past for charts, thinned to a bounded number of points: of a coin on a pair, or of a pair as a whole.

import * as v from "valibot";
import { PAIR_KEYS } from "../schema/vocabulary.ts";
import type { HistoryStore } from "../src/ports/store.ts";
import { whole } from "./whole.ts";

export const POINTS_MAX = 2_000;
/** A coin's minutes lie in hours of sixty: to read more of them would take the database's time from others. */
export const COIN_DAYS_MAX = 31;
export const PAIR_DAYS_MAX = 92;
const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
/** Steps that charts know; the last holds the longest span. */
const STEPS_MINUTES = [1, 2, 5, 10, 15, 30, 60, 120];

const rates = v.array(v.nullable(v.number()));
const head = {
  pair: v.picklist(PAIR_KEYS),
  ...{ fromMs: whole, toMs: whole },
  stepMs: v.pipe(whole, v.description("Of each step the last minute recorded is given.")),
  atMs: v.pipe(v.array(whole), v.description("Minutes, ascending; those never recorded are left out.")),
};
export const rateHistorySchema = v.union([
  v.object({
    ...head,
    ...{ coin: v.string(), size: v.picklist(["1M", "10M"]) },
    ...{ entryRate: rates, exitRate: rates },
  }),
  v.object({
    ...head,
    ...{ bestEntryRate: rates, bestExitRate: rates, medianEntryRate: rates, medianExitRate: rates },
    ...{ referencePrice: rates, coinCount: v.array(whole) },
  }),
]);
export type RateHistory = v.InferOutput<typeof rateHistorySchema>;

export interface ChartQuery {
  readonly pair: (typeof PAIR_KEYS)[number];
  readonly coin: string | undefined;
  readonly size: "1M" | "10M";
  /** On whole minutes, as the next. */
  readonly fromMs: number;
  readonly toMs: number;
}

/** The span a query means, on whole minutes, or what is wrong with it. */
export function spanOf(
  query: {
    readonly coin?: string | undefined;
    readonly from?: number | undefined;
    readonly to?: number | undefined;
  },
  nowMs: number,
): { readonly fromMs: number; readonly toMs: number } | { readonly expected: string } {
  const upMinute = (atMs: number) => Math.ceil(atMs / MINUTE_MS) * MINUTE_MS;
  const toMs = upMinute(query.to ?? nowMs);
  const fromMs = upMinute(query.from ?? Math.max(0, toMs - DAY_MS));
  const daysMax = query.coin === undefined ? PAIR_DAYS_MAX : COIN_DAYS_MAX;
  if (fromMs < toMs && toMs - fromMs <= daysMax * DAY_MS) return { fromMs, toMs };
  return { expected: `expected from before to and at most ${daysMax} days between them` };
}

const rateOf = (jeon: number | null) => (jeon === null ? null : jeon / 100);

/** Rejects with StoreFault. */
export async function readChart(
  history: Pick<HistoryStore, "coinHistory" | "pairHistory">,
  { pair, coin, size, fromMs, toMs }: ChartQuery,
): Promise<RateHistory> {
  const minutes = (toMs - fromMs) / MINUTE_MS;
  const stepMinutes = STEPS_MINUTES.find((step) => minutes / step <= POINTS_MAX)!;
  const range = { pair, fromAtMs: fromMs, toAtMs: toMs, stepMinutes };
  const about = { pair, fromMs, toMs, stepMs: stepMinutes * MINUTE_MS };
  if (coin !== undefined) {
    const samples = await history.coinHistory({ ...range, coin });
    const isSmall = size === "1M";
    return {
      ...about,
      ...{ coin, size, atMs: samples.map(({ minuteAtMs }) => minuteAtMs) },
      entryRate: samples.map((one) => rateOf(isSmall ? one.entryJeonAt1m : one.entryJeonAt10m)),
      exitRate: samples.map((one) => rateOf(isSmall ? one.exitJeonAt1m : one.exitJeonAt10m)),
    };
  }
  const samples = await history.pairHistory(range);
  return {
    ...about,
    atMs: samples.map(({ minuteAtMs }) => minuteAtMs),
    bestEntryRate: samples.map((one) => rateOf(one.bestEntryJeon)),
    bestExitRate: samples.map((one) => rateOf(one.bestExitJeon)),
    medianEntryRate: samples.map((one) => rateOf(one.medianEntryJeon)),
    medianExitRate: samples.map((one) => rateOf(one.medianExitJeon)),
    referencePrice: samples.map((one) => rateOf(one.referenceJeon)),
    coinCount: samples.map(({ coinCount }) => coinCount),
  };
}
