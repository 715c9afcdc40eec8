// A work queue in memory that behaves as JetStream's does: tasks in order, each lent to one worker for the ack wait,
// handed to the next one after it, dropped past the maximum age or given up after the last delivery. All times come
// from the injected clock.
//
// A task is either waiting (its `readyAtMs` has come) or lent (`readyAtMs` is when it comes back). Workers wait in
// the order they asked.

import { type StreamPlan, TASKS, type TaskConsumerPlan } from "../../../schema/messages/subjects.ts";
import { BusFault } from "../../domain/bus-fault.ts";
import type { TaskDelivery } from "../../ports/bus.ts";
import type { Clock } from "../../ports/clock.ts";
import { SeenIds } from "./seen-ids.ts";

interface StoredTask {
  readonly bytes: Uint8Array;
  readonly storedAtMs: number;
  deliveries: number;
  readyAtMs: number;
}

interface Waiter {
  readonly hand: (delivery: TaskDelivery | undefined) => void;
}

export class MemoryQueue {
  readonly #tasks = new Set<StoredTask>();
  readonly #waiters = new Set<Waiter>();
  readonly #seen: SeenIds;
  #stream: StreamPlan | undefined;
  #consumer: TaskConsumerPlan | undefined;
  #timer: AbortController | undefined;
  #closed = false;

  constructor(private readonly clock: Clock) {
    this.#seen = new SeenIds(clock);
  }

  configure(stream: StreamPlan, consumer: TaskConsumerPlan): void {
    this.#stream = stream;
    this.#consumer = consumer;
    this.#dispatch();
  }

  publish(id: string, bytes: Uint8Array): void {
    const stream = this.#stream;
    if (stream === undefined || this.#closed) {
      throw new BusFault("passing", `storing ${id} on ${TASKS.subject}: no such stream`);
    }
    if (!this.#seen.add(id, stream.duplicateWindowMs)) return;
    const nowMs = this.clock.monotonicMs();
    this.#tasks.add({ bytes, storedAtMs: nowMs, deliveries: 0, readyAtMs: nowMs });
    if (this.#tasks.size > stream.maxMessages) this.#tasks.delete(this.#tasks.values().next().value!);
    this.#dispatch();
  }

  async next(waitMs: number): Promise<TaskDelivery | undefined> {
    if (this.#closed) return undefined;
    const { promise, resolve } = Promise.withResolvers<TaskDelivery | undefined>();
    const ended = new AbortController();
    const waiter: Waiter = {
      hand: (delivery) => {
        this.#waiters.delete(waiter);
        ended.abort();
        resolve(delivery);
      },
    };
    this.#waiters.add(waiter);
    void this.clock.sleep(waitMs, ended.signal).then(() => {
      if (!ended.signal.aborted) waiter.hand(undefined);
    });
    this.#dispatch();
    return promise;
  }

  close(): void {
    this.#closed = true;
    this.#timer?.abort();
    for (const waiter of [...this.#waiters]) waiter.hand(undefined);
    this.#tasks.clear();
  }

  /** Hands ready tasks to waiting workers, then sleeps until the next one comes back. */
  #dispatch(): void {
    const consumer = this.#consumer;
    const stream = this.#stream;
    if (this.#closed || consumer === undefined || stream === undefined) return;
    const nowMs = this.clock.monotonicMs();
    let nextReadyAtMs = Number.POSITIVE_INFINITY;
    for (const task of this.#tasks) {
      if (nowMs - task.storedAtMs >= stream.maxAgeMs) {
        this.#tasks.delete(task);
        continue;
      }
      if (task.deliveries >= consumer.maxDeliver && task.readyAtMs <= nowMs) continue;
      if (task.readyAtMs > nowMs) {
        nextReadyAtMs = Math.min(nextReadyAtMs, task.readyAtMs);
        continue;
      }
      const waiter = this.#waiters.values().next().value;
      if (waiter === undefined) break;
      task.deliveries++;
      task.readyAtMs = nowMs + consumer.ackWaitMs;
      nextReadyAtMs = Math.min(nextReadyAtMs, task.readyAtMs);
      waiter.hand(this.#lend(task));
    }
    this.#wakeAt(nextReadyAtMs, nowMs);
  }

  /** Only needed while somebody waits: whoever asks later looks for himself. */
  #wakeAt(atMs: number, nowMs: number): void {
    this.#timer?.abort();
    this.#timer = undefined;
    if (this.#waiters.size === 0 || atMs === Number.POSITIVE_INFINITY) return;
    const timer = new AbortController();
    this.#timer = timer;
    void this.clock.sleep(atMs - nowMs, timer.signal).then(() => {
      if (!timer.signal.aborted) this.#dispatch();
    });
  }

  #lend(task: StoredTask): TaskDelivery {
    const attempt = task.deliveries;
    let ended = false;
    const end = (act: () => void) => {
      if (ended) return;
      ended = true;
      act();
    };
    // Whoever comes too late with "no" or "working" must not touch what another worker now holds.
    const holds = () => this.#tasks.has(task) && task.deliveries === attempt;
    return {
      bytes: task.bytes,
      attempt,
      ack: async () => end(() => this.#tasks.delete(task)),
      term: () => end(() => this.#tasks.delete(task)),
      nak: (delayMs) =>
        end(() => {
          if (!holds()) return;
          task.readyAtMs = this.clock.monotonicMs() + delayMs;
          this.#dispatch();
        }),
      working: () => {
        if (ended || !holds() || this.#consumer === undefined) return;
        task.readyAtMs = this.clock.monotonicMs() + this.#consumer.ackWaitMs;
      },
    };
  }
}
