// Users who trade, as Karbit's rows have them. Keys are encrypted here as the contract says, once more by hand.

import { createCipheriv } from "node:crypto";
import { sql } from "drizzle-orm";
import type { Venue } from "../../../schema/vocabulary.ts";
import type { Database } from "./database.ts";
import { addUser, rows } from "./journal-fixtures.ts";

export const ENCRYPTION_KEY = "0123456789abcdef0123456789abcdef";

export function encrypted(text: string, key = ENCRYPTION_KEY): string {
  const iv = Buffer.from("000102030405060708090a0b0c0d0e0f", "hex");
  const cipher = createCipheriv("aes-256-cbc", Buffer.from(key), iv);
  return `${iv.toString("hex")}:${cipher.update(text, "utf8", "hex")}${cipher.final("hex")}`;
}

/** A user whose only strategy is on, as Karbit starts one. */
export async function addActiveTrader(database: Database): Promise<{ userId: number; strategyId: number }> {
  const trader = await addUser(database);
  await rows(
    database,
    sql`update strategies set is_active = true, seed_amount = 10000000.5, seed_division = 4,
        entry_rate = 1365.12345678, exit_rate = 1390, leverage = 3, trade_mode = 'custom', coin_mode = 'custom',
        selected_coins = '{BTC,ETH}', allow_average_down = true where id = ${trader.strategyId}`,
  );
  await rows(
    database,
    sql`update users set active_strategy_id = ${trader.strategyId} where id = ${trader.userId}`,
  );
  return trader;
}

export type KeyArguments = [userId: number, venue: Venue, columns?: { key?: string | null; on?: boolean }];

/** A key of this user for a venue; `key` is the stored text. */
export async function addVenueKey(
  database: Database,
  ...[userId, venue, columns = {}]: KeyArguments
): Promise<void> {
  const key = columns.key === undefined ? encrypted(`api-key-of-${venue}`) : columns.key;
  await rows(
    database,
    sql`insert into user_exchanges (user_id, exchange_id, api_key, api_secret, is_active)
        select ${userId}, id, ${key}, ${encrypted(`secret-of-${venue}`)}, ${columns.on ?? true}
        from exchanges where eng_name = ${venue}`,
  );
}
