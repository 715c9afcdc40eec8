// The line that says how fresh the page is: connection, tick in Korean time, its age, the books' age. Only the word
// for the connection is announced to screen readers; the age changes every second and stays silent.

import { byId, setAttribute, setHidden, setText } from "../../src/web/dom.ts";
import { type Language, lengthText, secondsText, timeKst } from "../../src/web/format.ts";
import type { Words } from "./words.ts";

/** "late" is a live connection on which no new tick came in time. */
export type LinkState = "connecting" | "live" | "late" | "reconnecting" | "paused" | "stopped";

export interface Status {
  readonly link: LinkState;
  /** 0 before the first tick. */
  readonly tickAtMs: number;
  readonly nowMs: number;
  /** NaN when nothing is quoted. */
  readonly bookAgeMedianMs: number;
}

/** How long after a tick its successor may take before the page says so: two more ticks and time to travel. */
export function lateAfterMs(tickIntervalMs: number): number {
  return 2 * tickIntervalMs + 5_000;
}

export class StatusView {
  readonly #root = byId("state", HTMLDivElement);
  readonly #word = byId("state-word", HTMLSpanElement);
  readonly #tick = byId("state-tick", HTMLSpanElement);
  readonly #age = byId("state-age", HTMLSpanElement);
  readonly #books = byId("state-books", HTMLSpanElement);

  render({ link, tickAtMs, nowMs, bookAgeMedianMs }: Status, words: Words, language: Language): void {
    setAttribute(this.#root, "data-state", link);
    setAttribute(document.documentElement, "data-fresh", String(link === "live"));
    setText(this.#word, words[link]);
    if (tickAtMs === 0) {
      setText(this.#tick, words.noTick);
    } else {
      setText(this.#tick, `${words.tick} ${timeKst(tickAtMs)} ${words.kst}`);
      setText(this.#age, words.ago(secondsText(nowMs - tickAtMs, language)));
    }
    setHidden(this.#age, tickAtMs === 0);
    setHidden(this.#books, Number.isNaN(bookAgeMedianMs));
    if (!Number.isNaN(bookAgeMedianMs)) {
      setText(this.#books, words.bookAgeMedian(lengthText(bookAgeMedianMs, language)));
      setAttribute(this.#books, "title", words.bookAgeHint);
    }
  }
}
