// Users' events on JetStream. However many users are connected, a process has one consumer: it reads what all of them
// are told and hands it on by subject. A reader that comes back to a place gets what was stored meanwhile by a consumer
// of its own, which is gone right after.
//
// Messages go oldest first, by age and number in all, and by number of one subject. So nothing behind a place has gone
// when the stream still begins before it and the subject was never full, or when the subject still has one before it.

import {
  AckPolicy,
  DeliverPolicy,
  type JetStreamClient,
  type JetStreamManager,
  type JsMsg,
} from "@nats-io/jetstream";
import { nanos } from "@nats-io/transport-node";
import {
  busPlan,
  EVENTS,
  type EventOwner,
  eventSubject,
  storeTimeoutMs,
  TICK_PERIOD_MS_MIN,
} from "../../../schema/messages/subjects.ts";
import { BusFault } from "../../domain/bus-fault.ts";
import type { UserEventListener, UserEventStream } from "../../ports/bus.ts";
import type { Log } from "../../ports/telemetry.ts";
import { parsePlace, placeOf } from "./event-place.ts";
import type { NatsLink } from "./nats-link.ts";
import { StreamReader } from "./nats-reader.ts";
import type { StreamStore } from "./nats-store.ts";
import { toBusFault } from "./nats-streams.ts";

const PLAN = busPlan(TICK_PERIOD_MS_MIN).events;
const PER_OWNER_MAX = PLAN.maxMessagesPerSubject!;
const STORE_TIMEOUT_MS = storeTimeoutMs(PLAN.duplicateWindowMs);
const WAIT_MS_MAX = 500;
const LOOK_MS = 50;
const REPLAY_MS_MAX = 5_000;
/** Replays at a time: after a restart of this process all its clients come back at once. */
const REPLAYS_MAX = 16;

interface Subscriber {
  readonly listener: UserEventListener;
  madeAtMs: number;
  sequence: number;
  /** What came while older ones are still being read; undefined once they are. */
  held: JsMsg[] | undefined;
}

interface Parts {
  readonly link: NatsLink;
  readonly client: JetStreamClient;
  readonly manager: JetStreamManager;
  readonly log: Log;
}

export class NatsUserEvents implements UserEventStream {
  readonly #subscribers = new Map<string, Set<Subscriber>>();
  readonly #waiting: (() => void)[] = [];
  #replays = 0;
  #reader: StreamReader | undefined;

  constructor(
    private readonly parts: Parts,
    private readonly store: StreamStore,
  ) {}

  publish(owner: EventOwner, id: string, bytes: Uint8Array): Promise<void> {
    return this.store.put(eventSubject(owner), id, bytes, STORE_TIMEOUT_MS);
  }

  async subscribe(owner: EventOwner, after: string | undefined, listener: UserEventListener) {
    const subject = eventSubject(owner);
    const subscriber: Subscriber = { listener, madeAtMs: 0, sequence: 0, held: [] };
    const ofSubject = this.#subscribers.get(subject) ?? new Set();
    const unsubscribe = async () => {
      ofSubject.delete(subscriber);
      if (ofSubject.size === 0 && this.#subscribers.get(subject) === ofSubject) {
        this.#subscribers.delete(subject);
      }
    };
    this.#subscribers.set(subject, ofSubject.add(subscriber));
    try {
      await this.#read();
      await this.#inTurn(() => this.#begin(subject, after, subscriber));
    } catch (cause) {
      await unsubscribe();
      throw toBusFault("reading events", cause);
    }
    return unsubscribe;
  }

  async stop(): Promise<void> {
    await this.#reader?.stop();
    this.#subscribers.clear();
  }

