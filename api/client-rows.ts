// The data of one event back into rate rows, for each format. Part of the client: no runtime's own modules in here.

import { gunzipSync, inflateSync, strFromU8 } from "fflate";
import { PAIRS, SEED_COUNT, SEED_STEP_KRW } from "../schema/vocabulary.ts";
import { decodeFrame, type Frame, FrameError } from "../src/domain/frame.ts";
import { RATES_PER_ROW, type RateRow } from "../src/domain/rate-table.ts";

/** A byte of deflate never becomes more bytes. */
const INFLATION_MAX = 1_032;

/** The frame in a compact event's data. Throws FrameError on anything else. */
export function decodeCompact(base64: string): Frame {
  return decodeFrame(unpacked(base64, inflateSync));
}

/** The rows in a packed event's data: base64 of gzip of `{"results":[...]}`. Throws FrameError on anything else. */
export function decodePacked(base64: string, tickAtMs: number): RateRow[] {
  return karbitRows(parsedJson(strFromU8(unpacked(base64, gunzipped))), "results", "name", tickAtMs);
}

/** The rows in a Karbit tick message; none in its other messages. Throws FrameError on anything else. */
export function decodeKarbit(data: string, tickAtMs: number): RateRow[] {
  const message = parsedJson(data);
  if ((message as { type?: unknown } | null)?.type !== "tick") return [];
  return karbitRows(message, "payload", "symbol", tickAtMs);
}

function unpacked(base64: string, unpack: (bytes: Uint8Array) => Uint8Array): Uint8Array {
  try {
    const binary = atob(base64);
    const bytes = new Uint8Array(binary.length);
    for (let index = 0; index < binary.length; index++) bytes[index] = binary.charCodeAt(index);
    return unpack(bytes);
  } catch (cause) {
    throw new FrameError("expected base64 of compressed bytes", { cause });
  }
}

/** gunzipSync makes room for what the last four bytes say: up to 4 GB where they are damaged. */
function gunzipped(bytes: Uint8Array): Uint8Array {
  const toldBytes = new DataView(bytes.buffer).getUint32(bytes.length - 4, true);
  if (toldBytes > bytes.length * INFLATION_MAX) throw new Error("expected a length that deflate can reach");
  return gunzipSync(bytes);
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new FrameError("expected JSON", { cause });
  }
}

function karbitRows(message: unknown, listKey: string, nameKey: string, tickAtMs: number): RateRow[] {
  const list = (message as Record<string, unknown> | null)?.[listKey];
  if (!Array.isArray(list)) throw new FrameError(`expected a list "${listKey}"`);
  return list.map((item) => karbitRow(item, nameKey, tickAtMs));
}

function karbitRow(item: Record<string, unknown> | null, nameKey: string, tickAtMs: number): RateRow {
  const coin = item?.[nameKey];
  const exRates = item?.ex_rates;
  const pairIndex = PAIRS.findIndex(
    (pair) => pair.domestic === item?.korean_ex && pair.overseas === item?.foreign_ex,
  );
  if (typeof coin !== "string" || pairIndex < 0 || !Array.isArray(exRates)) {
    throw new FrameError("expected a pair with its rates");
  }
  const ratesJeon = new Float64Array(RATES_PER_ROW).fill(Number.NaN);
  for (const rate of exRates as (Record<string, unknown> | null)[]) {
    const index = Number(rate?.seed) / SEED_STEP_KRW - 1;
    if (!rate || !(Number.isInteger(index) && index >= 0 && index < SEED_COUNT)) {
      throw new FrameError("expected a rate with a seed on the grid");
    }
    ratesJeon[index] = jeon(rate.entry_ex_rate);
    ratesJeon[SEED_COUNT + index] = jeon(rate.exit_ex_rate);
  }
  const quoted = ratesJeon.some((value) => !Number.isNaN(value));
  const reason = quoted ? "none" : exRates.length === 0 ? "delisted" : "missing";
  return { coin, pairIndex, tickAtMs, bookAgeMs: 0, reason, ratesJeon };
}

/** Two decimals on the wire, so rounding gives the exact integer back. */
function jeon(rate: unknown): number {
  return typeof rate === "number" ? Math.round(rate * 100) : Number.NaN;
}

/** The row with every size not asked for as NaN: compact frames also hold sizes below the largest one. */
export function onlySeeds(row: RateRow, seeds: readonly number[] | undefined): RateRow {
  if (seeds === undefined) return row;
  const ratesJeon = new Float64Array(RATES_PER_ROW).fill(Number.NaN);
  for (const seedKrw of seeds) {
    const index = seedKrw / SEED_STEP_KRW - 1;
    ratesJeon[index] = row.ratesJeon[index]!;
    ratesJeon[SEED_COUNT + index] = row.ratesJeon[SEED_COUNT + index]!;
  }
  return { ...row, ratesJeon };
}
