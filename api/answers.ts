// Answers with the type of what is in them, for the typed client (docs/api.md): what a handler returns is what the
// client is told it gets.

import type { MiddlewareHandler, TypedResponse } from "hono";
import type { Account } from "../src/ports/sessions.ts";
import type { ProblemAnswer, ProblemStatus } from "./problem.ts";

type Status = ProblemStatus | 200 | 201 | 202 | 204 | 304;

/** A response with JSON of that type. */
export type JsonAnswer<T, S extends Status = 200> = Response & TypedResponse<T, S, "json">;
/** A response with text: events, a spreadsheet. */
export type TextAnswer = Response & TypedResponse<string, 200, "text">;

/** The text as an answer whose type says so. */
export function textAnswer(body: BodyInit | null, headers: Record<string, string>): TextAnswer {
  return new Response(body, { headers }) as TextAnswer;
}

/** JSON that was encoded elsewhere, as an answer that says of what type it is. */
export function jsonAnswer<T>(body: BodyInit, headers: Record<string, string>): JsonAnswer<T> {
  return new Response(body, { headers }) as JsonAnswer<T>;
}

/** Passes what fits on as `c.req.valid(Target)` and refuses the rest. */
export type Validates<
  Target extends string,
  In,
  Out,
  Refusals extends ProblemStatus,
  Path extends string = string,
> = MiddlewareHandler<
  // biome-ignore lint/suspicious/noExplicitAny: the one type Hono leaves out when it joins environments
  any,
  Path,
  // A caller need not name what he may leave out altogether.
  { in: object extends In ? { [K in Target]?: In } : { [K in Target]: In }; out: { [K in Target]: Out } },
  ProblemAnswer<Refusals>
>;

/** What is known of the caller behind `signedIn`, as `c.var`. */
export interface CallerEnv {
  Variables: { readonly account: Account; readonly token: string };
}

/** Lets callers with a live session on; a route without it has no `c.var.account`. */
export type SignedIn = MiddlewareHandler<CallerEnv, string, object, ProblemAnswer<401 | 429>>;
