// The part of --check that reaches PostgreSQL, of every process that has one.

import { lackingRights, type RightsFor } from "../adapters/store/karbit-rights.ts";
import { checkKarbitTables } from "../adapters/store/migrate.ts";
import { openPostgres } from "../adapters/store/postgres.ts";
import { type CheckResult, check } from "./check.ts";
import { type DatabaseSettings, postgresOf, quietLog } from "./connect.ts";

/** A small machine that has just been made, and a database of another network, take their time. */
const WITHIN_MS = 10_000;

/** Whether it answers, Karbit's tables fit the setting, and its user has the rights that takes. Changes nothing. */
export async function checkDatabase(
  settings: DatabaseSettings & { readonly KARBIT_TABLES: "expect" | "create" },
  uses: readonly RightsFor[],
): Promise<CheckResult> {
  return await check("database", async () => {
    const database = openPostgres({
      ...postgresOf(settings),
      ...{ log: quietLog, poolSize: 1, deadlineMs: WITHIN_MS, statementTimeoutMs: WITHIN_MS - 500 },
    });
    try {
      const faults = await checkKarbitTables(database, settings.KARBIT_TABLES);
      if (faults.length > 0) throw new Error(faults.join("; "));
      const lacking = await lackingRights(database, uses);
      if (lacking.length > 0)
        throw new Error(`the user of DATABASE_URL lacks rights (docs/karbit.md): ${lacking.join("; ")}`);
    } finally {
      await database.close();
    }
    return `reached, KARBIT_TABLES=${settings.KARBIT_TABLES} fits`;
  });
}
