// Karbit's tables as we make them, against its contract written out once more: what is checked here is that an
// installation without Karbit holds the same columns, rules and first rows as one with it.

import { describe, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import type { StoreFault } from "../../domain/store-fault.ts";
import { type Database, rowsOf } from "./database.ts";

const ID = "id integer not null always";
const TS = "timestamp without time zone";
const AMOUNT = "numeric(18,8)";

const EXPECTED: Readonly<Record<string, readonly string[]>> = {
  users: [
    ID,
    "email character varying(255) not null",
    "password_hash text not null",
    "name character varying(100)",
    "plan_id integer",
    "active_strategy_id integer",
    ...["entry", "self_entry", "auto_entry", "alarm"].map((kind) => `total_${kind}_count integer = 0`),
    `total_order_amount ${AMOUNT} = '0'::numeric`,
    "total_profit_rate numeric(10,2) = '0'::numeric",
    "last_entry_date date",
    "daily_entry_count integer = 0",
    "telegram_chat_id character varying(100)",
    "telegram_username character varying(100)",
    `telegram_connected_at ${TS}`,
    "telegram_notifications_enabled boolean = false",
    "google_id character varying(255)",
    "google_avatar character varying(500)",
    `created_at ${TS} = now()`,
    `updated_at ${TS} = now()`,
  ],
  exchanges: [
    ID,
    "name character varying(50) not null",
    "eng_name character varying(50) not null",
    "type character varying(20) not null",
    "referral_code character varying(100)",
  ],
  user_exchanges: [
    ID,
    "user_id integer not null",
    "exchange_id integer not null",
    "api_key text",
    "api_secret text",
    "is_active boolean = true",
    "verified boolean = false",
    `created_at ${TS} = now()`,
  ],
  coins_exchanges: [
    ID,
    "exchange_id integer not null",
    "coin_symbol character varying(20) not null",
    "display_name character varying(100) not null",
    "deposit_yn boolean = false",
    "withdraw_yn boolean = false",
    "net_type character varying(50)",
  ],
  strategies: [
    ID,
    "user_id integer not null",
    "name character varying(100) not null",
    "is_active boolean = false",
    ...["seed_amount", "entry_rate", "exit_rate"].map((name) => `${name} ${AMOUNT} not null`),
    ...["coin_mode", "trade_mode"].map(
      (name) => `${name} character varying(10) not null = 'custom'::character varying`,
    ),
    "selected_coins text[]",
    "seed_division integer not null = 1",
    "leverage integer not null = 1",
    "entry_count integer = 0",
    ...["allow_average_down", "allow_average_up", "ai_mode"].map((name) => `${name} boolean = false`),
    `created_at ${TS} = now()`,
    `updated_at ${TS} = now()`,
  ],
  positions: [
    ID,
    "user_id integer not null",
    "strategy_id integer not null",
    "coin_symbol character varying(20) not null",
    "leverage integer not null = 1",
    "status character varying(20) = 'OPEN'::character varying",
    ...["kr", "fr"].flatMap((leg) => [
      `${leg}_exchange character varying(50) not null`,
      `${leg}_order_id character varying(100) not null`,
      ...["price", "volume", "funds", "fee"].map((name) => `${leg}_${name} ${AMOUNT} not null`),
    ]),
    `fr_original_price ${AMOUNT}`,
    "usdt_price numeric(10,2)",
    "entry_rate numeric(10,2) not null",
    "exit_rate numeric(10,2)",
    "fr_slippage numeric(10,4)",
    "profit numeric(18,2)",
    "profit_rate numeric(10,2)",
    `entry_time ${TS} = now()`,
    `exit_time ${TS}`,
    `created_at ${TS} = now()`,
  ],
  user_sessions: [
    ID,
    "user_id integer not null",
    "token text not null",
    `expires_at ${TS} not null`,
    "session_data text",
  ],
};

/** To be called inside a describe() whose database was migrated with karbitTables "create". */
export function karbitTablesSuite(database: () => Database): void {
  const rows = <Row>(statement: ReturnType<typeof sql>) =>
    database().run("look", (executor) => rowsOf<Row>(executor, statement));
  const codeOf = (statement: ReturnType<typeof sql>) =>
    database()
      .run("try", (executor) => executor.execute(statement))
      .then(
        () => "accepted",
        (error: unknown) => (error as StoreFault).code,
      );

  describe("Karbit's tables", () => {
    for (const [table, columns] of Object.entries(EXPECTED)) {
      test(`${table} has exactly the columns of the contract`, async () => {
        const found = await rows<{ line: string }>(sql`
          select attname || ' ' || format_type(atttypid, atttypmod)
            || case when attnotnull then ' not null' else '' end
            || case when attidentity = 'a' then ' always' else '' end
            || coalesce(' = ' || pg_get_expr(adbin, adrelid), '') as line
          from pg_attribute left join pg_attrdef on adrelid = attrelid and adnum = attnum
          where attrelid = ${`public.${table}`}::regclass and attnum > 0 and not attisdropped`);
        expect(found.map((row) => row.line).sort()).toEqual([...columns].sort());
      });
    }

    test("foreign keys cascade as the contract says, and trades hold on to their coin", async () => {
      const found = await rows<{ line: string }>(sql`
        select conrelid::regclass || ' ' || confrelid::regclass || ' ' || confdeltype::text as line
        from pg_constraint where contype = 'f' and connamespace = 'public'::regnamespace`);
      expect(found.map((row) => row.line).sort()).toEqual([
        "coins_exchanges exchanges c",
        "positions strategies c",
        "positions users c",
        "strategies users c",
        "trades coins_exchanges a",
        "trades positions c",
        "trades users c",
        "user_exchanges exchanges c",
        "user_exchanges users c",
        "user_plan_history plans a",
        "user_plan_history users c",
        "user_sessions users c",
        "users plans a",
      ]);
    });

    test("unique keys are the contract's", async () => {
      const found = await rows<{ line: string }>(sql`
        select conrelid::regclass || ' ' || pg_get_constraintdef(oid) as line
        from pg_constraint where contype = 'u' and connamespace = 'public'::regnamespace`);
      expect(found.map((row) => row.line).sort()).toEqual([
        "coins_exchanges UNIQUE (exchange_id, coin_symbol)",
        "exchanges UNIQUE (eng_name)",
        "exchanges UNIQUE (name)",
        "plans UNIQUE (name)",
        "user_exchanges UNIQUE (user_id, exchange_id)",
        "user_sessions UNIQUE (token)",
        "users UNIQUE (email)",
      ]);
    });

    test("exchanges and plans hold Karbit's first rows in its order", async () => {
      const exchanges = await rows(sql`select id, name, eng_name, type from exchanges order by id`);
      expect(exchanges).toEqual([
        { id: 1, name: "업비트", eng_name: "upbit", type: "KR" },
        { id: 2, name: "빗썸", eng_name: "bithumb", type: "KR" },
        { id: 3, name: "바이낸스", eng_name: "binance", type: "Overseas" },
        { id: 4, name: "바이빗", eng_name: "bybit", type: "Overseas" },
        { id: 5, name: "OKX", eng_name: "okx", type: "Overseas" },
      ]);
      expect(await rows(sql`select name from plans order by id`)).toEqual([
        { name: "Free" },
        { name: "Starter" },
        { name: "Premium" },
      ]);
    });

    test("what the contract forbids is refused: an id of one's own, other types and modes", async () => {
      expect(await codeOf(sql`insert into plans (id, name) values (9, 'x')`)).toBe("428C9");
      expect(await codeOf(sql`insert into exchanges (name, eng_name, type) values ('x', 'x', 'EU')`)).toBe(
        "23514",
      );
      expect(
        await codeOf(sql`insert into exchanges (name, eng_name, type) values ('x', 'upbit', 'KR')`),
      ).toBe("23505");
    });
  });
}
