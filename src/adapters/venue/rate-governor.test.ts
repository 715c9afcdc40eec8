import { expect, test } from "bun:test";
import { VENUES, type Venue } from "../../../schema/vocabulary.ts";
import { ManualClock } from "../../testing/manual-clock.ts";
import { runsOf } from "../../testing/runs.ts";
import { PEER_SILENCE_MS } from "./budget-shares.ts";
import { readLimits } from "./limit-headers.ts";
import { Governor } from "./rate-governor.ts";
import { Address, createProcess, Ether, randomOf, silent, TASK_COSTS } from "./rate-governor-testing.ts";

/** Takes tasks as fast as it may until stopped. */
async function work(
  governor: Governor,
  address: Address,
  stop: AbortSignal,
  clock: ManualClock,
): Promise<void> {
  await governor.start();
  while (!stop.aborted) {
    if (!governor.hasShare()) {
      await clock.sleep(500, stop);
      continue;
    }
    const grant = await governor.reserve(TASK_COSTS, 5_000);
    await Promise.all(
      VENUES.map(async (venue) => {
        if (!grant.venues.has(venue)) return;
        const cost = TASK_COSTS[venue]!;
        if (stop.aborted) return grant.settle(venue, cost, "unsent");
        grant.settle(venue, cost, await address.request(venue, cost));
      }),
    );
  }
}

test("five workers and a scheduler behind one address use at least 1/1.1 of the limit and never exceed it", async () => {
  const clock = new ManualClock();
  const random = randomOf(7);
  const ether = new Ether(clock);
  const address = new Address(clock, random);
  const stop = new AbortController();
  const scheduler = createProcess(clock, ether, "scheduler", "scheduler");
  void scheduler.start();
  const workers = Array.from({ length: 5 }, (_, index) => createProcess(clock, ether, `w${index}`, "worker"));
  for (const governor of workers) void work(governor, address, stop.signal, clock);
  await clock.advance(150_000);
  const before = address.served.get("binance")!;
  const minutes = runsOf(1, 60);
  await clock.advance(minutes * 60_000);
  const perMinute = (address.served.get("binance")! - before) / minutes;
  stop.abort();
  expect(address.refused).toBe(0);
  expect(perMinute).toBeGreaterThan(2_400 / 1.1);
  await scheduler.stop();
}, 600_000);

test("with the governor off the same work draws refusals", async () => {
  const clock = new ManualClock();
  const address = new Address(clock, randomOf(7));
  const ether = new Ether(clock);
  const stop = new AbortController();
  for (let index = 0; index < 5; index++) {
    void work(createProcess(clock, ether, `w${index}`, "worker", false), address, stop.signal, clock);
  }
  await clock.advance(20_000);
  stop.abort();
  expect(address.refused).toBeGreaterThan(0);
});

for (const seed of Array.from({ length: runsOf(2, 60) }, (_, index) => index + 1)) {
  test(`workers that come, leave, are killed and lose the link never exceed the limit (seed ${seed})`, async () => {
    const clock = new ManualClock();
    const random = randomOf(seed);
    const ether = new Ether(clock);
    const address = new Address(clock, random);
    const running: { governor: Governor; stop: AbortController }[] = [];
    // Who starts alone cannot know what a killed predecessor has spent until the venue's first answer says so.
    let aloneCount = 0;
    for (let step = 0; step < runsOf(15, 25); step++) {
      const choice = random();
      if (choice < 0.5 || running.length === 0) {
        const governor = createProcess(clock, ether, `w${step}`, "worker");
        const stop = new AbortController();
        if (running.length === 0 && step > 0) aloneCount++;
        running.push({ governor, stop });
        void work(governor, address, stop.signal, clock);
      } else {
        const [gone] = running.splice(Math.floor(random() * running.length), 1);
        gone!.stop.abort();
        // A killed process says nothing; requests it had in the air still arrive.
        if (choice < 0.75) void gone!.governor.stop();
        // The link is lost only while nobody is new: who comes without it cannot know who has just died.
        if (random() < 0.3) ether.up = false;
      }
      await clock.advance(2_000 + random() * 25_000);
      ether.up = true;
    }
    for (const { stop } of running) stop.abort();
    expect(address.refused).toBeLessThanOrEqual(aloneCount);
    expect(address.served.get("binance")!).toBeGreaterThan(1_000);
  }, 600_000);
}

