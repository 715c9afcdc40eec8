// Terms of the lease: who trades, what a successor does first, what a process that lost its term may still do.

import { expect, test } from "bun:test";
import { ENTRIES_OFF, type EngineRig, traderOf } from "../testing/engine/rig.ts";
import { onePair, rigStarter } from "../testing/engine/rigs.ts";

const started = rigStarter();

const rolesOf = (rig: EngineRig) => rig.processes.map(({ engine }) => engine.state().role);

test("a standby takes over within 15 s, first brings to an end what is unfinished, and only then enters", async () => {
  const rig = await started({ coins: ["XRP", "DOGE"] }, onePair);
  await rig.start();
  expect(rolesOf(rig)).toEqual(["trading", "standby"]);
  rig.market.setRate("DOGE", 1_399);
  rig.world.faults.arm({ purpose: "hedge" }, { replyDelayMs: 2_000 });
  await rig.tick(350);
  expect(rig.intents().map(({ state }) => state)).toEqual(["overseas-sending"]);
  rig.processes[0]!.process.freeze();
  const frozenAtMs = rig.clock.nowMs();
  await rig.ticks(15_000, 1_000);
  expect(["recovering", "trading"]).toContain(rolesOf(rig)[1]!);
  await rig.ticks(15_000, 1_000);
  expect([rolesOf(rig)[1], rig.held]).toEqual(["trading", ["1 XRP", "1 DOGE"]]);
  const [first, second] = rig.intents("entry");
  expect(second!.plannedAtMs).toBeGreaterThan(first!.endedAtMs!);
  expect(second!.plannedAtMs - frozenAtMs).toBeLessThan(30_000);
  const sent = rig.world.requestCount;
  rig.processes[0]!.process.thaw();
  await rig.pass(5_000);
  // The old one knows that its time is over, and sends nothing.
  expect(rolesOf(rig)).toEqual(["standby", "trading"]);
  expect(rig.world.executions().length).toBe(4);
  expect(rig.world.requestCount - sent).toBeLessThan(3);
});

test("a process frozen anywhere in an entry, or in an exit, executes nothing twice when it comes back", async () => {
  for (const frozenMs of [20, 100, 180, 260, 340, 420, 3_060, 3_140, 3_220, 3_300]) {
    const rig = await started({}, onePair);
    await rig.start();
    await rig.tick(Math.min(frozenMs, 3_000));
    rig.market.setRate("XRP", 1_430);
    if (frozenMs > 3_000) await rig.tick(frozenMs - 3_000);
    rig.processes[0]!.process.freeze();
    await rig.ticks(40_000, 10_000);
    rig.processes[0]!.process.thaw();
    await rig.ticks(10_000);
    expect([frozenMs, rig.faults(), rig.intents().filter(({ endedAtMs }) => !endedAtMs)]).toEqual([
      frozenMs,
      [],
      [],
    ]);
    expect([frozenMs, rig.held]).toEqual([frozenMs, []]);
  }
});

test("with the store away nothing is begun, and what runs finishes what its row allows", async () => {
  const rig = await started({ coins: ["XRP", "DOGE"] }, onePair);
  rig.market.setRate("DOGE", 1_410);
  rig.world.faults.arm({ purpose: "buy" }, { replyDelayMs: 500 });
  await rig.tick(400);
  const { process } = rig.processes[0]!;
  process.road = "away";
  rig.market.setRate("DOGE", 1_396);
  await rig.ticks(6_000, 1_000);
  expect(rig.world.executions().map(({ side, venue }) => `${side} ${venue}`)).toEqual([
    "buy upbit",
    "sell binance",
  ]);
  expect(rig.intents().map(({ coin, state }) => [coin, state])).toEqual([["XRP", "domestic-sending"]]);
  process.road = "ok";
  await rig.ticks(10_000, 1_000);
  expect(rig.held).toEqual(["1 XRP", "1 DOGE"]);
});

for (const kind of ["entry", "exit"] as const) {
  test(`an ${kind} whose planning was never answered for leaves no coin that nothing happens to any more`, async () => {
    const rig = await started({}, onePair);
    if (kind === "exit") await rig.tick();
    const { process } = rig.processes[0]!;
    process.roadOf = (call) => call === "plan";
    process.road = "answer-lost";
    if (kind === "exit") rig.market.setRate("XRP", 1_430);
    await rig.tick(2_000);
    process.road = "ok";
    await rig.ticks(60_000);
    expect(rig.held).toEqual(kind === "exit" ? [] : ["1 XRP"]);
  });
}

test("one user's intent that cannot go on keeps nobody else from entering after a restart", async () => {
  const rig = await started({ users: 2 }, (of) => {
    onePair(of);
    of.traders.set([traderOf(1)]);
  });
  rig.world.faults.arm({ purpose: "hedge" }, { replyDelayMs: 2_000 });
  await rig.tick(350);
  rig.processes[0]!.process.freeze();
  rig.traders.keysOff.add("1 binance");
  rig.traders.set([traderOf(1), traderOf(2)]);
  await rig.pass(10_000);
  await rig.start();
  await rig.ticks(20_000);
  expect(rig.held).toEqual(["2 XRP"]);
  expect(rig.state.incidents.map(({ userId, kind }) => [userId, kind])).toEqual([[1, "needs-human"]]);
  rig.traders.keysOff.clear();
  await rig.ticks(40_000);
  expect(rig.held.toSorted()).toEqual(["1 XRP", "2 XRP"]);
});

