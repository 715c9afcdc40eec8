// Which coins Karbit's users hold now, by Karbit's own rule (its dashboard), so that both show the same.

import { sql } from "drizzle-orm";
import { positions } from "../../../schema/tables/karbit.ts";
import type { HoldingStore } from "../../ports/store.ts";
import { type Database, rowsOf } from "./database.ts";

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
              where held.status = 'OPEN' and (cut.closed_at is null or held.entry_time > cut.closed_at)`,
        ),
      );
      return rows.map((row) => row.coin).sort();
    },
  };
}
