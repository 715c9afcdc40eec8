// The distributed service end to end: real servers, five workers on five pretended addresses, every published rate held
// against an independent computation from the books as the simulator served them, while venues misbehave and processes
// and servers are killed. With some coins and short ticks; the long suites beside have the whole market.

import { afterAll, beforeAll, expect, test } from "bun:test";
import postgres from "postgres";
import { PAIRS } from "../../../schema/vocabulary.ts";
import { needs } from "../needs.ts";
import { requireProgram } from "../services/programs.ts";
import { freePort } from "../services.ts";
import type { Audit } from "./audit.ts";
import { CONTROL_TOKEN, type Fleet, METRICS_TOKEN, startFleet } from "./fleet.ts";
import { Observer, wanderingSeeds } from "./observer.ts";
import { LogWatch } from "./outages.ts";
import type { Program } from "./program.ts";
import { PAIRS_OF, reasonsOf, symbolOf, TROUBLES } from "./trouble.ts";

/** Multiplier contracts, impostors and thin books beside those that get into trouble. */
const COINS = [
  ...TROUBLES.map(({ coin }) => coin),
  ...["PEPE", "SHIB", "BONK", "TURBO", "ACE", "TON", "CAT", "SATS", "DOT", "LTC", "APT", "UNI", "AAVE"],
];
const TICK_MS = 3_000;
const WORKER_COUNT = 5;
const RESUME_MS_MAX = 10_000;

