// The rate history on either database. A minute is written as one row per pair; when its hour is over, `fold` turns
// those rows into one row per coin, pair and hour, which is what charts read. Both tables together are the truth, and
// a minute found in both is taken from the recent one.

import { and, asc, desc, eq, gte, lt, sql } from "drizzle-orm";
import { coinRatesHourly, coinRatesRecent, pairRates } from "../../../schema/tables/schedulerx.ts";
import { PAIR_KEYS, PAIRS } from "../../../schema/vocabulary.ts";
import { type CoinSample, MINUTE_MS, type MinuteSample, type PairSample } from "../../domain/rate-history.ts";
import type { HistoryRange, HistoryStore } from "../../ports/store.ts";
import { type Database, type Executor, rowsOf } from "./database.ts";

const HOUR_MINUTES = 60;
const HOUR_MS = HOUR_MINUTES * MINUTE_MS;
const STEPS_MAX = 20_000;
/** Hours of a pair folded after one minute is recorded; more than one a pair only after a failed attempt. */
const FOLDS_MAX = 96;
const PRUNE_BATCH_ROWS = 20_000;
const PRUNE_BATCHES_MAX = 1_000;

export function createHistoryStore(database: Database): HistoryStore {
  return {
    async recordMinute(sample) {
      await database.transaction("record rates", (executor) => insertMinute(executor, sample));
      await foldBefore(database, Math.floor(sample.minuteAtMs / HOUR_MS));
    },
    async pairHistory(range) {
      const span = spanOf(range);
      return await database.run("read pair history", (executor) => selectPairHistory(executor, span));
    },
    async coinHistory(range) {
      const span = spanOf(range);
      return await database.run("read coin history", (executor) =>
        selectCoinHistory(executor, range.coin, span),
      );
    },
    prune: (beforeAtMs) => prune(database, Math.floor(beforeAtMs / HOUR_MS)),
  };
}

/** Minutes since the epoch: `from` included, `to` excluded. */
interface Span {
  readonly pairIndex: number;
  readonly from: number;
  readonly to: number;
  readonly step: number;
}

function spanOf(range: HistoryRange): Span {
  const step = range.stepMinutes ?? 1;
  if (!Number.isInteger(step) || step < 1) {
    throw new RangeError(`expected stepMinutes to be a whole number from 1, was ${step}`);
  }
  const from = Math.ceil(range.fromAtMs / MINUTE_MS);
  const to = Math.ceil(range.toAtMs / MINUTE_MS);
  if (!((to - from) / step <= STEPS_MAX)) {
    throw new RangeError(`expected at most ${STEPS_MAX} steps, was ${Math.ceil((to - from) / step)}`);
  }
  return { pairIndex: PAIR_KEYS.indexOf(range.pair), from, to, step };
}

async function insertMinute(executor: Executor, sample: MinuteSample): Promise<void> {
  const minute = sample.minuteAtMs / MINUTE_MS;
  await executor
    .insert(pairRates)
    .values(
      sample.pairs.map((pair) => ({
        pair: pair.pairIndex,
        minute,
        bestEntryJeon: pair.bestEntryJeon,
        bestExitJeon: pair.bestExitJeon,
        medianEntryJeon: pair.medianEntryJeon,
        medianExitJeon: pair.medianExitJeon,
        referenceJeon: pair.referenceJeon,
        coinCount: pair.coinCount,
      })),
    )
    .onConflictDoUpdate({
      target: [pairRates.pair, pairRates.minute],
      set: {
        bestEntryJeon: sql`excluded.best_entry_jeon`,
        bestExitJeon: sql`excluded.best_exit_jeon`,
        medianEntryJeon: sql`excluded.median_entry_jeon`,
        medianExitJeon: sql`excluded.median_exit_jeon`,
        referenceJeon: sql`excluded.reference_jeon`,
        coinCount: sql`excluded.coin_count`,
      },
    });
  await executor
    .insert(coinRatesRecent)
    .values(
      PAIRS.map((_, pairIndex) => {
        const coins = sample.coins.filter((coin) => coin.pairIndex === pairIndex);
        return {
          minute,
          pair: pairIndex,
          coins: coins.map((coin) => coin.coin),
          entryJeonAt1m: coins.map((coin) => coin.entryJeonAt1m),
          exitJeonAt1m: coins.map((coin) => coin.exitJeonAt1m),
          entryJeonAt10m: coins.map((coin) => coin.entryJeonAt10m),
          exitJeonAt10m: coins.map((coin) => coin.exitJeonAt10m),
        };
      }),
    )
    .onConflictDoUpdate({
      target: [coinRatesRecent.minute, coinRatesRecent.pair],
      set: {
        coins: sql`excluded.coins`,
        entryJeonAt1m: sql`excluded.entry_jeon_at_1m`,
        exitJeonAt1m: sql`excluded.exit_jeon_at_1m`,
        entryJeonAt10m: sql`excluded.entry_jeon_at_10m`,
        exitJeonAt10m: sql`excluded.exit_jeon_at_10m`,
      },
    });
}

