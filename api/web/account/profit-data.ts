// Profit over time as a chart wants it: of each day, and summed up. Pure.

import { Decimal } from "../../../src/domain/decimal.ts";
import { dayKst } from "../../../src/web/format.ts";

const DAY_MS = 86_400_000;
export const PROFIT_RANGES_DAYS = [30, 90, 365] as const;
export type ProfitRangeDays = (typeof PROFIT_RANGES_DAYS)[number];

/** The query for so many days up to today, days of Korea. */
export function daysQuery(days: ProfitRangeDays, nowMs: number): string {
  return `from=${dayKst(nowMs - (days - 1) * DAY_MS)}&to=${dayKst(nowMs)}`;
}

/** Seconds at which each day of Korea begins as if in UTC; KRW of the day; KRW up to its end, summed up exactly. */
export type ProfitColumns = [daysS: number[], profitKrw: number[], sumKrw: number[]];

export function profitColumns(
  days: readonly { readonly day: string; readonly profitKrw: string }[],
): ProfitColumns {
  const columns: ProfitColumns = [[], [], []];
  let sum = Decimal.ZERO;
  for (const { day, profitKrw } of days) {
    const profit = Decimal.of(profitKrw);
    sum = sum.plus(profit);
    columns[0].push(Date.parse(`${day}T00:00:00Z`) / 1_000);
    columns[1].push(profit.toFloat());
    columns[2].push(sum.toFloat());
  }
  return columns;
}
