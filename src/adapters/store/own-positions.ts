// A user's positions out of Karbit's table, by Karbit's rule: per coin, what was entered after the last close.

import { sql } from "drizzle-orm";
import type { ActivePosition, OwnPositionStore } from "../../ports/own-positions.ts";
import { type Database, rowsOf } from "./database.ts";

type Row = Omit<ActivePosition, "latestEntryAtMs"> & { readonly latestEntryAtMs: string | null };

export function createOwnPositionStore(database: Database): OwnPositionStore {
  return {
    async active(userId) {
      const found = await database.run("read active positions", (executor) =>
        rowsOf<Row>(
          executor,
          sql`with closed as (
                select coin_symbol, max(entry_time) as last from positions
                where user_id = ${userId}::int and status = 'CLOSED' group by coin_symbol)
              select p.coin_symbol as coin, p.kr_exchange as "krExchange", p.fr_exchange as "frExchange",
                sum(p.kr_volume)::text as "krVolumeCoin", sum(p.fr_volume)::text as "frVolumeCoin",
                sum(p.kr_funds)::text as "krFundsKrw", sum(p.fr_funds)::text as "frFundsUsdt",
                round(sum(p.kr_funds) / nullif(sum(p.fr_funds), 0), 2)::text as "entryRate",
                count(*)::int as entries, max(p.leverage) as leverage,
                (extract(epoch from max(p.entry_time)) * 1000)::bigint::text as "latestEntryAtMs"
              from positions p left join closed c on c.coin_symbol = p.coin_symbol
              where p.user_id = ${userId}::int and p.status = 'OPEN'
                and (c.last is null or p.entry_time > c.last)
              group by p.coin_symbol, p.kr_exchange, p.fr_exchange
              order by p.coin_symbol, p.kr_exchange, p.fr_exchange`,
        ),
      );
      return found.map(({ latestEntryAtMs, ...row }) => {
        return { ...row, latestEntryAtMs: latestEntryAtMs === null ? null : Number(latestEntryAtMs) };
      });
    },
  };
}
