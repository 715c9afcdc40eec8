// Defects planted into the engine from outside are each caught by the seeded stories; the one of the decision's facts, which
// those do not take, by the stories of the whole engine.

import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import type { Database } from "../../adapters/store/database.ts";
import { openTestPglite } from "../pglite.ts";
import { countedPerCoin, playDesk } from "./desk-stories.ts";
import { PLANTS } from "./plant.ts";
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
    const caught = await firstBroken((seed) => playSeed(database, seed, { plant }));
    console.log(`  ${caught.message}`);
    expect(caught.trace.length).toBeGreaterThan(0);
  });
}

test(`an engine that counts add-ons per coin is caught within ${SEEDS_MAX} stories`, async () => {
  const caught = await firstBroken((seed) => playDesk(seed, countedPerCoin));
  console.log(`  ${caught.message}`);
  expect(caught.message).toContain("over all coins");
});

async function firstBroken(play: (seed: number) => Promise<unknown>): Promise<StoryBroken> {
  for (let seed = 1; seed <= SEEDS_MAX; seed++) {
    try {
      await play(seed);
    } catch (error) {
      if (error instanceof StoryBroken) return error;
      throw error;
    }
  }
  throw new Error(`expected to be caught within ${SEEDS_MAX} stories`);
}
