// What keeps entries back: switches, incidents, rests, quarantines, losses.

import { expect, test } from "bun:test";
import { Decimal } from "../domain/decimal.ts";
import type { ServiceAlert } from "../domain/notice.ts";
import { CAUTION_DEFAULT } from "../domain/risk.ts";
import { ENTRIES_OFF, type EngineRig, traderOf } from "../testing/engine/rig.ts";
import { onePair, rigStarter } from "../testing/engine/rigs.ts";

const D = Decimal.of;
const started = rigStarter();
const strategy = (changes: Parameters<typeof traderOf>[1]) => (rig: EngineRig) =>
  rig.traders.set([traderOf(1, changes)]);
const refuseHedges = (rig: EngineRig) =>
  rig.world.faults.arm({ purpose: "hedge", times: 3 }, { refuse: "closed" });
const restMs = (rig: EngineRig, key = "1 XRP") => rig.state.rests.get(key)!.untilAtMs - rig.clock.nowMs();
const minutes = (lengthMs: number) => Math.round(lengthMs / 60_000);

for (const [scope, subject] of [
  ["global", ""],
  ["user", "1"],
  ["coin", "XRP"],
] as const) {
  test(`entries off (${scope}) hold within a second wherever they were set, and through a restart; exits go on`, async () => {
    const rig = await started({ coins: ["XRP", "DOGE"], users: 2 });
    rig.market.setRate("DOGE", 1_410);
    await rig.tick();
    expect(rig.held.toSorted()).toEqual(["1 XRP", "2 XRP"]);
    // By another process.
    await rig.state.setSwitch({ ...ENTRIES_OFF, scope, subject });
    await rig.pass(1_000);
    rig.market.setRate("XRP", 1_430);
    await rig.tick();
    expect(rig.held).toEqual([]);
    rig.skip(60_000);
    await rig.restart();
    rig.market.setRate("XRP", 1_396);
    rig.market.setRate("DOGE", 1_396);
    await rig.ticks(10_000);
    const entered = { global: [], user: ["2 DOGE", "2 XRP"], coin: ["1 DOGE", "2 DOGE"] };
    expect(rig.held.toSorted()).toEqual(entered[scope]);
  });
}

test("an entry planned as entries are switched off sends nothing", async () => {
  const rig = await started();
  rig.bookMs = () => {
    void rig.engine.setSwitch(ENTRIES_OFF);
    return 40;
  };
  await rig.tick();
  expect([rig.intents(), rig.world.executions().length]).toEqual([[], 0]);
});

for (const [what, stop] of [
  ["entries are switched off", (rig: EngineRig) => rig.engine.setSwitch(ENTRIES_OFF)],
  [
    "an incident opens",
    (rig: EngineRig) =>
      rig.state.incidents.push({
        ...{ incidentId: 1, mode: "live", userId: 1, kind: "key", coin: "", intentId: "", detail: "" },
        ...{ openedAtMs: 0, closedAtMs: undefined },
      }),
  ],
] as const) {
  test(`${what} while the store takes its time over an entry's first order: nothing is sent`, async () => {
    const rig = await started();
    const { process } = rig.processes[0]!;
    process.roadOf = (call) => call === "move";
    process.road = "hanging";
    await rig.tick(300);
    expect(rig.intents().map(({ state }) => state)).toEqual(["planned"]);
    void stop(rig);
    await rig.pass(1_500);
    process.road = "ok";
    await rig.pass(2_000);
    expect(rig.intents().map(({ state }) => state)).toEqual(["abandoned"]);
    expect([...rig.journal.orders.values()].map(({ status }) => status)).toEqual(["never-arrived"]);
    expect(rig.world.executions().length).toBe(0);
  });
}

test("a switch that is stored holds, though it could not be read again at once", async () => {
  const rig = await started();
  const { process } = rig.processes[0]!;
  process.roadOf = (call) => call === "switches";
  process.road = "away";
  await rig.engine.setSwitch(ENTRIES_OFF);
  expect(rig.log.said("warn")).toContain("switches not read");
  process.road = "ok";
  await rig.pass(600);
  await rig.tick();
  expect(rig.held).toEqual([]);
});

