// Long stories on the production journal in PGlite: a few in the ordinary run, half of the long run's with FULL;
// `bun run simulate` plays any number, in several processes.

import { expect, setDefaultTimeout } from "bun:test";
import { isLong, longTest } from "../long.ts";
import { playSeed } from "./seeded.ts";
import { LONG_SEEDS, seededStories } from "./seeded-suite.ts";

setDefaultTimeout(1_500_000);

const database = seededStories(1, isLong ? LONG_SEEDS / 2 : 1);

longTest("the same seed is the same story, line by line", async () => {
  const [once, again] = [await playSeed(database(), 5), await playSeed(database(), 5)];
  expect(again.trace).toEqual(once.trace);
  expect(once.trace.length).toBeGreaterThan(10);
});
