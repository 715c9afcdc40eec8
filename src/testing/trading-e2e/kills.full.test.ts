// The trading process killed with SIGKILL at random points of an entry, an add-on, an exit in parts and a forced close,
// eight traders at once: every pair in both position modes. One kill of each by default, twenty (about an hour) with
// `TRADING_KILLS=20 bun run test full src/testing/trading-e2e`. TRADING_SEED draws the same moments again.

import { afterAll, beforeAll, expect, test } from "bun:test";
import { seededRandom } from "../../simulator/faults.ts";
import { needs } from "../needs.ts";
import {
  begin,
  calm,
  EVERY_KIND,
  enterAll,
  faultsOf,
  leaveAll,
  lookInto,
  OPERATIONS,
  type Operation,
  someMoment,
} from "./rounds.ts";
import { TradingFleet } from "./trading-fleet.ts";

const TICK_MS = 2_000;
const KILLS = Number(process.env.TRADING_KILLS ?? 1);
const SEED = Number(process.env.TRADING_SEED ?? process.env.FUZZ_SEED ?? Date.now() % 1_000_000);
const RECOVERED_MS_MAX = 120_000;

if (process.env.FULL) {
  needs(["nats", "postgres"], `trading killed ${KILLS} times in each operation, seed ${SEED}`, () => {
    let fleet: TradingFleet;
    const random = seededRandom(SEED);
    /** Where the kills fell. */
    const interrupted = new Map<string, number>();

    beforeAll(async () => {
      fleet = await TradingFleet.start({ tickMs: TICK_MS, traders: EVERY_KIND });
    });

    afterAll(async () => {
      console.log(`kills fell on: ${[...interrupted].map(([at, times]) => `${at} ${times}`).join(", ")}`);
      await fleet?.stop();
    });

    /** Answers that come at different times, and orders that fill in part now and then. */
    function unrest(): void {
      const { control } = fleet.simulator;
      for (const delayMs of [60, 200, 500]) {
        control.setFault({ kind: "delay", method: "POST", delayMs, probability: 0.2 });
      }
      control.setFault({ kind: "part-fill", fraction: 0.37, probability: 0.1 });
    }

    async function killIn(operation: Operation): Promise<void> {
      unrest();
      await begin(fleet, operation);
      await someMoment(fleet, operation, random);
      await fleet.scheduler.kill9();
      const unfinished = await fleet.unfinished();
      for (const at of unfinished.length > 0 ? unfinished.map(({ state }) => state) : ["nothing"]) {
        const fell = `${operation}: ${at}`;
        interrupted.set(fell, (interrupted.get(fell) ?? 0) + 1);
      }
      calm(fleet);
      await fleet.scheduler.start();
      await fleet.untilQuiet(RECOVERED_MS_MAX);
      const { recovered, recoveredMs } = fleet.scheduler
        .lines()
        .findLast(({ event }) => event === "trading")!;
      console.log(`${operation}: ${recovered} unfinished intents ended after ${recoveredMs} ms`);
      expect(await faultsOf(fleet)).toEqual([]);
      await lookInto(fleet);
    }

    for (let kill = 1; kill <= KILLS; kill++) {
      for (const operation of OPERATIONS) {
        test(`${operation}, kill ${kill}`, async () => {
          if (operation === "forced close") await enterAll(fleet);
          await killIn(operation);
        }, 300_000);
      }
    }

    test("at the end everybody has left, and nothing was done twice", async () => {
      calm(fleet);
      await leaveAll(fleet);
      expect(await faultsOf(fleet)).toEqual([]);
      expect(await fleet.karbitAlterations()).toEqual([]);
    });
  });
}
