// A user's positions on whichever database, against rows put in by hand.

import { beforeEach, describe, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import type { Database } from "./database.ts";
import { addUser, clearJournal, rows } from "./journal-fixtures.ts";
import { createOwnPositionStore } from "./own-positions.ts";

type Of = { userId: number; strategyId: number };

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
    const active = async () => await createOwnPositionStore(database()).active(user.userId);
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
  });
}
