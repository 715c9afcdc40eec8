import { describe, expect, test } from "bun:test";
import { ManualClock } from "../../testing/manual-clock.ts";
import { PriorityBudget, type Spent } from "./priority-budget.ts";

const SECOND = [{ capacity: 10, windowMs: 1_000 }];

async function takeAll(
  budget: PriorityBudget,
  urgent: boolean,
  count: number,
): Promise<(Spent | undefined)[]> {
  const taken: (Spent | undefined)[] = [];
  for (let index = 0; index < count; index++) taken.push(await budget.take(urgent, 0));
  return taken;
}

const given = (taken: readonly (Spent | undefined)[]) => taken.filter((each) => each !== undefined).length;

describe("A budget with a part kept back", () => {
  test("stops what is not urgent at 70 % and lets what is urgent have the rest", async () => {
    const budget = new PriorityBudget(new ManualClock(), SECOND);
    expect(given(await takeAll(budget, false, 20))).toBe(7);
    expect(given(await takeAll(budget, true, 20))).toBe(3);
  });

  test("a request counts until one window after its answer, not after its start", async () => {
    const clock = new ManualClock();
    const budget = new PriorityBudget(clock, SECOND);
    const taken = await takeAll(budget, true, 10);
    await clock.advance(5_000);
    expect(await budget.take(true, 0)).toBeUndefined();
    for (const each of taken) each!.answered();
    await clock.advance(999);
    expect(await budget.take(true, 0)).toBeUndefined();
    await clock.advance(1);
    expect(given(await takeAll(budget, true, 20))).toBe(10);
  });

  test("what was not sent is given back, once", async () => {
    const budget = new PriorityBudget(new ManualClock(), SECOND);
    const [first] = await takeAll(budget, true, 10);
    first!.unsent();
    first!.unsent();
    first!.answered();
    expect(given(await takeAll(budget, true, 5))).toBe(1);
  });

  test("waits for its turn and is told at once when there will be none in time", async () => {
    const clock = new ManualClock();
    const budget = new PriorityBudget(clock, SECOND);
    for (const each of await takeAll(budget, true, 10)) each!.answered();
    expect(await budget.take(true, 999)).toBeUndefined();
    expect(clock.sleeperCount).toBe(0);
    const later = budget.take(true, 1_500);
    await clock.advance(1_000);
    expect(await later).toBeDefined();
  });

  test("gives up in time when only an answer in the air could free a place", async () => {
    const clock = new ManualClock();
    const budget = new PriorityBudget(clock, SECOND);
    await takeAll(budget, true, 10);
    const later = budget.take(true, 300);
    await clock.advance(300);
    expect(await later).toBeUndefined();
  });

  test("an answer in the air wakes who waits for it", async () => {
    const clock = new ManualClock();
    const budget = new PriorityBudget(clock, SECOND);
    const [first] = await takeAll(budget, true, 10);
    const later = budget.take(true, 5_000);
    await clock.advance(100);
    first!.unsent();
    expect(await later).toBeDefined();
  });

  test("who is urgent goes before who came first", async () => {
    const clock = new ManualClock();
    const budget = new PriorityBudget(clock, [{ capacity: 1, windowMs: 1_000 }]);
    (await budget.take(true, 0))!.answered();
    const order: string[] = [];
    const take = async (urgent: boolean, name: string) => {
      const spent = await budget.take(urgent, 5_000);
      order.push(name);
      spent?.answered();
    };
    const waits = [take(false, "entry 1"), take(false, "entry 2"), take(true, "exit")];
    await clock.advance(4_000);
    await Promise.all(waits);
    expect(order).toEqual(["exit", "entry 1", "entry 2"]);
  });

  test("every window binds: 300 in 10 s and 1,200 a minute", async () => {
    const clock = new ManualClock();
    const budget = new PriorityBudget(clock, [
      { capacity: 300, windowMs: 10_000 },
      { capacity: 1_200, windowMs: 60_000 },
    ]);
    let sent = 0;
    for (let round = 0; round < 6; round++) {
      const taken = await takeAll(budget, true, 300);
      sent += given(taken);
      for (const each of taken) each?.answered();
      await clock.advance(10_000);
    }
    expect(sent).toBe(1_200);
  });

  test("a hold stops everybody, then the budget is there again", async () => {
    const clock = new ManualClock();
    const budget = new PriorityBudget(clock, SECOND);
    budget.hold(2_000);
    expect(await budget.take(true, 1_000)).toBeUndefined();
    await clock.advance(2_000);
    expect(given(await takeAll(budget, true, 20))).toBe(10);
  });

  test("never more than the capacity in any window, however requests come and end", async () => {
    const clock = new ManualClock();
    const budget = new PriorityBudget(clock, SECOND);
    const startedAtMs: number[] = [];
    let seed = 7;
    const random = () => (seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31) / 2 ** 31;
    for (let index = 0; index < 400; index++) {
      const spent = await budget.take(random() < 0.5, 0);
      if (spent) {
        startedAtMs.push(clock.monotonicMs());
        spent.answered();
      }
      await clock.advance(Math.floor(random() * 60));
    }
    for (const atMs of startedAtMs) {
      expect(startedAtMs.filter((each) => each >= atMs && each < atMs + 1_000).length).toBeLessThanOrEqual(
        10,
      );
    }
    expect(startedAtMs.length).toBeGreaterThan(80);
  });
});
