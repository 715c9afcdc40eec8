// What a user may switch off and close himself (src/ports/own-safety.ts). What the operator or the engine has switched off
// is told apart within the statement, so that a switch set meanwhile is not lifted by somebody who did not see it.

import { and, asc, eq, isNull, or } from "drizzle-orm";
import { users } from "../../../schema/tables/karbit.ts";
import { incidents, tradingSwitches } from "../../../schema/tables/trading-state.ts";
import { type OwnSafety, USER_CLOSABLE } from "../../ports/own-safety.ts";
import type { IncidentKind } from "../../ports/traders.ts";
import { addAudit } from "./audit.ts";
import type { Database, Executor } from "./database.ts";
import { changeOnce } from "./once.ts";

export function createOwnSafety(database: Database): OwnSafety {
  const change = <T>(operation: string, userId: number, work: (executor: Executor) => Promise<T>) =>
    changeOnce(database, operation, {
      lock: (executor) =>
        executor.select({ id: users.id }).from(users).where(eq(users.id, userId)).for("no key update"),
      work,
    });
  return {
    async entries(userId) {
      const rows = await database.run("read a user's switch", (executor) =>
        executor
          .select()
          .from(tradingSwitches)
          .where(or(eq(tradingSwitches.scope, "global"), ofUser(userId))),
      );
      const own = rows.find(({ scope }) => scope === "user");
      return {
        off: own !== undefined,
        by: own?.setBy ?? null,
        why: own?.why ?? null,
        atMs: own?.at.getTime() ?? null,
        everybodysOff: rows.some(({ scope }) => scope === "global"),
      };
    },

    setEntries: (userId, wish, atMs) =>
      change("set a user's switch", userId, async (executor) => {
        const changed = wish.off
          ? await switchOff(executor, userId, { why: wish.why, at: new Date(atMs) })
          : await switchOn(executor, userId);
        if (changed === "held") return "held";
        if (changed === "was-on") return "set";
        await addAudit(executor, {
          ...{ atMs, actor: "user", userId, action: "switch.set", subject: `user ${userId}` },
          detail: { entriesOff: wish.off, halted: false, why: wish.off ? wish.why : "" },
        });
        return "set";
      }),

    incidents: (mode, userId) =>
      database.run("read a user's incidents", async (executor) => {
        const rows = await executor
          .select()
          .from(incidents)
          .where(and(eq(incidents.mode, mode), eq(incidents.userId, userId), isNull(incidents.closedAt)))
          .orderBy(asc(incidents.incidentId));
        return rows.map(({ incidentId, kind, coin, intentId, detail, openedAt }) => ({
          ...{ incidentId, kind: kind as IncidentKind, coin, intentId, detail },
          openedAtMs: openedAt.getTime(),
        }));
      }),

    closeIncident: (mode, userId, incidentId, atMs) =>
      change("close a user's incident", userId, async (executor) => {
        const [open] = await executor
          .select({ kind: incidents.kind, coin: incidents.coin })
          .from(incidents)
          .where(
            and(
              eq(incidents.incidentId, incidentId),
              eq(incidents.mode, mode),
              eq(incidents.userId, userId),
              isNull(incidents.closedAt),
            ),
          )
          // The operator may be closing it.
          .for("update");
        if (!open) return "none";
        if (!USER_CLOSABLE.has(open.kind as IncidentKind)) return "not-his";
        await executor
          .update(incidents)
          .set({ closedAt: new Date(atMs), closedBy: "user" })
          .where(eq(incidents.incidentId, incidentId));
        await addAudit(executor, {
          ...{ atMs, actor: "user", userId, action: "incident.closed", subject: String(incidentId) },
          detail: { mode, kind: open.kind, coin: open.coin },
        });
        return "closed";
      }),
  };
}

const ofUser = (userId: number) =>
  and(eq(tradingSwitches.scope, "user"), eq(tradingSwitches.subject, String(userId)));

async function switchOff(
  executor: Executor,
  userId: number,
  { why, at }: { readonly why: string; readonly at: Date },
): Promise<"set" | "held"> {
  const columns = { entriesOff: true, halted: false, why, setBy: "user", at } as const;
  const set = await executor
    .insert(tradingSwitches)
    .values({ scope: "user", subject: String(userId), ...columns })
    .onConflictDoUpdate({
      target: [tradingSwitches.scope, tradingSwitches.subject],
      set: columns,
      setWhere: eq(tradingSwitches.setBy, "user"),
    })
    .returning({ subject: tradingSwitches.subject });
  return set.length > 0 ? "set" : "held";
}

async function switchOn(executor: Executor, userId: number): Promise<"set" | "held" | "was-on"> {
  const lifted = await executor
    .delete(tradingSwitches)
    .where(and(ofUser(userId), eq(tradingSwitches.setBy, "user")))
    .returning({ subject: tradingSwitches.subject });
  if (lifted.length > 0) return "set";
  const [held] = await executor
    .select({ subject: tradingSwitches.subject })
    .from(tradingSwitches)
    .where(ofUser(userId));
  return held ? "held" : "was-on";
}
