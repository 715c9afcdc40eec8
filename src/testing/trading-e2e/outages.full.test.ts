// What is around the trading process fails, with eight traders in the middle of an operation: PostgreSQL killed between
// the legs, for a moment and for longer than a lease lasts; the active of two schedulers frozen and resumed, before and
// after the other has taken over; a strategy deleted by Karbit while its position is open. Nothing executes twice. A
// sample by default; with TRADING_KILLS set every operation meets every outage.

import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { seededRandom } from "../../simulator/faults.ts";
import { needs } from "../needs.ts";
import { auditTrader } from "./account-audit.ts";
import { activePositions, auditKarbit, history } from "./karbit-reading.ts";
import {
  begin,
  calm,
  EVERY_KIND,
  enterAll,
  faultsOf,
  leaveAll,
  OPERATIONS,
  type Operation,
  prepare,
  someMoment,
} from "./rounds.ts";
import type { TestTrader } from "./test-traders.ts";
import { TradingFleet } from "./trading-fleet.ts";

const TICK_MS = 2_000;
const SEED = Number(process.env.TRADING_SEED ?? process.env.FUZZ_SEED ?? Date.now() % 1_000_000);
const EVERY = process.env.TRADING_KILLS !== undefined;
const RECOVERED_MS_MAX = 120_000;

if (process.env.FULL) {
  needs(["nats", "postgres"], `trading through outages, seed ${SEED}`, () => {
    let fleet: TradingFleet;
    const random = seededRandom(SEED);

    beforeAll(async () => {
      fleet = await TradingFleet.start({
        ...{ tickMs: TICK_MS, traders: EVERY_KIND, schedulers: 2, karbitTables: "create" },
      });
    });

    afterAll(async () => {
      await fleet?.stop();
    });

    afterEach(async () => {
      calm(fleet);
    });

    /** Slow answers, so that there is a moment between the legs. */
    function slowOrders(): void {
      fleet.simulator.control.setFault({ kind: "delay", method: "POST", delayMs: 250 });
    }

    async function settled(): Promise<void> {
      calm(fleet);
      await fleet.untilQuiet(RECOVERED_MS_MAX);
      expect(await faultsOf(fleet)).toEqual([]);
    }

    async function cleared(): Promise<void> {
      await settled();
      await leaveAll(fleet);
      expect(await faultsOf(fleet)).toEqual([]);
    }

    /** What is sampled by default, and all of it otherwise. */
    function chosen<T>(sample: readonly [Operation, T][], all: readonly T[]): [Operation, T][] {
      return EVERY
        ? OPERATIONS.flatMap((operation) => all.map((how): [Operation, T] => [operation, how]))
        : [...sample];
    }

    /** Longer than a lease lasts, so that the term ends as well. */
    const AWAY_MS: [Operation, number][] = [["entry", 12_000]];
    test.each(chosen(AWAY_MS, [3_000, 20_000]))(
      "PostgreSQL killed between the legs (%s) and away for %i ms",
      async (operation, awayMs) => {
        await prepare(fleet, operation);
        slowOrders();
        await begin(fleet, operation);
        await fleet.postgres.kill9();
        await Bun.sleep(awayMs);
        calm(fleet);
        await fleet.postgres.restart();
        await cleared();
      },
      300_000,
    );

    const RESUMED: [Operation, "before" | "after"][] = [
      ["entry", "after"],
      ["forced close", "before"],
    ];
    test.each(chosen(RESUMED, ["before", "after"]))(
      "the active scheduler frozen (%s) and resumed %s the other has taken over",
      async (operation, when) => {
        await prepare(fleet, operation);
        slowOrders();
        await begin(fleet, operation);
        await someMoment(fleet, operation, random);
        const active = (await fleet.activeScheduler())!;
        const { child } = fleet.schedulers[active]!;
        child.signal("SIGSTOP");
        const frozenAtMs = Date.now();
        if (when === "after") {
          const role = async () => (await fleet.trading(1 - active))?.role ?? "";
          await fleet.until("the other to take over", async () => /trading|recovering/.test(await role()));
          console.log(`taken over ${Date.now() - frozenAtMs} ms after it was frozen`);
        }
        // Resumed in the middle of its successor's recovery, when it could do the most harm, or well before one.
        await Bun.sleep(Math.floor(random() * 3_000));
        child.signal("SIGCONT");
        await cleared();
        expect(fleet.schedulers.every((scheduler) => scheduler.isRunning())).toBe(true);
      },
      300_000,
    );

    test("a strategy deleted by Karbit: its position is left, its rows there are gone, nobody is alarmed", async () => {
      await enterAll(fleet);
      const [deleted, ...others] = fleet.traders as [TestTrader, ...TestTrader[]];
      const { userId, coin, strategyId } = deleted;
      await fleet.rows(sql`delete from strategies where id = ${strategyId}`);
      expect(await history(fleet, userId)).toEqual([]);
      const incidents = async () => (await fleet.rows(sql`select 1 from schedulerx.incidents`)).length;
      const before = await incidents();
      await fleet.force(userId, coin);
      await fleet.until("its end", async () => (await fleet.positionCount()) === others.length, 60_000);
      await fleet.untilQuiet();
      expect(await activePositions(fleet, userId)).toEqual([]);
      expect(await incidents()).toBe(before);
      expect(await auditKarbit(fleet, deleted, { strategyGone: true })).toEqual([]);
      expect(await auditTrader(fleet, deleted)).toEqual([]);
      const [row] = await fleet.rows<{ count: number }>(
        sql`select count(*)::int as count from schedulerx.position_exits x
            join schedulerx.hedged_positions p using (position_id)
            where p.user_id = ${userId} and p.strategy_id = ${strategyId} and x.profit_krw is not null`,
      );
      expect(row!.count).toBeGreaterThan(0);
    }, 120_000);
  });
}
