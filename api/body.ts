// The body of a request as JSON of a known shape. Never throws: whatever is wrong with it is a problem document.

import type { Context } from "hono";
import * as v from "valibot";
import type { QueryIssue } from "./filters.ts";
import { problem } from "./problem.ts";

/** Far above any body of ours. */
const BODY_BYTES_MAX = 4_096;
const ISSUES_MAX = 20;

/** Bodies of any other type are refused, so that no form on another site can send one along with a cookie. */
export async function jsonBody<T>(
  c: Context,
  schema: v.GenericSchema<unknown, T>,
): Promise<{ readonly value: T } | { readonly refusal: Response }> {
  const type = c.req.header("Content-Type")?.split(";")[0]?.trim().toLowerCase();
  if (type !== "application/json") {
    return { refusal: problem(415, { detail: "Expected a body of type application/json." }) };
  }
  const bytes = await bytesOf(c.req.raw);
  if (!bytes) {
    return { refusal: problem(413, { detail: `Expected a body of at most ${BODY_BYTES_MAX} bytes.` }) };
  }
  const given = parsed(bytes);
  if (given === undefined) return { refusal: problem(400, { detail: "The body is not JSON in UTF-8." }) };
  const result = v.safeParse(schema, given);
  if (result.success) return { value: result.output };
  const issues = result.issues.slice(0, ISSUES_MAX).map(issueOf);
  const names = [...new Set(issues.map(({ parameter }) => parameter))].filter(Boolean).join(", ");
  return { refusal: problem(400, { detail: `The body cannot be used: ${names || "its shape"}.`, issues }) };
}

/** What was received is not repeated: it may be a password. */
function issueOf(issue: v.BaseIssue<unknown>): QueryIssue {
  const parameter = String(issue.path?.[0]?.key ?? "").slice(0, 60);
  const expected = issue.message.startsWith("expected ")
    ? issue.message.slice("expected ".length)
    : (issue.expected ?? "another value");
  return { parameter, expected, received: issue.input === undefined ? "nothing" : typeof issue.input };
}

async function bytesOf(request: Request): Promise<Uint8Array | undefined> {
  const bytes = new Uint8Array(BODY_BYTES_MAX);
  let length = 0;
  for await (const chunk of request.body ?? []) {
    if (length + chunk.length > BODY_BYTES_MAX) return undefined;
    bytes.set(chunk, length);
    length += chunk.length;
  }
  return bytes.subarray(0, length);
}

function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return undefined;
  }
}
