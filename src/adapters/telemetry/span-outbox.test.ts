import { expect, test } from "bun:test";
import { ManualClock } from "../../testing/manual-clock.ts";
import { RecordingLog } from "../../testing/recording-log.ts";
import { SpanOutbox } from "./span-outbox.ts";
import type { FinishedSpan } from "./tracer.ts";

function spanOf(name: string): FinishedSpan {
  return {
    ...{ name, traceId: "1".repeat(32), spanId: "2".repeat(16), parentSpanId: undefined, kind: "internal" },
    ...{ startAtMs: 0, endAtMs: 1, attributes: {}, links: [], fault: undefined },
  };
}

function open(waitingMax?: number) {
  const clock = new ManualClock(0);
  const log = new RecordingLog();
  const sent: string[][] = [];
  let collector: () => Promise<void> = async () => undefined;
  const outbox = new SpanOutbox({
    ...{ clock, log },
    ...(waitingMax === undefined ? {} : { waitingMax }),
    send: async (spans) => {
      sent.push(spans.map(({ name }) => name));
      await collector();
    },
  });
  const take = (count: number, name = "s") => {
    for (let index = 0; index < count; index++) outbox.take(spanOf(`${name}${index}`));
  };
  return { clock, log, sent, outbox, take, become: (next: typeof collector) => (collector = next) };
}

test("spans are gathered for a second and sent in batches, in order", async () => {
  const { clock, sent, outbox, take } = open();
  take(200);
  await clock.advance(900);
  expect(sent).toEqual([]);
  await clock.advance(200);
  expect(sent.map((batch) => [batch.length, batch[0], batch.at(-1)!])).toEqual([
    [128, "s0", "s127"],
    [72, "s128", "s199"],
  ]);
  expect(outbox.counts).toEqual({ exported: 200, lost: 0, waiting: 0 });
});

test("a collector that refuses costs spans, which are counted; it is said once, and once that it is back", async () => {
  const { clock, log, sent, outbox, take, become } = open();
  become(() => Promise.reject(new Error("connect ECONNREFUSED")));
  for (let turn = 0; turn < 3; turn++) {
    take(10);
    await clock.advance(2_000);
  }
  expect(sent.length).toBe(3);
  expect(outbox.counts).toEqual({ exported: 0, lost: 30, waiting: 0 });
  become(async () => undefined);
  take(5);
  await clock.advance(2_000);
  expect(outbox.counts).toEqual({ exported: 5, lost: 30, waiting: 0 });
  expect(log.said()).toEqual(["traces do not reach the collector", "traces reach the collector again"]);
  expect(log.lines.at(-1)!.fields).toEqual({ lostCount: 30 });
});

test("while the collector hangs so much is kept and no more; what it never answered is lost in the end", async () => {
  const { clock, outbox, take, become } = open(300);
  become(() => new Promise(() => undefined));
  take(100);
  await clock.advance(2_000);
  take(1_000, "later");
  expect(outbox.counts).toEqual({ exported: 0, lost: 700, waiting: 300 });
  become(async () => undefined);
  await clock.advance(20_000);
  expect(outbox.counts).toEqual({ exported: 300, lost: 800, waiting: 0 });
});

test("at the end what waits is sent, and a collector that hangs is not waited for", async () => {
  const well = open();
  well.take(200);
  const stopped = well.outbox.stop();
  await well.clock.advance(1);
  await stopped;
  expect(well.outbox.counts.exported).toBe(200);

  const hanging = open();
  hanging.become(() => new Promise(() => undefined));
  hanging.take(1);
  const givenUp = hanging.outbox.stop();
  await hanging.clock.advance(1_001);
  await givenUp;
});