test("operators are told of every switch, by what it does, for whom and why; users of none", async () => {
  const rig = await started();
  rig.told.length = 0;
  const change = { ...ENTRIES_OFF, scope: "user", subject: "1", why: "asked for" } as const;
  await rig.engine.setSwitch(change);
  await rig.engine.setSwitch({ ...change, entriesOff: false });
  await rig.engine.setSwitch({ ...ENTRIES_OFF, halted: true, why: "" });
  await rig.engine.setSwitch({ ...ENTRIES_OFF, entriesOff: false, halted: false, why: "" });
  const service = (what: ServiceAlert, detail: string) => ({ kind: "service", what, detail }) as const;
  expect(rig.told.map(({ to, notice }) => [to, notice])).toEqual([
    ["operator", service("entries-off", "user 1: asked for")],
    ["operator", service("entries-on", "user 1: asked for")],
    ["operator", service("halted", "")],
    ["operator", service("resumed", "")],
  ]);
});

test("an incident stops the entries of its user and of nobody else", async () => {
  const rig = await started({ users: 2 }, (of) =>
    of.state.openIncident(
      { mode: "live", userId: 1, kind: "key", coin: "", intentId: "", detail: "", openedAtMs: 0 },
      of.journal.fence,
    ),
  );
  await rig.tick();
  expect([rig.held, rig.reason(1, "XRP")]).toEqual([["2 XRP"], "incident-open"]);
  await rig.state.closeIncident(1, "user", 0);
  await rig.ticks(6_000);
  expect(rig.held).toEqual(["2 XRP", "1 XRP"]);
});

test("XRP rests a minute after it was left, half of one after an entry that filled nothing, through a restart", async () => {
  const rig = await started({}, onePair);
  rig.world.faults.arm({ purpose: "buy" }, { fillRatio: 0 });
  await rig.tick();
  expect(rig.intents().map(({ state }) => state)).toEqual(["abandoned"]);
  expect(Math.round(restMs(rig) / 1_000)).toBe(27);
  await rig.restart();
  await rig.tick(1_500);
  expect([rig.held, rig.reason(1, "XRP")]).toEqual([[], "cooling-down"]);
  await rig.pass(20_000);
  await rig.tick();
  rig.market.setRate("XRP", 1_430);
  await rig.tick();
  expect([rig.held, Math.round(restMs(rig) / 1_000)]).toEqual([[], 57]);
});

test("an entry that was sold back rests ten minutes, the next twice as long, and a clean round trip resets it", async () => {
  const rig = await started({}, onePair);
  refuseHedges(rig);
  await rig.tick();
  expect(rig.heard("unwound").length).toBe(1);
  expect([minutes(restMs(rig)), rig.state.rests.get("1 XRP")!.troubles]).toEqual([10, 1]);
  await rig.restart();
  rig.skip(600_000);
  refuseHedges(rig);
  await rig.tick();
  expect([minutes(restMs(rig)), rig.state.rests.get("1 XRP")!.troubles]).toEqual([20, 2]);
  rig.skip(1_200_000);
  await rig.tick();
  rig.market.setRate("XRP", 1_430);
  await rig.tick();
  expect([rig.held, minutes(restMs(rig)), rig.state.rests.get("1 XRP")!.troubles]).toEqual([[], 1, 0]);
});

test("a close does not shorten the rest of an add-on that was sold back", async () => {
  const rig = await started({}, strategy({ allowAverageDown: true }));
  await rig.tick();
  rig.skip(61_000);
  refuseHedges(rig);
  rig.market.setRate("XRP", 1_385);
  await rig.tick();
  expect(minutes(restMs(rig))).toBe(10);
  rig.market.setRate("XRP", 1_430);
  await rig.tick();
  expect([rig.held, minutes(restMs(rig))]).toEqual([[], 10]);
});

test("too little to be hedged or sold rests as well, or every frame would leave some more dust", async () => {
  const rig = await started({}, onePair);
  rig.world.faults.arm({ purpose: "buy" }, { fillRatio: 0.0001 });
  await rig.tick();
  expect(rig.intents().map(({ state }) => state)).toEqual(["flat"]);
  await rig.tick();
  expect(rig.intents().length).toBe(1);
  expect(rig.state.rests.get("1 XRP")?.cause).toBe("entry-empty");
});

