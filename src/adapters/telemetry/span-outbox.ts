// Ended spans on their way to the collector, off every other way: `take` puts one into a bounded queue and returns, and
// a loop of its own sends batches. Nothing is sent twice: a batch the collector did not take is counted as lost, and so
// is the newest span while the queue is full. That the collector is away is said once, and that it is back.

import type { Clock } from "../../ports/clock.ts";
import type { Log } from "../../ports/telemetry.ts";
import type { FinishedSpan } from "./tracer.ts";

export interface SpanOutboxDeps {
  readonly clock: Clock;
  readonly log: Log;
  /** Rejects when the batch was not taken. */
  readonly send: (spans: readonly FinishedSpan[]) => Promise<void>;
  readonly waitingMax?: number;
}

export interface SpanCounts {
  readonly exported: number;
  readonly lost: number;
  readonly waiting: number;
}

const WAITING_MAX = 4_096;
/** Encoding one takes the event loop less than a millisecond. */
const BATCH_MAX = 128;
const GATHER_MS = 1_000;
/** A collector that answers by and by holds up spans, and is given up in the end. */
const SEND_MS_MAX = 10_000;
const STOP_MS = 1_000;

export class SpanOutbox {
  readonly #waiting: FinishedSpan[] = [];
  readonly #stopping = new AbortController();
  readonly #running: Promise<void>;
  #wake = Promise.withResolvers<void>();
  #exported = 0;
  #lost = 0;
  #lostBefore: number | undefined;

  constructor(private readonly deps: SpanOutboxDeps) {
    this.#running = this.#run();
  }

  get counts(): SpanCounts {
    return { exported: this.#exported, lost: this.#lost, waiting: this.#waiting.length };
  }

  take(span: FinishedSpan): void {
    if (this.#waiting.length >= (this.deps.waitingMax ?? WAITING_MAX)) {
      this.#lost++;
      return;
    }
    this.#waiting.push(span);
    this.#wake.resolve();
  }

  /** Sends what it can for a second. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#wake.resolve();
    const ended = new AbortController();
    const running = this.#running.finally(() => ended.abort());
    await Promise.race([running, this.deps.clock.sleep(STOP_MS, ended.signal)]);
  }

  async #run(): Promise<void> {
    const { clock } = this.deps;
    const { signal } = this.#stopping;
    for (;;) {
      if (this.#waiting.length === 0) {
        if (signal.aborted) return;
        this.#wake = Promise.withResolvers();
        await this.#wake.promise;
        await clock.sleep(GATHER_MS, signal);
        continue;
      }
      await this.#send(this.#waiting.splice(0, BATCH_MAX));
    }
  }

  async #send(batch: readonly FinishedSpan[]): Promise<void> {
    const { clock, log, send } = this.deps;
    const sent = new AbortController();
    try {
      await Promise.race([
        send(batch),
        clock.sleep(SEND_MS_MAX, sent.signal).then(() => {
          if (!sent.signal.aborted) throw new Error(`expected an answer within ${SEND_MS_MAX} ms`);
        }),
      ]);
      this.#exported += batch.length;
      if (this.#lostBefore !== undefined) {
        log.info("traces reach the collector again", { lostCount: this.#lost - this.#lostBefore });
        this.#lostBefore = undefined;
      }
    } catch (error) {
      if (this.#lostBefore === undefined) log.warn("traces do not reach the collector", { error });
      this.#lostBefore ??= this.#lost;
      this.#lost += batch.length;
    } finally {
      sent.abort();
    }
  }
}
