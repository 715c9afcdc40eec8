// When nothing is sent to Telegram at all: after failures (longer with each), while it refuses the token, and when it
// limits more than one chat. Tells the log once when trouble begins and once when it is over.

import type { Log } from "../../ports/telemetry.ts";

const FAILED_MS_MIN = 1_000;
const FAILED_MS_MAX = 60_000;
const REFUSED_MS = 300_000;

/** 1 s, doubling to 60 s. */
export function failurePauseMs(failuresBefore: number): number {
  return Math.min(FAILED_MS_MIN * 2 ** Math.min(failuresBefore, 30), FAILED_MS_MAX);
}

export class ApiPause {
  untilMs = Number.NEGATIVE_INFINITY;
  #failures = 0;
  /** The last wait a 429 asked for, whatever chat. */
  #chatHeldUntilMs = Number.NEGATIVE_INFINITY;

  constructor(private readonly log: Log) {}

  sent(): void {
    if (this.#failures > 0) this.log.info("notices are sent again", { failures: this.#failures });
    this.#failures = 0;
  }

  failed(kind: "failed" | "bot-refused", why: string, nowMs: number): void {
    // Several fail at once when one does: only the first of them counts.
    if (nowMs < this.untilMs) return;
    if (this.#failures === 0) this.log.warn("notices cannot be sent", { kind, why });
    this.untilMs = nowMs + (kind === "failed" ? failurePauseMs(this.#failures) : REFUSED_MS);
    this.#failures++;
  }

  /** Telegram does not say whether it limits the chat or the bot: two chats at once mean the bot. */
  chatHeld(untilMs: number, nowMs: number): void {
    if (this.#chatHeldUntilMs > nowMs) this.untilMs = Math.max(this.untilMs, untilMs);
    this.#chatHeldUntilMs = Math.max(this.#chatHeldUntilMs, untilMs);
  }
}
