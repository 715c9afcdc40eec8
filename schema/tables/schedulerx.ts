// Our own tables, in the PostgreSQL schema `schedulerx`, so that nothing of Karbit's is ever touched.
// Rates are integer jeon (1/100 KRW) per USDT, null where a book was too thin. Minutes and hours are counted from the
// epoch in UTC. Why the coins' history has two tables: docs/storage.md.

import { sql } from "drizzle-orm";
import {
  check,
  customType,
  index,
  integer,
  jsonb,
  pgSchema,
  primaryKey,
  smallint,
  text,
  timestamp,
} from "drizzle-orm/pg-core";

export const schedulerx = pgSchema("schedulerx");

type Jeons = readonly (number | null)[];

/** `integer[]` with nulls. Sent as PostgreSQL's array text; comes back as text, or from PGlite as an array. */
const jeonArray = customType<{ data: Jeons; driverData: string | Jeons }>({
  dataType: () => "integer[]",
  toDriver: (values) => `{${values.map((value) => value ?? "NULL").join(",")}}`,
  fromDriver: (value) => (typeof value === "string" ? parseJeons(value) : value),
});

function parseJeons(text: string): Jeons {
  const inner = text.slice(1, -1);
  return inner === "" ? [] : inner.split(",").map((item) => (item === "NULL" ? null : Number(item)));
}

const utc = (name: string) => timestamp(name, { withTimezone: true, mode: "date" });

/** One row per pair of venues and minute, at 1,000,000 KRW. */
export const pairRates = schedulerx.table(
  "pair_rates",
  {
    /** Index into PAIRS. */
    pair: smallint("pair").notNull(),
    minute: integer("minute").notNull(),
    bestEntryJeon: integer("best_entry_jeon"),
    bestExitJeon: integer("best_exit_jeon"),
    medianEntryJeon: integer("median_entry_jeon"),
    medianExitJeon: integer("median_exit_jeon"),
    referenceJeon: integer("reference_jeon"),
    coinCount: smallint("coin_count").notNull(),
  },
  (table) => [primaryKey({ columns: [table.pair, table.minute] })],
);

/** The running hour: one row per minute and pair, element i of each array belonging to `coins[i]`. */
export const coinRatesRecent = schedulerx.table(
  "coin_rates_recent",
  {
    minute: integer("minute").notNull(),
    pair: smallint("pair").notNull(),
    coins: text("coins").array().notNull(),
    entryJeonAt1m: jeonArray("entry_jeon_at_1m").notNull(),
    exitJeonAt1m: jeonArray("exit_jeon_at_1m").notNull(),
    entryJeonAt10m: jeonArray("entry_jeon_at_10m").notNull(),
    exitJeonAt10m: jeonArray("exit_jeon_at_10m").notNull(),
  },
  (table) => [primaryKey({ columns: [table.minute, table.pair] })],
);

/** Whole hours: one row per coin, pair and hour, element m + 1 of each array belonging to minute m of the hour. */
export const coinRatesHourly = schedulerx.table(
  "coin_rates_hourly",
  {
    coin: text("coin").notNull(),
    pair: smallint("pair").notNull(),
    hour: integer("hour").notNull(),
    entryJeonAt1m: jeonArray("entry_jeon_at_1m").notNull(),
    exitJeonAt1m: jeonArray("exit_jeon_at_1m").notNull(),
    entryJeonAt10m: jeonArray("entry_jeon_at_10m").notNull(),
    exitJeonAt10m: jeonArray("exit_jeon_at_10m").notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.coin, table.pair, table.hour] }),
    index("coin_rates_hourly_hour").on(table.hour),
  ],
);

/** Every instrument ever seen on a venue, also those Karbit's table cannot hold. */
export const instruments = schedulerx.table(
  "instruments",
  {
    venue: text("venue").notNull(),
    symbol: text("symbol").notNull(),
    coin: text("coin").notNull(),
    /** Coins per unit of the venue's price and quantity. */
    multiplier: integer("multiplier").notNull(),
    state: text("state").$type<"active" | "halted" | "quarantined" | "delisted">().notNull(),
    /** Why it is quarantined; null in every other state. */
    why: text("why"),
    firstSeenAt: utc("first_seen_at").notNull(),
    lastSeenAt: utc("last_seen_at").notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.venue, table.symbol] }),
    check("instruments_state_check", sql`${table.state} in ('active', 'halted', 'quarantined', 'delisted')`),
    check("instruments_why_check", sql`(${table.state} = 'quarantined') = (${table.why} is not null)`),
  ],
);

/** Small documents that change while running: "listings.<venue>" holds what a venue says of its listings. */
export const settings = schedulerx.table("settings", {
  key: text("key").primaryKey(),
  value: jsonb("value").notNull(),
  updatedAt: utc("updated_at").notNull(),
});