test("entries that come to nothing one after the other are told of under one key", async () => {
  const restMs = { ...CAUTION_DEFAULT.restMs, "entry-empty": 1_000 };
  const rig = await started({ caution: { restMs } }, onePair);
  const keys: (string | undefined)[] = [];
  rig.tell = ({ notice, dedupeKey }) => {
    if (notice.kind === "entry-failed") keys.push(dedupeKey);
  };
  rig.world.faults.arm({ purpose: "buy", times: 9 }, { fillRatio: 0.0001 });
  await rig.ticks(20_000);
  expect([keys.length > 1, [...new Set(keys)]]).toEqual([true, ["entry-failed XRP upbit-binance flat"]]);
});

test("three entries of XRP sold back within five minutes, of whichever users, quarantine it", async () => {
  const rig = await started({ users: 4, coins: ["XRP", "DOGE"] }, (of) => {
    onePair(of);
    of.market.setRate("DOGE", 1_410);
    of.traders.set([1, 2, 3].map((userId) => traderOf(userId)));
  });
  rig.world.faults.arm({ purpose: "hedge", times: 9 }, { refuse: "closed" });
  await rig.ticks(10_000);
  expect(rig.state.switchRows.get("coin XRP")).toMatchObject({ entriesOff: true, by: "engine" });
  expect(rig.heard("service").map(({ to }) => to)).toEqual(["operator"]);
  rig.traders.set([1, 2, 3, 4].map((userId) => traderOf(userId)));
  await rig.pass(3_000);
  rig.market.setRate("DOGE", 1_396);
  await rig.ticks(10_000);
  expect(rig.held.toSorted()).toEqual(["1 DOGE", "2 DOGE", "3 DOGE", "4 DOGE"]);
});

test("how many it takes, within how long, and the rest after one are settings", async () => {
  const caution = { unwindsMax: 2, restMs: { ...CAUTION_DEFAULT.restMs, unwound: 7_000 }, restMsMax: 10_000 };
  const rig = await started({ users: 2, caution }, onePair);
  rig.world.faults.arm({ purpose: "hedge", times: 6 }, { refuse: "closed" });
  await rig.ticks(5_000);
  const { untilAtMs, cause } = rig.state.rests.get("1 XRP")!;
  expect([cause, untilAtMs - rig.clock.nowMs() <= 7_000]).toEqual(["unwound", true]);
  expect(rig.state.switchRows.get("coin XRP")?.why).toBe("sold-back-often: 2 / 300 s");
});

test("entries sold back before a restart count towards the quarantine", async () => {
  const rig = await started({ users: 3 }, (of) => {
    onePair(of);
    of.traders.set([1, 2].map((userId) => traderOf(userId)));
  });
  rig.world.faults.arm({ purpose: "hedge", times: 9 }, { refuse: "closed" });
  await rig.ticks(10_000);
  expect([rig.heard("unwound").length, rig.state.switchRows.size]).toEqual([2, 0]);
  await rig.restart();
  rig.traders.set([3].map((userId) => traderOf(userId)));
  await rig.pass(3_000);
  await rig.ticks(10_000);
  expect(rig.state.switchRows.get("coin XRP")).toMatchObject({ entriesOff: true, by: "engine" });
});

test("a process that died between the third and its quarantine leaves it to the next", async () => {
  const rig = await started({ users: 3 }, onePair);
  const setSwitch = rig.state.setSwitch.bind(rig.state);
  const late = Promise.withResolvers<void>();
  rig.state.setSwitch = () => late.promise;
  rig.world.faults.arm({ purpose: "hedge", times: 9 }, { refuse: "closed" });
  await rig.ticks(10_000);
  expect(rig.state.switchRows.size).toBe(0);
  rig.state.setSwitch = setSwitch;
  await rig.restart();
  expect(rig.state.switchRows.get("coin XRP")).toMatchObject({ entriesOff: true, by: "engine" });
  late.resolve();
});

test("what was lost today counts from the first frame of a term", async () => {
  const rig = await started({}, (of) => {
    of.state.limitRows.set(0, { dailyLossKrwMax: D(1_000) });
    of.state.losses.set(1, D(1_000));
  });
  await rig.tick();
  expect(rig.held).toEqual([]);
});

test("what an entry has just lost counts before the next one", async () => {
  const rig = await started({ coins: ["XRP", "DOGE"] }, (of) => {
    onePair(of);
    of.state.limitRows.set(0, { dailyLossKrwMax: D(1) });
  });
  rig.state.lossesSince = async () => new Map([[1, D(rig.heard("unwound").length)]]);
  refuseHedges(rig);
  await rig.ticks(8_000, 500);
  expect(rig.intents("entry").length).toBe(1);
});
