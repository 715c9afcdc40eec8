// Values the journal's tests share: intents, orders, fills, rows for Karbit, and users to trade for.

import { sql } from "drizzle-orm";
import { Decimal } from "../../domain/decimal.ts";
import { clientOrderIdOf, intentIdOf, type OrderPurpose } from "../../domain/intent.ts";
import type { MatchedEntry } from "../../domain/position.ts";
import { approvedFromJournal } from "../../domain/risk.ts";
import type { EntryEnd, ExitEnd, FillRow, IntentRow, OpenRow, OrderRow, Taken } from "../../ports/journal.ts";
import { type Database, rowsOf } from "./database.ts";

export const NOW_MS = Date.UTC(2026, 2, 5, 3, 4, 5, 678);
const D = Decimal.of;

export async function rows<Row>(database: Database, statement: ReturnType<typeof sql>): Promise<Row[]> {
  return await database.run("look", (executor) => rowsOf<Row>(executor, statement));
}

let userCount = 0;

/** A user with one strategy. */
export async function addUser(database: Database): Promise<{ userId: number; strategyId: number }> {
  const email = `trader-${++userCount}@example.com`;
  return await database.transaction("user", async (executor) => {
    const [user] = await rowsOf<{ id: number }>(
      executor,
      sql`insert into users (email, password_hash) values (${email}, '') returning id`,
    );
    const [strategy] = await rowsOf<{ id: number }>(
      executor,
      sql`insert into strategies (user_id, name, seed_amount, entry_rate, exit_rate)
          values (${user!.id}, 's', 1, 1, 1) returning id`,
    );
    return { userId: user!.id, strategyId: strategy!.id };
  });
}

export async function clearJournal(database: Database): Promise<void> {
  await database.run("clear", (executor) =>
    executor.execute(sql`truncate schedulerx.writer_lease, schedulerx.intents, schedulerx.hedged_positions,
      public.positions, public.users restart identity cascade`),
  );
}

export function intentOf(changes: Partial<IntentRow> & { readonly decisionId: string }) {
  return approvedFromJournal<IntentRow>({
    intentId: intentIdOf(changes.decisionId),
    kind: "entry",
    mode: "live",
    state: "planned",
    userId: 1,
    strategyId: 1,
    coin: "BTC",
    pair: "upbit-bybit",
    qtyCoin: D("0.07"),
    qtyContracts: D("0.07"),
    terms: { lot: "0.001", target: "1365.5", note: '한글 "quoted"' },
    reason: "rate at target",
    plannedAtMs: NOW_MS,
    sendingAtMs: undefined,
    domesticDoneAtMs: undefined,
    endedAtMs: undefined,
    needsHumanWhy: undefined,
    ...changes,
  });
}

export function orderOf(intentId: string, purpose: OrderPurpose, changes: Partial<OrderRow> = {}): OrderRow {
  const domestic = purpose !== "hedge" && purpose !== "cover";
  const attempt = changes.attempt ?? 1;
  return {
    clientOrderId: clientOrderIdOf(intentId, purpose, attempt),
    intentId,
    venue: domestic ? "upbit" : "bybit",
    symbol: domestic ? "KRW-BTC" : "BTCUSDT",
    purpose,
    attempt,
    side: purpose === "buy" || purpose === "cover" ? "buy" : "sell",
    qty: D("0.07"),
    limitPrice: domestic ? D("142857142.8571") : undefined,
    status: "created",
    venueOrderId: undefined,
    adopted: false,
    createdAtMs: NOW_MS + 1,
    sentAtMsMax: NOW_MS + 2,
    emptyLookupsAtMs: [],
    burnedAtMs: undefined,
    endedAtMs: undefined,
    refusal: undefined,
    ...changes,
  };
}

export function fillOf(order: OrderRow, qty: string, changes: Partial<FillRow> = {}): FillRow {
  const { clientOrderId, venue } = order;
  return {
    venue,
    fillId: `${clientOrderId}/1`,
    clientOrderId,
    price: D("142857142.857142857142857142"),
    qty: D(qty),
    fee: D("4999.999999999999"),
    feeAsset: "KRW",
    feeValued: D("4999.999999999999"),
    realisedUsdt: undefined,
    atMs: NOW_MS + 3,
    ...changes,
  };
}

export function matchedOf(qty: string, changes: Partial<MatchedEntry> = {}): MatchedEntry {
  return {
    qtyCoin: D(qty),
    spentKrw: D("9999999.123456789012"),
    feeKrw: D("4999.999999999999"),
    receivedUsdt: D("7300.1234"),
    feeUsdt: D("4.015"),
    ...changes,
  };
}

export const OPEN_ROW: OpenRow = {
  krOrderId: "kr-1",
  frOrderId: "fr-1",
  leverage: 2,
  krPrice: "142857142.85714286",
  krVolume: "0.07",
  krFunds: "9999999.12345679",
  krFee: "5000",
  frPrice: "104287.4771",
  frOriginalPrice: "104290",
  frVolume: "0.07",
  frFunds: "7300.1234",
  frFee: "4.015",
  frSlippage: "0.0024",
  entryRate: "1369.84",
  usdtPrice: "1390.5",
};

export const CLOSED_ROW: NonNullable<ExitEnd["closedRow"]> = {
  ...OPEN_ROW,
  krOrderId: "kr-2",
  frOrderId: "fr-2",
  exitRate: "1391.25",
  profit: "152345.67",
  profitRate: "1.51",
};

export function entryEnd(changes: Partial<EntryEnd> = {}): EntryEnd {
  return {
    to: "hedged",
    atMs: NOW_MS + 10,
    entry: matchedOf("0.07"),
    exitTerms: { exitRate: "1390" },
    leverage: 2,
    dust: undefined,
    openRow: OPEN_ROW,
    ...changes,
  };
}

export function exitEnd(
  positionId: number,
  taken: readonly Taken[],
  changes: Partial<ExitEnd> = {},
): ExitEnd {
  return {
    to: "closed",
    atMs: NOW_MS + 20,
    positionId,
    taken,
    profitKrw: D("152345.6789"),
    profitRatePct: D("1.5123"),
    dust: undefined,
    closedRow: CLOSED_ROW,
    ...changes,
  };
}
