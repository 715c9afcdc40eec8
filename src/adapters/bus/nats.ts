// The bus on NATS: tasks, reports and the snapshot on JetStream (file stored), frames and announcements on core NATS.
// Any number of processes need no configuration beyond the address; only the scheduler calls `ensureStreams`.

import { type JetStreamClient, type JetStreamManager, jetstream, jetstreamManager } from "@nats-io/jetstream";
import {
  announceSubject,
  busPlan,
  FRAMES_SUBJECT,
  REPORTS,
  SNAPSHOT,
  storeTimeoutMs,
} from "../../../schema/messages/subjects.ts";
import { BusFault, isPassingBusFault } from "../../domain/bus-fault.ts";
import type { LinkState } from "../../domain/link-said.ts";
import type { Announcements, Bus, FrameFeed, FrameSink, ReportStream, Requests } from "../../ports/bus.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Log } from "../../ports/telemetry.ts";
import { NatsUserEvents } from "./nats-events.ts";
import { messageOf, NatsLink, type NatsOptions } from "./nats-link.ts";
import { StreamReader } from "./nats-reader.ts";
import { natsRequests } from "./nats-requests.ts";
import { StreamStore } from "./nats-store.ts";
import { applyPlan, isStreamMissing, toBusFault } from "./nats-streams.ts";
import { NatsTasks } from "./nats-tasks.ts";

export type { NatsOptions } from "./nats-link.ts";

const REPORT_TIMEOUT_MS = storeTimeoutMs(Number.POSITIVE_INFINITY);
const REQUEST_TIMEOUT_MS = 2_000;
const SETUP_RETRY_MS = 250;

/** Resolves when connected; see NatsOptions for how long it waits, NatsLink.open for how it rejects. */
export async function connectNats(options: NatsOptions): Promise<NatsBus> {
  const link = await NatsLink.open(options);
  // The streams are checked when used, not here: a worker may start before JetStream does.
  const manager = await jetstreamManager(link.connection, { checkAPI: false, timeout: REQUEST_TIMEOUT_MS });
  const client = jetstream(link.connection, { timeout: REQUEST_TIMEOUT_MS });
  return new NatsBus(link, client, manager, options.log, options.clock);
}

export class NatsBus implements Bus {
  readonly tasks: NatsTasks;
  readonly reports: ReportStream;
  readonly frames: FrameFeed & FrameSink;
  readonly announcements: Announcements;
  readonly requests: Requests;
  readonly userEvents: NatsUserEvents;
  readonly #readers = new Set<StreamReader>();
  #periodMs: number | undefined;
  #restoring = false;

