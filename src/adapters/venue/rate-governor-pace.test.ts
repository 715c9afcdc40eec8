// Ticks as short as Binance's limit allows, 33 tasks each, answered by workers who share one address: alone, and beside a
// stranger whom none of them knows.

import { expect, test } from "bun:test";
import { VENUES, type Venue } from "../../../schema/vocabulary.ts";
import { VENUE_LIMITS } from "../../domain/venue-limits.ts";
import type { Grant } from "../../ports/rate-governor.ts";
import { ManualClock } from "../../testing/manual-clock.ts";
import { runsOf } from "../../testing/runs.ts";
import type { Governor } from "./rate-governor.ts";
import { Address, createProcess, Ether, randomOf, TASK_COSTS } from "./rate-governor-testing.ts";

const TASK_COUNT = 33;
/** As a worker leaves it for the fetch. */
const FETCH_RATIO = 0.2;
/** A task's requests, which add up to what it reserves. */
const BOOK_COSTS: Record<Venue, number[]> = {
  upbit: [1],
  bithumb: [1, 1, 1, 1],
  bybit: [1, 1, 1, 1],
  binance: [2, 5, 2, 2],
};
const IDLE_MS = 50;
const { capacity, windowMs } = VENUE_LIMITS.binance;

interface Stranger {
  readonly cost: number;
  readonly everyMs: number;
}

interface Plan {
  readonly workerCount: number;
  readonly seed: number;
  readonly tickCount: number;
  /** Of what the limits allow, a tick takes this much longer. */
  readonly slower: number;
  readonly stranger?: Stranger;
}

class Pace {
  readonly clock = new ManualClock();
  readonly ether = new Ether(this.clock);
  readonly address: Address;
  readonly stop = new AbortController();
  strangerRefused = 0;
  denied = 0;

  constructor(seed: number) {
    this.address = new Address(this.clock, randomOf(seed));
  }

  start(id: string, role: "worker" | "scheduler"): Governor {
    const governor = createProcess(this.clock, this.ether, id, role);
    void governor.start();
    return governor;
  }

  async beside({ cost, everyMs }: Stranger): Promise<void> {
    const binance = this.address.windows.get("binance")!;
    while (!this.stop.signal.aborted) {
      if (!binance.take(this.clock.nowMs(), cost)) this.strangerRefused++;
      await this.clock.sleep(everyMs, this.stop.signal);
    }
  }

  async fetch(grant: Grant): Promise<void> {
    const books = VENUES.filter((venue) => grant.venues.has(venue)).flatMap((venue) =>
      BOOK_COSTS[venue].map(async (cost) => {
        grant.settle(venue, cost, await this.address.request(venue, cost));
      }),
    );
    await Promise.all(books);
  }

  /** Takes tasks, each an instant until which it may wait, as long as there are any. */
  async work(governor: Governor, deadlinesMs: number[]): Promise<void> {
    while (!this.stop.signal.aborted) {
      const deadlineMs = deadlinesMs.shift();
      if (deadlineMs === undefined) {
        await this.clock.sleep(IDLE_MS, this.stop.signal);
        continue;
      }
      const grant = await governor.reserve(TASK_COSTS, Math.max(0, deadlineMs - this.clock.nowMs()));
      if (!grant.venues.has("binance")) this.denied++;
      await this.fetch(grant);
    }
  }
}

