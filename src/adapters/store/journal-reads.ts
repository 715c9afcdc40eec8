// What the journal holds, as the kernels and the screens want it. Each read sees one instant: intents never come with
// orders, nor positions with entries, of another one.

import { and, asc, desc, eq, gte, inArray, isNull, sql } from "drizzle-orm";
import {
  dustEvents,
  fills,
  hedgedPositions,
  intents,
  orders,
  positionEntries,
  positionExits,
  positionTakes,
} from "../../../schema/tables/trading.ts";
import { Decimal } from "../../domain/decimal.ts";
import { type Dust, type MatchedEntry, NO_DUST } from "../../domain/position.ts";
import type {
  ClosedPosition,
  IntentFile,
  IntentRow,
  Journal,
  OpenPosition,
  TradingMode,
} from "../../ports/journal.ts";
import type { Database, Executor } from "./database.ts";
import { fillOf, intentOf, matchedLess, matchedOf, orderOf } from "./journal-rows.ts";

/** A transaction of which every statement sees the same instant. */
export function atOneInstant<T>(
  database: Database,
  operation: string,
  read: (executor: Executor) => Promise<T>,
): Promise<T> {
  return database.transaction(operation, async (executor) => {
    await executor.execute(sql.raw("set transaction isolation level repeatable read, read only"));
    return await read(executor);
  });
}

export function readUnfinished(database: Database, mode: TradingMode): Promise<IntentFile[]> {
  return atOneInstant(database, "read unfinished intents", async (executor) => {
    const rows = await executor
      .select()
      .from(intents)
      .where(and(eq(intents.mode, mode), isNull(intents.endedAt)))
      .orderBy(asc(intents.plannedAt), asc(intents.intentId));
    return await filesOf(executor, rows.map(intentOf));
  });
}

export function readFile(database: Database, intentId: string): Promise<IntentFile | undefined> {
  return atOneInstant(database, "read an intent", async (executor) => {
    const rows = await executor.select().from(intents).where(eq(intents.intentId, intentId));
    return (await filesOf(executor, rows.map(intentOf)))[0];
  });
}

async function filesOf(executor: Executor, found: readonly IntentRow[]): Promise<IntentFile[]> {
  if (found.length === 0) return [];
  const ids = found.map(({ intentId }) => intentId);
  const orderRows = await executor
    .select()
    .from(orders)
    .where(inArray(orders.intentId, ids))
    .orderBy(asc(orders.createdAt), asc(orders.clientOrderId));
  const fillRows = await executor
    .select({ intentId: orders.intentId, fill: fills })
    .from(fills)
    .innerJoin(orders, eq(orders.clientOrderId, fills.clientOrderId))
    .where(inArray(orders.intentId, ids))
    .orderBy(asc(fills.at), asc(fills.fillId));
  const ordersBy = Map.groupBy(orderRows, ({ intentId }) => intentId);
  const fillsBy = Map.groupBy(fillRows, ({ intentId }) => intentId);
  return found.map((intent) => ({
    intent,
    orders: (ordersBy.get(intent.intentId) ?? []).map(orderOf),
    fills: (fillsBy.get(intent.intentId) ?? []).map(({ fill }) => fillOf(fill)),
  }));
}

export function readOpenPositions(
  database: Database,
  mode: TradingMode,
  userId: number | undefined,
): Promise<OpenPosition[]> {
  return atOneInstant(database, "read open positions", async (executor) => {
    const rows = await executor
      .select()
      .from(hedgedPositions)
      .where(
        and(
          eq(hedgedPositions.mode, mode),
          isNull(hedgedPositions.closedAt),
          userId === undefined ? undefined : eq(hedgedPositions.userId, userId),
        ),
      )
      .orderBy(asc(hedgedPositions.positionId));
    const ids = rows.map(({ positionId }) => positionId);
    const entriesBy = Map.groupBy(await leftOfEntries(executor, ids), ({ positionId }) => positionId);
    const partsBy = Map.groupBy(await takesOf(executor, ids), ({ positionId }) => positionId);
    return rows.map(({ openedAt, closedAt: _, ...row }) => ({
      ...row,
      openedAtMs: openedAt.getTime(),
      entries: (entriesBy.get(row.positionId) ?? [])
        .filter(({ qtyCoin }) => !qtyCoin.isZero)
        .map(({ positionId: _, ...entry }) => entry),
      parts: (partsBy.get(row.positionId) ?? []).map(({ positionId: _, ...part }) => part),
    }));
  });
}

