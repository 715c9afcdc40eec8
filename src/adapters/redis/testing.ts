// For the tests of this folder: frames with rows one can tell apart, and Karbit's messages read the way Karbit reads
// them, with nothing of ours (contract 2.2 and 2.3).

import { expect } from "bun:test";
import { gunzipSync } from "node:zlib";
import { nullRow, RATES_PER_ROW, type RateRow, type ReferencePrice } from "../../domain/rate-table.ts";
import { packFrame } from "../frame-codec.ts";

/** Every rate is derived from `base` in jeon, entry rates ascending along the sizes, exit rates descending. */
export function rowOf(coin: string, pairIndex: number, tickAtMs: number, baseJeon: number): RateRow {
  const ratesJeon = Float64Array.from({ length: RATES_PER_ROW }, (_, index) =>
    index < 100 ? baseJeon + index : baseJeon - 50 - (index - 100),
  );
  return { coin, pairIndex, tickAtMs, bookAgeMs: 120, reason: "none", ratesJeon };
}

export function frameOf(
  tickAtMs: number,
  rows: readonly RateRow[],
  more: { part?: number; closing?: boolean; reference?: ReferencePrice } = {},
): Uint8Array {
  return packFrame({
    tickAtMs,
    part: more.part ?? 0,
    closing: more.closing ?? false,
    reference: more.reference,
    rows,
  });
}

/** A whole table: `coins` coins on four pairs. */
export function tableOf(tickAtMs: number, coinCount: number, baseJeon = 140_000): RateRow[] {
  return Array.from({ length: coinCount * 4 }, (_, index) =>
    rowOf(`C${Math.floor(index / 4)}`, index % 4, tickAtMs, baseJeon + index * 10),
  );
}

/** With lists for typed arrays, whose NaNs are compared bit by bit. */
export const plain = (row: RateRow) => ({ ...row, ratesJeon: [...row.ratesJeon] });

export { nullRow };

interface KarbitRate {
  seed: unknown;
  entry_ex_rate: unknown;
  exit_ex_rate: unknown;
}
export interface KarbitPair {
  name: string;
  korean_ex: string;
  foreign_ex: string;
  ex_rates: KarbitRate[];
}

/** Decodes one message of the channel and holds every rule of the contract to it. */
export function readKarbit(message: string): KarbitPair[] {
  expect(message).toMatch(/^[A-Za-z0-9+/]+={0,2}$/);
  const json: unknown = JSON.parse(gunzipSync(Buffer.from(message, "base64")).toString("utf8"));
  const results = (json as { results: unknown }).results;
  if (!Array.isArray(results)) throw new Error("expected results to be a list");
  for (const pair of results as KarbitPair[]) {
    expect(typeof pair.name).toBe("string");
    expect(["upbit", "bithumb"]).toContain(pair.korean_ex);
    expect(["bybit", "binance"]).toContain(pair.foreign_ex);
    if (!Array.isArray(pair.ex_rates)) throw new Error("expected ex_rates to be a list");
    if (pair.ex_rates.length === 0) continue;
    expect(pair.ex_rates.length).toBe(100);
    for (const [index, rate] of pair.ex_rates.entries()) {
      if (rate.seed !== (index + 1) * 1_000_000)
        throw new Error(`expected a seed of the grid, was ${rate.seed}`);
      for (const value of [rate.entry_ex_rate, rate.exit_ex_rate]) {
        const good = value === null || (typeof value === "number" && /^\d+(\.\d{1,2})?$/.test(String(value)));
        if (!good) throw new Error(`expected a number of 2 decimals or null, was ${JSON.stringify(value)}`);
      }
    }
  }
  return results as KarbitPair[];
}
