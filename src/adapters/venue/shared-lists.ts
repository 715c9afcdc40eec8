// Lists of an account's orders, shared by look-ups that run at once. A dead process may have used a handful of ids, each
// of which is looked for in the same lists; one answer tells of them all, if it was asked for after each look-up began.

import type { Clock } from "../../ports/clock.ts";

interface Shared<T> {
  readonly name: string;
  readonly begunMs: number;
  readonly answer: Promise<T>;
}

export class SharedLists<T> {
  /** The last of each kind: what is asked for by many is asked for now. */
  readonly #last = new Map<string, Shared<T>>();

  constructor(private readonly clock: Pick<Clock, "monotonicMs">) {}

  /**
   * `name` tells lists of one kind apart: by symbol, say. An answer that was asked for before `sinceMs` (monotonic) is
   * asked for anew; one that failed is everybody's failure.
   */
  read(kind: string, name: string, sinceMs: number, ask: () => Promise<T>): Promise<T> {
    const held = this.#last.get(kind);
    if (held && held.name === name && held.begunMs >= sinceMs) return held.answer;
    const answer = ask();
    this.#last.set(kind, { name, begunMs: this.clock.monotonicMs(), answer });
    return answer;
  }
}
