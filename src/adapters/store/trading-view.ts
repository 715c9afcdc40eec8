// What is shown of trading, out of the journal, the last decisions and Karbit's users and strategies, all of one instant
// (TradingViewStore in src/ports/trading-view.ts). Reads only; five statements, however many traders there are.

import { sql } from "drizzle-orm";
import type { PairKey } from "../../../schema/vocabulary.ts";
import { Decimal } from "../../domain/decimal.ts";
import { sliceKrw } from "../../domain/strategy.ts";
import type { TradingMode } from "../../ports/journal.ts";
import type {
  ClosedView,
  DecisionView,
  StoredPosition,
  StoredTrader,
  StrategyView,
  TradingViewStore,
} from "../../ports/trading-view.ts";
import { type Database, type Executor, rowsOf } from "./database.ts";
import { atOneInstant, leftOfEntries } from "./journal-reads.ts";

const TRADERS_MAX = 20;
const CLOSED_MAX = 10;
const DECISIONS_MAX = 5;
const SHOWN_DECIMALS = 2;

export function createTradingViewStore(database: Database): TradingViewStore {
  return {
    read(mode, decisionsSinceMs) {
      return atOneInstant(database, "read the view of trading", async (executor) => {
        const traders = await readTraders(executor, mode);
        const ids = traders.map(({ userId }) => userId);
        if (ids.length === 0) return [];
        const profits = await readProfits(executor, mode, ids);
        const open = await readOpen(executor, mode, ids);
        const closed = await readClosed(executor, mode, ids);
        const decisions = await readDecisions(executor, { mode, ids, sinceMs: decisionsSinceMs });
        return traders.map(({ userId, name, strategy }): StoredTrader => {
          const of = <Row extends OfUser>(rows: readonly Row[]) =>
            rows.filter((row) => row.userId === userId).map(({ userId: _, ...row }) => row);
          return {
            ...{ userId, name, strategy },
            profitKrw: shown(profits.get(userId) ?? "0"),
            open: of(open),
            closed: of(closed),
            decisions: of(decisions),
          };
        });
      });
    },
    open: (mode, userId) =>
      atOneInstant(database, "read own open positions", async (executor) => {
        const open = await readOpen(executor, mode, [userId]);
        return open.filter(({ entries }) => entries.length > 0).map(({ userId: _, ...position }) => position);
      }),
  };
}

interface OfUser {
  readonly userId: number;
}

type Of<View> = View & OfUser;

const shown = (text: string) => Decimal.of(text).toFixed(SHOWN_DECIMALS);
const idList = (ids: readonly number[]) =>
  sql.join(
    ids.map((id) => sql`${id}::int`),
    sql`, `,
  );
/** An instant as epoch ms, in a text that a double holds. */
const msOf = (column: string) => sql.raw(`(extract(epoch from ${column}) * 1000)::bigint::text`);

async function readTraders(executor: Executor, mode: TradingMode) {
  const rows = await rowsOf<{
    id: number;
    name: string | null;
    strategy: string | null;
    seed: string;
    division: number;
    leverage: number;
    trade_mode: string;
    entry: string;
    exit: string;
  }>(
    executor,
    sql`select u.id, u.name, s.name as strategy, s.seed_amount::text as seed, s.seed_division as division,
          s.leverage, s.trade_mode, s.entry_rate::text as entry, s.exit_rate::text as exit
        from users u
          left join strategies s on s.id = u.active_strategy_id and s.is_active and s.user_id = u.id
        where s.id is not null or u.id in (
          select user_id from schedulerx.hedged_positions where mode = ${mode} and closed_at is null)
        order by u.id limit ${TRADERS_MAX}::int`,
  );
  return rows.map(({ id, name, strategy, seed, division, leverage, trade_mode, entry, exit }) => ({
    userId: id,
    name: name ?? `#${id}`,
    strategy:
      strategy === null
        ? null
        : ({
            ...{ name: strategy, entryRate: shown(entry), exitRate: shown(exit), division, leverage },
            sliceKrw: sliceText(seed, division),
            isAuto: trade_mode === "auto",
          } satisfies StrategyView),
  }));
}

/** A division that cannot be traded has no slice either. */
function sliceText(seed: string, division: number): string {
  if (division < 1) return "0";
  return sliceKrw({ seedAmountKrw: Decimal.of(seed), seedDivision: division }).toString();
}

