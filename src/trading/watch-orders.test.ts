import { expect, test } from "bun:test";
import { clientOrderIdOf, intentIdOf } from "../domain/intent.ts";
import { type EngineRig, traderOf } from "../testing/engine/rig.ts";
import { rigStarter } from "../testing/engine/rigs.ts";

const started = rigStarter();
const OURS = clientOrderIdOf(intentIdOf("from before"), "hedge", 1);
const FIVE_MINUTES_MS = 300_000;

/** XRP of user 1 on Upbit and Binance, of which two more entries may be added at 1,390. */
async function holding(): Promise<EngineRig> {
  const rig = await started({}, ({ traders }) => traders.set([traderOf(1, { allowAverageDown: true })]));
  await rig.tick();
  expect(rig.position(1, "XRP")?.pair).toBe("upbit-binance");
  return rig;
}

const rest = (rig: EngineRig, clientOrderId?: string) =>
  rig.world.restByHand("user 1", "binance", {
    ...{ symbol: "XRPUSDT", side: "sell", qty: "10", price: "3" },
    ...(clientOrderId ? { clientOrderId } : {}),
  });

test("a user's own open order keeps entries of the coin away until it is gone, and no exit", async () => {
  const rig = await holding();
  const order = rest(rig);
  await rig.pass(FIVE_MINUTES_MS);
  rig.market.setRate("XRP", 1_380);
  await rig.ticks(10_000);
  expect([rig.position(1, "XRP")!.entries.length, rig.reason(1, "XRP")]).toEqual([1, "held-by-hand"]);
  expect(rig.state.incidents).toEqual([]);
  rig.world.cancelByHand("user 1", "binance", order);
  await rig.pass(FIVE_MINUTES_MS);
  await rig.ticks(10_000);
  expect(rig.position(1, "XRP")!.entries.length).toBe(2);

  rest(rig);
  await rig.pass(FIVE_MINUTES_MS);
  rig.market.setRate("XRP", 1_430);
  await rig.ticks(10_000);
  expect(rig.held).toEqual([]);
});

test("an order of ours that is open while nothing runs stops the user's entries and is told", async () => {
  const rig = await holding();
  rest(rig, OURS);
  await rig.pass(FIVE_MINUTES_MS);
  expect(rig.state.incidents.map(({ kind, coin, detail }) => [kind, coin, detail.includes(OURS)])).toEqual([
    ["unknown-difference", "XRP", true],
  ]);
});

test("one of ours that is gone at the second look is nothing", async () => {
  const rig = await holding();
  const order = rest(rig, OURS);
  await rig.pass(12_500);
  rig.world.cancelByHand("user 1", "binance", order);
  await rig.pass(FIVE_MINUTES_MS);
  expect(rig.state.incidents).toEqual([]);
});
