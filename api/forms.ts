// What rows look like on the wire: one SSE event per format, and the table as one JSON document. A form is a format
// with a canonical filter; everything here is pure, so each form needs encoding once however many clients share it.

import * as v from "valibot";
import {
  DOMESTIC_VENUES,
  OVERSEAS_VENUES,
  PAIR_KEYS,
  PAIRS,
  REASONS,
  SEED_COUNT,
  SEEDS_KRW,
} from "../schema/vocabulary.ts";
import { karbitResultsText, karbitTickText, rateText } from "../src/domain/karbit.ts";
import { RATES_PER_ROW, type RateRow, type ReferencePrice } from "../src/domain/rate-table.ts";
import { type Filter, filterRows, type StreamFormat } from "./filters.ts";
import type { LatestFrame } from "./live-frames.ts";
import type { FrameCodec } from "./settings.ts";

export interface Form {
  readonly format: StreamFormat;
  readonly filter: Filter;
  /** Equal for equal forms. */
  readonly key: string;
}

export function formOf(format: StreamFormat, filter: Filter): Form {
  return { format, filter, key: `${format}?${filter.key}` };
}

/** What the events say of themselves: the newest frame's words and the reference price. */
export interface Publication {
  readonly frame: LatestFrame;
  readonly reference: ReferencePrice | undefined;
}

export interface FormContext {
  readonly codec: FrameCodec;
  readonly channelName: string;
}

/** What a stream begins with: contract 2.4 and 2.6 for Karbit; the other formats carry rates alone. */
export function preambleText(format: StreamFormat, channelName: string): string {
  if (format !== "karbit") return ":ok\n\n";
  return `:ok\n\ndata: ${JSON.stringify({ type: "subscribed", channel: channelName, count: 1 })}\n\n`;
}

/** The rows as one event of the form; undefined when the filter lets none through. */
export function eventText(
  form: Form,
  rows: readonly RateRow[],
  publication: Publication,
  context: FormContext,
): string | undefined {
  const wanted = filterRows(form.filter, rows);
  if (wanted.length === 0) return undefined;
  return `id: ${publication.frame.id}\ndata: ${dataText(form, wanted, publication, context)}\n\n`;
}

function dataText(
  form: Form,
  rows: readonly RateRow[],
  publication: Publication,
  context: FormContext,
): string {
  const { seedIndices } = form.filter;
  switch (form.format) {
    case "karbit":
      return karbitTickText(context.channelName, rows, seedIndices);
    case "packed":
      return context.codec.packText(karbitResultsText(rows, seedIndices));
    case "compact": {
      const { tickAtMs, part, closing } = publication.frame;
      const cut = rows.map((row) => cutAfterSeeds(row, seedIndices));
      const { reference } = publication;
      return base64(context.codec.packFrame({ tickAtMs, part, closing, reference, rows: cut }));
    }
  }
}

/** The columnar frame knows no gaps: sizes up to the largest wanted stay, later ones become null. */
function cutAfterSeeds(row: RateRow, seedIndices: readonly number[] | undefined): RateRow {
  if (seedIndices === undefined) return row;
  const count = seedIndices.at(-1)! + 1;
  const ratesJeon = new Float64Array(RATES_PER_ROW).fill(Number.NaN);
  ratesJeon.set(row.ratesJeon.subarray(0, count), 0);
  ratesJeon.set(row.ratesJeon.subarray(SEED_COUNT, SEED_COUNT + count), SEED_COUNT);
  return { ...row, ratesJeon };
}

const BASE64_PIECE_BYTES = 0x6000;

/** Standard base64, padded. */
export function base64(bytes: Uint8Array): string {
  let text = "";
  // A multiple of three keeps the pieces free of padding; small pieces keep the argument list short.
  for (let at = 0; at < bytes.length; at += BASE64_PIECE_BYTES) {
    text += btoa(String.fromCharCode(...bytes.subarray(at, at + BASE64_PIECE_BYTES)));
  }
  return text;
}

const atMsSchema = v.pipe(v.number(), v.description("Epoch milliseconds."));
const rateListSchema = v.array(v.nullable(v.number()));

/** The document of GET /api/premium. */
export const tableSchema = v.object({
  tickAtMs: atMsSchema,
  part: v.pipe(v.number(), v.description("Part of the tick the table has reached.")),
  closing: v.pipe(v.boolean(), v.description("True once the tick is complete, missing coins being nulls.")),
  reference: v.pipe(
    v.nullable(v.object({ priceKrw: v.number(), venue: v.picklist(DOMESTIC_VENUES), atMs: atMsSchema })),
    v.description("KRW per USDT at the best ask of KRW-USDT; null while unknown."),
  ),
  seedsKrw: v.pipe(v.array(v.number()), v.description("The order sizes the lists of rates run along.")),
  rows: v.array(
    v.object({
      coin: v.string(),
      pair: v.picklist(PAIR_KEYS),
      domestic: v.picklist(DOMESTIC_VENUES),
      overseas: v.picklist(OVERSEAS_VENUES),
      tickAtMs: atMsSchema,
      bookAgeMs: v.pipe(v.number(), v.description("Age of the older of the two books when it was reported.")),
      reason: v.pipe(v.picklist(REASONS), v.description('Why there is no rate at all; "none" if there is.')),
      entryRatesKrwPerUsdt: v.pipe(
        rateListSchema,
        v.description("Bought in Korea, sold abroad; null: too thin."),
      ),
      exitRatesKrwPerUsdt: v.pipe(rateListSchema, v.description("Sold in Korea, bought back abroad.")),
    }),
  ),
});
export type PremiumTable = v.InferOutput<typeof tableSchema>;

/** The table as JSON, written as text directly: the objects would cost ten times the time. */
export function tableText(
  filter: Filter,
  rows: readonly RateRow[],
  { frame, reference }: Publication,
): string {
  const seedsKrw = filter.seedIndices?.map((index) => SEEDS_KRW[index]!) ?? SEEDS_KRW;
  const head = JSON.stringify({
    tickAtMs: frame.tickAtMs,
    part: frame.part,
    closing: frame.closing,
    reference: reference ?? null,
    seedsKrw,
  });
  const items = filterRows(filter, rows).map((row) => rowText(row, filter.seedIndices));
  return `${head.slice(0, -1)},"rows":[${items.join(",")}]}`;
}

function rowText(row: RateRow, seedIndices: readonly number[] | undefined): string {
  const { key: pair, domestic, overseas } = PAIRS[row.pairIndex]!;
  const { coin, tickAtMs, bookAgeMs, reason } = row;
  const head = JSON.stringify({ coin, pair, domestic, overseas, tickAtMs, bookAgeMs, reason });
  const entry = ratesText(row.ratesJeon.subarray(0, SEED_COUNT), seedIndices);
  const exit = ratesText(row.ratesJeon.subarray(SEED_COUNT), seedIndices);
  return `${head.slice(0, -1)},"entryRatesKrwPerUsdt":[${entry}],"exitRatesKrwPerUsdt":[${exit}]}`;
}

function ratesText(ratesJeon: Float64Array, seedIndices: readonly number[] | undefined): string {
  if (seedIndices === undefined) return Array.from(ratesJeon, rateText).join(",");
  return seedIndices.map((index) => rateText(ratesJeon[index]!)).join(",");
}
