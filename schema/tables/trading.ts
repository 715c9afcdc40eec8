// The trade journal, in our own schema: intents, orders, fills, positions, dust, what is owed to Karbit's tables, and
// the lease of whoever may write them. No foreign keys into Karbit's tables: deleting a user or a strategy there must
// not touch what was traded. Amounts are exact (`numeric` read and written as text). The words in the checks are the
// domain's closed unions, and a test compares them.

import { type SQL, sql } from "drizzle-orm";
import {
  type AnyPgColumn,
  bigint,
  boolean,
  check,
  index,
  integer,
  jsonb,
  numeric,
  primaryKey,
  text,
  timestamp,
  uniqueIndex,
} from "drizzle-orm/pg-core";
import { PAIR_KEYS, type PairKey, VENUES, type Venue } from "../vocabulary.ts";
import { schedulerx } from "./schedulerx.ts";

const utc = (name: string) => timestamp(name, { withTimezone: true, precision: 3, mode: "date" });
const amount = (name: string) => numeric(name).notNull();
const sequence = () => bigint("seq", { mode: "number" }).primaryKey().generatedAlwaysAsIdentity();
const texts = (name: string) => jsonb(name).$type<Readonly<Record<string, string>>>().notNull();
const mode = () => text("mode").$type<"paper" | "live">().notNull();

function oneOf(column: AnyPgColumn, words: readonly string[]): SQL {
  return sql`${column} in (${sql.raw(words.map((word) => `'${word}'`).join(", "))})`;
}

const MODES = ["paper", "live"];
const END_STATES = ["hedged", "flat", "closed", "parted", "abandoned"];
const STATES = [
  ...["planned", "domestic-sending", "domestic-done", "overseas-sending", "unwinding", "sending"],
  "needs-human",
  ...END_STATES,
];
const PURPOSES = ["buy", "hedge", "unwind", "sell", "cover"];
const ORDER_STATUSES = ["created", "sent", "unknown", "open", "done", "rejected", "never-arrived"];

/**
 * One row. The fence is a key of its own, so that writers, who hold it FOR KEY SHARE, stand in the way of a change of
 * the holder but not of a renewal.
 */
export const writerLease = schedulerx.table(
  "writer_lease",
  {
    name: text("name").primaryKey(),
    /** Null: let go. */
    holder: text("holder"),
    fence: integer("fence").notNull(),
    expiresAt: timestamp("expires_at", { withTimezone: true, mode: "date" }).notNull(),
  },
  (table) => [uniqueIndex("writer_lease_fence").on(table.fence)],
);

export const intents = schedulerx.table(
  "intents",
  {
    intentId: text("intent_id").primaryKey(),
    decisionId: text("decision_id").notNull(),
    kind: text("kind").$type<"entry" | "exit">().notNull(),
    mode: mode(),
    state: text("state").notNull(),
    userId: integer("user_id").notNull(),
    strategyId: integer("strategy_id").notNull(),
    coin: text("coin").notNull(),
    pair: text("pair").$type<PairKey>().notNull(),
    qtyCoin: amount("qty_coin"),
    qtyContracts: amount("qty_contracts"),
    terms: texts("terms"),
    reason: text("reason").notNull(),
    plannedAt: utc("planned_at").notNull(),
    sendingAt: utc("sending_at"),
    domesticDoneAt: utc("domestic_done_at"),
    endedAt: utc("ended_at"),
    needsHumanWhy: text("needs_human_why"),
  },
  (table) => [
    uniqueIndex("intents_decision").on(table.decisionId),
    uniqueIndex("intents_one_per_user_and_coin")
      .on(table.mode, table.userId, table.coin)
      .where(sql`${table.endedAt} is null`),
    uniqueIndex("intents_one_entry_per_user")
      .on(table.mode, table.userId)
      .where(sql`${table.endedAt} is null and ${table.kind} = 'entry'`),
    index("intents_unfinished").on(table.mode, table.plannedAt).where(sql`${table.endedAt} is null`),
    check("intents_kind_check", oneOf(table.kind, ["entry", "exit"])),
    check("intents_mode_check", oneOf(table.mode, MODES)),
    check("intents_state_check", oneOf(table.state, STATES)),
    check("intents_pair_check", oneOf(table.pair, PAIR_KEYS)),
    check("intents_ended_check", sql`(${oneOf(table.state, END_STATES)}) = (${table.endedAt} is not null)`),
  ],
);

