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
  [
    400,
    "The request cannot be used; issues say why, where there are some.",
    "query-unusable",
    "Expected no parameters.",
  ],
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
      const headers = (status === 429 || status === 503) && { headers: RETRY_AFTER };
      return [status, { description, ...headers, ...refusal(status, { code, detail }) }];
    }),
  );
}

/** 429 always says it, 503 where waiting may help: not for a setting that is missing. */
const RETRY_AFTER = {
  "Retry-After": { description: "Seconds to wait.", schema: { type: "integer", minimum: 1 } },
};
export const SESSION_COOKIE = {
  "Set-Cookie": {
    description: "auth-token: the session's token, for browsers. HttpOnly, SameSite=Lax, Secure over HTTPS.",
    schema: { type: "string" },
  },
};

const refusal = (status: ProblemStatus, told: { readonly code: ProblemCode; readonly detail: string }) => {
  const schema = { $ref: `#/components/schemas/Problem${status}` };
  const example = { type: "about:blank", title: PROBLEMS[status].title, status, ...told };
  return { content: { "application/problem+json": { schema, example } } };
};

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
  const responses = { ...guards, ...operation.responses };
  const unusable = responses[400] && { 400: { ...responses[400], ...refusal(400, unusableBy(operation)) } };
  return { ...operation, responses: { ...responses, ...unusable } };
}

/** What the operation answers to a field, or else a parameter, that it does not know. */
function unusableBy({ requestBody, parameters }: OpenApiOperation) {
  const nobody = { parameter: "nobody", received: "nobody" };
  if (requestBody) {
    const issues = [{ ...nobody, expected: "no such field", received: "string" }];
    return { code: "body-unusable", detail: "The body cannot be used: nobody.", issues } as const;
  }
  const names = parameters.filter((one) => one.in === "query").map(({ name }) => name);
  if (names.length === 0) {
    const issues = [{ ...nobody, expected: "no parameters" }];
    return { code: "query-unusable", detail: "Expected no parameters.", issues } as const;
  }
  const issues = [{ ...nobody, expected: `one of the parameters ${names.join(", ")}` }];
  return { code: "query-unusable", detail: "The query cannot be used: nobody.", issues } as const;
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
