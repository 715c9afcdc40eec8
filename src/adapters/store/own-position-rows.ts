// A user's position rows in Karbit's columns, as sub-selects: of live trading Karbit's table itself, of paper trading the
// same figures out of our journal (what domain/intent-ends.ts makes of them for Karbit). An entry is an OPEN row for ever;
// a position that is gone has one CLOSED row, over all the parts it left in. Times are UTC without zone, whatever the zone
// of the server. Three depths, because the figures of a close are gathered from its fills: that is done for a page only.

import { type SQL, sql } from "drizzle-orm";
import type { TradingMode } from "../../ports/journal.ts";

/** `id`, `place` (orders rows of one instant), `status` and `entry_time`. */
export function rowKeys(mode: TradingMode, userId: number): SQL {
  if (mode === "live") {
    return sql`select id::text as id, id as place, status, entry_time
      from public.positions where user_id = ${userId}::int`;
  }
  return sql`select e.intent_id as id, p.position_id as place, 'OPEN' as status, ${utc("e.at")} as entry_time
    from ${entriesOf(userId)}
    union all
    select 'closed-' || p.position_id, p.position_id, 'CLOSED', ${utc("p.closed_at")}
    from schedulerx.hedged_positions p where ${isOf(userId)} and p.closed_at is not null`;
}

/** `status`, `coin`, `profit`, `profit_rate`, `exit_time` and `created_at`. */
export function rowResults(mode: TradingMode, userId: number): SQL {
  if (mode === "live") {
    return sql`select status, coin_symbol as coin, ${known("profit")} as profit, ${known("profit_rate")} as profit_rate,
        exit_time, created_at
      from public.positions where user_id = ${userId}::int`;
  }
  return sql`select 'OPEN' as status, p.coin, null::numeric as profit, null::numeric as profit_rate,
      null::timestamp as exit_time, ${utc("e.at")} as created_at
    from ${entriesOf(userId)}
    union all
    select 'CLOSED', p.coin, round(x.profit, 2),
      case when x.parts = 1 then round(x.rate, 2) else (select ${RATE} from (${wholeExit()}) x) end,
      ${utc("p.closed_at")}, ${utc("p.closed_at")}
    from schedulerx.hedged_positions p cross join lateral (
      select count(*)::int as parts, sum(profit_krw) as profit, max(profit_rate_pct) as rate
      from schedulerx.position_exits where position_id = p.position_id) x
    where ${isOf(userId)} and p.closed_at is not null`;
}

/** Every column of the rows whose keys are in the relation `page`. */
export function rowsOfPage(mode: TradingMode, userId: number): SQL {
  return mode === "live" ? karbitRowsOf(userId) : paperRowsOf(userId);
}

/** Karbit's numeric columns take "NaN" as well: null then, where a figure may be unknown, or nothing where there is one. */
const known = (column: string) => sql.raw(`nullif(${column}, 'NaN')`);
export const knownOr0 = (column: string) => sql.raw(`coalesce(nullif(${column}, 'NaN'), 0)`);

const utc = (column: string) => sql.raw(`${column} at time zone 'UTC'`);
const isOf = (userId: number) => sql`p.mode = 'paper' and p.user_id = ${userId}::int`;
const entriesOf = (userId: number) =>
  sql`(select * from schedulerx.hedged_positions p where ${isOf(userId)}) p
    join schedulerx.position_entries e on e.position_id = p.position_id`;
/** Of the result x of wholeExit. */
const RATE = sql.raw(`round(case when x.parts = 1 then x.rate
  else x.profit * 200 / nullif(x.spent + x.received * x.reference, 0) end, 2)`);

/** Karbit's columns that hold a figure always, and those that may hold none. */
const AMOUNTS = ["kr", "fr"].flatMap((leg) =>
  ["price", "volume", "funds", "fee"].map((what) => `${leg}_${what}`),
);
const FIGURES = ["entry_rate", "exit_rate", "usdt_price", "profit", "profit_rate"];

function karbitRowsOf(userId: number): SQL {
  const amounts = AMOUNTS.map((column) => sql`${knownOr0(column)} as ${sql.raw(column)}`);
  const figures = FIGURES.map((column) => sql`${known(column)} as ${sql.raw(column)}`);
  return sql`select id::text as id, id as place, status, coin_symbol as coin, kr_exchange, fr_exchange, leverage,
      ${sql.join([...amounts, ...figures], sql`, `)}, entry_time, exit_time
    from public.positions where user_id = ${userId}::int and id in (select place from page)`;
}

