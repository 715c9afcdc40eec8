import { expect, test } from "bun:test";
import fc from "fast-check";
import { ManualClock } from "./manual-clock.ts";

const START_AT_MS = Date.UTC(2026, 6, 1);

test("time stands still until it is moved", async () => {
  const clock = new ManualClock(START_AT_MS);
  await Bun.sleep(2);
  expect([clock.nowMs(), clock.monotonicMs()]).toEqual([START_AT_MS, 0]);
  await clock.advance(250);
  expect([clock.nowMs(), clock.monotonicMs()]).toEqual([START_AT_MS + 250, 250]);
});

test("a loop that falls asleep again is woken once per period, each time at its own instant", async () => {
  const clock = new ManualClock(START_AT_MS);
  const wokenAtMs: number[] = [];
  void (async () => {
    for (;;) {
      await clock.sleep(30_000);
      wokenAtMs.push(clock.nowMs() - START_AT_MS);
    }
  })();
  await clock.advance(89_999);
  expect(wokenAtMs).toEqual([30_000, 60_000]);
  await clock.advance(1);
  expect(wokenAtMs).toEqual([30_000, 60_000, 90_000]);
  expect(clock.nextWakeAtMs).toBe(START_AT_MS + 120_000);
});

test("all that one sleeper starts in microtasks is done before the next wakes", async () => {
  const clock = new ManualClock();
  const seen: string[] = [];
  void clock.sleep(10).then(async () => {
    for (let step = 0; step < 50; step++) await null;
    seen.push("first, late");
  });
  void clock.sleep(11).then(() => void seen.push("second"));
  await clock.advance(20);
  expect(seen).toEqual(["first, late", "second"]);
});

test("any set of sleepers wakes by instant, then by the order they fell asleep", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 20 }), { maxLength: 30 }), async (lengths) => {
      const clock = new ManualClock();
      const woken: [number, number][] = [];
      for (const [index, lengthMs] of lengths.entries()) {
        void clock.sleep(lengthMs).then(() => void woken.push([clock.monotonicMs(), index]));
      }
      await clock.advance(20);
      const expected = lengths.map((lengthMs, index): [number, number] => [lengthMs, index]);
      expect(woken).toEqual(expected.sort((a, b) => a[0] - b[0] || a[1] - b[1]));
      expect(clock.sleeperCount).toBe(0);
    }),
    { numRuns: 50 },
  );
});

test("an aborted sleep ends at once and leaves nothing behind", async () => {
  const clock = new ManualClock();
  const controller = new AbortController();
  const sleeping = clock.sleep(1_000, controller.signal);
  controller.abort();
  await sleeping;
  await clock.sleep(1_000, controller.signal);
  expect([clock.sleeperCount, clock.monotonicMs()]).toEqual([0, 0]);
});

test("sleeping for nothing gives others a turn without moving time", async () => {
  const clock = new ManualClock();
  let turns = 0;
  void (async () => {
    while (turns < 3) {
      turns++;
      await clock.sleep(0);
    }
  })();
  for (let turn = 0; turn < 3; turn++) await clock.advance(0);
  expect(turns).toBe(3);
  expect(clock.monotonicMs()).toBe(0);
});

test("setting the wall clock moves neither sleepers nor monotonic time", async () => {
  const clock = new ManualClock(START_AT_MS);
  let woken = false;
  void clock.sleep(100).then(() => {
    woken = true;
  });
  clock.setWallClock(START_AT_MS - 5_000);
  await clock.advance(99);
  expect([woken, clock.nowMs()]).toEqual([false, START_AT_MS - 5_000 + 99]);
  await clock.advance(1);
  expect(woken).toBe(true);
});

test("advanceUntil stops at the instant the condition holds, and says why it cannot", async () => {
  const clock = new ManualClock(START_AT_MS);
  let woken = 0;
  void (async () => {
    while (woken < 5) {
      await clock.sleep(7);
      woken++;
    }
  })();
  await clock.advanceUntil(() => woken === 2);
  expect(clock.monotonicMs()).toBe(14);
  await expect(clock.advanceUntil(() => woken === 4, 10)).rejects.toThrow("within 10 ms");
  await expect(clock.advanceUntil(() => woken === 6)).rejects.toThrow("all are awake");
});

test("time does not run backwards", async () => {
  await expect(new ManualClock(START_AT_MS).advanceTo(START_AT_MS - 1)).rejects.toThrow("0 ms or more");
});
