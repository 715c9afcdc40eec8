// Brings the server's streams and the workers' consumer to the plan: creates what is missing, updates what differs,
// deletes and purges nothing. Only the scheduler does this; everybody else binds to what exists.

import {
  AckPolicy,
  DeliverPolicy,
  DiscardPolicy,
  JetStreamApiError,
  JetStreamError,
  type JetStreamManager,
  ReplayPolicy,
  RetentionPolicy,
  StorageType,
} from "@nats-io/jetstream";
import { errors, nanos } from "@nats-io/transport-node";
import { type BusPlan, type StreamPlan, TASKS } from "../../../schema/messages/subjects.ts";
import { BusFault } from "../../domain/bus-fault.ts";
import { messageOf } from "./nats-link.ts";

// https://github.com/nats-io/nats-server/blob/v2.9.10/server/errors.json
const STREAM_NAME_IN_USE = 10058;
const STREAM_NOT_FOUND = 10059;

/** Rejects with a BusFault: "passing" when the server did not answer, "defect" when it refuses the plan. */
export async function applyPlan(manager: JetStreamManager, plan: BusPlan): Promise<void> {
  try {
    for (const stream of [plan.tasks, plan.reports, plan.snapshot, plan.events]) {
      await putStream(manager, stream);
    }
    // `add` on a durable that exists updates it.
    await manager.consumers.add(TASKS.stream, {
      durable_name: plan.workers.name,
      ack_policy: AckPolicy.Explicit,
      deliver_policy: DeliverPolicy.All,
      replay_policy: ReplayPolicy.Instant,
      ack_wait: nanos(plan.workers.ackWaitMs),
      max_deliver: plan.workers.maxDeliver,
      max_ack_pending: plan.workers.maxAckPending,
    });
  } catch (cause) {
    throw toBusFault("setting up the streams", cause);
  }
}

async function putStream(manager: JetStreamManager, plan: StreamPlan): Promise<void> {
  const settings = {
    subjects: [plan.subject],
    max_age: nanos(plan.maxAgeMs),
    duplicate_window: nanos(plan.duplicateWindowMs),
    max_msgs: plan.maxMessages,
    max_msgs_per_subject: plan.maxMessagesPerSubject ?? -1,
    discard: DiscardPolicy.Old,
  };
  try {
    await manager.streams.add({
      name: plan.name,
      storage: StorageType.File,
      retention: plan.retention === "work-queue" ? RetentionPolicy.Workqueue : RetentionPolicy.Limits,
      num_replicas: 1,
      ...settings,
    });
  } catch (cause) {
    if (!(cause instanceof JetStreamApiError) || cause.code !== STREAM_NAME_IN_USE) throw cause;
    await manager.streams.update(plan.name, settings);
  }
}

export function isStreamMissing(error: unknown): boolean {
  return error instanceof JetStreamApiError && error.code === STREAM_NOT_FOUND;
}

/** True for answers that mean "nobody is there to do it now": JetStream is starting, or the stream is not yet made. */
export function isUnattended(error: unknown): boolean {
  if (error instanceof errors.NoRespondersError) return true;
  if (error instanceof errors.RequestError && error.isNoResponders()) return true;
  return error instanceof Error && error.name === "JetStreamNotEnabled";
}

export function toBusFault(doing: string, cause: unknown): BusFault {
  if (cause instanceof BusFault) return cause;
  if (cause instanceof JetStreamApiError) {
    // 503 of the API itself: no leader yet, still recovering its files.
    const kind = cause.status === 503 ? "passing" : "defect";
    return new BusFault(kind, `${doing}: the server refused it (${cause.code}): ${cause.message}`, { cause });
  }
  if (isUnattended(cause)) {
    return new BusFault("passing", `${doing}: no JetStream answered; is it enabled on the server?`, {
      cause,
    });
  }
  const defect =
    (cause instanceof JetStreamError && !(cause instanceof JetStreamApiError)) ||
    cause instanceof errors.InvalidArgumentError ||
    cause instanceof errors.PermissionViolationError;
  return new BusFault(defect ? "defect" : "passing", `${doing}: ${messageOf(cause)}`, { cause });
}
