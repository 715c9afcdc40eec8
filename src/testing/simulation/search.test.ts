import { expect, test } from "bun:test";
import { PAIR_KEYS } from "../../../schema/vocabulary.ts";
import { searchEngine } from "./search.ts";

const FAULTS_MAX = Number(process.env.ENGINE_FAULTS ?? (process.env.FULL ? 2 : 1));

for (const pair of PAIR_KEYS) {
  for (const what of ["entry", "exit"] as const) {
    test(`${pair}: every ${what} with up to ${FAULTS_MAX} faults ends hedged or flat, with books that balance`, async () => {
      const result = await searchEngine({ pair, what, faultsMax: FAULTS_MAX });
      console.log(
        `${pair} ${what}: ${result.runs} runs, ${result.crashes} crashes, ends ${JSON.stringify(Object.fromEntries(result.ends))}`,
      );
      expect(result.runs).toBeGreaterThanOrEqual(50);
    }, 600_000);
  }
}
