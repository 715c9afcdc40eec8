// What clients ask for and what they changed: closes that are wished for, the audit trail, codes that link a chat, failed logins. No
// foreign keys into Karbit's tables.

import { sql } from "drizzle-orm";
import { bigint, check, index, integer, jsonb, text, timestamp } from "drizzle-orm/pg-core";
import { schedulerx } from "./schedulerx.ts";
import { hedgedPositions } from "./trading.ts";

const utc = (name: string) => timestamp(name, { withTimezone: true, precision: 3, mode: "date" });

/** A position somebody wants left whatever the rate. It counts until the position is gone; nothing takes it back. */
export const forcedCloses = schedulerx.table(
  "forced_closes",
  {
    positionId: integer("position_id")
      .primaryKey()
      .references(() => hedgedPositions.positionId),
    askedBy: text("asked_by").$type<"user" | "operator">().notNull(),
    at: utc("at").notNull(),
  },
  (table) => [check("forced_closes_by_check", sql`${table.askedBy} in ('user', 'operator')`)],
);

/** Every change of keys, strategies, switches and the like; appended and never edited. No secrets in `detail`. */
export const auditEvents = schedulerx.table(
  "audit_events",
  {
    seq: bigint("seq", { mode: "number" }).primaryKey().generatedAlwaysAsIdentity(),
    at: utc("at").notNull(),
    actor: text("actor").$type<"user" | "operator" | "engine">().notNull(),
    /** Whose things were changed; null: nobody's in particular. */
    userId: integer("user_id"),
    /** What was done, as noun.verb: key.added, strategy.started, switch.set. */
    action: text("action").notNull(),
    /** To what: a venue, a strategy's id, a coin; may be empty. */
    subject: text("subject").notNull(),
    detail: jsonb("detail").$type<Readonly<Record<string, string | number | boolean | null>>>().notNull(),
  },
  (table) => [
    index("audit_events_user").on(table.userId, table.seq),
    // Asked before each change that a client may send twice; a user can make his trail as long as he likes.
    index("audit_events_ref")
      .on(table.userId, sql`(${table.detail} ->> 'ref')`)
      .where(sql`(${table.detail} ->> 'ref') is not null`),
    check("audit_events_actor_check", sql`${table.actor} in ('user', 'operator', 'engine')`),
  ],
);

/** A code of few minutes that a user sends to the bot from the chat he wants his notices in. */
export const telegramLinks = schedulerx.table("telegram_links", {
  userId: integer("user_id").primaryKey(),
  /** SHA-256, hex. */
  codeHash: text("code_hash").notNull().unique(),
  expiresAt: utc("expires_at").notNull(),
});

/** Logins that failed lately, for all api processes together. Rows go when their quarter of an hour is over. */
export const loginFailures = schedulerx.table(
  "login_failures",
  {
    /** SHA-256, hex, of the address as it was typed, in lower case: of unknown addresses, too. */
    addressHash: text("address_hash").primaryKey(),
    since: utc("since").notNull(),
    count: integer("count").notNull(),
  },
  (table) => [
    index("login_failures_since").on(table.since),
    check("login_failures_count_check", sql`${table.count} >= 0`),
  ],
);
