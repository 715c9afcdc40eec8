// The engine's state beside its journal (TradingStateStore in src/ports/traders.ts): switches, limits, rests, funding
// and the last decisions here, incidents and losses in the files beside. What only the holder of the lease may write
// passes its fence; switches do without, for they only ever stop.

import { and, asc, desc, eq, sql } from "drizzle-orm";
import {
  coolingRests,
  fundingEvents,
  lastDecisions,
  riskLimits,
  tradingSwitches,
} from "../../../schema/tables/trading-state.ts";
import { Decimal } from "../../domain/decimal.ts";
import type { CoolingCause, RiskLimits } from "../../domain/risk.ts";
import type { Fence, TradingMode } from "../../ports/journal.ts";
import type {
  CoolingRow,
  DecisionRow,
  FundingRow,
  TradingStateStore,
  TradingSwitch,
} from "../../ports/traders.ts";
import { addAuditOnce } from "./audit.ts";
import type { Database, Executor } from "./database.ts";
import { fencedWrite } from "./lease.ts";
import { closeIncident, openIncident, readOpenIncidents } from "./trading-incidents.ts";
import { limitsOf, limitsOver, limitTexts } from "./trading-limits.ts";
import { readLosses } from "./trading-losses.ts";

/** Rows a statement; PostgreSQL takes 65,535 parameters. */
const ROWS_MAX = 1_000;
export const EVERYBODY = 0;
/** Far above the coins there are; rows of strategies long gone stay, and must not all be read. */
const DECISIONS_MAX = 500;

export function createTradingStateStore(database: Database): TradingStateStore {
  const write = <T>(operation: string, fence: Fence, work: (executor: Executor) => Promise<T>) =>
    fencedWrite(database, { operation, fence }, work);
  return {
    switches: () => database.run("read switches", readSwitches),
    async setSwitch(change) {
      requireSwitch(change);
      await database.transaction("set a switch", async (executor) => {
        await setSwitch(executor, change);
        const { scope, subject, entriesOff, halted, why, by, atMs } = change;
        await addAuditOnce(executor, {
          ...{ atMs, actor: by, userId: scope === "user" ? Number(subject) : undefined },
          ...{ action: "switch.set", subject: subject === "" ? scope : `${scope} ${subject}` },
          detail: { entriesOff, halted, why },
        });
      });
    },
    limits: (defaults) => database.run("read limits", (executor) => readLimits(executor, defaults)),
    async setLimits(userId, limits, atMs) {
      const texts = limitTexts(limits);
      await database.run("set limits", (executor) => setLimits(executor, userId, { texts, atMs }));
    },
    openIncident(incident, fence) {
      let attempts = 0;
      return write("open an incident", fence, (executor) => openIncident(executor, incident, ++attempts));
    },
    closeIncident: (incidentId, by, atMs, note = "") =>
      database.transaction("close an incident", async (executor) => {
        const userId = await closeIncident(executor, incidentId, by, atMs);
        if (userId === undefined) return false;
        await addAuditOnce(executor, {
          ...{ atMs, actor: by, userId, action: "incident.closed" },
          ...{ subject: String(incidentId), detail: note ? { note } : {} },
        });
        return true;
      }),
    openIncidents: (mode) => database.run("read incidents", (executor) => readOpenIncidents(executor, mode)),
    cooling: (mode) => database.run("read rests", (executor) => readCooling(executor, mode)),
    setCooling: (mode, row, fence) =>
      write("set a rest", fence, (executor) => setCooling(executor, mode, row)),
    addFunding: (rows, fence) => write("add funding", fence, (executor) => addFunding(executor, rows)),
    fundingUsdt: (positionId) =>
      database.run("read funding", (executor) => readFunding(executor, positionId)),
    lossesSince: (mode, sinceMs) => readLosses(database, mode, sinceMs),
    keepDecisions: (rows) =>
      database.transaction("keep decisions", (executor) => keepDecisions(executor, rows)),
    decisions: (mode, userId) =>
      database.run("read decisions", (executor) => readDecisions(executor, { mode, userId })),
  };
}

function requireSwitch({ scope, subject, halted }: TradingSwitch): void {
  if ((scope === "global") !== (subject === "")) {
    throw new RangeError(`expected a subject unless global, was ${JSON.stringify(subject)} of ${scope}`);
  }
  if (halted && scope !== "global") throw new RangeError(`expected only all to be halted, was a ${scope}`);
}

async function readSwitches(executor: Executor): Promise<TradingSwitch[]> {
  const rows = await executor
    .select()
    .from(tradingSwitches)
    .orderBy(asc(tradingSwitches.scope), asc(tradingSwitches.subject));
  return rows.map(({ setBy, at, ...row }) => ({ ...row, by: setBy, atMs: at.getTime() }));
}

async function setSwitch(executor: Executor, change: TradingSwitch): Promise<void> {
  const { scope, subject, entriesOff, halted, why, by, atMs } = change;
  if (!entriesOff && !halted) {
    await executor
      .delete(tradingSwitches)
      .where(and(eq(tradingSwitches.scope, scope), eq(tradingSwitches.subject, subject)));
    return;
  }
  const columns = { entriesOff, halted, why, setBy: by, at: new Date(atMs) };
  await executor
    .insert(tradingSwitches)
    .values({ scope, subject, ...columns })
    .onConflictDoUpdate({ target: [tradingSwitches.scope, tradingSwitches.subject], set: columns });
}

