// Whether Karbit's tables are there, with the columns we read or write. Looked up in the schema `public`; a table or
// column the database user has no right to counts as missing.

import { sql } from "drizzle-orm";
import { getTableConfig } from "drizzle-orm/pg-core";
import * as karbit from "../../../schema/tables/karbit.ts";
import { type Executor, rowsOf } from "./database.ts";

/** Every table of the contract. */
export const KARBIT_TABLES: readonly string[] = Object.values(karbit).map(
  (table) => getTableConfig(table).name,
);

/** What we depend on. Karbit may add to its tables, and drop what is not listed here. */
const NEEDED_COLUMNS: Readonly<Record<string, readonly string[]>> = {
  exchanges: ["id", "eng_name", "type"],
  coins_exchanges: [
    "id",
    "exchange_id",
    "coin_symbol",
    "display_name",
    "deposit_yn",
    "withdraw_yn",
    "net_type",
  ],
  users: [
    "id",
    "email",
    "active_strategy_id",
    "total_entry_count",
    "total_auto_entry_count",
    "total_order_amount",
    "telegram_chat_id",
    "telegram_notifications_enabled",
  ],
  user_exchanges: ["id", "user_id", "exchange_id", "api_key", "api_secret", "is_active"],
  strategies: [
    ...[
      "id",
      "user_id",
      "name",
      "is_active",
      "seed_amount",
      "entry_rate",
      "exit_rate",
      "coin_mode",
      "trade_mode",
    ],
    ...[
      "selected_coins",
      "seed_division",
      "leverage",
      "entry_count",
      "allow_average_down",
      "allow_average_up",
    ],
  ],
  positions: [
    ...["id", "user_id", "strategy_id", "coin_symbol", "leverage", "status", "kr_exchange", "fr_exchange"],
    ...["kr_order_id", "kr_price", "kr_volume", "kr_funds", "kr_fee"],
    ...["fr_order_id", "fr_price", "fr_original_price", "fr_volume", "fr_funds", "fr_fee", "fr_slippage"],
    ...[
      "usdt_price",
      "entry_rate",
      "exit_rate",
      "profit",
      "profit_rate",
      "entry_time",
      "exit_time",
      "created_at",
    ],
  ],
};

export interface KarbitTablesState {
  readonly present: readonly string[];
  readonly absent: readonly string[];
  /** `table` or `table.column` we depend on and do not find; ascending. */
  readonly missing: readonly string[];
}

export async function inspectKarbitTables(executor: Executor): Promise<KarbitTablesState> {
  const rows = await rowsOf<{ table_name: string; column_name: string }>(
    executor,
    sql`select table_name, column_name from information_schema.columns
        where table_schema = 'public' and table_name in ${[...KARBIT_TABLES]}`,
  );
  const found = new Map<string, Set<string>>();
  for (const row of rows) {
    const columns = found.get(row.table_name) ?? new Set();
    found.set(row.table_name, columns.add(row.column_name));
  }
  const missing = Object.entries(NEEDED_COLUMNS).flatMap(([table, columns]) => {
    const held = found.get(table);
    if (held === undefined) return [table];
    return columns.filter((column) => !held.has(column)).map((column) => `${table}.${column}`);
  });
  return {
    present: KARBIT_TABLES.filter((table) => found.has(table)),
    absent: KARBIT_TABLES.filter((table) => !found.has(table)),
    missing: missing.sort(),
  };
}
