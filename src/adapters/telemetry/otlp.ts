// Spans as OTLP over HTTP, by OpenTelemetry's own exporter. Its libraries are loaded only when there is a collector.

import type { HrTime } from "@opentelemetry/api";
import type { ReadableSpan } from "@opentelemetry/sdk-trace";
import type { SpanKind } from "../../ports/tracing.ts";
import type { FinishedSpan } from "./tracer.ts";

export interface OtlpOptions {
  /** Of the collector, without /v1/traces. */
  readonly endpoint: string;
  /** Sent with every request; may hold a secret. */
  readonly headers: Readonly<Record<string, string>>;
  /** Names the process: service.name and its like. */
  readonly resource: Readonly<Record<string, string>>;
  readonly version: string;
}

/** Retries by the exporter end with it. */
const EXPORT_MS_MAX = 5_000;
/** The numbers of OpenTelemetry's enumerations. */
const KIND: Readonly<Record<SpanKind, number>> = { internal: 0, client: 2, producer: 3, consumer: 4 };
const STATUS = { unset: 0, error: 2 } as const;
const SAMPLED = 1;

/** The sender of batches; rejects when one was not taken. Nothing is reached yet. */
export async function createOtlpSender(
  options: OtlpOptions,
): Promise<(spans: readonly FinishedSpan[]) => Promise<void>> {
  const [{ OTLPTraceExporter }, { resourceFromAttributes }] = await Promise.all([
    import("@opentelemetry/exporter-trace-otlp-http"),
    import("@opentelemetry/resources"),
  ]);
  const exporter = new OTLPTraceExporter({
    url: `${options.endpoint}/v1/traces`,
    headers: options.headers,
    timeoutMillis: EXPORT_MS_MAX,
    concurrencyLimit: 4,
  });
  const resource = resourceFromAttributes(options.resource);
  const instrumentationScope = { name: "schedulerx", version: options.version };
  return (spans) =>
    new Promise((resolve, reject) => {
      const readable = spans.map((span) => ({ ...readableSpan(span), resource, instrumentationScope }));
      exporter.export(readable, ({ code, error }) => {
        if (code === 0) resolve();
        else reject(error ?? new Error("expected the collector to take a batch"));
      });
    });
}

function readableSpan(span: FinishedSpan): Omit<ReadableSpan, "resource" | "instrumentationScope"> {
  const { traceId, name, startAtMs, endAtMs, fault } = span;
  const contextOf = (spanId: string, ofTrace = traceId) => ({
    ...{ traceId: ofTrace, spanId, traceFlags: SAMPLED },
  });
  return {
    name,
    kind: KIND[span.kind],
    spanContext: () => contextOf(span.spanId),
    ...(span.parentSpanId && { parentSpanContext: contextOf(span.parentSpanId) }),
    startTime: hrTimeOf(startAtMs),
    endTime: hrTimeOf(endAtMs),
    duration: hrTimeOf(endAtMs - startAtMs),
    status: { code: fault === undefined ? STATUS.unset : STATUS.error },
    attributes: { ...span.attributes, ...(fault === undefined ? {} : { "error.type": fault }) },
    links: span.links.map((link) => ({ context: contextOf(link.spanId, link.traceId) })),
    events: [],
    ended: true,
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  };
}

/** Seconds and nanoseconds. */
function hrTimeOf(ms: number): HrTime {
  const microseconds = Math.round(ms * 1_000);
  return [Math.floor(microseconds / 1e6), (microseconds % 1e6) * 1_000];
}
