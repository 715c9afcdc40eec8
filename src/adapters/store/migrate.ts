// Brings a database up to what this build needs: our tables always, Karbit's only where the settings say so and none
// of them is there. Invariants: each migration is applied once and whole; two processes at once do it one after the
// other; an applied migration whose text has changed since is refused.

import { sql } from "drizzle-orm";
import { StoreFault } from "../../domain/store-fault.ts";
import type { Log } from "../../ports/telemetry.ts";
import { type Database, type Executor, rowsOf } from "./database.ts";
import { inspectKarbitTables } from "./karbit-tables.ts";
import { KARBIT_CREATE_SET, type MigrationSet, SCHEDULERX_SET } from "./migrations.ts";
import { withDedicatedConnection } from "./postgres.ts";
import type { PostgresSettings } from "./postgres-settings.ts";

/**
 * - "expect": Karbit's tables must be there, made by Karbit's own migrations.
 * - "create": for installs without Karbit; made when none is there.
 */
export type KarbitTablesMode = "expect" | "create";

export interface MigrateOptions {
  readonly karbitTables: KarbitTablesMode;
  readonly log: Log;
}

/** "schedulerx" in ASCII, cut to 31 bits; any constant shared by all our processes would do. */
const MIGRATION_LOCK_KEY = 0x73636865;
const LOCK_TIMEOUT_MS = 60_000;

/**
 * Under a session lock on a connection of its own, waiting at most 60 s for another process that migrates. Throws a
 * StoreFault: passing when the server is away or the lock was not to be had, a defect with a readable list when the
 * database is not what the settings say.
 */
export async function migratePostgres(settings: PostgresSettings, options: MigrateOptions): Promise<void> {
  await withDedicatedConnection(settings, async (executor) => {
    await executor.execute(sql.raw(`set lock_timeout = ${LOCK_TIMEOUT_MS}`));
    await executor.execute(sql`select pg_advisory_lock(${MIGRATION_LOCK_KEY}::int)`);
    // The connection ends with this function, and the lock with the connection.
    await executor.execute(sql.raw("set lock_timeout = 0"));
    await migrate(executor, options);
  });
}

/** PGlite's folder lock has made sure that nobody else is there. */
export async function migratePglite(database: Database, options: MigrateOptions): Promise<void> {
  await database.run("migrate", (executor) => migrate(executor, options));
}

/**
 * What stands between this database and this build, in words, without changing anything: Karbit's tables for
 * `--check`. Empty when all is well.
 */
export async function checkKarbitTables(database: Database, mode: KarbitTablesMode): Promise<string[]> {
  const state = await database.run("check Karbit's tables", inspectKarbitTables);
  if (mode === "create" && state.present.length === 0) return [];
  return describe(mode, state);
}

async function migrate(executor: Executor, { karbitTables, log }: MigrateOptions): Promise<void> {
  const before = await inspectKarbitTables(executor);
  // Looked at first, so that a database that will be refused is left as it was.
  if (karbitTables === "expect" || (before.present.length > 0 && before.absent.length > 0)) {
    refuse(describe(karbitTables, before));
  }
  await prepareBookkeeping(executor);
  await applySet(executor, SCHEDULERX_SET, log);
  if (karbitTables === "expect") return;
  const ours = await appliedOf(executor, KARBIT_CREATE_SET);
  if (before.present.length === 0 || ours.size > 0) await applySet(executor, KARBIT_CREATE_SET, log);
  refuse(describe(karbitTables, await inspectKarbitTables(executor)));
}

function refuse(faults: readonly string[]): void {
  if (faults.length > 0) throw new StoreFault("defect", "", faults.join("\n"));
}

function describe(
  mode: KarbitTablesMode,
  state: { present: readonly string[]; absent: readonly string[]; missing: readonly string[] },
): string[] {
  if (mode === "create" && state.absent.length > 0) {
    return [
      "KARBIT_TABLES=create needs a database with none of Karbit's tables, or all of them.",
      `  present: ${state.present.join(", ")}`,
      `  absent:  ${state.absent.join(", ")}`,
    ];
  }
  if (state.missing.length === 0) return [];
  const advice =
    mode === "expect"
      ? "Run Karbit's own migrations first, or set KARBIT_TABLES=create for an installation without Karbit."
      : "They are there, but older or newer than this build knows: run Karbit's own migrations.";
  return [
    `KARBIT_TABLES=${mode}: the database lacks these tables or columns of Karbit (or the rights to them).`,
    ...state.missing.map((name) => `  ${name}`),
    advice,
  ];
}

async function prepareBookkeeping(executor: Executor): Promise<void> {
  await executor.transaction(async (transaction) => {
    // Asked first: "if not exists" wants the right to create even where there is nothing to create.
    const [row] = await rowsOf<{ there: boolean }>(
      transaction as unknown as Executor,
      sql`select to_regclass('schedulerx.migrations') is not null as there`,
    );
    if (row?.there) return;
    await transaction.execute(sql`create schema if not exists schedulerx`);
    await transaction.execute(sql`create table schedulerx.migrations (
      set_name text not null,
      tag text not null,
      sha256 text not null,
      applied_at timestamptz not null default now(),
      primary key (set_name, tag)
    )`);
  });
}

async function appliedOf(executor: Executor, set: MigrationSet): Promise<Map<string, string>> {
  const rows = await rowsOf<{ tag: string; sha256: string }>(
    executor,
    sql`select tag, sha256 from schedulerx.migrations where set_name = ${set.name}`,
  );
  return new Map(rows.map((row) => [row.tag, row.sha256]));
}

async function applySet(executor: Executor, set: MigrationSet, log: Log): Promise<void> {
  const applied = await appliedOf(executor, set);
  for (const { tag, text } of set.migrations) {
    const sha256 = new Bun.CryptoHasher("sha256").update(text).digest("hex");
    const before = applied.get(tag);
    if (before === sha256) continue;
    if (before !== undefined) {
      const message = `migration ${set.name}/${tag} was applied with another text than this build carries`;
      throw new StoreFault("defect", "", message);
    }
    await executor.transaction(async (transaction) => {
      for (const statement of text.split("--> statement-breakpoint")) {
        await transaction.execute(sql.raw(statement));
      }
      await transaction.execute(
        sql`insert into schedulerx.migrations (set_name, tag, sha256) values (${set.name}, ${tag}, ${sha256})`,
      );
    });
    log.info("migration applied", { set: set.name, tag });
  }
}
