import { expect, test } from "bun:test";
import fc from "fast-check";
import { runsOf } from "../../testing/runs.ts";
import { ForeignCost } from "./foreign-cost.ts";

const WINDOW_MS = 60_000;
const BELIEF_MS = 3_500;

test("the smallest reading of the time others may be silent is believed, the newest is known, one window long", () => {
  const reading = fc.record({
    afterMs: fc.nat({ max: 4_000 }),
    difference: fc.integer({ min: -50, max: 700 }),
  });
  fc.assert(
    fc.property(
      fc.array(reading, { minLength: 1, maxLength: 40 }),
      fc.nat({ max: 70_000 }),
      (given, laterMs) => {
        const foreign = new ForeignCost(WINDOW_MS, BELIEF_MS);
        const all: { cost: number; atMs: number }[] = [];
        let nowMs = 1_000;
        for (const { afterMs, difference } of given) {
          nowMs += afterMs;
          foreign.read(difference, nowMs);
          all.push({ cost: Math.max(0, difference), atMs: nowMs });
        }
        const recent = all.filter(({ atMs }) => atMs >= nowMs - BELIEF_MS).map(({ cost }) => cost);
        const counts = laterMs < WINDOW_MS;
        expect(foreign.believed(nowMs + laterMs)).toBe(counts ? Math.min(...recent) : 0);
        expect(foreign.newest(nowMs + laterMs)).toBe(counts ? recent.at(-1)! : 0);
      },
    ),
    { numRuns: runsOf(300, 20_000) },
  );
});

test("without a time of belief each reading is believed at once", () => {
  const foreign = new ForeignCost(1_000, 0);
  foreign.read(2, 5_000);
  foreign.read(7, 5_100);
  expect(foreign.believed(5_100)).toBe(7);
  foreign.read(-1, 5_200);
  expect(foreign.believed(5_200)).toBe(0);
});

test("what others tell counts beside our own readings until a venue says less", () => {
  const foreign = new ForeignCost(WINDOW_MS, BELIEF_MS);
  foreign.told(400, 1_000);
  foreign.told(300, 1_100);
  expect(foreign.believed(1_100)).toBe(400);
  foreign.read(0, 1_200);
  expect(foreign.believed(1_200)).toBe(0);
});
