import { expect, test } from "bun:test";
import { phasesOf } from "./lanes.ts";

const UNIT = "src/domain/sweep.test.ts";
const STORE = "src/adapters/store/postgres.integration.test.ts";
const SEEDED = "src/testing/simulation/seeded.full.test.ts";
const HOUR = "src/testing/e2e/hour.full.test.ts";
const FLEET = "src/testing/e2e/fleet.integration.test.ts";
const TRADING = "src/testing/trading-e2e/trading.integration.test.ts";
const KILLS = "src/testing/e2e/kills.full.test.ts";
const TRADING_KILLS = "src/testing/trading-e2e/kills.full.test.ts";
const WHOLE = "scripts/deploy/whole.full.test.ts";

const filesOf = (phases: ReturnType<typeof phasesOf>) =>
  phases.map((lanes) => lanes.map((lane) => lane.map(({ files }) => [...files])));

test("the short fleets are played together, beside everything else, which yields to them", () => {
  const phases = phasesOf([UNIT, STORE, FLEET, TRADING], false);
  expect(filesOf(phases)).toEqual([[[[FLEET, TRADING]], [[UNIT], [STORE]]]]);
  const [fleets, unit, store] = phases.flat(2).map(({ nice }) => nice);
  expect([fleets! < store!, store! < unit!]).toEqual([true, true]);
});

test("in full the fleets that meet limits follow all else, alone, and what has no clock counts as computing", () => {
  const phases = phasesOf([UNIT, STORE, SEEDED, HOUR, FLEET, TRADING, KILLS, TRADING_KILLS, WHOLE], true);
  expect(filesOf(phases)).toEqual([
    [[[TRADING, TRADING_KILLS]], [[UNIT, SEEDED, HOUR], [STORE]]],
    [[[FLEET], [KILLS], [WHOLE]]],
  ]);
});

test("every file is played once, and a phase, lane or run without files is none", () => {
  expect(phasesOf([], true)).toEqual([]);
  expect(filesOf(phasesOf([UNIT], true))).toEqual([[[[UNIT]]]]);
  expect(filesOf(phasesOf([KILLS], true))).toEqual([[[[KILLS]]]]);
});
