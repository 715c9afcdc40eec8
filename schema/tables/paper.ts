// The paper venues: one account per user and venue, what was ordered and filled there, and every change of a balance
// with its reason. An order, its fills, the account and the ledger change in one transaction. Amounts are exact
// (`numeric` and the texts inside `jsonb`). No foreign keys into Karbit's tables.

import { type SQL, sql } from "drizzle-orm";
import {
  type AnyPgColumn,
  bigint,
  check,
  foreignKey,
  index,
  integer,
  jsonb,
  numeric,
  primaryKey,
  text,
  timestamp,
  uniqueIndex,
} from "drizzle-orm/pg-core";
import { VENUES, type Venue } from "../vocabulary.ts";
import { schedulerx } from "./schedulerx.ts";

const utc = (name: string) => timestamp(name, { withTimezone: true, precision: 3, mode: "date" });
const amount = (name: string) => numeric(name).notNull();
const ofAccount = () => ({
  userId: integer("user_id").notNull(),
  venue: text("venue").$type<Venue>().notNull(),
});

function oneOf(column: AnyPgColumn, words: readonly string[]): SQL {
  return sql`${column} in (${sql.raw(words.map((word) => `'${word}'`).join(", "))})`;
}

/** Exact decimals as texts. */
type Texts = Readonly<Record<string, string>>;

export interface PaperStateTexts {
  /** By asset. */
  readonly balances: Texts;
  /** By symbol: contracts (negative: short), and the sum of price x signed quantity that opened them. */
  readonly positions: Readonly<Record<string, { readonly qty: string; readonly cost: string }>>;
  /** By symbol. */
  readonly leverages: Texts;
}

export const paperAccounts = schedulerx.table(
  "paper_accounts",
  {
    ...ofAccount(),
    state: jsonb("state").$type<PaperStateTexts>().notNull(),
    openedAt: utc("opened_at").notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.userId, table.venue] }),
    check("paper_accounts_venue_check", oneOf(table.venue, VENUES)),
  ],
);

/** What was accepted, and done at that moment: nothing rests in a book. A refused order leaves no row. */
export const paperOrders = schedulerx.table(
  "paper_orders",
  {
    ...ofAccount(),
    clientOrderId: text("client_order_id").notNull(),
    symbol: text("symbol").notNull(),
    side: text("side").$type<"buy" | "sell">().notNull(),
    qty: amount("qty"),
    /** Null: at market. */
    limitPrice: numeric("limit_price"),
    filledQty: amount("filled_qty"),
    at: utc("at").notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.userId, table.venue, table.clientOrderId] }),
    foreignKey({
      name: "paper_orders_account_fk",
      columns: [table.userId, table.venue],
      foreignColumns: [paperAccounts.userId, paperAccounts.venue],
    }),
    // What was held at an instant, for funding.
    index("paper_orders_symbol").on(table.userId, table.venue, table.symbol, table.at),
    check("paper_orders_side_check", oneOf(table.side, ["buy", "sell"])),
    check("paper_orders_qty_check", sql`${table.filledQty} between 0 and ${table.qty} and ${table.qty} > 0`),
  ],
);

export const paperFills = schedulerx.table(
  "paper_fills",
  {
    ...ofAccount(),
    clientOrderId: text("client_order_id").notNull(),
    /** Counted from 0, best level first. */
    level: integer("level").notNull(),
    price: amount("price"),
    qty: amount("qty"),
    fee: amount("fee"),
    feeAsset: text("fee_asset").notNull(),
    /** Null at home. */
    realisedUsdt: numeric("realised_usdt"),
  },
  (table) => [
    primaryKey({ columns: [table.userId, table.venue, table.clientOrderId, table.level] }),
    foreignKey({
      name: "paper_fills_order_fk",
      columns: [table.userId, table.venue, table.clientOrderId],
      foreignColumns: [paperOrders.userId, paperOrders.venue, paperOrders.clientOrderId],
    }),
    check("paper_fills_qty_check", sql`${table.qty} > 0 and ${table.price} > 0`),
  ],
);

/** Every change of a balance; an account's rows of an asset add up to its balance. */
export const paperLedger = schedulerx.table(
  "paper_ledger",
  {
    seq: bigint("seq", { mode: "number" }).primaryKey().generatedAlwaysAsIdentity(),
    ...ofAccount(),
    asset: text("asset").notNull(),
    amount: amount("amount"),
    reason: text("reason").notNull(),
    /** Null: not of a symbol. */
    symbol: text("symbol"),
    /** What it comes from: the client order id, or the funding's own id. Once per reason and asset. */
    ref: text("ref").notNull(),
    at: utc("at").notNull(),
  },
  (table) => [
    uniqueIndex("paper_ledger_once").on(table.userId, table.venue, table.reason, table.ref, table.asset),
    index("paper_ledger_funding")
      .on(table.userId, table.venue, table.symbol, table.at)
      .where(sql`${table.reason} = 'funding'`),
    foreignKey({
      name: "paper_ledger_account_fk",
      columns: [table.userId, table.venue],
      foreignColumns: [paperAccounts.userId, paperAccounts.venue],
    }),
    check(
      "paper_ledger_reason_check",
      oneOf(table.reason, ["opening", "trade", "fee", "realised", "funding"]),
    ),
  ],
);