/** Every change of an intent's state, appended and never edited. */
export const intentEvents = schedulerx.table(
  "intent_events",
  {
    seq: sequence(),
    intentId: text("intent_id")
      .notNull()
      .references(() => intents.intentId),
    /** Null: it was planned. */
    fromState: text("from_state"),
    toState: text("to_state").notNull(),
    at: utc("at").notNull(),
    why: text("why"),
    fence: integer("fence").notNull(),
  },
  (table) => [
    index("intent_events_intent").on(table.intentId, table.seq),
    check("intent_events_from_check", oneOf(table.fromState, STATES)),
    check("intent_events_to_check", oneOf(table.toState, STATES)),
  ],
);

export const orders = schedulerx.table(
  "orders",
  {
    clientOrderId: text("client_order_id").primaryKey(),
    intentId: text("intent_id")
      .notNull()
      .references(() => intents.intentId),
    venue: text("venue").$type<Venue>().notNull(),
    symbol: text("symbol").notNull(),
    purpose: text("purpose").notNull(),
    attempt: integer("attempt").notNull(),
    side: text("side").$type<"buy" | "sell">().notNull(),
    qty: amount("qty"),
    /** Null: at market. */
    limitPrice: numeric("limit_price"),
    status: text("status").notNull(),
    venueOrderId: text("venue_order_id"),
    adopted: boolean("adopted").notNull(),
    createdAt: utc("created_at").notNull(),
    sentAtMax: utc("sent_at_max").notNull(),
    /** Epoch milliseconds, ascending. */
    emptyLookupsAtMs: jsonb("empty_lookups_at_ms").$type<readonly number[]>().notNull(),
    burnedAt: utc("burned_at"),
    endedAt: utc("ended_at"),
    refusal: text("refusal"),
  },
  (table) => [
    index("orders_intent").on(table.intentId, table.createdAt),
    // The few entries that had to sell back, whose costs count as losses.
    index("orders_unwind").on(table.intentId).where(sql`${table.purpose} = 'unwind'`),
    check("orders_venue_check", oneOf(table.venue, VENUES)),
    check("orders_purpose_check", oneOf(table.purpose, PURPOSES)),
    check("orders_side_check", oneOf(table.side, ["buy", "sell"])),
    check("orders_status_check", oneOf(table.status, ORDER_STATUSES)),
    check("orders_qty_check", sql`${table.qty} > 0`),
  ],
);

export const fills = schedulerx.table(
  "fills",
  {
    venue: text("venue").$type<Venue>().notNull(),
    fillId: text("fill_id").notNull(),
    clientOrderId: text("client_order_id")
      .notNull()
      .references(() => orders.clientOrderId),
    price: amount("price"),
    qty: amount("qty"),
    fee: amount("fee"),
    feeAsset: text("fee_asset").notNull(),
    feeValued: amount("fee_valued"),
    realisedUsdt: numeric("realised_usdt"),
    at: utc("at").notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.venue, table.fillId] }),
    index("fills_order").on(table.clientOrderId),
    check("fills_venue_check", oneOf(table.venue, VENUES)),
    check("fills_qty_check", sql`${table.qty} > 0`),
  ],
);

/** One row from the first hedged entry to the exit that leaves nothing; named apart from Karbit's `positions`. */
export const hedgedPositions = schedulerx.table(
  "hedged_positions",
  {
    positionId: integer("position_id").primaryKey().generatedAlwaysAsIdentity(),
    mode: mode(),
    userId: integer("user_id").notNull(),
    strategyId: integer("strategy_id").notNull(),
    coin: text("coin").notNull(),
    pair: text("pair").$type<PairKey>().notNull(),
    leverage: integer("leverage").notNull(),
    exitTerms: texts("exit_terms"),
    openedAt: utc("opened_at").notNull(),
    closedAt: utc("closed_at"),
  },
  (table) => [
    // Also what open positions are looked up by. With the pair: an entry that was traded is kept wherever it was.
    uniqueIndex("hedged_positions_open")
      .on(table.mode, table.userId, table.coin, table.pair)
      .where(sql`${table.closedAt} is null`),
    check("hedged_positions_mode_check", oneOf(table.mode, MODES)),
    check("hedged_positions_pair_check", oneOf(table.pair, PAIR_KEYS)),
  ],
);

