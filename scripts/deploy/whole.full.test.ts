// The whole service from what secrets.sh makes: settings files as they are, TLS, rights at the bus, a Redis with its
// users, and a standby; the processes say READY as under systemd. The exchanges are simulated.

import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { needs } from "../../src/testing/needs.ts";
import { type Child, startChild } from "../../src/testing/services/child-process.ts";
import { freePort } from "../../src/testing/services/ports.ts";
import { startPostgres, type TestPostgres } from "../../src/testing/services/postgres.ts";
import type { TestServer } from "../../src/testing/services/server.ts";
import { makeTempDir, removeTempDir } from "../../src/testing/services/temp-dir.ts";
import { makeSecrets, settingsIn, startWithSecrets } from "./testing.ts";

const ROOT = join(import.meta.dir, "../..");
const PROGRAMS = {
  scheduler: "src/scheduler/main.ts",
  worker: "worker/main.ts",
  api: "api/main.ts",
} as const;
const LISTENER = String.raw`
use Socket; $| = 1;
my $ear;
socket($ear, AF_UNIX, SOCK_DGRAM, 0) and bind($ear, sockaddr_un($ARGV[0])) or die "cannot listen: $!";
print "listening\n";
while (defined recv($ear, my $words, 4096, 0)) { print "$words\n" }
`;

needs(["nats", "redis", "postgres", "openssl"], "an installation from the scripts", () => {
  setDefaultTimeout(120_000);
  let dir: string;
  let database: TestPostgres;
  let nats: TestServer;
  let redis: TestServer;
  let apiPort: number;
  let venues: Record<string, string>;
  const running = new Map<string, Child>();
  beforeAll(async () => {
    dir = makeTempDir("whole");
    database = await startPostgres();
    apiPort = await freePort();
    const made = makeSecrets(dir, ["--workers", "2", "--redis", "--standby"], { DATABASE_URL: database.url });
    if (made.exitCode !== 0) throw new Error(made.faults);
    nats = await startWithSecrets("nats", { folder: join(dir, "scheduler"), port: 4222 });
    redis = await startWithSecrets("redis", { folder: join(dir, "scheduler"), port: 6379 });
    const simulator = startChild({
      name: "simulator",
      command: [
        process.execPath,
        "scripts/simulator.ts",
        "--port-base",
        "0",
        "--json",
        "--coins",
        "BTC,ETH,XRP",
      ],
      cwd: ROOT,
    });
    running.set("simulator", simulator);
    const [line] = await simulator.waitForLine(/^\{.*\}$/);
    const [urls] = JSON.parse(line).urls;
    venues = {
      ...{ UPBIT_URL: urls.upbit, BITHUMB_URL: urls.bithumb },
      ...{ BYBIT_URL: urls.bybit, BINANCE_URL: urls.binance, BINANCE_SPOT_URL: urls.binanceSpot },
    };
  });
  afterAll(async () => {
    await Promise.all([...running.values()].map((child) => child.stop("SIGTERM", 40_000)));
    await Promise.all([nats.stop(), redis.stop(), database.stop()]);
    removeTempDir(dir);
  });

  /** The settings file as installed, and what a test must change of it: ports, and where files lie. */
  const launch = (
    program: keyof typeof PROGRAMS,
    folder: string,
    more: Record<string, string>,
    ...args: string[]
  ) => {
    const file = join(dir, folder, `${program}.env`);
    const url = settingsIn(file).REDIS_URL?.replace("6379", `${redis.port}`);
    const env = {
      ...(url ? { REDIS_URL: url, REDIS_CA_FILE: join(dir, "ca.pem") } : {}),
      ...{ NATS_URL: nats.url, NATS_CA_FILE: join(dir, "ca.pem"), TICK_INTERVAL_MS: "3000" },
      ...venues,
      // All reach the one simulator, so they share its budget.
      ...{ SOURCE_ADDRESS: "scheduler", CONTROL_PORT: "0", PORT: `${apiPort}`, ...more },
    };
    const command = [process.execPath, PROGRAMS[program], "--env-file", file, ...args];
    return startChild({ name: `${folder}/${program}`, command, cwd: ROOT, env });
  };
  /** Resolves once it has said READY=1. */
  const start = async (program: keyof typeof PROGRAMS, folder: string) => {
    const address = join(dir, `notify-${folder}-${program}`);
    const ear = startChild({ name: "listener", command: ["perl", "-e", LISTENER, address] });
    await ear.waitForLine(/^listening$/);
    const child = launch(program, folder, { NOTIFY_SOCKET: address });
    running.set(`${folder}/${program}`, child);
    await ear.waitForLine(/^READY=1$/, 90_000);
    return child;
  };
  const table = async () => {
    const answer = await fetch(
      `http://127.0.0.1:${apiPort}/api/premium?coins=BTC&pairs=upbit-bybit&seeds=10000000`,
    );
    return (await answer.json()) as { tickAtMs: number; rows: { entryRatesKrwPerUsdt: (number | null)[] }[] };
  };
  const rateAfter = async (tickAtMs: number) => {
    for (;;) {
      const { tickAtMs: at, rows } = await table();
      if (at > tickAtMs && typeof rows[0]?.entryRatesKrwPerUsdt[0] === "number") return at;
      await Bun.sleep(100);
    }
  };
  const refusedByNats = () =>
    nats
      .output()
      .split("\n")
      .filter((line) => /violation|authorization/i.test(line));
  const complaints = () =>
    [...running.values()].flatMap((child) =>
      child
        .output()
        .split("\n")
        .filter((line) => /"level":"(warn|error)"/.test(line)),
    );

  test("passes --check on empty servers, in the order of the guide", async () => {
    for (const [program, folder] of [
      ["worker", "worker-1"],
      ["scheduler", "scheduler"],
      ["api", "scheduler"],
    ] as const) {
      const checked = launch(program, folder, { TICK_INTERVAL_MS: "30000" }, "--check");
      const exitCode = await checked.exited;
      expect(`${exitCode} ${checked.output()}`).toStartWith("0 ");
    }
  });

  test("comes up and gives rates, and nobody is refused anything", async () => {
    await start("worker", "worker-1");
    await start("scheduler", "scheduler");
    await start("api", "scheduler");
    await start("worker", "worker-2");
    await rateAfter(0);
    expect(complaints()).toEqual([]);
    expect(refusedByNats()).toEqual([]);
  });

  test("goes on with the standby when the scheduler stops", async () => {
    await start("scheduler", "standby");
    const first = running.get("scheduler/scheduler")!;
    expect(await first.stop("SIGTERM", 40_000)).toBe(0);
    running.delete("scheduler/scheduler");
    const { tickAtMs } = await table();
    expect(await rateAfter(tickAtMs)).toBeGreaterThan(tickAtMs);
    expect(refusedByNats()).toEqual([]);
  });
});
