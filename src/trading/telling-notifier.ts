// Notices to users, told as events as well, in both languages. Notices of one key come as one event in ten minutes.

import { noticeLevel } from "../domain/notice.ts";
import { noticeText } from "../domain/notice-text.ts";
import type { Clock } from "../ports/clock.ts";
import type { TradingMode } from "../ports/journal.ts";
import type { Notifier } from "../ports/notifier.ts";
import type { UserEventSink } from "../ports/user-events.ts";

const AGAIN_MS = 600_000;
const KEYS_MAX = 10_000;

export class TellingNotifier implements Notifier {
  readonly #toldAtMs = new Map<string, number>();

  constructor(
    private readonly notifier: Notifier,
    private readonly parts: {
      readonly events: UserEventSink;
      readonly mode: TradingMode;
      readonly clock: Clock;
    },
  ) {}

  tell(message: Parameters<Notifier["tell"]>[0]): void {
    this.notifier.tell(message);
    const { audience, notice, atMs, dedupeKey } = message;
    if (audience === "operator") return;
    const { userId } = audience;
    if (dedupeKey !== undefined && !this.#isNew(`${userId} ${dedupeKey}`)) return;
    this.parts.events.tell({
      ...{ kind: "alert", mode: this.parts.mode, userId, atMs, level: noticeLevel(notice) },
      ...{ notice: notice.kind, coin: ("coin" in notice && notice.coin) || null },
      ...{
        ko: noticeText(notice, { atMs, language: "ko" }),
        en: noticeText(notice, { atMs, language: "en" }),
      },
    });
  }

  #isNew(key: string): boolean {
    const nowMs = this.parts.clock.monotonicMs();
    const toldAtMs = this.#toldAtMs.get(key);
    if (toldAtMs !== undefined && nowMs - toldAtMs < AGAIN_MS) return false;
    if (this.#toldAtMs.size >= KEYS_MAX) this.#toldAtMs.clear();
    this.#toldAtMs.set(key, nowMs);
    return true;
  }
}
