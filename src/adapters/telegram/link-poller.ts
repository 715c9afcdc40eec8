// Hears users who want their chats linked: asks Telegram for messages to the bot, as long as this process leads, and
// links a private chat that sends `/start CODE`.
//
//   idle       this process does not lead
//   asking     one long request at a time; a message counts as read once it has been dealt with
//   waiting    the store is away: the same messages are asked for again, so that no code is lost
//   refused    another program gets the bot's messages, or the token is wrong: tried again every five minutes, said once

import { isLinkCode, linkCodeHash } from "../../domain/link-code.ts";
import { linkedText, wrongCodeText } from "../../domain/link-words.ts";
import type { Language } from "../../domain/notice.ts";
import { isPassing } from "../../domain/store-fault.ts";
import type { Clock } from "../../ports/clock.ts";
import type { TelegramLinkStore } from "../../ports/telegram-links.ts";
import type { Log } from "../../ports/telemetry.ts";
import { failurePauseMs } from "./api-pause.ts";
import type { BotApi, BotMessage } from "./bot-api.ts";

const WAIT_S = 25;
const LOOK_MS = 1_000;
const REFUSED_MS = 300_000;
const STORE_AWAY_MS = 5_000;
/** Wrong codes are answered so often at most, to one chat and to all together: a bot that is flooded sends no notices. */
const WRONG_OF_CHAT_MS = 60_000;
const WRONG_OF_ALL_MS = 1_000;
const CHATS_MAX = 10_000;

export interface LinkPollerOptions {
  readonly api: BotApi;
  readonly store: Pick<TelegramLinkStore, "link">;
  readonly clock: Clock;
  readonly log: Log;
  readonly language: Language;
  /** Whether this process does the work that one alone may do. */
  readonly leads: () => boolean;
}

export class LinkPoller {
  readonly #options: LinkPollerOptions;
  readonly #log: Log;
  readonly #ended = new AbortController();
  readonly #running: Promise<void>;
  #nextId = 0;
  #failures = 0;
  #refusedWhy: string | undefined;
  readonly #wrongAtMs = new Map<string, number>();
  #wrongToAnyAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: LinkPollerOptions) {
    this.#options = options;
    this.#log = options.log.child({ part: "telegram-links" });
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#ended.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { clock } = this.#options;
    const { signal } = this.#ended;
    while (!signal.aborted) {
      let pauseMs: number;
      try {
        pauseMs = this.#options.leads() ? await this.#ask() : LOOK_MS;
      } catch (fault) {
        this.#log.error("links cannot be made", { fault });
        pauseMs = REFUSED_MS;
      }
      if (pauseMs > 0) await clock.sleep(pauseMs, signal);
    }
  }

  /** How long to wait before the next request. */
  async #ask(): Promise<number> {
    const outcome = await this.#whileLeading((signal) =>
      this.#options.api.getUpdates(this.#nextId, WAIT_S, signal),
    );
    if (outcome === undefined) return 0;
    switch (outcome.kind) {
      case "updates":
        this.#heardWell();
        for (const { updateId, message } of outcome.updates) {
          if (message && !(await this.#deal(message))) return STORE_AWAY_MS;
          this.#nextId = updateId + 1;
        }
        return 0;
      case "wait":
        return outcome.forMs;
      case "conflict":
      case "bot-refused":
        if (this.#refusedWhy === undefined) this.#log.warn("chats cannot be linked", { why: outcome.why });
        this.#refusedWhy = outcome.why;
        return REFUSED_MS;
      case "failed":
        if (this.#failures === 0) this.#log.warn("messages to the bot cannot be read", { why: outcome.why });
        return failurePauseMs(this.#failures++);
    }
  }

  #heardWell(): void {
    if (this.#failures > 0 || this.#refusedWhy !== undefined) this.#log.info("chats can be linked again");
    this.#failures = 0;
    this.#refusedWhy = undefined;
  }

  /** Undefined when the lead went elsewhere, or the end came, before there was an answer. */
  async #whileLeading<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T | undefined> {
    const { clock, leads } = this.#options;
    const over = new AbortController();
    const end = () => over.abort();
    this.#ended.signal.addEventListener("abort", end, { once: true });
    const watch = async () => {
      while (!over.signal.aborted && leads()) await clock.sleep(LOOK_MS, over.signal);
      end();
    };
    void watch();
    try {
      const result = await work(over.signal);
      return over.signal.aborted ? undefined : result;
    } finally {
      end();
      this.#ended.signal.removeEventListener("abort", end);
    }
  }

  /** False when it is to be tried again later. */
  async #deal({ chatId, isPrivate, username, text }: BotMessage): Promise<boolean> {
    const said = /^\/start(?:\s+(\S+))?\s*$/.exec(text);
    if (!isPrivate || !said) return true;
    const [, code] = said;
    const { store, clock, language } = this.#options;
    let userId: number | undefined;
    try {
      if (code !== undefined && isLinkCode(code)) {
        const atMs = clock.nowMs();
        userId = await store.link({ codeHash: linkCodeHash(code), chatId, username, atMs });
      }
    } catch (fault) {
      const waits = isPassing(fault);
      if (waits) this.#log.warn("a chat waits to be linked", { fault });
      else this.#log.error("a chat cannot be linked", { fault });
      return !waits;
    }
    if (userId !== undefined) {
      this.#log.info("chat linked", { userId });
      await this.#answer(chatId, linkedText(language));
    } else if (this.#mayAnswerWrong(chatId)) {
      await this.#answer(chatId, wrongCodeText(language));
    }
    return true;
  }

  #mayAnswerWrong(chatId: string): boolean {
    const nowMs = this.#options.clock.monotonicMs();
    const toldAtMs = this.#wrongAtMs.get(chatId) ?? Number.NEGATIVE_INFINITY;
    if (nowMs - toldAtMs < WRONG_OF_CHAT_MS || nowMs - this.#wrongToAnyAtMs < WRONG_OF_ALL_MS) return false;
    if (this.#wrongAtMs.size >= CHATS_MAX) this.#wrongAtMs.clear();
    this.#wrongAtMs.set(chatId, nowMs);
    this.#wrongToAnyAtMs = nowMs;
    return true;
  }

  /** Once: whoever does not hear of it sees it in his settings. */
  async #answer(chatId: string, text: string): Promise<void> {
    const outcome = await this.#options.api.sendMessage(chatId, text, this.#ended.signal);
    if (outcome.kind !== "sent") this.#log.info("an answer was not sent", { kind: outcome.kind });
  }
}
