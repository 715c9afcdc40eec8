// A user's positions in Karbit's table on whichever database, against rows put in by hand.

import { beforeEach, describe, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import type { Database } from "./database.ts";
import { addUser, clearJournal, rows } from "./journal-fixtures.ts";
import { createOwnPositionStore } from "./own-positions.ts";
import { inZone } from "./store-fixtures.ts";

type Of = { userId: number; strategyId: number };
type Close = { profit: string | null; rate?: string; exit?: string | null; created?: string };

export function ownPositionsSuite(database: () => Database): void {
  describe("a user's own positions", () => {
    let user: Of;

    beforeEach(async () => {
      await clearJournal(database());
      user = await addUser(database());
    });

    async function put(coin: string, minute: number, of: Partial<Of> & { closed?: true; kr?: string } = {}) {
      const { userId, strategyId, closed, kr = "UPBIT" } = { ...user, ...of };
      const at = `2026-01-31 23:${String(minute).padStart(2, "0")}:00`;
      await rows(
        database(),
        sql`insert into positions (user_id, strategy_id, coin_symbol, leverage, status, kr_exchange, kr_order_id,
              kr_price, kr_volume, kr_funds, kr_fee, fr_exchange, fr_order_id, fr_price, fr_volume, fr_funds, fr_fee,
              entry_rate, entry_time)
            values (${userId}, ${strategyId}, ${coin}, ${minute}, ${closed ? "CLOSED" : "OPEN"}, ${kr}, 'k',
              1, 0.1, 1000000, 1, 'BYBIT', 'f', 1, 0.1, ${700 + minute}, 1, 1, ${at}::timestamp)`,
      );
    }
    const active = async () => await createOwnPositionStore(database(), "live").active(user.userId);
    const named = async () => (await active()).map((one) => `${one.coin} ${one.krExchange} ${one.entries}`);

    test("entries of a coin on the same exchanges are one line with their sums", async () => {
      await put("BTC", 1);
      await put("BTC", 3);
      expect(await active()).toEqual([
        {
          ...{ coin: "BTC", krExchange: "UPBIT", frExchange: "BYBIT", entries: 2, leverage: 3 },
          ...{ krVolumeCoin: "0.20000000", frVolumeCoin: "0.20000000" },
          ...{ krFundsKrw: "2000000.00000000", frFundsUsdt: "1404.00000000", entryRate: "1424.50" },
          latestEntryAtMs: Date.UTC(2026, 0, 31, 23, 3),
        },
      ]);
    });

    test("a close hides all of its coin up to its instant, on other exchanges too, and no other coin", async () => {
      for (const minute of [1, 2, 3]) await put("ETH", minute);
      await put("ETH", 1, { kr: "BITHUMB" });
      await put("BTC", 1);
      await put("ETH", 2, { closed: true });
      expect(await named()).toEqual(["BTC UPBIT 1", "ETH UPBIT 1"]);
    });

    test("another user's entries are not shown and his closes hide nothing", async () => {
      const other = await addUser(database());
      await put("BTC", 1);
      await put("BTC", 2, { ...other, closed: true });
      await put("XRP", 1, other);
      expect(await named()).toEqual(["BTC UPBIT 1"]);
    });

    async function close(coin: string, at: string, { profit, rate = "1", exit = at, created = at }: Close) {
      const { userId, strategyId } = user;
      await rows(
        database(),
        sql`insert into positions (user_id, strategy_id, coin_symbol, leverage, status, kr_exchange, kr_order_id,
              kr_price, kr_volume, kr_funds, kr_fee, fr_exchange, fr_order_id, fr_price, fr_volume, fr_funds, fr_fee,
              entry_rate, exit_rate, usdt_price, profit, profit_rate, entry_time, exit_time, created_at)
            values (${userId}, ${strategyId}, ${coin}, 2, 'CLOSED', 'UPBIT', 'k', 1.5, 0.1, 1000000, 500, 'BYBIT', 'f',
              2.5, 0.2, 700, 0.35, 1428.57, 1430.1, 1400, ${profit}, ${rate}, ${at}::timestamp, ${exit}::timestamp,
              ${created}::timestamp)`,
      );
    }
    const live = () => createOwnPositionStore(database(), "live");
    const ids = (of: readonly { readonly coin: string; readonly entryAtMs: number | null }[]) =>
      of.map(
        ({ coin, entryAtMs }) => `${coin} ${entryAtMs === null ? "-" : new Date(entryAtMs).getUTCMinutes()}`,
      );

    test("history is every row by page, newest first, with Karbit's figures to the last digit", async () => {
      for (const minute of [1, 2, 3, 4]) await put("BTC", minute);
      await put("ETH", 5, await addUser(database()));
      await close("BTC", "2026-01-31 23:05:00.1234", { profit: "-12.3", rate: "-0.5" });
      const first = await live().history(user.userId, { offset: 0, limit: 2 });
      expect([first.total, ids(first.rows)]).toEqual([5, ["BTC 5", "BTC 4"]]);
      expect(first.rows[0]).toEqual({
        ...{
          id: expect.any(String),
          status: "CLOSED",
          coin: "BTC",
          krExchange: "UPBIT",
          frExchange: "BYBIT",
        },
        ...{
          leverage: 2,
          krPriceKrw: "1.50000000",
          krVolumeCoin: "0.10000000",
          krFundsKrw: "1000000.00000000",
        },
        ...{ krFeeKrw: "500.00000000", frPriceUsdt: "2.50000000", frVolumeCoin: "0.20000000" },
        ...{
          frFundsUsdt: "700.00000000",
          frFeeUsdt: "0.35000000",
          entryRate: "1428.57",
          exitRate: "1430.10",
        },
        ...{ usdtPriceKrw: "1400.00", profitKrw: "-12.30", profitRatePct: "-0.50" },
        ...{
          entryAtMs: Date.UTC(2026, 0, 31, 23, 5, 0, 123),
          exitAtMs: Date.UTC(2026, 0, 31, 23, 5, 0, 123),
        },
      });
      expect(first.rows[1]).toMatchObject({
        profitKrw: null,
        exitRate: null,
        usdtPriceKrw: null,
        exitAtMs: null,
      });
      const last = await live().history(user.userId, { offset: 4, limit: 2 });
      expect([last.total, ids(last.rows)]).toEqual([5, ["BTC 1"]]);
      expect(await live().history(user.userId, { offset: 6, limit: 2 })).toEqual({ total: 5, rows: [] });
    });

    test("reading on meets every row once, also rows of one instant and without one, and none that came meanwhile", async () => {
      for (const minute of [1, 1, 1, 2, 2]) await put("BTC", minute);
      await put("XRP", 1);
      await rows(database(), sql`update positions set entry_time = null where coin_symbol = 'XRP'`);
      const met: string[] = [];
      let cursor: string | undefined;
      for (let parts = 0; parts < 9; parts++) {
        const { rows, next } = await live().historyFrom(user.userId, { cursor, limit: 2 });
        met.push(...rows.map(({ id }) => id));
        if (parts === 0) await put("ETH", 59);
        if (next === undefined) break;
        cursor = next;
      }
      const all = (await live().history(user.userId, { offset: 1, limit: 100 })).rows;
      expect(met).toEqual(all.map(({ id }) => id));
      expect([met.length, all.at(-1)!.coin]).toEqual([6, "XRP"]);
    });

    test("statistics: wins and losses of what was closed, the profit of all and of today in Korea", async () => {
      const nowMs = Date.UTC(2026, 1, 1, 1);
      const nothing = await live().statistics(user.userId, nowMs);
      expect(nothing).toEqual({
        ...{ entries: 0, closed: 0, wins: 0, losses: 0, winRatePct: null, profitKrw: "0.00" },
        ...{
          profitTodayKrw: "0.00",
          meanProfitRatePct: null,
          bestProfitKrw: null,
          worstProfitKrw: null,
          byCoin: [],
        },
      });
      await put("BTC", 1);
      // Midnight in Korea is 15:00 UTC.
      await close("BTC", "2026-01-31 14:59:59.999", { profit: "100", rate: "1" });
      await close("ETH", "2026-01-31 15:00:00", { profit: "-30.5", rate: "-0.25" });
      await close("BTC", "2026-02-01 00:30:00", { profit: "7", rate: "0.5" });
      await close("XRP", "2026-02-01 00:40:00", { profit: "5", rate: "0.5", exit: null });
      await close("ADA", "2026-02-01 00:50:00", { profit: null, rate: "0" });
      expect(await live().statistics(user.userId, nowMs)).toEqual({
        ...{ entries: 1, closed: 5, wins: 3, losses: 1, winRatePct: "75.00", profitKrw: "81.50" },
        // Without an exit time it is nobody's today, as on Karbit's dashboard.
        ...{
          profitTodayKrw: "-23.50",
          meanProfitRatePct: "0.35",
          bestProfitKrw: "100.00",
          worstProfitKrw: "-30.50",
        },
        byCoin: [
          { coin: "BTC", closed: 2, wins: 2, profitKrw: "107.00" },
          { coin: "XRP", closed: 1, wins: 1, profitKrw: "5.00" },
          { coin: "ETH", closed: 1, wins: 0, profitKrw: "-30.50" },
          { coin: "ADA", closed: 1, wins: 0, profitKrw: "0.00" },
        ],
      });
    });

    test("daily profit goes by Karbit's chart: the day in Korea a closed row was made, profit known", async () => {
      await close("BTC", "2026-01-30 15:00:00", { profit: "1" });
      await close("BTC", "2026-01-31 14:59:59.999", { profit: "2.5" });
      await close("ETH", "2026-01-31 15:00:00", { profit: "-4" });
      await close("ETH", "2026-01-31 20:00:00", { profit: null });
      await close("XRP", "2026-01-31 20:00:00", { profit: "8", created: "2026-02-01 15:00:00" });
      const days = { from: "2026-01-31", to: "2026-02-02" };
      const expected = [
        { day: "2026-01-31", closed: 2, wins: 2, profitKrw: "3.50" },
        { day: "2026-02-01", closed: 1, wins: 0, profitKrw: "-4.00" },
        { day: "2026-02-02", closed: 1, wins: 1, profitKrw: "8.00" },
      ];
      expect(await live().daily(user.userId, days)).toEqual(expected);
      const one = { from: "2026-02-01", to: "2026-02-01" };
      expect(await live().daily(user.userId, one)).toEqual([expected[1]!]);
    });

    test("figures that are no numbers, as Karbit's columns take them, are unknown and spoil no sum", async () => {
      await put("BTC", 1);
      await put("BTC", 2);
      await close("ETH", "2026-01-31 23:05:00", { profit: "NaN", rate: "NaN" });
      await close("ETH", "2026-01-31 23:06:00", { profit: "5", rate: "0.5" });
      await rows(
        database(),
        sql`update positions set usdt_price = 'NaN', kr_fee = 'NaN', entry_rate = 'NaN' where profit = 'NaN'`,
      );
      await rows(
        database(),
        sql`update positions set fr_funds = 'NaN' where coin_symbol = 'BTC' and leverage = 2`,
      );
      expect((await active())[0]).toMatchObject({
        krFundsKrw: "2000000.00000000",
        frFundsUsdt: "701.00000000",
      });
      const { rows: all } = await live().history(user.userId, { offset: 0, limit: 9 });
      expect(JSON.stringify(all)).not.toContain("NaN");
      const unknown = { profitKrw: null, profitRatePct: null, usdtPriceKrw: null, entryRate: null };
      expect(all.find(({ krFeeKrw }) => krFeeKrw === "0")).toMatchObject(unknown);
      expect(await live().statistics(user.userId, Date.UTC(2026, 0, 31, 23))).toMatchObject({
        ...{ closed: 2, wins: 1, winRatePct: "100.00", profitKrw: "5.00", profitTodayKrw: "5.00" },
        byCoin: [{ coin: "ETH", closed: 2, wins: 1, profitKrw: "5.00" }],
      });
      const days = { from: "2026-02-01", to: "2026-02-01" };
      expect(await live().daily(user.userId, days)).toEqual([
        { day: "2026-02-01", closed: 1, wins: 1, profitKrw: "5.00" },
      ]);
    });

    test("the zone of the server's sessions changes nothing", async () => {
      await put("BTC", 1);
      await close("BTC", "2026-01-31 14:59:59.999", { profit: "100" });
      await close("ETH", "2026-01-31 15:00:00", { profit: "-30.5" });
      await put("ETH", 2);
      const readIn = async (zone: string) => {
        const store = createOwnPositionStore(inZone(database(), zone), "live");
        const { userId } = user;
        return [
          await store.active(userId),
          await store.history(userId, { offset: 0, limit: 9 }),
          await store.historyFrom(userId, { cursor: undefined, limit: 9 }),
          await store.statistics(userId, Date.UTC(2026, 0, 31, 15)),
          await store.daily(userId, { from: "2026-01-01", to: "2026-03-01" }),
        ];
      };
      const inUtc = await readIn("UTC");
      expect(JSON.stringify(inUtc)).toContain("2026-02-01");
      expect(await readIn("Asia/Seoul")).toEqual(inUtc);
    });
  });
}
