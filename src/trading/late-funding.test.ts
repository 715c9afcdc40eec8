import { expect, test } from "bun:test";
import { type EngineRig, type RigOptions, traderOf } from "../testing/engine/rig.ts";
import { rigStarter } from "../testing/engine/rigs.ts";

const started = rigStarter();

/** XRP of user 1 entered, held for a minute, left; nobody enters any more. */
async function closed(options: RigOptions = {}): Promise<EngineRig> {
  const rig = await started(options, (of) => of.traders.set([traderOf(1)]));
  await rig.tick();
  expect(rig.position(1, "XRP")?.pair).toBe("upbit-binance");
  const off = { scope: "global", subject: "", entriesOff: true, halted: false, why: "", atMs: 0 } as const;
  await rig.state.setSwitch({ ...off, by: "operator" });
  await rig.pass(60_000);
  rig.market.setRate("XRP", 1_430);
  await rig.tick();
  expect(rig.held).toEqual([]);
  return rig;
}

const pay = (rig: EngineRig, usdt: string, agoMs: number) =>
  rig.world.payFunding("user 1", "binance", "XRPUSDT", usdt, agoMs);
const sinceCloseMs = (rig: EngineRig) => rig.clock.nowMs() - rig.journal.positions[0]!.closedAtMs!;
const noted = (rig: EngineRig) =>
  [...rig.state.fundings.values()].map(({ positionId, amountUsdt, late }) => [
    positionId,
    `${amountUsdt}`,
    late,
  ]);

test("funding of XRP that is told within ten minutes of its close is a correction, once, and its profit stays", async () => {
  const rig = await closed();
  const [{ end }] = rig.journal.exits as [(typeof rig.journal.exits)[0]];
  const profitKrw = end.profitKrw!.toString();
  pay(rig, "3.5", sinceCloseMs(rig) + 1_000);
  await rig.pass(70_000);
  expect(noted(rig)).toEqual([[1, "3.5", true]]);
  pay(rig, "-1.25", sinceCloseMs(rig) + 500);
  await rig.pass(600_000);
  expect(noted(rig)).toEqual([
    [1, "3.5", true],
    [1, "-1.25", true],
  ]);
  expect([rig.journal.exits.length, rig.journal.exits[0]!.end.profitKrw!.toString()]).toEqual([1, profitKrw]);
  expect((await rig.state.fundingUsdt(1)).toString()).toBe("0");
});

test("what the venue pays in XRP once it is closed is not its funding", async () => {
  const rig = await closed();
  pay(rig, "3.5", sinceCloseMs(rig) - 3_000);
  await rig.pass(700_000);
  expect(noted(rig)).toEqual([]);
});

test("a position closed before a restart is looked at again after it, and one closed long before is not", async () => {
  const rig = await closed();
  pay(rig, "3.5", sinceCloseMs(rig) + 1_000);
  rig.processes[0]!.process.freeze();
  await rig.pass(3_000_000);
  await rig.start();
  await rig.pass(15_000);
  expect(noted(rig)).toEqual([[1, "3.5", true]]);
  rig.processes[1]!.process.freeze();
  await rig.pass(1_000_000);
  let reads = 0;
  rig.world.faults.hook = ({ call }) => {
    if (call === "funding") reads++;
    return undefined;
  };
  await rig.start();
  await rig.pass(60_000);
  expect(reads).toBe(0);
});

test("a venue that does not tell, or a key that is off, is asked again", async () => {
  const rig = await closed();
  pay(rig, "3.5", sinceCloseMs(rig) + 1_000);
  rig.world.faults.arm({ call: "funding", times: 2 }, { read: "fails" });
  rig.traders.keysOff.add("1 upbit");
  await rig.pass(120_000);
  rig.traders.keysOff.clear();
  await rig.pass(100_000);
  expect(noted(rig)).toEqual([]);
  await rig.pass(100_000);
  expect(noted(rig)).toEqual([[1, "3.5", true]]);
});

test("it is asked for twice after a close and then no more", async () => {
  const rig = await closed();
  let reads = 0;
  rig.world.faults.hook = ({ call }) => {
    if (call === "funding") reads++;
    return undefined;
  };
  await rig.pass(50_000);
  expect(reads).toBe(0);
  await rig.pass(4_000_000);
  expect(reads).toBe(2);
});

test("funding paid between the fill of a short and the end of its entry by a successor is the position's", async () => {
  const rig = await started({}, (of) => of.traders.set([traderOf(1)]));
  // It dies as soon as its short is there.
  rig.world.faults.hook = ({ purpose }) => {
    if (purpose === "hedge") rig.processes[0]!.process.freeze();
    return undefined;
  };
  await rig.tick();

  expect(rig.journal.positions).toEqual([]);
  expect(rig.world.account("user 1", "binance").positions!.qty("XRPUSDT", "short").isPositive).toBe(true);
  rig.world.faults.hook = undefined;
  pay(rig, "3.5", 0);
  await rig.pass(20_000);
  await rig.start();
  await rig.pass(40_000);
  expect(rig.held).toEqual(["1 XRP"]);
  await rig.engine.force(1, "XRP", "operator");
  await rig.pass(5_000);
  expect(rig.held).toEqual([]);
  expect(noted(rig)).toEqual([[1, "3.5", false]]);
});
