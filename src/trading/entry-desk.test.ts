import { expect, test } from "bun:test";
import { Decimal } from "../domain/decimal.ts";
import { traderOf } from "../testing/engine/rig.ts";
import { rigStarter } from "../testing/engine/rigs.ts";

const USERS = 25;
const started = rigStarter();

test("strategies that hold all they may are told so twenty at a time, and are not asked about in between", async () => {
  const terms = { seedAmountKrw: Decimal.of(100_000), seedDivision: 1 };
  const rig = await started({ users: USERS }, (of) =>
    of.traders.set(Array.from({ length: USERS }, (_, index) => traderOf(index + 1, terms))),
  );
  const told = () =>
    Array.from({ length: USERS }, (_, index) => rig.reason(index + 1, "XRP")).filter(
      (reason) => reason === "division-used-up",
    ).length;
  await rig.tick();
  expect([rig.held.length, told()]).toEqual([USERS, 0]);
  await rig.tick();
  expect(told()).toBe(20);
  await rig.tick();
  expect(told()).toBe(USERS);
});

test("a strategy that held all it may enters again at the first rates after it has left", async () => {
  const rig = await started({}, (of) =>
    of.traders.set([traderOf(1, { seedDivision: 1, seedAmountKrw: Decimal.of(1_000_000) })]),
  );
  await rig.ticks(10_000);
  expect([rig.held, rig.reason(1, "XRP")]).toEqual([["1 XRP"], "division-used-up"]);
  expect(await rig.engine.force(1, "XRP", "user")).toBe("started");
  await rig.pass(3_000);
  expect(rig.held).toEqual([]);
  rig.skip(61_000);
  await rig.tick();
  expect(rig.held).toEqual(["1 XRP"]);
});
