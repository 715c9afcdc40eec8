import { afterAll, beforeAll, expect, test } from "bun:test";
import { needs } from "../../testing/needs.ts";
import { startPostgres, type TestPostgres } from "../../testing/services.ts";
import type { Database } from "./database.ts";
import { holdingsSuite } from "./holdings-suite.ts";
import { instrumentsSuite } from "./instruments-suite.ts";
import { journalKarbitSuite } from "./journal-karbit-suite.ts";
import { journalModelSuite } from "./journal-model-suite.ts";
import { journalSuite } from "./journal-suite.ts";
import { karbitTablesSuite } from "./karbit-tables-suite.ts";
import { leaseSuite } from "./lease-suite.ts";
import { migratePostgres } from "./migrate.ts";
import { ownPositionsSuite } from "./own-positions-suite.ts";
import { paperAccountsSuite } from "./paper-accounts-suite.ts";
import { openPostgres } from "./postgres.ts";
import { rateHistorySuite } from "./rate-history-suite.ts";
import { sessionsSuite } from "./sessions-suite.ts";
import { recordLog } from "./store-fixtures.ts";
import { tradersRevisionSuite } from "./traders-revision-suite.ts";
import { tradersSuite } from "./traders-suite.ts";
import { tradingLossesSuite } from "./trading-losses-suite.ts";
import { tradingStateSuite } from "./trading-state-suite.ts";
import { tradingViewSuite } from "./trading-view-suite.ts";

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

  karbitTablesSuite(() => database);
  holdingsSuite(() => database);
  instrumentsSuite(() => database);
  rateHistorySuite(() => database);
  leaseSuite(() => database);
  journalSuite(() => database);
  journalKarbitSuite(() => database);
  journalModelSuite(() => database);
  paperAccountsSuite(() => database);
  tradersSuite(() => database);
  tradersRevisionSuite(() => database);
  tradingStateSuite(() => database);
  tradingLossesSuite(() => database);
  tradingViewSuite(() => database);
  sessionsSuite(() => database);
  ownPositionsSuite(() => database);

  test("a closed store refuses further work as passing, and closing twice is one closing", async () => {
    const closed = openPostgres({ url: server.url, log: recordLog() });
    await Promise.all([closed.close(), closed.close()]);
    await expect(closed.run("look", async () => 1)).rejects.toMatchObject({
      name: "StoreFault",
      kind: "passing",
    });
  });
});
