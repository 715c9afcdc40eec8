// The paper accounts' rows as the tables hold them and as the port gives them.

import type { PaperStateTexts, paperFills, paperOrders } from "../../../schema/tables/paper.ts";
import { Decimal } from "../../domain/decimal.ts";
import type { PaperAccount, PaperFill, PaperKey, PaperOrder } from "../../ports/paper-store.ts";

export function stateTexts({ balances, positions, leverages }: PaperAccount): PaperStateTexts {
  return {
    balances: texts(balances),
    positions: Object.fromEntries(
      [...positions].map(([symbol, { qty, costUsdt }]) => [
        symbol,
        { qty: qty.toString(), cost: costUsdt.toString() },
      ]),
    ),
    leverages: texts(leverages),
  };
}

export function accountOf(state: PaperStateTexts): PaperAccount {
  return {
    balances: decimals(state.balances),
    positions: new Map(
      Object.entries(state.positions).map(([symbol, { qty, cost }]) => [
        symbol,
        { qty: Decimal.of(qty), costUsdt: Decimal.of(cost) },
      ]),
    ),
    leverages: decimals(state.leverages),
  };
}

function texts(amounts: ReadonlyMap<string, Decimal>): Record<string, string> {
  return Object.fromEntries([...amounts].map(([name, amount]) => [name, amount.toString()]));
}

function decimals(amounts: Readonly<Record<string, string>>): ReadonlyMap<string, Decimal> {
  return new Map(Object.entries(amounts).map(([name, text]) => [name, Decimal.of(text)]));
}

export function orderColumns(key: PaperKey, order: PaperOrder): typeof paperOrders.$inferInsert {
  const { clientOrderId, symbol, side, qty, limitPrice, fills, atMs } = order;
  return {
    ...key,
    ...{ clientOrderId, symbol, side },
    qty: qty.toString(),
    limitPrice: limitPrice?.toString() ?? null,
    filledQty: Decimal.sum(fills.map((fill) => fill.qty)).toString(),
    at: new Date(atMs),
  };
}

export function fillColumns(key: PaperKey, order: PaperOrder): (typeof paperFills.$inferInsert)[] {
  return order.fills.map((fill, level) => ({
    ...key,
    clientOrderId: order.clientOrderId,
    level,
    price: fill.price.toString(),
    qty: fill.qty.toString(),
    fee: fill.fee.toString(),
    feeAsset: fill.feeAsset,
    realisedUsdt: fill.realisedUsdt?.toString() ?? null,
  }));
}

export function orderOf(
  row: typeof paperOrders.$inferSelect,
  fills: readonly (typeof paperFills.$inferSelect)[],
): PaperOrder {
  const { clientOrderId, symbol, side, qty, limitPrice, at } = row;
  return {
    ...{ clientOrderId, symbol, side },
    qty: Decimal.of(qty),
    limitPrice: limitPrice === null ? undefined : Decimal.of(limitPrice),
    fills: fills.map(fillOf),
    atMs: at.getTime(),
  };
}

function fillOf(row: typeof paperFills.$inferSelect): PaperFill {
  return {
    price: Decimal.of(row.price),
    qty: Decimal.of(row.qty),
    fee: Decimal.of(row.fee),
    feeAsset: row.feeAsset,
    realisedUsdt: row.realisedUsdt === null ? undefined : Decimal.of(row.realisedUsdt),
  };
}
