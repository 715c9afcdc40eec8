// The journal's rows as the tables hold them and as the port gives them: amounts as texts and Decimals, instants as
// dates and epoch milliseconds, absence as null and undefined. Nothing is lost on the way there and back.

import type { fills, intents, orders, positionEntries } from "../../../schema/tables/trading.ts";
import { Decimal } from "../../domain/decimal.ts";
import type { IntentState, OrderPurpose, OrderStatus } from "../../domain/intent.ts";
import type { MatchedEntry } from "../../domain/position.ts";
import type { FillRow, IntentRow, OrderRow } from "../../ports/journal.ts";

export const toDate = (atMs: number | undefined): Date | null => (atMs === undefined ? null : new Date(atMs));
const toMs = (date: Date | null): number | undefined => date?.getTime();
const toText = (amount: Decimal | undefined): string | null => amount?.toString() ?? null;
const toDecimal = (text: string | null): Decimal | undefined =>
  text === null ? undefined : Decimal.of(text);

export function intentColumns(intent: IntentRow): typeof intents.$inferInsert {
  const { intentId, decisionId, kind, mode, state, userId, strategyId, coin, pair, terms, reason } = intent;
  return {
    ...{ intentId, decisionId, kind, mode, state, userId, strategyId, coin, pair, terms, reason },
    qtyCoin: intent.qtyCoin.toString(),
    qtyContracts: intent.qtyContracts.toString(),
    plannedAt: new Date(intent.plannedAtMs),
    sendingAt: toDate(intent.sendingAtMs),
    domesticDoneAt: toDate(intent.domesticDoneAtMs),
    endedAt: toDate(intent.endedAtMs),
    needsHumanWhy: intent.needsHumanWhy ?? null,
  };
}

export function intentOf(row: typeof intents.$inferSelect): IntentRow {
  const { intentId, decisionId, kind, mode, userId, strategyId, coin, pair, terms, reason } = row;
  return {
    ...{ intentId, decisionId, kind, mode, userId, strategyId, coin, pair, terms, reason },
    state: row.state as IntentState,
    qtyCoin: Decimal.of(row.qtyCoin),
    qtyContracts: Decimal.of(row.qtyContracts),
    plannedAtMs: row.plannedAt.getTime(),
    sendingAtMs: toMs(row.sendingAt),
    domesticDoneAtMs: toMs(row.domesticDoneAt),
    endedAtMs: toMs(row.endedAt),
    needsHumanWhy: row.needsHumanWhy ?? undefined,
  };
}

export function orderColumns(order: OrderRow): typeof orders.$inferInsert {
  const { clientOrderId, intentId, venue, symbol, purpose, attempt, side, status, adopted } = order;
  return {
    ...{ clientOrderId, intentId, venue, symbol, purpose, attempt, side, status, adopted },
    qty: order.qty.toString(),
    limitPrice: toText(order.limitPrice),
    venueOrderId: order.venueOrderId ?? null,
    createdAt: new Date(order.createdAtMs),
    sentAtMax: new Date(order.sentAtMsMax),
    emptyLookupsAtMs: order.emptyLookupsAtMs,
    burnedAt: toDate(order.burnedAtMs),
    endedAt: toDate(order.endedAtMs),
    refusal: order.refusal ?? null,
  };
}

export function orderOf(row: typeof orders.$inferSelect): OrderRow {
  const { clientOrderId, intentId, venue, symbol, attempt, side, adopted, emptyLookupsAtMs } = row;
  return {
    ...{ clientOrderId, intentId, venue, symbol, attempt, side, adopted, emptyLookupsAtMs },
    purpose: row.purpose as OrderPurpose,
    qty: Decimal.of(row.qty),
    limitPrice: toDecimal(row.limitPrice),
    status: row.status as OrderStatus,
    venueOrderId: row.venueOrderId ?? undefined,
    createdAtMs: row.createdAt.getTime(),
    sentAtMsMax: row.sentAtMax.getTime(),
    burnedAtMs: toMs(row.burnedAt),
    endedAtMs: toMs(row.endedAt),
    refusal: row.refusal ?? undefined,
  };
}

export function fillColumns(fill: FillRow): typeof fills.$inferInsert {
  const { venue, fillId, clientOrderId, feeAsset } = fill;
  return {
    ...{ venue, fillId, clientOrderId, feeAsset },
    price: fill.price.toString(),
    qty: fill.qty.toString(),
    fee: fill.fee.toString(),
    feeValued: fill.feeValued.toString(),
    realisedUsdt: toText(fill.realisedUsdt),
    at: new Date(fill.atMs),
  };
}

export function fillOf(row: typeof fills.$inferSelect): FillRow {
  const { venue, fillId, clientOrderId, feeAsset } = row;
  return {
    ...{ venue, fillId, clientOrderId, feeAsset },
    price: Decimal.of(row.price),
    qty: Decimal.of(row.qty),
    fee: Decimal.of(row.fee),
    feeValued: Decimal.of(row.feeValued),
    realisedUsdt: toDecimal(row.realisedUsdt),
    atMs: row.at.getTime(),
  };
}

/** The five amounts of a matched entry, as columns. */
type MatchedColumns = Pick<
  typeof positionEntries.$inferSelect,
  "qtyCoin" | "spentKrw" | "feeKrw" | "receivedUsdt" | "feeUsdt"
>;

export function matchedColumns(entry: MatchedEntry): MatchedColumns {
  return {
    qtyCoin: entry.qtyCoin.toString(),
    spentKrw: entry.spentKrw.toString(),
    feeKrw: entry.feeKrw.toString(),
    receivedUsdt: entry.receivedUsdt.toString(),
    feeUsdt: entry.feeUsdt.toString(),
  };
}

export function matchedOf(row: MatchedColumns): MatchedEntry {
  return {
    qtyCoin: Decimal.of(row.qtyCoin),
    spentKrw: Decimal.of(row.spentKrw),
    feeKrw: Decimal.of(row.feeKrw),
    receivedUsdt: Decimal.of(row.receivedUsdt),
    feeUsdt: Decimal.of(row.feeUsdt),
  };
}

export function matchedLess(entry: MatchedEntry, taken: MatchedEntry): MatchedEntry {
  return {
    qtyCoin: entry.qtyCoin.minus(taken.qtyCoin),
    spentKrw: entry.spentKrw.minus(taken.spentKrw),
    feeKrw: entry.feeKrw.minus(taken.feeKrw),
    receivedUsdt: entry.receivedUsdt.minus(taken.receivedUsdt),
    feeUsdt: entry.feeUsdt.minus(taken.feeUsdt),
  };
}

export function matchedAmounts(entry: MatchedEntry): readonly Decimal[] {
  return [entry.qtyCoin, entry.spentKrw, entry.feeKrw, entry.receivedUsdt, entry.feeUsdt];
}
