// Rate rows in Karbit's words (contract 2.2 and 2.6): 100 objects per row, numbers or null, 2 decimals, never a null
// item. Written as text directly: the objects would cost ten times the time.

import { PAIRS, SEED_COUNT, SEEDS_KRW } from "../../schema/vocabulary.ts";
import type { RateRow } from "./rate-table.ts";

const SEED_PREFIXES = SEEDS_KRW.map((seedKrw) => `{"seed":${seedKrw},"entry_ex_rate":`);

/** KRW per USDT with at most 2 decimals as JSON text; "null" for NaN. */
export function rateText(jeon: number): string {
  return Number.isNaN(jeon) ? "null" : String(jeon / 100);
}

function exRatesText({ ratesJeon }: RateRow, seedIndices: readonly number[] | undefined): string {
  let text = "[";
  const count = seedIndices?.length ?? SEED_COUNT;
  for (let position = 0; position < count; position++) {
    const index = seedIndices ? seedIndices[position]! : position;
    if (position > 0) text += ",";
    text += SEED_PREFIXES[index]!;
    text += rateText(ratesJeon[index]!);
    text += ',"exit_ex_rate":';
    text += rateText(ratesJeon[SEED_COUNT + index]!);
    text += "}";
  }
  return `${text}]`;
}

function rowText(
  nameKey: "name" | "symbol",
  row: RateRow,
  seedIndices: readonly number[] | undefined,
): string {
  const pair = PAIRS[row.pairIndex]!;
  // Karbit never removes a row; an empty list sends it to the bottom with dashes.
  const rates = row.reason === "delisted" ? "[]" : exRatesText(row, seedIndices);
  return `{"${nameKey}":${JSON.stringify(row.coin)},"korean_ex":"${pair.domestic}","foreign_ex":"${pair.overseas}","ex_rates":${rates}}`;
}

/** The channel's message body: `{"results":[...]}`. */
export function karbitResultsText(rows: readonly RateRow[], seedIndices?: readonly number[]): string {
  return `{"results":[${rows.map((row) => rowText("name", row, seedIndices)).join(",")}]}`;
}

/** The tick event a Karbit component reads straight from our stream. */
export function karbitTickText(
  channel: string,
  rows: readonly RateRow[],
  seedIndices?: readonly number[],
): string {
  const payload = rows.map((row) => rowText("symbol", row, seedIndices)).join(",");
  return `{"type":"tick","channel":${JSON.stringify(channel)},"payload":[${payload}]}`;
}