/** By the exits of that time, which are indexed: the last one closed it, at its own instant. */
export async function readClosedSince(
  database: Database,
  mode: TradingMode,
  sinceMs: number,
): Promise<ClosedPosition[]> {
  const { positionId, userId, coin, pair, openedAt, closedAt } = hedgedPositions;
  const rows = await database.run("read closed positions", (executor) =>
    executor
      .select({ positionId, userId, coin, pair, openedAt, at: positionExits.at, terms: intents.terms })
      .from(positionExits)
      .innerJoin(
        hedgedPositions,
        and(eq(positionId, positionExits.positionId), eq(closedAt, positionExits.at)),
      )
      .innerJoin(intents, eq(intents.intentId, positionExits.intentId))
      .where(and(eq(hedgedPositions.mode, mode), gte(positionExits.at, new Date(sinceMs))))
      .orderBy(asc(positionExits.at), asc(positionId)),
  );
  return rows.map(({ openedAt, at, terms, ...row }) => ({
    ...row,
    openedAtMs: openedAt.getTime(),
    closedAtMs: at.getTime(),
    overseasSymbol: terms.overseasSymbol!,
  }));
}

export async function readUnwindsSince(
  database: Database,
  mode: TradingMode,
  sinceMs: number,
): Promise<ReadonlyMap<string, number>> {
  const { coin, intentId } = intents;
  const rows = await database.run("count unwinds", (executor) =>
    executor
      .select({ coin, count: sql<number>`count(distinct ${intentId})::int` })
      .from(intents)
      .innerJoin(orders, and(eq(orders.intentId, intentId), eq(orders.purpose, "unwind")))
      .innerJoin(fills, eq(fills.clientOrderId, orders.clientOrderId))
      .where(and(eq(intents.mode, mode), eq(intents.kind, "entry"), gte(intents.endedAt, new Date(sinceMs))))
      .groupBy(coin),
  );
  return new Map(rows.map((row) => [row.coin, row.count]));
}

interface LeftOfEntry extends MatchedEntry {
  readonly positionId: number;
  readonly intentId: string;
  readonly strategyId: number;
  readonly atMs: number;
}

/** Every entry of these positions less what exits took of it, also where nothing is left; oldest first. */
export async function leftOfEntries(
  executor: Executor,
  positionIds: readonly number[],
): Promise<LeftOfEntry[]> {
  if (positionIds.length === 0) return [];
  const rows = await executor
    .select({ entry: positionEntries, strategyId: intents.strategyId })
    .from(positionEntries)
    .innerJoin(intents, eq(intents.intentId, positionEntries.intentId))
    .where(inArray(positionEntries.positionId, [...positionIds]))
    .orderBy(asc(positionEntries.at), asc(positionEntries.intentId));
  const takesBy = Map.groupBy(await takesOf(executor, positionIds), ({ entryIntentId }) => entryIntentId);
  return rows.map(({ entry, strategyId }) => {
    const { positionId, intentId } = entry;
    const left = (takesBy.get(intentId) ?? []).reduce<MatchedEntry>(matchedLess, matchedOf(entry));
    return { ...left, positionId, intentId, strategyId, atMs: entry.at.getTime() };
  });
}

async function takesOf(executor: Executor, positionIds: readonly number[]) {
  if (positionIds.length === 0) return [];
  const rows = await executor
    .select({ take: positionTakes, positionId: positionExits.positionId, at: positionExits.at })
    .from(positionTakes)
    .innerJoin(positionExits, eq(positionExits.intentId, positionTakes.exitIntentId))
    .where(inArray(positionExits.positionId, [...positionIds]))
    .orderBy(asc(positionExits.at), asc(positionTakes.exitIntentId), asc(positionTakes.entryIntentId));
  return rows.map(({ take, positionId, at }) => ({
    ...matchedOf(take),
    positionId,
    entryIntentId: take.entryIntentId,
    exitIntentId: take.exitIntentId,
    atMs: at.getTime(),
  }));
}

export async function readDust(
  database: Database,
  { mode, userId, coin, venue }: Parameters<Journal["dust"]>[0],
): Promise<Dust> {
  const [row] = await database.run("read dust", (executor) =>
    executor
      .select()
      .from(dustEvents)
      .where(
        and(
          eq(dustEvents.mode, mode),
          eq(dustEvents.userId, userId),
          eq(dustEvents.coin, coin),
          eq(dustEvents.venue, venue),
        ),
      )
      .orderBy(desc(dustEvents.seq))
      .limit(1),
  );
  return row ? { qtyCoin: Decimal.of(row.qtyCoin), costKrw: Decimal.of(row.costKrw) } : NO_DUST;
}
