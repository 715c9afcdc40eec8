// Held coins, on whichever database: fixed cases from the contract, then random rows against Karbit's rule in words.

import { beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import fc from "fast-check";
import { type Database, rowsOf } from "./database.ts";
import { createHandHoldingStore, createHoldingStore } from "./holdings.ts";

interface Row {
  readonly user: number;
  readonly coin: string;
  readonly status: "OPEN" | "CLOSED";
  /** Hours after a fixed day; undefined: null. */
  readonly entryHour: number | undefined;
}

export function holdingsSuite(database: () => Database): void {
  describe("held coins", () => {
    const userIds: number[] = [];
    const strategyIds: number[] = [];

    beforeAll(async () => {
      await database().transaction("users", async (executor) => {
        for (const email of ["a@example.com", "b@example.com"]) {
          const [user] = await rowsOf<{ id: number }>(
            executor,
            sql`insert into users (email, password_hash) values (${email}, '') returning id`,
          );
          const [strategy] = await rowsOf<{ id: number }>(
            executor,
            sql`insert into strategies (user_id, name, seed_amount, entry_rate, exit_rate)
                values (${user!.id}, 's', 1, 1, 1) returning id`,
          );
          userIds.push(user!.id);
          strategyIds.push(strategy!.id);
        }
      });
    });

    // What other suites left open would count, and so would ours for the next.
    const clearOurs = () =>
      database().run("clear ours", (executor) =>
        executor.execute(
          sql`truncate schedulerx.karbit_rows, schedulerx.hedged_positions, schedulerx.intents cascade`,
        ),
      );

    beforeAll(clearOurs);
    beforeEach(async () => {
      await database().run("clear", (executor) => executor.execute(sql`delete from positions`));
    });

    async function insert(rows: readonly Row[]): Promise<void> {
      if (rows.length === 0) return;
      const values = rows.map(
        (
          row,
        ) => sql`(${userIds[row.user]}, ${strategyIds[row.user]}, ${row.coin}, ${row.status}, 'UPBIT', 'BYBIT',
          'k', 'f', 1, 1, 1, 1, 1, 1, 1, 1, 1,
          timestamp '2026-01-01 00:00' + ${row.entryHour ?? null}::int * interval '1 hour')`,
      );
      await database().run("positions", (executor) =>
        executor.execute(sql`insert into positions (user_id, strategy_id, coin_symbol, status, kr_exchange, fr_exchange,
          kr_order_id, fr_order_id, kr_price, kr_volume, kr_funds, kr_fee, fr_price, fr_volume, fr_funds, fr_fee,
          entry_rate, entry_time) values ${sql.join(values, sql`, `)}`),
      );
    }

    /** The contract's words, plainly: per user and coin, OPEN rows strictly later than the newest CLOSED row. */
    function expectedOf(rows: readonly Row[]): string[] {
      const held = rows.filter((row) => {
        if (row.status !== "OPEN") return false;
        const cuts = rows
          .filter((other) => other.status === "CLOSED" && other.user === row.user && other.coin === row.coin)
          .map((other) => other.entryHour)
          .filter((hour) => hour !== undefined);
        return cuts.length === 0 || (row.entryHour !== undefined && row.entryHour > Math.max(...cuts));
      });
      return [...new Set(held.map((row) => row.coin))].sort();
    }

    const open = (coin: string, entryHour: number, user = 0): Row => ({
      user,
      coin,
      status: "OPEN",
      entryHour,
    });
    const closed = (coin: string, entryHour: number, user = 0): Row => ({
      user,
      coin,
      status: "CLOSED",
      entryHour,
    });

    test("no rows, no coins", async () => {
      expect(await createHoldingStore(database()).heldCoins()).toEqual([]);
    });

    test("a CLOSED row ends every OPEN row of that coin up to its moment, also one of the same moment", async () => {
      await insert([open("BTC", 1), open("BTC", 5), closed("BTC", 5), open("ETH", 1), closed("XRP", 2)]);
      expect(await createHoldingStore(database()).heldCoins()).toEqual(["ETH"]);
    });

    test("an OPEN row later than the close holds the coin again, and one user's close ends nobody else's", async () => {
      await insert([
        open("BTC", 1),
        closed("BTC", 5),
        open("BTC", 6),
        open("ETH", 1, 1),
        closed("ETH", 3, 0),
      ]);
      expect(await createHoldingStore(database()).heldCoins()).toEqual(["BTC", "ETH"]);
    });

    test("random positions give what the rule in words gives", async () => {
      const row = fc.record<Row>({
        user: fc.constantFrom(0, 1),
        coin: fc.constantFrom("BTC", "ETH", "XRP"),
        status: fc.constantFrom("OPEN" as const, "CLOSED" as const),
        entryHour: fc.option(fc.integer({ min: 0, max: 4 }), { nil: undefined, freq: 10 }),
      });
      await fc.assert(
        fc.asyncProperty(fc.array(row, { maxLength: 12 }), async (rows) => {
          await database().run("clear", (executor) => executor.execute(sql`delete from positions`));
          await insert(rows);
          expect(await createHoldingStore(database()).heldCoins()).toEqual(expectedOf(rows));
        }),
        { numRuns: Number(process.env.FULL ? 1_000 : 50) },
      );
    });

    test("a position opened by hand is told from ours by its order; one of ours holds its coin as well", async () => {
      await insert([
        { user: 0, coin: "BTC", status: "OPEN", entryHour: 1 },
        { user: 1, coin: "ETH", status: "OPEN", entryHour: 1 },
        { user: 1, coin: "ETH", status: "CLOSED", entryHour: 2 },
      ]);
      const byHand = createHandHoldingStore(database());
      expect(await byHand.heldByHand()).toEqual([{ userId: userIds[0]!, coin: "BTC" }]);
      // Ours: the same order id in a row we wrote.
      await database().run("ours", async (executor) => {
        await executor.execute(
          sql`insert into schedulerx.intents (intent_id, decision_id, kind, mode, state, user_id, strategy_id, coin, pair,
                qty_coin, qty_contracts, terms, reason, planned_at, ended_at)
              values ('held', 'held', 'entry', 'live', 'hedged', ${userIds[0]}, 1, 'BTC', 'upbit-bybit', 1, 1, '{}', '',
                now(), now())`,
        );
        await executor.execute(
          sql`insert into schedulerx.hedged_positions (mode, user_id, strategy_id, coin, pair, leverage, exit_terms,
                opened_at) values ('live', ${userIds[0]}, 1, 'XRP', 'upbit-bybit', 1, '{}', now())`,
        );
        await executor.execute(
          sql`insert into schedulerx.karbit_rows (intent_id, position_id, user_id, strategy_id, coin, status, figures, at,
                state) select 'held', max(position_id), ${userIds[0]}, 1, 'BTC', 'OPEN', '{"krOrderId":"k"}', now(),
                'written' from schedulerx.hedged_positions`,
        );
      });
      expect(await byHand.heldByHand()).toEqual([]);
      expect(await createHoldingStore(database()).heldCoins()).toEqual(["BTC", "XRP"]);
      await clearOurs();
    });
  });
}
