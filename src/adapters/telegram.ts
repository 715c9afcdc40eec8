// Notices by Telegram. `tell` only puts a letter into a bounded outbox; one loop sends, and whatever happens to it
// (Telegram slow, down or refusing, users' chats not to be looked up) reaches neither the caller nor other chats.
//
// A letter goes out when nothing holds it back:
//   all of Telegram   paused after failures (1 s doubling to 60 s), a refused token (5 min), or 429s in two chats
//   its chat          1 message a second, 20 a minute, a 429's retry_after; given up for an hour when blocked or gone
//   its recipient     the chat is being looked up, or the look-up failed
// It may arrive twice when an answer was lost, and is given up half an hour after it was told.

import { type Language, noticeLevel } from "../domain/notice.ts";
import { lostNoticesText, noticeText } from "../domain/notice-text.ts";
import type { Clock } from "../ports/clock.ts";
import type { Notifier } from "../ports/notifier.ts";
import type { Log } from "../ports/telemetry.ts";
import { ApiPause, failurePauseMs } from "./telegram/api-pause.ts";
import type { BotApi, SendOutcome } from "./telegram/bot-api.ts";
import { type Address, type Chat, ChatBook, type Recipient } from "./telegram/chats.ts";
import { TELEGRAM_LIMITS, type TelegramLimits } from "./telegram/limits.ts";
import { LossLog } from "./telegram/loss-log.ts";
import { boxKey, type Letter, type Lost, Outbox } from "./telegram/outbox.ts";
import { Pace } from "./telegram/pace.ts";
import { Repeats } from "./telegram/repeats.ts";

export type { Address } from "./telegram/chats.ts";

const MESSAGES_PER_SECOND = 30;
const AFTER_DEFECT_MS = 60_000;
/** Losses are told to a recipient when its box is empty, or when they go on, this often. */
const LOST_TOLD_EVERY_MS = 60_000;
const TIDY_EVERY_MS = 60_000;

export interface TelegramOptions {
  readonly api: Pick<BotApi, "sendMessage">;
  readonly clock: Clock;
  readonly log: Log;
  /**
   * Where a user wants notices: undefined unless `telegram_notifications_enabled` and there is a `telegram_chat_id`
   * (contract 3.7). May be slow or reject.
   */
  readonly chatOf: (userId: number) => Promise<Address | undefined>;
  /** Undefined: operators read the log. */
  readonly operator: Address | undefined;
  readonly limits?: Partial<TelegramLimits>;
}

export interface TelegramNotifier extends Notifier {
  /** Since the start. */
  readonly counts: { readonly sent: number; readonly lost: number };
  /** Sends what it can for two seconds, then drops the rest. Nothing is taken any more. */
  stop(): Promise<void>;
}

export function createTelegramNotifier(options: TelegramOptions): TelegramNotifier {
  const sender = new Sender(options);
  return {
    tell: (message) => sender.tell(message),
    stop: () => sender.stop(),
    get counts() {
      return sender.counts;
    },
  };
}

/** One message on its way: a letter, or word of what was lost. */
interface Sending {
  readonly box: Recipient;
  readonly chat: Chat;
  readonly text: string;
  readonly letter: Letter | undefined;
  readonly lost: Lost | undefined;
}

class Sender {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #limits: TelegramLimits;
  readonly #outbox: Outbox<Recipient>;
  readonly #repeats: Repeats;
  readonly #chats: ChatBook;
  readonly #pause: ApiPause;
  readonly #losses: LossLog;
  readonly #pace = new Pace(MESSAGES_PER_SECOND, 1_000);
  readonly #ended = new AbortController();
  readonly #running: Promise<void>;
  #wake = new AbortController();
  #woken = false;
  #inFlight = 0;
  #sentCount = 0;
  #tidiedAtMs = Number.NEGATIVE_INFINITY;
  #stopAtMs: number | undefined;

