// A user's chat: linked by a code he sends to the bot, switched and forgotten here. The caller is known before anything
// is read, and only his rows are touched.

import { Hono } from "hono";
import * as v from "valibot";
import { linkCodeHash, newLinkCode } from "../../src/domain/link-code.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type { TelegramLinkStore } from "../../src/ports/telegram-links.ts";
import type { SignedIn } from "../answers.ts";
import { json } from "../body.ts";
import { problem } from "../problem.ts";
import { noQuery } from "../query.ts";
import { whole } from "../whole.ts";

export const TELEGRAM_PATHS = {
  "/api/telegram": ["GET", "HEAD", "PUT", "DELETE"],
  "/api/telegram/link": ["POST"],
} as const satisfies Record<string, readonly string[]>;

const NO_STORE = { "Cache-Control": "no-store" };
const CODE_MS = 600_000;

export const telegramSchema = v.object({
  bot: v.pipe(
    v.nullable(v.string()),
    v.description("The bot a chat is linked through, without @; null: no chat can be linked here."),
  ),
  linked: v.boolean(),
  username: v.pipe(v.nullable(v.string()), v.description("The chat's, when it was linked.")),
  notifications: v.pipe(v.boolean(), v.description("Whether notices are sent there.")),
  linkedAtMs: v.pipe(v.nullable(whole), v.description("Null also where Karbit did not keep it.")),
});
export const telegramChangeSchema = v.strictObject({ notifications: v.boolean() });
export const telegramOfferSchema = v.object({
  code: v.pipe(v.string(), v.description("To be sent to the bot as /start and this. Shown only here.")),
  expiresAtMs: whole,
  url: v.pipe(v.string(), v.description("Opens the bot's chat with the code filled in.")),
});

export interface TelegramRouteDeps {
  readonly store: TelegramLinkStore;
  /** Undefined: chats are not linked here. */
  readonly botName: string | undefined;
  readonly clock: Clock;
  readonly signedIn: SignedIn;
}

export function telegramRoutes({ store, botName, clock, signedIn }: TelegramRouteDeps) {
  const linkOf = async (userId: number): Promise<v.InferOutput<typeof telegramSchema>> => ({
    bot: botName ?? null,
    ...(await store.read(userId)),
  });
  return new Hono()
    .get("/api/telegram", signedIn, noQuery, async (c) =>
      c.json(await linkOf(c.var.account.userId), 200, NO_STORE),
    )
    .put("/api/telegram", signedIn, noQuery, json(telegramChangeSchema), async (c) => {
      const { userId } = c.var.account;
      const isSet = await store.setNotifications(userId, c.req.valid("json").notifications, clock.nowMs());
      return isSet ? c.json(await linkOf(userId), 200, NO_STORE) : notLinked();
    })
    .delete("/api/telegram", signedIn, noQuery, async (c) =>
      (await store.unlink(c.var.account.userId, clock.nowMs())) ? c.body(null, 204, NO_STORE) : notLinked(),
    )
    .post("/api/telegram/link", signedIn, noQuery, async (c) => {
      if (botName === undefined) {
        return problem(503, {
          code: "setting-missing",
          detail: "Chats are not linked here; expected the setting TELEGRAM_BOT_NAME.",
        });
      }
      const code = newLinkCode();
      const atMs = clock.nowMs();
      const expiresAtMs = atMs + CODE_MS;
      await store.offer({ userId: c.var.account.userId, codeHash: linkCodeHash(code), expiresAtMs, atMs });
      return c.json({ code, expiresAtMs, url: `https://t.me/${botName}?start=${code}` }, 201, NO_STORE);
    });
}

const notLinked = () =>
  problem(404, {
    code: "no-linked-chat",
    detail: "No chat is linked; ask for a code with POST /api/telegram/link.",
  });
