// The command as an operator types it, in a process of its own on a real database.

import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { sql } from "drizzle-orm";
import { createFormerSecrets, createSecrets } from "../../adapters/secrets.ts";
import { type Database, rowsOf } from "../../adapters/store/database.ts";
import { migratePostgres } from "../../adapters/store/migrate.ts";
import { openPostgres } from "../../adapters/store/postgres.ts";
import { needs } from "../../testing/needs.ts";
import { RecordingLog } from "../../testing/recording-log.ts";
import { startPostgres, type TestPostgres } from "../../testing/services.ts";
import { runRotation } from "./rotate-keys.ts";

/** As somebody's Karbit may have been run: a placeholder out of a public source. */
const OLD = "your-secret-key-32-characters-long";
const NEW = "b1946ac92492d2347c6235b4d2611184";
const MAIN = join(import.meta.dir, "../main.ts");

needs(["postgres"], "schedulerx-scheduler keys rotate", () => {
  let server: TestPostgres;
  let database: Database;
  beforeAll(async () => {
    server = await startPostgres();
    const log = new RecordingLog();
    await migratePostgres({ url: server.url }, { karbitTables: "create", log });
    database = openPostgres({ url: server.url, log });
  });
  afterAll(async () => {
    await database.close();
    await server.stop();
  });

  async function run(args: readonly string[], settings: Record<string, string> = {}) {
    const child = Bun.spawn([process.execPath, MAIN, "keys", "rotate", ...args], {
      env: { DATABASE_URL: server.url, ...settings },
      stdout: "pipe",
      stderr: "pipe",
    });
    const [out, err] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
    ]);
    return { code: await child.exited, out, err };
  }
  const look = () =>
    database.run("look", (executor) =>
      rowsOf<{ api_key: string; api_secret: string }>(
        executor,
        sql`select api_key, api_secret from user_exchanges order by id`,
      ),
    );

  test("help names the settings, and an option that is none is refused", async () => {
    let [said, complained] = ["", ""];
    const into = {
      say: (text: string) => void (said += text),
      complain: (text: string) => void (complained += text),
    };
    expect(await runRotation(["--help"], into)).toBe(0);
    for (const word of ["--dry-run", "ENCRYPTION_KEY_OLD", "Stop the scheduler, the api and Karbit first"]) {
      expect(said).toContain(word);
    }
    expect(complained).toBe("");
    expect(await runRotation(["--to", "rot13"], into)).toBe(2);
    expect(complained).toStartWith("--to: expected karbit or envelope, was rot13");
  });

  test("counts are told, an unreadable row stops it all, and without one every key has the new key", async () => {
    const [one, two] = await database.run("users", (executor) =>
      rowsOf<{ id: number }>(
        executor,
        sql`insert into users (email, password_hash) values ('a@x.kr', ''), ('b@x.kr', '') returning id`,
      ),
    );
    const old = createFormerSecrets(OLD);
    const put = (userId: number, venue: string, format: "karbit" | "envelope", secret?: string) => {
      const text = (field: "api_key" | "api_secret") =>
        old.write(`${field}-never-shown`, { userId, venue, field }, format);
      return database.run("put", (executor) =>
        executor.execute(
          sql`insert into user_exchanges (user_id, exchange_id, api_key, api_secret)
              select ${userId}, id, ${text("api_key")}, ${secret ?? text("api_secret")}
              from exchanges where eng_name = ${venue}`,
        ),
      );
    };
    await put(one!.id, "upbit", "karbit");
    await put(one!.id, "bybit", "envelope");
    await put(two!.id, "upbit", "karbit", "never-encrypted-at-all");
    const keys = { ENCRYPTION_KEY: NEW, ENCRYPTION_KEY_OLD: OLD };
    const before = await look();

    const stopped = await run(["--to", "envelope"], keys);
    expect([stopped.code, stopped.err]).toEqual([1, ""]);
    expect(stopped.out.split("\n").slice(0, 6)).toEqual([
      "found as    written as      rows  already so",
      "envelope    envelope           1           0",
      "karbit      envelope           1           0",
      "unreadable                     1",
      "",
      `cannot be read with either key: user ${two!.id}, upbit`,
    ]);
    expect(await look()).toEqual(before);

    await database.run("away", (executor) =>
      executor.execute(sql`delete from user_exchanges where user_id = ${two!.id}`),
    );
    const done = await run(["--to", "envelope"], keys);
    expect([done.code, done.err]).toEqual([0, ""]);
    expect(done.out).toContain("2 rows were written. Start the scheduler, the api and Karbit");
    const fresh = createSecrets(NEW);
    expect(
      (await look()).map(({ api_key, api_secret }, index) => {
        const place = { userId: one!.id, venue: index === 0 ? "upbit" : "bybit" };
        return [
          fresh.read(api_key, { ...place, field: "api_key" }),
          fresh.read(api_secret, { ...place, field: "api_secret" }),
        ];
      }),
    ).toEqual(Array(2).fill(["api_key-never-shown", "api_secret-never-shown"]));
    const said = [stopped, done].map(({ out, err }) => out + err).join("\n");
    for (const secret of ["never-shown", "never-encrypted", OLD, NEW, "v2."])
      expect(said).not.toContain(secret);
  });
});