test("more workers than Upbit's budget has units: the surplus are spares", async () => {
  const clock = new ManualClock();
  const ether = new Ether(clock);
  const workers = Array.from({ length: 12 }, (_, index) =>
    createProcess(clock, ether, `w${String(index).padStart(2, "0")}`, "worker"),
  );
  for (const governor of workers) void governor.start();
  await clock.advance(5_000);
  expect(workers.filter((governor) => governor.hasShare()).length).toBe(10);
  await workers[0]!.stop();
  await clock.advance(PEER_SILENCE_MS + 15_000);
  expect(workers.slice(1).filter((governor) => governor.hasShare()).length).toBe(10);
});

test("a ban of one venue is kept for its whole length, told to the others, and leaves the other venues alone", async () => {
  const clock = new ManualClock();
  const ether = new Ether(clock);
  const a = createProcess(clock, ether, "a", "worker");
  const b = createProcess(clock, ether, "b", "worker");
  void a.start();
  void b.start();
  await clock.advance(20_000);
  const grant = await a.reserve({ binance: 5 }, 1_000);
  grant.settle("binance", 5, { status: 418, headers: new Headers({ "retry-after": "120" }) });
  await clock.advance(100);
  for (const governor of [a, b]) {
    const during = await governor.reserve({ binance: 5, bybit: 1 }, 5_000);
    expect([...during.venues]).toEqual(["bybit"]);
    during.settle("bybit", 1, "unsent");
  }
  await clock.advance(121_000);
  const after = await b.reserve({ binance: 5 }, 1_000);
  expect(after.venues.has("binance")).toBe(true);
});

test("who trades believes no other process's ban, and keeps the one it meets itself", async () => {
  const clock = new ManualClock();
  const ether = new Ether(clock);
  const worker = createProcess(clock, ether, "a", "worker");
  const trader = createProcess(clock, ether, "t", "trader");
  void worker.start();
  void trader.start();
  await clock.advance(20_000);
  const banned = { status: 418, headers: new Headers({ "retry-after": "120" }) };
  (await worker.reserve({ binance: 1 }, 1_000)).settle("binance", 1, banned);
  await clock.advance(100);
  expect((await worker.reserve({ binance: 1 }, 1_000)).venues.has("binance")).toBe(false);
  const own = await trader.reserve({ binance: 1 }, 1_000);
  expect(own.venues.has("binance")).toBe(true);
  own.settle("binance", 1, banned);
  expect((await trader.reserve({ binance: 1 }, 1_000)).venues.has("binance")).toBe(false);
});

test("after a 429 the budget is smaller and recovers by itself", async () => {
  const clock = new ManualClock();
  const ether = new Ether(clock);
  const governor = createProcess(clock, ether, "a", "worker");
  void governor.start();
  await clock.advance(2_000);
  const grant = await governor.reserve({ bithumb: 1 }, 1_000);
  grant.settle("bithumb", 1, { status: 429, headers: undefined });
  expect(governor.state().bithumb.strictness).toBeCloseTo(0.8, 2);
  expect(governor.state().bithumb.holdMs).toBe(1_000);
  await clock.advance(4 * 60_000);
  expect(governor.state().bithumb.strictness).toBe(1);
});

test("readLimits understands the venues' headers and refusals", () => {
  const headers = (entries: Record<string, string>) => new Headers(entries);
  const upbit = (left: number) => ({
    status: 200,
    headers: headers({ "remaining-req": `group=orderbook; min=600; sec=${left}` }),
  });
  expect(readLimits("upbit", upbit(3))).toEqual({ kind: "fine", holdMs: 0, addressUsed: 7 });
  expect(readLimits("upbit", upbit(0))).toEqual({ kind: "fine", holdMs: 1_000, addressUsed: 10 });
  expect(readLimits("bithumb", upbit(0))).toEqual({ kind: "fine", holdMs: 0, addressUsed: undefined });
  const blocked = { status: 418, headers: undefined, text: '{"error":{"message":"blocked for 90 seconds"}}' };
  expect(readLimits("upbit", blocked)).toEqual({ kind: "banned", banMs: 90_000 });
  expect(readLimits("bybit", { status: 403, headers: undefined })).toEqual({
    kind: "banned",
    banMs: 600_000,
  });
  expect(readLimits("bybit", { status: 200, headers: undefined, limited: true })).toEqual({
    kind: "refused",
    holdMs: 5_000,
  });
  const spent = { status: 200, headers: headers({ "x-mbx-used-weight-1m": "2390" }) };
  expect(readLimits("binance", spent)).toEqual({ kind: "fine", holdMs: 0, addressUsed: 2390 });
  const tooMany = { status: 429, headers: headers({ "retry-after": "70" }) };
  expect(readLimits("binance", tooMany)).toEqual({ kind: "refused", holdMs: 70_000 });
});