const matched = () => ({
  qtyCoin: amount("qty_coin"),
  spentKrw: amount("spent_krw"),
  feeKrw: amount("fee_krw"),
  receivedUsdt: amount("received_usdt"),
  feeUsdt: amount("fee_usdt"),
});

const ofPosition = () =>
  integer("position_id")
    .notNull()
    .references(() => hedgedPositions.positionId);

/** What an entry brought; never edited. */
export const positionEntries = schedulerx.table(
  "position_entries",
  {
    intentId: text("intent_id")
      .primaryKey()
      .references(() => intents.intentId),
    positionId: ofPosition(),
    ...matched(),
    at: utc("at").notNull(),
  },
  (table) => [
    index("position_entries_position").on(table.positionId),
    check("position_entries_qty_check", sql`${table.qtyCoin} > 0`),
  ],
);

export const positionExits = schedulerx.table(
  "position_exits",
  {
    intentId: text("intent_id")
      .primaryKey()
      .references(() => intents.intentId),
    positionId: ofPosition(),
    profitKrw: numeric("profit_krw"),
    profitRatePct: numeric("profit_rate_pct"),
    at: utc("at").notNull(),
  },
  (table) => [index("position_exits_position").on(table.positionId), index("position_exits_at").on(table.at)],
);

/** What an exit took of an entry; an entry less its takes is what is left of it. */
export const positionTakes = schedulerx.table(
  "position_takes",
  {
    exitIntentId: text("exit_intent_id")
      .notNull()
      .references(() => positionExits.intentId),
    entryIntentId: text("entry_intent_id")
      .notNull()
      .references(() => positionEntries.intentId),
    ...matched(),
  },
  (table) => [
    primaryKey({ columns: [table.exitIntentId, table.entryIntentId] }),
    index("position_takes_entry").on(table.entryIntentId),
    check("position_takes_qty_check", sql`${table.qtyCoin} > 0`),
  ],
);

/** The dust ledger: what an intent left behind. The newest row of a user, coin and venue holds. */
export const dustEvents = schedulerx.table(
  "dust_events",
  {
    seq: sequence(),
    intentId: text("intent_id")
      .notNull()
      .references(() => intents.intentId),
    mode: mode(),
    userId: integer("user_id").notNull(),
    coin: text("coin").notNull(),
    venue: text("venue").$type<Venue>().notNull(),
    qtyCoin: amount("qty_coin"),
    costKrw: amount("cost_krw"),
    at: utc("at").notNull(),
  },
  (table) => [
    uniqueIndex("dust_events_intent").on(table.intentId),
    index("dust_events_newest").on(table.mode, table.userId, table.coin, table.venue, table.seq),
    check("dust_events_mode_check", oneOf(table.mode, MODES)),
    check("dust_events_venue_check", oneOf(table.venue, VENUES)),
    check("dust_events_qty_check", sql`${table.qtyCoin} >= 0`),
  ],
);

/** What Karbit's `positions` shall show of an intent, and whether it does. Kept, so that it can be tried again. */
export const karbitRows = schedulerx.table(
  "karbit_rows",
  {
    intentId: text("intent_id")
      .primaryKey()
      .references(() => intents.intentId),
    positionId: ofPosition(),
    userId: integer("user_id").notNull(),
    strategyId: integer("strategy_id").notNull(),
    coin: text("coin").notNull(),
    status: text("status").$type<"OPEN" | "CLOSED">().notNull(),
    /** The columns of Karbit's row as texts, exact. */
    figures: texts("figures"),
    at: utc("at").notNull(),
    state: text("state").$type<"pending" | "written" | "dropped" | "failed">().notNull(),
    /** The row's entry time, chosen at the first try; Karbit's tables have microseconds, so text. */
    entryTime: text("entry_time"),
    fault: text("fault"),
  },
  (table) => [
    index("karbit_rows_failed").on(table.at).where(sql`${table.state} = 'failed'`),
    check("karbit_rows_status_check", oneOf(table.status, ["OPEN", "CLOSED"])),
    check("karbit_rows_state_check", oneOf(table.state, ["pending", "written", "dropped", "failed"])),
    check("karbit_rows_fault_check", sql`(${table.state} = 'failed') = (${table.fault} is not null)`),
  ],
);
