// A request's query, path and headers as values of a known shape, each parameter once. Never throws: what is wrong with
// them is a problem document that lists every fault.

import type { Context, MiddlewareHandler } from "hono";
import type { BlankEnv } from "hono/types";
import * as v from "valibot";
import type { Validates } from "./answers.ts";
import type { QueryIssue } from "./filters.ts";
import { expectedWords } from "./issue-words.ts";
import { type ProblemAnswer, type ProblemStatus, problem } from "./problem.ts";

const ISSUES_MAX = 20;
const RECEIVED_CHARS_MAX = 60;

type Strict<Entries extends v.ObjectEntries> = v.StrictObjectSchema<Entries, undefined>;

/** Before a handler: the query as `c.req.valid("query")`. */
export function query<Entries extends v.ObjectEntries>(
  schema: Strict<Entries>,
): Validates<"query", v.InferInput<Strict<Entries>>, v.InferOutput<Strict<Entries>>, 400> {
  return async (c, next) => {
    const found = queryOf(c, schema);
    if ("refusal" in found) return found.refusal;
    c.req.addValidatedData("query", found.value);
    await next();
  };
}

/** Before a handler of a path that takes no parameters. */
export const noQuery: MiddlewareHandler<BlankEnv, string, object, ProblemAnswer<400>> = async (c, next) => {
  const { search, searchParams } = new URL(c.req.url);
  if (search === "") return await next();
  const issues = [...new Set(searchParams.keys())].slice(0, ISSUES_MAX).map((name) => {
    const parameter = name.slice(0, RECEIVED_CHARS_MAX);
    return { parameter, expected: "no parameters", received: parameter };
  });
  return problem(400, { code: "query-unusable", detail: "Expected no parameters.", issues });
};

/**
 * Before a handler: the parts of the path as `c.req.valid("param")`; one that does not fit is answered by `refusal`,
 * because it mostly names what is not there.
 */
export function path<Entries extends v.ObjectEntries, S extends ProblemStatus>(
  entries: Entries,
  refusal: () => ProblemAnswer<S>,
): Validates<
  "param",
  v.InferInput<v.ObjectSchema<Entries, undefined>>,
  v.InferOutput<v.ObjectSchema<Entries, undefined>>,
  S
> {
  const schema = v.object(entries);
  return async (c, next) => {
    const result = v.safeParse(schema, c.req.param());
    if (!result.success) return refusal();
    c.req.addValidatedData("param", result.output);
    await next();
  };
}

/** Before a handler: one header, which may be left out, as `c.req.valid("header")[name]`. */
export function header<Name extends string>(
  name: Name,
  schema: v.GenericSchema<string, string>,
): Validates<
  "header",
  { readonly [N in Name]?: string | undefined },
  { readonly [N in Name]: string | undefined },
  400
> {
  return async (c, next) => {
    const result = v.safeParse(v.optional(schema), c.req.header(name));
    if (!result.success) {
      const expected = expectedWords(result.issues[0]);
      return problem(400, {
        code: "header-unusable",
        detail: `The header ${name} cannot be used: expected ${expected}.`,
      });
    }
    c.req.addValidatedData("header", { [name]: result.output });
    await next();
  };
}

/** Unknown parameters are faults: a misspelt one would otherwise do nothing. */
function queryOf<Entries extends v.ObjectEntries>(
  c: Context,
  schema: Strict<Entries>,
): { readonly value: v.InferOutput<Strict<Entries>> } | { readonly refusal: ProblemAnswer<400> } {
  const asked = new URL(c.req.url).searchParams;
  const given: Record<string, unknown> = {};
  for (const name of new Set(asked.keys())) {
    const texts = asked.getAll(name);
    // Twice the same parameter is no text, and so a fault of its own.
    Object.defineProperty(given, name, { value: texts.length === 1 ? texts[0] : texts, enumerable: true });
  }
  const result = v.safeParse(schema, given);
  if (result.success) return { value: result.output };
  const issues = result.issues.slice(0, ISSUES_MAX).map((issue) => issueOf(issue, schema));
  const names = [...new Set(issues.map(({ parameter }) => parameter))].join(", ");
  return {
    refusal: problem(400, { code: "query-unusable", detail: `The query cannot be used: ${names}.`, issues }),
  };
}

function issueOf(issue: v.BaseIssue<unknown>, schema: Strict<v.ObjectEntries>): QueryIssue {
  const parameter = String(issue.path?.[0]?.key ?? "").slice(0, RECEIVED_CHARS_MAX);
  if (issue.type === "strict_object" && issue.expected === "never") {
    const known = Object.keys(schema.entries).join(", ");
    return { parameter, expected: `one of the parameters ${known}`, received: parameter };
  }
  const received = Array.isArray(issue.input)
    ? `${issue.input.length} times`
    : String(issue.input ?? "nothing");
  return {
    parameter,
    expected: expectedWords(issue, schema),
    received: received.slice(0, RECEIVED_CHARS_MAX),
  };
}

/** A whole number in decimal digits. */
export function wholeNumber(min: number, max: number) {
  const expected = `expected a whole number from ${min} to ${max}`;
  return v.pipe(
    v.string(expected),
    v.regex(/^(0|[1-9]\d{0,15})$/, expected),
    v.transform(Number),
    v.minValue(min, expected),
    v.maxValue(max, expected),
  );
}

const DAY_EXPECTED = "expected a day as 2026-01-31";

/** A day of the calendar, from 2000 to 2099. */
export const daySchema = v.pipe(
  v.string(DAY_EXPECTED),
  v.regex(/^20\d\d-\d\d-\d\d$/, DAY_EXPECTED),
  v.check((text) => {
    const date = new Date(`${text}T00:00:00Z`);
    return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text);
  }, DAY_EXPECTED),
);