/** Folds the hours before `hour` that still lie minute by minute. */
async function foldBefore(database: Database, hour: number): Promise<void> {
  const due = await database.run("find hours to fold", (executor) =>
    rowsOf<{ hour: number; pair: number }>(
      executor,
      sql`select distinct minute / ${HOUR_MINUTES}::int as hour, pair from ${coinRatesRecent}
          where minute < ${hour * HOUR_MINUTES} order by 1, 2 limit ${FOLDS_MAX}`,
    ),
  );
  // Pair by pair: PGlite works on our own thread, and a quarter of an hour's rows holds it up for some 60 ms.
  for (const row of due)
    await database.run("fold an hour", (executor) => foldHour(executor, row.hour, row.pair));
}

/**
 * One statement, so nothing is lost or doubled when it is cut short or run twice. Minutes not recorded keep what the
 * hourly row already holds: a minute may come late, after its hour was folded.
 */
async function foldHour(executor: Executor, hour: number, pair: number): Promise<void> {
  const first = hour * HOUR_MINUTES;
  await executor.execute(sql`
    with gone as (
      delete from ${coinRatesRecent}
      where pair = ${pair} and minute >= ${first}::int and minute < ${first + HOUR_MINUTES}::int returning *
    ), cell as (
      select gone.pair, gone.minute - ${first}::int as position, item.*
      from gone, unnest(coins, entry_jeon_at_1m, exit_jeon_at_1m, entry_jeon_at_10m, exit_jeon_at_10m)
        as item (coin, entry_1m, exit_1m, entry_10m, exit_10m)
    ), place as (
      select coin, pair, position
      from (select distinct coin, pair from cell) as row, generate_series(0, ${HOUR_MINUTES - 1}) as position
    )
    insert into ${coinRatesHourly}
    select place.coin, place.pair, ${hour}::int,
      array_agg(case when cell.coin is null then held.entry_jeon_at_1m[position + 1] else entry_1m end order by position),
      array_agg(case when cell.coin is null then held.exit_jeon_at_1m[position + 1] else exit_1m end order by position),
      array_agg(case when cell.coin is null then held.entry_jeon_at_10m[position + 1] else entry_10m end order by position),
      array_agg(case when cell.coin is null then held.exit_jeon_at_10m[position + 1] else exit_10m end order by position)
    from place
    left join cell using (coin, pair, position)
    left join ${coinRatesHourly} as held
      on held.coin = place.coin and held.pair = place.pair and held.hour = ${hour}::int
    group by place.coin, place.pair
    on conflict (coin, pair, hour) do update set
      entry_jeon_at_1m = excluded.entry_jeon_at_1m, exit_jeon_at_1m = excluded.exit_jeon_at_1m,
      entry_jeon_at_10m = excluded.entry_jeon_at_10m, exit_jeon_at_10m = excluded.exit_jeon_at_10m`);
}

async function selectPairHistory(executor: Executor, span: Span): Promise<PairSample[]> {
  const step = sql`${pairRates.minute} / ${sql.raw(String(span.step))}`;
  const rows = await executor
    .selectDistinctOn([step])
    .from(pairRates)
    .where(
      and(
        eq(pairRates.pair, span.pairIndex),
        gte(pairRates.minute, span.from),
        lt(pairRates.minute, span.to),
      ),
    )
    .orderBy(step, desc(pairRates.minute));
  return rows.map(({ minute, pair, ...rates }) => ({
    minuteAtMs: minute * MINUTE_MS,
    pairIndex: pair,
    ...rates,
  }));
}

