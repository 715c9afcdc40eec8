// The body of a request as JSON of a known shape. Never throws: whatever is wrong with it is a problem document.

import type { Context } from "hono";
import * as v from "valibot";
import type { Validates } from "./answers.ts";
import type { QueryIssue } from "./filters.ts";
import { expectedWords } from "./issue-words.ts";
import { type ProblemAnswer, problem } from "./problem.ts";

/** Far above any body of ours. */
const BODY_BYTES_MAX = 4_096;
/** A body that trickles in would otherwise hold its connection for as long as it likes. */
const BODY_MS_MAX = 10_000;
const ISSUES_MAX = 20;

type Refusals = 400 | 408 | 413 | 415;

/** Before a handler: the body as `c.req.valid("json")`. */
export function json<Schema extends v.GenericSchema>(
  schema: Schema,
): Validates<"json", v.InferInput<Schema>, v.InferOutput<Schema>, Refusals> {
  return async (c, next) => {
    const body = await jsonBody(c, schema);
    if ("refusal" in body) return body.refusal;
    c.req.addValidatedData("json", body.value as object);
    await next();
  };
}

/** Bodies of any other type are refused, so that no form on another site can send one along with a cookie. */
export async function jsonBody<T>(
  c: Context,
  schema: v.GenericSchema<unknown, T>,
  msMax = BODY_MS_MAX,
): Promise<{ readonly value: T } | { readonly refusal: ProblemAnswer<Refusals> }> {
  const type = c.req.header("Content-Type")?.split(";")[0]?.trim().toLowerCase();
  if (type !== "application/json") {
    return {
      refusal: problem(415, { code: "body-not-json", detail: "Expected a body of type application/json." }),
    };
  }
  const bytes = await bytesOf(c.req.raw, msMax);
  if (bytes === "large") {
    return {
      refusal: problem(413, {
        code: "body-too-large",
        detail: `Expected a body of at most ${BODY_BYTES_MAX} bytes.`,
      }),
    };
  }
  if (bytes === "slow") {
    return {
      refusal: problem(408, {
        code: "body-too-slow",
        detail: `Expected a whole body within ${msMax / 1_000} s.`,
      }),
    };
  }
  const given = bytes && parsed(bytes);
  if (given === undefined)
    return { refusal: problem(400, { code: "body-unusable", detail: "The body is not JSON in UTF-8." }) };
  const result = v.safeParse(schema, given);
  if (result.success) return { value: result.output };
  // The library takes a list for an object that lacks everything.
  const issues = Array.isArray(given)
    ? [{ parameter: "", expected: "an object", received: "array" }]
    : result.issues.slice(0, ISSUES_MAX).map((issue) => issueOf(issue, schema));
  const names = [...new Set(issues.map(({ parameter }) => parameter))].filter(Boolean).join(", ");
  return {
    refusal: problem(400, {
      code: "body-unusable",
      detail: `The body cannot be used: ${names || "its shape"}.`,
      issues,
    }),
  };
}

/** What was received is not repeated: it may be a password. */
function issueOf(issue: v.BaseIssue<unknown>, schema: v.GenericSchema): QueryIssue {
  const parameter = String(issue.path?.[0]?.key ?? "").slice(0, 60);
  return { parameter, expected: expectedWords(issue, schema), received: kindOf(issue.input) };
}

function kindOf(value: unknown): string {
  if (value === undefined || value === null) return value === null ? "null" : "nothing";
  return Array.isArray(value) ? "array" : typeof value;
}

/** Undefined: it broke off. */
async function bytesOf(request: Request, msMax: number): Promise<Uint8Array | "large" | "slow" | undefined> {
  const reader = request.body?.getReader();
  if (!reader) return new Uint8Array();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const slow = new Promise<"slow">((resolve) => {
    timer = setTimeout(resolve, msMax, "slow");
  });
  try {
    const outcome = await Promise.race([allOf(reader), slow]);
    if (typeof outcome === "string") void reader.cancel().catch(() => {});
    return outcome;
  } catch {
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}

async function allOf(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<Uint8Array | "large"> {
  const bytes = new Uint8Array(BODY_BYTES_MAX);
  let length = 0;
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return bytes.subarray(0, length);
    if (length + value.length > BODY_BYTES_MAX) return "large";
    bytes.set(value, length);
    length += value.length;
  }
}

function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return undefined;
  }
}
