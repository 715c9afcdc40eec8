// The paper accounts in the OpenAPI document, with examples.

import type { OpenApiDocument } from "./openapi.ts";
import { body, content, problems, SECURED } from "./openapi-parts.ts";
import { paperAccountsSchema, topUpSchema } from "./routes/paper.ts";

export const PAPER_SCHEMAS = { PaperAccounts: paperAccountsSchema, TopUp: topUpSchema };

const ACCOUNTS = [
  {
    ...{ venue: "upbit", asset: "KRW", balance: "90123456.5", putIn: "100000000" },
    ...{ coins: [{ coin: "XRP", amount: "0.4" }], positions: [], openedAtMs: 1_780_000_000_000 },
  },
  {
    ...{ venue: "bybit", asset: "USDT", balance: "100321.5", putIn: "100000" },
    ...{ coins: [], positions: [{ symbol: "XRPUSDT", contracts: "-1200" }], openedAtMs: 1_780_000_000_000 },
  },
];
const secured = { tags: ["paper"], parameters: [], security: SECURED };
const once = {
  ...{ name: "Idempotency-Key", in: "header", required: false },
  schema: { type: "string", minLength: 8, maxLength: 100, pattern: "^[!-~]+$" },
  description:
    "Of your choice, new for each request. Sent again with the same one it is carried out once; with another body it is refused (409).",
};
const changing = { ...secured, parameters: [once] };
const answered = (description: string) => ({
  200: { description, ...content("PaperAccounts", ACCOUNTS) },
});

export function paperOperations(): OpenApiDocument["paths"] {
  return {
    "/api/paper": {
      get: {
        summary: "The paper accounts",
        description: "One for each venue, with its money, coins and contracts.",
        ...secured,
        responses: { ...answered("They."), ...problems(400, 401, 503) },
      },
    },
    "/api/paper/reset": {
      post: {
        summary: "Begin again",
        description:
          "The money of every paper account goes back to what it began with; remains of coins stay. Refused while a paper position is open or an order is under way.",
        ...{ ...changing, requestBody: body("Empty", {}) },
        responses: {
          ...answered("As they are now."),
          ...problems(400, 401, 413, 415, 503),
          ...problems([
            409,
            "Something is open, or the key came with another request.",
            "something-open",
            "There are paper positions or running orders in BTC.",
          ]),
        },
      },
    },
    "/api/paper/top-up": {
      post: {
        summary: "Put paper money in",
        description:
          "In the account's own money; the next order sees it. Each request without an Idempotency-Key adds once more.",
        ...{ ...changing, requestBody: body("TopUp", { venue: "upbit", amount: "50000000" }) },
        responses: {
          ...answered("As they are now."),
          ...problems(400, 401, 413, 415, 503),
          ...problems([
            409,
            "The key came with another request.",
            "idempotency-key-used",
            "This Idempotency-Key came before.",
          ]),
        },
      },
    },
  };
}
