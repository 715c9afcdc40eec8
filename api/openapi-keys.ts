// A user's API keys in the OpenAPI document, with examples.

import { VENUES } from "../schema/vocabulary.ts";
import type { OpenApiDocument } from "./openapi.ts";
import { body, content, problems, SECURED } from "./openapi-parts.ts";

const OWN = [{ venue: "upbit", active: true, verified: true, addedAtMs: 1_780_000_000_000 }];
const NEW = { apiKey: "kFq0D3uV8xw1ZpLm", secret: "b7Jt2QmXs9rYcE4wNa6H" };
const VENUE = {
  ...{ name: "venue", in: "path", required: true, schema: { type: "string", enum: VENUES } },
  example: "upbit",
};
const NO_VENUE = [
  404,
  "No such venue.",
  `There is no such venue; expected one of ${VENUES.join(", ")}.`,
] as const;
const NO_KEY = [404, "No such key or venue.", "There is no key for upbit."] as const;
const secured = { tags: ["keys"], security: SECURED };

export function keyOperations(): OpenApiDocument["paths"] {
  return {
    "/api/keys": {
      get: {
        summary: "Which venues are connected",
        description: "A line per key. The keys themselves are never given out.",
        ...{ ...secured, parameters: [] },
        responses: {
          200: { description: "By venue.", ...content("OwnKeys", OWN) },
          ...problems(400, 401, 503),
        },
      },
    },
    "/api/keys/{venue}": {
      put: {
        summary: "Put in a key",
        description: "Stored encrypted, in the place of one that was there; it is to be tested afterwards.",
        ...{ ...secured, parameters: [VENUE], requestBody: body("NewKey", NEW) },
        responses: {
          200: { description: "Stored.", ...content("KeyStored", { venue: "upbit", replaced: false }) },
          ...problems(400, 401, NO_VENUE, 413, 415, 503),
        },
      },
      delete: {
        summary: "Take out a key",
        description: "Its texts are wiped. Refused while a position or an order at the venue needs it.",
        ...{ ...secured, parameters: [VENUE] },
        responses: {
          204: { description: "Gone." },
          ...problems(400, 401, NO_KEY, 503),
          ...problems([
            409,
            "It is needed.",
            "A position or an order at upbit needs this key. Close it first.",
          ]),
        },
      },
    },
  };
}
