// Everybody's limits as the scheduler was started with them, kept where the api can read them: in `settings`, under a key
// of their own. Of several schedulers the one started last counts; they are meant to be started alike.

import { eq, sql } from "drizzle-orm";
import { settings } from "../../../schema/tables/schedulerx.ts";
import { RISK_LIMITS_DEFAULT, type RiskLimits } from "../../domain/risk.ts";
import type { Database, Executor } from "./database.ts";
import { type LimitTexts, limitsOf, limitTexts } from "./trading-limits.ts";

const KEY = "limits";

export async function keepSchedulerLimits(
  database: Database,
  limits: RiskLimits,
  atMs: number,
): Promise<void> {
  const value = limitTexts(limits);
  await database.run("keep the settings' limits", (executor) =>
    executor
      .insert(settings)
      .values({ key: KEY, value, updatedAt: new Date(atMs) })
      .onConflictDoUpdate({
        target: settings.key,
        set: { value, updatedAt: sql`excluded.updated_at` },
        setWhere: sql`${settings.value} is distinct from excluded.value`,
      }),
  );
}

/** Before a scheduler has run for the first time: the defaults of its settings. */
export async function readSchedulerLimits(executor: Executor): Promise<RiskLimits> {
  const [row] = await executor.select().from(settings).where(eq(settings.key, KEY));
  return { ...RISK_LIMITS_DEFAULT, ...(row && limitsOf(row.value as LimitTexts)) };
}
