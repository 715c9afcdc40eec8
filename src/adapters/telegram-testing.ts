// The Telegram notifier on a manual clock, with a Bot API that answers as told.

import { afterEach } from "bun:test";
import type { Audience, Notice } from "../ports/notifier.ts";
import { ManualClock } from "../testing/manual-clock.ts";
import { RecordingLog } from "../testing/recording-log.ts";
import type { SendOutcome } from "./telegram/bot-api.ts";
import { createTelegramNotifier, type TelegramNotifier, type TelegramOptions } from "./telegram.ts";

export type Answer = SendOutcome | Promise<SendOutcome>;
export const SENT: SendOutcome = { kind: "sent" };
export const FAILED: SendOutcome = { kind: "failed", why: "network" };
export const never = new Promise<never>(() => {});

/** Registers the end; `start` is for the tests of the file. */
export function telegramStage() {
  const opened: { readonly notifier: TelegramNotifier; readonly clock: ManualClock }[] = [];
  afterEach(async () => {
    for (const { notifier, clock } of opened.splice(0)) {
      const stopped = notifier.stop();
      await clock.advance(2_000);
      await stopped;
    }
  });
  /** Every user's chat is "c" and the id. `answer` is asked for each message. */
  function start(
    options: Partial<TelegramOptions> & { readonly answer?: (chatId: string, nth: number) => Answer },
  ) {
    const clock = new ManualClock(Date.UTC(2026, 0, 1));
    const log = new RecordingLog();
    const sent: { readonly chatId: string; readonly text: string; readonly atMs: number }[] = [];
    const notifier = createTelegramNotifier({
      clock,
      log,
      chatOf: async (userId) => ({ chatId: `c${userId}`, language: "en" }),
      operator: { chatId: "ops", language: "en" },
      api: {
        sendMessage: async (chatId, text) => {
          sent.push({ chatId, text, atMs: clock.monotonicMs() });
          return options.answer?.(chatId, sent.length) ?? SENT;
        },
      },
      ...options,
    });
    opened.push({ notifier, clock });
    const tell = (audience: Audience, notice: Notice, dedupeKey?: string) =>
      notifier.tell({ audience, notice, atMs: clock.nowMs(), ...(dedupeKey !== undefined && { dedupeKey }) });
    const details = (chatId?: string) =>
      sent
        .filter((each) => chatId === undefined || each.chatId === chatId)
        .map(({ text }) => text.split("\n")[1]);
    return { clock, log, sent, notifier, tell, details };
  }
  return start;
}

export const alert = (detail: string): Notice => ({ kind: "service", what: "store-lost", detail });
export const info = (detail: string): Notice => ({ kind: "service", what: "store-back", detail });
export const user = (userId: number): Audience => ({ userId });
