// The bus as the stages see it. Bodies: NATS JetStream (adapters/bus/nats.ts) and in one process
// (adapters/bus/in-process.ts). It carries disposable work only: losing it costs a tick, never money.

/** One task as handed to one worker. Exactly one of ack, nak and term ends it. */
export interface TaskDelivery {
  readonly bytes: Uint8Array;
  readonly attempt: number;
  ack(): Promise<void>;
  nak(delayMs: number): void;
  term(): void;
  /** Tells the bus that the work goes on; to be called three times within the ack wait. */
  working(): void;
}

export interface TaskQueue {
  /** Stores a task; the id makes a repeated publish harmless. */
  publish(id: string, bytes: Uint8Array): Promise<void>;
  /** The next task, or undefined when none came within `waitMs`. */
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
  /** Frames from now on. A listener must not throw. Returns the unsubscriber. */
  subscribe(onFrame: (packed: Uint8Array) => void): Promise<() => Promise<void>>;
  /** The newest snapshot (a frame holding every row), undefined when there is none yet. */
  snapshot(): Promise<Uint8Array | undefined>;
  /** Whether the link to the feed is up, with words for /health/ready. */
  state(): { up: boolean; detail: string };
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
