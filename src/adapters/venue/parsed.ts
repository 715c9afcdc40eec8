// How the venues' lists become values: JSON read without losing a digit, each row checked by itself, rows that do not
// fit left out and counted. A list is refused as a whole when too little of it fits to be believed, because what is
// missing from a list counts as delisted.

import * as v from "valibot";

/** One thing that is not as expected; `path` leads to it, e.g. "result.list.3.symbol". */
export interface ParseIssue {
  readonly path: string;
  /** "json", "refused", "empty", "implausible", or the name of the check that failed. */
  readonly kind: string;
  readonly expected: string;
  readonly received: string;
}

export interface ParsedOk<T> {
  readonly ok: true;
  readonly value: T;
  /** Rows left out because they did not fit; `issues` says why, for the first of them. */
  readonly skipped: number;
  readonly issues: readonly ParseIssue[];
}

export interface ParseFailure {
  readonly ok: false;
  readonly issues: readonly ParseIssue[];
}

export type Parsed<T> = ParsedOk<T> | ParseFailure;

/** A body as received. */
export type Body = string | Uint8Array;

/** Above this share of rows that do not fit, the venue has changed its answer, and the rest is not to be trusted. */
const SKIPPED_RATIO_MAX = 0.1;
const ISSUES_MAX = 10;
const RECEIVED_CHARS_MAX = 80;

export function failure(path: string, kind: string, expected: string, received: unknown): ParseFailure {
  return { ok: false, issues: [{ path, kind, expected, received: shown(received) }] };
}

function shown(value: unknown): string {
  const text = typeof value === "string" ? value : (JSON.stringify(value) ?? "undefined");
  return text.length > RECEIVED_CHARS_MAX ? `${text.slice(0, RECEIVED_CHARS_MAX)}...` : text;
}

/** One line per issue, for logs and people. */
export function issueText({ path, kind, expected, received }: ParseIssue): string {
  return `${path || "body"}: ${kind}, expected ${expected}, was ${received}`;
}

const decoder = new TextDecoder();

type SourceReviver = (key: string, value: unknown, context: { readonly source?: string }) => unknown;

/** Parses JSON with every number left as the text it was printed as, so that no digit of an amount is lost. */
export function readJson(body: Body): Parsed<unknown> {
  const text = typeof body === "string" ? body : decoder.decode(body);
  const keepSource: SourceReviver = (_, value, context) =>
    typeof value === "number" ? (context.source ?? String(value)) : value;
  try {
    const value: unknown = JSON.parse(text, keepSource as (key: string, value: unknown) => unknown);
    return { ok: true, value, skipped: 0, issues: [] };
  } catch {
    return failure("", "json", "JSON", text);
  }
}

/** Checks one value against a schema. */
export function check<T>(schema: v.GenericSchema<unknown, T>, value: unknown, path = ""): Parsed<T> {
  const result = v.safeParse(schema, value);
  if (result.success) return { ok: true, value: result.output, skipped: 0, issues: [] };
  return { ok: false, issues: result.issues.slice(0, ISSUES_MAX).map((issue) => issueOf(issue, path)) };
}

function issueOf(issue: v.BaseIssue<unknown>, path: string): ParseIssue {
  const within = v.getDotPath(issue);
  return {
    path: [path, within].filter((part) => part).join("."),
    kind: issue.type,
    expected: issue.expected ?? issue.message,
    received: shown(issue.received),
  };
}

/** Checks each row; those that do not fit are left out. A list of nothing, or with too many of those, is a failure. */
export function checkRows<T>(
  schema: v.GenericSchema<unknown, T>,
  rows: readonly unknown[],
  path: string,
): Parsed<T[]> {
  if (rows.length === 0) return failure(path, "empty", "at least one row", "none");
  const value: T[] = [];
  const issues: ParseIssue[] = [];
  for (const [index, row] of rows.entries()) {
    const result = v.safeParse(schema, row);
    if (result.success) value.push(result.output);
    else if (issues.length < ISSUES_MAX)
      issues.push(issueOf(result.issues[0], path ? `${path}.${index}` : `${index}`));
  }
  const skipped = rows.length - value.length;
  if (skipped > rows.length * SKIPPED_RATIO_MAX) {
    const few = `at most ${SKIPPED_RATIO_MAX * 100} % of rows that do not fit`;
    return {
      ok: false,
      issues: [...failure(path, "implausible", few, `${skipped} of ${rows.length}`).issues, ...issues],
    };
  }
  return { ok: true, value, skipped, issues };
}

/** Continues with the value of a parse that went well, adding up what was left out. */
export function then<T, U>(parsed: Parsed<T>, next: (value: T) => Parsed<U>): Parsed<U> {
  if (!parsed.ok) return parsed;
  const following = next(parsed.value);
  if (!following.ok) return following;
  const skipped = parsed.skipped + following.skipped;
  return { ...following, skipped, issues: [...parsed.issues, ...following.issues] };
}

export function mapped<T, U>(parsed: Parsed<T>, map: (value: T) => U): Parsed<U> {
  return parsed.ok ? { ...parsed, value: map(parsed.value) } : parsed;
}

const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d{1,3})?$/;

/** "1.4E-7" as "0.00000014": the same digits without an exponent. */
export function plainDecimal(text: string): string {
  const match = /^(-?)(\d+)(?:\.(\d+))?[eE]([+-]?\d+)$/.exec(text);
  if (match === null) return text;
  const [, sign, whole, fraction = "", exponent] = match;
  const digits = `${whole}${fraction}`;
  const point = whole!.length + Number(exponent);
  const padded = point <= 0 ? "0".repeat(1 - point) + digits : digits.padEnd(point, "0");
  const split = Math.max(point, 1);
  const before = padded.slice(0, split).replace(/^0+(?=\d)/, "");
  const after = padded.slice(split);
  return sign + before + (after ? `.${after}` : "");
}

/** An exact decimal: a number's own text, or a text that is a number. */
export const decimal = v.pipe(v.string(), v.regex(NUMBER), v.transform(plainDecimal));

/** A decimal above zero. */
export const positive = v.pipe(
  decimal,
  v.check((text) => Number(text) > 0, "a number above 0"),
);

/** A decimal that venues leave out, or leave empty, where it does not apply. */
export const optionalDecimal = v.optional(
  v.union([
    v.pipe(
      v.literal(""),
      v.transform(() => undefined),
    ),
    v.pipe(
      v.null(),
      v.transform(() => undefined),
    ),
    decimal,
  ]),
);

/** A whole number small enough to be exact: instants, lengths, codes. */
export const integer = v.pipe(
  v.string(),
  v.regex(/^-?\d{1,15}$/),
  v.transform((text) => Number(text)),
);

export const name = v.pipe(v.string(), v.minLength(1));
