import { expect, test } from "bun:test";
import type { FileReport } from "./junit.ts";
import { Tally } from "./tally.ts";

const report = (passedCount: number, ...failed: string[]): FileReport => ({
  ...{ passedCount, failed, skipped: [], seconds: passedCount },
});

function tallyOf(...failing: string[]): Tally {
  const tally = new Tally();
  tally.add(new Map([["src/a.test.ts", report(3)]]));
  for (const file of failing) tally.add(new Map([[file, report(1, `${file}: breaks`)]]));
  return tally;
}

test("a run's counts are those of its files and of what is outside of them", () => {
  const tally = tallyOf("src/b.test.ts");
  tally.addFault("src/c.test.ts: no complete report");
  expect(tally.passedCount).toBe(4);
  expect(tally.failed).toEqual(["src/b.test.ts: breaks", "src/c.test.ts: no complete report"]);
  expect(tally.slowest(1)).toEqual([["src/a.test.ts", 3]]);
});

test("what waits for real servers may be played again; what computes, what trades, and much at once may not", () => {
  expect(tallyOf("api/b.integration.test.ts", "src/c.full.test.ts").toPlayAgain()).toEqual([
    "api/b.integration.test.ts",
    "src/c.full.test.ts",
  ]);
  expect(tallyOf().toPlayAgain()).toEqual([]);
  expect(tallyOf("src/b.test.ts").toPlayAgain()).toEqual([]);
  expect(tallyOf("src/b.test.ts", "api/b.integration.test.ts").toPlayAgain()).toEqual([]);
  expect(tallyOf("src/testing/trading-e2e/kills.full.test.ts").toPlayAgain()).toEqual([]);
  expect(tallyOf("src/testing/simulation/seeded.integration.test.ts").toPlayAgain()).toEqual([]);
  expect(tallyOf(...["a", "b", "c"].map((name) => `api/${name}.full.test.ts`)).toPlayAgain()).toEqual([]);
  const tally = tallyOf("api/b.integration.test.ts");
  tally.addFault("something outside the tests");
  expect(tally.toPlayAgain()).toEqual([]);
});

test("a second report takes the first one's place, and what passed only then is told", () => {
  const tally = tallyOf("api/b.full.test.ts", "api/c.full.test.ts");
  tally.replace("api/b.full.test.ts", report(2));
  tally.replace("api/c.full.test.ts", report(1, "api/c.full.test.ts: breaks again"));
  expect(tally.passedCount).toBe(3 + 2 + 1);
  expect(tally.failed).toEqual(["api/c.full.test.ts: breaks again"]);
  expect(tally.again).toEqual(["api/b.full.test.ts: breaks"]);
});
