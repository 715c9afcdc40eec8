// Changes that must not be made twice though the database tries again after a commit whose answer was lost.

import { sql } from "drizzle-orm";
import { type Database, type Executor, rowsOf } from "./database.ts";

/**
 * One transaction. `lock` takes what two such changes of one owner wait at, so that an attempt whose fate is not known
 * is over by then; if it was committed, what it returned is returned again and `work` is left out.
 */
export function changeOnce<T>(
  database: Database,
  operation: string,
  {
    lock,
    work,
  }: { lock: (executor: Executor) => Promise<unknown>; work: (executor: Executor) => Promise<T> },
): Promise<T> {
  let last: { readonly transactionId: string; readonly result: T } | undefined;
  return database.transaction(operation, async (executor) => {
    await lock(executor);
    if (last && (await isCommitted(executor, last.transactionId))) return last.result;
    const result = await work(executor);
    const [row] = await rowsOf<{ id: string }>(executor, sql`select pg_current_xact_id()::text as id`);
    last = { transactionId: row!.id, result };
    return result;
  });
}

async function isCommitted(executor: Executor, transactionId: string): Promise<boolean> {
  const [row] = await rowsOf<{ status: string | null }>(
    executor,
    sql`select pg_xact_status(${transactionId}::text::xid8) as status`,
  );
  return row!.status === "committed";
}
