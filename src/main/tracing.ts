// Traces of one process, where there is a collector for them.

import { hostname } from "node:os";
import { createOtlpSender } from "../adapters/telemetry/otlp.ts";
import { type SpanCounts, SpanOutbox } from "../adapters/telemetry/span-outbox.ts";
import { SpanTracer } from "../adapters/telemetry/tracer.ts";
import type { Clock } from "../ports/clock.ts";
import type { Log } from "../ports/telemetry.ts";
import { VERSION } from "../version.ts";

export interface TracingSettings {
  readonly OTEL_EXPORTER_OTLP_ENDPOINT: string | undefined;
  readonly OTEL_EXPORTER_OTLP_HEADERS: Readonly<Record<string, string>> | undefined;
  readonly TRACES_TICK_PCT: number;
  readonly TRACES_NAMESPACE: string;
  /** Workers have names. */
  readonly WORKER_ID?: string | undefined;
}

export interface Tracing {
  readonly tracer: SpanTracer;
  readonly counts: () => SpanCounts;
  /** Sends what it can for a second. */
  stop(): Promise<void>;
}

/** Undefined where no collector is set: then nothing of OpenTelemetry is loaded, and nobody makes a span. */
export async function openTracing(
  settings: TracingSettings,
  { name, clock, log }: { readonly name: string; readonly clock: Clock; readonly log: Log },
): Promise<Tracing | undefined> {
  const endpoint = settings.OTEL_EXPORTER_OTLP_ENDPOINT;
  if (endpoint === undefined) return undefined;
  const send = await createOtlpSender({
    endpoint,
    headers: settings.OTEL_EXPORTER_OTLP_HEADERS ?? {},
    version: VERSION,
    resource: {
      "service.name": name,
      "service.namespace": settings.TRACES_NAMESPACE,
      "service.version": VERSION,
      "service.instance.id": settings.WORKER_ID ?? `${hostname()}-${process.pid}`,
    },
  });
  const outbox = new SpanOutbox({ clock, log, send });
  const tracer = new SpanTracer({
    clock,
    namespace: settings.TRACES_NAMESPACE,
    tickRatio: settings.TRACES_TICK_PCT / 100,
    take: (span) => outbox.take(span),
  });
  return { tracer, counts: () => outbox.counts, stop: () => outbox.stop() };
}
