// What the private paths in the OpenAPI document have in common.

import type { OpenApiDocument } from "./openapi.ts";

type Json = Record<string, unknown>;

export const content = (name: string, example: unknown) => ({
  content: { "application/json": { schema: { $ref: `#/components/schemas/${name}` }, example } },
});
export const body = (name: string, example: Json) => ({ required: true, ...content(name, example) });

type Told = readonly [status: number, description: string, detail: string];

const COMMON: readonly Told[] = [
  [400, "The request cannot be used.", "The body cannot be used: email."],
  [401, "Not logged in.", "Expected a live session, by cookie or as a bearer."],
  [413, "The body is too large.", "Expected a body of at most 4096 bytes."],
  [415, "The body is of another type.", "Expected a body of type application/json."],
  [503, "Not available now.", "The database does not answer right now."],
];

/** By status, those every route has; what is a route's own comes with its words. */
export function problems(...given: readonly (number | Told)[]): Record<string, Json> {
  return Object.fromEntries(
    given.map((one) => {
      const told = typeof one === "number" ? COMMON.find(([status]) => status === one) : one;
      if (!told) throw new RangeError(`expected words for status ${one}`);
      const [status, description, detail] = told;
      const schema = { $ref: "#/components/schemas/Problem" };
      const example = { type: "about:blank", title: description.replace(/[.;].*/, ""), status, detail };
      return [status, { description, content: { "application/problem+json": { schema, example } } }];
    }),
  );
}

/** Either carries the token of the session. */
export const SECURED = [{ cookie: [] }, { bearer: [] }];

/** What may be answered in place of any route under /api; what a route says itself stays. */
export function withGuards(paths: OpenApiDocument["paths"]): OpenApiDocument["paths"] {
  return Object.fromEntries(
    Object.entries(paths).map(([path, operations]) => [
      path,
      path.startsWith("/api/") ? guardedOperations(operations) : operations,
    ]),
  );
}

function guardedOperations(operations: OpenApiDocument["paths"][string]): OpenApiDocument["paths"][string] {
  return Object.fromEntries(
    Object.entries(operations).map(([method, operation]) => {
      const guards = {
        ...problems([
          429,
          "Too many requests by this address or user; Retry-After says how long.",
          "Too many requests from this address.",
        ]),
        ...(method !== "get" &&
          problems([
            403,
            "Asked by another site's page.",
            "Changes are not taken from another site's page (CORS_ORIGINS).",
          ])),
        ...(operation.requestBody &&
          problems([408, "The body came too slowly.", "Expected a whole body within 10 s."])),
      };
      return [method, { ...operation, responses: { ...guards, ...operation.responses } }];
    }),
  );
}
