// The revision of traders on whichever database: it changes with all that is read, and with nothing else.

import { beforeEach, describe, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { Decimal } from "../../domain/decimal.ts";
import type { Database, Executor } from "./database.ts";
import { addUser, clearJournal, NOW_MS, rows } from "./journal-fixtures.ts";
import { addActiveTrader, addVenueKey, type KeyArguments } from "./trader-fixtures.ts";
import { createTraderStore } from "./traders.ts";

const D = Decimal.of;

type Work<T> = (executor: Executor) => Promise<T>;

export function tradersRevisionSuite(database: () => Database): void {
  describe("the revision of traders", () => {
    const store = () => createTraderStore(database(), undefined);
    const run = (statement: ReturnType<typeof sql>) => rows(database(), statement);
    const addTrader = () => addActiveTrader(database());
    const addKey = (...key: KeyArguments) => addVenueKey(database(), ...key);

    beforeEach(async () => {
      await clearJournal(database());
      await run(sql`truncate schedulerx.trader_terms`);
    });

    test("it changes with each of Karbit's columns that is read, and back with it", async () => {
      const { userId } = await addTrader();
      await addKey(userId, "upbit");
      const changes = [
        ...["seed_amount = 1", "seed_division = 2", "entry_rate = 1", "exit_rate = 1", "leverage = 2"],
        ...["trade_mode = 'auto'", "coin_mode = 'auto'", "selected_coins = '{BTC}'", "selected_coins = null"],
        ...["allow_average_down = false", "allow_average_up = true", "is_active = false"],
      ].map((columns) => sql`update strategies set ${sql.raw(columns)}`);
      changes.push(sql`update users set active_strategy_id = null`);
      for (const columns of ["api_key = null", "api_key = 'x'", "api_secret = 'x'", "is_active = false"]) {
        changes.push(sql`update user_exchanges set ${sql.raw(columns)}`);
      }
      changes.push(sql`delete from user_exchanges`, sql`delete from strategies`);
      const before = await store().revision();
      const after: string[] = [];
      for (const change of changes) {
        // Undone each time, so that each one is seen alone.
        const undone = database().transaction("a change", async (executor) => {
          await executor.execute(change);
          const inside = { ...database(), run: <T>(_: string, work: Work<T>) => work(executor) };
          after.push(await createTraderStore(inside, undefined).revision());
          throw new RangeError("undone");
        });
        await expect(undone).rejects.toThrow("undone");
      }
      expect(after).not.toContain(before);
      // Three of them leave nobody who trades.
      expect(new Set(after).size).toBe(changes.length - 2);
      expect(await store().revision()).toBe(before);
    });

    test("it changes with consent, exit terms, keys and traders that come", async () => {
      const { userId } = await addTrader();
      const seen = [await store().revision()];
      const steps = [
        () => store().setConsent(userId, true, NOW_MS),
        () => store().setExitTerms(userId, { stopRate: D("1340"), holdingMsMax: undefined }, NOW_MS),
        () => store().setExitTerms(userId, { stopRate: D("1340"), holdingMsMax: 60_000 }, NOW_MS),
        () => addKey(userId, "bithumb"),
        () => addTrader(),
      ];
      for (const step of steps) {
        await step();
        seen.push(await store().revision());
      }
      expect(new Set(seen).size).toBe(1 + steps.length);
    });

    test("it stays over what is not read", async () => {
      const { userId } = await addTrader();
      await addKey(userId, "upbit");
      const before = await store().revision();
      const idle = await addUser(database());
      await addKey(idle.userId, "upbit");
      await store().setConsent(idle.userId, true, NOW_MS);
      await run(
        sql`update strategies set entry_count = entry_count + 1, updated_at = now(), name = 'renamed'`,
      );
      await run(sql`update users set total_entry_count = 5, updated_at = now(), name = 'renamed'`);
      await run(sql`insert into user_exchanges (user_id, exchange_id, api_key, api_secret)
        select ${userId}, id, 'k', 's' from exchanges where eng_name = 'okx'`);
      expect(await store().revision()).toBe(before);
    });
  });
}
