import { expect, test } from "bun:test";
import { Decimal } from "../domain/decimal.ts";
import { ENTRIES_OFF, type EngineRig, traderOf } from "../testing/engine/rig.ts";
import { rigStarter } from "../testing/engine/rigs.ts";

const started = rigStarter();
const SYMBOL = "XRPUSDT";

/** So many who hold XRP on Upbit and Binance, whose accounts there then answer nobody but the first for a while. */
async function holding(users: number): Promise<EngineRig> {
  const rig = await started({ users }, (of) => {
    of.traders.set(Array.from({ length: users }, (_, index) => traderOf(index + 1)));
  });
  await rig.tick();
  expect(rig.held).toHaveLength(users);
  await rig.state.setSwitch(ENTRIES_OFF);
  rig.world.setLiquidationPrice("user 1", "binance", SYMBOL, "2.5");
  await rig.pass(11_000);
  return rig;
}

/** How often that user's own account was read since. */
function answersNobodyBut(rig: EngineRig, user: string): { count: number } {
  const reads = { count: 0 };
  rig.world.faults.hook = (request) => {
    if (request.call !== "positions") return undefined;
    if (request.user !== user) return { read: "hangs" };
    reads.count++;
    return undefined;
  };
  return reads;
}

test("while a round over everybody takes its time, a short is guarded by the venue's mark prices", async () => {
  const rig = await holding(30);
  let asked = 0;
  rig.marks = (venue) => {
    expect(venue).toBe("binance");
    asked++;
    return new Map([[SYMBOL, Decimal.of("2.0")]]);
  };
  await rig.pass(30_000);
  // Quick rounds are enough.
  expect(asked).toBe(0);
  const reads = answersNobodyBut(rig, "user 1");
  await rig.pass(60_000);
  expect(asked).toBeGreaterThan(0);
  expect(rig.held).toContain("1 XRP");
  // A round has just come to him; the next is half a minute away. His account has got nearer than seven in a hundred.
  for (const before = reads.count; reads.count === before; ) await rig.pass(200);
  rig.world.setLiquidationPrice("user 1", "binance", SYMBOL, "2.1");
  rig.marks = () => new Map([[SYMBOL, Decimal.of("2.35")]]);
  await rig.pass(11_000);
  expect(rig.heard("guardian").map(({ to }) => to)).toContain(1);
  expect(rig.held).not.toContain("1 XRP");
  expect(rig.held).toHaveLength(29);
});

test("mark prices that cannot be had keep nobody from being looked at", async () => {
  const rig = await holding(30);
  rig.marks = () => {
    throw new Error("away");
  };
  answersNobodyBut(rig, "user 1");
  await rig.pass(60_000);
  rig.world.setLiquidationPrice("user 1", "binance", SYMBOL, "2.1");
  await rig.pass(60_000);
  expect(rig.held).not.toContain("1 XRP");
  expect(rig.log.said("error")).toEqual([]);
});

test("who could not be closed because a venue did not answer is tried again by the next mark prices", async () => {
  const rig = await holding(60);
  rig.marks = () => new Map([[SYMBOL, Decimal.of("2.0")]]);
  const reads = answersNobodyBut(rig, "user 1");
  await rig.pass(60_000);
  for (const before = reads.count; reads.count === before; ) await rig.pass(200);
  // His round is over.
  await rig.pass(1_500);
  rig.world.setLiquidationPrice("user 1", "binance", SYMBOL, "2.1");
  rig.marks = () => new Map([[SYMBOL, Decimal.of("2.35")]]);
  rig.world.faults.arm({ user: "user 1", venue: "upbit", call: "balances" }, { read: "fails" });
  const hangs = rig.world.faults.hook;
  rig.world.faults.hook = (request) =>
    request.call === "balances" && request.user === "user 1" ? undefined : hangs?.(request);
  await rig.pass(25_000);
  const verdicts = rig.heard("guardian").filter(({ to }) => to === 1);
  expect(verdicts.map(({ notice }) => "verdict" in notice && notice.verdict)).toEqual(["blocked", "close"]);
  expect(rig.held).not.toContain("1 XRP");
});

test("a term that is over waits for no round", async () => {
  const rig = await holding(30);
  answersNobodyBut(rig, "user 1");
  let asked = 0;
  const hangs = rig.world.faults.hook;
  rig.world.faults.hook = (request) => {
    const fault = hangs?.(request);
    if (fault) asked++;
    return fault;
  };
  while (asked === 0) await rig.pass(200);
  let isStopped = false;
  const stopping = rig.engine.stop().then(() => {
    isStopped = true;
  });
  await rig.pass(1_000);
  expect(isStopped).toBe(true);
  await stopping;
});
