// What a client may ask for: the query's shapes (the OpenAPI document is made from the same), the list of faults in
// plain words, and the canonical filter, so that two ways of saying the same thing share one encoding.

import * as v from "valibot";
import { PAIR_KEYS, PAIRS, SEED_COUNT, SEED_KRW_MAX, SEED_STEP_KRW } from "../schema/vocabulary.ts";
import type { RateRow } from "../src/domain/rate-table.ts";
import { expectedWords } from "./issue-words.ts";

export const STREAM_FORMATS = ["karbit", "packed", "compact"] as const;
export type StreamFormat = (typeof STREAM_FORMATS)[number];

const COINS_MAX = 500;

const pairsSchema = v.pipe(
  v.array(v.picklist(PAIR_KEYS)),
  v.minLength(1, "expected at least one pair"),
  v.description("Pairs of venues, comma-separated; all when left out."),
);
const coinsSchema = v.pipe(
  v.array(
    v.pipe(
      v.string(),
      v.regex(/^[0-9A-Z]{1,20}$/, "expected a ticker of 1 to 20 letters and digits, as BTC"),
    ),
  ),
  v.minLength(1, "expected at least one coin"),
  v.maxLength(COINS_MAX, `expected at most ${COINS_MAX} coins`),
  v.description("Tickers of the Korean market, comma-separated; all when left out."),
);
const SEED_EXPECTED = `expected a multiple of ${SEED_STEP_KRW} from ${SEED_STEP_KRW} to ${SEED_KRW_MAX}`;
const seedsSchema = v.pipe(
  v.array(
    v.pipe(
      v.number(SEED_EXPECTED),
      v.minValue(SEED_STEP_KRW, SEED_EXPECTED),
      v.maxValue(SEED_KRW_MAX, SEED_EXPECTED),
      v.multipleOf(SEED_STEP_KRW, SEED_EXPECTED),
    ),
  ),
  v.minLength(1, "expected at least one seed"),
  v.description("Order sizes in KRW on the grid, comma-separated; all 100 when left out."),
);
const formatSchema = v.pipe(
  v.picklist(STREAM_FORMATS),
  v.description(
    "karbit: JSON tick messages. packed: base64 of gzip of the Redis channel's JSON. compact: base64 of a deflated columnar frame, 15 times smaller; use api/client.ts.",
  ),
);

const filterEntries = {
  pairs: v.optional(pairsSchema),
  coins: v.optional(coinsSchema),
  seeds: v.optional(seedsSchema),
};
export const tableQuerySchema = v.strictObject(filterEntries);
export const streamQuerySchema = v.strictObject({
  format: v.optional(formatSchema, "karbit"),
  ...filterEntries,
});

/** One fault of a request, in words a caller can act on. */
export interface QueryIssue {
  readonly parameter: string;
  readonly expected: string;
  readonly received: string;
}

/** Rows and sizes a client wants; undefined means all. `key` is equal for equal filters and "" for no filter. */
export interface Filter {
  readonly pairIndices: ReadonlySet<number> | undefined;
  readonly coins: ReadonlySet<string> | undefined;
  /** Ascending indices into the grid. */
  readonly seedIndices: readonly number[] | undefined;
  readonly key: string;
}

export type Parsed<T> = { readonly value: T } | { readonly issues: readonly QueryIssue[] };

/** Reads the stream's query. Never throws. */
export function parseStreamQuery(query: URLSearchParams): Parsed<{ format: StreamFormat; filter: Filter }> {
  const parsed = parseQuery(streamQuerySchema, query);
  if ("issues" in parsed) return parsed;
  return { value: { format: parsed.value.format, filter: canonicalFilter(parsed.value) } };
}

/** Reads the table's query. Never throws. */
export function parseTableQuery(query: URLSearchParams): Parsed<Filter> {
  const parsed = parseQuery(tableQuerySchema, query);
  return "issues" in parsed ? parsed : { value: canonicalFilter(parsed.value) };
}

type QuerySchema = typeof tableQuerySchema | typeof streamQuerySchema;

function parseQuery<Schema extends QuerySchema>(
  schema: Schema,
  query: URLSearchParams,
): Parsed<v.InferOutput<Schema>> {
  const raw: Record<string, unknown> = Object.create(null);
  for (const name of new Set(query.keys())) raw[name] = rawValue(name, query.getAll(name));
  const result = v.safeParse(schema, { ...raw }, { abortPipeEarly: true });
  if (result.success) return { value: result.output };
  const names = Object.keys(schema.entries).join(", ");
  return { issues: result.issues.slice(0, 20).map((issue) => queryIssue(issue, names)) };
}

function rawValue(name: string, texts: readonly string[]): unknown {
  if (name === "format") return texts.length === 1 ? texts[0] : texts.join(",");
  const items = texts
    .flatMap((text) => text.split(","))
    .map((item) => item.trim())
    .filter((item) => item !== "");
  if (name === "pairs") return items.map((item) => item.toLowerCase());
  if (name === "coins") return items.map((item) => item.toUpperCase());
  if (name === "seeds") return items.map((item) => (/^\d{1,12}$/.test(item) ? Number(item) : item));
  return items;
}

const RECEIVED_CHARS_MAX = 60;

function queryIssue(issue: v.BaseIssue<unknown>, names: string): QueryIssue {
  const parameter = String(issue.path?.[0]?.key ?? "").slice(0, RECEIVED_CHARS_MAX);
  if (issue.type === "strict_object") {
    return { parameter, expected: `one of the parameters ${names}`, received: parameter };
  }
  const received = Array.isArray(issue.input) ? `${issue.input.length} items` : String(issue.input);
  return { parameter, expected: expectedWords(issue), received: received.slice(0, RECEIVED_CHARS_MAX) };
}

interface FilterInput {
  readonly pairs?: readonly string[] | undefined;
  readonly coins?: readonly string[] | undefined;
  readonly seeds?: readonly number[] | undefined;
}

/** Sorted, without repetitions; a list of everything there is counts as no list. */
export function canonicalFilter(input: FilterInput): Filter {
  const pairs = sortedIndices(
    input.pairs?.map((key) => PAIRS.findIndex((pair) => pair.key === key)),
    PAIRS.length,
  );
  const seeds = sortedIndices(
    input.seeds?.map((seedKrw) => seedKrw / SEED_STEP_KRW - 1),
    SEED_COUNT,
  );
  const coins = input.coins && [...new Set(input.coins)].sort();
  const parts: string[] = [];
  if (pairs) parts.push(`pairs=${pairs.map((index) => PAIR_KEYS[index]!).join(",")}`);
  if (coins) parts.push(`coins=${coins.join(",")}`);
  if (seeds) parts.push(`seeds=${seeds.map((index) => (index + 1) * SEED_STEP_KRW).join(",")}`);
  return {
    pairIndices: pairs && new Set(pairs),
    coins: coins && new Set(coins),
    seedIndices: seeds,
    key: parts.join("&"),
  };
}

function sortedIndices(indices: readonly number[] | undefined, all: number): readonly number[] | undefined {
  if (indices === undefined) return undefined;
  const distinct = [...new Set(indices)].sort((a, b) => a - b);
  return distinct.length === all ? undefined : distinct;
}

/** The rows the filter lets through, in their order. */
export function filterRows(filter: Filter, rows: readonly RateRow[]): readonly RateRow[] {
  const { pairIndices, coins } = filter;
  if (pairIndices === undefined && coins === undefined) return rows;
  return rows.filter((row) => (coins?.has(row.coin) ?? true) && (pairIndices?.has(row.pairIndex) ?? true));
}
