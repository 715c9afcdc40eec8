// Handing out a tick: 33 tasks on JetStream (file, confirmed) until the last is in the hands of a worker, against the
// same 33 messages on bare core NATS, in the same run; and what is left of a tick when the server is killed meanwhile.

import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { connect, type NatsConnection } from "@nats-io/transport-node";
import { taskIdOf } from "../../schema/messages/quote-task.ts";
import { connectNats, type NatsBus } from "../../src/adapters/bus/nats.ts";
import { systemClock } from "../../src/adapters/clock.ts";
import { RecordingLog } from "../../src/testing/recording-log.ts";
import { startNats, type TestNats } from "../../src/testing/services.ts";
import { type BenchLine, type BenchOptions, median, quantile, round } from "./line.ts";

const TASKS_PER_TICK = 33;
const WORKERS = 5;
/** A task of four coins with four legs each, as JSON. */
const TASK_BYTES = 1_100;
const WARM_UP_TICKS = 20;
const MEASURED_TICKS = 100;
const TARGET_MS = 5;
const CORE_SUBJECT = "bench.core";
/** Long enough that no task of a killed server runs out of time. */
const TICK_PERIOD_MS = 30_000;
const KILLS = 3;
/** Tasks in the hands of workers at the kill, taken and not done. */
const HELD = WORKERS;
const AGAIN_WITHIN_MS = 20_000;
const PULL_MS = 500;
const API_TIMEOUT_MS = 10_000;
const MEMORY_STREAM = "BENCH_MEMORY";

const shards = Array.from({ length: TASKS_PER_TICK }, (_, shard) => shard);
/** The first byte says which of the tick it is. */
const bodies = shards.map((shard) => new Uint8Array(TASK_BYTES).fill(shard, 0, 1));

const connectBus = (url: string) =>
  connectNats({ url, name: "bench", log: new RecordingLog(), clock: systemClock });

const publishTick = (bus: NatsBus, tick: number) =>
  Promise.all(shards.map((shard) => bus.tasks.publish(taskIdOf(tick, shard), bodies[shard]!)));

/** Says when the last of a tick's messages is in somebody's hands. */
class Tally {
  #left = TASKS_PER_TICK;
  #all = Promise.withResolvers<void>();

