import { expect, test } from "bun:test";
import { rigStarter } from "../testing/engine/rigs.ts";

const started = rigStarter();

test("XRP bought and not yet hedged is told in KRW until its hedge is there", async () => {
  const rig = await started({}, (of) => of.world.faults.arm({ purpose: "hedge" }, { replyDelayMs: 2_500 }));
  expect(rig.engine.figures()).toMatchObject({ traders: 1, positions: 0, running: [] });
  await rig.tick(1_500);
  const [running] = rig.engine.figures()!.running;
  expect(running).toMatchObject({ kind: "entry", state: "overseas-sending" });
  // About the slice of a million.
  expect(running!.unhedgedKrw.toFloat()).toBeWithin(990_000, 1_000_001);
  await rig.pass(5_000);
  expect(rig.engine.figures()).toMatchObject({ positions: 1, running: [] });
  expect(rig.engine.counts.ended).toEqual(new Map([["entry hedged", 1]]));
  expect(rig.engine.counts.decisions.get("enter enter")).toBe(1);
});

test("while the store is away an open leg is told all the same", async () => {
  const rig = await started({}, (of) => of.world.faults.arm({ purpose: "hedge" }, { replyDelayMs: 2_500 }));
  await rig.tick(300);
  const { process } = rig.processes[0]!;
  process.road = "away";
  await rig.pass(1_200);
  const [running] = rig.engine.figures()!.running;
  expect(running!.unhedgedKrw.isPositive).toBe(true);
  expect(rig.intents("entry")[0]!.state).toBe("domestic-sending");
  process.road = "ok";
  await rig.pass(10_000);
  expect(rig.engine.figures()).toMatchObject({ positions: 1, running: [] });
});

test("what is held without a usable key is unhedged all the same", async () => {
  const rig = await started({}, (of) => {
    of.world.faults.arm({ purpose: "hedge", times: 9 }, { read: "hangs", request: "lost" });
  });
  await rig.tick(1_500);
  rig.traders.keysOff.add("1 bybit").add("1 binance");
  await rig.restart();
  await rig.pass(3_000);
  expect(rig.engine.figures()!.running[0]!.unhedgedKrw.isPositive).toBe(true);
  expect(rig.engine.figures()!.incidents).toMatchObject({ "needs-human": 1, defect: 0 });
  rig.traders.keysOff.clear();
  await rig.pass(120_000);
  expect(rig.engine.figures()!.running).toEqual([]);
});

test("an entry is told from its decision to its end under one id, and the decision names the tick", async () => {
  const rig = await started();
  const tickAtMs = rig.clock.nowMs();
  await rig.tick();
  const of = rig.log.lines.filter(({ fields }) => fields.intentId !== undefined);
  const [{ intentId } = { intentId: "" }] = rig.intents("entry");
  expect(of.map(({ event, fields }) => [event, fields.intentId])).toEqual([
    ["intent begun", intentId],
    ["order sent", intentId],
    ["order sent", intentId],
    ["intent ended", intentId],
  ]);
  expect(of[0]!.fields.decisionId).toStartWith(`live ${tickAtMs} entry`);
  expect(of.slice(1, 3).every(({ fields }) => String(fields.clientOrderId).includes(intentId))).toBe(true);
});

test("a standby holds no lease and knows nothing of positions", async () => {
  const rig = await started();
  await rig.start();
  const [first, second] = rig.processes.map(({ engine }) => engine);
  expect([first!.fence, second!.fence]).toEqual([1, undefined]);
  expect(second!.figures()).toBeUndefined();
});
