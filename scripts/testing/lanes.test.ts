import { expect, test } from "bun:test";
import { lanesOf } from "./lanes.ts";

const UNIT = "src/domain/sweep.test.ts";
const STORE = "src/adapters/store/postgres.integration.test.ts";
const SEEDED = "src/testing/simulation/seeded.full.test.ts";
const FLEET = "src/testing/e2e/fleet.integration.test.ts";
const TRADING = "src/testing/trading-e2e/trading.integration.test.ts";
const KILLS = "src/testing/e2e/kills.full.test.ts";
const TRADING_KILLS = "src/testing/trading-e2e/kills.full.test.ts";
const WHOLE = "scripts/deploy/whole.full.test.ts";

const filesOf = (lanes: ReturnType<typeof lanesOf>) =>
  lanes.map((lane) => lane.map(({ files }) => [...files]));

test("the short fleets are played together, beside everything else, which yields to them", () => {
  const lanes = lanesOf([UNIT, STORE, FLEET, TRADING], false);
  expect(filesOf(lanes)).toEqual([[[FLEET, TRADING]], [[UNIT], [STORE]]]);
  const [fleets, unit, store] = lanes.flat().map(({ nice }) => nice);
  expect([fleets! < store!, store! < unit!]).toEqual([true, true]);
});

test("in full the fleets that meet limits follow each other, and seeds count as computing", () => {
  const lanes = lanesOf([UNIT, STORE, SEEDED, FLEET, TRADING, KILLS, TRADING_KILLS, WHOLE], true);
  expect(filesOf(lanes)).toEqual([
    [[TRADING, TRADING_KILLS], [FLEET], [KILLS], [WHOLE]],
    [[UNIT, SEEDED], [STORE]],
  ]);
});

test("every file is played once, and a lane or run without files is none", () => {
  expect(lanesOf([], true)).toEqual([]);
  expect(filesOf(lanesOf([UNIT], true))).toEqual([[[UNIT]]]);
  expect(filesOf(lanesOf([KILLS], true))).toEqual([[[KILLS]]]);
});
