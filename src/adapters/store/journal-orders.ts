// Orders and fills. Invariants: a terminal status is never left, but by a refused order that its venue shows after all;
// what an order was sent as never changes; a fill is stored once and never edited; an order is never filled beyond its
// quantity without a defect being raised.

import { and, eq, inArray, notInArray, sql } from "drizzle-orm";
import { fills, intents, orders } from "../../../schema/tables/trading.ts";
import { Decimal } from "../../domain/decimal.ts";
import { isEnd, isTerminal, ORDER_STATUSES, type OrderStatus } from "../../domain/intent.ts";
import type { FillRow, Journal, OrderRow } from "../../ports/journal.ts";
import { type Executor, rowsOf } from "./database.ts";
import { fillColumns, fillOf, orderColumns, orderOf } from "./journal-rows.ts";

type OrderNews = Parameters<Journal["recordOrder"]>[0];

const TERMINAL = ORDER_STATUSES.filter(isTerminal);
const FIXED = [
  "intentId",
  "venue",
  "symbol",
  "purpose",
  "attempt",
  "side",
  "adopted",
  "createdAtMs",
] as const;

/** Known ids are left as they are. Throws RangeError for a new order of an intent that has ended. */
export async function addOrders(executor: Executor, added: readonly OrderRow[]): Promise<void> {
  if (added.length === 0) return;
  const stored = await executor
    .insert(orders)
    .values(added.map(orderColumns))
    .onConflictDoNothing({ target: orders.clientOrderId })
    .returning({ intentId: orders.intentId });
  if (stored.length === 0) return;
  const states = await executor
    .select({ intentId: intents.intentId, state: intents.state })
    .from(intents)
    .where(inArray(intents.intentId, [...new Set(stored.map(({ intentId }) => intentId))]));
  const ended = states.find(({ state }) => isEnd(state as Parameters<typeof isEnd>[0]));
  if (ended) throw new RangeError(`expected no order for ${ended.intentId}, which is ${ended.state}`);
}

/** Nothing ends while an order's outcome is open: throws RangeError. */
export async function requireNoOpenOrder(executor: Executor, intentId: string): Promise<void> {
  const [open] = await executor
    .select({ clientOrderId: orders.clientOrderId, status: orders.status })
    .from(orders)
    .where(and(eq(orders.intentId, intentId), notInArray(orders.status, TERMINAL)))
    .limit(1);
  if (open) throw new RangeError(`expected ${open.clientOrderId} to be terminal, was ${open.status}`);
}

export async function recordOrder(
  executor: Executor,
  news: OrderNews,
  told: readonly FillRow[],
): Promise<void> {
  const { clientOrderId } = news;
  const [row] = await executor
    .select()
    .from(orders)
    .where(eq(orders.clientOrderId, clientOrderId))
    .for("update");
  if (row === undefined) throw new RangeError(`expected a stored order, was ${clientOrderId}`);
  const stored = orderOf(row);
  requireFixed(stored, news);
  const next = merge(stored, news);
  await executor.update(orders).set(orderColumns(next)).where(eq(orders.clientOrderId, clientOrderId));
  await addFills(executor, next, told);
}

function requireFixed(stored: OrderRow, news: OrderNews): void {
  for (const name of FIXED) {
    if (news[name] !== undefined && news[name] !== stored[name]) {
      throw new RangeError(
        `expected ${name} of ${stored.clientOrderId} to be ${stored[name]}, was ${news[name]}`,
      );
    }
  }
  // What a predecessor was allowed to send is an upper bound; the venue knows what it sent.
  if (stored.adopted) return;
  const sameLimit = news.limitPrice === undefined || (stored.limitPrice?.equals(news.limitPrice) ?? false);
  if ((news.qty !== undefined && !news.qty.equals(stored.qty)) || !sameLimit) {
    throw new RangeError(`expected quantity and limit of ${stored.clientOrderId} to stay as they were sent`);
  }
}

function merge(stored: OrderRow, news: OrderNews): OrderRow {
  return {
    ...stored,
    qty: news.qty ?? stored.qty,
    limitPrice: news.limitPrice ?? stored.limitPrice,
    status: nextStatus(stored, news.status),
    venueOrderId: news.venueOrderId ?? stored.venueOrderId,
    sentAtMsMax: Math.max(news.sentAtMsMax ?? 0, stored.sentAtMsMax),
    emptyLookupsAtMs: news.emptyLookupsAtMs ?? stored.emptyLookupsAtMs,
    burnedAtMs: news.burnedAtMs ?? stored.burnedAtMs,
    endedAtMs: news.endedAtMs ?? stored.endedAtMs,
    refusal: news.refusal ?? stored.refusal,
  };
}

function nextStatus({ clientOrderId, status }: OrderRow, told: OrderStatus): OrderStatus {
  // A copy of the request was carried out after the refusal.
  if (status === "rejected" && (told === "open" || told === "done")) return told;
  if (isTerminal(status)) {
    if (isTerminal(told) && told !== status) {
      throw new RangeError(`expected ${clientOrderId} to stay ${status}, was ${told}`);
    }
    return status;
  }
  // A request that may have left never becomes one that has not.
  return told === "created" ? status : told;
}

async function addFills(executor: Executor, order: OrderRow, told: readonly FillRow[]): Promise<void> {
  const { clientOrderId, venue, status } = order;
  const stranger = told.find((fill) => fill.clientOrderId !== clientOrderId || fill.venue !== venue);
  if (stranger) {
    throw new RangeError(`expected fills of ${clientOrderId} on ${venue}, was ${stranger.fillId}`);
  }
  if (told.length > 0) {
    await executor.insert(fills).values(told.map(fillColumns)).onConflictDoNothing();
    const rows = await executor
      .select()
      .from(fills)
      .where(
        and(
          eq(fills.venue, venue),
          inArray(
            fills.fillId,
            told.map(({ fillId }) => fillId),
          ),
        ),
      );
    requireSame(rows.map(fillOf), told);
  }
  const [sum] = await rowsOf<{ qty: string }>(
    executor,
    sql`select coalesce(sum(qty), 0)::text as qty from ${fills} where client_order_id = ${clientOrderId}`,
  );
  const filled = Decimal.of(sum!.qty);
  if (filled.above(order.qty)) {
    throw new RangeError(`expected at most ${order.qty} filled of ${clientOrderId}, was ${filled}`);
  }
  if (filled.isPositive && (status === "rejected" || status === "never-arrived")) {
    throw new RangeError(`expected no fills of ${clientOrderId}, which is ${status}, was ${filled}`);
  }
}

function requireSame(stored: readonly FillRow[], told: readonly FillRow[]): void {
  const known = new Map(stored.map((fill) => [fill.fillId, fill]));
  for (const fill of told) {
    const same = known.get(fill.fillId);
    if (
      same?.clientOrderId !== fill.clientOrderId ||
      !same.price.equals(fill.price) ||
      !same.qty.equals(fill.qty)
    ) {
      throw new RangeError(
        `expected fill ${fill.fillId} of ${fill.clientOrderId} to be ${fill.qty} at ${fill.price}, ` +
          `was ${same?.qty} at ${same?.price} of ${same?.clientOrderId}`,
      );
    }
  }
}
