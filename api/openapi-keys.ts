// A user's API keys in the OpenAPI document, with examples.

import { VENUES } from "../schema/vocabulary.ts";
import type { OpenApiDocument } from "./openapi.ts";
import { body, content, problems, SECURED } from "./openapi-parts.ts";

const OWN = [{ venue: "upbit", active: true, verified: true, addedAtMs: 1_780_000_000_000 }];
const NEW = { apiKey: "kFq0D3uV8xw1ZpLm", secret: "b7Jt2QmXs9rYcE4wNa6H" };
const TEST = {
  ...{ venue: "bybit", ok: true, testedAtMs: 1_780_000_000_000 },
  findings: [
    {
      ...{ code: "ends-soon", severity: "warning" },
      words: { ko: "키가 2026-06-03에 만료됩니다", en: "the key ends on 2026-06-03" },
    },
  ],
};
const BALANCES = {
  mode: "live",
  venues: [
    {
      ...{ venue: "upbit", unread: null },
      balances: [
        { asset: "KRW", free: "1203000.5", total: "1203000.5" },
        { asset: "BTC", free: "0.0123", total: "0.0223" },
      ],
    },
    {
      ...{ venue: "bybit", balances: null },
      unread: {
        code: "no-answer",
        words: { ko: "거래소가 지금 응답하지 않습니다", en: "the venue does not answer right now" },
      },
    },
  ],
};
const AWAY = [
  503,
  "Not available now.",
  "scheduler-away",
  "The scheduler does not answer right now.",
] as const;
const VENUE = {
  ...{ name: "venue", in: "path", required: true, schema: { type: "string", enum: VENUES } },
  example: "upbit",
};
const NO_VENUE = [
  404,
  "No such venue.",
  "no-such-venue",
  `There is no such venue; expected one of ${VENUES.join(", ")}.`,
] as const;
const NO_KEY = [404, "No such key or venue.", "no-key", "There is no key for upbit."] as const;
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
    "/api/balances": {
      get: {
        summary: "What one has at the venues",
        description:
          "Money and coins, free and in all, as exact texts: read at the venues now, or of the paper accounts. A venue that could not be read says why.",
        ...{ ...secured, parameters: [] },
        responses: {
          200: { description: "By venue.", ...content("Balances", BALANCES) },
          ...problems(400, 401, AWAY),
        },
      },
    },
    "/api/keys/{venue}/test": {
      post: {
        summary: "Test a key",
        description:
          "The venue is asked what the key may do, from where and until when, and balances are read with it, at most 5 seconds long. No order is placed.",
        ...{ ...secured, parameters: [VENUE] },
        responses: {
          200: { description: "What was found.", ...content("KeyTest", TEST) },
          ...problems(400, 401, NO_KEY, AWAY),
          ...problems([
            409,
            "It cannot be used, or was changed meanwhile.",
            "key-changed",
            "The key was changed while it was tested. Test it again.",
          ]),
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
            "key-needed",
            "A position or an order at upbit needs this key. Close it first.",
          ]),
        },
      },
    },
  };
}
