// Long stories on the production journal in PGlite: a few in the ordinary run, more with FULL, as many as fit beside the
// other long suites; `bun run simulate` plays any number, in several processes.

import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import type { Database } from "../../adapters/store/database.ts";
import { Coverage, factsOf, SECOND_LEG_P99_MS_MAX } from "./coverage.ts";
import { playSeed } from "./seeded.ts";
import { openSimDatabase } from "./sim-database.ts";

setDefaultTimeout(1_500_000);

const SEEDS = process.env.FULL ? 60 : 2;

let database: Database;
beforeAll(async () => {
  database = await openSimDatabase();
});
afterAll(async () => {
  await database.close();
});

test(`nothing is executed twice, left uncovered or unaccounted for in ${SEEDS} stories`, async () => {
  const coverage = new Coverage();
  for (let seed = 1; seed <= SEEDS; seed++) coverage.add(factsOf(await playSeed(database, seed)));
  for (const line of [...coverage.lines(), coverage.summary()]) console.log(line);
  expect(coverage.stories).toBe(SEEDS);
  expect(coverage.secondLegP99Ms ?? 0).toBeLessThanOrEqual(SECOND_LEG_P99_MS_MAX);
});

test("the same seed is the same story, line by line", async () => {
  const [once, again] = [await playSeed(database, 5), await playSeed(database, 5)];
  expect(again.trace).toEqual(once.trace);
  expect(once.trace.length).toBeGreaterThan(10);
});