function paperRowsOf(userId: number): SQL {
  const exchanges = sql`upper(split_part(p.pair, '-', 1)) as kr_exchange, upper(split_part(p.pair, '-', 2)) as fr_exchange`;
  return sql`select e.intent_id as id, p.position_id as place, 'OPEN' as status, p.coin, ${exchanges}, p.leverage,
      round(e.spent_krw / e.qty_coin, 8) as kr_price, round(e.qty_coin, 8) as kr_volume,
      round(e.spent_krw, 8) as kr_funds, round(e.fee_krw, 8) as kr_fee,
      round(e.received_usdt / e.qty_coin, 8) as fr_price, round(e.qty_coin, 8) as fr_volume,
      round(e.received_usdt, 8) as fr_funds, round(e.fee_usdt, 8) as fr_fee,
      round(e.spent_krw / nullif(e.received_usdt, 0), 2) as entry_rate, null::numeric as exit_rate,
      round((i.terms->>'referenceKrw')::numeric, 2) as usdt_price,
      null::numeric as profit, null::numeric as profit_rate,
      ${utc("e.at")} as entry_time, null::timestamp as exit_time
    from ${entriesOf(userId)} join schedulerx.intents i on i.intent_id = e.intent_id
    where e.intent_id in (select id from page where status = 'OPEN')
    union all
    select 'closed-' || p.position_id, p.position_id, 'CLOSED', p.coin, ${exchanges}, p.leverage,
      round(coalesce(x.krw / nullif(x.sold, 0), 0), 8), round(x.sold, 8), round(x.krw, 8), round(x.krw_fee, 8),
      round(coalesce(x.usdt / nullif(x.qty, 0), 0), 8), round(x.qty, 8), round(2 * x.received - x.usdt, 8),
      round(x.usdt_fee, 8), round(x.spent / nullif(x.received, 0), 2),
      round(coalesce(x.krw * x.qty / nullif(x.usdt * x.sold, 0), 0), 2), round(x.reference, 2), round(x.profit, 2),
      ${RATE}, ${utc("p.closed_at")}, ${utc("p.closed_at")}
    from schedulerx.hedged_positions p cross join lateral (${wholeExit()}) x
    where ${isOf(userId)} and p.position_id in (select place from page where status = 'CLOSED')`;
}

/**
 * All exits of position p together. Coins sold beyond the position's were dust: they take their share of the proceeds.
 * The reference price is the one the last exit was planned with.
 */
function wholeExit(): SQL {
  return sql`select count(*)::int as parts, sum(part.profit_krw) as profit, max(part.profit_rate_pct) as rate,
      (array_agg((part.terms->>'referenceKrw')::numeric order by part.at desc, part.intent_id desc))[1] as reference,
      coalesce(sum(taken.qty), 0) as qty, coalesce(sum(taken.spent), 0) as spent,
      coalesce(sum(taken.received), 0) as received,
      coalesce(sum(least(legs.sold, taken.qty)), 0) as sold,
      coalesce(sum(legs.krw * least(legs.sold, taken.qty) / nullif(legs.sold, 0)), 0) as krw,
      coalesce(sum(legs.krw_fee * least(legs.sold, taken.qty) / nullif(legs.sold, 0)), 0) as krw_fee,
      coalesce(sum(legs.usdt), 0) as usdt, coalesce(sum(legs.usdt_fee), 0) as usdt_fee
    from (select e.intent_id, e.profit_krw, e.profit_rate_pct, e.at, i.terms
        from schedulerx.position_exits e join schedulerx.intents i on i.intent_id = e.intent_id
        where e.position_id = p.position_id) part
      cross join lateral (
        select sum(qty_coin) as qty, sum(spent_krw) as spent, sum(received_usdt) as received
        from schedulerx.position_takes where exit_intent_id = part.intent_id) taken
      cross join lateral (
        select sum(f.qty) filter (where o.purpose = 'sell') as sold,
          sum(f.price * f.qty) filter (where o.purpose = 'sell') as krw,
          sum(f.fee_valued) filter (where o.purpose = 'sell') as krw_fee,
          sum(f.price * f.qty) filter (where o.purpose = 'cover') as usdt,
          sum(f.fee_valued) filter (where o.purpose = 'cover') as usdt_fee
        from schedulerx.orders o join schedulerx.fills f on f.client_order_id = o.client_order_id
        where o.intent_id = part.intent_id) legs`;
}
