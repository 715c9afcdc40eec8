import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { sql } from "drizzle-orm";
import { longTest } from "../../testing/long.ts";
import { needs } from "../../testing/needs.ts";
import { startPostgres, type TestPostgres } from "../../testing/services.ts";
import { type Executor, rowsOf } from "./database.ts";
import { checkKarbitTables, type KarbitTablesMode, migratePostgres } from "./migrate.ts";
import { KARBIT_CREATE_SET, SCHEDULERX_SET } from "./migrations.ts";
import { openPostgres, withDedicatedConnection } from "./postgres.ts";
import { recordLog } from "./store-fixtures.ts";

const MIGRATION_COUNT = SCHEDULERX_SET.migrations.length + KARBIT_CREATE_SET.migrations.length;

needs(["postgres"], "migrations on PostgreSQL", () => {
  let server: TestPostgres;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server.stop());

  const on = <T>(url: string, work: (executor: Executor) => Promise<T>) =>
    withDedicatedConnection({ url }, work);
  const execute = (url: string, text: string) => on(url, (executor) => executor.execute(sql.raw(text)));
  const migrate = async (url: string, karbitTables: KarbitTablesMode) => {
    const log = recordLog();
    await migratePostgres({ url }, { karbitTables, log });
    return log.events.length;
  };
  const faultOf = (url: string, karbitTables: KarbitTablesMode) =>
    migrate(url, karbitTables).then(
      () => "",
      (error: Error) => error.message,
    );
  const tablesOf = (url: string) =>
    on(url, async (executor) => {
      const rows = await rowsOf<{ line: string }>(
        executor,
        sql`select schemaname || '.' || tablename as line from pg_tables
            where schemaname not in ('pg_catalog', 'information_schema') order by 1`,
      );
      return rows.map((row) => row.line);
    });

  test("an empty database is refused with the list of what Karbit would bring, and nothing is made", async () => {
    const url = await server.createDatabase();
    const fault = await faultOf(url, "expect");
    expect(fault).toContain("KARBIT_TABLES=expect: the database lacks these tables or columns of Karbit");
    for (const table of [
      "exchanges",
      "coins_exchanges",
      "users",
      "user_exchanges",
      "strategies",
      "positions",
    ]) {
      expect(fault).toContain(`\n  ${table}\n`);
    }
    expect(fault).toContain("Run Karbit's own migrations first");
    expect(await tablesOf(url)).toEqual([]);
  });

  test("create makes them once; a second run, and one with expect, change nothing", async () => {
    const url = await server.createDatabase();
    expect(await migrate(url, "create")).toBeGreaterThan(0);
    const tables = await tablesOf(url);
    expect(tables.filter((table) => table.startsWith("public."))).toHaveLength(10);
    expect(await migrate(url, "create")).toBe(0);
    expect(await migrate(url, "expect")).toBe(0);
    expect(await tablesOf(url)).toEqual(tables);
  });

  longTest(
    "a user named like our schema, as in compose.yaml, still gets Karbit's tables in public",
    async () => {
      const url = await server.createDatabase();
      await execute(url, "create role schedulerx superuser login");
      await migrate(url.replace("app@", "schedulerx@"), "create");
      expect((await tablesOf(url)).filter((table) => table.startsWith("public."))).toHaveLength(10);
    },
  );

  test("create refuses a database that holds part of Karbit's tables, with both lists", async () => {
    const url = await server.createDatabase();
    await execute(url, "create table users (id integer); create table exchanges (id integer)");
    const fault = await faultOf(url, "create");
    expect(fault).toContain("needs a database with none of Karbit's tables, or all of them");
    expect(fault).toContain("present: exchanges, users");
    expect(fault).toContain("coins_exchanges");
    expect(await tablesOf(url)).toEqual(["public.exchanges", "public.users"]);
  });

  longTest(
    "a missing column, and a table the user has no right to, are named; columns of Karbit's we do not use are not",
    async () => {
      const url = await server.createDatabase();
      await migrate(url, "create");
      await execute(
        url,
        "alter table positions drop column entry_time; alter table users drop column google_avatar",
      );
      const fault = await faultOf(url, "expect");
      expect(fault.split("\n").filter((line) => line.startsWith("  "))).toEqual(["  positions.entry_time"]);
      const database = openPostgres({ url, log: recordLog() });
      expect((await checkKarbitTables(database, "expect")).join("\n")).toBe(fault);
      await database.close();

      await execute(url, "alter table positions add column entry_time timestamp");
      await execute(url, "create role reader login; grant all on database postgres to reader");
      await execute(
        url,
        "grant usage on schema public to reader; grant select on all tables in schema public to reader",
      );
      await execute(
        url,
        "revoke select on strategies from reader; grant usage on schema schedulerx to reader",
      );
      await execute(url, "grant select on schedulerx.migrations to reader");
      expect(await faultOf(url.replace("app@", "reader@"), "expect")).toContain("\n  strategies\n");
    },
  );

  test("two processes at once both succeed, and each migration is applied once", async () => {
    const url = await server.createDatabase();
    const script = `
      import { migratePostgres } from ${JSON.stringify(join(import.meta.dir, "migrate.ts"))};
      import { recordLog } from ${JSON.stringify(join(import.meta.dir, "store-fixtures.ts"))};
      const log = recordLog();
      await migratePostgres({ url: ${JSON.stringify(url)} }, { karbitTables: "create", log });
      console.log(log.events.length);`;
    const processes = Array.from({ length: 4 }, () =>
      Bun.spawn([process.execPath, "-e", script], { stdout: "pipe", stderr: "inherit" }),
    );
    const applied = await Promise.all(processes.map((child) => new Response(child.stdout).text()));
    expect(await Promise.all(processes.map((child) => child.exited))).toEqual([0, 0, 0, 0]);
    expect(applied.map(Number).filter((count) => count > 0)).toEqual([MIGRATION_COUNT]);
  });

  test("an applied migration whose text has changed is refused", async () => {
    const url = await server.createDatabase();
    await migrate(url, "create");
    await execute(url, "update schedulerx.migrations set sha256 = 'other' where set_name = 'schedulerx'");
    expect(await faultOf(url, "create")).toContain("schedulerx/0000_tables was applied with another text");
  });

  longTest("a migration cut short leaves nothing, and the next run completes it", async () => {
    const url = await server.createDatabase();
    await execute(url, "create schema schedulerx; create table schedulerx.settings (key text)");
    expect(await faultOf(url, "create")).toContain('relation "settings" already exists');
    expect(await tablesOf(url)).toEqual(["schedulerx.migrations", "schedulerx.settings"]);
    await execute(url, "drop table schedulerx.settings");
    expect(await migrate(url, "create")).toBe(MIGRATION_COUNT);
  });

  test("a server that is not there is a passing fault", async () => {
    const url = "postgres://app@127.0.0.1:1/app";
    await expect(
      migratePostgres({ url }, { karbitTables: "expect", log: recordLog() }),
    ).rejects.toMatchObject({
      name: "StoreFault",
      kind: "passing",
      code: "ECONNREFUSED",
    });
  });
});
