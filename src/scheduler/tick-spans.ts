// What the scheduler tells of a tick's trace. Everything here is undefined, and made of nothing, while the tick is not
// traced.

import { frameId } from "../../schema/messages/premium-frame.ts";
import type { ReportHeader } from "../../schema/messages/quote-report.ts";
import type { QuoteTask } from "../../schema/messages/quote-task.ts";
import { FRAMES_SUBJECT, REPORTS, TASKS } from "../../schema/messages/subjects.ts";
import type { Frame } from "../domain/frame.ts";
import { messageSpan, SPANS, type Span, type Tracer } from "../ports/tracing.ts";
import type { ClosedTick } from "./collect-frame.ts";

/** The tick's tasks on their way to the queue. */
export function issueSpan(tracer: Tracer | undefined, tickAtMs: number, taskCount: number): Span | undefined {
  return tracer?.tick(tickAtMs)?.begin({
    name: "issue tick",
    parent: SPANS.tick,
    attributes: { "schedulerx.tick.at_ms": tickAtMs, "schedulerx.tick.tasks": taskCount },
  });
}

/** One task among them: the parent of what its worker does. */
export function taskSpan(issue: Span | undefined, { taskId, coins }: QuoteTask): Span | undefined {
  if (!issue) return undefined;
  const { attributes, ...message } = messageSpan("send", TASKS.subject, taskId);
  return issue.begin({
    ...message,
    id: SPANS.task(taskId),
    attributes: { ...attributes, "schedulerx.coins": coins.length },
  });
}

/** A report being merged: part of the worker's sending it. */
export function reportSpan(
  tracer: Tracer | undefined,
  { tickAtMs, taskId, worker, sourceAddress }: ReportHeader,
): Span | undefined {
  const trace = tracer?.tick(tickAtMs);
  if (!trace) return undefined;
  const { attributes, ...message } = messageSpan("process", REPORTS.subject, taskId);
  return trace.begin({
    ...message,
    id: mergedWord(taskId),
    parent: SPANS.report(taskId, worker),
    attributes: {
      ...attributes,
      "schedulerx.worker.id": worker,
      "schedulerx.source_address": sourceAddress,
    },
  });
}

/** Names a report's rows to the frame that takes them along. */
export function mergedWord(taskId: string): string {
  return `merged ${taskId}`;
}

/** A frame on its way to its readers, with the reports whose rows it holds. */
export function frameSpan(
  tracer: Tracer | undefined,
  { tickAtMs, part, closing }: Omit<Frame, "rows">,
  rowCount: number,
  merged: readonly string[],
): Span | undefined {
  const trace = tracer?.tick(tickAtMs);
  if (!trace) return undefined;
  const id = frameId(tickAtMs, part);
  const { attributes, ...message } = messageSpan("send", FRAMES_SUBJECT, id);
  return trace.begin({
    ...message,
    id: SPANS.frame(id),
    parent: SPANS.tick,
    links: merged.map((word) => ({ trace, id: word })),
    attributes: { ...attributes, "schedulerx.rows": rowCount, "schedulerx.frame.closing": closing },
  });
}

/** The whole tick, from its instant until it was closed, whoever issued it. */
export function tellTick(tracer: Tracer | undefined, { tickAtMs, rowCount, missing }: ClosedTick): void {
  const span = tracer?.tick(tickAtMs)?.begin({
    name: "tick",
    id: SPANS.tick,
    startAtMs: tickAtMs,
    attributes: {
      "schedulerx.tick.at_ms": tickAtMs,
      "schedulerx.rows": rowCount,
      "schedulerx.rows.missing": missing.length,
    },
  });
  span?.end({ fault: missing.length > 0 ? "incomplete" : undefined });
}
