// The notifier a scheduler is given, Telegram where there is a token, else nothing but the log; and who hears users that
// want their chats linked with it.

import { chatIdOf } from "../../adapters/store/chats.ts";
import type { Database } from "../../adapters/store/database.ts";
import { createTelegramLinkStore } from "../../adapters/store/telegram-links.ts";
import { createBotApi } from "../../adapters/telegram/bot-api.ts";
import { LinkPoller } from "../../adapters/telegram/link-poller.ts";
import { createTelegramNotifier, type TelegramNotifier } from "../../adapters/telegram.ts";
import type { SchedulerSettings } from "../../config.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Notifier } from "../../ports/notifier.ts";
import type { Log } from "../../ports/telemetry.ts";

const API_TIMEOUT_MS = 10_000;

export function noticesOf(
  settings: SchedulerSettings,
  parts: { readonly clock: Clock; readonly log: Log; readonly database: Database },
): Notifier & { readonly counts?: TelegramNotifier["counts"]; stop(): Promise<void> } {
  const { TELEGRAM_BOT_TOKEN: token, TELEGRAM_API_URL: apiUrl } = settings;
  if (!token) return { tell: () => undefined, stop: async () => undefined };
  const { TELEGRAM_LANGUAGE: language, TELEGRAM_OPERATOR_CHAT: operatorChat } = settings;
  const { clock, log, database } = parts;
  return createTelegramNotifier({
    api: createBotApi({ apiUrl, token, timeoutMs: API_TIMEOUT_MS }),
    clock,
    log,
    chatOf: async (userId) => {
      const chatId = await chatIdOf(database, userId);
      return chatId === undefined ? undefined : { chatId, language };
    },
    operator: operatorChat === undefined ? undefined : { chatId: operatorChat, language },
  });
}

/** Undefined: chats are not linked here. */
export function linksOf(
  settings: SchedulerSettings,
  parts: {
    readonly clock: Clock;
    readonly log: Log;
    readonly database: Database;
    /** Whether this scheduler is the one that works. */
    readonly leads: () => boolean;
  },
): LinkPoller | undefined {
  const { TELEGRAM_BOT_TOKEN: token, TELEGRAM_API_URL: apiUrl, TELEGRAM_LANGUAGE: language } = settings;
  if (!settings.TELEGRAM_LINKS || !token) return undefined;
  const { database, ...others } = parts;
  return new LinkPoller({
    ...{ ...others, language },
    api: createBotApi({ apiUrl, token, timeoutMs: API_TIMEOUT_MS }),
    store: createTelegramLinkStore(database),
  });
}
