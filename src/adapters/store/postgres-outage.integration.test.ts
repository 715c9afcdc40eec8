import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { sql } from "drizzle-orm";
import { isPassing, type StoreFault } from "../../domain/store-fault.ts";
import { longTest } from "../../testing/long.ts";
import { needs } from "../../testing/needs.ts";
import { startPostgres, type TestPostgres } from "../../testing/services.ts";
import { type Database, rowsOf } from "./database.ts";
import { openPostgres, type PostgresOptions, withDedicatedConnection } from "./postgres.ts";
import { type RecordedLog, recordLog } from "./store-fixtures.ts";

/** What the issue allows for coming back. */
const RESUME_MS_MAX = 10_000;

needs(["postgres"], "PostgreSQL going away", () => {
  let server: TestPostgres;
  let log: RecordedLog;
  let database: Database;

  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server.stop());
  beforeEach(() => {
    log = recordLog();
  });
  afterEach(() => database.close());

  const open = (options: Partial<PostgresOptions> = {}) => {
    database = openPostgres({ url: server.url, log, ...options });
  };
  const one = () =>
    database.run(
      "one",
      async (executor) => (await rowsOf<{ one: number }>(executor, sql`select 1 as one`))[0]!.one,
    );

  const backendPid = () =>
    database.run(
      "pid",
      async (executor) =>
        (await rowsOf<{ pid: number }>(executor, sql`select pg_backend_pid() as pid`))[0]!.pid,
    );

  test("kill -9 and restart under load: all work ends, nothing is doubled, each loss and return is said once", async () => {
    open();
    await database.run("table", (executor) =>
      executor.execute(sql`create table numbers (n int primary key)`),
    );
    const written: number[] = [];
    let stopping = false;
    let failures = 0;
    let nextNumber = 0;
    const writer = async () => {
      while (!stopping) {
        const n = nextNumber++;
        try {
          await database.transaction("write", async (executor) => {
            await executor.execute(sql`insert into numbers values (${n}) on conflict do nothing`);
          });
          written.push(n);
        } catch (error) {
          // More than the deadline without a server would be passing; a defect would be ours.
          expect(isPassing(error)).toBe(true);
          failures++;
        }
      }
    };
    const writers = Array.from({ length: 8 }, writer);
    const rounds = process.env.FULL ? 5 : 2;
    for (let round = 0; round < rounds; round++) {
      const before = written.length;
      while (written.length < before + 100) await Bun.sleep(5);
      await server.kill9();
      await server.restart();
      const backAtMs = performance.now();
      await one();
      expect(performance.now() - backAtMs).toBeLessThan(RESUME_MS_MAX);
      await log.waitFor("database answers again", round + 1);
    }
    stopping = true;
    await Promise.all(writers);
    expect(failures).toBe(0);
    const rows = await database.run("read", (executor) =>
      rowsOf<{ n: number }>(executor, sql`select n from numbers`),
    );
    const stored = new Set(rows.map((row) => row.n));
    expect(written.filter((n) => !stored.has(n))).toEqual([]);
    const loss = ["database lost", "database answers again"];
    expect(log.events).toEqual(Array.from({ length: rounds }, () => loss).flat());
  });

  longTest(
    "while the server is away an operation fails as passing at its deadline, and succeeds once it is back",
    async () => {
      open({ deadlineMs: 700 });
      expect(await one()).toBe(1);
      await server.kill9();
      const faults: StoreFault[] = [];
      for (let attempt = 0; attempt < 2; attempt++) await one().catch((fault) => faults.push(fault));
      expect(faults.map((fault) => fault.kind)).toEqual(["passing", "passing"]);
      await server.restart();
      expect(await one()).toBe(1);
      await log.waitFor("database answers again");
      expect(log.events).toEqual(["database lost", "database answers again"]);
    },
  );

  longTest(
    "a server that is frozen, not dead, holds nobody beyond the deadline and is used again once it thaws",
    async () => {
      open({ deadlineMs: 600, statementTimeoutMs: 400, poolSize: 1 });
      const postmaster = Number.parseInt(readFileSync(join(server.dir, "data/postmaster.pid"), "utf8"), 10);
      const frozen = [postmaster, await backendPid()];
      for (const pid of frozen) process.kill(pid, "SIGSTOP");
      try {
        await expect(one()).rejects.toMatchObject({ kind: "passing", code: "DEADLINE" });
      } finally {
        for (const pid of frozen) process.kill(pid, "SIGCONT");
      }
      expect(await one()).toBe(1);
      await log.waitFor("database answers again");
      expect(log.events).toEqual(["database lost", "database answers again"]);
    },
  );

  test("a connection that answers nothing any more is given up, and the next operation has a new one", async () => {
    open({ deadlineMs: 600, statementTimeoutMs: 400, poolSize: 1 });
    const frozen = await backendPid();
    process.kill(frozen, "SIGSTOP");
    try {
      await expect(one()).rejects.toMatchObject({ kind: "passing", code: "DEADLINE" });
      expect(await one()).toBe(1);
    } finally {
      process.kill(frozen, "SIGCONT");
    }
  });

  test("a statement that takes too long is given up by the server, and that is no loss of the server", async () => {
    open({ statementTimeoutMs: 200 });
    const slow = database.run("slow", (executor) => executor.execute(sql`select pg_sleep(30)`));
    await expect(slow).rejects.toMatchObject({ kind: "passing", code: "57014" });
    expect(log.events).toEqual([]);
  });

  test("times are UTC whatever the server's time zone", async () => {
    const { url } = server;
    await withDedicatedConnection({ url }, (executor) =>
      executor.execute(sql`alter database app set timezone to 'Asia/Seoul'`),
    );
    open();
    const [row] = await database.run("look", (executor) =>
      rowsOf<{ zone: string }>(executor, sql`select current_setting('TimeZone') as zone`),
    );
    expect(row!.zone).toBe("UTC");
  });
});
