// The database of seeded stories: PGlite in memory, with our tables and Karbit's.

import type { Database } from "../../adapters/store/database.ts";
import { migratePglite } from "../../adapters/store/migrate.ts";
import { openPglite } from "../../adapters/store/pglite.ts";
import { RecordingLog } from "../recording-log.ts";

export async function openSimDatabase(): Promise<Database> {
  const database = await openPglite();
  await migratePglite(database, { karbitTables: "create", log: new RecordingLog() });
  return database;
}
