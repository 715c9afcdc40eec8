// The worker's loop: one task at a time; report stored, then task acknowledged. A task past its deadline is dropped,
// a task in hand is finished before stopping.
//
// States of a task here: taken -> answered -> reported -> acknowledged; or dropped (late, unreadable, a defect met
// twice), or given back (the report could not be stored while there was still time, or our clock is wrong).

import { encodeReport } from "../schema/messages/quote-report.ts";
import { MessageError, parseQuoteTask, type QuoteTask } from "../schema/messages/quote-task.ts";
import { REPORTS, TASKS } from "../schema/messages/subjects.ts";
import { isPassingBusFault } from "../src/domain/bus-fault.ts";
import { encodeFrame } from "../src/domain/frame.ts";
import type { ReportStream, TaskDelivery, TaskQueue } from "../src/ports/bus.ts";
import type { Clock } from "../src/ports/clock.ts";
import type { RateGovernor } from "../src/ports/rate-governor.ts";
import type { Log } from "../src/ports/telemetry.ts";
import { faultOf, messageSpan, SPANS, type Span, type Tracer, traced } from "../src/ports/tracing.ts";
import type { QuoteAnswerer } from "./answer-quote-task.ts";

export interface WorkerDeps {
  readonly id: string;
  readonly sourceAddress: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly tasks: TaskQueue;
  readonly reports: ReportStream;
  readonly governor: RateGovernor;
  readonly answerer: QuoteAnswerer;
  /** Left out: tasks leave no traces. */
  readonly tracer?: Tracer | undefined;
}

const NEXT_WAIT_MS = 5_000;
const SPARE_WAIT_MS = 500;
const RETRY_DELAY_MS = 250;
const ACK_WAIT_MS_MAX = 5_000;
/** A defect may be this host's alone; after this many attempts it is the task's. */
const DEFECT_ATTEMPTS_MAX = 2;
/** So much of a tick is left to the workers whose budget holds another task. */
const OTHERS_FIRST_RATIO = 0.4;
const OTHERS_FIRST_STEP_MS_MAX = 250;

export interface WorkerCounters {
  answered: number;
  late: number;
  unreadable: number;
  givenBack: number;
}

/** Runs until `stop` aborts; resolves once the task in hand is finished. */
export async function runWorker(
  deps: WorkerDeps,
  stop: AbortSignal,
  counters: WorkerCounters,
): Promise<void> {
  let isSpare = false;
  /** Since when, monotonic, all that comes has long expired. */
  let expiredSinceMs: number | undefined;
  let clockIsWrong = false;
  let periodMs = 0;
  while (!stop.aborted) {
    const wasSpare: boolean = isSpare;
    isSpare = !deps.governor.hasShare();
    if (isSpare !== wasSpare) {
      const { sourceAddress } = deps;
      deps.log.info(isSpare ? "no share of this address's budget: a spare" : "a share again", {
        sourceAddress,
      });
    }
    if (isSpare) {
      await deps.clock.sleep(SPARE_WAIT_MS, stop);
      continue;
    }
    const pauseMs = othersFirstMs(deps, periodMs);
    if (pauseMs > 0) {
      await deps.clock.sleep(pauseMs, stop);
      continue;
    }
    const next = deps.tasks.next(NEXT_WAIT_MS);
    const delivery = await orStopped(next, stop);
    if (delivery) {
      const end = await handle(deps, delivery, counters);
      if (end !== "unreadable") periodMs = end.periodMs;
      if (end === "unreadable" || !end.longExpired) {
        expiredSinceMs = undefined;
        clockIsWrong = false;
        continue;
      }
      // A few such tasks come when the bus is back: held back by the link, they count as new. Those are soon gone.
      const nowMs = deps.clock.monotonicMs();
      expiredSinceMs ??= nowMs;
      const hadWrongClock = clockIsWrong;
      clockIsWrong = nowMs - expiredSinceMs >= periodMs;
      if (clockIsWrong && !hadWrongClock)
        deps.log.error("tasks come after they have expired: is this host's clock right?");
      // Others shall have it.
      await deps.clock.sleep(SPARE_WAIT_MS, stop);
    }
    // Stopped while waiting: a task that still arrives goes back at once.
    else if (stop.aborted) void next.then((late) => late?.nak(0));
  }
}

/**
 * How long to leave the queue to others: a worker whose budget does not hold another task would sit on it, or answer
 * a venue with nulls, while others could answer in full. Late in a tick anybody's answer is better than none.
 */
function othersFirstMs({ clock, governor, answerer }: WorkerDeps, periodMs: number): number {
  if (periodMs === 0) return 0;
  const leftMs = periodMs * OTHERS_FIRST_RATIO - (clock.nowMs() % periodMs);
  if (leftMs <= 0) return 0;
  return Math.min(governor.readyInMs(answerer.lastCosts), leftMs, OTHERS_FIRST_STEP_MS_MAX);
}

/**
 * Settles as the work does, or resolves with undefined as soon as it is stopped. Leaves nothing behind: the signal, and
 * a promise of it, live as long as the process and would keep every task that was ever waited for.
 */
