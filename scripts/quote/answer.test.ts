import { expect, test } from "bun:test";
import fc from "fast-check";
import { SEED_COUNT } from "../../schema/vocabulary.ts";
import { runsOf } from "../../src/testing/runs.ts";
import { quoteAnswer } from "./answer.ts";

const number = fc.oneof(
  fc.double({ min: 0, max: 1e8, noNaN: true }),
  fc.constantFrom(0, -1, 1e-12, 5e-324, 1e308, "1", null),
);
const side = fc.array(fc.tuple(number, number), { maxLength: 4 });
const book = fc.record({ asks: side, bids: side }, { requiredKeys: ["asks"] });
const input = fc.record({
  cases: fc.array(
    fc.record(
      { name: fc.string(), korean: book, foreign: book, multiplier: fc.oneof(fc.nat(), fc.double()) },
      { requiredKeys: ["name", "korean", "foreign"] },
    ),
    { maxLength: 2 },
  ),
});

test("whatever stands on standard input, there are finite rates of all sizes, or words about what is wrong", () => {
  let answered = 0;
  fc.assert(
    fc.property(
      fc.oneof(
        input.map((value) => JSON.stringify(value)),
        fc.json({ maxDepth: 3 }),
        fc.string(),
      ),
      fc.option(fc.nat(), { freq: 4 }),
      (text, cut) => {
        const { cases, faults } = quoteAnswer(cut === null ? text : text.slice(0, cut % (text.length + 1)));
        if (cases === undefined) return expect(faults.length).toBeGreaterThan(0);
        answered++;
        for (const { rates } of cases) {
          expect(rates.length).toBe(SEED_COUNT);
          for (const [, entry, exit] of rates) {
            if (
              !(entry === null || entry >= 0) ||
              !(exit === null || exit >= 0) ||
              !Number.isFinite((entry ?? 0) + (exit ?? 0))
            ) {
              throw new Error(`expected rates or null, were ${entry} and ${exit}`);
            }
          }
        }
      },
    ),
    { numRuns: runsOf(500, 100_000) },
  );
  expect(answered).toBeGreaterThan(0);
});