test("a share of one request survives a 429: it is asked again after the hold, not four minutes later", async () => {
  const clock = new ManualClock();
  const governor = createProcess(clock, new Ether(clock), "scheduler", "scheduler");
  void governor.start();
  await clock.advance(5_000);
  const first = await governor.reserve({ upbit: 1 }, 1_000);
  first.settle("upbit", 1, { status: 429, headers: undefined });
  const again = governor.reserve({ upbit: 1 }, 3_000);
  await clock.advance(3_000);
  expect((await again).venues.has("upbit")).toBe(true);
});

test("who cannot wait has what is there now, although time goes by while it is looked up", async () => {
  class Going extends ManualClock {
    #readings = 0;
    override monotonicMs(): number {
      return super.monotonicMs() + ++this.#readings * 0.001;
    }
  }
  const clock = new Going();
  const governor = createProcess(clock, new Ether(clock), "a", "worker");
  void governor.start();
  await clock.advance(20_000);
  const all = governor.state().binance.allowed;
  const grant = await governor.reserve({ upbit: 1, bithumb: 1, bybit: 1, binance: all + 1 }, 0);
  expect([...grant.venues]).toEqual(["upbit", "bithumb", "bybit"]);
});

test("a venue that cannot be ready in time is left out at once rather than holding the others up", async () => {
  const clock = new ManualClock();
  const governor = createProcess(clock, new Ether(clock), "a", "worker");
  void governor.start();
  await clock.advance(20_000);
  const all = governor.state().binance.allowed;
  (await governor.reserve({ binance: all }, 0)).settle("binance", all, { status: 200, headers: undefined });
  // The window frees its budget in 60 s only.
  const startedAtMs = clock.monotonicMs();
  const grant = governor.reserve({ upbit: 1, binance: 20 }, 25_000).then((given) => {
    expect(clock.monotonicMs() - startedAtMs).toBeLessThan(100);
    return given;
  });
  await clock.advance(26_000);
  expect([...(await grant).venues]).toEqual(["upbit"]);
  // More than the whole budget can never fit: the others wait a moment for it, not until the deadline.
  await clock.advance(60_000);
  const beganAtMs = clock.monotonicMs();
  const never = governor.reserve({ upbit: 1, binance: all + 1 }, 25_000).then((given) => {
    expect(clock.monotonicMs() - beganAtMs).toBeLessThan(2_000);
    return given;
  });
  await clock.advance(26_000);
  expect([...(await never).venues]).toEqual(["upbit"]);
});

test("a reservation waits for an answer in the air rather than going without", async () => {
  const clock = new ManualClock();
  const governor = createProcess(clock, new Ether(clock), "scheduler", "scheduler");
  void governor.start();
  await clock.advance(5_000);
  const slow = await governor.reserve({ upbit: 1 }, 1_000);
  const next = governor.reserve({ upbit: 1 }, 15_000);
  await clock.advance(6_000);
  slow.settle("upbit", 1, { status: 200, headers: undefined });
  await clock.advance(1_500);
  expect((await next).venues.has("upbit")).toBe(true);
});

test("a worker killed and replaced leaves the survivors a budget while its spending still counts", async () => {
  const clock = new ManualClock();
  const ether = new Ether(clock);
  const scheduler = createProcess(clock, ether, "scheduler", "scheduler");
  void scheduler.start();
  const workers = Array.from({ length: 5 }, (_, index) => createProcess(clock, ether, `w${index}`, "worker"));
  for (const governor of workers) void governor.start();
  await clock.advance(30_000);
  const share = workers[1]!.state().binance.allowed;
  ether.mute("w0");
  await clock.advance(3_000);
  void createProcess(clock, ether, "new", "worker").start();
  for (let second = 0; second < 60; second++) {
    await clock.advance(1_000);
    // The dead one's share is spread over all, who once bore all of it each; for a moment it is also still alive.
    const leastOf = second < 8 ? 0.4 : 0.75;
    for (const governor of workers.slice(1)) {
      expect(governor.state().binance.allowed).toBeGreaterThan(share * leastOf);
    }
    if (second >= 8) expect(scheduler.state().binance.allowed).toBeGreaterThan(60);
  }
});