export async function readLimits(executor: Executor, defaults: RiskLimits): Promise<Map<number, RiskLimits>> {
  const rows = await executor.select().from(riskLimits).orderBy(asc(riskLimits.userId));
  const everybody = limitsOver(
    defaults,
    limitsOf(rows.find((row) => row.userId === EVERYBODY)?.limits ?? {}),
  );
  const own = rows.filter(({ userId }) => userId !== EVERYBODY);
  return new Map([
    [EVERYBODY, everybody] as const,
    ...own.map(({ userId, limits }) => [userId, limitsOver(everybody, limitsOf(limits))] as const),
  ]);
}

async function setLimits(
  executor: Executor,
  userId: number,
  { texts, atMs }: { readonly texts: ReturnType<typeof limitTexts>; readonly atMs: number },
): Promise<void> {
  if (Object.keys(texts).length === 0) {
    await executor.delete(riskLimits).where(eq(riskLimits.userId, userId));
    return;
  }
  const columns = { limits: texts, at: new Date(atMs) };
  await executor
    .insert(riskLimits)
    .values({ userId, ...columns })
    .onConflictDoUpdate({ target: riskLimits.userId, set: columns });
}

async function readCooling(executor: Executor, mode: TradingMode): Promise<CoolingRow[]> {
  const rows = await executor
    .select()
    .from(coolingRests)
    .where(eq(coolingRests.mode, mode))
    .orderBy(asc(coolingRests.userId), asc(coolingRests.coin));
  return rows.map(({ mode: _, cause, untilAt, ...row }) => ({
    ...row,
    cause: cause as CoolingCause,
    untilAtMs: untilAt.getTime(),
  }));
}

async function setCooling(executor: Executor, mode: TradingMode, row: CoolingRow): Promise<void> {
  const { userId, coin, cause, untilAtMs, troubles } = row;
  const columns = { cause, untilAt: new Date(untilAtMs), troubles };
  await executor
    .insert(coolingRests)
    .values({ mode, userId, coin, ...columns })
    .onConflictDoUpdate({
      target: [coolingRests.mode, coolingRests.userId, coolingRests.coin],
      set: columns,
    });
}

async function addFunding(executor: Executor, rows: readonly FundingRow[]): Promise<number> {
  let added = 0;
  for (let from = 0; from < rows.length; from += ROWS_MAX) {
    const values = rows.slice(from, from + ROWS_MAX).map(({ atMs, amountUsdt, ...row }) => ({
      ...row,
      amountUsdt: amountUsdt.toString(),
      at: new Date(atMs),
    }));
    const stored = await executor
      .insert(fundingEvents)
      .values(values)
      .onConflictDoNothing()
      .returning({ eventId: fundingEvents.eventId });
    added += stored.length;
  }
  return added;
}

async function readFunding(executor: Executor, positionId: number): Promise<Decimal> {
  const [row] = await executor
    .select({ usdt: sql<string>`coalesce(sum(${fundingEvents.amountUsdt}), 0)::text` })
    .from(fundingEvents)
    .where(and(eq(fundingEvents.positionId, positionId), eq(fundingEvents.late, false)));
  return Decimal.of(row!.usdt);
}

async function keepDecisions(executor: Executor, rows: readonly DecisionRow[]): Promise<void> {
  // One statement may not write a row twice, and two at once must take their rows in the same order.
  const newest = new Map<string, DecisionRow>();
  for (const row of rows) {
    const key = [row.mode, row.userId, row.strategyId, row.coin].join(" ");
    if (row.atMs >= (newest.get(key)?.atMs ?? row.atMs)) newest.set(key, row);
  }
  const { mode, userId, strategyId, coin } = lastDecisions;
  const values = [...newest]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, { atMs, ...row }]) => ({ ...row, at: new Date(atMs) }));
  for (let from = 0; from < values.length; from += ROWS_MAX) {
    await executor
      .insert(lastDecisions)
      .values(values.slice(from, from + ROWS_MAX))
      .onConflictDoUpdate({
        target: [mode, userId, strategyId, coin],
        set: {
          pair: sql`excluded.pair`,
          action: sql`excluded.action`,
          reason: sql`excluded.reason`,
          context: sql`excluded.context`,
          at: sql`excluded.at`,
        },
        setWhere: sql`excluded.at >= ${lastDecisions.at}`,
      });
  }
}

async function readDecisions(
  executor: Executor,
  { mode, userId }: { readonly mode: TradingMode; readonly userId: number },
): Promise<DecisionRow[]> {
  const rows = await executor
    .select()
    .from(lastDecisions)
    .where(and(eq(lastDecisions.mode, mode), eq(lastDecisions.userId, userId)))
    .orderBy(desc(lastDecisions.at), asc(lastDecisions.coin), asc(lastDecisions.strategyId))
    .limit(DECISIONS_MAX);
  return rows.map(({ at, ...row }) => ({ ...row, atMs: at.getTime() }));
}