  constructor(private readonly options: TelegramOptions) {
    this.#clock = options.clock;
    this.#log = options.log.child({ part: "telegram" });
    this.#pause = new ApiPause(this.#log);
    this.#losses = new LossLog(this.#log);
    const limits = { ...TELEGRAM_LIMITS, ...options.limits };
    this.#limits = limits;
    this.#repeats = new Repeats(limits.repeatWindowMs, limits.repeatKeysMax);
    this.#chats = new ChatBook({ ...options, log: this.#log, ...limits, onChange: () => this.#poke() });
    this.#outbox = new Outbox<Recipient>({
      lettersMax: limits.lettersMax,
      lettersPerBoxMax: limits.lettersPerRecipientMax,
      makeBox: (audience) => this.#chats.recipient(audience),
      onLost: () => this.#losses.add(),
    });
    this.#running = this.#run();
  }

  tell({ audience, notice, atMs, dedupeKey }: Parameters<Notifier["tell"]>[0]): void {
    try {
      if (this.#stopAtMs !== undefined || (audience === "operator" && !this.options.operator)) return;
      const nowMs = this.#clock.monotonicMs();
      const level = noticeLevel(notice);
      const letter: Letter = { audience, notice, level, atMs, toldAtMs: nowMs, moreLikeThis: 0 };
      const key = `${boxKey(audience)} ${dedupeKey}`;
      const letters = dedupeKey === undefined ? [letter] : this.#repeats.admit(key, letter, nowMs);
      for (const one of letters) this.#outbox.add(one, nowMs);
      this.#poke();
    } catch (fault) {
      this.#log.error("a notice could not be taken", { kind: notice?.kind, fault });
    }
  }

  get counts(): TelegramNotifier["counts"] {
    return { sent: this.#sentCount, lost: this.#losses.total };
  }

  async stop(): Promise<void> {
    if (this.#stopAtMs === undefined) {
      this.#stopAtMs = this.#clock.monotonicMs() + this.#limits.stopMs;
      this.#poke();
      await Promise.race([this.#running, this.#clock.sleep(this.#limits.stopMs, this.#ended.signal)]);
      this.#ended.abort();
      this.#poke();
    }
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#ended.signal.aborted) {
      let nextAtMs: number;
      try {
        nextAtMs = this.#startWhatMay(this.#clock.monotonicMs());
      } catch (fault) {
        this.#log.error("the sender of notices failed", { fault });
        nextAtMs = this.#clock.monotonicMs() + AFTER_DEFECT_MS;
      }
      const isBusy = this.#inFlight > 0 || this.#chats.lookupCount > 0;
      if (this.#stopAtMs !== undefined && !isBusy && nextAtMs > this.#stopAtMs) break;
      await this.#sleepUntil(nextAtMs);
    }
    this.#ended.abort();
    let unsentCount = this.#inFlight;
    for (const box of this.#outbox.boxes.values()) unsentCount += box.count;
    if (unsentCount > 0) this.#log.warn("notices were not sent before the end", { unsentCount });
  }

  async #sleepUntil(atMs: number): Promise<void> {
    if (!this.#woken) {
      const { signal } = this.#wake;
      if (Number.isFinite(atMs)) await this.#clock.sleep(atMs - this.#clock.monotonicMs(), signal);
      else await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
    }
    this.#woken = false;
    this.#wake = new AbortController();
  }

  #poke(): void {
    this.#woken = true;
    this.#wake.abort();
  }

  /** Starts every message that may go now. Returns when to look again unless something happens before. */
  #startWhatMay(nowMs: number): number {
    for (const letter of this.#repeats.due(nowMs)) this.#outbox.add(letter, nowMs);
    this.#tidy(nowMs);
    let nextAtMs = Math.min(this.#repeats.nextAtMs, this.#losses.say(nowMs));
    const ready: Record<"alert" | "info", Recipient[]> = { alert: [], info: [] };
    for (const box of this.#outbox.boxes.values()) {
      const atMs = this.#readyAtMs(box, nowMs);
      if (atMs > nowMs) nextAtMs = Math.min(nextAtMs, atMs);
      else ready[box.next?.level ?? "alert"].push(box);
    }
    if (this.#pause.untilMs > nowMs) {
      const isWaiting = ready.alert.length + ready.info.length > 0;
      return isWaiting ? Math.min(nextAtMs, this.#pause.untilMs) : nextAtMs;
    }
    for (const box of [...ready.alert, ...ready.info]) {
      const freeAtMs = this.#freeAtMs(box, nowMs);
      if (freeAtMs > nowMs) nextAtMs = Math.min(nextAtMs, freeAtMs);
      else this.#start(box, nowMs);
    }
    return nextAtMs;
  }

  /** When this recipient has something that may go; Infinity: not before something happens. Drops what is too old. */
  #readyAtMs(box: Recipient, nowMs: number): number {
    if (box.isBusy) return Number.POSITIVE_INFINITY;
    let letter = box.next;
    while (letter && nowMs - letter.toldAtMs > this.#limits.giveUpAfterMs) {
      this.#outbox.take(box);
      this.#outbox.lose(box, letter, nowMs);
      letter = box.next;
    }
    if (!letter && !box.lost) return Number.POSITIVE_INFINITY;
    const chat = this.#chats.chatOf(box, nowMs);
    if (typeof chat === "number") return chat;
    if (chat === "nowhere" || chat.goneUntilMs > nowMs) {
      this.#outbox.empty(box);
      return Number.POSITIVE_INFINITY;
    }
    return chat.freeAtMs(nowMs);
  }

  /** The same once others of this round have been started. */
  #freeAtMs(box: Recipient, nowMs: number): number {
    if (this.#inFlight >= this.#limits.inFlightMax) return Number.POSITIVE_INFINITY;
    return Math.max(this.#pace.freeAtMs(nowMs), this.#readyAtMs(box, nowMs));
  }

  #start(box: Recipient, nowMs: number): void {
    const chat = this.#chats.chatOf(box, nowMs);
    if (typeof chat !== "object") return;
    const { language } = box.address!;
    // Losses are told in place of a letter; what waits behind comes next.
    const lost = this.#lossToTell(box, nowMs);
    const letter = lost ? undefined : this.#outbox.take(box);
    const text = lost ? lostNoticesText(lost, language) : letter && this.#textOf(letter, language);
    if (text === undefined) {
      this.#poke();
      return;
    }
    this.#outbox.toTheEnd(box);
    void this.#send({ box, chat, text, letter, lost });
  }

  /** Never rejects. */
  async #send(message: Sending): Promise<void> {
    const { box, chat, text, letter, lost } = message;
    box.isBusy = true;
    this.#inFlight++;
    this.#pace.begin();
    chat.begin();
    let outcome: SendOutcome;
    try {
      outcome = await this.options.api.sendMessage(chat.sendTo, text, this.#ended.signal);
    } catch {
      // Not expected; an error from there might show the URL, and with it the token.
      outcome = { kind: "failed", why: "defect" };
    }
    const endedAtMs = this.#clock.monotonicMs();
    box.isBusy = false;
    this.#inFlight--;
    this.#pace.end(endedAtMs);
    chat.end(endedAtMs);
    if (outcome.kind === "sent" && lost) box.losesTold(lost, endedAtMs);
    this.#settle(box, chat, letter, outcome, endedAtMs);
    this.#poke();
  }

  #lossToTell(box: Recipient, nowMs: number): Lost | undefined {
    const { lost } = box;
    const isTime = lost && (box.count === 0 || nowMs - lost.sinceMs >= LOST_TOLD_EVERY_MS);
    return isTime ? lost : undefined;
  }

  #textOf(letter: Letter, language: Language): string | undefined {
    try {
      return noticeText(letter.notice, { atMs: letter.atMs, language, moreLikeThis: letter.moreLikeThis });
    } catch (fault) {
      this.#log.error("a notice could not be put into words", { kind: letter.notice.kind, fault });
      return undefined;
    }
  }

  #settle(box: Recipient, chat: Chat, letter: Letter | undefined, outcome: SendOutcome, nowMs: number): void {
    if (letter && outcome.kind !== "sent" && outcome.kind !== "message-refused") {
      this.#outbox.tryAgain(box, letter);
    }
    const recipient = boxKey(box.audience);
    const { chatGoneForMs: forMs } = this.#limits;
    switch (outcome.kind) {
      case "sent":
        if (letter) this.#sentCount++;
        chat.failures = 0;
        this.#pause.sent();
        break;
      case "wait":
        chat.heldUntilMs = nowMs + outcome.forMs;
        this.#pause.chatHeld(chat.heldUntilMs, nowMs);
        break;
      case "moved":
        this.#log.warn("a chat has another id now", { recipient, chatId: outcome.chatId });
        chat.sendTo = outcome.chatId;
        break;
      case "chat-gone":
        this.#log.warn("a chat takes no notices and is given up", { recipient, why: outcome.why, forMs });
        chat.goneUntilMs = nowMs + forMs;
        break;
      case "message-refused":
        this.#log.error("a notice was refused", { kind: letter?.notice.kind, why: outcome.why });
        if (letter) this.#outbox.lose(box, letter, nowMs);
        else box.lost = undefined;
        break;
      case "bot-refused":
      case "failed":
        if (this.#ended.signal.aborted) break;
        chat.heldUntilMs = nowMs + failurePauseMs(chat.failures++);
        this.#pause.failed(outcome.kind, outcome.why, nowMs);
    }
  }

  /** Lets go of recipients and chats that nothing is known of but what can be looked up. */
  #tidy(nowMs: number): void {
    if (nowMs - this.#tidiedAtMs < TIDY_EVERY_MS) return;
    this.#tidiedAtMs = nowMs;
    for (const [key, box] of this.#outbox.boxes) {
      if (box.isForgettable(nowMs)) this.#outbox.boxes.delete(key);
    }
    this.#chats.tidy(nowMs);
  }
}
