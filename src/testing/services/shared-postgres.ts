// Empty databases for tests that want nothing else of a server: on the one the runner has started for them all
// (scripts/test.ts), or on one of their own when a file is run by itself.

import postgres from "postgres";
import { startPostgres, type TestPostgres } from "./postgres.ts";
import { missingPrograms } from "./programs.ts";

/** Where the runner says that its server is. */
export const SHARED_POSTGRES = "TEST_POSTGRES_URL";

export interface EmptyDatabase {
  readonly url: string;
  /** Drops it, or stops the server that was started for it. */
  drop(): Promise<void>;
}

let count = 0;

/** Undefined when there is no PostgreSQL on this machine. */
export async function emptyDatabase(): Promise<EmptyDatabase | undefined> {
  const shared = process.env[SHARED_POSTGRES];
  if (shared === undefined) {
    if (missingPrograms(["postgres"]).length > 0) return undefined;
    const server: TestPostgres = await startPostgres();
    return { url: server.url, drop: async () => void (await server.stop()) };
  }
  const name = `test_${process.pid}_${++count}_${Date.now().toString(36)}`;
  const asOwner = async (statement: string) => {
    const sql = postgres(shared, { max: 1, onnotice: () => undefined });
    try {
      await sql.unsafe(statement);
    } finally {
      await sql.end();
    }
  };
  await asOwner(`create database ${name}`);
  const url = new URL(shared);
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => asOwner(`drop database ${name} with (force)`) };
}
