// A user's positions (OwnPositionStore in src/ports/own-positions.ts): active by Karbit's rule, or on paper by our own
// record, and history, statistics and daily profit over the same rows.

import { type SQL, sql } from "drizzle-orm";
import type { TradingMode } from "../../ports/journal.ts";
import type {
  ActivePosition,
  CoinStatistics,
  DailyProfit,
  OwnPositionStore,
  PositionRow,
  PositionStatistics,
} from "../../ports/own-positions.ts";
import { type Database, type Executor, rowsOf } from "./database.ts";
import { atOneInstant } from "./journal-reads.ts";
import { knownOr0, rowKeys, rowResults, rowsOfPage } from "./own-position-rows.ts";

const COINS_MAX = 20;

export function createOwnPositionStore(database: Database, mode: TradingMode): OwnPositionStore {
  return {
    async active(userId) {
      const found = await database.run("read active positions", (executor) =>
        rowsOf<Timed<ActivePosition, "latestEntryAtMs">>(
          executor,
          mode === "live" ? activeOfKarbit(userId) : activeOnPaper(userId),
        ),
      );
      return found.map((row) => ({ ...row, latestEntryAtMs: msOrNull(row.latestEntryAtMs) }));
    },
    history: (userId, { offset, limit }) =>
      atOneInstant(database, "read position history", async (executor) => {
        const [count] = await rowsOf<{ total: number }>(
          executor,
          sql`select count(*)::int as total from (${rowKeys(mode, userId)}) r`,
        );
        const page = await readRows(executor, { mode, userId, offset, limit });
        return { total: count!.total, rows: page.map(({ row }) => row) };
      }),
    async historyFrom(userId, { cursor, limit }) {
      const after = cursor === undefined ? undefined : (JSON.parse(cursor) as SortKey);
      const page = await database.run("read positions on", (executor) =>
        readRows(executor, { mode, userId, after, limit }),
      );
      const last = page.length < limit ? undefined : page.at(-1);
      return { rows: page.map(({ row }) => row), next: last && JSON.stringify(last.key) };
    },
    statistics: (userId, nowMs) =>
      atOneInstant(database, "read position statistics", (executor) =>
        readStatistics(executor, rowResults(mode, userId), nowMs),
      ),
    daily: (userId, { from, to }) =>
      database.run("read daily profit", (executor) =>
        // Karbit's chart goes by created_at; our rows have one instant in all three columns.
        rowsOf<DailyProfit>(
          executor,
          sql`select to_char(day, 'YYYY-MM-DD') as day, count(*)::int as closed,
                count(*) filter (where profit > 0)::int as wins, round(sum(profit), 2)::text as "profitKrw"
              from (select ${dayOf("created_at")} as day, profit from (${rowResults(mode, userId)}) r
                where status = 'CLOSED' and profit is not null) d
              where day between ${from}::date and ${to}::date group by day order by day`,
        ),
      ),
  };
}

type Timed<Row, Name extends keyof Row> = Omit<Row, Name> & { readonly [K in Name]: string | null };
type SortKey = readonly [at: string, place: number, id: string];

const msOrNull = (text: string | null) => (text === null ? null : Number(text));
/** The day in Korea of a column that is UTC without zone. */
const dayOf = (column: string) => sql.raw(`(${column} + interval '9 hours')::date`);
const msOf = (column: string) => sql.raw(`(extract(epoch from ${column}) * 1000)::bigint::text`);

function activeOfKarbit(userId: number): SQL {
  const sum = (column: string) => sql`sum(${knownOr0(`p.${column}`)})`;
  return sql`with closed as (
      select coin_symbol, max(entry_time) as last from public.positions
      where user_id = ${userId}::int and status = 'CLOSED' group by coin_symbol)
    select p.coin_symbol as coin, p.kr_exchange as "krExchange", p.fr_exchange as "frExchange",
      ${sum("kr_volume")}::text as "krVolumeCoin", ${sum("fr_volume")}::text as "frVolumeCoin",
      ${sum("kr_funds")}::text as "krFundsKrw", ${sum("fr_funds")}::text as "frFundsUsdt",
      round(${sum("kr_funds")} / nullif(${sum("fr_funds")}, 0), 2)::text as "entryRate",
      count(*)::int as entries, max(p.leverage) as leverage, ${msOf("max(p.entry_time)")} as "latestEntryAtMs"
    from public.positions p left join closed c on c.coin_symbol = p.coin_symbol
    where p.user_id = ${userId}::int and p.status = 'OPEN'
      and (c.last is null or p.entry_time > c.last)
    group by p.coin_symbol, p.kr_exchange, p.fr_exchange
    order by p.coin_symbol, p.kr_exchange, p.fr_exchange`;
}

