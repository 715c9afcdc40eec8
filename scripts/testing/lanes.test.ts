import { expect, test } from "bun:test";
import { phasesOf } from "./lanes.ts";

const UNIT = "src/domain/sweep.test.ts";
const STORE = "src/adapters/store/postgres.integration.test.ts";
const SEEDED = "src/testing/simulation/seeded.full.test.ts";
const HOUR = "src/testing/e2e/hour.full.test.ts";
const FLEET = "src/testing/e2e/fleet.integration.test.ts";
const TRADING = "src/testing/trading-e2e/trading.integration.test.ts";
const KILLS = "src/testing/e2e/kills.full.test.ts";
const RATES = "src/testing/e2e/rates.full.test.ts";
const LIMITS = "src/testing/e2e/limits.full.test.ts";
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

test("in full fleets of the whole market are played one at a time, the first beside what only computes", () => {
  const [fleets, computing] = [
    [FLEET, KILLS, RATES, TRADING, TRADING_KILLS],
    [UNIT, SEEDED, HOUR],
  ];
  const [first, ...others] = phasesOf([...computing, STORE, ...fleets, LIMITS, WHOLE], true);
  expect(filesOf([first!])).toEqual([
    [
      [[KILLS], [RATES], [FLEET], [TRADING, TRADING_KILLS]],
      [computing, [STORE]],
    ],
  ]);
  expect(first!.map((lane) => lane.map(({ nice }) => nice))).toEqual([
    [0, 0, 0, 0],
    [19, 10],
  ]);
  // What spends its limits to the last, or counts refusals, has the machine to itself.
  expect(filesOf(others)).toEqual([[[[LIMITS], [WHOLE]]]]);
});

test("every file is played once, and a phase, lane or run without files is none", () => {
  expect(phasesOf([], true)).toEqual([]);
  expect(filesOf(phasesOf([UNIT], true))).toEqual([[[[UNIT]]]]);
  expect(filesOf(phasesOf([KILLS], true))).toEqual([[[[KILLS]]]]);
});
