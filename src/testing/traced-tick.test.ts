// One tick's trace through scheduler, workers and api in memory, as a real collector receives it; and a collector that
// is of no use while ticks go on.

import { afterEach, expect, test } from "bun:test";
import { LiveFrames } from "../../api/live-frames.ts";
import { systemClock } from "../adapters/clock.ts";
import { packFrame, unpackFrame } from "../adapters/frame-codec.ts";
import { createOtlpSender } from "../adapters/telemetry/otlp.ts";
import { SpanOutbox } from "../adapters/telemetry/span-outbox.ts";
import { type FinishedSpan, SpanTracer } from "../adapters/telemetry/tracer.ts";
import { VENUE_BOOKS } from "../adapters/venue/books.ts";
import type { Clock } from "../ports/clock.ts";
import { createMarket } from "../simulator/market.ts";
import { endMsOf, OtlpReceiver, type ReceivedSpan, startMsOf } from "./otlp-receiver.ts";
import { RecordingLog } from "./recording-log.ts";
import { createService, type Service } from "./whole-service.ts";

const PERIOD_MS = 5_000;
const START_AT_MS = Date.UTC(2026, 0, 1, 0, 0, 1);
const TICK_AT_MS = Date.UTC(2026, 0, 1);
const COINS = ["BTC", "ETH", "XRP", "SOL", "DOGE", "PEPE", "SHIB", "ADA", "LINK", "AVAX"];
const market = createMarket({ seed: 3, startAtMs: START_AT_MS });

const opened: { stop(): Promise<unknown> }[] = [];
afterEach(async () => {
  for (const each of opened.splice(0).reverse()) await each.stop();
});

function keep<T extends { stop(): Promise<unknown> }>(each: T): T {
  opened.push(each);
  return each;
}

/** All stages with tracers of their own, as processes have them; spans go to `take`. */
async function open(take: (span: FinishedSpan) => void, tickRatio = 1): Promise<Service> {
  let clock: Clock = systemClock;
  const ofStages: Clock = {
    nowMs: () => clock.nowMs(),
    monotonicMs: () => clock.monotonicMs(),
    sleep: (...asked) => clock.sleep(...asked),
  };
  const tracerOf = () => new SpanTracer({ namespace: "test", tickRatio, clock: ofStages, take });
  const service = keep(
    await createService({
      ...{ market, coins: COINS, workerCount: 2, periodMs: PERIOD_MS, venues: VENUE_BOOKS },
      ...{ startAtMs: START_AT_MS, pack: packFrame, tracer: tracerOf() },
    }),
  );
  clock = service.clock;
  const { bus, log } = service;
  const live = keep(new LiveFrames({ feed: bus.frames, unpackFrame, clock, log, tracer: tracerOf() }));
  await live.start();
  return service;
}

async function runTicks({ ticks, clock, closed }: Service, count: number): Promise<void> {
  const started = ticks.start();
  await clock.advanceUntil(() => closed.length >= count, 60_000);
  await started;
}

async function outboxTo({ endpoint }: OtlpReceiver, clock: Clock): Promise<SpanOutbox> {
  const send = await createOtlpSender({ endpoint, headers: {}, resource: {}, version: "test" });
  return new SpanOutbox({ clock, send, log: new RecordingLog() });
}