/** What is left of each entry: here a position may have left in part. */
function activeOnPaper(userId: number): SQL {
  const rest = (column: string) =>
    sql.raw(`e.${column} - coalesce((select sum(t.${column}) from schedulerx.position_takes t
      where t.entry_intent_id = e.intent_id), 0)`);
  return sql`select coin, upper(split_part(pair, '-', 1)) as "krExchange", upper(split_part(pair, '-', 2)) as "frExchange",
      round(sum(qty), 8)::text as "krVolumeCoin", round(sum(qty), 8)::text as "frVolumeCoin",
      round(sum(krw), 8)::text as "krFundsKrw", round(sum(usdt), 8)::text as "frFundsUsdt",
      round(sum(krw) / nullif(sum(usdt), 0), 2)::text as "entryRate",
      count(*)::int as entries, max(leverage) as leverage, ${msOf("max(at)")} as "latestEntryAtMs"
    from (select p.coin, p.pair, p.leverage, e.at, ${rest("qty_coin")} as qty, ${rest("spent_krw")} as krw,
        ${rest("received_usdt")} as usdt
      from schedulerx.hedged_positions p
        join schedulerx.position_entries e on e.position_id = p.position_id
      where p.mode = 'paper' and p.user_id = ${userId}::int and p.closed_at is null) left_over
    where qty > 0 group by coin, pair order by coin, pair`;
}

/** Newest first. Karbit's column may be empty: such a row is the oldest. */
async function readRows(
  executor: Executor,
  part: {
    readonly mode: TradingMode;
    readonly userId: number;
    readonly after?: SortKey | undefined;
    readonly offset?: number;
    readonly limit: number;
  },
): Promise<{ readonly row: PositionRow; readonly key: SortKey }[]> {
  const { mode, userId, after, offset = 0, limit } = part;
  const at = sql`coalesce(entry_time, timestamp 'epoch')`;
  const where = after
    ? sql`where (${at}, place, id) < (${after[0]}::timestamp, ${after[1]}::int, ${after[2]}::text)`
    : sql``;
  const found = await rowsOf<
    Timed<PositionRow, "entryAtMs" | "exitAtMs"> & { readonly sortAt: string; readonly place: number }
  >(
    executor,
    sql`with page as materialized (
          select * from (${rowKeys(mode, userId)}) k ${where}
          order by ${at} desc, place desc, id desc limit ${limit}::int offset ${offset}::int)
        select id, place, status, coin, kr_exchange as "krExchange", fr_exchange as "frExchange", leverage,
          kr_price::text as "krPriceKrw", kr_volume::text as "krVolumeCoin", kr_funds::text as "krFundsKrw",
          kr_fee::text as "krFeeKrw", fr_price::text as "frPriceUsdt", fr_volume::text as "frVolumeCoin",
          fr_funds::text as "frFundsUsdt", fr_fee::text as "frFeeUsdt", entry_rate::text as "entryRate",
          exit_rate::text as "exitRate", usdt_price::text as "usdtPriceKrw", profit::text as "profitKrw",
          profit_rate::text as "profitRatePct", ${msOf("entry_time")} as "entryAtMs", ${msOf("exit_time")} as "exitAtMs",
          to_char(${at}, 'YYYY-MM-DD HH24:MI:SS.US') as "sortAt"
        from (${rowsOfPage(mode, userId)}) r order by ${at} desc, place desc, id desc`,
  );
  return found.map(({ sortAt, place, entryAtMs, exitAtMs, ...row }) => ({
    row: { ...row, entryAtMs: msOrNull(entryAtMs), exitAtMs: msOrNull(exitAtMs) },
    key: [sortAt, place, row.id],
  }));
}

async function readStatistics(executor: Executor, rows: SQL, nowMs: number): Promise<PositionStatistics> {
  // Told as UTC without zone, like the columns.
  const now = sql`${new Date(nowMs).toISOString().slice(0, 23)}::timestamp`;
  const [all] = await rowsOf<Omit<PositionStatistics, "byCoin">>(
    executor,
    sql`select count(*) filter (where status = 'OPEN')::int as entries,
          count(*) filter (where status = 'CLOSED')::int as closed,
          count(*) filter (where profit > 0)::int as wins, count(*) filter (where profit < 0)::int as losses,
          round(100.0 * count(*) filter (where profit > 0) / nullif(count(profit), 0), 2)::text as "winRatePct",
          round(coalesce(sum(profit), 0), 2)::text as "profitKrw",
          round(coalesce(sum(profit) filter (where status = 'CLOSED'
            and ${dayOf("exit_time")} = (${now} + interval '9 hours')::date), 0), 2)::text as "profitTodayKrw",
          round(avg(profit_rate) filter (where status = 'CLOSED'), 2)::text as "meanProfitRatePct",
          round(max(profit), 2)::text as "bestProfitKrw", round(min(profit), 2)::text as "worstProfitKrw"
        from (${rows}) r`,
  );
  const byCoin = await rowsOf<CoinStatistics>(
    executor,
    sql`select coin, count(*)::int as closed, count(*) filter (where profit > 0)::int as wins,
          round(coalesce(sum(profit), 0), 2)::text as "profitKrw"
        from (${rows}) r where status = 'CLOSED'
        group by coin order by sum(profit) desc nulls last, coin limit ${COINS_MAX}::int`,
  );
  return { ...all!, byCoin };
}