test("an entry planned by a process that died before it sent anything is not begun by the next", async () => {
  const rig = await started({}, onePair);
  const { process } = rig.processes[0]!;
  process.roadOf = (call) => call === "move";
  process.road = "hanging";
  await rig.tick(500);
  expect(rig.intents().map(({ state }) => state)).toEqual(["planned"]);
  process.freeze();
  // As young as can be, and the store lets the next in at once.
  await rig.stores.lease.release("process 1", rig.journal.fence);
  await rig.state.setSwitch(ENTRIES_OFF);
  await rig.start();
  await rig.pass(5_000);
  expect([rig.intents().map(({ state }) => state), rig.world.executions().length]).toEqual([
    ["abandoned"],
    0,
  ]);
});

test("a position forced out while nothing is known yet is no position that is not there", async () => {
  const rig = await started({}, onePair);
  await rig.tick();
  rig.processes[0]!.process.freeze();
  await rig.pass(10_000);
  const next = rig.start();
  expect(await rig.processes[1]!.engine.force(1, "XRP", "user")).toBe("asked");
  await next;
  expect(await rig.processes[1]!.engine.force(1, "XRP", "user")).toBe("started");
  await rig.pass(5_000);
  expect(rig.held).toEqual([]);
});

test("what was to be left and could not be is left by the next process", async () => {
  const rig = await started({}, onePair);
  await rig.tick();
  rig.market.setRate("XRP", 1_390);
  rig.bookMs = () => 60_000;
  expect(await rig.engine.force(1, "XRP", "user")).toBe("started");
  await rig.pass(5_000);
  expect(rig.held).toEqual(["1 XRP"]);
  rig.bookMs = () => 40;
  await rig.restart();
  await rig.pass(5_000);
  expect(rig.held).toEqual([]);
});

test("what is asked of another process is left within a second, and is no wish for what is held later", async () => {
  const rig = await started({}, onePair);
  await rig.tick();
  await rig.stores.forcedCloses.ask({ mode: "live", userId: 1, coin: "XRP", by: "user", atMs: 0 });
  await rig.pass(2_000);
  expect(rig.held).toEqual([]);
  rig.skip(70_000);
  await rig.tick();
  await rig.ticks(10_000);
  expect(rig.held).toEqual(["1 XRP"]);
});

test("a user's positions read late are not put in the place of those read after them", async () => {
  const rig = await started({ coins: ["XRP", "DOGE"] }, onePair);
  await rig.tick();
  await rig.ticks(5_000);
  expect(rig.held.toSorted()).toEqual(["1 DOGE", "1 XRP"]);
  rig.skip(70_000);
  const read = rig.journal.openPositions.bind(rig.journal);
  let reads = 0;
  // Both exits read the positions as they begin; the first one's end is answered after the second one's.
  rig.journal.openPositions = async (...asked) => {
    const isLate = ++reads === 3;
    const found = await read(...asked);
    if (isLate) await rig.clock.sleep(2_000);
    return found;
  };
  await rig.engine.force(1, "XRP", "user");
  await rig.pass(200);
  await rig.engine.force(1, "DOGE", "user");
  await rig.pass(10_000);
  expect(reads).toBe(4);
  expect(rig.engine.state().positions.length).toBe(0);
  expect(rig.state.incidents).toEqual([]);
});

test("an end is read again for its user alone, and leaves what others hold as it was", async () => {
  const rig = await started({ users: 2 }, onePair);
  await rig.tick();
  const asked: (number | undefined)[] = [];
  const read = rig.journal.openPositions.bind(rig.journal);
  rig.journal.openPositions = (mode, userId) => {
    asked.push(userId);
    return read(mode, userId);
  };
  await rig.engine.force(1, "XRP", "user");
  await rig.pass(10_000);
  expect(new Set(asked)).toEqual(new Set([1]));
  expect(rig.engine.state().positions.map(({ userId }) => userId)).toEqual([2]);
  await rig.engine.force(2, "XRP", "user");
  await rig.pass(10_000);
  expect(rig.held).toEqual([]);
  expect(rig.engine.state().positions).toEqual([]);
});

test("an intent that ended while all unfinished ones were read is not run again", async () => {
  const rig = await started({}, onePair);
  const read = rig.journal.unfinished.bind(rig.journal);
  const found: number[] = [];
  rig.journal.unfinished = async () => {
    const files = await read();
    found.push(files.length);
    await rig.clock.sleep(3_000);
    return files;
  };
  await rig.pass(9_700);
  await rig.tick(20_000);
  expect(found[0]).toBe(1);
  expect([rig.held, rig.state.incidents, rig.world.executions().length]).toEqual([["1 XRP"], [], 2]);
  expect(rig.log.said("warn")).toEqual([]);
});

test("a drained process begins nothing more, ends what runs and hands over to the standby", async () => {
  const rig = await started({ users: 2 }, onePair);
  await rig.start();
  const [first, second] = rig.processes.map(({ engine }) => engine);
  await rig.tick(10);
  while (first!.state().running === 0) await rig.pass(10);
  const draining = first!.drain();
  await rig.pass(5_000);
  await draining;
  expect(first!.state().role).toBe("drained");
  const ended = rig.intents().length;
  expect(rig.intents().map(({ state }) => state)).toEqual(Array(ended).fill("hedged"));
  await rig.ticks(20_000);
  expect(second!.state().role).toBe("trading");
  expect(rig.held.sort()).toEqual(["1 XRP", "2 XRP"]);
  const looking = second!.reconcile();
  await rig.pass(2_000);
  expect(await looking).toEqual({ positions: 2 });
  expect(await first!.reconcile()).toBeUndefined();
});