needs(["nats", "redis", "postgres", "promtool"], "the whole fleet", () => {
  let fleet: Fleet;
  let observer: Observer;
  const wholeRows = new Set<string>();
  let valueCount = 0;

  beforeAll(async () => {
    fleet = await startFleet({ tickMs: TICK_MS, workerCount: WORKER_COUNT, coins: COINS });
    await fleet.warm();
    observer = await Observer.open(fleet, wanderingSeeds(6));
  }, 120_000);

  afterAll(async () => {
    await observer?.close();
    await fleet?.stop();
  });

  /** What holds whatever happens: nothing wrong, nothing backwards, the channel tells what the stream tells. */
  async function audited(title: string): Promise<Audit> {
    const audit = await observer.audit();
    for (const key of audit.wholeRows) wholeRows.add(key);
    valueCount += audit.values;
    const { channel, published } = observer;
    console.log(`${title}\n${audit.report()}`);
    console.log(`channel rows ${channel.rowCount}, matched ${channel.matchedCount}`);
    expect(audit.wrong).toEqual([]);
    expect(published.backwards).toEqual([]);
    expect(channel.faults).toEqual([]);
    return audit;
  }

  test("every rate equals the reference, nulls included, and --check finds the fleet well", async () => {
    const { scheduler, workers, api } = fleet;
    const port = await freePort();
    const nowhere = (scheme: string) => `${scheme}://127.0.0.1:${port}`;
    await observer.published.closedTicks(2, Date.now(), 5 * TICK_MS);
    const audit = await audited("in peace");
    expect(audit.ticks).toBeGreaterThanOrEqual(2);
    expect(audit.lost).toEqual([]);
    for (const index of PAIRS.keys()) expect(audit.share(index)).toBeGreaterThanOrEqual(0.999);
    expect(audit.books.changed / (audit.books.changed + audit.books.same)).toBeGreaterThan(0.95);
    expect([...audit.strangers.keys()].every((key) => key.startsWith("ACE|"))).toBe(true);

    const checks = await Promise.all([
      fleet.check(scheduler),
      fleet.check(workers[0]!),
      fleet.check(api, { PORT: "0" }),
      fleet.check(scheduler, { TICK_INTERVAL_MS: "1000" }),
      fleet.check(api, { PORT: "0", NATS_URL: nowhere("nats") }),
      fleet.check(scheduler, { DATABASE_URL: `${nowhere("postgres")}/app` }),
    ]);
    // Six programs that start at once hold up the ticks of a small machine, and that is not what is tested.
    await observer.published.nextClosed(Date.now(), 3 * TICK_MS);
    await audited("while --check ran");
    for (const { code, text } of checks.slice(0, 3)) {
      expect(text).toContain("is ready");
      expect(code).toBe(0);
    }
    const [ready, , , tooShort, noBus, noDatabase] = checks;
    expect(ready!.text).toMatch(
      /shortest feasible tick +\d+\.\d s, decided by \w+: \d+ coins as last quoted, 5 workers on 5 addr/,
    );
    // A few coins fit into a second, unless their books are thin at this hour of the market.
    const shortestSeconds = Number(/([\d.]+) s, decided by/.exec(tooShort!.text)?.[1]);
    const isTooShort = shortestSeconds > 1;
    expect([shortestSeconds > 0, tooShort!.code]).toEqual([true, isTooShort ? 1 : 0]);
    expect(tooShort!.text.includes("TICK_INTERVAL_MS is 1000, but")).toBe(isTooShort);
    expect([noBus!.code, noDatabase!.code]).toEqual([1, 1]);
    expect(noBus!.text).toMatch(/^WRONG bus +\S/m);
    expect(noDatabase!.text).toMatch(/^WRONG database +\S/m);

    const { hosts } = await fleet.simulator.counters();
    for (const [host, sources] of Object.entries(hosts)) {
      const counts = Object.entries(sources).map(
        ([source, { requests, limited }]) => `${source} ${requests}/${limited}`,
      );
      console.log(`requests/refused at ${host}: ${counts.join(", ")}`);
    }
    for (const venue of ["upbit", "bithumb", "bybit", "binance"] as const) {
      const sources = Object.entries(hosts[venue] ?? {});
      // Five workers and the scheduler, each from the address it pretends to have, none refused.
      expect(sources.length).toBe(WORKER_COUNT + 1);
      expect(sources.every(([, { requests, limited }]) => requests > 0 && limited === 0)).toBe(true);
    }
  });

  test("every binary tells Prometheus what it does, in words promtool has nothing against", async () => {
    const { scheduler, workers, api } = fleet;
    const expected: [Program, RegExp[]][] = [
      [
        scheduler,
        [
          /^schedulerx_workers 5$/m,
          /^schedulerx_lease_held 1$/m,
          /^schedulerx_rates\{reason="none"\} [1-9]/m,
        ],
      ],
      [workers[0]!, [/^schedulerx_worker_tasks_total\{outcome="answered"\} [1-9]/m]],
      [api, [/^schedulerx_clients\{format="\w+"\} [1-9]/m, /^schedulerx_link_up\{link="bus"\} 1$/m]],
    ];
    for (const [program, patterns] of expected) {
      const text = await fleet.metrics(program);
      for (const pattern of patterns) expect(text).toMatch(pattern);
      const lint = Bun.spawnSync([requireProgram("promtool"), "check", "metrics"], {
        stdin: Buffer.from(text),
      });
      expect([program.name, lint.stderr.toString()]).toEqual([program.name, ""]);
    }
  });

  test("the scheduler's numbers are read with the token for numbers, which is worth nothing else", async () => {
    const { scheduler } = fleet;
    for (const wrong of [CONTROL_TOKEN, ""]) {
      await expect(fleet.metrics(scheduler, wrong)).rejects.toThrow('"status":401');
    }
    expect(await fleet.control<{ status: number }>("/health", "GET", METRICS_TOKEN)).toMatchObject({
      status: 401,
    });
  });

  test("venue trouble costs the coin on that venue, says why, and nothing else", async () => {
    const { simulator } = fleet;
    const { published } = observer;
    for (const trouble of TROUBLES) {
      await simulator.setFault({ ...trouble.fault, venue: trouble.venue, symbol: symbolOf(trouble) });
      observer.served.spoilt.add(`${trouble.venue} ${symbolOf(trouble)}`);
    }
    const sick = await published.nextClosed(Date.now(), 3 * TICK_MS);
    const hits = new Map((await simulator.faults()).map(({ symbol, hits }) => [symbol, hits]));
    await simulator.clearFaults();
    // One venue altogether, on the next tick; that everything heals is seen on the ticks after it.
    await simulator.setFault({ kind: "html", venue: "bithumb", path: "/v1/orderbook" });
    const oneVenue = await published.nextClosed(sick.tickAtMs, 3 * TICK_MS);
    await simulator.clearFaults();
    const audit = await audited("venue trouble");
    observer.served.spoilt.clear();
    expect(audit.lost).toEqual([]);

    const expected = reasonsOf(TROUBLES);
    const asItWas: string[] = [];
    for (const key of observer.truePairs().keys()) {
      const row = sick.rows.get(key)![0]!;
      const reasons = expected.get(key) ?? ["none"];
      if (!reasons.includes(row.reason)) asItWas.push(`${key}: ${row.reason}, expected ${reasons[0]}`);
      if (row.reason !== "none") expect(row.ratesJeon.every((value) => Number.isNaN(value))).toBe(true);
    }
    expect(asItWas).toEqual([]);
    for (const trouble of TROUBLES) expect(hits.get(symbolOf(trouble))).toBeGreaterThan(0);
    for (const [key, { pairIndex }] of observer.truePairs()) {
      const isHit = PAIRS_OF.bithumb.includes(pairIndex);
      expect(`${key} ${oneVenue.rows.get(key)![0]!.reason}`).toBe(`${key} ${isHit ? "malformed" : "none"}`);
    }
    console.log(
      `${expected.size} rows null for their own reason, ${sick.rows.size - expected.size} others untouched`,
    );
  });

  test("a worker killed in the middle of a task leaves no tick without a coin", async () => {
    const { simulator, workers } = fleet;
    const victim = workers[1]!;
    await simulator.setFault({ kind: "hang", venue: "bybit", source: 1 });
    const before = await bybitRequests(1);
    while ((await bybitRequests(1)) === before) await Bun.sleep(20);
    await victim.kill9();
    const killedAtMs = Date.now();
    await simulator.clearFaults();
    const restarting = victim.start();
    const tickAtMs = Math.floor(killedAtMs / TICK_MS) * TICK_MS;
    const tick = await observer.published.nextClosed(tickAtMs - 1, 2 * TICK_MS);
    expect(tick.tickAtMs).toBe(tickAtMs);
    const audit = await audited("a worker killed in the middle of a task");
    expect(audit.lost).toEqual([]);
    // Also: whatever the venues were sick of before is over.
    for (const index of PAIRS.keys()) expect(audit.share(index)).toBe(1);
    await restarting;
  });

  async function bybitRequests(source: number): Promise<number> {
    const { hosts } = await simulatorCounters();
    const entries = Object.entries(hosts.bybit ?? {});
    return entries.find(([name]) => name.endsWith(`#${source}`))?.[1].requests ?? 0;
  }
  const simulatorCounters = () => fleet.simulator.counters();

  test("api, Redis and PostgreSQL killed at once: ticks go on, all three are found again", async () => {
    const { api, redis, postgres: database, scheduler, workers } = fleet;
    const { published, channel } = observer;
    const watch = new LogWatch([scheduler, ...workers]);
    await Promise.all([api.kill9(), redis.kill9(), database.kill9()]);
    const apiBack = api.start();
    // Something that wants the database while it is away, and gets it when it is back.
    const refreshing = fleet.control("/instruments/refresh", "POST");
    await scheduler.child.waitForLine(/"event":"redis lost/);
    await scheduler.child.waitForLine(/"event":"database lost/);
    await Promise.all([apiBack, redis.restart(), database.restart()]);
    const restartedAtMs = Date.now();
    await channel.subscribe();
    const messagesBefore = channel.messageCount;
    const isNew = () => published.state === "open" && published.newestTickAtMs > restartedAtMs - TICK_MS;
    await published.until("the stream to go on", isNew, RESUME_MS_MAX);
    const streamMs = Date.now() - restartedAtMs;
    await published.until("the channel to go on", () => channel.messageCount > messagesBefore, RESUME_MS_MAX);
    const channelMs = channel.lastAtMs - restartedAtMs;
    await scheduler.child.waitForLine(/"event":"database answers again/, RESUME_MS_MAX);
    const databaseMs = Date.now() - restartedAtMs;
    await refreshing;
    expect(await storedInstruments()).toBeGreaterThan(80);
    const audit = await audited("api, Redis and PostgreSQL killed");
    console.log(`resumed after ms: stream ${streamMs}, channel ${channelMs}, database ${databaseMs}`);
    expect(audit.lost).toEqual([]);
    const [said, ...others] = watch.said();
    expect(said).toEqual({
      program: "scheduler",
      warnings: { "redis lost, trying on": 1, "database lost": 1 },
      returns: { "redis is back": 1, "database answers again": 1 },
    });
    for (const { warnings } of others) expect(warnings).toEqual({});
    expect(fleet.programs.every((program) => program.isRunning())).toBe(true);
  });

  async function storedInstruments(): Promise<number> {
    const sql = postgres(fleet.postgres.url, { max: 1, onnotice: () => undefined });
    const [row] = await sql`select count(*)::int as count from schedulerx.instruments`;
    await sql.end();
    return row!.count as number;
  }

  test("nats-server killed: every process lives, says so once, and ticks come again", async () => {
    const { nats, programs, scheduler } = fleet;
    const watch = new LogWatch(programs);
    await nats.kill9();
    const killedAtMs = Date.now();
    await Promise.all(programs.map(({ child }) => child.waitForLine(/"event":"bus lost/)));
    await nats.restart();
    const restartedAtMs = Date.now();
    const tick = await observer.published.nextClosed(killedAtMs, RESUME_MS_MAX + TICK_MS);
    const resumedMs = tick.firstAtMs - restartedAtMs;
    const audit = await audited("nats-server killed");
    const said = watch.said();
    const told = watch.incomplete(scheduler).map(({ tickAtMs }) => tickAtMs);
    console.log(
      `resumed ${resumedMs} ms after the restart; incomplete ticks the scheduler listed: ${told.length}`,
    );
    const incomplete = audit.lost.filter(({ missing }) => missing > 0).map(({ tickAtMs }) => tickAtMs);
    expect(told).toEqual(incomplete);
    expect(resumedMs).toBeLessThan(RESUME_MS_MAX);
    for (const { program, warnings, returns } of said) {
      expect({ program, warnings, returns }).toEqual({
        program,
        warnings: { "bus lost, reconnecting": 1 },
        returns: { "bus is back": 1 },
      });
    }
    expect(programs.every((program) => program.isRunning())).toBe(true);
  });

  test("the scheduler killed in the middle of a tick: nothing wrong, and what is lost is listed", async () => {
    const { scheduler } = fleet;
    const { published } = observer;
    const newest = published.newestTickAtMs;
    const tickAtMs = await published.until(
      "a tick to begin",
      () => published.newestTickAtMs > newest && published.newestTickAtMs,
      3 * TICK_MS,
    );
    await scheduler.kill9();
    const rowCount = published.ticks.get(tickAtMs)!.rows.size;
    await scheduler.start();
    const restartedAtMs = Date.now();
    await published.nextClosed(restartedAtMs - TICK_MS, RESUME_MS_MAX + TICK_MS);
    await audited("scheduler killed");
    const found = scheduler.lines().some(({ event }) => event === "open tick found again");
    console.log(`killed after ${rowCount} rows; open tick found again: ${found}`);
  });

  test("SIGTERM lets a worker finish the task in hand and ends with exit code 0", async () => {
    const { simulator, workers } = fleet;
    const leaving = workers[2]!;
    await simulator.setFault({ kind: "delay", delayMs: 700, venue: "binance", source: 2 });
    const before = await bybitRequests(2);
    while ((await bybitRequests(2)) === before) await Bun.sleep(20);
    const askedAtMs = Date.now();
    const code = await leaving.stop();
    const tookMs = Date.now() - askedAtMs;
    expect(code).toBe(0);
    const tickAtMs = Math.floor(askedAtMs / TICK_MS) * TICK_MS;
    await observer.published.nextClosed(tickAtMs - 1, 2 * TICK_MS);
    const audit = await audited("SIGTERM");
    console.log(`worker ended after ${tookMs} ms with ${code}`);
    expect(audit.lost).toEqual([]);
    expect(audit.redelivered).toBe(0);
  });

  test("over the run every coin was compared at all 100 sizes, and the channel told nothing else", async () => {
    const coins = new Set([...observer.truePairs().values()].map(({ coin }) => coin));
    const whole = new Set([...wholeRows].map((key) => key.slice(0, key.lastIndexOf("|"))));
    console.log(`values compared in all ${valueCount}; coins at all sizes ${whole.size} of ${coins.size}`);
    expect([...coins].filter((coin) => !whole.has(coin))).toEqual([]);
    expect(observer.channel.unexplained).toEqual([]);
    expect(await fleet.simulator.droppedRecords()).toBe(0);
  });
});
