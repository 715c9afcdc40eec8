// What Karbit's screens make of its `positions`, rebuilt from the contract's rules (3.6) and from nothing of ours: active
// positions, history, today's profit. Held against our own schema; returns what does not fit, in words.

import { sql } from "drizzle-orm";
import { Decimal } from "../../domain/decimal.ts";
import type { TestTrader } from "./test-traders.ts";
import type { TradingFleet } from "./trading-fleet.ts";

export interface ActivePosition {
  readonly coin: string;
  readonly kr: string;
  readonly fr: string;
  readonly krVolume: string;
  readonly frVolume: string;
  readonly averageEntryRate: string;
  readonly count: number;
}

/** Per coin the newest CLOSED row cuts; active are OPEN rows strictly later, grouped by coin and both exchanges. */
export async function activePositions(fleet: TradingFleet, userId: number): Promise<ActivePosition[]> {
  return await fleet.rows(
    sql`with cuts as (select coin_symbol, max(entry_time) as cut from positions
          where user_id = ${userId} and status = 'CLOSED' group by coin_symbol)
        select p.coin_symbol as coin, p.kr_exchange as kr, p.fr_exchange as fr,
          sum(p.kr_volume)::text as "krVolume", sum(p.fr_volume)::text as "frVolume",
          round(sum(p.kr_funds) / sum(p.fr_funds), 2)::text as "averageEntryRate", count(*)::int as count
        from positions p left join cuts using (coin_symbol)
        where p.user_id = ${userId} and p.status = 'OPEN' and (cuts.cut is null or p.entry_time > cuts.cut)
        group by 1, 2, 3`,
  );
}

interface HistoryRow {
  readonly status: string | null;
  readonly profit: string | null;
  readonly usdtPrice: string;
  readonly krOrderId: string;
  readonly frOrderId: string;
  readonly exitTimeMs: number | null;
  readonly entryTimeMs: number;
}

export async function history(fleet: TradingFleet, userId: number): Promise<HistoryRow[]> {
  return await fleet.rows(
    sql`select status, profit::text, usdt_price::text as "usdtPrice", kr_order_id as "krOrderId", fr_order_id as "frOrderId",
          (extract(epoch from exit_time) * 1000)::float as "exitTimeMs",
          (extract(epoch from entry_time) * 1000)::float as "entryTimeMs"
        from positions where user_id = ${userId} order by entry_time desc`,
  );
}

/** KRW, of CLOSED rows whose exit time lies within the day of a server in Seoul. */
export async function profitToday(fleet: TradingFleet, userId: number): Promise<Decimal> {
  const [row] = await fleet.rows<{ sum: string }>(
    sql`select coalesce(sum(profit), 0)::text as sum from positions
        where user_id = ${userId} and status = 'CLOSED'
          and (exit_time + interval '9 hours')::date = (now() at time zone 'UTC' + interval '9 hours')::date`,
  );
  return Decimal.of(row!.sum);
}

/** What our own schema says and Karbit has to show. `strategyGone`: Karbit has deleted the rows itself. */
export async function auditKarbit(
  fleet: TradingFleet,
  trader: TestTrader,
  { strategyGone = false } = {},
): Promise<string[]> {
  const wrong: string[] = [];
  const { userId, coin, pair } = trader;
  const say = (what: string) => wrong.push(`Karbit, user ${userId} (${coin} on ${pair}): ${what}`);
  const own = await fleet.rows<{ qtyCoin: string; entries: number; rate: string }>(
    // Karbit cannot show parts: an open position stands with all its entries until it is gone.
    sql`select sum(e.qty_coin)::text as "qtyCoin", count(*)::int as entries,
          round(sum(e.spent_krw) / sum(e.received_usdt), 2)::text as rate
        from schedulerx.hedged_positions p join schedulerx.position_entries e using (position_id)
        where p.user_id = ${userId} and p.closed_at is null group by p.position_id`,
  );
  const active = await activePositions(fleet, userId);
  if (active.length !== (strategyGone ? 0 : own.length)) {
    say(`expected ${own.length} active, was ${JSON.stringify(active)}`);
  } else if (active.length > 0) {
    const [shown, ours] = [active[0]!, own[0]!];
    const [kr, fr] = pair.toUpperCase().split("-");
    if (shown.coin !== coin || shown.kr !== kr || shown.fr !== fr)
      say(`expected ${coin} ${kr} ${fr}, was ${shown.coin} ${shown.kr} ${shown.fr}`);
    const volume = Decimal.of(shown.krVolume);
    if (volume.minus(Decimal.of(ours.qtyCoin)).abs().above(Decimal.of("0.00000002")))
      say(`expected ${ours.qtyCoin} coins, was ${volume}`);
    if (shown.count !== ours.entries) say(`expected ${ours.entries} entries, was ${shown.count}`);
    if (Decimal.of(shown.averageEntryRate).minus(Decimal.of(ours.rate)).abs().above(Decimal.of("0.01")))
      say(`expected an average entry rate of ${ours.rate}, was ${shown.averageEntryRate}`);
  }

  const rows = await history(fleet, userId);
  const ids = rows.map(({ krOrderId, frOrderId }) => `${krOrderId} ${frOrderId}`);
  if (new Set(ids).size !== ids.length) say("an order stands in two rows");
  for (const { status, profit, exitTimeMs, entryTimeMs } of rows) {
    const isClosed = status === "CLOSED";
    if (!isClosed && status !== "OPEN") say(`expected OPEN or CLOSED, was ${status}`);
    if (isClosed !== (profit !== null))
      say(`expected profit on CLOSED rows alone, was ${profit} on ${status}`);
    if (isClosed && exitTimeMs !== entryTimeMs) say("expected a CLOSED row with its exit time as entry time");
    if (Math.abs(entryTimeMs - Date.now()) > 3_600_000) say(`expected UTC of now, was ${entryTimeMs}`);
  }
  const [done] = await fleet.rows<{ closed: number; profit: string }>(
    sql`select count(distinct p.position_id)::int as closed, coalesce(sum(x.profit_krw), 0)::text as profit
        from schedulerx.hedged_positions p join schedulerx.position_exits x using (position_id)
        where p.user_id = ${userId} and p.closed_at is not null`,
  );
  if (strategyGone) return wrong;
  const closedRows = rows.filter(({ status }) => status === "CLOSED").length;
  if (closedRows !== done!.closed) say(`expected ${done!.closed} CLOSED rows, was ${closedRows}`);
  const today = await profitToday(fleet, userId);
  if (today.minus(Decimal.of(done!.profit)).abs().above(Decimal.ONE))
    say(`expected a profit today of ${done!.profit}, was ${today}`);
  return wrong;
}