test("who trades beside workers has a fifth of each budget, and they have the rest", async () => {
  const clock = new ManualClock();
  const ether = new Ether(clock);
  const workers = ["a", "b"].map((id) => createProcess(clock, ether, id, "worker"));
  const trader = createProcess(clock, ether, "trader", "trader");
  for (const each of [...workers, trader]) void each.start();
  await clock.advance(20_000);
  const allowedAt = (venue: Venue) => [...workers, trader].map((each) => each.state()[venue].allowed);
  expect(allowedAt("binance")).toEqual([960, 960, 480]);
  expect(allowedAt("upbit")).toEqual([4, 4, 2]);
  for (const each of [...workers, trader]) await each.stop();
});

test("an api has a small part beside anybody, by which the others have less, and believes the ban that it is told", async () => {
  const clock = new ManualClock();
  const ether = new Ether(clock);
  const worker = createProcess(clock, ether, "w", "worker");
  const scheduler = createProcess(clock, ether, "s", "scheduler");
  const [api, further] = ["a1", "a2"].map((id) => createProcess(clock, ether, id, "api"));
  const allowed = (venue: Venue, ...of: (Governor | undefined)[]) =>
    of.map((each) => each!.state()[venue].allowed);
  void api!.start();
  await clock.advance(20_000);
  expect(allowed("binance", api)).toEqual([2_400]);
  void scheduler.start();
  await clock.advance(80_000);
  expect(allowed("binance", scheduler, api)).toEqual([2_328, 72]);
  expect(allowed("upbit", scheduler, api)).toEqual([9, 1]);
  for (const each of [worker, further!]) void each.start();
  await clock.advance(80_000);
  expect(allowed("binance", worker, scheduler, api, further)).toEqual([2_184, 72, 72, 72]);
  expect(allowed("upbit", worker, scheduler, api, further)).toEqual([7, 1, 1, 1]);
  const banned = { status: 418, headers: new Headers({ "retry-after": "120" }) };
  (await worker.reserve({ binance: 1 }, 1_000)).settle("binance", 1, banned);
  await clock.advance(100);
  expect((await api!.reserve({ binance: 1 }, 1_000)).venues.has("binance")).toBe(false);
  for (const each of [worker, scheduler, api!, further!]) await each.stop();
});

test("a ban told among processes ends when it ends, and a later 429 is not told as a ban", async () => {
  const clock = new ManualClock();
  const ether = new Ether(clock, 200);
  const workers = Array.from({ length: 5 }, (_, index) => createProcess(clock, ether, `w${index}`, "worker"));
  for (const [index, governor] of workers.entries()) {
    void governor.start();
    await clock.advance(300 * index);
  }
  await clock.advance(20_000);
  const grant = await workers[0]!.reserve({ bybit: 1 }, 1_000);
  grant.settle("bybit", 1, { status: 403, headers: new Headers({ "retry-after": "600" }) });
  await clock.advance(602_000);
  for (const governor of workers) expect(governor.state().bybit.holdMs).toBe(0);
  const after = await workers[0]!.reserve({ bybit: 1 }, 1_000);
  after.settle("bybit", 1, { status: 429, headers: undefined });
  await clock.advance(3_000);
  expect(workers[0]!.state().bybit.holdMs).toBeGreaterThan(0);
  for (const governor of workers.slice(1)) expect(governor.state().bybit.holdMs).toBe(0);
});

test("an address spent by our own count is not held longer; requests of strangers beside us are made room for", async () => {
  const clock = new ManualClock();
  const governor = createProcess(clock, new Ether(clock), "a", "worker");
  void governor.start();
  await clock.advance(20_000);
  const left = (sec: number) => ({
    status: 200,
    headers: new Headers({ "remaining-req": `group=orderbook; min=600; sec=${sec}` }),
  });
  for (let sec = 9; sec >= 0; sec--) {
    (await governor.reserve({ upbit: 1 }, 0)).settle("upbit", 1, left(sec));
    await clock.advance(50);
  }
  // The first of the ten leaves the window after a second; nothing else stands in the way.
  expect(governor.state().upbit).toMatchObject({ allowed: 10, used: 10, holdMs: 0 });
  await clock.advance(500);
  expect((await governor.reserve({ upbit: 1 }, 0)).venues.has("upbit")).toBe(true);
  await clock.advance(2_500);
  (await governor.reserve({ upbit: 1 }, 0)).settle("upbit", 1, left(3));
  // Seven are counted, of which one is ours in the window and one still in the air.
  expect(governor.state().upbit.allowed).toBe(5);
  // In the second in which it counts shares are divided, too: a second's stranger is none of those they are divided with.
  await clock.advance(1_001);
  expect(governor.state().upbit.allowed).toBe(10);
});

