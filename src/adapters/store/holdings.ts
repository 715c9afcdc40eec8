// Which coins are held now: by Karbit's own rule (its dashboard), so that both show the same, and by our own record,
// which also knows paper positions. And which of Karbit's positions, and of its closes, are not of our making.

import { sql } from "drizzle-orm";
import { positions } from "../../../schema/tables/karbit.ts";
import { hedgedPositions, intents, karbitRows } from "../../../schema/tables/trading.ts";
import type { HandHoldingStore, HoldingStore } from "../../ports/store.ts";
import { type Database, rowsOf } from "./database.ts";
import { foreignClosesOf } from "./karbit-closes.ts";

export function createHoldingStore(database: Database): HoldingStore {
  return {
    /**
     * Closing adds a CLOSED row and leaves the OPEN ones: per user and coin (not per pair of venues), OPEN rows count
     * whose entry time is strictly later than the newest of the CLOSED rows; all of them when there is none.
     */
    async heldCoins() {
      const rows = await database.run("read held coins", (executor) =>
        rowsOf<{ coin: string }>(
          executor,
          sql`with cut as (
                select user_id, coin_symbol, max(entry_time) as closed_at from ${positions}
                where status = 'CLOSED' group by user_id, coin_symbol)
              select distinct upper(held.coin_symbol) as coin from ${positions} as held
              left join cut on cut.user_id = held.user_id and cut.coin_symbol = held.coin_symbol
              where held.status = 'OPEN' and (cut.closed_at is null or held.entry_time > cut.closed_at)
              union select coin from ${hedgedPositions} where closed_at is null
              union select coin from ${intents} where ended_at is null`,
        ),
      );
      return rows.map((row) => row.coin).sort();
    },
  };
}

/** What users have opened and closed by hand in Karbit: its active positions, and closes of ours, written by nobody of us. */
export function createHandHoldingStore(database: Database): HandHoldingStore {
  return {
    async heldByHand() {
      return await database.run("read positions opened by hand", (executor) =>
        rowsOf<{ userId: number; coin: string }>(
          executor,
          sql`with cut as (
                select user_id, coin_symbol, max(entry_time) as closed_at from ${positions}
                where status = 'CLOSED' group by user_id, coin_symbol)
              select distinct held.user_id as "userId", upper(held.coin_symbol) as coin from ${positions} as held
              left join cut on cut.user_id = held.user_id and cut.coin_symbol = held.coin_symbol
              where held.status = 'OPEN' and (cut.closed_at is null or held.entry_time > cut.closed_at)
                and not exists (
                  select 1 from ${karbitRows} as ours
                  where ours.user_id = held.user_id and ours.coin = held.coin_symbol and ours.status = 'OPEN'
                    and ours.figures->>'krOrderId' = held.kr_order_id)
              order by 1, 2`,
        ),
      );
    },

    async closedByHand() {
      const open = sql`select position_id from ${hedgedPositions} where closed_at is null and mode = 'live'`;
      return await database.run("read positions closed by hand", (executor) =>
        rowsOf<{ userId: number; coin: string }>(
          executor,
          sql`select distinct held.user_id as "userId", held.coin from ${hedgedPositions} as held
              join (${foreignClosesOf(open)}) as closes on closes.position_id = held.position_id order by 1, 2`,
        ),
      );
    },
  };
}
