// Wishes for positions to be left (src/ports/forced-closes.ts). No fence: they come from processes that hold no lease, and
// whoever holds it plans the exit like any other.

import { and, asc, eq, isNull } from "drizzle-orm";
import { forcedCloses } from "../../../schema/tables/accounts.ts";
import { hedgedPositions } from "../../../schema/tables/trading.ts";
import type { ForcedCloses } from "../../ports/forced-closes.ts";
import { addAudit } from "./audit.ts";
import type { Database, Executor } from "./database.ts";

export function createForcedCloses(database: Database): ForcedCloses {
  return {
    ask: (wish) => database.transaction("ask for a close", (executor) => ask(executor, wish)),
    open: (mode) =>
      database.run("read asked closes", (executor) =>
        executor
          .select({
            positionId: forcedCloses.positionId,
            userId: hedgedPositions.userId,
            coin: hedgedPositions.coin,
            askedBy: forcedCloses.askedBy,
          })
          .from(forcedCloses)
          .innerJoin(hedgedPositions, eq(hedgedPositions.positionId, forcedCloses.positionId))
          .where(and(eq(hedgedPositions.mode, mode), isNull(hedgedPositions.closedAt)))
          .orderBy(asc(forcedCloses.positionId)),
      ),
  };
}

async function ask(
  executor: Executor,
  { mode, userId, coin, by, atMs }: Parameters<ForcedCloses["ask"]>[0],
): Promise<"asked" | "no-position"> {
  const open = await executor
    .select({ positionId: hedgedPositions.positionId })
    .from(hedgedPositions)
    .where(
      and(
        eq(hedgedPositions.mode, mode),
        eq(hedgedPositions.userId, userId),
        eq(hedgedPositions.coin, coin),
        isNull(hedgedPositions.closedAt),
      ),
    );
  if (open.length === 0) return "no-position";
  const added = await executor
    .insert(forcedCloses)
    .values(open.map(({ positionId }) => ({ positionId, askedBy: by, at: new Date(atMs) })))
    .onConflictDoNothing()
    .returning({ positionId: forcedCloses.positionId });
  if (added.length > 0) {
    await addAudit(executor, {
      ...{ atMs, actor: by, userId, action: "position.close-asked", subject: coin },
      detail: { mode },
    });
  }
  return "asked";
}
