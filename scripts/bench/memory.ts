// The most memory each process of one machine has held, beside the ceilings of its unit: the compiled programs, the
// servers, all coins at five-second ticks (as many in five minutes as in half an hour at thirty), strategies that trade
// live at the simulated exchanges, which takes more than paper does, and readers of the stream.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { sql } from "drizzle-orm";
import { rowsOf } from "../../src/adapters/store/database.ts";
import { openPostgres } from "../../src/adapters/store/postgres.ts";
import { SIMULATOR_KEYS } from "../../src/simulator/exchanges.ts";
import { createMarket } from "../../src/simulator/market.ts";
import { startSimulator } from "../../src/simulator/server.ts";
import { RecordingLog } from "../../src/testing/recording-log.ts";
import {
  type Child,
  freePort,
  makeTempDir,
  removeTempDir,
  startChild,
  startNats,
  startPostgres,
  startRedis,
} from "../../src/testing/services.ts";
import { buildBinary } from "../build.ts";
import { EXAMPLE_ACCOUNTS, giveKeys, newEncryptionKey, seedExamples } from "../demo/examples.ts";
import { type BenchLine, type BenchOptions, round } from "./line.ts";

const TICK_MS = 5_000;
const MEASURED_MS = 120_000;
const MEASURED_ALL_MS = 300_000;
const LOOK_MS = 1_000;
const TELL_MS = 30_000;
const WORKERS = 5;
const READERS = 20;
const MB = 1024 * 1024;
/** As much faster than recorded as the demo's: positions are entered and left meanwhile. */
const PREMIUM_PACE = 16;
const DEPLOY = join(import.meta.dir, "../deploy");

interface Ceilings {
  readonly highMb: number;
  readonly maxMb: number;
}

/** By the file that sets it. */
function settingOf(name: string, pattern: RegExp): string {
  const file = name === "postgres" ? "user-data.sh" : `units/schedulerx-${name}.service`;
  return pattern.exec(readFileSync(join(DEPLOY, file), "utf8"))![1]!;
}

function ceilingsOf(name: string): Ceilings {
  const of = (key: string) => Number(settingOf(name, new RegExp(`^${key}=(\\d+)M$`, "m")));
  return { highMb: of("MemoryHigh"), maxMb: of("MemoryMax") };
}

/** A process and all it has started. PostgreSQL is a dozen of them that share most of what they hold. */
function treeOf(pid: number): number[] {
  const children = readdirSync(`/proc/${pid}/task`).flatMap((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, "utf8").split(" ").filter(Boolean).map(Number),
  );
  return [pid, ...children.flatMap(treeOf)];
}

function kilobytesIn(file: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(readFileSync(file, "utf8"))![1]);
}

/** Of one process its own peak, with its program's file; of several what all hold, what they share counted once. */
function heldBytes(pid: number): number {
  const tree = treeOf(pid);
  const kilobytes =
    tree.length === 1
      ? kilobytesIn(`/proc/${pid}/status`, "VmHWM")
      : tree.reduce((sum, each) => sum + kilobytesIn(`/proc/${each}/smaps_rollup`, "Pss"), 0);
  return kilobytes * 1024;
}

/** What the largest of them holds now; of a server of many processes the one that was started. */
function residentMb(pids: readonly number[]): number {
  const kilobytes = pids.map((pid) => kilobytesIn(`/proc/${pid}/status`, "VmRSS"));
  return Math.round(Math.max(...kilobytes) / 1024);
}

/** One that has just ended holds nothing. */
function heldNow(pid: number): number {
  try {
    return heldBytes(pid);
  } catch {
    return 0;
  }
}

async function readOn(url: string, signal: AbortSignal): Promise<void> {
  const { body } = await fetch(url, { signal });
  for await (const _ of body!);
}

