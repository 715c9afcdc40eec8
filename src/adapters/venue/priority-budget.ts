// A budget of requests with a part kept back for what is urgent: exits, hedges, and looking up what became of an
// order. Rolling windows; a request counts from its grant until one window after its answer (rate-window.ts).
//
// Who is urgent goes first; among equals, who came first. Everybody else stops at the part that is not kept back.

import type { Clock } from "../../ports/clock.ts";
import { RateWindow } from "./rate-window.ts";

export interface BudgetLimit {
  readonly capacity: number;
  readonly windowMs: number;
}

/** One request's place in the budget; exactly one of the two is called, once. */
export interface Spent {
  /** It was sent: it counts until its window has passed. */
  answered(): void;
  /** It was not sent after all. */
  unsent(): void;
}

/** Share of every budget that only urgent requests may use. */
export const KEPT_RATIO = 0.3;

interface Waiting {
  readonly urgent: boolean;
  readonly order: number;
  wake: () => void;
}

export class PriorityBudget {
  readonly #windows: readonly { window: RateWindow; limit: BudgetLimit }[];
  readonly #waiting = new Set<Waiting>();
  #order = 0;

  constructor(
    private readonly clock: Clock,
    limits: readonly BudgetLimit[],
  ) {
    this.#windows = limits.map((limit) => ({ window: new RateWindow(clock, limit.windowMs), limit }));
  }

  /** A place within `waitMsMax`, or undefined: there is none, or it is known already that there will be none. */
  async take(urgent: boolean, waitMsMax: number): Promise<Spent | undefined> {
    const startedAtMs = this.clock.monotonicMs();
    const me: Waiting = { urgent, order: this.#order++, wake: () => {} };
    this.#waiting.add(me);
    try {
      for (;;) {
        const restMs = waitMsMax - (this.clock.monotonicMs() - startedAtMs);
        const waitMs = this.#waitMs(urgent);
        const othersFirst = this.#goesLater(me);
        if (waitMs === 0 && !othersFirst) return this.#spend();
        const hopeless = Number.isFinite(waitMs) && waitMs > restMs;
        if (restMs <= 0 || hopeless) return undefined;
        await this.#sleep(me, waitMs > 0 ? Math.min(waitMs, restMs) : restMs);
      }
    } finally {
      this.#waiting.delete(me);
      this.#wake();
    }
  }

  /** Nobody takes anything for so long: the venue has refused because of its limit. */
  hold(lengthMs: number): void {
    for (const { window } of this.#windows) window.hold(lengthMs);
  }

  #spend(): Spent {
    for (const { window } of this.#windows) window.take(1);
    let isSettled = false;
    const settle = (how: "answered" | "giveBack") => () => {
      if (isSettled) return;
      isSettled = true;
      for (const { window } of this.#windows) window[how](1);
      this.#wake();
    };
    return { answered: settle("answered"), unsent: settle("giveBack") };
  }

  #waitMs(urgent: boolean): number {
    const waits = this.#windows.map(({ window, limit: { capacity } }) =>
      window.waitMs(1, urgent ? capacity : Math.max(1, Math.floor(capacity * (1 - KEPT_RATIO)))),
    );
    return Math.max(0, ...waits);
  }

  #goesLater(me: Waiting): boolean {
    for (const other of this.#waiting) {
      if (other.urgent && !me.urgent) return true;
      if (other.urgent === me.urgent && other.order < me.order) return true;
    }
    return false;
  }

  #wake(): void {
    for (const waiting of [...this.#waiting]) waiting.wake();
  }

  async #sleep(me: Waiting, lengthMs: number): Promise<void> {
    const changed = new AbortController();
    me.wake = () => changed.abort();
    await this.clock.sleep(lengthMs, changed.signal);
  }
}
