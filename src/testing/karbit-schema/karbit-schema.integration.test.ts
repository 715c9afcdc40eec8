import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { karbitStoresSuite } from "../../adapters/store/all-stores-suite.ts";
import type { Database, Executor } from "../../adapters/store/database.ts";
import { lackingRights, type RightsFor } from "../../adapters/store/karbit-rights.ts";
import { karbitTablesSuite } from "../../adapters/store/karbit-tables-suite.ts";
import { type KarbitTablesMode, migratePostgres } from "../../adapters/store/migrate.ts";
import { openPostgres, withDedicatedConnection } from "../../adapters/store/postgres.ts";
import { isLong } from "../long.ts";
import { needs } from "../needs.ts";
import { RecordingLog } from "../recording-log.ts";
import { type EmptyDatabase, emptyDatabase } from "../services.ts";
import { makeKarbitDatabase, makeKarbitGuest, publicCatalog, publicShape } from "./karbit-schema.ts";

/** Where an install without Karbit is richer than the contract, and why that does no harm. */
const ONLY_OURS = [
  // The contract tells a plan's name alone. These are what Karbit's page of plans shows; nobody here reads them.
  "plans created_at timestamp without time zone default now()",
  "plans description text",
  "plans features text[]",
  "plans is_popular boolean default false",
  "plans limitations text[]",
  "plans period character varying(20) default '월'::character varying",
  "plans price numeric(12,2) default '0'::numeric",
  "user_plan_history created_at timestamp without time zone default now()",
  // Nobody writes trades: a check more refuses nothing.
  "trades CHECK (((side)::text = ANY ((ARRAY['BUY'::character varying, 'SELL'::character varying])::text[])))",
  // Indexes change no row.
  "CREATE INDEX ON trades USING btree (exchange_coin_id)",
  "CREATE INDEX ON trades USING btree (position_id)",
  "CREATE INDEX ON user_plan_history USING btree (user_id)",
].sort();

needs(["postgres"], "a database made by Karbit", () => {
  const opened: EmptyDatabase[] = [];
  let url: string;
  const newDatabase = async () => {
    const made = (await emptyDatabase())!;
    opened.push(made);
    return made.url;
  };
  const on = <T>(at: string, work: (executor: Executor) => Promise<T>) =>
    withDedicatedConnection({ url: at }, work);
  const migrate = (at: string, karbitTables: KarbitTablesMode) =>
    migratePostgres({ url: at }, { karbitTables, log: new RecordingLog() });

  beforeAll(async () => {
    url = await newDatabase();
    await makeKarbitDatabase(url);
  });
  afterAll(async () => {
    for (const each of opened) await each.drop();
  });

  test("is taken as it is, whatever KARBIT_TABLES says, and nothing of Karbit's is altered", async () => {
    const before = await on(url, publicCatalog);
    expect(before.length).toBeGreaterThan(200);
    for (const mode of ["expect", "create", "expect"] as const) {
      await migrate(url, mode);
      expect(await on(url, publicCatalog)).toEqual(before);
    }
    // That the catalog would tell: a change that was taken back leaves its traces.
    await on(url, (executor) => executor.execute(sql`alter table trades add column note text`));
    await on(url, (executor) => executor.execute(sql`alter table trades drop column note`));
    expect(await on(url, publicCatalog)).not.toEqual(before);
  });

  test("has the shape of the tables we make for installs without Karbit, but for what is told above", async () => {
    const ours = await newDatabase();
    await migrate(ours, "create");
    const [theirShape, ourShape] = [await on(url, publicShape), await on(ours, publicShape)];
    expect(ourShape.filter((line) => !theirShape.includes(line)).sort()).toEqual(ONLY_OURS);
    expect(theirShape.filter((line) => !ourShape.includes(line))).toEqual([]);
  });

  test("with the rights of the guide none is lacking, and one that was not given is told for what needs it", async () => {
    const at = await newDatabase();
    await makeKarbitDatabase(at);
    const role = `checked_${new URL(at).pathname.slice(1)}`;
    const guest = await makeKarbitGuest(at, { role, rights: "all" });
    const database = openPostgres({ url: guest, log: new RecordingLog() });
    const change = (text: string) => on(at, (executor) => executor.execute(sql.raw(text)));
    const lackingFor = (...uses: RightsFor[]) => lackingRights(database, uses);
    expect(await lackingFor("rates", "live", "accounts", "sign-up")).toEqual([]);
    await change(`revoke all on user_sessions, coins_exchanges from ${role}`);
    await change(`revoke insert on users, user_exchanges, strategies, positions from ${role}`);
    const all = (table: string) =>
      ["SELECT", "INSERT", "UPDATE", "DELETE"].map((right) => `${right} on ${table}`);
    expect(await lackingFor("rates")).toEqual(all("coins_exchanges"));
    expect(await lackingFor("live")).toEqual(["INSERT on positions"]);
    const forAccounts = ["INSERT on user_exchanges", "INSERT on strategies"];
    expect(await lackingFor("accounts")).toEqual([...all("user_sessions"), ...forAccounts]);
    expect(await lackingFor("sign-up")).toEqual(["INSERT on users"]);
    await change(`grant insert (user_id) on positions to ${role}`);
    expect(await lackingFor("live")).toEqual([]);
    // A table that is not there is told otherwise.
    await change("drop table user_sessions");
    expect(await lackingFor("accounts")).toEqual(forAccounts);
    await database.close();
  });

  describe("with our tables beside it", () => {
    let database: Database;
    beforeAll(async () => {
      await migrate(url, "expect");
      database = openPostgres({ url, log: new RecordingLog() });
    });
    afterAll(() => database.close());

    // What the stores that use Karbit's tables promise holds there as well.
    if (isLong) karbitStoresSuite(() => database);
    else karbitTablesSuite(() => database);
  });
});
