import { afterAll, beforeAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { needs } from "../../testing/needs.ts";
import { startPostgres, type TestPostgres } from "../../testing/services.ts";
import { allStoresSuite } from "./all-stores-suite.ts";
import { type Database, rowsOf } from "./database.ts";
import { migratePostgres } from "./migrate.ts";
import { openPostgres } from "./postgres.ts";
import { recordLog } from "./store-fixtures.ts";

needs(["postgres"], "the stores on PostgreSQL", () => {
  let server: TestPostgres;
  let database: Database;
  beforeAll(async () => {
    server = await startPostgres();
    await migratePostgres({ url: server.url }, { karbitTables: "create", log: recordLog() });
    database = openPostgres({ url: server.url, log: recordLog() });
  });
  afterAll(async () => {
    await database.close();
    await server.stop();
  });

  allStoresSuite(() => database);

  test("prepared statements outlive a changed table, and there may be more texts than are prepared", async () => {
    const prepared = openPostgres({ url: server.url, log: recordLog(), poolSize: 1, prepares: true });
    const ask = (text: string) =>
      prepared.run("ask", (executor) => rowsOf(executor, sql`${sql.raw(text)} where 1 = ${1}::int`));
    const change = (text: string) => prepared.run("change", (executor) => executor.execute(sql.raw(text)));
    const count = () => ask("select count(*)::int as count from pg_prepared_statements");
    await change("create table changing (a int)");
    await change("insert into changing values (1)");
    expect(await ask("select * from changing")).toEqual([{ a: 1 }]);
    await change("alter table changing add b int default 2");
    expect(await ask("select * from changing")).toEqual([{ a: 1, b: 2 }]);
    for (let index = 0; index < 250; index++) await ask(`select ${index} as n`);
    const [{ count: kept }] = (await count()) as [{ count: number }];
    expect(kept).toBeGreaterThan(100);
    expect(kept).toBeLessThanOrEqual(200);
    await change("drop table changing");
    await prepared.close();
  });

  test("a closed store refuses further work as passing, and closing twice is one closing", async () => {
    const closed = openPostgres({ url: server.url, log: recordLog() });
    await Promise.all([closed.close(), closed.close()]);
    await expect(closed.run("look", async () => 1)).rejects.toMatchObject({
      name: "StoreFault",
      kind: "passing",
    });
  });
});
