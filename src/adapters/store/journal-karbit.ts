// Our positions as Karbit shows them (its `positions`, and the counters of user and strategy). Invariants: a row is
// written once, whole or not at all, under a savepoint; whatever goes wrong with it takes nothing of ours along, and is
// kept to be tried again; a row tried again keeps its place in time, so that it never opens or closes what came after. Of
// a position that somebody has closed in Karbit, its own CLOSED row stands and none of ours follows: each profit once.

import { and, asc, eq, sql } from "drizzle-orm";
import type { AnyPgColumn } from "drizzle-orm/pg-core";
import { positions, strategies, users } from "../../../schema/tables/karbit.ts";
import { hedgedPositions, intents, karbitRows, positionEntries } from "../../../schema/tables/trading.ts";
import { type Database, type Executor, rowsOf } from "./database.ts";
import { isLinkCode, toStoreFault } from "./fault.ts";
import { asKarbitColumns } from "./journal-karbit-columns.ts";
import { foreignClosesOf } from "./karbit-closes.ts";

export interface ProjectionResult {
  readonly projectionFault: string | undefined;
}

type KarbitRow = typeof karbitRows.$inferSelect;

/** Karbit's own transactions are short; one that is not must not hold ours up. */
const LOCK_TIMEOUT_MS = 2_000;
const RETRIES_MAX = 100;
const INTEGER_MAX = 2_147_483_647;
const AMOUNT_MAX = "9999999999.99999999";

/** Keeps what Karbit shall show and tries to write it. Called last in a transaction. */
export async function keepKarbitRow(
  executor: Executor,
  row: Pick<KarbitRow, "intentId" | "positionId" | "userId" | "strategyId" | "coin" | "figures"> & {
    readonly status: "OPEN" | "CLOSED";
    readonly atMs: number;
  },
): Promise<ProjectionResult> {
  const { atMs, ...columns } = row;
  const [kept] = await executor
    .insert(karbitRows)
    .values({ ...columns, at: new Date(atMs), state: "pending" })
    .returning();
  return await project(executor, kept!);
}

/** For an end that is told again: tries what failed, does nothing otherwise. */
export async function projectAgain(executor: Executor, intentId: string): Promise<ProjectionResult> {
  const [row] = await executor
    .select()
    .from(karbitRows)
    .where(and(eq(karbitRows.intentId, intentId), eq(karbitRows.state, "failed")))
    .for("update");
  return row ? await project(executor, row) : { projectionFault: undefined };
}

/** `write` runs its work in a fenced transaction: each row has its own. */
export async function retryProjections(
  database: Database,
  write: (work: (executor: Executor) => Promise<ProjectionResult>) => Promise<ProjectionResult>,
): Promise<{ readonly intentId: string; readonly projectionFault: string }[]> {
  const failed = await database.run("read failed rows", (executor) =>
    executor
      .select({ intentId: karbitRows.intentId })
      .from(karbitRows)
      .where(eq(karbitRows.state, "failed"))
      .orderBy(asc(karbitRows.at), asc(karbitRows.intentId))
      .limit(RETRIES_MAX),
  );
  const again: { intentId: string; projectionFault: string }[] = [];
  for (const { intentId } of failed) {
    const { projectionFault } = await write((executor) => projectAgain(executor, intentId));
    if (projectionFault !== undefined) again.push({ intentId, projectionFault });
  }
  return again;
}

async function project(executor: Executor, row: KarbitRow): Promise<ProjectionResult> {
  const { intentId } = row;
  let { entryTime } = row;
  const note = (columns: Pick<KarbitRow, "state" | "fault">) =>
    executor
      .update(karbitRows)
      .set({ ...columns, entryTime })
      .where(eq(karbitRows.intentId, intentId));
  try {
    const state = await executor.transaction(async (transaction) => {
      const savepoint = transaction as unknown as Executor;
      await savepoint.execute(sql`select set_config('lock_timeout', ${String(LOCK_TIMEOUT_MS)}, true)`);
      if (await isClosedByOthers(savepoint, row)) return "dropped" as const;
      entryTime = await chooseEntryTime(savepoint, row);
      if (!(await holdOwners(savepoint, row))) return "dropped" as const;
      await insertRow(savepoint, row, entryTime);
      await count(savepoint, row);
      return "written" as const;
    });
    await note({ state, fault: null });
    return { projectionFault: undefined };
  } catch (error) {
    const fault = toStoreFault(`Karbit's row of ${intentId}`, error);
    // Without a connection there is nothing to keep either: the whole transaction is tried again.
    if (isLinkCode(fault.code)) throw fault;
    entryTime ??= textOf(row.at);
    await note({ state: "failed", fault: fault.message });
    return { projectionFault: fault.message };
  }
}

