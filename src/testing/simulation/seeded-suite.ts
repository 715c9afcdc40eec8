// Seeds from one on, as a test: two files take halves of the long run's, so that two processes play them.

import { afterAll, beforeAll, expect, test } from "bun:test";
import type { Database } from "../../adapters/store/database.ts";
import type { KarbitTablesMode } from "../../adapters/store/migrate.ts";
import { openTestPglite } from "../pglite.ts";
import { Coverage, factsOf, SECOND_LEG_P99_MS_MAX } from "./coverage.ts";
import { playSeed } from "./seeded.ts";

export const LONG_SEEDS = 500;

/** Registers the stories of `count` seeds on a journal of their own; returns where to play more on it. */
export function seededStories(
  from: number,
  count: number,
  karbitTables: KarbitTablesMode = "create",
): () => Database {
  let database: Database;
  beforeAll(async () => {
    database = await openTestPglite(karbitTables);
  });
  afterAll(async () => {
    await database.close();
  });

  test(`nothing is executed twice, left uncovered or unaccounted for in ${count} stories from ${from}`, async () => {
    const coverage = new Coverage();
    for (let seed = from; seed < from + count; seed++) {
      coverage.add(factsOf(await playSeed(database, seed)));
    }
    for (const line of [...coverage.lines(), coverage.summary()]) console.log(line);
    expect(coverage.stories).toBe(count);
    expect(coverage.secondLegP99Ms ?? 0).toBeLessThanOrEqual(SECOND_LEG_P99_MS_MAX);
  });
  return () => database;
}