test("who waits for one venue holds up nobody at another, and an urgent request stands behind nobody", async () => {
  const clock = new ManualClock();
  const governor = new Governor({
    id: "alone",
    role: "scheduler",
    sourceAddress: "a",
    version: "1",
    clock,
    log: silent,
    announcements: { announce: () => undefined, listen: async () => async () => undefined },
    linkUp: () => true,
    helloMs: 0,
    enabled: true,
  });
  await governor.start();
  const all = await governor.reserve({ upbit: 9 }, 100);
  all.settle("upbit", 9, { status: 200, headers: undefined });
  const got: string[] = [];
  const note = (name: string) => (grant: { venues: ReadonlySet<string> }) => {
    got.push(`${name} ${[...grant.venues].join()}`);
  };
  void governor.reserve({ upbit: 5 }, 5_000).then(note("large"));
  void governor.reserve({ upbit: 1 }, 5_000).then(note("behind it"));
  void governor.reserve({ binance: 1 }, 5_000).then(note("elsewhere"));
  void governor.reserve({ upbit: 1 }, 5_000, { urgent: true }).then(note("urgent"));
  await clock.advance(100);
  expect(got.sort()).toEqual(["elsewhere binance", "urgent upbit"]);
  await clock.advance(3_000);
  expect(got.length).toBe(4);
  await governor.stop();
});

test("what can wait leaves a part of the budget to what is urgent, and is granted where that is all there is", async () => {
  const clock = new ManualClock();
  const governor = createProcess(clock, new Ether(clock), "scheduler", "scheduler");
  void governor.start();
  await clock.advance(60_000);
  const taken = async (cost: number, options: { urgent?: boolean; leavesRatio?: number }) => {
    let count = 0;
    for (;;) {
      const grant = await governor.reserve({ bybit: cost }, 0, options);
      if (!grant.venues.has("bybit")) return count * cost;
      count++;
    }
  };
  const { allowed } = governor.state().bybit;
  expect(await taken(1, { leavesRatio: 0.3 })).toBe(Math.floor(allowed * 0.7));
  expect(await taken(1, { urgent: true })).toBe(Math.floor(allowed) - Math.floor(allowed * 0.7));
  const later = governor.reserve({ bybit: Math.floor(allowed) }, 20_000, { leavesRatio: 0.3 });
  await clock.advance(20_000);
  expect((await later).venues.has("bybit")).toBe(false);
  await governor.stop();
});

test("who can wait stands in a row of his own, and for no longer than he waits himself", async () => {
  const clock = new ManualClock();
  const governor = createProcess(clock, new Ether(clock), "scheduler", "scheduler");
  void governor.start();
  await clock.advance(60_000);
  const full = Math.floor(governor.state().bybit.allowed * 0.7);
  const all = await governor.reserve({ bybit: full }, 0, { leavesRatio: 0.3 });
  const got: string[] = [];
  const ask = (name: string, waitMs: number, leavesRatio: number) =>
    governor
      .reserve({ bybit: 1 }, waitMs, { leavesRatio })
      .then(({ venues }) => got.push(`${name} ${venues.has("bybit")} ${clock.monotonicMs() - 60_000}`));
  const asked = [
    ask("first", 2_000, 0.3),
    ask("second", 2_000, 0.3),
    ask("third", 10_000, 0.3),
    ask("list", 0, 0),
  ];
  await clock.advance(4_000);
  // Its answer is there.
  all.settle("bybit", full, { status: 200, headers: undefined });
  await clock.advance(11_000);
  await Promise.all(asked);
  expect(got).toEqual(["list true 0", "first false 2000", "second false 2000", "third true 9000"]);
  await governor.stop();
});

test("of a budget of two nothing has to be left", async () => {
  const clock = new ManualClock();
  const ether = new Ether(clock);
  const worker = createProcess(clock, ether, "worker", "worker");
  const trader = createProcess(clock, ether, "trader", "trader");
  void worker.start();
  void trader.start();
  await clock.advance(60_000);
  expect(Math.floor(trader.state().upbit.allowed)).toBe(2);
  const get = (options: { urgent?: boolean; leavesRatio?: number }) =>
    trader.reserve({ upbit: 1 }, 0, options);
  const first = await get({ urgent: true });
  const second = await get({ leavesRatio: 0.3 });
  expect([first.venues.has("upbit"), second.venues.has("upbit")]).toEqual([true, true]);
  await Promise.all([worker.stop(), trader.stop()]);
});