  /** Before a place is taken: whatever is stored after it is then heard. */
  async #read(): Promise<void> {
    const { link, client, manager, log } = this.parts;
    this.#reader ??= new StreamReader(link, client, manager, log, {
      ...{ stream: EVENTS.stream, what: "events", fromAtMs: undefined },
      onMessage: (message) => this.#heard(message),
      onGap: (created) => this.#missed(Date.parse(created)),
    });
    await this.#reader.ready();
    // It is between two attempts for a moment only.
    for (let waitedMs = 0; !this.#reader.isReading; waitedMs += LOOK_MS) {
      if (waitedMs >= WAIT_MS_MAX) throw new BusFault("passing", "the events cannot be read now");
      await link.pause(LOOK_MS);
    }
  }

  async #begin(subject: string, after: string | undefined, subscriber: Subscriber): Promise<void> {
    const { created, state } = await this.parts.manager.streams.info(EVENTS.stream, {
      subjects_filter: subject,
    });
    subscriber.madeAtMs = Date.parse(created);
    subscriber.sequence = state.last_seq;
    const place = after === undefined ? undefined : parsePlace(after);
    const isOfStream = place?.madeAtMs === subscriber.madeAtMs && place.sequence <= state.last_seq;
    const storedCount = state.subjects?.[subject] ?? 0;
    const isWhole = state.first_seq <= (place?.sequence ?? 0) + 1 && storedCount < PER_OWNER_MAX;
    const missed = isOfStream ? await this.#missedSince(subject, place.sequence, storedCount, isWhole) : [];
    if (missed && isOfStream) subscriber.sequence = place.sequence;
    subscriber.listener.onPlace(this.#placeOf(subscriber), after !== undefined && !(missed && isOfStream));
    const held = subscriber.held ?? [];
    subscriber.held = undefined;
    for (const message of [...(missed ?? []), ...held]) this.#tell(subscriber, message);
    if (held.length > PER_OWNER_MAX) subscriber.listener.onPlace(this.#placeOf(subscriber), true);
  }

  /** Undefined when some of it has gone. */
  async #missedSince(
    subject: string,
    sequence: number,
    storedCount: number,
    isWhole: boolean,
  ): Promise<JsMsg[] | undefined> {
    const { manager, client } = this.parts;
    const { name, num_pending: count } = await manager.consumers.add(EVENTS.stream, {
      ...{ ack_policy: AckPolicy.None, max_deliver: 1, mem_storage: true, num_replicas: 1 },
      ...{ deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: sequence + 1 },
      filter_subject: subject,
      inactive_threshold: nanos(2 * REPLAY_MS_MAX),
    });
    try {
      if (!isWhole && storedCount <= count) return undefined;
      const found: JsMsg[] = [];
      if (count === 0) return found;
      const consumer = await client.consumers.get(EVENTS.stream, name);
      const messages = await consumer.fetch({ max_messages: count, expires: REPLAY_MS_MAX });
      for await (const message of messages) found.push(message);
      if (found.length < count) {
        throw new BusFault("passing", `expected ${count} stored events, were ${found.length}`);
      }
      return found;
    } finally {
      await manager.consumers.delete(EVENTS.stream, name).catch(() => {});
    }
  }

  #heard(message: JsMsg): void {
    for (const subscriber of this.#subscribers.get(message.subject) ?? []) {
      if (!subscriber.held) this.#tell(subscriber, message);
      // One more than may be: they are then known not to be all.
      else if (subscriber.held.length <= PER_OWNER_MAX) subscriber.held.push(message);
    }
  }

  #tell(subscriber: Subscriber, message: JsMsg): void {
    if (message.seq <= subscriber.sequence) return;
    subscriber.sequence = message.seq;
    subscriber.listener.onEvent(message.data, this.#placeOf(subscriber));
  }

  /** The stream was made anew, or is far ahead. */
  #missed(madeAtMs: number): void {
    for (const subscribers of this.#subscribers.values()) {
      for (const subscriber of subscribers) {
        if (subscriber.held) continue;
        if (madeAtMs !== subscriber.madeAtMs) {
          subscriber.madeAtMs = madeAtMs;
          subscriber.sequence = 0;
        }
        subscriber.listener.onPlace(this.#placeOf(subscriber), true);
      }
    }
  }

  #placeOf({ madeAtMs, sequence }: Subscriber): string {
    return placeOf(madeAtMs, sequence);
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#replays >= REPLAYS_MAX) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#replays++;
    try {
      return await work();
    } finally {
      this.#replays--;
      this.#waiting.shift()?.();
    }
  }
}
