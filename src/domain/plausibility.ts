// The gate that keeps wrong multipliers and same-ticker impostors off the screens: a row whose smallest-size rates
// are more than 20 % from the others is quarantined. A wrong multiplier is off by 10^3 to 10^6, a wrong asset by any
// factor; real premiums above 20 % exist while deposits are paused, so rows are reported, not forgotten.

import { SEED_COUNT } from "../../schema/vocabulary.ts";
import type { RateRow } from "./rate-table.ts";

export const PLAUSIBLE_RATIO_MAX = 0.2;

/** Median of the smallest-size entry rates in jeon; undefined with fewer than `rowsMin` of them. */
export function medianEntryJeon(rows: Iterable<RateRow>, rowsMin = 5): number | undefined {
  const rates: number[] = [];
  for (const { ratesJeon } of rows) if (!Number.isNaN(ratesJeon[0]!)) rates.push(ratesJeon[0]!);
  if (rates.length < rowsMin) return undefined;
  rates.sort((a, b) => a - b);
  return rates[rates.length >> 1]!;
}

/** True when neither rate at the smallest size is further than the tolerance from the yardstick. */
export function isPlausibleRow({ ratesJeon }: RateRow, yardstickJeon: number): boolean {
  for (const jeon of [ratesJeon[0]!, ratesJeon[SEED_COUNT]!]) {
    if (!Number.isNaN(jeon) && Math.abs(jeon / yardstickJeon - 1) > PLAUSIBLE_RATIO_MAX) return false;
  }
  return true;
}

/** Part of the rows that have to agree before a few of them are taken for a yardstick. */
const AGREEING_RATIO_MIN = 2 / 3;

/**
 * The median of a few coins' rows, undefined unless most of them agree with it: of two coins one may be the impostor,
 * and then the other one must not be judged by it.
 */
export function agreedEntryJeon(rows: readonly RateRow[]): number | undefined {
  const medianJeon = medianEntryJeon(rows);
  if (medianJeon === undefined) return undefined;
  const rated = rows.filter(({ ratesJeon }) => !Number.isNaN(ratesJeon[0]!));
  const agreeing = rated.filter((row) => isPlausibleRow(row, medianJeon));
  return agreeing.length >= rated.length * AGREEING_RATIO_MIN ? medianJeon : undefined;
}
