// Incidents. Invariant: of one mode, user, kind, coin and intent at most one is open; it keeps the instant it was
// opened at and the newest words about it.

import { and, asc, eq, isNull, or } from "drizzle-orm";
import { incidents } from "../../../schema/tables/trading-state.ts";
import type { Incident, IncidentKind, TradingStateStore } from "../../ports/traders.ts";
import type { Executor } from "./database.ts";

type Opening = Parameters<TradingStateStore["openIncident"]>[0];
type Opened = Awaited<ReturnType<TradingStateStore["openIncident"]>>;
type Closing = Parameters<TradingStateStore["closeIncident"]>;

/** Each turn fails only when somebody closed the incident between two statements. */
const TURNS_MAX = 10;

/** `attempt` above 1: the database tries again, and what is found may be what an attempt before it stored. */
export async function openIncident(executor: Executor, incident: Opening, attempt: number): Promise<Opened> {
  const { mode, userId, kind, coin, intentId, openedAtMs } = incident;
  // Words of venues may hold anything; PostgreSQL's texts hold all but this.
  const detail = incident.detail.replaceAll("\0", "");
  const { incidentId } = incidents;
  for (let turn = 1; turn <= TURNS_MAX; turn++) {
    const [known] = await executor
      .update(incidents)
      .set({ detail })
      .where(
        and(
          eq(incidents.mode, mode),
          eq(incidents.userId, userId),
          eq(incidents.kind, kind),
          eq(incidents.coin, coin),
          eq(incidents.intentId, intentId),
          isNull(incidents.closedAt),
        ),
      )
      .returning({ incidentId, openedAt: incidents.openedAt });
    if (known) {
      const isNew = attempt > 1 && known.openedAt.getTime() === openedAtMs;
      return { incidentId: known.incidentId, isNew };
    }
    const [added] = await executor
      .insert(incidents)
      .values({ mode, userId, kind, coin, intentId, detail, openedAt: new Date(openedAtMs) })
      .onConflictDoNothing()
      .returning({ incidentId });
    if (added) return { incidentId: added.incidentId, isNew: true };
  }
  throw new Error(`expected the incident to stay open or closed, was neither in ${TURNS_MAX} turns`);
}

/** Whose it was; undefined: none such was open. The same also when it is told again. */
export async function closeIncident(
  executor: Executor,
  ...[incidentId, by, atMs]: Closing
): Promise<number | undefined> {
  const columns = { closedAt: new Date(atMs), closedBy: by };
  const toldAgain = and(eq(incidents.closedAt, columns.closedAt), eq(incidents.closedBy, by));
  const [closed] = await executor
    .update(incidents)
    .set(columns)
    .where(and(eq(incidents.incidentId, incidentId), or(isNull(incidents.closedAt), toldAgain)))
    .returning({ userId: incidents.userId });
  return closed?.userId;
}

export async function readOpenIncidents(executor: Executor, mode: Incident["mode"]): Promise<Incident[]> {
  const rows = await executor
    .select()
    .from(incidents)
    .where(and(eq(incidents.mode, mode), isNull(incidents.closedAt)))
    .orderBy(asc(incidents.incidentId));
  return rows.map(({ openedAt, closedAt, closedBy: _, kind, ...row }) => ({
    ...row,
    kind: kind as IncidentKind,
    openedAtMs: openedAt.getTime(),
    closedAtMs: closedAt?.getTime(),
  }));
}
