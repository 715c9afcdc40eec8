// The other half of the long run's stories, for a second process, and on tables that Karbit made.

import { setDefaultTimeout } from "bun:test";
import { LONG_SEEDS, seededStories } from "./seeded-suite.ts";

setDefaultTimeout(1_500_000);

if (process.env.FULL) seededStories(LONG_SEEDS / 2 + 1, LONG_SEEDS / 2, "expect");
