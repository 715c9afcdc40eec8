// The bus as the stages see it. Bodies: NATS JetStream (adapters/bus/nats.ts) and in one process
// (adapters/bus/in-process.ts). It carries disposable work only: losing it costs a tick, never money.

import type { EventOwner } from "../../schema/messages/subjects.ts";
import type { LinkState } from "../domain/link-said.ts";

/**
 * One task as handed to one worker. The first of ack, nak and term ends it; what is said after that is ignored. What
 * is said while the link is down is lost, and the ack wait hands the task to another worker.
 */
export interface TaskDelivery {
  readonly bytes: Uint8Array;
  /** 1 at first; may begin at 1 again after a restart of the server. */
  readonly attempt: number;
  /** Resolves once the bus has confirmed it; rejects with a BusFault when it did not (the task may come again). */
  ack(): Promise<void>;
  nak(delayMs: number): void;
  term(): void;
  /** Tells the bus that the work goes on; to be called three times within the ack wait. */
  working(): void;
}

/** Everything that stores or publishes rejects with a BusFault (src/domain/bus-fault.ts) within a bounded time. */
export interface TaskQueue {
  /** Stores a task; the id makes a repeated publish harmless. */
  publish(id: string, bytes: Uint8Array): Promise<void>;
  /**
   * The next task, or undefined when none came within `waitMs`; also while the link is down or the queue does not
   * exist yet. Never rejects. To be called again only once the last call has resolved.
   */
  next(waitMs: number): Promise<TaskDelivery | undefined>;
}

export interface ReportStream {
  /** Stores a report and resolves once the bus has confirmed it; the id makes a repeated publish harmless. */
  publish(id: string, bytes: Uint8Array): Promise<void>;
  /** Every report stored since `fromAtMs`, then those to come, in order. Returns the unsubscriber. */
  subscribe(fromAtMs: number, onReport: (bytes: Uint8Array) => void): Promise<() => Promise<void>>;
}

/** What clients read: frames as deflated bytes (adapters/frame-codec.ts). */
export interface FrameFeed {
  /**
   * Frames from now on. `onReturn` is called when the link is back after a loss: frames were missed, the snapshot is to
   * be read again. Neither may throw. Returns the unsubscriber.
   */
  subscribe(onFrame: (packed: Uint8Array) => void, onReturn?: () => void): Promise<() => Promise<void>>;
  /** The newest snapshot (a frame holding every row), undefined when there is none yet. */
  snapshot(): Promise<Uint8Array | undefined>;
  /** Whether the link to the feed is up, with words for /health/ready. */
  state(): LinkState;
}

export interface FrameSink {
  publishFrame(packed: Uint8Array): Promise<void>;
  putSnapshot(packed: Uint8Array): Promise<void>;
}

/** Small messages everybody hears: presence of processes that touch venues, worker state, quarantine. */
export interface Announcements {
  announce(topic: string, bytes: Uint8Array): void;
  listen(topic: string, onMessage: (bytes: Uint8Array) => void): Promise<() => Promise<void>>;
}

/** Questions one process answers another at once; nothing is stored. */
export interface Requests {
  /**
   * The first answer; undefined when none came within `withinMs`: nobody serves the topic, all were silent, or the
   * link is down. Never rejects for those.
   */
  ask(topic: string, bytes: Uint8Array, withinMs: number): Promise<Uint8Array | undefined>;
  /** `answer` resolves with undefined to stay silent, so that another process may answer. Returns the unsubscriber. */
  serve(
    topic: string,
    answer: (bytes: Uint8Array) => Promise<Uint8Array | undefined>,
  ): Promise<() => Promise<void>>;
}

export interface UserEventListener {
  /**
   * Called once before the first event, with the place reading begins at. `missed`: `after` is not known any more, so
   * there may have been events that are not told. Called again, with `missed`, whenever that happens later.
   */
  onPlace(place: string, missed: boolean): void;
  /** One event; given as `after`, its place continues behind it. May not throw. */
  onEvent(bytes: Uint8Array, place: string): void;
}

/** What happened to one user (schema/messages/user-event.ts). Kept for a day, the newest thousand of each user. */
export interface UserEventStream {
  /** Stores an event and resolves once the bus has confirmed it; the id makes a repeated publish harmless. */
  publish(owner: EventOwner, id: string, bytes: Uint8Array): Promise<void>;
  /**
   * The owner's events, in order, each once: those after a place, then those to come; without a place those to come.
   * Resolves, with the unsubscriber, once the stored ones have been told. Rejects with a BusFault.
   */
  subscribe(
    owner: EventOwner,
    after: string | undefined,
    listener: UserEventListener,
  ): Promise<() => Promise<void>>;
}

/** The whole bus of one process. */
export interface Bus {
  readonly tasks: TaskQueue;
  readonly reports: ReportStream;
  readonly frames: FrameFeed & FrameSink;
  readonly announcements: Announcements;
  readonly requests: Requests;
  readonly userEvents: UserEventStream;
  /** Creates or updates what is stored (schema/messages/subjects.ts). For the scheduler only, before anything else. */
  ensureStreams(options: { tickPeriodMs: number }): Promise<void>;
  state(): LinkState;
  /** Lets what was sent arrive and closes; pending calls of `next` resolve with undefined. */
  drain(): Promise<void>;
}
