// The trade journal in our tables (src/ports/journal.ts): planning and moving intents here, orders, ends and reads in
// the files beside. Invariants: an intent moves only as the domain's diagram allows and from the state stored; every
// change of state is appended to its events; an order's row is committed with the move that announces it.

import { desc, eq, or } from "drizzle-orm";
import { intentEvents, intents } from "../../../schema/tables/trading.ts";
import { checkMove, type IntentState, isEnd } from "../../domain/intent.ts";
import type { Fence, Journal } from "../../ports/journal.ts";
import type { Database, Executor } from "./database.ts";
import { endEntry, endExit } from "./journal-ends.ts";
import { retryProjections } from "./journal-karbit.ts";
import { addOrders, recordOrder, requireNoOpenOrder } from "./journal-orders.ts";
import {
  readClosedSince,
  readDust,
  readFile,
  readOpenPositions,
  readUnfinished,
  readUnwindsSince,
} from "./journal-reads.ts";
import { intentColumns } from "./journal-rows.ts";
import { appendEvent, lockIntent } from "./journal-states.ts";
import { fencedWrite } from "./lease.ts";

export function createJournal(database: Database): Journal {
  const write = <T>(operation: string, fence: Fence, work: (executor: Executor) => Promise<T>) =>
    fencedWrite(database, { operation, fence }, work);
  return {
    plan(intent, fence) {
      // A commit whose answer was lost is tried again by the database: then what "exists" is what we planned.
      let attempts = 0;
      return write("plan an intent", fence, (executor) =>
        plan(executor, intent, { fence, attempt: ++attempts }),
      );
    },
    move: (change, fence) => write("move an intent", fence, (executor) => move(executor, change, fence)),
    addOrders: (orders, fence) => write("add orders", fence, (executor) => addOrders(executor, orders)),
    recordOrder: (order, fills, fence) =>
      write("record an order", fence, (executor) => recordOrder(executor, order, fills)),
    endEntry: (intentId, end, fence) =>
      write("end an entry", fence, (executor) => endEntry(executor, intentId, end, fence)),
    endExit: (intentId, end, fence) =>
      write("end an exit", fence, (executor) => endExit(executor, intentId, end, fence)),
    retryProjections: (fence) => retryProjections(database, (work) => write("project a row", fence, work)),
    unfinished: (mode) => readUnfinished(database, mode),
    file: (intentId) => readFile(database, intentId),
    openPositions: (mode, userId) => readOpenPositions(database, mode, userId),
    closedSince: (mode, sinceMs) => readClosedSince(database, mode, sinceMs),
    unwindsSince: (mode, sinceMs) => readUnwindsSince(database, mode, sinceMs),
    dust: (options) => readDust(database, options),
  };
}

async function plan(
  executor: Executor,
  intent: Parameters<Journal["plan"]>[0],
  { fence, attempt }: { readonly fence: Fence; readonly attempt: number },
): Promise<"planned" | "exists" | "busy"> {
  const { intentId, decisionId, state } = intent;
  if (state !== "planned") throw new RangeError(`expected a planned intent, was ${state}`);
  const added = await executor
    .insert(intents)
    .values(intentColumns(intent))
    .onConflictDoNothing()
    .returning({ intentId: intents.intentId });
  if (added.length > 0) {
    await appendEvent(executor, {
      intentId,
      from: undefined,
      to: "planned",
      atMs: intent.plannedAtMs,
      fence,
    });
    return "planned";
  }
  const known = await executor
    .select({ state: intents.state })
    .from(intents)
    .where(or(eq(intents.intentId, intentId), eq(intents.decisionId, decisionId)));
  if (known.length === 0) return "busy";
  return attempt > 1 && known[0]!.state === "planned" ? "planned" : "exists";
}

async function move(executor: Executor, change: Parameters<Journal["move"]>[0], fence: Fence): Promise<void> {
  const { intentId, from, to, atMs, order } = change;
  if (isEnd(to) && to !== "abandoned") {
    throw new RangeError(`expected ${intentId} to end with its position and dust, was moved to ${to}`);
  }
  if (order && order.intentId !== intentId) {
    throw new RangeError(`expected an order of ${intentId}, was one of ${order.intentId}`);
  }
  const intent = await lockIntent(executor, intentId);
  const repeated = intent.state === to && (await lastMoveOf(executor, intentId)) === from;
  if (!repeated) {
    if (intent.state !== from) {
      throw new RangeError(`expected ${intentId} to be ${from}, was ${intent.state}`);
    }
    checkMove(intent.kind, from, to);
    if (to === "abandoned") await requireNoOpenOrder(executor, intentId);
    await executor
      .update(intents)
      .set({
        state: to,
        needsHumanWhy: to === "needs-human" ? (change.why ?? "no reason given") : null,
        ...(to === "domestic-sending" || to === "sending" ? { sendingAt: new Date(atMs) } : {}),
        ...(to === "domestic-done" ? { domesticDoneAt: new Date(atMs) } : {}),
        ...(to === "abandoned" ? { endedAt: new Date(atMs) } : {}),
      })
      .where(eq(intents.intentId, intentId));
    await appendEvent(executor, { intentId, from, to, atMs, why: change.why, fence });
  }
  if (order) await addOrders(executor, [order]);
}

async function lastMoveOf(executor: Executor, intentId: string): Promise<IntentState | null | undefined> {
  const [event] = await executor
    .select({ from: intentEvents.fromState })
    .from(intentEvents)
    .where(eq(intentEvents.intentId, intentId))
    .orderBy(desc(intentEvents.seq))
    .limit(1);
  return event?.from as IntentState | null | undefined;
}
