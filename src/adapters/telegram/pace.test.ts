import { expect, test } from "bun:test";
import fc from "fast-check";
import { runsOf } from "../../testing/runs.ts";
import { Pace } from "./pace.ts";

test("Pace lets no more through than the limit in any window, judged anywhere between start and answer", () => {
  const message = fc.record({
    gapMs: fc.integer({ min: 0, max: 400 }),
    takesMs: fc.integer({ min: 0, max: 900 }),
    /** Where between start and answer the server counts it. */
    seenAt: fc.double({ min: 0, max: 1, noNaN: true }),
  });
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 4 }),
      fc.array(message, { maxLength: 40, size: "max" }),
      (countMax, messages) => {
        const pace = new Pace(countMax, 1_000);
        const seenAtMs: number[] = [];
        let nowMs = 0;
        const ends: number[] = [];
        const endUntil = (atMs: number) => {
          for (ends.sort((a, b) => a - b); ends.length > 0 && ends[0]! <= atMs; ) pace.end(ends.shift()!);
        };
        for (const { gapMs, takesMs, seenAt } of messages) {
          nowMs += gapMs;
          endUntil(nowMs);
          for (let freeAtMs = pace.freeAtMs(nowMs); freeAtMs > nowMs; freeAtMs = pace.freeAtMs(nowMs)) {
            nowMs = Number.isFinite(freeAtMs) ? Math.min(freeAtMs, ends[0] ?? freeAtMs) : ends[0]!;
            endUntil(nowMs);
          }
          pace.begin();
          seenAtMs.push(nowMs + takesMs * seenAt);
          ends.push(nowMs + takesMs);
        }
        for (const atMs of seenAtMs) {
          const within = seenAtMs.filter((other) => other >= atMs && other < atMs + 1_000);
          expect(within.length).toBeLessThanOrEqual(countMax);
        }
      },
    ),
    { numRuns: runsOf(100, 5_000) },
  );
});

test("Pace is idle again when the window after the last answer is over", () => {
  const pace = new Pace(2, 1_000);
  expect(pace.isIdle(0)).toBe(true);
  pace.begin();
  expect(pace.isIdle(5_000)).toBe(false);
  pace.end(5_000);
  expect(pace.isIdle(5_999)).toBe(false);
  expect(pace.isIdle(6_000)).toBe(true);
});
