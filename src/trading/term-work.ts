// What is under way in one term: nothing of it may be left running when the next one begins.

import { isPassing } from "../domain/store-fault.ts";
import type { Clock } from "../ports/clock.ts";
import type { Term } from "./writer.ts";

const STORE_RETRY_MS = 1_000;

export class TermWork {
  readonly #work = new Set<Promise<unknown>>();

  constructor(
    private readonly clock: Clock,
    readonly term: Term,
  ) {}

  track<T>(work: Promise<T>): Promise<T> {
    this.#work.add(work);
    void work.catch(() => undefined).finally(() => this.#work.delete(work));
    return work;
  }

  /** Until it succeeds or the term is over: undefined then. Whatever is not the store's absence rejects. */
  async insist<T>(work: () => Promise<T>): Promise<T | undefined> {
    while (!this.term.isOver) {
      try {
        return await work();
      } catch (error) {
        if (!isPassing(error)) throw error;
        await this.clock.sleep(STORE_RETRY_MS, this.term.lost);
      }
    }
    return undefined;
  }

  /** When the term is over. */
  over(): Promise<void> {
    const { lost } = this.term;
    if (lost.aborted) return Promise.resolve();
    return new Promise((resolve) => lost.addEventListener("abort", () => resolve(), { once: true }));
  }

  async settled(): Promise<void> {
    while (this.#work.size > 0) await Promise.allSettled(this.#work);
  }
}

/** Resolves with the first of the two. `work` must not reject. */
export async function doneOrAborted(work: Promise<unknown>, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const onAbort = () => resolve();
  signal.addEventListener("abort", onAbort, { once: true });
  await Promise.race([work, promise]);
  signal.removeEventListener("abort", onAbort);
}