type Cell = Omit<CoinSample, "minuteAtMs" | "coin" | "pairIndex">;

async function selectCoinHistory(executor: Executor, coin: string, span: Span): Promise<CoinSample[]> {
  const hours = await executor
    .select()
    .from(coinRatesHourly)
    .where(
      and(
        eq(coinRatesHourly.coin, coin),
        eq(coinRatesHourly.pair, span.pairIndex),
        gte(coinRatesHourly.hour, Math.floor(span.from / HOUR_MINUTES)),
        lt(coinRatesHourly.hour, Math.ceil(span.to / HOUR_MINUTES)),
      ),
    )
    .orderBy(asc(coinRatesHourly.hour));
  const recent = await rowsOf<{ minute: number } & Cell>(
    executor,
    sql`select minute, entry_jeon_at_1m[place] as "entryJeonAt1m", exit_jeon_at_1m[place] as "exitJeonAt1m",
          entry_jeon_at_10m[place] as "entryJeonAt10m", exit_jeon_at_10m[place] as "exitJeonAt10m"
        from (select *, array_position(coins, ${coin}::text) as place from ${coinRatesRecent}
          where pair = ${span.pairIndex} and minute >= ${span.from} and minute < ${span.to}) as minutes
        where place is not null order by minute`,
  );
  const recentMinutes = new Set(recent.map((row) => row.minute));
  const steps = new Map<number, CoinSample>();
  const keep = (minute: number, cell: Cell) => {
    const step = Math.floor(minute / span.step);
    const held = steps.get(step);
    const minuteAtMs = minute * MINUTE_MS;
    if (held === undefined || held.minuteAtMs < minuteAtMs) {
      steps.set(step, { minuteAtMs, coin, pairIndex: span.pairIndex, ...cell });
    }
  };
  for (const row of hours) {
    for (let position = 0; position < HOUR_MINUTES; position++) {
      const minute = row.hour * HOUR_MINUTES + position;
      const cell = {
        entryJeonAt1m: row.entryJeonAt1m[position] ?? null,
        exitJeonAt1m: row.exitJeonAt1m[position] ?? null,
        entryJeonAt10m: row.entryJeonAt10m[position] ?? null,
        exitJeonAt10m: row.exitJeonAt10m[position] ?? null,
      };
      const within = minute >= span.from && minute < span.to;
      if (within && !recentMinutes.has(minute) && !isEmpty(cell)) keep(minute, cell);
    }
  }
  for (const { minute, ...cell } of recent) if (!isEmpty(cell)) keep(minute, cell);
  return [...steps.values()].sort((a, b) => a.minuteAtMs - b.minuteAtMs);
}

/** In a folded hour a minute without any rate and one never recorded are the same, so both are left out everywhere. */
function isEmpty(cell: Cell): boolean {
  return (
    cell.entryJeonAt1m === null &&
    cell.exitJeonAt1m === null &&
    cell.entryJeonAt10m === null &&
    cell.exitJeonAt10m === null
  );
}

async function prune(database: Database, hour: number): Promise<number> {
  const minute = hour * HOUR_MINUTES;
  return (
    (await deleteInBatches(database, sql`${coinRatesHourly}`, sql`hour < ${hour}`)) +
    (await deleteInBatches(database, sql`${coinRatesRecent}`, sql`minute < ${minute}`)) +
    (await deleteInBatches(database, sql`${pairRates}`, sql`minute < ${minute}`))
  );
}

/** In bites, so that a first run over a large table holds no lock for long and stays below the statement timeout. */
async function deleteInBatches(
  database: Database,
  table: ReturnType<typeof sql>,
  condition: ReturnType<typeof sql>,
): Promise<number> {
  let total = 0;
  for (let batch = 0; batch < PRUNE_BATCHES_MAX; batch++) {
    const [row] = await database.run("prune rates", (executor) =>
      rowsOf<{ count: number }>(
        executor,
        sql`with gone as (
              delete from ${table} where ctid = any(array(
                select ctid from ${table} where ${condition} limit ${PRUNE_BATCH_ROWS}))
              returning 1)
            select count(*)::int as count from gone`,
      ),
    );
    total += row!.count;
    if (row!.count < PRUNE_BATCH_ROWS) return total;
  }
  return total;
}
