// Answers that a crowd shares: one reading at a time for each question, kept for a short while, so that many who ask cost
// the source what one costs. Bounded in readings at a time and in what is kept.

import type { Clock } from "../src/ports/clock.ts";

export interface SharedReadsOptions {
  readonly clock: Clock;
  /** How long an answer is given again, unless it says so itself. */
  readonly keptMs: number;
  /** Different questions being read at a time. */
  readonly readingMax: number;
  /** Sum of the sizes of what is kept. */
  readonly sizeMax: number;
}

export interface Answer<T> {
  readonly value: T;
  /** In whatever `sizeMax` counts. */
  readonly size: number;
  readonly keptMs?: number;
}

interface Kept<T> {
  readonly value: T;
  readonly size: number;
  readonly untilMs: number;
}

export class SharedReads<T> {
  readonly #options: SharedReadsOptions;
  readonly #kept = new Map<string, Kept<T>>();
  readonly #reading = new Map<string, Promise<T>>();
  #size = 0;

  constructor(options: SharedReadsOptions) {
    this.#options = options;
  }

  /** Undefined: too many other questions are being read. Rejects as `read` does; a fault is not kept. */
  get(key: string, read: () => Promise<Answer<T>>): Promise<T> | undefined {
    const kept = this.#kept.get(key);
    if (kept && this.#options.clock.monotonicMs() < kept.untilMs) return Promise.resolve(kept.value);
    const running = this.#reading.get(key);
    if (running) return running;
    if (this.#reading.size >= this.#options.readingMax) return undefined;
    const reading = read()
      .then((answer) => {
        this.#keep(key, answer);
        return answer.value;
      })
      .finally(() => this.#reading.delete(key));
    this.#reading.set(key, reading);
    return reading;
  }

  /** Over the bound the oldest go first. */
  #keep(key: string, { value, size, keptMs = this.#options.keptMs }: Answer<T>): void {
    const { clock, sizeMax } = this.#options;
    this.#drop(key);
    if (size > sizeMax) return;
    this.#kept.set(key, { value, size, untilMs: clock.monotonicMs() + keptMs });
    this.#size += size;
    for (const oldest of this.#kept.keys()) {
      if (this.#size <= sizeMax) break;
      this.#drop(oldest);
    }
  }

  #drop(key: string): void {
    const kept = this.#kept.get(key);
    if (!kept) return;
    this.#kept.delete(key);
    this.#size -= kept.size;
  }
}
