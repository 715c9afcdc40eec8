// What one intent's trace tells, also of an intent that two processes have worked on, and that trading does not feel it.

import { expect, test } from "bun:test";
import { type FinishedSpan, SpanTracer } from "../adapters/telemetry/tracer.ts";
import { spanIdOf } from "../domain/trace-ids.ts";
import { SPANS } from "../ports/tracing.ts";
import type { EngineRig, RigOptions } from "../testing/engine/rig.ts";
import { rigStarter } from "../testing/engine/rigs.ts";
import { ManualClock } from "../testing/manual-clock.ts";

const started = rigStarter();

/** A rig whose spans are kept. Times come from the rig's clock, which is made with it. */
async function traced(options: RigOptions = {}, take?: (span: FinishedSpan) => void) {
  const spans: FinishedSpan[] = [];
  let ofRig: EngineRig | undefined;
  const early = new ManualClock(0);
  const clock = {
    nowMs: () => (ofRig?.clock ?? early).nowMs(),
    monotonicMs: () => (ofRig?.clock ?? early).monotonicMs(),
    sleep: async () => undefined,
  };
  const tracer = new SpanTracer({
    ...{ namespace: "test", tickRatio: 1, clock },
    take: take ?? ((span) => void spans.push(span)),
  });
  const rig = await started({ ...options, tracer }, (made) => (ofRig = made));
  const named = (name: string) => spans.filter((span) => span.name === name);
  /** Parents are named and there, up to the first. */
  const lineOf = (span: FinishedSpan): string[] => {
    const parent = spans.find((one) => one.spanId === span.parentSpanId && one.traceId === span.traceId);
    if (!parent) return span.parentSpanId === undefined ? [span.name] : [span.name, "?"];
    return [span.name, ...lineOf(parent)];
  };
  return { rig, spans, tracer, named, lineOf };
}

test("an entry and its exit are a trace each: decision, orders with their sending and look-ups, moves, settlement", async () => {
  const { rig, spans, tracer, named, lineOf } = await traced();
  await rig.tick();
  rig.market.setRate("XRP", 1_430);
  await rig.ticks(10_000);
  expect(rig.held).toEqual([]);
  const [entry, exit] = rig.intents();
  expect(named("intent entry").map(({ traceId }) => traceId)).toEqual([
    tracer.intent(entry!.intentId).traceId,
  ]);
  expect(named("intent exit").map(({ traceId }) => traceId)).toEqual([tracer.intent(exit!.intentId).traceId]);
  for (const span of spans) expect(lineOf(span).at(-1)).toMatch(/^intent (entry|exit)$/);
  expect(new Set(spans.map(({ spanId }) => spanId)).size).toBe(spans.length);

  const [root] = named("intent entry");
  expect(root).toMatchObject({ startAtMs: entry!.plannedAtMs, parentSpanId: undefined, fault: undefined });
  expect(root!.attributes).toMatchObject({ "schedulerx.intent.to": "hedged", "schedulerx.coin": "XRP" });
  const tickAtMs = Number(entry!.decisionId.split(" ")[1]);
  const tick = tracer.tick(tickAtMs)!;
  expect(root!.links).toEqual([{ traceId: tick.traceId, spanId: spanIdOf(tick.traceId, SPANS.tick) }]);
  expect(named("decide").length).toBe(2);
  expect(named("decide")[0]!.endAtMs).toBeLessThanOrEqual(root!.startAtMs);

  const orders = spans.filter(({ name }) => name.startsWith("order "));
  expect(orders.map(({ name }) => name).sort()).toEqual([
    "order buy",
    "order cover",
    "order hedge",
    "order sell",
  ]);
  for (const order of orders) {
    const row = rig.journal.orders.get(String(order.attributes["schedulerx.order.client_id"]))!;
    expect([order.startAtMs, order.fault]).toEqual([row.createdAtMs, undefined]);
    const of = (name: string) => named(name).filter(({ parentSpanId }) => parentSpanId === order.spanId);
    expect(of("place order").map(({ attributes }) => attributes["schedulerx.outcome"])).toEqual(["accepted"]);
    expect(of("look up order").at(-1)!.attributes["schedulerx.outcome"]).toBe("found");
  }
  const moves = named("journal move").filter(({ traceId }) => traceId === root!.traceId);
  expect(moves.map(({ attributes }) => attributes["schedulerx.intent.to"])).toEqual([
    "domestic-sending",
    "domestic-done",
    "overseas-sending",
  ]);
  expect([named("journal settle entry").length, named("journal settle exit").length]).toEqual([1, 1]);
});

test("a successor goes on with the trace of the process that died between the legs", async () => {
  const { rig, spans, named, lineOf } = await traced();
  await rig.tick(0);
  const isBetween = () => rig.intents().some(({ state }) => state === "overseas-sending");
  await rig.clock.advanceUntil(isBetween, 10_000);
  const before = spans.length;
  expect(before).toBeGreaterThan(3);
  expect(named("intent entry")).toEqual([]);
  await rig.restart();
  await rig.ticks(30_000);
  expect(rig.intents().map(({ state }) => state)).toEqual(["hedged"]);
  const [root, ...others] = named("intent entry");
  expect(others).toEqual([]);
  expect(root!.startAtMs).toBe(rig.intents()[0]!.plannedAtMs);
  for (const span of spans) {
    expect([span.name, span.traceId, lineOf(span).at(-1)]).toEqual([
      span.name,
      root!.traceId,
      "intent entry",
    ]);
  }
  expect(spans.slice(before).map(({ name }) => name)).toContain("look up order");
  expect(named("order buy").length).toBe(1);
});

test("a store that is away shows as spans with its fault, and what fails in tracing reaches no order", async () => {
  const { rig, named } = await traced();
  await rig.tick(0);
  await rig.clock.advanceUntil(() => rig.intents().some(({ state }) => state === "domestic-sending"), 10_000);
  const { process } = rig.processes[0]!;
  process.road = "away";
  await rig.pass(1_000);
  process.road = "ok";
  await rig.pass(5_000);
  expect(rig.intents().map(({ state }) => state)).toEqual(["hedged"]);
  expect(named("journal record order").map(({ fault }) => fault)).toContain("StoreFault");

  const failing = await traced({}, () => {
    throw new Error("a defect in tracing");
  });
  await failing.rig.tick();
  expect(failing.rig.held).toEqual(["1 XRP"]);
});
