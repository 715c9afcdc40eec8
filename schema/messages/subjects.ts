// Every stream, subject and Redis name, with what is kept how long and who waits how long: one table. All lengths in
// milliseconds; the adapters turn them into the units of their libraries.
//
// duplicateWindowMs never exceeds maxAgeMs (JetStream refuses it otherwise), and a dead worker's task comes back
// within half a tick, so that another one can still do it.

/** Core NATS: heard by whoever listens at the moment. */
export const FRAMES_SUBJECT = "schedulerx.frames";
const ANNOUNCE_PREFIX = "schedulerx.announce.";
const ASK_PREFIX = "schedulerx.ask.";
/** What the api asks of the scheduler that leads (desk.ts). */
export const DESK_TOPIC = "desk";

export function announceSubject(topic: string): string {
  return ANNOUNCE_PREFIX + topicOf(topic);
}

/** Questions that somebody answers at once. */
export function askSubject(topic: string): string {
  return ASK_PREFIX + topicOf(topic);
}

/** Topics are short constant words; anything else would be a wildcard or another subject. */
function topicOf(topic: string): string {
  if (/^[a-z0-9-]{1,40}$/.test(topic)) return topic;
  throw new RangeError(`expected a topic of lower-case letters, digits and dashes, was ${topic}`);
}

export interface StreamPlan {
  readonly name: string;
  readonly subject: string;
  readonly retention: "work-queue" | "limits";
  readonly maxAgeMs: number;
  readonly duplicateWindowMs: number;
  /** The oldest messages go first beyond this. */
  readonly maxMessages: number;
  readonly maxMessagesPerSubject: number | undefined;
}

export interface TaskConsumerPlan {
  readonly name: string;
  /** A task not acknowledged for this long is handed to the next worker. */
  readonly ackWaitMs: number;
  /** Then it is left to expire: a task that kills its workers must not do so for ever. */
  readonly maxDeliver: number;
  readonly maxAckPending: number;
}

export interface BusPlan {
  readonly tasks: StreamPlan;
  readonly workers: TaskConsumerPlan;
  readonly reports: StreamPlan;
  readonly snapshot: StreamPlan;
  readonly events: StreamPlan;
}

export const TICK_PERIOD_MS_MIN = 1_000;
export const TICK_PERIOD_MS_MAX = 30_000;
const ACK_WAIT_MS_MAX = 5_000;
const MINUTE_MS = 60_000;

/** Names and subjects, which do not depend on the period: all a worker or reader needs. */
export const TASKS = { stream: "TASKS", subject: "schedulerx.tasks", consumer: "workers" } as const;
export const REPORTS = { stream: "REPORTS", subject: "schedulerx.reports" } as const;
export const SNAPSHOT = { stream: "SNAPSHOT", subject: "schedulerx.snapshot" } as const;
const EVENTS_PREFIX = "schedulerx.events.";
export const EVENTS = { stream: "EVENTS", subject: `${EVENTS_PREFIX}*.*` } as const;

/** Whose events: those of paper and of live trading are never mixed. */
export interface EventOwner {
  readonly mode: "paper" | "live";
  readonly userId: number;
}

/** Throws RangeError for a user id that is none: anything else could be a wildcard. */
export function eventSubject({ mode, userId }: EventOwner): string {
  if (!Number.isSafeInteger(userId) || userId < 1) {
    throw new RangeError(`expected the id of a user, was ${userId}`);
  }
  return `${EVENTS_PREFIX}${mode}.${userId}`;
}

/** Throws RangeError for a period outside 1 to 30 s. */
export function busPlan(tickPeriodMs: number): BusPlan {
  if (!(tickPeriodMs >= TICK_PERIOD_MS_MIN && tickPeriodMs <= TICK_PERIOD_MS_MAX)) {
    throw new RangeError(
      `expected a tick period of ${TICK_PERIOD_MS_MIN} to ${TICK_PERIOD_MS_MAX} ms, was ${tickPeriodMs}`,
    );
  }
  return {
    tasks: {
      name: TASKS.stream,
      subject: TASKS.subject,
      retention: "work-queue",
      // Published at the tick's beginning, worthless at its deadline.
      maxAgeMs: tickPeriodMs,
      duplicateWindowMs: tickPeriodMs,
      maxMessages: 10_000,
      maxMessagesPerSubject: undefined,
    },
    workers: {
      name: TASKS.consumer,
      ackWaitMs: Math.min(ACK_WAIT_MS_MAX, tickPeriodMs / 2),
      maxDeliver: 8,
      maxAckPending: 1_000,
    },
    reports: {
      name: REPORTS.stream,
      subject: REPORTS.subject,
      retention: "limits",
      maxAgeMs: 10 * MINUTE_MS,
      duplicateWindowMs: 2 * MINUTE_MS,
      maxMessages: 200_000,
      maxMessagesPerSubject: undefined,
    },
    snapshot: {
      name: SNAPSHOT.stream,
      subject: SNAPSHOT.subject,
      retention: "limits",
      maxAgeMs: 60 * MINUTE_MS,
      duplicateWindowMs: MINUTE_MS,
      maxMessages: 16,
      maxMessagesPerSubject: 1,
    },
    events: {
      name: EVENTS.stream,
      subject: EVENTS.subject,
      retention: "limits",
      maxAgeMs: 24 * 60 * MINUTE_MS,
      duplicateWindowMs: 2 * MINUTE_MS,
      maxMessages: 500_000,
      maxMessagesPerSubject: 1_000,
    },
  };
}

/** How long storing a task or a report is tried before the caller is told: inside every duplicate window. */
export function storeTimeoutMs(duplicateWindowMs: number): number {
  return Math.min(5_000, duplicateWindowMs);
}

/** Redis. Karbit's words (channel, reference key) are its contract's; ours carry our prefix. */
export const REDIS = {
  framesChannel: "schedulerx:frames",
  snapshotKey: "schedulerx:snapshot",
  /** Sent on the frames channel after this much silence, so that a reader can tell a quiet line from a dead one. */
  heartbeat: "hb",
  heartbeatMs: 15_000,
  karbitChannel: "exchange_rate",
  karbitDefaultChannel: "kimchi:premium",
  karbitReferenceKey: "upbit:KRW-USDT",
  karbitReferenceTtlMs: 10_000,
} as const;
