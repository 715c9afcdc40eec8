// Spans as they are made: ids, times, the choice of ticks. Where they go when they have ended is somebody else's part.

import { randomBytes } from "node:crypto";
import { isSampled, spanIdOf, traceIdOf } from "../../domain/trace-ids.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Attributes, ChildStart, Span, SpanKind, Trace, Tracer } from "../../ports/tracing.ts";

export interface FinishedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly name: string;
  readonly kind: SpanKind;
  /** Epoch ms, with parts of them. */
  readonly startAtMs: number;
  readonly endAtMs: number;
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly fault: string | undefined;
}

export interface TracerOptions {
  /** The same in all processes of a service. */
  readonly namespace: string;
  /** The part of all ticks that is kept, 0 to 1. */
  readonly tickRatio: number;
  readonly clock: Clock;
  /** Given every span that has ended. */
  readonly take: (span: FinishedSpan) => void;
}

const SPAN_ID_BYTES = 8;
const NO_SPAN: Span = { begin: () => NO_SPAN, end: () => undefined };

export class SpanTracer implements Tracer {
  #lastTick: { readonly tickAtMs: number; readonly trace: Trace | undefined } | undefined;

  constructor(private readonly options: TracerOptions) {}

  tick(tickAtMs: number): Trace | undefined {
    // Asked many times about one tick in a row.
    if (this.#lastTick?.tickAtMs !== tickAtMs) {
      const traceId = traceIdOf(this.options.namespace, `tick ${tickAtMs}`);
      const trace = isSampled(traceId, this.options.tickRatio) ? this.#trace(traceId) : undefined;
      this.#lastTick = { tickAtMs, trace };
    }
    return this.#lastTick?.trace;
  }

  intent(intentId: string): Trace {
    return this.#trace(traceIdOf(this.options.namespace, `intent ${intentId}`));
  }

  /** The trace a log line belongs to, by the ids it carries. */
  traceIdOf({ intentId, tickAtMs }: Readonly<Record<string, unknown>>): string | undefined {
    if (typeof intentId === "string" && intentId !== "") return this.intent(intentId).traceId;
    return typeof tickAtMs === "number" ? this.tick(tickAtMs)?.traceId : undefined;
  }

  #trace(traceId: string): Trace {
    return {
      traceId,
      begin: ({ parent, ...start }) =>
        this.#begin(traceId, parent === undefined ? undefined : spanIdOf(traceId, parent), start),
    };
  }

  /** Orders are sent between a span's beginning and its end: a defect here must not reach them. */
  #begin(traceId: string, parentSpanId: string | undefined, start: ChildStart): Span {
    try {
      return this.#begun(traceId, parentSpanId, start);
    } catch {
      return NO_SPAN;
    }
  }

  #begun(traceId: string, parentSpanId: string | undefined, start: ChildStart): Span {
    const { clock, take } = this.options;
    const spanId =
      start.id === undefined ? randomBytes(SPAN_ID_BYTES).toString("hex") : spanIdOf(traceId, start.id);
    const begunAtMs = clock.nowMs();
    const begunMs = clock.monotonicMs();
    const startAtMs = start.startAtMs ?? begunAtMs;
    return {
      begin: (child) => this.#begin(traceId, spanId, child),
      end: ({ attributes, fault } = {}) => {
        try {
          take({
            ...{ traceId, spanId, parentSpanId, startAtMs, fault, name: start.name },
            kind: start.kind ?? "internal",
            // A clock that is set back meanwhile makes no span end before it began.
            endAtMs: Math.max(startAtMs, begunAtMs + clock.monotonicMs() - begunMs),
            attributes: known({ ...start.attributes, ...attributes }),
            links: (start.links ?? []).map(({ trace, id }) => ({
              traceId: trace.traceId,
              spanId: spanIdOf(trace.traceId, id),
            })),
          });
        } catch {
          // A span less.
        }
      },
    };
  }
}

function known(attributes: Attributes): FinishedSpan["attributes"] {
  const entries = Object.entries(attributes);
  return Object.fromEntries(
    entries.filter((entry): entry is [string, string | number | boolean] => entry[1] !== undefined),
  );
}
