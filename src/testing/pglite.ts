// PGlite for tests: making an empty database costs seconds of a core, loading one that was made before a second.

import { existsSync, mkdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { dependencies } from "../../package.json";
import type { Database } from "../adapters/store/database.ts";
import { type KarbitTablesMode, migratePglite } from "../adapters/store/migrate.ts";
import { imageOfPglite, openPgliteInMemory } from "../adapters/store/pglite.ts";
import { makeKarbitSchema } from "./karbit-schema/karbit-schema.ts";
import { RecordingLog } from "./recording-log.ts";

const CACHE = join(import.meta.dir, "../../node_modules/.cache/schedulerx");
const IMAGE = join(CACHE, `pglite-${dependencies["@electric-sql/pglite"]}.tar`);

/** In memory, with our tables and Karbit's; "expect": as they are where Karbit made them. */
export async function openTestPglite(karbitTables: KarbitTablesMode = "create"): Promise<Database> {
  if (!existsSync(IMAGE)) await makeImage();
  const database = await openPgliteInMemory(Bun.file(IMAGE));
  if (karbitTables === "expect") {
    await database.run("Karbit's tables", (executor) => makeKarbitSchema(executor, { firstExchangeId: 41 }));
  }
  await migratePglite(database, { karbitTables, log: new RecordingLog() });
  return database;
}

/** Two processes may do so at once: the later one is kept. */
async function makeImage(): Promise<void> {
  mkdirSync(CACHE, { recursive: true });
  const making = `${IMAGE}.${process.pid}`;
  await Bun.write(making, await imageOfPglite());
  renameSync(making, IMAGE);
}
