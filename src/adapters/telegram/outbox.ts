// Letters that wait, by recipient, and never more of them than the limits. When there is no room the oldest piece of
// information goes first, and an alert only when there is nothing else; what is lost is counted, so that the
// recipient can be told.

import type { Notice, NoticeLevel } from "../../domain/notice.ts";
import type { Audience } from "../../ports/notifier.ts";

export interface Letter {
  readonly audience: Audience;
  readonly notice: Notice;
  readonly level: NoticeLevel;
  /** When it happened, epoch ms. */
  readonly atMs: number;
  /** When we were told, monotonic. */
  readonly toldAtMs: number;
  readonly moreLikeThis: number;
}

export interface Lost {
  readonly count: number;
  readonly alertCount: number;
  /** Monotonic. */
  readonly sinceMs: number;
}

/** What waits for one recipient. Sets keep the order and let go of any letter at once. */
export class Box {
  readonly waiting: Readonly<Record<NoticeLevel, Set<Letter>>> = { alert: new Set(), info: new Set() };
  /** Tried without success; goes before its equals. */
  readonly again: Partial<Record<NoticeLevel, Letter>> = {};
  lost: Lost | undefined;

  constructor(readonly audience: Audience) {}

  get count(): number {
    const { alert, info } = this.waiting;
    return alert.size + info.size + (this.again.alert ? 1 : 0) + (this.again.info ? 1 : 0);
  }

  /** Alerts before information, then the oldest. */
  get next(): Letter | undefined {
    const { alert, info } = this.waiting;
    return this.again.alert ?? first(alert) ?? this.again.info ?? first(info);
  }

  lose(letter: Letter, nowMs: number): void {
    // What a letter stands for is lost with it.
    const count = 1 + letter.moreLikeThis;
    this.lost = {
      count: (this.lost?.count ?? 0) + count,
      alertCount: (this.lost?.alertCount ?? 0) + (letter.level === "alert" ? count : 0),
      sinceMs: this.lost?.sinceMs ?? nowMs,
    };
  }

  /** The recipient has been told of these; others may have been lost meanwhile. */
  losesTold(told: Lost, nowMs: number): void {
    const { count = 0, alertCount = 0 } = this.lost ?? {};
    this.lost =
      count > told.count
        ? { count: count - told.count, alertCount: alertCount - told.alertCount, sinceMs: nowMs }
        : undefined;
  }
}

export class Outbox<B extends Box> {
  readonly boxes = new Map<string, B>();
  /** The same letters as in all boxes together, oldest first. */
  readonly #waiting: Readonly<Record<NoticeLevel, Map<Letter, B>>> = { alert: new Map(), info: new Map() };

  constructor(
    private readonly options: {
      readonly lettersMax: number;
      readonly lettersPerBoxMax: number;
      readonly makeBox: (audience: Audience) => B;
      readonly onLost: (letter: Letter) => void;
    },
  ) {}

  add(letter: Letter, nowMs: number): void {
    const key = boxKey(letter.audience);
    const box = this.boxes.get(key) ?? this.options.makeBox(letter.audience);
    this.boxes.set(key, box);
    box.waiting[letter.level].add(letter);
    this.#waiting[letter.level].set(letter, box);
    if (box.waiting.alert.size + box.waiting.info.size > this.options.lettersPerBoxMax) {
      this.#lose(first(box.waiting.info) ?? first(box.waiting.alert)!, nowMs);
    }
    // Those being tried again come on top, two to a box at most.
    if (this.#waiting.alert.size + this.#waiting.info.size > this.options.lettersMax) {
      this.#lose(first(this.#waiting.info.keys()) ?? first(this.#waiting.alert.keys())!, nowMs);
    }
  }

  /** Takes a box's next letter out; it is the caller's to send, try again or lose. */
  take(box: B): Letter | undefined {
    const letter = box.next;
    if (!letter) return undefined;
    if (box.again[letter.level] === letter) delete box.again[letter.level];
    else this.#forget(box, letter);
    return letter;
  }

  /** Puts back what was taken and not sent, before its equals. */
  tryAgain(box: B, letter: Letter): void {
    box.again[letter.level] = letter;
  }

  lose(box: B, letter: Letter, nowMs: number): void {
    box.lose(letter, nowMs);
    this.options.onLost(letter);
  }

  /** Nobody is there to read them. */
  empty(box: B): void {
    while (this.take(box));
    box.lost = undefined;
  }

  /** Behind all others, so that each gets a turn. */
  toTheEnd(box: B): void {
    const key = boxKey(box.audience);
    this.boxes.delete(key);
    this.boxes.set(key, box);
  }

  #lose(letter: Letter, nowMs: number): void {
    const box = this.#waiting[letter.level].get(letter)!;
    this.#forget(box, letter);
    this.lose(box, letter, nowMs);
  }

  #forget(box: B, letter: Letter): void {
    box.waiting[letter.level].delete(letter);
    this.#waiting[letter.level].delete(letter);
  }
}

export function boxKey(audience: Audience): string {
  return audience === "operator" ? "operator" : `user ${audience.userId}`;
}

function first<T>(values: Iterable<T>): T | undefined {
  for (const value of values) return value;
  return undefined;
}
