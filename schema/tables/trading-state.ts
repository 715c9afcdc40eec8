// What the engine keeps beside its journal: consent and exit terms of traders, switches, limits, incidents, rests,
// funding and the last decisions. No foreign keys into Karbit's tables. Amounts are exact (`numeric`, and the texts
// inside `jsonb`). The words in the checks are those of the ports and the domain, and a test compares them.

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
import { hedgedPositions } from "./trading.ts";

const utc = (name: string) => timestamp(name, { withTimezone: true, precision: 3, mode: "date" });
const mode = () => text("mode").$type<"paper" | "live">().notNull();
const userId = () => integer("user_id").notNull();
const coin = () => text("coin").notNull();

function oneOf(column: AnyPgColumn, words: readonly string[]): SQL {
  return sql`${column} in (${sql.raw(words.map((word) => `'${word}'`).join(", "))})`;
}

const MODES = ["paper", "live"];
const WHO = ["user", "operator", "engine"] as const;

/** A user without a row has not agreed to anything and has no exit terms of ours. */
export const traderTerms = schedulerx.table(
  "trader_terms",
  {
    userId: integer("user_id").primaryKey(),
    liveConsent: boolean("live_consent").notNull().default(false),
    /** When consent was given or taken back; null: never asked. */
    consentAt: utc("consent_at"),
    stopRate: numeric("stop_rate"),
    holdingMsMax: bigint("holding_ms_max", { mode: "number" }),
    exitTermsAt: utc("exit_terms_at"),
  },
  (table) => [
    check("trader_terms_exit_check", sql`${table.stopRate} > 0 and ${table.holdingMsMax} > 0`),
    check("trader_terms_consent_check", sql`not ${table.liveConsent} or ${table.consentAt} is not null`),
  ],
);

/** Only what is off has a row. */
export const tradingSwitches = schedulerx.table(
  "trading_switches",
  {
    scope: text("scope").$type<"global" | "user" | "coin">().notNull(),
    /** Empty for global, the user's id, or the coin. */
    subject: text("subject").notNull(),
    entriesOff: boolean("entries_off").notNull(),
    halted: boolean("halted").notNull(),
    why: text("why").notNull(),
    setBy: text("set_by").$type<(typeof WHO)[number]>().notNull(),
    at: utc("at").notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.scope, table.subject] }),
    check("trading_switches_scope_check", oneOf(table.scope, ["global", "user", "coin"])),
    check("trading_switches_subject_check", sql`(${table.scope} = 'global') = (${table.subject} = '')`),
    check("trading_switches_halt_check", sql`${table.scope} = 'global' or not ${table.halted}`),
    check("trading_switches_off_check", sql`${table.entriesOff} or ${table.halted}`),
    check("trading_switches_by_check", oneOf(table.setBy, WHO)),
  ],
);

export const riskLimits = schedulerx.table("risk_limits", {
  /** 0: everybody's. */
  userId: integer("user_id").primaryKey(),
  /** Names as in the domain; null: without limit; a name that is not there: as for everybody. */
  limits: jsonb("limits").$type<Readonly<Record<string, string | readonly string[] | null>>>().notNull(),
  at: utc("at").notNull(),
});

export const incidents = schedulerx.table(
  "incidents",
  {
    incidentId: integer("incident_id").primaryKey().generatedAlwaysAsIdentity(),
    mode: mode(),
    userId: userId(),
    kind: text("kind").notNull(),
    /** Empty where it is about no coin or intent. */
    coin: coin(),
    intentId: text("intent_id").notNull(),
    detail: text("detail").notNull(),
    openedAt: utc("opened_at").notNull(),
    closedAt: utc("closed_at"),
    closedBy: text("closed_by").$type<(typeof WHO)[number]>(),
  },
  (table) => [
    uniqueIndex("incidents_open")
      .on(table.mode, table.userId, table.kind, table.coin, table.intentId)
      .where(sql`${table.closedAt} is null`),
    check("incidents_mode_check", oneOf(table.mode, MODES)),
    check(
      "incidents_kind_check",
      oneOf(table.kind, ["needs-human", "unknown-difference", "projection-failed", "key", "defect"]),
    ),
    check("incidents_by_check", oneOf(table.closedBy, WHO)),
    check("incidents_closed_check", sql`(${table.closedAt} is null) = (${table.closedBy} is null)`),
  ],
);

/** The newest rest of a user's coin, also when it is over: the next one's length depends on it. */
export const coolingRests = schedulerx.table(
  "cooling_rests",
  {
    mode: mode(),
    userId: userId(),
    coin: coin(),
    cause: text("cause").notNull(),
    untilAt: utc("until_at").notNull(),
    troubles: integer("troubles").notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.mode, table.userId, table.coin] }),
    check("cooling_rests_mode_check", oneOf(table.mode, MODES)),
    check("cooling_rests_cause_check", oneOf(table.cause, ["closed", "entry-empty", "unwound", "guardian"])),
    check("cooling_rests_troubles_check", sql`${table.troubles} >= 0`),
  ],
);

/** Funding as the venues told it; never edited. */
export const fundingEvents = schedulerx.table(
  "funding_events",
  {
    mode: mode(),
    userId: userId(),
    venue: text("venue").$type<Venue>().notNull(),
    eventId: text("event_id").notNull(),
    coin: coin(),
    positionId: integer("position_id")
      .notNull()
      .references(() => hedgedPositions.positionId),
    /** Positive: received. */
    amountUsdt: numeric("amount_usdt").notNull(),
    at: utc("at").notNull(),
    late: boolean("late").notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.mode, table.userId, table.venue, table.eventId] }),
    index("funding_events_position").on(table.positionId),
    check("funding_events_mode_check", oneOf(table.mode, MODES)),
    check("funding_events_venue_check", oneOf(table.venue, VENUES)),
  ],
);

/** The last decision about a strategy and coin; earlier ones are written over. */
export const lastDecisions = schedulerx.table(
  "last_decisions",
  {
    mode: mode(),
    userId: userId(),
    strategyId: integer("strategy_id").notNull(),
    coin: coin(),
    pair: text("pair").$type<PairKey>().notNull(),
    action: text("action").$type<"enter" | "exit" | "hold">().notNull(),
    reason: text("reason").notNull(),
    context: text("context").notNull(),
    at: utc("at").notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.mode, table.userId, table.strategyId, table.coin] }),
    check("last_decisions_mode_check", oneOf(table.mode, MODES)),
    check("last_decisions_pair_check", oneOf(table.pair, PAIR_KEYS)),
    check("last_decisions_action_check", oneOf(table.action, ["enter", "exit", "hold"])),
  ],
);
