// A migrated database for tests that want one and do not care which: PostgreSQL where there is one, for PGlite takes
// seconds to begin.

import type { Database } from "../adapters/store/database.ts";
import { migratePostgres } from "../adapters/store/migrate.ts";
import { openPostgres } from "../adapters/store/postgres.ts";
import { openTestPglite } from "./pglite.ts";
import { RecordingLog } from "./recording-log.ts";
import { emptyDatabase } from "./services.ts";

/** With our tables and Karbit's. Closing it gives everything back. */
export async function openTestDatabase(): Promise<Database> {
  const empty = await emptyDatabase();
  if (!empty) return await openTestPglite();
  const log = new RecordingLog();
  await migratePostgres({ url: empty.url }, { karbitTables: "create", log });
  const database = openPostgres({ url: empty.url, log });
  return {
    engine: database.engine,
    run: (operation, work) => database.run(operation, work),
    transaction: (operation, work) => database.transaction(operation, work),
    close: async () => {
      await database.close();
      await empty.drop();
    },
  };
}
