// Wishes for positions to be left and their trail, on whichever database.

import { beforeEach, describe, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { createAuditStore } from "./audit.ts";
import type { Database } from "./database.ts";
import { createForcedCloses } from "./forced-closes.ts";
import { clearJournal, NOW_MS, rows } from "./journal-fixtures.ts";

export function forcedClosesSuite(database: () => Database): void {
  describe("forced closes", () => {
    beforeEach(async () => {
      await clearJournal(database());
      await rows(database(), sql`truncate schedulerx.audit_events`);
    });

    const store = () => createForcedCloses(database());
    const ask = (userId: number, coin: string, by: "user" | "operator" = "user") =>
      store().ask({ mode: "paper", userId, coin, by, atMs: NOW_MS });

    async function hold(userId: number, coin: string, pair = "upbit-bybit", mode = "paper"): Promise<number> {
      const [row] = await rows<{ id: number }>(
        database(),
        sql`insert into schedulerx.hedged_positions
              (mode, user_id, strategy_id, coin, pair, leverage, exit_terms, opened_at)
            values (${mode}, ${userId}, 1, ${coin}, ${pair}, 1, '{}', now()) returning position_id as id`,
      );
      return row!.id;
    }
    const close = (positionId: number) =>
      rows(
        database(),
        sql`update schedulerx.hedged_positions set closed_at = now() where position_id = ${positionId}`,
      );

    test("what nobody holds is no wish: another user's, another coin's, another mode's, what is closed", async () => {
      await hold(2, "XRP");
      await hold(1, "BTC");
      await hold(1, "XRP", "upbit-bybit", "live");
      await close(await hold(1, "XRP"));
      expect(await ask(1, "XRP")).toBe("no-position");
      expect([await store().open("paper"), await store().open("live")]).toEqual([[], []]);
      expect(await createAuditStore(database()).read(undefined, 10)).toEqual([]);
    });

    test("a wish holds until its position is gone, and who asked first is kept", async () => {
      const positionId = await hold(1, "XRP");
      expect(await ask(1, "XRP", "operator")).toBe("asked");
      expect(await ask(1, "XRP")).toBe("asked");
      expect(await store().open("paper")).toEqual([
        { positionId, userId: 1, coin: "XRP", askedBy: "operator" },
      ]);
      expect(await createAuditStore(database()).read(1, 10)).toEqual([
        {
          ...{ atMs: NOW_MS, actor: "operator", userId: 1, action: "position.close-asked", subject: "XRP" },
          detail: { mode: "paper" },
        },
      ]);
      await close(positionId);
      await hold(1, "XRP");
      expect(await store().open("paper")).toEqual([]);
    });

    test("a coin held on two pairs is left on both", async () => {
      const ids = [await hold(1, "XRP"), await hold(1, "XRP", "upbit-binance")];
      expect(await ask(1, "XRP")).toBe("asked");
      expect((await store().open("paper")).map(({ positionId }) => positionId)).toEqual(ids);
    });
  });
}
