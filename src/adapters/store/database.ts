// What the stores need of a database, whichever of the two drivers is beneath. A store function is written once
// against `Executor`; inside `transaction` only the executor handed over may be used (PGlite would wait for ever).

import type { SQL } from "drizzle-orm";
import type { PgDatabase, PgQueryResultHKT } from "drizzle-orm/pg-core";

export type Executor = PgDatabase<PgQueryResultHKT, Record<string, never>>;

export interface Database {
  readonly engine: "postgres" | "pglite";
  /**
   * Runs `work` outside a transaction. It may be run again after a lost connection, so it must be repeatable.
   * `operation` names it in faults. Rejects with StoreFault only.
   */
  run<T>(operation: string, work: (executor: Executor) => Promise<T>): Promise<T>;
  /** The same within one transaction; an attempt that fails leaves nothing behind. */
  transaction<T>(operation: string, work: (executor: Executor) => Promise<T>): Promise<T>;
  /** Waits up to 5 s for running work, then lets go of everything. Idempotent. */
  close(): Promise<void>;
}

/** Rows of a raw statement; integers of 32 bits and texts arrive as such, anything else must be cast in the SQL. */
export async function rowsOf<Row>(executor: Executor, statement: SQL): Promise<Row[]> {
  const result: unknown = await executor.execute(statement);
  return (Array.isArray(result) ? result : (result as { rows: Row[] }).rows) as Row[];
}

/** Texts as one parameter, for `any(${...}::text[])`. */
export function arrayText(texts: readonly string[]): string {
  return `{${texts.map((text) => `"${text.replace(/[\\"]/g, "\\$&")}"`).join(",")}}`;
}
