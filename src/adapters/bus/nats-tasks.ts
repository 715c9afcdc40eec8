// The work queue of tasks on JetStream, one task asked for at a time: a worker that asks for more keeps tasks from
// idle ones (perf-notes 6).
//
// The pull is the documented request itself, not the library's `next()`: that one pulls again by itself when the link
// comes back, after its caller has gone, and the task it then receives is lost until the ack wait has passed.
// https://docs.nats.io/reference/reference-protocols/nats_api_reference

import type { JetStreamManager } from "@nats-io/jetstream";
import { errors, type Msg, nanos } from "@nats-io/transport-node";
import { storeTimeoutMs, TASKS, TICK_PERIOD_MS_MIN } from "../../../schema/messages/subjects.ts";
import { BusFault } from "../../domain/bus-fault.ts";
import type { TaskDelivery, TaskQueue } from "../../ports/bus.ts";
import type { Clock } from "../../ports/clock.ts";
import { messageOf, type NatsLink } from "./nats-link.ts";
import type { StreamStore } from "./nats-store.ts";
import { toBusFault } from "./nats-streams.ts";

const PULL_SUBJECT = `$JS.API.CONSUMER.MSG.NEXT.${TASKS.stream}.${TASKS.consumer}`;
/** A queue that has vanished does not answer at all: longer waits are cut into pulls of this length. */
const PULL_MS_MAX = 5_000;
/** The server ends a pull itself; its word may take this much longer to arrive. */
const ANSWER_SLACK_MS = 1_000;
/** Between looks for a queue that is not there (yet). */
const ABSENT_PAUSE_MS = 250;
const ACK_TIMEOUT_MS = 2_000;

type Pulled = NatsDelivery | "none" | "silence";

export class NatsTasks implements TaskQueue {
  /** Until the period is known: the longest that is inside every duplicate window. */
  duplicateWindowMs = TICK_PERIOD_MS_MIN;
  #queueSeen = false;

  constructor(
    private readonly link: NatsLink,
    private readonly manager: JetStreamManager,
    private readonly store: StreamStore,
    private readonly clock: Clock,
  ) {
    link.onReturn(() => (this.#queueSeen = false));
  }

  publish(id: string, bytes: Uint8Array): Promise<void> {
    return this.store.put(TASKS.subject, id, bytes, storeTimeoutMs(this.duplicateWindowMs));
  }

  async next(waitMs: number): Promise<TaskDelivery | undefined> {
    const untilMs = this.clock.monotonicMs() + waitMs;
    for (;;) {
      const leftMs = untilMs - this.clock.monotonicMs();
      if (leftMs < 1 || this.link.closing || !(await this.link.waitUp(leftMs))) return undefined;
      if (this.#queueSeen || (await this.#queueExists())) {
        const expiresMs = Math.min(PULL_MS_MAX, Math.max(1, untilMs - this.clock.monotonicMs()));
        const pulled = await this.#pull(expiresMs);
        if (typeof pulled === "object") return pulled;
        this.#queueSeen = pulled === "none";
        if (this.#queueSeen) continue;
      }
      const pauseMs = Math.min(ABSENT_PAUSE_MS, untilMs - this.clock.monotonicMs());
      if (pauseMs > 0) await this.link.pause(pauseMs);
    }
  }

  /** Asked for first, since a pull from a queue that does not exist gets no answer. */
  async #queueExists(): Promise<boolean> {
    try {
      await this.manager.consumers.info(TASKS.stream, TASKS.consumer);
      return true;
    } catch {
      return false;
    }
  }

  /** "silence": the server has no such queue any more, or went away meanwhile. */
  async #pull(expiresMs: number): Promise<Pulled> {
    const body = JSON.stringify({ batch: 1, expires: nanos(Math.ceil(expiresMs)) });
    const answer = this.link.connection
      // An inbox of its own: a task arrives under its own subject, which the shared inbox cannot tell apart.
      .request(PULL_SUBJECT, body, { timeout: expiresMs + ANSWER_SLACK_MS, noMux: true })
      .then(
        (message): Pulled => (isTask(message) ? new NatsDelivery(this.link, message) : answerOf(message)),
        (): Pulled => "silence",
      );
    let left = false;
    const pulled = await this.link.orChanged(
      answer.then((late) => {
        // It came although the link had been lost meanwhile (the server lived on): back with it at once.
        if (left && typeof late === "object") late.nak(0);
        return late;
      }),
    );
    left = true;
    return pulled ?? "silence";
  }
}

/** 404 and 408: nothing came before the pull expired. All else (409: too many wait, consumer deleted) wants a pause. */
function answerOf(message: Msg): Pulled {
  const status = message.headers?.code ?? 0;
  return status === 404 || status === 408 ? "none" : "silence";
}

function isTask(message: Msg): boolean {
  const status = message.headers?.code ?? 0;
  return status === 0 && message.reply?.startsWith("$JS.ACK.") === true;
}

class NatsDelivery implements TaskDelivery {
  readonly bytes: Uint8Array;
  readonly attempt: number;
  readonly #answerTo: string;
  #ended = false;

  constructor(
    private readonly link: NatsLink,
    message: Msg,
  ) {
    this.bytes = message.data;
    this.#answerTo = message.reply!;
    this.attempt = deliveryCountOf(this.#answerTo);
  }

  async ack(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    if (!this.link.up) throw new BusFault("passing", `acknowledging a task: ${this.link.state().detail}`);
    try {
      await this.link.connection.request(this.#answerTo, "+ACK", { timeout: ACK_TIMEOUT_MS });
    } catch (cause) {
      throw toBusFault("acknowledging a task", cause);
    }
  }

  nak(delayMs: number): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#say(delayMs > 0 ? `-NAK ${JSON.stringify({ delay: nanos(Math.ceil(delayMs)) })}` : "-NAK");
  }

  term(): void {
    if (this.#ended) return;
    this.#ended = true;
    // Bare: server 2.9 ignores one with a reason.
    this.#say("+TERM");
  }

  working(): void {
    if (!this.#ended) this.#say("+WPI");
  }

  /** Lost when the link is down: the ack wait then hands the task on. */
  #say(word: string): void {
    if (!this.link.up) return;
    try {
      this.link.connection.publish(this.#answerTo, word);
    } catch (cause) {
      if (
        !(cause instanceof errors.ClosedConnectionError || cause instanceof errors.DrainingConnectionError)
      ) {
        throw new BusFault("defect", `answering for a task: ${messageOf(cause)}`, { cause });
      }
    }
  }
}

/**
 * `$JS.ACK.<stream>.<consumer>.<deliveries>.<stream seq>.<consumer seq>.<time>.<pending>`, or with a domain and an
 * account hash after `ACK`.
 */
function deliveryCountOf(answerTo: string): number {
  const tokens = answerTo.split(".");
  return Number(tokens.length === 9 ? tokens[4] : tokens[6]);
}