  count(): void {
    if (--this.#left > 0) return;
    this.#left = TASKS_PER_TICK;
    const { resolve } = this.#all;
    this.#all = Promise.withResolvers();
    resolve();
  }

  get all(): Promise<void> {
    return this.#all.promise;
  }
}

/** Takes one task at a time, as a worker does, and gives it back done at once. */
async function work({ tasks }: NatsBus, taken: Tally, done: Tally, ending: AbortSignal): Promise<void> {
  while (!ending.aborted) {
    const task = await tasks.next(PULL_MS);
    if (!task) continue;
    taken.count();
    await task.ack();
    done.count();
  }
}

async function handOutLine(url: string, bus: NatsBus): Promise<BenchLine> {
  const core = await connect({ servers: url, noAsyncTraces: true });
  const receivers = await Promise.all(
    Array.from({ length: WORKERS }, () => connect({ servers: url, noAsyncTraces: true })),
  );
  const workers = await Promise.all(Array.from({ length: WORKERS }, () => connectBus(url)));
  const [received, taken, done] = [new Tally(), new Tally(), new Tally()];
  for (const receiver of receivers) {
    receiver.subscribe(CORE_SUBJECT, { queue: "workers", callback: () => received.count() });
    await receiver.flush();
  }
  const ending = new AbortController();
  const working = workers.map((worker) => work(worker, taken, done, ending.signal));
  const coreMs: number[] = [];
  const storedMs: number[] = [];
  const handOutMs: number[] = [];
  try {
    for (let tick = 0; tick < WARM_UP_TICKS + MEASURED_TICKS; tick++) {
      const coreStartMs = performance.now();
      const all = received.all;
      for (const body of bodies) core.publish(CORE_SUBJECT, body);
      await all;
      coreMs.push(performance.now() - coreStartMs);
      const finished = done.all;
      const inHands = taken.all.then(() => performance.now());
      const startMs = performance.now();
      await publishTick(bus, tick);
      storedMs.push(performance.now() - startMs);
      handOutMs.push((await inHands) - startMs);
      await finished;
    }
  } finally {
    ending.abort();
    await Promise.all(working);
    await Promise.all([...workers.map((worker) => worker.drain()), ...receivers.map((one) => one.close())]);
    await core.close();
  }
  const medianOf = (values: readonly number[]) => median(values.slice(WARM_UP_TICKS));
  const handOut = medianOf(handOutMs);
  return {
    name: `a tick's ${TASKS_PER_TICK} tasks handed out, stored and taken one at a time by ${WORKERS} workers, median`,
    figure: round(handOut, 2),
    unit: "ms",
    comparison: `core NATS, which stores nothing, to as many receivers: ${round(medianOf(coreMs), 2)} ms; stored after ${round(medianOf(storedMs), 2)} ms`,
    target: `at most ${TARGET_MS}`,
    ok: handOut <= TARGET_MS,
  };
}

/** One task's way, with nothing else on the bus. */
async function tripLine(bus: NatsBus): Promise<BenchLine> {
  const tripMs: number[] = [];
  for (let tick = 0; tick < WARM_UP_TICKS + MEASURED_TICKS; tick++) {
    const startMs = performance.now();
    await bus.tasks.publish(taskIdOf(tick, TASKS_PER_TICK), bodies[0]!);
    await (await bus.tasks.next(1_000))?.ack();
    tripMs.push(performance.now() - startMs);
  }
  const trips = tripMs.slice(WARM_UP_TICKS);
  return {
    name: "one task from publish to confirmed acknowledgement, median",
    figure: round(median(trips), 2),
    unit: "ms",
    comparison: `99th percentile: ${round(quantile(trips, 0.99), 2)} ms`,
    target: "none",
    ok: true,
  };
}

/** Does what is in the queue until every task of the tick is done, or none comes any more; how many never came. */
async function lostOf({ tasks }: NatsBus): Promise<number> {
  const done = new Set<number>();
  const untilMs = performance.now() + AGAIN_WITHIN_MS;
  while (done.size < TASKS_PER_TICK && performance.now() < untilMs) {
    const task = await tasks.next(PULL_MS);
    if (!task) continue;
    // One whose acknowledgement is lost comes again.
    if (
      await task.ack().then(
        () => true,
        () => false,
      )
    )
      done.add(task.bytes[0]!);
  }
  return TASKS_PER_TICK - done.size;
}

const managerOf = (connection: NatsConnection) =>
  jetstreamManager(connection, { checkAPI: false, timeout: API_TIMEOUT_MS });

/** A tick in a stream that is kept in memory. */
async function publishInMemory(url: string): Promise<void> {
  const connection = await connect({ servers: url, noAsyncTraces: true });
  const manager = await managerOf(connection);
  await manager.streams.add({ name: MEMORY_STREAM, subjects: [MEMORY_STREAM], storage: "memory" });
  const client = jetstream(connection, { timeout: API_TIMEOUT_MS });
  await Promise.all(bodies.map((body) => client.publish(MEMORY_STREAM, body)));
  await connection.close();
}

/** How many messages of it there are still. */
async function leftInMemory(url: string): Promise<number> {
  const connection = await connect({ servers: url, noAsyncTraces: true });
  const manager = await managerOf(connection);
  const names = await manager.streams.names().next();
  const state = names.includes(MEMORY_STREAM) && (await manager.streams.info(MEMORY_STREAM)).state;
  await connection.close();
  return state ? state.messages : 0;
}

/** kill -9 with the tick confirmed and five of its tasks in the hands of workers; the server comes back with its disk. */
async function killLine(server: TestNats, progress: BenchOptions["progress"]): Promise<BenchLine> {
  let lost = 0;
  let lostInMemory = 0;
  for (let kill = 1; kill <= KILLS; kill++) {
    progress(`kill ${kill} of ${KILLS}`);
    const bus = await connectBus(server.url);
    await publishInMemory(server.url);
    await publishTick(bus, Date.now());
    for (let held = 0; held < HELD; held++) await bus.tasks.next(1_000);
    await server.kill9();
    await server.restart();
    lost += await lostOf(bus);
    lostInMemory += TASKS_PER_TICK - (await leftInMemory(server.url));
    await bus.drain();
  }
  return {
    name: `tasks lost in ${KILLS} kills of nats-server (kill -9) with ${TASKS_PER_TICK} stored, ${HELD} of them taken`,
    figure: lost,
    unit: `of ${KILLS * TASKS_PER_TICK}`,
    comparison: `a stream in memory lost ${lostInMemory}`,
    target: "none",
    ok: lost === 0,
  };
}

/** Starts a nats-server of its own. */
export async function benchBus({ progress }: BenchOptions): Promise<BenchLine[]> {
  const server = await startNats();
  const bus = await connectBus(server.url);
  try {
    await bus.ensureStreams({ tickPeriodMs: TICK_PERIOD_MS });
    const lines = [await handOutLine(server.url, bus), await tripLine(bus)];
    await bus.drain();
    return [...lines, await killLine(server, progress)];
  } finally {
    await bus.drain();
    await server.stop();
  }
}
