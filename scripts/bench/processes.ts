// The worker as operators run it, compiled: how long from its start until it is ready to reach for the network, and
// the most memory it has held after thousands of tasks, beside a compiled program that does nothing.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { encodeQuoteTask, taskIdOf } from "../../schema/messages/quote-task.ts";
import { connectNats } from "../../src/adapters/bus/nats.ts";
import { systemClock } from "../../src/adapters/clock.ts";
import { RecordingLog } from "../../src/testing/recording-log.ts";
import { findProgram, makeTempDir, removeTempDir, startNats } from "../../src/testing/services.ts";
import { buildBinary } from "../build.ts";
import { type BenchLine, type BenchOptions, grouped, median, round } from "./line.ts";
import { startStandInVenues } from "./venue-replies.ts";

const STARTS = 25;
const TARGET_START_MS = 30;
const BATCHES = 10_000;
const BATCHES_AHEAD = 60;
const BATCHES_WITHIN_MS = 240_000;
const TARGET_PEAK_MB = 75;
const TICK_PERIOD_MS = 30_000;
/** The stand-in's books do not change: they are to count as fresh for as long as this takes. */
const BOOK_AGE_MS_MAX = 60_000;
const MB = 1024 * 1024;

/** As scripts/build.ts builds the worker. */
async function buildEmpty(folder: string): Promise<string> {
  const entrypoint = join(folder, "empty.ts");
  writeFileSync(entrypoint, 'process.stdout.write("starting\\n");\nsetInterval(() => {}, 60_000);\n');
  const outfile = join(folder, "empty");
  await Bun.build({
    entrypoints: [entrypoint],
    target: "bun",
    format: "esm",
    bytecode: true,
    compile: { outfile, autoloadDotenv: false, autoloadBunfig: false },
  });
  return outfile;
}

/** Nothing listens on port 1: the worker says "starting" when all is loaded and read, then waits for a bus. */
const WITHOUT_NETWORK = { LOG_LEVEL: "info", LOG_FORMAT: "json", NATS_URL: "nats://127.0.0.1:1" };

interface Start {
  readonly ms: number;
  readonly rssBytes: number;
}

async function start(program: string): Promise<Start> {
  const startMs = performance.now();
  const child = Bun.spawn([program], {
    env: { PATH: process.env.PATH, ...WITHOUT_NETWORK },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "ignore",
  });
  let text = "";
  for await (const bytes of child.stdout) {
    text += new TextDecoder().decode(bytes);
    if (text.includes("starting")) break;
  }
  const ms = performance.now() - startMs;
  const { rssBytes } = memoryOf(child.pid);
  child.kill("SIGKILL");
  await child.exited;
  if (!text.includes("starting")) throw new Error(`${program} ended without a word`);
  return { ms, rssBytes };
}

function memoryOf(pid: number): { rssBytes: number; peakBytes: number } {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const kilobytes = (name: string) => Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)?.[1]);
  return { rssBytes: kilobytes("VmRSS") * 1024, peakBytes: kilobytes("VmHWM") * 1024 };
}

interface Soak {
  readonly batches: number;
  readonly tookMs: number;
  readonly peakBytes: number;
}