async function run({ workerCount, seed, tickCount, slower, stranger }: Plan) {
  const pace = new Pace(seed);
  if (stranger) void pace.beside(stranger);
  const strangersCost = stranger ? (stranger.cost * windowMs) / stranger.everyMs : 0;
  const tickMs = Math.floor(
    (TASK_COUNT * TASK_COSTS.binance! * windowMs * slower) / (capacity - strangersCost),
  );
  pace.start("scheduler", "scheduler");
  const deadlinesMs: number[] = [];
  for (let index = 0; index < workerCount; index++) {
    void pace.work(pace.start(`w${index}`, "worker"), deadlinesMs);
  }
  await pace.clock.advance(20_000);
  // A stranger is learnt in the first minute: of it only that nothing was refused counts.
  const learningTicks = Math.ceil(windowMs / tickMs);
  for (let tick = 0; tick < learningTicks + tickCount; tick++) {
    if (tick === learningTicks) pace.denied = 0;
    const deadlineMs = pace.clock.nowMs() + tickMs * (1 - FETCH_RATIO);
    for (let task = 0; task < TASK_COUNT; task++) deadlinesMs.push(deadlineMs);
    await pace.clock.advance(tickMs);
  }
  pace.stop.abort();
  const { denied, strangerRefused, address } = pace;
  return { deniedRatio: denied / (TASK_COUNT * tickCount), refused: address.refused + strangerRefused };
}

for (const seed of Array.from({ length: runsOf(1, 20) }, (_, index) => index + 1)) {
  test(`at the fastest tick three workers take each other for no stranger (seed ${seed})`, async () => {
    const { deniedRatio, refused } = await run({ workerCount: 3, seed, tickCount: 20, slower: 1.05 });
    expect(refused).toBe(0);
    expect(deniedRatio).toBeLessThan(0.012);
  }, 600_000);
}

const STRANGERS: readonly Stranger[] = [
  { cost: 2, everyMs: 200 },
  { cost: 100, everyMs: 10_000 },
  { cost: 600, everyMs: 60_000 },
  { cost: 10, everyMs: 500 },
];

for (const workerCount of [3, 5]) {
  for (const [index, stranger] of STRANGERS.slice(0, runsOf(1, 4)).entries()) {
    const words = `${stranger.cost} of weight every ${stranger.everyMs} ms`;
    test(`a stranger who takes ${words} costs ${workerCount} workers that once, and nobody is refused`, async () => {
      const { deniedRatio, refused } = await run({
        workerCount,
        seed: index + 1,
        tickCount: 10,
        slower: 1.1,
        stranger,
      });
      expect(refused).toBe(0);
      expect(deniedRatio).toBeLessThan(0.05);
    }, 600_000);
  }
}

test("beside a stranger who was there first, workers who take all they may are not refused", async () => {
  for (const seed of Array.from({ length: runsOf(1, 20) }, (_, index) => index + 1)) {
    const pace = new Pace(seed);
    void pace.beside(STRANGERS[seed % STRANGERS.length]!);
    await pace.clock.advance(windowMs);
    pace.start("scheduler", "scheduler");
    const always = Array.from({ length: 2_000 }, () => Number.MAX_SAFE_INTEGER);
    for (let index = 0; index < 3; index++) void pace.work(pace.start(`w${index}`, "worker"), always);
    await pace.clock.advance(150_000);
    pace.stop.abort();
    expect(pace.address.refused + pace.strangerRefused).toBe(0);
    expect(pace.address.served.get("binance")!).toBeGreaterThan(2_000);
  }
}, 600_000);

test("workers who follow on five that were killed at once are no spares, and have the other venues", async () => {
  const pace = new Pace(1);
  for (let index = 0; index < 5; index++) pace.start(`old${index}`, "worker");
  await pace.clock.advance(20_000);
  pace.start("scheduler", "scheduler");
  await pace.clock.advance(1_000);
  for (let index = 0; index < 5; index++) pace.ether.mute(`old${index}`);
  const next = Array.from({ length: 5 }, (_, index) => pace.start(`new${index}`, "worker"));
  // Those gone are missed after seven seconds, what they had counts for a window, and shares rise ten seconds later.
  await pace.clock.advance(30_000);
  for (const governor of next) {
    expect(governor.hasShare()).toBe(true);
    expect(governor.readyInMs({ upbit: 1, bithumb: 4, bybit: 4 })).toBe(0);
    expect(governor.readyInMs({ binance: 11 })).toBeGreaterThan(0);
  }
});
