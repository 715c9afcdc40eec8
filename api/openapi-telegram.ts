// The Telegram link in the OpenAPI document, with examples.

import type { OpenApiDocument } from "./openapi.ts";
import { body, content, problems, SECURED } from "./openapi-parts.ts";
import { telegramChangeSchema, telegramOfferSchema, telegramSchema } from "./routes/telegram.ts";

export const TELEGRAM_SCHEMAS = {
  Telegram: telegramSchema,
  TelegramChange: telegramChangeSchema,
  TelegramOffer: telegramOfferSchema,
};

const LINK = {
  ...{ bot: "schedulerx_bot", linked: true, username: "kim_trades" },
  ...{ notifications: true, linkedAtMs: 1_780_000_000_000 },
};
const CODE = "q3v0nJ8yT0m1bq2Zr7wXcA";
const OFFER = {
  ...{ code: CODE, expiresAtMs: 1_780_000_600_000, url: `https://t.me/schedulerx_bot?start=${CODE}` },
};
const secured = { tags: ["telegram"], parameters: [], security: SECURED };
const NOT_LINKED = [404, "No chat is linked.", "no-linked-chat", "No chat is linked."] as const;

export function telegramOperations(): OpenApiDocument["paths"] {
  return {
    "/api/telegram": {
      get: {
        summary: "Whether a chat is linked",
        description: "The chat notices go to, whether they do, and the bot a chat is linked through.",
        ...secured,
        responses: {
          200: { description: "It.", ...content("Telegram", LINK) },
          ...problems(400, 401, 503),
        },
      },
      put: {
        summary: "Switch notices on or off",
        description: "The chat stays linked.",
        ...{ ...secured, requestBody: body("TelegramChange", { notifications: false }) },
        responses: {
          200: { description: "Done.", ...content("Telegram", { ...LINK, notifications: false }) },
          ...problems(400, 401, NOT_LINKED, 413, 415, 503),
        },
      },
      delete: {
        summary: "Forget the chat",
        description: "No notices are sent any more, and a code that waits does not count.",
        ...secured,
        responses: { 204: { description: "Forgotten." }, ...problems(400, 401, NOT_LINKED, 503) },
      },
    },
    "/api/telegram/link": {
      post: {
        summary: "A code to link a chat",
        description:
          "Counts for ten minutes, once, and instead of any earlier one. Sent to the bot from a private chat it links that chat and switches notices on.",
        ...secured,
        responses: {
          201: { description: "The code.", ...content("TelegramOffer", OFFER) },
          ...problems(400, 401, [
            503,
            "No bot is set up here, and then waiting does not help; or the database is away.",
            "setting-missing",
            "Chats are not linked here; expected the setting TELEGRAM_BOT_NAME.",
          ]),
        },
      },
    },
  };
}
