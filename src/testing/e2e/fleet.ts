// The distributed form on this machine: simulator, NATS, Redis, PostgreSQL, scheduler, workers, api, each a process of
// its own with a real server behind it. Every worker may have a pretended source address of its own; the scheduler
// takes the last one.

import type { ClosedTick } from "../../scheduler/collect-frame.ts";
import {
  freePort,
  startNats,
  startPostgres,
  startRedis,
  type TestNats,
  type TestPostgres,
  type TestRedis,
} from "../services.ts";
import { Program, runToEnd } from "./program.ts";
import { type SimulatorProcess, startSimulatorProcess } from "./simulator-process.ts";

export interface FleetOptions {
  readonly tickMs: number;
  readonly workerCount: number;
  /** "own": one per worker and one for the scheduler. "one": all share one. Default "own". */
  readonly addresses?: "own" | "one";
  readonly seed?: number;
  /** The only coins the venues list; default all. */
  readonly coins?: readonly string[] | undefined;
  /** Whether the simulator keeps the books it serves; somebody has to fetch them then. Default true. */
  readonly record?: boolean;
  /** Added to every binary's settings. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface Fleet {
  readonly tickMs: number;
  readonly simulator: SimulatorProcess;
  readonly nats: TestNats;
  readonly redis: TestRedis;
  readonly postgres: TestPostgres;
  readonly scheduler: Program;
  readonly workers: readonly Program[];
  readonly api: Program;
  readonly programs: readonly Program[];
  readonly streamUrl: string;
  /** The scheduler's control port. */
  control<T>(path: string, method?: "GET" | "POST", token?: string): Promise<T>;
  /** What Prometheus is told by a binary; rejects where the token is refused. */
  metrics(program: Program, token?: string): Promise<string>;
  /** --check of a binary with the settings it runs with, or others. */
  check(
    program: Program,
    env?: Readonly<Record<string, string>>,
  ): Promise<{ code: number | null; text: string }>;
  settingsOf(program: Program): Readonly<Record<string, string>>;
  /**
   * Resolves once a tick has closed whole: a dozen processes that start at once on a small machine hold up the first
   * ones, and what the venues' windows then hold against the workers who came first is not what is tested.
   */
  warm(): Promise<void>;
  stop(): Promise<void>;
}

const WARM_MS_MAX = 60_000;
export const CONTROL_TOKEN = "end-to-end-operator-word";
export const METRICS_TOKEN = "end-to-end-prometheus-word";

/** Starts everything and resolves when all binaries say that they run. Leaves nothing behind when it rejects. */
export async function startFleet(options: FleetOptions): Promise<Fleet> {
  const { tickMs, workerCount, addresses = "own", seed = 7, record = true, coins } = options;
  const opened: { stop(): Promise<unknown> }[] = [];
  const open = async <T extends { stop(): Promise<unknown> }>(starting: Promise<T>): Promise<T> => {
    const server = await starting;
    opened.push(server);
    return server;
  };
  const stop = async () => {
    await Promise.all(opened.reverse().map((server) => server.stop().catch(() => undefined)));
  };
  try {
    const sources = addresses === "own" ? workerCount + 1 : 1;
    const [simulator, nats, redis, postgres] = await Promise.all([
      open(startSimulatorProcess({ seed, sources, record, coins })),
      open(startNats()),
      open(startRedis()),
      open(startPostgres()),
    ]);
    const control = async <T>(
      path: string,
      method: "GET" | "POST" = "GET",
      token = CONTROL_TOKEN,
    ): Promise<T> => {
      const response = await fetch(`http://127.0.0.1:${controlPort}${path}`, {
        method,
        headers: { authorization: `Bearer ${token}` },
      });
      return (await response.json()) as T;
    };
    const metrics = async (of: Program, token = METRICS_TOKEN): Promise<string> => {
      const own = of.lines().findLast(({ event }) => event === "metrics port open")?.port;
      const response = await fetch(`http://127.0.0.1:${own}/metrics`, {
        headers: { authorization: `Bearer ${token}` },
      });
      if (!response.ok) throw new Error(`expected metrics of ${of.name}, was ${await response.text()}`);
      return await response.text();
    };
    const [controlPort, apiPort] = [await freePort(), await freePort()];
    const settings = new Map<Program, Record<string, string>>();
    const program = (name: string, main: Program["main"], env: Record<string, string>): Program => {
      const seen = { METRICS_PORT: "0", METRICS_TOKEN };
      const all = { NATS_URL: nats.url, TICK_INTERVAL_MS: `${tickMs}`, ...seen, ...env, ...options.env };
      const made = new Program(name, main, all);
      settings.set(made, all);
      return made;
    };
    const atSource = (source: number): Record<string, string> => {
      const urls = simulator.urls[source]!;
      return {
        SOURCE_ADDRESS: `pretended-${source}`,
        UPBIT_URL: urls.upbit,
        BITHUMB_URL: urls.bithumb,
        BYBIT_URL: urls.bybit,
        BINANCE_URL: urls.binance,
      };
    };
    const workers = Array.from({ length: workerCount }, (_, index) =>
      program(`worker-${index}`, "worker", {
        WORKER_ID: `worker-${index}`,
        ...atSource(addresses === "own" ? index : 0),
      }),
    );
    const scheduler = program("scheduler", "scheduler", {
      ...atSource(sources - 1),
      BINANCE_SPOT_URL: simulator.urls[sources - 1]!.binanceSpot,
      DATABASE_URL: postgres.url,
      KARBIT_TABLES: "create",
      // What trading says when its store is away is not what these tests count.
      TRADING_MODE: "off",
      REDIS_URL: redis.url,
      CONTROL_PORT: `${controlPort}`,
      CONTROL_TOKEN,
    });
    const api = program("api", "api", { PORT: `${apiPort}`, SIMULATED: "on" });
    const programs = [scheduler, ...workers, api];
    for (const each of programs) {
      each.launch();
      opened.push({ stop: async () => (each.isRunning() ? await each.stop() : undefined) });
    }
    await Promise.all(programs.map((each) => each.running()));
    return {
      tickMs,
      simulator,
      nats,
      redis,
      postgres,
      scheduler,
      workers,
      api,
      programs,
      streamUrl: `http://127.0.0.1:${apiPort}/api/premium/stream`,
      control,
      metrics,
      check: (each, env = {}) => runToEnd(each.main, ["--check"], { ...settings.get(each), ...env }),
      settingsOf: (each) => settings.get(each)!,
      warm: async () => {
        const untilMs = Date.now() + WARM_MS_MAX;
        let seen = { tickAtMs: 0, nulls: Number.NaN };
        for (;;) {
          const { lastClosed, nullsByReason = {} } = await control<{
            lastClosed?: ClosedTick;
            nullsByReason?: Record<string, number>;
          }>("/ticks");
          const nulls = (nullsByReason["rate-limited"] ?? 0) + (nullsByReason["fetch-failed"] ?? 0);
          if (lastClosed && lastClosed.tickAtMs > seen.tickAtMs) {
            if (lastClosed.missing.length === 0 && nulls === seen.nulls) return;
            seen = { tickAtMs: lastClosed.tickAtMs, nulls };
          }
          if (Date.now() > untilMs) throw new Error(`expected a whole tick within ${WARM_MS_MAX} ms`);
          await Bun.sleep(100);
        }
      },
      stop,
    };
  } catch (fault) {
    await stop();
    throw fault;
  }
}
