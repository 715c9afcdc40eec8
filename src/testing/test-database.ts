// A migrated database for tests that want one and do not care which: PostgreSQL where there is one, for PGlite takes
// seconds to begin.

import type { Database } from "../adapters/store/database.ts";
import { migratePostgres } from "../adapters/store/migrate.ts";
import { openPostgres } from "../adapters/store/postgres.ts";
import { makeKarbitDatabase, makeKarbitGuest } from "./karbit-schema/karbit-schema.ts";
import { openTestPglite } from "./pglite.ts";
import { RecordingLog } from "./recording-log.ts";
import { emptyDatabase } from "./services.ts";

/** With our tables and Karbit's. Closing it gives everything back. */
export async function openTestDatabase(): Promise<Database> {
  const empty = await emptyDatabase();
  if (!empty) return await openTestPglite();
  const log = new RecordingLog();
  await migratePostgres({ url: empty.url }, { karbitTables: "create", log });
  return closedBefore(openPostgres({ url: empty.url, log }), empty.drop);
}

export interface SharedDatabase {
  /** May do everything: for what a test puts there itself. Closing it gives everything back. */
  readonly owner: Database;
  /** With the rights of docs/karbit.md alone: for what is tested. */
  readonly guest: Database;
}

/** Where Karbit was first, and we have what rights it takes. In PGlite, which has one user, the two are one. */
export async function openSharedDatabase(): Promise<SharedDatabase> {
  const empty = await emptyDatabase();
  if (!empty) {
    const embedded = await openTestPglite("expect");
    return { owner: embedded, guest: embedded };
  }
  const { url, drop } = empty;
  const log = new RecordingLog();
  await makeKarbitDatabase(url, { firstExchangeId: 41 });
  // As the database is named: files share a server, and each counts from one.
  const role = `guest_of_${new URL(url).pathname.slice(1)}`;
  const guestUrl = await makeKarbitGuest(url, { role, rights: "all" });
  await migratePostgres({ url: guestUrl }, { karbitTables: "expect", log });
  const guest = openPostgres({ url: guestUrl, log });
  const owner = closedBefore(openPostgres({ url, log }), async () => {
    await guest.close();
    await drop();
  });
  return { owner, guest };
}

function closedBefore(database: Database, next: () => Promise<void>): Database {
  return {
    engine: database.engine,
    run: (operation, work) => database.run(operation, work),
    transaction: (operation, work) => database.transaction(operation, work),
    close: async () => {
      await database.close();
      await next();
    },
  };
}
