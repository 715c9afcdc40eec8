import { afterAll, beforeAll, expect, test } from "bun:test";
import { needs } from "../../testing/needs.ts";
import { startPostgres, type TestPostgres } from "../../testing/services.ts";
import { allStoresSuite } from "./all-stores-suite.ts";
import type { Database } from "./database.ts";
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

  test("a closed store refuses further work as passing, and closing twice is one closing", async () => {
    const closed = openPostgres({ url: server.url, log: recordLog() });
    await Promise.all([closed.close(), closed.close()]);
    await expect(closed.run("look", async () => 1)).rejects.toMatchObject({
      name: "StoreFault",
      kind: "passing",
    });
  });
});