  constructor(
    private readonly link: NatsLink,
    private readonly client: JetStreamClient,
    private readonly manager: JetStreamManager,
    private readonly log: Log,
    private readonly clock: Clock,
  ) {
    const store = new StreamStore(link, client, clock);
    this.tasks = new NatsTasks(link, manager, store, clock);
    this.reports = {
      publish: (id, bytes) => store.put(REPORTS.subject, id, bytes, REPORT_TIMEOUT_MS),
      subscribe: (fromAtMs, onReport) => this.#subscribeReports(fromAtMs, onReport),
    };
    this.frames = {
      subscribe: (onFrame, onReturn) => this.#subscribeFrames(onFrame, onReturn),
      snapshot: () => this.#snapshot(),
      state: () => this.state(),
      publishFrame: (packed) => this.#publishFrame(packed),
      putSnapshot: (packed) => store.put(SNAPSHOT.subject, undefined, packed, REPORT_TIMEOUT_MS),
    };
    this.announcements = {
      announce: (topic, bytes) => {
        const subject = announceSubject(topic);
        if (link.up && !link.closing) link.connection.publish(subject, bytes);
      },
      listen: (topic, onMessage) => this.#listen(announceSubject(topic), onMessage),
    };
    this.requests = natsRequests(link, log);
    this.userEvents = new NatsUserEvents({ link, client, manager, log }, store);
    // A server that came back with an empty disk gets its streams again.
    link.onReturn(() => void this.#restoreStreams());
  }

  async ensureStreams({ tickPeriodMs }: { tickPeriodMs: number }): Promise<void> {
    const plan = busPlan(tickPeriodMs);
    this.#periodMs = tickPeriodMs;
    this.tasks.duplicateWindowMs = plan.tasks.duplicateWindowMs;
    await applyPlan(this.manager, plan);
  }

  state(): LinkState {
    return this.link.state();
  }

  async drain(): Promise<void> {
    await Promise.all([...[...this.#readers].map((reader) => reader.stop()), this.userEvents.stop()]);
    await this.link.close();
  }

  async #restoreStreams(): Promise<void> {
    if (this.#periodMs === undefined || this.#restoring) return;
    this.#restoring = true;
    let said = false;
    while (this.link.up && !this.link.closing) {
      try {
        await applyPlan(this.manager, busPlan(this.#periodMs));
        break;
      } catch (cause) {
        if (!isPassingBusFault(cause) && !said) {
          said = true;
          this.log.error("streams cannot be set up again, trying on", { cause: messageOf(cause) });
        }
        await this.link.pause(SETUP_RETRY_MS);
      }
    }
    this.#restoring = false;
  }

  async #subscribeReports(fromAtMs: number, onReport: (bytes: Uint8Array) => void) {
    const reader = new StreamReader(this.link, this.client, this.manager, this.log, {
      ...{ stream: REPORTS.stream, what: "reports", fromAtMs },
      onMessage: ({ data }) => onReport(data),
    });
    this.#readers.add(reader);
    await reader.ready();
    return async () => {
      this.#readers.delete(reader);
      await reader.stop();
    };
  }

  async #subscribeFrames(onFrame: (packed: Uint8Array) => void, onReturn: (() => void) | undefined) {
    const unlisten = await this.#listen(FRAMES_SUBJECT, onFrame);
    const unwatch = onReturn && this.link.onReturn(onReturn);
    return async () => {
      unwatch?.();
      await unlisten();
    };
  }

  async #listen(subject: string, onMessage: (bytes: Uint8Array) => void): Promise<() => Promise<void>> {
    const subscription = this.link.connection.subscribe(subject, {
      callback: (error, message) => {
        if (error) this.log.error("subscription refused", { subject, cause: error.message });
        else onMessage(message.data);
      },
    });
    if (this.link.up) await this.#flush().catch(() => {});
    return async () => subscription.unsubscribe();
  }

  async #publishFrame(packed: Uint8Array): Promise<void> {
    if (!this.link.up) throw new BusFault("passing", `publishing a frame: ${this.link.state().detail}`);
    this.link.connection.publish(FRAMES_SUBJECT, packed);
    await this.#flush();
  }

  /** Resolves once the server has taken in everything sent so far. */
  async #flush(): Promise<void> {
    const ended = new AbortController();
    const late = this.clock.sleep(REQUEST_TIMEOUT_MS, ended.signal).then(() => {
      throw new BusFault("passing", `no answer from ${this.link.server} within ${REQUEST_TIMEOUT_MS} ms`);
    });
    late.catch(() => {});
    try {
      await Promise.race([this.link.connection.flush(), late]);
    } catch (cause) {
      throw toBusFault("flushing", cause);
    } finally {
      ended.abort();
    }
  }

  async #snapshot(): Promise<Uint8Array | undefined> {
    if (!this.link.up) throw new BusFault("passing", `reading the snapshot: ${this.link.state().detail}`);
    try {
      const query = { last_by_subj: SNAPSHOT.subject };
      return (await this.manager.streams.getMessage(SNAPSHOT.stream, query))?.data;
    } catch (cause) {
      if (isStreamMissing(cause)) return undefined;
      throw toBusFault("reading the snapshot", cause);
    }
  }
}
