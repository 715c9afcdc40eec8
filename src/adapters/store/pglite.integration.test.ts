import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { isLong } from "../../testing/long.ts";
import { openTestPglite } from "../../testing/pglite.ts";
import { allStoresSuite } from "./all-stores-suite.ts";
import type { Database } from "./database.ts";
import { migratePglite } from "./migrate.ts";
import { recordLog } from "./store-fixtures.ts";

setDefaultTimeout(60_000);

let database: Database;
beforeAll(async () => {
  database = await openTestPglite();
});
afterAll(async () => {
  await database.close();
});

// The same SQL engine as the server: on every run what the embedded form lives by, in the long one all that trades.
allStoresSuite(() => database, isLong ? ["embedded", "trading"] : ["embedded"]);

test("migrating again changes nothing and says nothing", async () => {
  const log = recordLog();
  await migratePglite(database, { karbitTables: "create", log });
  expect(log.events).toEqual([]);
});
