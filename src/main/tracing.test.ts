import { afterEach, expect, test } from "bun:test";
import { systemClock } from "../adapters/clock.ts";
import { readSettings, type SettingsError, workerFields } from "../config.ts";
import { endMsOf, OtlpReceiver, startMsOf } from "../testing/otlp-receiver.ts";
import { RecordingLog } from "../testing/recording-log.ts";
import { openTracing, type Tracing } from "./tracing.ts";

const TICK_AT_MS = Date.UTC(2026, 0, 1);
const log = new RecordingLog();
let receiver: OtlpReceiver | undefined;
let tracing: Tracing | undefined;
afterEach(async () => {
  await tracing?.stop();
  await receiver?.stop();
  receiver = undefined;
});

async function open(env: Record<string, string>): Promise<Tracing | undefined> {
  const settings = readSettings(workerFields, env);
  tracing = await openTracing(settings, { name: "schedulerx-worker", clock: systemClock, log });
  return tracing;
}

test("without a collector there is no tracer", async () => {
  expect(await open({ TRACES_TICK_PCT: "100" })).toBeUndefined();
});

test("a collector gets spans by OTLP, with the headers set and the process's name", async () => {
  receiver = new OtlpReceiver();
  const { tracer, counts } = (await open({
    OTEL_EXPORTER_OTLP_ENDPOINT: `${receiver.endpoint}/`,
    OTEL_EXPORTER_OTLP_HEADERS: "authorization=Basic%20YWJj, x-scope=one",
    TRACES_TICK_PCT: "100",
    TRACES_NAMESPACE: "my-service",
    WORKER_ID: "worker-7",
  }))!;
  const [tick, intent] = [tracer.tick(TICK_AT_MS)!, tracer.intent("an-intent")];
  const parent = tick.begin({
    name: "tick",
    id: "tick",
    startAtMs: TICK_AT_MS,
    attributes: { n: 3, ok: true },
  });
  parent.begin({ name: "GET", kind: "client", attributes: { none: undefined } }).end({ fault: "timeout" });
  parent.end();
  intent.begin({ name: "intent", links: [{ trace: tick, id: "tick" }] }).end();
  await tracing!.stop();
  expect(receiver.faults).toEqual([]);
  const [child, root, linked] = receiver.spans;
  expect(root!.resource).toMatchObject({
    "service.name": "schedulerx-worker",
    "service.namespace": "my-service",
    "service.instance.id": "worker-7",
  });
  expect([root!.kind, child!.kind, root!.status.code, child!.status.code]).toEqual([1, 3, 0, 2]);
  expect(root!.attributes).toEqual({ n: 3, ok: true });
  expect(child!.attributes).toEqual({ "error.type": "timeout" });
  expect([root!.parentSpanId, child!.parentSpanId]).toEqual([undefined, root!.spanId]);
  expect([linked!.links[0]!.traceId, linked!.links[0]!.spanId]).toEqual([root!.traceId, root!.spanId]);
  expect(startMsOf(root!)).toBe(TICK_AT_MS);
  expect(endMsOf(root!)).toBeGreaterThan(TICK_AT_MS);
  expect(receiver.texts[0]).toContain("authorization: Basic YWJj");
  expect(receiver.texts[0]).toContain("x-scope: one");
  expect(counts()).toEqual({ exported: 3, lost: 0, waiting: 0 });
});

test("a refused batch is lost and said in words without the headers", async () => {
  receiver = new OtlpReceiver();
  receiver.mood = 400;
  const { tracer, counts } = (await open({
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint,
    OTEL_EXPORTER_OTLP_HEADERS: "authorization=hunter22hunter22",
  }))!;
  tracer.intent("i").begin({ name: "a" }).end();
  await tracing!.stop();
  expect(log.said()).toEqual(["traces do not reach the collector"]);
  expect(counts()).toEqual({ exported: 0, lost: 1, waiting: 0 });
  expect(JSON.stringify(log.lines)).not.toContain("hunter22");
});

test("wrong settings are named, and headers are never shown", () => {
  const env = {
    OTEL_EXPORTER_OTLP_ENDPOINT: "grpc://collector:4317",
    OTEL_EXPORTER_OTLP_HEADERS: "hunter22",
    TRACES_TICK_PCT: "101",
    TRACES_NAMESPACE: "a b",
  };
  try {
    readSettings(workerFields, env);
    expect.unreachable();
  } catch (error) {
    const { faults, message } = error as SettingsError;
    expect(faults.map((fault) => fault.split(":")[0])).toEqual(Object.keys(env));
    expect(message).not.toContain("hunter22");
  }
});
