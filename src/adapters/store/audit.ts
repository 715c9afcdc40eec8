// The audit trail (src/ports/audit.ts).

import { and, desc, eq, isNull } from "drizzle-orm";
import { auditEvents } from "../../../schema/tables/accounts.ts";
import type { AuditEvent, AuditStore } from "../../ports/audit.ts";
import type { Database, Executor } from "./database.ts";

export function createAuditStore(database: Database): AuditStore {
  return {
    async read(userId, limit) {
      const rows = await database.run("read the audit trail", (executor) =>
        executor
          .select()
          .from(auditEvents)
          .where(userId === undefined ? undefined : eq(auditEvents.userId, userId))
          .orderBy(desc(auditEvents.seq))
          .limit(limit),
      );
      return rows.map(({ seq: _, at, userId, ...row }) => {
        return { ...row, userId: userId ?? undefined, atMs: at.getTime() };
      });
    },
    add: (event) => database.transaction("add to the audit trail", (executor) => addAudit(executor, event)),
  };
}

/** Within the transaction of the change it tells of. */
export async function addAudit(executor: Executor, event: AuditEvent): Promise<void> {
  await addAudits(executor, [event]);
}

/** The same for several; in one statement, so not for thousands. */
export async function addAudits(executor: Executor, events: readonly AuditEvent[]): Promise<void> {
  const rows = events.map(({ atMs, userId, ...row }) => {
    return { ...row, userId: userId ?? null, at: new Date(atMs) };
  });
  if (rows.length > 0) await executor.insert(auditEvents).values(rows);
}

/**
 * The same, for transactions that may be run again after they were stored: a second event of one user, action, subject
 * and instant is left out.
 */
export async function addAuditOnce(executor: Executor, event: AuditEvent): Promise<void> {
  const { atMs, userId, action, subject } = event;
  const [known] = await executor
    .select({ seq: auditEvents.seq })
    .from(auditEvents)
    .where(
      and(
        userId === undefined ? isNull(auditEvents.userId) : eq(auditEvents.userId, userId),
        eq(auditEvents.action, action),
        eq(auditEvents.subject, subject),
        eq(auditEvents.at, new Date(atMs)),
      ),
    )
    .limit(1);
  if (!known) await addAudit(executor, event);
}
