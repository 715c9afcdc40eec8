import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import type { Database } from "./database.ts";
import { holdingsSuite } from "./holdings-suite.ts";
import { instrumentsSuite } from "./instruments-suite.ts";
import { journalKarbitSuite } from "./journal-karbit-suite.ts";
import { journalModelSuite } from "./journal-model-suite.ts";
import { journalSuite } from "./journal-suite.ts";
import { karbitTablesSuite } from "./karbit-tables-suite.ts";
import { leaseSuite } from "./lease-suite.ts";
import { migratePglite } from "./migrate.ts";
import { ownPositionsSuite } from "./own-positions-suite.ts";
import { paperAccountsSuite } from "./paper-accounts-suite.ts";
import { openPglite } from "./pglite.ts";
import { rateHistorySuite } from "./rate-history-suite.ts";
import { sessionsSuite } from "./sessions-suite.ts";
import { recordLog } from "./store-fixtures.ts";
import { tradersRevisionSuite } from "./traders-revision-suite.ts";
import { tradersSuite } from "./traders-suite.ts";
import { tradingLossesSuite } from "./trading-losses-suite.ts";
import { tradingStateSuite } from "./trading-state-suite.ts";
import { tradingViewSuite } from "./trading-view-suite.ts";

setDefaultTimeout(60_000);

let database: Database;
beforeAll(async () => {
  database = await openPglite();
  await migratePglite(database, { karbitTables: "create", log: recordLog() });
});
afterAll(async () => {
  await database.close();
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

test("migrating again changes nothing and says nothing", async () => {
  const log = recordLog();
  await migratePglite(database, { karbitTables: "create", log });
  expect(log.events).toEqual([]);
});