/** Real tasks from a real bus; the venues answer at once with books asked for beforehand. */
async function soak(worker: string, batches: number, progress: (text: string) => void): Promise<Soak> {
  const venues = await startStandInVenues();
  const nats = await startNats();
  const bus = await connectNats({
    url: nats.url,
    name: "bench",
    log: new RecordingLog(),
    clock: systemClock,
  });
  await bus.ensureStreams({ tickPeriodMs: TICK_PERIOD_MS });
  let answered = 0;
  let wake: () => void = () => {};
  const unsubscribe = await bus.reports.subscribe(Date.now(), () => {
    answered++;
    wake();
  });
  const child = Bun.spawn([worker], {
    env: {
      PATH: process.env.PATH,
      NATS_URL: nats.url,
      WORKER_ID: "bench",
      RATE_GOVERNOR: "off",
      BOOK_AGE_MS_MAX: String(BOOK_AGE_MS_MAX),
      UPBIT_URL: venues.url,
      BITHUMB_URL: venues.url,
      BYBIT_URL: venues.url,
      BINANCE_URL: venues.url,
      LOG_LEVEL: "warn",
    },
    stdin: "ignore",
    stdout: "inherit",
    stderr: "inherit",
  });
  const startMs = performance.now();
  try {
    const firstTickAtMs = Date.now();
    for (let batch = 0; batch < batches; batch++) {
      const shard = batch % venues.tasks.length;
      // Ids differ, so that the bus takes each; ticks are only names here.
      const tickAtMs = firstTickAtMs + Math.floor(batch / venues.tasks.length);
      const taskId = taskIdOf(tickAtMs, shard);
      const deadlineAtMs = Date.now() + TICK_PERIOD_MS;
      const coins = venues.tasks[shard]!;
      await bus.tasks.publish(taskId, encodeQuoteTask({ version: 1, taskId, tickAtMs, deadlineAtMs, coins }));
      if (batch % 2_000 === 1_999) {
        progress(`${grouped(batch + 1)} tasks, ${round(memoryOf(child.pid).peakBytes / MB, 1)} MB at most`);
      }
      while (batch - answered >= BATCHES_AHEAD || (batch === batches - 1 && answered < batches)) {
        const { promise, resolve } = Promise.withResolvers<void>();
        wake = resolve;
        const timer = setTimeout(resolve, 1_000);
        await promise;
        clearTimeout(timer);
        if (performance.now() - startMs > BATCHES_WITHIN_MS)
          throw new Error(`only ${answered} tasks answered`);
      }
    }
    const { peakBytes } = memoryOf(child.pid);
    return { batches: answered, tookMs: performance.now() - startMs, peakBytes };
  } finally {
    child.kill("SIGKILL");
    await child.exited;
    await unsubscribe();
    await bus.drain();
    await nats.stop();
    await venues.stop();
  }
}

export async function benchProcesses({ progress }: BenchOptions): Promise<BenchLine[]> {
  if (process.platform !== "linux") {
    progress("not measured: memory is read from /proc");
    return [];
  }
  const folder = makeTempDir("processes");
  try {
    progress("compiling the worker and an empty program");
    const worker = await buildBinary("schedulerx-worker", folder);
    const empty = await buildEmpty(folder);
    const workerStarts: Start[] = [];
    const emptyStarts: Start[] = [];
    for (let turn = 0; turn < STARTS; turn++) {
      emptyStarts.push(await start(empty));
      workerStarts.push(await start(worker));
    }
    const startMs = (starts: readonly Start[]) => round(median(starts.map(({ ms }) => ms)), 1);
    const rssMb = (starts: readonly Start[]) => round(median(starts.map(({ rssBytes }) => rssBytes)) / MB, 1);
    const lines: BenchLine[] = [
      {
        name: `worker from start to ready without network, median of ${STARTS}`,
        figure: startMs(workerStarts),
        unit: "ms",
        comparison: `an empty compiled program ${startMs(emptyStarts)} ms`,
        target: `at most ${TARGET_START_MS}`,
        ok: startMs(workerStarts) <= TARGET_START_MS,
      },
    ];
    if (!findProgram("nats")) {
      progress('memory not measured: no nats-server; "bun run setup" brings it');
      return lines;
    }
    progress(`${grouped(BATCHES)} tasks of four coins`);
    const { batches, tookMs, peakBytes } = await soak(worker, BATCHES, progress);
    const peakMb = round(peakBytes / MB, 1);
    return [
      ...lines,
      {
        name: `worker's peak memory after ${grouped(batches)} tasks of four coins`,
        figure: peakMb,
        unit: "MB",
        comparison: `at its start ${rssMb(workerStarts)} MB, an empty program ${rssMb(emptyStarts)} MB; ${round(tookMs / batches, 1)} ms a task`,
        target: `at most ${TARGET_PEAK_MB}`,
        ok: peakMb <= TARGET_PEAK_MB,
      },
    ];
  } finally {
    removeTempDir(folder);
  }
}