/** Karbit has counted its own close as well. What was closed after the row's own time was something else. */
async function isClosedByOthers(
  executor: Executor,
  { status, positionId, entryTime }: KarbitRow,
): Promise<boolean> {
  if (status === "OPEN") return false;
  const closes = await rowsOf(
    executor,
    sql`select 1 from (${foreignClosesOf(sql`${positionId}::int`)}) as closes
        where closed_at <= coalesce(${entryTime}::timestamp, 'infinity')`,
  );
  return closes.length > 0;
}

/** UTC, without zone, as Karbit's columns. */
function textOf(at: Date): string {
  return at.toISOString().replace("T", " ").replace("Z", "");
}

/**
 * Karbit cuts per user and coin: active are OPEN rows strictly later than the newest CLOSED one. So an OPEN row comes
 * after every close before it, and a CLOSED row after everything, be it that the clocks differ; rows still owed count
 * as well. A row tried again keeps its time, but for an OPEN one whose position still is.
 */
async function chooseEntryTime(executor: Executor, row: KarbitRow): Promise<string> {
  if (row.entryTime !== null && (row.status === "CLOSED" || !(await isOpen(executor, row.positionId)))) {
    return row.entryTime;
  }
  const after = row.status === "OPEN" ? sql`status = 'CLOSED'` : sql`true`;
  const [chosen] = await rowsOf<{ at: string }>(
    executor,
    sql`select to_char(greatest(${row.entryTime ?? textOf(row.at)}::timestamp, max(seen.at) + interval '1 millisecond'),
          'YYYY-MM-DD HH24:MI:SS.US') as at
        from (
          select entry_time as at from ${positions}
          where user_id = ${row.userId} and coin_symbol = ${row.coin} and ${after}
          union all
          select entry_time::timestamp from ${karbitRows}
          where user_id = ${row.userId} and coin = ${row.coin} and ${after}
            and state = 'failed' and intent_id <> ${row.intentId}) as seen`,
  );
  return chosen!.at;
}

async function isOpen(executor: Executor, positionId: number): Promise<boolean> {
  const [position] = await executor
    .select({ closedAt: hedgedPositions.closedAt })
    .from(hedgedPositions)
    .where(eq(hedgedPositions.positionId, positionId));
  return position?.closedAt === null;
}

/** False when the user or the strategy is gone; else neither goes before our commit. */
async function holdOwners(executor: Executor, row: KarbitRow): Promise<boolean> {
  const found = await executor
    .select({ id: strategies.id })
    .from(strategies)
    .innerJoin(users, eq(users.id, strategies.userId))
    .where(and(eq(strategies.id, row.strategyId), eq(users.id, row.userId)))
    .for("key share");
  return found.length > 0;
}

async function insertRow(executor: Executor, row: KarbitRow, entryTime: string): Promise<void> {
  const at = sql`${entryTime}::timestamp`;
  await executor.insert(positions).values({
    ...asKarbitColumns(row.figures),
    userId: row.userId,
    strategyId: row.strategyId,
    coinSymbol: row.coin,
    status: row.status,
    entryTime: at,
    exitTime: row.status === "CLOSED" ? at : null,
    createdAt: at,
  });
}

/**
 * Relative, because Karbit counts as well; a full counter stays full. As Karbit's own: of a user each open and each
 * close is one, of a strategy the entries that are held.
 */
async function count(executor: Executor, row: KarbitRow): Promise<void> {
  const more = (column: AnyPgColumn) =>
    sql`least(coalesce(${column}, 0)::bigint + 1, ${sql.raw(String(INTEGER_MAX))})::int`;
  await executor
    .update(users)
    .set({
      totalEntryCount: more(users.totalEntryCount),
      totalAutoEntryCount: more(users.totalAutoEntryCount),
      totalOrderAmount: sql`least(coalesce(${users.totalOrderAmount}, 0) + ${row.figures.krFunds}::numeric,
        ${sql.raw(AMOUNT_MAX)})`,
    })
    .where(eq(users.id, row.userId));
  if (row.status === "OPEN") {
    await executor
      .update(strategies)
      .set({ entryCount: more(strategies.entryCount) })
      .where(eq(strategies.id, row.strategyId));
    return;
  }
  await executor.execute(
    sql`update ${strategies} set entry_count = greatest(coalesce(entry_count, 0) - gone.count, 0)
        from (select intent.strategy_id, count(*)::int as count from ${positionEntries} as entry
              join ${intents} as intent on intent.intent_id = entry.intent_id
              where entry.position_id = ${row.positionId} group by intent.strategy_id) as gone
        where id = gone.strategy_id`,
  );
}