async function readProfits(executor: Executor, mode: TradingMode, ids: readonly number[]) {
  const rows = await rowsOf<{ user_id: number; krw: string }>(
    executor,
    sql`select p.user_id, sum(e.profit_krw)::text as krw
        from schedulerx.position_exits e join schedulerx.hedged_positions p using (position_id)
        where p.mode = ${mode} and p.user_id in (${idList(ids)}) and e.profit_krw is not null
        group by p.user_id`,
  );
  return new Map(rows.map(({ user_id, krw }) => [user_id, krw]));
}

async function readOpen(
  executor: Executor,
  mode: TradingMode,
  ids: readonly number[],
): Promise<Of<StoredPosition>[]> {
  const rows = await rowsOf<{
    position_id: number;
    user_id: number;
    coin: string;
    pair: PairKey;
    opened_at: string;
    exit_terms: string;
    funding: string;
  }>(
    executor,
    sql`select p.position_id, p.user_id, p.coin, p.pair, ${msOf("p.opened_at")} as opened_at,
          p.exit_terms::text as exit_terms,
          coalesce((select sum(f.amount_usdt) from schedulerx.funding_events f
            where f.position_id = p.position_id and not f.late), 0)::text as funding
        from schedulerx.hedged_positions p
        where p.mode = ${mode} and p.closed_at is null and p.user_id in (${idList(ids)})
        order by p.opened_at, p.position_id`,
  );
  const left = await leftOfEntries(
    executor,
    rows.map((row) => row.position_id),
  );
  const leftBy = Map.groupBy(left, ({ positionId }) => positionId);
  return rows.map(({ position_id, user_id, coin, pair, opened_at, exit_terms, funding }) => ({
    ...{ userId: user_id, coin, pair },
    openedAtMs: Number(opened_at),
    exitTerms: JSON.parse(exit_terms),
    entries: (leftBy.get(position_id) ?? [])
      .filter(({ qtyCoin }) => !qtyCoin.isZero)
      .map(({ qtyCoin, spentKrw, feeKrw, receivedUsdt, feeUsdt }) => {
        return { qtyCoin, spentKrw, feeKrw, receivedUsdt, feeUsdt };
      }),
    fundingUsdt: Decimal.of(funding),
  }));
}

async function readClosed(
  executor: Executor,
  mode: TradingMode,
  ids: readonly number[],
): Promise<Of<ClosedView>[]> {
  const rows = await rowsOf<{
    user_id: number;
    coin: string;
    pair: PairKey;
    profit: string;
    rate: string;
    opened_at: string;
    at: string;
  }>(
    executor,
    sql`select * from (
          select p.user_id, p.coin, p.pair, e.profit_krw::text as profit,
            coalesce(e.profit_rate_pct, 0)::text as rate,
            ${msOf("p.opened_at")} as opened_at, ${msOf("e.at")} as at,
            row_number() over (partition by p.user_id order by e.at desc, e.position_id desc) as place
          from schedulerx.position_exits e join schedulerx.hedged_positions p using (position_id)
          where p.mode = ${mode} and p.user_id in (${idList(ids)}) and e.profit_krw is not null
        ) newest where place <= ${CLOSED_MAX}::int order by user_id, place`,
  );
  return rows.map(({ user_id, coin, pair, profit, rate, opened_at, at }) => ({
    ...{ userId: user_id, coin, pair },
    profitKrw: shown(profit),
    profitRatePct: shown(rate),
    openedAtMs: Number(opened_at),
    closedAtMs: Number(at),
  }));
}

async function readDecisions(
  executor: Executor,
  {
    mode,
    ids,
    sinceMs,
  }: { readonly mode: TradingMode; readonly ids: readonly number[]; readonly sinceMs: number },
): Promise<Of<DecisionView>[]> {
  const rows = await rowsOf<Omit<Of<DecisionView>, "userId" | "atMs"> & { user_id: number; at_ms: string }>(
    executor,
    sql`select user_id, coin, pair, action, reason, context, at_ms from (
          select user_id, coin, pair, action, reason, context, ${msOf("at")} as at_ms,
            row_number() over (partition by user_id order by at desc, coin, strategy_id) as place
          from schedulerx.last_decisions
          where mode = ${mode} and user_id in (${idList(ids)}) and at >= ${new Date(sinceMs).toISOString()}::timestamptz
        ) newest where place <= ${DECISIONS_MAX}::int order by user_id, place`,
  );
  return rows.map(({ user_id, at_ms, ...row }) => ({ ...row, userId: user_id, atMs: Number(at_ms) }));
}
