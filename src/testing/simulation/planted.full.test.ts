// Defects planted into the engine from outside are each caught by the seeded stories. Counting add-ons per coin instead
// of over all coins is a defect of the decision's facts, which these stories do not take: the engine's own tests have it.

import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import type { Database } from "../../adapters/store/database.ts";
import { openTestPglite } from "../pglite.ts";
import { PLANTS, type Plant } from "./plant.ts";
import { playSeed, StoryBroken } from "./seeded.ts";

setDefaultTimeout(1_500_000);

const SEEDS_MAX = 500;

let database: Database;
beforeAll(async () => {
  database = await openTestPglite();
});
afterAll(async () => {
  await database.close();
});

for (const [name, plant] of Object.entries(PLANTS)) {
  test(`an engine that ${name} is caught within ${SEEDS_MAX} stories`, async () => {
    const caught = await firstBroken(plant);
    console.log(`  ${caught.message}`);
    expect(caught.trace.length).toBeGreaterThan(0);
  });
}

async function firstBroken(plant: Plant): Promise<StoryBroken> {
  for (let seed = 1; seed <= SEEDS_MAX; seed++) {
    try {
      await playSeed(database, seed, { plant });
    } catch (error) {
      if (error instanceof StoryBroken) return error;
      throw error;
    }
  }
  throw new Error(`expected to be caught within ${SEEDS_MAX} stories`);
}
