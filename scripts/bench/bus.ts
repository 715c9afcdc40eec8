// Handing out a tick: 33 tasks stored on JetStream (file, confirmed), against the same 33 messages on bare core NATS,
// flushed, in the same run; and one task's way from publish to confirmed acknowledgement.

import { connect } from "@nats-io/transport-node";
import { taskIdOf } from "../../schema/messages/quote-task.ts";
import { connectNats } from "../../src/adapters/bus/nats.ts";
import { systemClock } from "../../src/adapters/clock.ts";
import { RecordingLog } from "../../src/testing/recording-log.ts";
import { startNats } from "../../src/testing/services.ts";
import type { BenchLine } from "./line.ts";

const TASKS_PER_TICK = 33;
/** A task of four coins with four legs each, as JSON. */
const TASK_BYTES = 1_100;
const WARM_UP_TICKS = 20;
const MEASURED_TICKS = 100;
const TARGET_MS = 5;
const CORE_SUBJECT = "bench.core";

/** Starts a nats-server of its own. */
export async function benchBus(): Promise<BenchLine[]> {
  const server = await startNats();
  const bus = await connectNats({
    url: server.url,
    name: "bench",
    log: new RecordingLog(),
    clock: systemClock,
  });
  const core = await connect({ servers: server.url, noAsyncTraces: true });
  try {
    await bus.ensureStreams({ tickPeriodMs: 30_000 });
    const bytes = new Uint8Array(TASK_BYTES).fill(0x7b);
    const handOutMs: number[] = [];
    const coreMs: number[] = [];
    const tripMs: number[] = [];
    for (let tick = 0; tick < WARM_UP_TICKS + MEASURED_TICKS; tick++) {
      const shards = Array.from({ length: TASKS_PER_TICK }, (_, shard) => shard);
      coreMs.push(
        await timed(async () => {
          for (const _ of shards) core.publish(CORE_SUBJECT, bytes);
          await core.flush();
        }),
      );
      handOutMs.push(
        await timed(() =>
          Promise.all(shards.map((shard) => bus.tasks.publish(taskIdOf(tick, shard), bytes))),
        ),
      );
      for (const _ of shards) await (await bus.tasks.next(1_000))?.ack();
      tripMs.push(
        await timed(async () => {
          await bus.tasks.publish(taskIdOf(tick, TASKS_PER_TICK), bytes);
          await (await bus.tasks.next(1_000))?.ack();
        }),
      );
    }
    const handOut = median(handOutMs.slice(WARM_UP_TICKS));
    const trips = tripMs.slice(WARM_UP_TICKS).toSorted((a, b) => a - b);
    return [
      {
        name: "a tick's 33 tasks stored on JetStream, median",
        figure: round(handOut),
        unit: "ms",
        comparison: `the same on core NATS, flushed: ${round(median(coreMs.slice(WARM_UP_TICKS)))} ms`,
        target: `at most ${TARGET_MS} ms`,
        ok: handOut <= TARGET_MS,
      },
      {
        name: "one task from publish to confirmed acknowledgement, median",
        figure: round(median(trips)),
        unit: "ms",
        comparison: `99th percentile: ${round(trips[Math.floor(trips.length * 0.99)]!)} ms`,
        target: "none",
        ok: true,
      },
    ];
  } finally {
    await core.close();
    await bus.drain();
    await server.stop();
  }
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startMs = performance.now();
  await work();
  return performance.now() - startMs;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

if (import.meta.main) for (const line of await benchBus()) console.log(line);
