// What was lost since an instant, from fills alone: exits with a negative profit, and what selling back cost. A gain
// makes up for no loss. Sums are exact; only the share of what was sold back is cut, as the domain cuts shares.

import { and, eq, exists, gte, lt, sql } from "drizzle-orm";
import { alias } from "drizzle-orm/pg-core";
import { fills, intents, orders, positionExits } from "../../../schema/tables/trading.ts";
import { Decimal } from "../../domain/decimal.ts";
import type { TradingMode } from "../../ports/journal.ts";
import type { Database, Executor } from "./database.ts";
import { atOneInstant } from "./journal-reads.ts";

const SHARE_DECIMALS = 12;

interface Span {
  readonly mode: TradingMode;
  readonly since: Date;
}

export function readLosses(
  database: Database,
  mode: TradingMode,
  sinceMs: number,
): Promise<ReadonlyMap<number, Decimal>> {
  const span = { mode, since: new Date(sinceMs) };
  return atOneInstant(database, "read losses", async (executor) => {
    const lost = [...(await lostByExits(executor, span)), ...(await lostByUnwinds(executor, span))];
    const byUser = Map.groupBy(lost, ({ userId }) => userId);
    return new Map([...byUser].map(([userId, all]) => [userId, Decimal.sum(all.map(({ krw }) => krw))]));
  });
}

interface Lost {
  readonly userId: number;
  readonly krw: Decimal;
}

async function lostByExits(executor: Executor, { mode, since }: Span): Promise<Lost[]> {
  const rows = await executor
    .select({ userId: intents.userId, krw: sql<string>`sum(-${positionExits.profitKrw})::text` })
    .from(positionExits)
    .innerJoin(intents, eq(intents.intentId, positionExits.intentId))
    .where(and(eq(intents.mode, mode), gte(positionExits.at, since), lt(positionExits.profitKrw, "0")))
    .groupBy(intents.userId);
  return rows.map(({ userId, krw }) => ({ userId, krw: Decimal.of(krw) }));
}

async function lostByUnwinds(executor: Executor, { mode, since }: Span): Promise<Lost[]> {
  const unwinds = alias(orders, "unwinds");
  const soldBack = executor
    .select({ one: sql`1` })
    .from(unwinds)
    .where(and(eq(unwinds.intentId, intents.intentId), eq(unwinds.purpose, "unwind")));
  const of = (purpose: "buy" | "unwind", amount: ReturnType<typeof sql>) =>
    sql<string>`coalesce(sum(${amount}) filter (where ${orders.purpose} = ${purpose}), 0)::text`;
  const rows = await executor
    .select({
      userId: intents.userId,
      boughtCoin: of("buy", sql`${fills.qty}`),
      paidKrw: of("buy", sql`${fills.price} * ${fills.qty} + ${fills.feeValued}`),
      soldCoin: of("unwind", sql`${fills.qty}`),
      gotKrw: of("unwind", sql`${fills.price} * ${fills.qty} - ${fills.feeValued}`),
    })
    .from(intents)
    .innerJoin(orders, eq(orders.intentId, intents.intentId))
    .innerJoin(fills, eq(fills.clientOrderId, orders.clientOrderId))
    .where(
      and(eq(intents.mode, mode), eq(intents.kind, "entry"), gte(intents.endedAt, since), exists(soldBack)),
    )
    .groupBy(intents.intentId, intents.userId);
  return rows
    .map((row) => ({ userId: row.userId, krw: unwindCostKrw(row) }))
    .filter(({ krw }) => krw.isPositive);
}

/** What the coins sold back had cost, their share of the fee included, less what they brought after fee. */
function unwindCostKrw(row: {
  readonly boughtCoin: string;
  readonly paidKrw: string;
  readonly soldCoin: string;
  readonly gotKrw: string;
}): Decimal {
  const [bought, paid] = [Decimal.of(row.boughtCoin), Decimal.of(row.paidKrw)];
  const [sold, got] = [Decimal.of(row.soldCoin), Decimal.of(row.gotKrw)];
  const cost = sold.equals(bought) ? paid : paid.times(sold).dividedBy(bought, SHARE_DECIMALS, "half-up");
  return cost.minus(got);
}
