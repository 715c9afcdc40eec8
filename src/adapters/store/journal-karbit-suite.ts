// What Karbit makes of our rows, read by its own rules (rebuilt here from its contract), and what is left of ours
// when its tables refuse.

import { beforeEach, describe, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { Decimal } from "../../domain/decimal.ts";
import type { EntryEnd, Journal, OpenPosition, TradingMode } from "../../ports/journal.ts";
import type { Database } from "./database.ts";
import { createHandHoldingStore } from "./holdings.ts";
import { createJournal } from "./journal.ts";
import {
  addUser,
  CLOSED_ROW,
  clearJournal,
  entryEnd,
  exitEnd,
  intentOf,
  matchedOf,
  NOW_MS,
  OPEN_ROW,
  rows,
} from "./journal-fixtures.ts";
import { createLeaseStore } from "./lease.ts";

const D = Decimal.of;

export function journalKarbitSuite(database: () => Database): void {
  describe("the journal's rows in Karbit's tables", () => {
    let journal: Journal;
    let fence: number;
    let owner: { userId: number; strategyId: number };

    beforeEach(async () => {
      await clearJournal(database());
      journal = createJournal(database());
      fence = (await createLeaseStore(database()).acquire("writer", 60_000))!.fence;
      owner = await addUser(database());
    });

    const execute = (statement: ReturnType<typeof sql>) =>
      database().run("change", (executor) => executor.execute(statement));

    async function enter(decisionId: string, end: Partial<EntryEnd> = {}, mode: TradingMode = "live") {
      const { intentId } = intentOf({ decisionId });
      await journal.plan(intentOf({ decisionId, mode, ...owner }), fence);
      await journal.move({ intentId, from: "planned", to: "domestic-sending", atMs: NOW_MS }, fence);
      await journal.move({ intentId, from: "domestic-sending", to: "needs-human", atMs: NOW_MS }, fence);
      const { projectionFault } = await journal.endEntry(intentId, entryEnd(end), fence);
      return { intentId, projectionFault };
    }

    async function leave(decisionId: string, atMs: number, mode: TradingMode = "live") {
      const [position] = await journal.openPositions(mode);
      const { intentId } = intentOf({ decisionId });
      await journal.plan(intentOf({ decisionId, mode, kind: "exit", ...owner }), fence);
      await journal.move({ intentId, from: "planned", to: "sending", atMs: NOW_MS }, fence);
      const end = exitEnd(position!.positionId, allOf(position!), { atMs });
      const { projectionFault } = await journal.endExit(intentId, end, fence);
      return { intentId, projectionFault };
    }

    function allOf(position: OpenPosition) {
      return position.entries.map(({ intentId, atMs: _, ...left }) => ({ ...left, entryIntentId: intentId }));
    }

    /** Per coin the newest CLOSED row cuts; active are OPEN rows strictly later, by coin and exchanges. */
    const active = () =>
      rows<{ line: string }>(
        database(),
        sql`with cut as (select coin_symbol, max(entry_time) as at from positions
              where user_id = ${owner.userId} and status = 'CLOSED' group by coin_symbol)
            select concat_ws(' ', held.coin_symbol, kr_exchange, fr_exchange, sum(kr_volume), sum(kr_funds), sum(fr_funds),
              round(sum(kr_funds) / sum(fr_funds), 2), count(*), max(leverage)) as line
            from positions as held left join cut on cut.coin_symbol = held.coin_symbol
            where user_id = ${owner.userId} and status = 'OPEN' and (cut.at is null or entry_time > cut.at)
            group by held.coin_symbol, kr_exchange, fr_exchange order by 1`,
      ).then((found) => found.map(({ line }) => line));

    const history = () =>
      rows<{ line: string }>(
        database(),
        sql`select concat_ws(' ', status, coalesce(profit::text, '-'), coalesce(profit_rate::text, '-'),
              to_char(entry_time, 'HH24:MI:SS.MS')) as line
            from positions where user_id = ${owner.userId} order by entry_time desc`,
      ).then((found) => found.map(({ line }) => line));

    /** Sum of the profit of rows with an exit time within the day; rows without one do not count. */
    const profitOn = (day: string) =>
      rows<{ sum: string | null }>(
        database(),
        sql`select sum(profit)::text as sum from positions where user_id = ${owner.userId}
            and exit_time >= ${day}::timestamp and exit_time < ${day}::timestamp + interval '1 day'`,
      ).then((found) => found[0]!.sum);

    const counters = () =>
      rows(
        database(),
        sql`select total_entry_count as entries, total_auto_entry_count as auto, total_self_entry_count as self,
              total_order_amount::text as amount, entry_count as "strategyEntries"
            from users join strategies on user_id = users.id where users.id = ${owner.userId}`,
      ).then((found) => found[0]);

    test("an entry, an add-on and the close show as Karbit shows its own", async () => {
      expect((await enter("e1")).projectionFault).toBeUndefined();
      await enter("e2", {
        atMs: NOW_MS + 70_000,
        entry: matchedOf("0.03"),
        openRow: { ...OPEN_ROW, krVolume: "0.03", leverage: 3 },
      });
      expect(await active()).toEqual([
        "BTC UPBIT BYBIT 0.10000000 19999998.24691358 14600.24680000 1369.84 2 3",
      ]);
      expect(await history()).toEqual(["OPEN - - 03:05:15.678", "OPEN - - 03:04:05.688"]);
      expect(await counters()).toEqual({
        entries: 2,
        auto: 2,
        self: 0,
        amount: "19999998.24691358",
        strategyEntries: 2,
      });
      await leave("x1", NOW_MS + 90_000);
      expect(await active()).toEqual([]);
      expect((await history())[0]).toBe("CLOSED 152345.67 1.51 03:05:35.678");
      expect(await profitOn("2026-03-05")).toBe("152345.67");
      expect(await profitOn("2026-03-06")).toBeNull();
      expect(await counters()).toEqual({
        entries: 3,
        auto: 3,
        self: 0,
        amount: "29999997.37037037",
        strategyEntries: 0,
      });
      const [closed] = await rows<object>(
        database(),
        sql`select (entry_time = exit_time and created_at = exit_time) as same,
        strategy_id as strategy, exit_rate::text as rate from positions where status = 'CLOSED'`,
      );
      expect(closed).toEqual({ same: true, strategy: owner.strategyId, rate: "1391.25" });
    });

    test("rows of a clock ahead of ours hide nothing: each comes after what it has to follow", async () => {
      await execute(sql`insert into positions (user_id, strategy_id, coin_symbol, status, kr_exchange, fr_exchange, kr_order_id,
        fr_order_id, kr_price, kr_volume, kr_funds, kr_fee, fr_price, fr_volume, fr_funds, fr_fee, entry_rate, entry_time)
        values (${owner.userId}, ${owner.strategyId}, 'BTC', 'CLOSED', 'UPBIT', 'BYBIT', 'k', 'f', 1, 1, 1, 1, 1, 1, 1, 1, 1,
          '2026-03-05 12:00:00.000500')`);
      await enter("e1");
      expect(await active()).toHaveLength(1);
      await leave("x1", NOW_MS - 1_000);
      expect(await active()).toEqual([]);
      expect((await history()).map((line) => line.split(" ").at(-1))).toEqual([
        "12:00:00.002",
        "12:00:00.001",
        "12:00:00.000",
      ]);
    });

    describe("a position closed by hand in Karbit", () => {
      /** Karbit's own CLOSED row, so long after the position's last entry. */
      const closeByHand = (afterMs: number, { frExchange = "BYBIT", userId = owner.userId } = {}) =>
        execute(sql`insert into positions (user_id, strategy_id, coin_symbol, status, kr_exchange, fr_exchange, kr_order_id,
          fr_order_id, kr_price, kr_volume, kr_funds, kr_fee, fr_price, fr_volume, fr_funds, fr_fee, entry_rate, profit,
          entry_time, exit_time) values (${userId}, ${owner.strategyId}, 'BTC', 'CLOSED', 'UPBIT', ${frExchange}, 'k', 'f',
          1, 1, 1, 1, 1, 1, 1, 1, 1, 150000, ${textOf(NOW_MS + 10 + afterMs)}::timestamp,
          ${textOf(NOW_MS + 10 + afterMs)}::timestamp)`);
      const textOf = (atMs: number) => new Date(atMs).toISOString().replace("Z", "");
      const byHand = () => createHandHoldingStore(database()).closedByHand();

      test("has Karbit's row alone: its profit and its order amount count once, and ours is settled", async () => {
        await enter("e1");
        await enter("e2", { atMs: NOW_MS + 60_000, entry: matchedOf("0.03") });
        expect(await byHand()).toEqual([]);
        await closeByHand(60_001);
        expect(await byHand()).toEqual([{ userId: owner.userId, coin: "BTC" }]);
        const before = await counters();
        expect((await leave("x1", NOW_MS + 70_000)).projectionFault).toBeUndefined();
        expect(await journal.openPositions("live")).toEqual([]);
        expect([await profitOn("2026-03-05"), await active(), await counters()]).toEqual([
          "150000.00",
          [],
          before,
        ]);
        expect([await byHand(), await journal.retryProjections(fence)]).toEqual([[], []]);
        // The next one is nobody's but ours again.
        await enter("e3", { atMs: NOW_MS + 80_000 });
        await leave("x2", NOW_MS + 90_000);
        expect(await profitOn("2026-03-05")).toBe("302345.67");
      });

      test("is told from older closes, from those of other pairs and users, and from our own", async () => {
        await closeByHand(-1);
        await enter("e1");
        await leave("x1", NOW_MS + 5_000);
        await enter("e2", { atMs: NOW_MS + 6_000 });
        await closeByHand(60_000, { frExchange: "BINANCE" });
        await closeByHand(60_000, { userId: (await addUser(database())).userId });
        expect(await byHand()).toEqual([]);
        await leave("x2", NOW_MS + 70_000);
        expect((await history()).map((line) => line.split(" ").slice(0, 2))).toContainEqual([
          "CLOSED",
          "152345.67",
        ]);
        expect(await profitOn("2026-03-05")).toBe("604691.34");
      });

      test("later than our close, while that is still owed, is the close of something else", async () => {
        await enter("e1");
        await execute(
          sql`alter table positions add constraint positions_none check (profit is null) not valid`,
        );
        expect((await leave("x1", NOW_MS + 5_000)).projectionFault).toContain("positions_none");
        await execute(sql`alter table positions drop constraint positions_none`);
        await closeByHand(60_000);
        expect(await journal.retryProjections(fence)).toEqual([]);
        expect(await profitOn("2026-03-05")).toBe("302345.67");
      });
    });

    test("paper trades touch nothing of Karbit's", async () => {
      const before = await counters();
      await enter("e1", {}, "paper");
      await leave("x1", NOW_MS + 5, "paper");
      expect(await history()).toEqual([]);
      expect(await counters()).toEqual(before);
      expect(await journal.retryProjections(fence)).toEqual([]);
    });

    test("an end told again writes nothing twice", async () => {
      const { intentId } = await enter("e1");
      const before = await counters();
      await journal.endEntry(intentId, entryEnd(), fence);
      expect(await history()).toHaveLength(1);
      expect(await counters()).toEqual(before);
    });

    test("a row Karbit's tables refuse is told, ours stays, and it is written in its place when they take it", async () => {
      await execute(sql`alter table positions add constraint positions_none check (leverage > 99)`);
      const entered = await enter("e1");
      expect(entered.projectionFault).toContain("positions_none");
      expect(await journal.openPositions("live")).toHaveLength(1);
      expect(await counters()).toMatchObject({ entries: 0, amount: "0.00000000", strategyEntries: 0 });
      const again = await journal.endEntry(entered.intentId, entryEnd(), fence);
      expect(again.projectionFault).toContain("positions_none");
      const left = await leave("x1", NOW_MS + 5_000);
      expect(left.projectionFault).toContain("positions_none");
      expect(await journal.openPositions("live")).toEqual([]);
      expect((await journal.retryProjections(fence)).map(({ intentId }) => intentId)).toEqual([
        entered.intentId,
        left.intentId,
      ]);
      await execute(sql`alter table positions drop constraint positions_none`);
      // Opened again before the old rows are written: they must not close it.
      await enter("e2", { atMs: NOW_MS + 6_000 });
      expect(await journal.retryProjections(fence)).toEqual([]);
      expect(await active()).toHaveLength(1);
      expect((await history()).map((line) => line.split(" ")[0])).toEqual(["OPEN", "CLOSED", "OPEN"]);
      expect(await counters()).toMatchObject({ entries: 3, auto: 3 });
    });

    test("where somebody dropped the check the rows are OPEN and CLOSED all the same", async () => {
      await execute(sql`alter table positions drop constraint positions_status_check`);
      for (const id of ["e1", "e2", "e3"]) await enter(id);
      expect((await history()).map((line) => line.split(" ")[0])).toEqual(["OPEN", "OPEN", "OPEN"]);
      await execute(
        sql`alter table positions add constraint positions_status_check check (status in ('OPEN', 'CLOSED'))`,
      );
    });

    for (const [what, statement] of [
      ["strategy", () => sql`delete from strategies where id = ${owner.strategyId}`],
      ["user", () => sql`delete from users where id = ${owner.userId}`],
    ] as const) {
      test(`a ${what} deleted while a position is open takes Karbit's rows along and nothing of ours`, async () => {
        await enter("e1");
        await execute(statement());
        expect(await journal.openPositions("live")).toHaveLength(1);
        expect((await leave("x1", NOW_MS + 9)).projectionFault).toBeUndefined();
        expect(await journal.openPositions("live")).toEqual([]);
        expect((await enter("e2")).projectionFault).toBeUndefined();
        expect(await journal.retryProjections(fence)).toEqual([]);
        expect(await rows(database(), sql`select id from positions`)).toEqual([]);
      });
    }

    test("figures and counters beyond their columns are full, and ours are exact", async () => {
      await execute(
        sql`update users set total_order_amount = 9999999999, total_entry_count = 2147483647, total_auto_entry_count = null`,
      );
      const openRow = {
        ...OPEN_ROW,
        krVolume: "123456789012345.123456789",
        frVolume: "1e10",
        krPrice: "0.000000004",
      };
      const entered = await enter("e1", { openRow, entry: matchedOf("123456789012345.123456789") });
      expect(entered.projectionFault).toBeUndefined();
      const found = await rows(
        database(),
        sql`select kr_volume::text as kr, fr_volume::text as fr, kr_price::text as price from positions`,
      );
      expect(found).toEqual([{ kr: "9999999999.99999999", fr: "9999999999.99999999", price: "0.00000000" }]);
      expect(await counters()).toMatchObject({ entries: 2147483647, auto: 1, amount: "9999999999.99999999" });
      expect(
        (await journal.openPositions("live"))[0]!.entries[0]!.qtyCoin.equals(D("123456789012345.123456789")),
      ).toBe(true);
    });

    test("a figure that is none fails Karbit's row alone", async () => {
      const entered = await enter("e1", { openRow: { ...OPEN_ROW, krFee: "much" } });
      expect(entered.projectionFault).toContain("expected a decimal");
      expect(await journal.openPositions("live")).toHaveLength(1);
    });

    test("the CLOSED row holds the figures of the settlement", async () => {
      await enter("e1");
      await leave("x1", NOW_MS + 9);
      const [row] = await rows<Record<string, string>>(
        database(),
        sql`select kr_exchange || fr_exchange as exchanges,
        kr_order_id as kr, fr_order_id as fr, fr_slippage::text as slippage, usdt_price::text as usdt, entry_rate::text as rate
        from positions where status = 'CLOSED'`,
      );
      expect(row).toEqual({
        exchanges: "UPBITBYBIT",
        kr: CLOSED_ROW.krOrderId,
        fr: "fr-2",
        slippage: "0.0024",
        usdt: "1390.50",
        rate: "1369.84",
      });
    });
  });
}
