// One of each kind of thing a user may have, marked so that it can be found in whatever another user is told.

import { sql } from "drizzle-orm";
import { rows } from "../src/adapters/store/journal-fixtures.ts";
import { linkCodeHash } from "../src/domain/link-code.ts";
import type { accountsDatabase } from "./test-accounts.ts";
import type { TestTrades } from "./test-trades.ts";

type Context = Awaited<ReturnType<typeof accountsDatabase>>;

export interface OwnThings {
  /** Of an open position. */
  readonly coin: string;
  readonly incidentId: number;
  readonly strategyId: number;
}

const KRW = "142000000";
const USDT = "100000";

/**
 * Strategy, key, open and closed positions, incident, decision, switch, linked chat and paper money of a user; every text
 * that can hold it has `mark` (letters and digits, upper case) in it.
 */
export async function addOwnThings(
  { accounts, database }: Context,
  trades: TestTrades,
  { userId, mark, atMs }: { readonly userId: number; readonly mark: string; readonly atMs: number },
): Promise<OwnThings> {
  const of = (coin: string) => ({
    ...({
      userId,
      coin,
      pair: "upbit-bybit",
      qtyCoin: "0.02",
      referenceKrw: "1400",
      exitTargetRate: "1437.5",
    } as const),
  });
  const [open, closed] = [`${mark}1`, `${mark}2`];
  const [strategy] = await rows<{ id: number }>(
    database,
    sql`insert into strategies (user_id, name, is_active, seed_amount, entry_rate, exit_rate, selected_coins)
        values (${userId}, ${mark}, true, 30000000, 1400, 1425.5, ${sql.raw(`'{${open}}'`)}) returning id`,
  );
  const strategyId = strategy!.id;
  await rows(
    database,
    sql`update users set active_strategy_id = ${strategyId}, name = ${mark} where id = ${userId}`,
  );
  await accounts.keys!.put(userId, "upbit", { apiKey: `key ${mark}`, secret: `secret ${mark}` }, atMs);
  for (const coin of [open, closed])
    await trades.enter(of(coin), { krw: KRW, usdt: USDT, atMs: atMs - 2_000 });
  await trades.leave(of(closed), { krw: KRW, usdt: USDT, atMs: atMs - 1_000 });
  const at = new Date(atMs).toISOString();
  const [incident] = await rows<{ id: number }>(
    database,
    sql`insert into schedulerx.incidents (mode, user_id, kind, coin, intent_id, detail, opened_at)
        values ('paper', ${userId}, 'key', '', '', ${mark}, ${at}) returning incident_id as id`,
  );
  await rows(
    database,
    sql`insert into schedulerx.last_decisions (mode, user_id, strategy_id, coin, pair, action, reason, context, at)
        values ('paper', ${userId}, ${strategyId}, ${open}, 'upbit-bybit', 'hold', 'spread-too-wide', ${mark}, ${at})`,
  );
  await accounts.safety.setEntries(userId, { off: true, why: mark }, atMs);
  const codeHash = linkCodeHash(`code ${mark}`);
  await accounts.telegram.offer({ userId, codeHash, expiresAtMs: atMs + 60_000, atMs });
  await accounts.telegram.link({ codeHash, chatId: `7${userId}`, username: mark, atMs });
  await accounts.paper.topUp(userId, { venue: "upbit", amount: "12345" }, atMs, mark);
  return { coin: open, incidentId: incident!.id, strategyId };
}

/** Every row of every table that is a user's, as texts by table. */
export async function rowsOfUser({ database }: Context, userId: number): Promise<Record<string, string[]>> {
  const tables = await rows<{ schema: string; name: string; column: string }>(
    database,
    sql`select table_schema as schema, table_name as name, column_name as column from information_schema.columns
        where table_schema in ('public', 'schedulerx')
          and (column_name = 'user_id' or (table_name = 'users' and column_name = 'id')
            or (table_name = 'trading_switches' and column_name = 'subject'))
        order by 1, 2`,
  );
  const found: Record<string, string[]> = {};
  for (const { schema, name, column } of tables) {
    const [table, key] = [sql.raw(`"${schema}"."${name}"`), sql.raw(`"${column}"`)];
    const texts = await rows<{ text: string }>(
      database,
      sql`select row_to_json(t)::text as text from ${table} t where ${key}::text = ${String(userId)} order by 1`,
    );
    found[`${schema}.${name}`] = texts.map(({ text }) => text);
  }
  return found;
}
