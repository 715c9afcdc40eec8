import { expect, test } from "bun:test";
import { ENTRIES_OFF, type EngineRig } from "../testing/engine/rig.ts";
import { rigStarter } from "../testing/engine/rigs.ts";

const started = rigStarter();
const SYMBOL = "XRPUSDT";
/** Until the next round of the watch, with something to spare. */
const ROUND_MS = 10_000;

/** XRP of user 1 on Upbit and Binance; nobody enters any more, and a round has just been. */
async function holding(tellsNews: boolean): Promise<EngineRig> {
  const rig = await started({ tellsNews });
  await rig.tick();
  expect(rig.position(1, "XRP")?.pair).toBe("upbit-binance");
  await rig.state.setSwitch(ENTRIES_OFF);
  await rig.pass(ROUND_MS + 1_000);
  const calls = countPositionReads(rig);
  while (calls.count === 0) await rig.pass(200);
  await rig.pass(1_000);
  return rig;
}

function countPositionReads(rig: EngineRig): { count: number } {
  const calls = { count: 0 };
  rig.world.faults.hook = ({ call }) => {
    if (call === "positions") calls.count++;
    return undefined;
  };
  return calls;
}

const liquidate = (rig: EngineRig) =>
  rig.world.takePosition("user 1", "binance", SYMBOL, { reason: "liquidation" });

test("a short that is liquidated is believed gone after two looks, long before the next round", async () => {
  const rig = await holding(true);
  liquidate(rig);
  await rig.pass(900);
  // Seen once: nothing is sold on that.
  expect(rig.intents("exit")).toEqual([]);
  await rig.pass(1_000);
  expect(rig.intents("exit").length).toBe(1);
  await rig.pass(3_000);
  expect(rig.held).toEqual([]);
  expect(rig.heard("short-gone").length).toBe(1);
});

test("without streams it is the rounds that see it", async () => {
  const rig = await holding(false);
  liquidate(rig);
  await rig.pass(5_000);
  expect(rig.held).toEqual(["1 XRP"]);
  await rig.pass(2 * ROUND_MS);
  expect(rig.held).toEqual([]);
});

test("what is told again and again is looked at no more often than every four seconds", async () => {
  const rig = await holding(true);
  const calls = countPositionReads(rig);
  for (let at = 0; at < 40; at++) {
    rig.world.deposit("user 1", "binance", "USDT", 1);
    await rig.pass(100);
  }
  expect(calls.count).toBeWithin(2, 4);
});

test("our own exit makes nobody look", async () => {
  const rig = await holding(true);
  await rig.engine.force(1, "XRP", "user");
  await rig.pass(1_000);
  expect(rig.held).toEqual([]);
  const calls = countPositionReads(rig);
  await rig.pass(2 * ROUND_MS);
  expect(calls.count).toBe(0);
});

test("an account without a position is followed no longer", async () => {
  const rig = await holding(true);
  const followers = (venue: "upbit" | "binance") => rig.world.account("user 1", venue).followers.size;
  expect([followers("upbit"), followers("binance")]).toEqual([1, 1]);
  expect(rig.engine.figures()?.streams).toEqual(
    new Map([
      ["upbit connected", 1],
      ["binance connected", 1],
    ]),
  );
  await rig.engine.force(1, "XRP", "user");
  await rig.pass(ROUND_MS);
  expect([followers("upbit"), followers("binance")]).toEqual([0, 0]);
});

test("a stream that is back makes it look at what was missed", async () => {
  const rig = await holding(true);
  const [follower] = rig.world.account("user 1", "binance").followers;
  rig.world.account("user 1", "binance").followers.clear();
  follower!({ kind: "lost" });
  liquidate(rig);
  await rig.pass(500);
  expect(rig.engine.figures()?.streams.get("binance waiting")).toBe(1);
  rig.world.account("user 1", "binance").followers.add(follower!);
  follower!({ kind: "connected" });
  await rig.pass(5_000);
  expect(rig.held).toEqual([]);
});

test("a process that stops lets go of every stream", async () => {
  const rig = await holding(true);
  const stopping = rig.engine.stop();
  await rig.pass(2_000);
  await stopping;
  expect(rig.world.account("user 1", "binance").followers.size).toBe(0);
});