export async function benchMemory({ all, progress }: BenchOptions): Promise<BenchLine[]> {
  if (process.platform !== "linux") {
    progress("not measured: memory is read from /proc");
    return [];
  }
  const folder = makeTempDir("memory");
  const opened: { stop(): Promise<unknown> }[] = [];
  const open = async <T extends { stop(): Promise<unknown> }>(starting: Promise<T>): Promise<T> => {
    const server = await starting;
    opened.push(server);
    return server;
  };
  const leaving = new AbortController();
  try {
    progress("compiling");
    const names = ["scheduler", "worker", "api"] as const;
    const programs = await Promise.all(
      names.map(async (name) => [name, await buildBinary(`schedulerx-${name}`, folder)] as const),
    );
    const binaries = Object.fromEntries(programs) as Record<(typeof names)[number], string>;
    const sources = WORKERS + 1;
    const market = createMarket({ seed: 1, startAtMs: Date.now(), premiumPace: PREMIUM_PACE });
    const operatorKey = SIMULATOR_KEYS[0]!;
    // What its unit tells it to keep to.
    process.env.GOMEMLIMIT = settingOf("nats", /\bGOMEMLIMIT=(\S+)/);
    const [simulator, nats, redis, postgres] = [
      await open(startSimulator({ seed: 1, market, sources, keys: [operatorKey, ...EXAMPLE_ACCOUNTS] })),
      await open(startNats()),
      await open(startRedis()),
      await open(startPostgres()),
    ];
    const start = async (name: (typeof names)[number], source: number, env: Record<string, string>) => {
      const { upbit, bithumb, bybit, binance, binanceSpot } = simulator.urls[source]!;
      const venues = { UPBIT_URL: upbit, BITHUMB_URL: bithumb, BYBIT_URL: bybit, BINANCE_URL: binance };
      const child = startChild({
        ...{ name, command: [binaries[name]], cwd: "/" },
        env: {
          ...{ NATS_URL: nats.url, TICK_INTERVAL_MS: `${TICK_MS}`, LOG_FORMAT: "json", LOG_LEVEL: "info" },
          ...{ SOURCE_ADDRESS: `pretended-${source}`, BINANCE_SPOT_URL: binanceSpot, ...venues, ...env },
        },
      });
      opened.push({ stop: () => child.stop() });
      await child.waitForLine(/"event":"running"/);
      return child;
    };
    const port = await freePort();
    const encryption = newEncryptionKey();
    const scheduler = await start("scheduler", WORKERS, {
      ...{ DATABASE_URL: postgres.url, KARBIT_TABLES: "create", REDIS_URL: redis.url, TRADING_MODE: "live" },
      ...{ LIVE_TRADING_CONSENT: "real orders with real money", ENCRYPTION_KEY: encryption.text },
      ...{ UPBIT_ACCESS_KEY: operatorKey.apiKey, UPBIT_SECRET_KEY: operatorKey.secret },
      ...{ BITHUMB_ACCESS_KEY: operatorKey.apiKey, BITHUMB_SECRET_KEY: operatorKey.secret },
      ...{ CONTROL_PORT: `${await freePort()}`, CONTROL_TOKEN: "a-word-for-the-bench" },
    });
    const database = openPostgres({ url: postgres.url, log: new RecordingLog(), poolSize: 1 });
    opened.push({ stop: () => database.close() });
    const [ask] = market.book("upbit", "KRW-USDT", Date.now(), 1)!.asks;
    await seedExamples(database, Number(ask![0]));
    await giveKeys(database, encryption.text, Date.now());
    const workers: Child[] = [];
    for (let index = 0; index < WORKERS; index++)
      workers.push(await start("worker", index, { WORKER_ID: `worker-${index}` }));
    const api = await start("api", WORKERS, {
      ...{ PORT: `${port}`, SIMULATED: "on", DATABASE_URL: postgres.url, KARBIT_TABLES: "create" },
      ...{
        JWT_SECRET: "a-word-of-thirty-two-characters-or-more",
        ENCRYPTION_KEY: encryption.text,
      },
    });
    for (let reader = 0; reader < READERS; reader++)
      void readOn(`http://127.0.0.1:${port}/api/premium/stream`, leaving.signal).catch(() => undefined);

    const pids: Readonly<Record<string, readonly number[]>> = {
      ...{ scheduler: [scheduler.pid], api: [api.pid], worker: workers.map(({ pid }) => pid) },
      ...{ nats: [nats.pid], redis: [redis.pid], postgres: [postgres.pid] },
    };
    const peaks = new Map<string, number>();
    const measuredMs = all ? MEASURED_ALL_MS : MEASURED_MS;
    progress(`measuring for ${measuredMs / 1_000} s`);
    const beganMs = performance.now();
    for (let toldMs = 0, passedMs = 0; passedMs < measuredMs; passedMs = performance.now() - beganMs) {
      for (const [name, of] of Object.entries(pids))
        peaks.set(name, Math.max(peaks.get(name) ?? 0, ...of.map(heldNow)));
      if (passedMs - toldMs >= TELL_MS) {
        toldMs = passedMs;
        const now = Object.entries(pids).map(([name, of]) => `${name} ${residentMb(of)}`);
        progress(`after ${Math.round(passedMs / 1_000)} s, MB resident: ${now.join(", ")}`);
      }
      await Bun.sleep(LOOK_MS);
    }
    const ended = await database.transaction("what was traded", (executor) =>
      rowsOf<{ kind: string; count: number }>(
        executor,
        sql`select kind, count(*)::int as count from schedulerx.intents where mode = 'live' group by kind order by kind`,
      ),
    );
    if (ended.length === 0) throw new Error("expected live trades meanwhile, there were none");
    progress(`traded live: ${ended.map(({ kind, count }) => `${count} ${kind}`).join(", ")}`);
    return Object.keys(pids).map((name) => {
      const { highMb, maxMb } = ceilingsOf(name);
      const peakMb = round(peaks.get(name)! / MB, 1);
      return {
        name: name === "worker" ? `the largest of ${WORKERS} workers` : name,
        figure: peakMb,
        unit: "MB at its peak",
        comparison: `its unit ends it at ${maxMb} MB, ${round(maxMb / peakMb, 2)}x`,
        target: `under ${highMb}, where it is slowed down`,
        ok: peakMb < highMb,
      };
    });
  } finally {
    leaving.abort();
    for (const each of opened.reverse()) await each.stop();
    removeTempDir(folder);
  }
}
