// Closes in Karbit that nobody of us has written: its manual close adds a CLOSED row of its own, with its own profit. Such
// a row ends a position of ours when it is of the same user, coin and venues and later than all its OPEN rows; an OPEN row
// of ours always comes after every close before it.

import { type SQL, sql } from "drizzle-orm";
import { positions } from "../../../schema/tables/karbit.ts";
import { karbitRows } from "../../../schema/tables/trading.ts";

/** Positions (`position_id`) of these ids that were closed so, and when (`closed_at`). */
export function foreignClosesOf(positionIds: SQL): SQL {
  return sql`select opened.position_id, min(closed.entry_time) as closed_at from (
      select position_id, user_id, coin, figures->>'krExchange' as kr_exchange, figures->>'frExchange' as fr_exchange,
        max(entry_time::timestamp) as at
      from ${karbitRows} where status = 'OPEN' and state = 'written' and position_id in (${positionIds})
      group by 1, 2, 3, 4, 5) as opened
    join ${positions} as closed on closed.user_id = opened.user_id and closed.coin_symbol = opened.coin
      and closed.kr_exchange = opened.kr_exchange and closed.fr_exchange = opened.fr_exchange
      and closed.status = 'CLOSED' and closed.entry_time > opened.at
    where not exists (
      select 1 from ${karbitRows} as ours
      where ours.user_id = closed.user_id and ours.coin = closed.coin_symbol and ours.status = 'CLOSED'
        and ours.state = 'written' and ours.entry_time::timestamp = closed.entry_time)
    group by 1`;
}