async function orStopped<T>(work: Promise<T>, stop: AbortSignal): Promise<T | undefined> {
  const stopped = Promise.withResolvers<undefined>();
  const onStop = () => stopped.resolve(undefined);
  if (stop.aborted) onStop();
  stop.addEventListener("abort", onStop, { once: true });
  try {
    return await Promise.race([work, stopped.promise]);
  } finally {
    stop.removeEventListener("abort", onStop);
  }
}

async function handle(
  deps: WorkerDeps,
  delivery: TaskDelivery,
  counters: WorkerCounters,
): Promise<"unreadable" | { readonly periodMs: number; readonly longExpired: boolean }> {
  let task: QuoteTask;
  try {
    task = parseQuoteTask(delivery.bytes);
  } catch (error) {
    if (!(error instanceof MessageError)) throw error;
    counters.unreadable++;
    deps.log.error("task is not readable: dropped", { error });
    delivery.term();
    return "unreadable";
  }
  const settled = { periodMs: task.deadlineAtMs - task.tickAtMs, longExpired: false };
  const lateMs = deps.clock.nowMs() - task.deadlineAtMs;
  if (lateMs >= 0) {
    counters.late++;
    // The queue itself forgets tasks at their deadline: one this late may show a clock ahead, and must not cost the task.
    if (lateMs >= settled.periodMs) {
      delivery.nak(0);
      return { ...settled, longExpired: true };
    }
    delivery.term();
    return settled;
  }
  const span = taskSpan(deps, task, delivery);
  const done = new AbortController();
  void keepWorking(deps, delivery, task, done.signal);
  try {
    const answer = await deps.answerer.answer(task, span);
    if (deps.clock.nowMs() >= task.deadlineAtMs) {
      counters.late++;
      delivery.term();
      span?.end({ fault: "late" });
      return settled;
    }
    const { rows, depths, fetches, reportedAtMs } = answer;
    const segment = encodeFrame({
      tickAtMs: task.tickAtMs,
      part: 0,
      closing: false,
      reference: undefined,
      rows,
    });
    const { taskId, tickAtMs } = task;
    const header = {
      taskId,
      tickAtMs,
      worker: deps.id,
      sourceAddress: deps.sourceAddress,
      reportedAtMs,
      depths,
      fetches,
    };
    const report = encodeReport(header, segment);
    await traced(reportSpan(deps, span, taskId, report.length), deps.reports.publish(taskId, report));
    await delivery.ack();
    counters.answered++;
    span?.end({ attributes: { "schedulerx.rows": rows.length } });
    deps.log.debug("task answered", { tickAtMs, taskId, attempt: delivery.attempt, rows: rows.length });
  } catch (error) {
    counters.givenBack++;
    span?.end({ fault: faultOf(error) });
    const { taskId, tickAtMs } = task;
    if (isPassingBusFault(error)) deps.log.debug("task given back", { tickAtMs, taskId, error });
    else {
      const { attempt } = delivery;
      deps.log.error("task not answered: a defect", { tickAtMs, taskId, attempt, error });
    }
    if (isPassingBusFault(error) || delivery.attempt < DEFECT_ATTEMPTS_MAX) delivery.nak(RETRY_DELAY_MS);
    else delivery.term();
  } finally {
    done.abort();
  }
  return settled;
}

/** A task in hand: part of the scheduler's sending it. */
function taskSpan({ tracer, sourceAddress }: WorkerDeps, task: QuoteTask, { attempt }: TaskDelivery) {
  const trace = tracer?.tick(task.tickAtMs);
  if (!trace) return undefined;
  const { attributes, ...message } = messageSpan("process", TASKS.subject, task.taskId);
  return trace.begin({
    ...message,
    parent: SPANS.task(task.taskId),
    attributes: {
      ...attributes,
      "schedulerx.coins": task.coins.length,
      "schedulerx.task.attempt": attempt,
      "schedulerx.source_address": sourceAddress,
    },
  });
}

/** Its report on the way: the parent of what the scheduler does with it. */
function reportSpan({ id }: WorkerDeps, task: Span | undefined, taskId: string, bytes: number) {
  if (!task) return undefined;
  const { attributes, ...message } = messageSpan("send", REPORTS.subject, taskId);
  return task.begin({
    ...message,
    id: SPANS.report(taskId, id),
    attributes: { ...attributes, "messaging.message.body.size": bytes },
  });
}

/** Tells the bus three times within the ack wait that the work goes on. */
async function keepWorking(
  deps: WorkerDeps,
  delivery: TaskDelivery,
  task: QuoteTask,
  done: AbortSignal,
): Promise<void> {
  const ackWaitMs = Math.min(ACK_WAIT_MS_MAX, (task.deadlineAtMs - task.tickAtMs) / 2);
  for (;;) {
    await deps.clock.sleep(ackWaitMs / 4, done);
    if (done.aborted || deps.clock.nowMs() >= task.deadlineAtMs) return;
    delivery.working();
  }
}
