// Where letters go: recipients, whose chat is looked up and believed for a while, and chats, each with its own pace.
// Two recipients may share a chat (an operator who trades), so pace and trouble belong to the chat.

import type { Language } from "../../domain/notice.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Audience } from "../../ports/notifier.ts";
import type { Log } from "../../ports/telemetry.ts";
import { Box } from "./outbox.ts";
import { Pace } from "./pace.ts";

const PER_SECOND = 1;
const PER_MINUTE = 20;
const LOOKUPS_MAX = 4;
const LOOKUP_AGAIN_MS_MIN = 1_000;
const LOOKUP_AGAIN_MS_MAX = 60_000;
/** An address that is not believed any more is kept for when it cannot be looked up. */
const ADDRESS_KEPT_MS = 3_600_000;

export interface Address {
  readonly chatId: string;
  readonly language: Language;
}

export class Chat {
  readonly #second = new Pace(PER_SECOND, 1_000);
  readonly #minute = new Pace(PER_MINUTE, 60_000);
  /** The id that works: a group's may change. */
  sendTo: string;
  /** A 429's wait, or one after a failure. */
  heldUntilMs = Number.NEGATIVE_INFINITY;
  goneUntilMs = Number.NEGATIVE_INFINITY;
  /** In a row. */
  failures = 0;

  constructor(private readonly id: string) {
    this.sendTo = id;
  }

  freeAtMs(nowMs: number): number {
    return Math.max(this.heldUntilMs, this.#second.freeAtMs(nowMs), this.#minute.freeAtMs(nowMs));
  }

  begin(): void {
    this.#second.begin();
    this.#minute.begin();
  }

  end(nowMs: number): void {
    this.#second.end(nowMs);
    this.#minute.end(nowMs);
  }

  /** Nothing is known of it that a new one would not know. */
  isNew(nowMs: number): boolean {
    const isFree = Math.max(this.heldUntilMs, this.goneUntilMs) <= nowMs && this.#minute.isIdle(nowMs);
    return isFree && this.failures === 0 && this.sendTo === this.id;
  }
}

export class Recipient extends Box {
  /** A message to this recipient is on its way. */
  isBusy = false;
  isLookedUp = false;
  /** Undefined: wants no notices, or not looked up yet. */
  address: Address | undefined;
  believedUntilMs = Number.NEGATIVE_INFINITY;
  lookUpAtMs = Number.NEGATIVE_INFINITY;
  lookupFailures = 0;

  isForgettable(nowMs: number): boolean {
    const isIdle = this.count === 0 && !this.lost && !this.isBusy && !this.isLookedUp;
    return isIdle && this.believedUntilMs + ADDRESS_KEPT_MS <= nowMs;
  }
}

export class ChatBook {
  readonly #chats = new Map<string, Chat>();
  #lookupCount = 0;
  #isLookupFailing = false;

  constructor(
    private readonly options: {
      readonly clock: Clock;
      readonly log: Log;
      readonly chatOf: (userId: number) => Promise<Address | undefined>;
      readonly operator: Address | undefined;
      readonly addressMs: number;
      readonly lookupTimeoutMs: number;
      readonly onChange: () => void;
    },
  ) {}

  get lookupCount(): number {
    return this.#lookupCount;
  }

  recipient(audience: Audience): Recipient {
    const recipient = new Recipient(audience);
    if (audience === "operator") {
      recipient.address = this.options.operator;
      recipient.believedUntilMs = Number.POSITIVE_INFINITY;
    }
    return recipient;
  }

  /** The recipient's chat, or "nowhere"; while that is being looked up, when to ask again. */
  chatOf(recipient: Recipient, nowMs: number): Chat | "nowhere" | number {
    if (recipient.believedUntilMs <= nowMs) return this.#lookUp(recipient, nowMs);
    if (!recipient.address) return "nowhere";
    const { chatId } = recipient.address;
    const chat = this.#chats.get(chatId) ?? new Chat(chatId);
    this.#chats.set(chatId, chat);
    return chat;
  }

  tidy(nowMs: number): void {
    for (const [chatId, chat] of this.#chats) if (chat.isNew(nowMs)) this.#chats.delete(chatId);
  }

  #lookUp(recipient: Recipient, nowMs: number): number {
    if (recipient.isLookedUp) return Number.POSITIVE_INFINITY;
    if (recipient.lookUpAtMs > nowMs) return recipient.lookUpAtMs;
    if (this.#lookupCount < LOOKUPS_MAX) void this.#ask(recipient);
    return Number.POSITIVE_INFINITY;
  }

  async #ask(recipient: Recipient): Promise<void> {
    const { clock, log, addressMs, onChange } = this.options;
    recipient.isLookedUp = true;
    this.#lookupCount++;
    const { audience } = recipient;
    try {
      recipient.address = audience === "operator" ? undefined : await this.#answer(audience.userId);
      recipient.believedUntilMs = clock.monotonicMs() + addressMs;
      recipient.lookupFailures = 0;
      if (this.#isLookupFailing) log.info("chats can be looked up again");
      this.#isLookupFailing = false;
    } catch (fault) {
      if (!this.#isLookupFailing) log.warn("chats cannot be looked up", { fault });
      this.#isLookupFailing = true;
      const againMs = Math.min(LOOKUP_AGAIN_MS_MIN * 2 ** recipient.lookupFailures++, LOOKUP_AGAIN_MS_MAX);
      recipient.lookUpAtMs = clock.monotonicMs() + againMs;
      // Better to somewhere that was right a while ago than to nobody.
      if (recipient.address) recipient.believedUntilMs = clock.monotonicMs() + addressMs;
    }
    recipient.isLookedUp = false;
    this.#lookupCount--;
    onChange();
  }

  async #answer(userId: number): Promise<Address | undefined> {
    const { clock, chatOf, lookupTimeoutMs } = this.options;
    const over = new AbortController();
    try {
      return await Promise.race([
        chatOf(userId),
        clock.sleep(lookupTimeoutMs, over.signal).then(() => {
          throw new Error(`expected an answer within ${lookupTimeoutMs} ms, was none`);
        }),
      ]);
    } finally {
      over.abort();
    }
  }
}