test("a tick is one trace from the beat over tasks, books and reports to the frames at the api", async () => {
  const receiver = keep(new OtlpReceiver());
  const outbox = await outboxTo(receiver, systemClock);
  const service = await open((span) => outbox.take(span));
  // Reports far enough apart for a frame each.
  service.exchanges.control.setFault({ kind: "delay", delayMs: 150 });
  await runTicks(service, 1);
  await service.clock.advance(200);
  await outbox.stop();
  expect(receiver.faults).toEqual([]);

  const [tick, ...others] = receiver.named("tick");
  expect(others).toEqual([]);
  expect(tick!.attributes).toMatchObject({ "schedulerx.rows": 40, "schedulerx.rows.missing": 0 });
  expect([startMsOf(tick!), endMsOf(tick!)]).toEqual([TICK_AT_MS, service.closed[0]!.closedAtMs]);
  expect(new Set(receiver.spans.map(({ traceId }) => traceId))).toEqual(new Set([tick!.traceId]));
  const ids = receiver.spans.map(({ spanId }) => spanId);
  expect(new Set(ids).size).toBe(ids.length);
  for (const span of receiver.spans) expect(receiver.lineOf(span).at(-1)).toBe("tick");

  const taken = receiver.named("process schedulerx.tasks");
  expect(taken.map((span) => receiver.lineOf(span))).toEqual(
    Array(3).fill(["process schedulerx.tasks", "send schedulerx.tasks", "issue tick", "tick"]),
  );
  const ofTask = ["process schedulerx.tasks", "send schedulerx.tasks", "issue tick", "tick"];
  const merged = receiver.named("process schedulerx.reports");
  for (const span of merged) {
    expect(receiver.lineOf(span)).toEqual([span.name, "send schedulerx.reports", ...ofTask]);
  }
  const idOf = (span: ReceivedSpan) => String(span.attributes["messaging.message.id"]);
  expect(merged.map(idOf).sort()).toEqual(taken.map(idOf).sort());
  for (const name of ["GET", "wait for budget", "compute rates"]) {
    const spans = receiver.named(name);
    expect(spans.length).toBeGreaterThanOrEqual(3);
    for (const span of spans) expect(receiver.lineOf(span)).toEqual([name, ...ofTask]);
  }
  const [book] = receiver.named("GET");
  expect(book!.attributes).toMatchObject({
    "http.request.method": "GET",
    "http.response.status_code": 200,
    "url.path": expect.stringMatching(/^\/[^?]*$/),
  });

  const frames = receiver.named("send schedulerx.frames");
  const sent = service.frames.map(({ tickAtMs, part }) => `${tickAtMs}.${part}`);
  expect(frames.length).toBeGreaterThan(1);
  expect(frames.map(idOf)).toEqual([...new Set(sent)]);
  for (const frame of frames) {
    expect(receiver.lineOf(frame)).toEqual([frame.name, "tick"]);
    const links = frame.links.map(({ spanId }) => spanId);
    expect(links.every((id) => merged.some(({ spanId }) => spanId === id))).toBe(true);
  }
  expect(frames.flatMap(({ links }) => links).length).toBe(merged.length);
  const heard = receiver.named("process schedulerx.frames");
  expect(heard.map(idOf)).toEqual(frames.map(idOf));
  for (const span of heard)
    expect(receiver.lineOf(span).slice(1)).toEqual(["send schedulerx.frames", "tick"]);
});

test("a tick that is not traced makes no span", async () => {
  const spans: FinishedSpan[] = [];
  const service = await open((span) => void spans.push(span), 0);
  await runTicks(service, 2);
  expect(spans).toEqual([]);
});

test.each([["hang"], [503], ["gone"]] as const)(
  "a collector that is of no use (%p) changes nothing about ticks",
  async (mood) => {
    const receiver = new OtlpReceiver();
    if (mood === "gone") await receiver.stop();
    else receiver.mood = mood;
    let outbox: SpanOutbox | undefined;
    const traced = await open((span) => outbox?.take(span));
    outbox = await outboxTo(receiver, traced.clock);
    await runTicks(traced, 3);
    const untraced = await open(() => undefined, 0);
    await runTicks(untraced, 3);
    expect(traced.closed).toEqual(untraced.closed);
    expect(traced.frames.map(({ rows }) => rows.length)).toEqual(
      untraced.frames.map(({ rows }) => rows.length),
    );
    const stopped = outbox.stop();
    await traced.clock.advance(1_001);
    await stopped;
    await receiver.stop();
    expect(outbox.counts.exported).toBe(0);
  },
);
