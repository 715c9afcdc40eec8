// Reads a stream in order, without loss, over any number of server restarts: an ephemeral consumer of our own, made anew
// after the last message seen whenever it is gone, silent or skips one.
//
// The library's ordered consumer is not used: begun at a time rather than a sequence, it is refused by the server on
// every attempt to be made anew (start time and start sequence together) and stays silent for ever.

import {
  AckPolicy,
  type ConsumerConfig,
  type ConsumerMessages,
  DeliverPolicy,
  type JetStreamClient,
  type JetStreamManager,
  type JsMsg,
} from "@nats-io/jetstream";
import { nanos } from "@nats-io/transport-node";
import type { Log } from "../../ports/telemetry.ts";
import { messageOf, type NatsLink } from "./nats-link.ts";
import { isStreamMissing } from "./nats-streams.ts";

/** A pull lives this long; half of it without a sign from the server counts as a missed heartbeat, two as loss. */
const PULL_MS = 2_000;
const RETRY_MS = 250;
/** While the link is down a change wakes the reader; this is only the longest it sleeps at a time. */
const LOOK_MS = 1_000;
const BATCH = 256;

export interface StreamReaderOptions {
  readonly stream: string;
  /** Named in the log. */
  readonly what: string;
  /** What was stored since then is read first; undefined: only what is stored from now on. */
  readonly fromAtMs: number | undefined;
  /** May not throw. */
  readonly onMessage: (message: JsMsg) => void;
  /** The stream was made anew, or has dropped messages that were not read yet; what comes next begins it. */
  readonly onGap?: (streamCreated: string) => void;
}

export class StreamReader {
  #stopped = false;
  #messages: ConsumerMessages | undefined;
  #lastSequence = 0;
  /** When the stream was made: another value means its sequences begin anew. */
  #streamCreated = "";
  #saidWhy = false;
  readonly #running: Promise<void>;
  readonly #ready = Promise.withResolvers<void>();

  constructor(
    private readonly link: NatsLink,
    private readonly jetstream: JetStreamClient,
    private readonly manager: JetStreamManager,
    private readonly log: Log,
    private readonly options: StreamReaderOptions,
  ) {
    this.#running = this.#run();
  }

  /** Whether it reads at the moment. */
  get isReading(): boolean {
    return this.#messages !== undefined;
  }

  /** Resolves once the first consumer stands, at once if the link is down. */
  ready(): Promise<void> {
    return this.#ready.promise;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#messages?.close();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#stopped && !this.link.closing) {
      if (!this.link.up) {
        this.#ready.resolve();
        await this.link.pause(LOOK_MS);
        continue;
      }
      try {
        await this.#readUntilLost();
        this.#saidWhy = false;
      } catch (cause) {
        // The stream is the scheduler's to make; that it is not there yet is no news.
        if (this.link.up && !this.#saidWhy && !isStreamMissing(cause)) {
          this.#saidWhy = true;
          this.log.warn(`${this.options.what} cannot be read, trying on`, { cause: messageOf(cause) });
        }
      }
      this.#ready.resolve();
      if (!this.#stopped && this.link.up) await this.link.pause(RETRY_MS);
    }
    this.#ready.resolve();
  }

  async #readUntilLost(): Promise<void> {
    const { stream } = this.options;
    const { name } = await this.manager.consumers.add(stream, await this.#consumerConfig());
    const consumer = await this.jetstream.consumers.get(stream, name);
    let expected = 1;
    const messages = await consumer.consume({
      max_messages: BATCH,
      expires: PULL_MS,
      idle_heartbeat: PULL_MS / 2,
      // A consumer lost with the server ends this reading; the next one begins after the last message seen.
      abort_on_missing_resource: true,
      callback: (message) => {
        if (message.info.deliverySequence !== expected) return messages.stop();
        expected++;
        this.#take(message);
      },
    });
    this.#messages = messages;
    this.#ready.resolve();
    if (this.#stopped) messages.stop();
    await messages.closed();
    this.#messages = undefined;
    if (this.link.up) await this.manager.consumers.delete(stream, name).catch(() => {});
  }

  #take(message: JsMsg): void {
    if (this.#stopped || message.seq <= this.#lastSequence) return;
    this.#lastSequence = message.seq;
    this.options.onMessage(message);
  }

  async #consumerConfig(): Promise<ConsumerConfig> {
    const { stream, fromAtMs, onGap } = this.options;
    const { created, state } = await this.manager.streams.info(stream);
    const first = this.#streamCreated === "";
    const anew = !first && (created !== this.#streamCreated || state.last_seq < this.#lastSequence);
    this.#streamCreated = created;
    if (anew) this.#lastSequence = 0;
    if (first && fromAtMs === undefined) this.#lastSequence = state.last_seq;
    else if (anew || (this.#lastSequence > 0 && state.first_seq > this.#lastSequence + 1)) onGap?.(created);
    const start =
      this.#lastSequence > 0
        ? { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: this.#lastSequence + 1 }
        : anew || fromAtMs === undefined
          ? { deliver_policy: DeliverPolicy.All }
          : { deliver_policy: DeliverPolicy.StartTime, opt_start_time: new Date(fromAtMs).toISOString() };
    return {
      ack_policy: AckPolicy.None,
      max_deliver: 1,
      mem_storage: true,
      num_replicas: 1,
      inactive_threshold: nanos(30_000),
      ...start,
    } as ConsumerConfig;
  }
}
