import { expect, test } from "bun:test";
import { ManualClock } from "../../testing/manual-clock.ts";
import { createLog } from "./log.ts";
import { type FinishedSpan, SpanTracer } from "./tracer.ts";

const START_AT_MS = Date.UTC(2026, 0, 1);

function tracerOf(tickRatio: number, namespace = "a service") {
  const clock = new ManualClock(START_AT_MS);
  const spans: FinishedSpan[] = [];
  const tracer = new SpanTracer({ namespace, tickRatio, clock, take: (span) => void spans.push(span) });
  return { clock, spans, tracer };
}

const ticks = Array.from({ length: 5_000 }, (_, index) => START_AT_MS + index * 30_000);

test("processes agree on ids without a word, and services that share a collector do not meet", () => {
  const [one, other, stranger] = [tracerOf(1), tracerOf(1), tracerOf(1, "another")];
  for (const { tracer } of [one, other, stranger]) {
    tracer.tick(START_AT_MS)!.begin({ name: "child", id: "me", parent: "them" }).end();
    tracer.intent("an-intent").begin({ name: "child", id: "me", parent: "them" }).end();
  }
  const idsOf = ({ spans }: typeof one) =>
    spans.map(({ traceId, spanId, parentSpanId }) => [traceId, spanId, parentSpanId!]);
  expect(idsOf(one)).toEqual(idsOf(other));
  for (const [traceId, spanId] of idsOf(one)) {
    expect(traceId).toMatch(/^[0-9a-f]{32}$/);
    expect(spanId).toMatch(/^[0-9a-f]{16}$/);
  }
  const all = [...idsOf(one), ...idsOf(stranger)].flat();
  expect(new Set(all).size).toBe(all.length);
});

test("a part of the ticks is kept; who keeps more keeps all that the others keep; intents are all kept", () => {
  const keptBy = (ratio: number) => new Set(ticks.filter((tick) => tracerOf(ratio).tracer.tick(tick)));
  const [none, some, more, all] = [keptBy(0), keptBy(0.01), keptBy(0.2), keptBy(1)];
  expect([none.size, all.size]).toEqual([0, ticks.length]);
  expect(some.size).toBeWithin(25, 80);
  expect(more.size).toBeWithin(900, 1_100);
  expect(some.isSubsetOf(more)).toBe(true);
  expect(tracerOf(0).tracer.intent("an-intent").traceId).toMatch(/^[0-9a-f]{32}$/);
});

test("a span lasts as long as it took, also where the clock is set back meanwhile", async () => {
  const { clock, spans, tracer } = tracerOf(1);
  const span = tracer.intent("i").begin({ name: "outer", attributes: { a: 1, gone: undefined } });
  await clock.advance(40);
  const child = span.begin({ name: "inner", kind: "client" });
  clock.setWallClock(START_AT_MS - 60_000);
  await clock.advance(2);
  child.end({ fault: "timeout" });
  span.end({ attributes: { b: "x" } });
  const [inner, outer] = spans;
  expect(outer).toMatchObject({ startAtMs: START_AT_MS, endAtMs: START_AT_MS + 42, fault: undefined });
  expect(Object.entries(outer!.attributes)).toEqual([
    ["a", 1],
    ["b", "x"],
  ]);
  expect(inner).toMatchObject({ startAtMs: START_AT_MS + 40, endAtMs: START_AT_MS + 42, fault: "timeout" });
  expect(inner!.parentSpanId).toBe(outer!.spanId);
});

test("whoever traces does not feel that it fails", () => {
  const clock = new ManualClock(START_AT_MS);
  const take = () => {
    throw new Error("full");
  };
  const tracer = new SpanTracer({ namespace: "n", tickRatio: 1, clock, take });
  const span = tracer.intent("i").begin({ name: "a" });
  span.begin({ name: "b" }).end();
  span.end();
  clock.nowMs = take;
  tracer.intent("i").begin({ name: "a" }).begin({ name: "b" }).end();
});

test("log lines carry the trace of what they tell of, and none where it is not traced", () => {
  const written: string[] = [];
  const [kept, left] = [tracerOf(1).tracer, tracerOf(0).tracer];
  const logOf = (tracer?: SpanTracer) =>
    createLog({
      ...{ level: "info", format: "json", process: "test", nowMs: () => 0 },
      write: (line) => void written.push(line),
      traceIdOf: tracer && ((fields) => tracer.traceIdOf(fields)),
    });
  logOf(kept).info("tick", { tickAtMs: START_AT_MS });
  logOf(kept).child({ intentId: "i" }).info("intent", { tickAtMs: START_AT_MS });
  logOf(left).info("tick left out", { tickAtMs: START_AT_MS });
  logOf().info("not traced", { tickAtMs: START_AT_MS });
  logOf(kept).info("about nothing", { intentId: undefined });
  expect(written.map((line) => JSON.parse(line).traceId)).toEqual([
    kept.tick(START_AT_MS)!.traceId,
    kept.intent("i").traceId,
    undefined,
    undefined,
    undefined,
  ]);
});
