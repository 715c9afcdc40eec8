// What the private paths in the OpenAPI document have in common.

import * as v from "valibot";
import type { Elsewhere } from "./elsewhere.ts";
import type { OpenApiDocument, OpenApiOperation } from "./openapi.ts";
import { PROBLEMS, type ProblemCode, type ProblemStatus } from "./problem.ts";

type Json = Record<string, unknown>;

export const content = (name: string, example: unknown) => ({
  content: { "application/json": { schema: { $ref: `#/components/schemas/${name}` }, example } },
});
export const body = (name: string, example: Json) => ({ required: true, ...content(name, example) });

/** Of each status; its codes in any answer of that status. */
export const PROBLEM_SCHEMAS = Object.fromEntries(
  Object.entries(PROBLEMS).map(([status, { title, codes }]) => [
    `Problem${status}`,
    v.object({
      type: v.string(),
      title: v.literal(title),
      status: v.literal(Number(status)),
      code: v.pipe(v.picklist(codes), v.description("For programs: what is wrong. Never renamed.")),
      detail: v.pipe(v.string(), v.description("For people: what is wrong and what to do about it.")),
      issues: v.optional(
        v.pipe(
          v.array(v.object({ parameter: v.string(), expected: v.string(), received: v.string() })),
          v.description("One entry per fault of the request."),
        ),
      ),
    }),
  ]),
);

type Told = readonly [status: ProblemStatus, description: string, code: ProblemCode, detail: string];

const COMMON: readonly Told[] = [
  [400, "The request cannot be used.", "body-unusable", "The body cannot be used: email."],
  [401, "Not logged in.", "no-session", "Expected a live session, by cookie or as a bearer."],
  [413, "The body is too large.", "body-too-large", "Expected a body of at most 4096 bytes."],
  [415, "The body is of another type.", "body-not-json", "Expected a body of type application/json."],
  [503, "Not available now.", "database-away", "The database does not answer right now."],
];

/** By status, those every route has; what is a route's own comes with its words. */
export function problems(...given: readonly (number | Told)[]): Record<string, Json> {
  return Object.fromEntries(
    given.map((one) => {
      const told = typeof one === "number" ? COMMON.find(([status]) => status === one) : one;
      if (!told) throw new RangeError(`expected words for status ${one}`);
      const [status, description, code, detail] = told;
      const schema = { $ref: `#/components/schemas/Problem${status}` };
      const example = { type: "about:blank", title: PROBLEMS[status].title, status, code, detail };
      return [status, { description, content: { "application/problem+json": { schema, example } } }];
    }),
  );
}

/** Either carries the token of the session. */
export const SECURED = [{ cookie: [] }, { bearer: [] }];

function mapOperations(
  paths: OpenApiDocument["paths"],
  to: (method: string, operation: OpenApiOperation, path: string) => OpenApiOperation,
): OpenApiDocument["paths"] {
  return Object.fromEntries(
    Object.entries(paths).map(([path, operations]) => [
      path,
      Object.fromEntries(
        Object.entries(operations).map(([method, operation]) => [method, to(method, operation, path)]),
      ),
    ]),
  );
}

/** What may be answered in place of any route under /api; what a route says itself stays. */
export function withGuards(paths: OpenApiDocument["paths"]): OpenApiDocument["paths"] {
  return mapOperations(paths, (method, operation, path) =>
    path.startsWith("/api/") ? guarded(method, operation) : operation,
  );
}

function guarded(method: string, operation: OpenApiOperation): OpenApiOperation {
  const guards = {
    ...problems(TOO_MANY),
    ...(method !== "get" && problems(OTHER_SITE)),
    ...(operation.requestBody && problems(TOO_SLOW)),
  };
  return { ...operation, responses: { ...guards, ...operation.responses } };
}

const TOO_MANY = [
  429,
  "Too many requests by this address or user; Retry-After says how long.",
  "address-limit",
  "Too many requests from this address.",
] as const;
const OTHER_SITE = [
  403,
  "Asked by another site's page.",
  "other-site",
  "Changes are not taken from another site's page (CORS_ORIGINS).",
] as const;
const TOO_SLOW = [
  408,
  "The body came too slowly.",
  "body-too-slow",
  "Expected a whole body within 10 s.",
] as const;
const NOT_THERE = [
  404,
  "There is none, or that server does not have it.",
  "no-such-path",
  "There is nothing at /api/coins.",
] as const;
const SENT_ON = {
  307: {
    description:
      "Another server has it: ask at Location, method and body as they were. Whatever follows redirects by itself loses bearer and cookie on the way: send them there yourself.",
    headers: { Location: { schema: { type: "string" } } },
  },
};
const SERVER_AWAY = [
  503,
  "Not available now.",
  "server-away",
  "The server that knows this does not answer right now.",
] as const;

/** Paths that this server asks another one for, or sends clients there; which of them that one has is its own matter. */
export function withElsewhere(
  paths: OpenApiDocument["paths"],
  how: Elsewhere["how"],
): OpenApiDocument["paths"] {
  const further = { ...problems(NOT_THERE), ...(how === "redirect" ? SENT_ON : problems(SERVER_AWAY)) };
  return mapOperations(paths, (_, operation) => ({
    ...operation,
    responses: { ...further, ...operation.responses },
  }));
}
