// What every change of an intent's state shares: the intent's row is locked before it is looked at, and the change is
// appended to its events with the fence it was made under.

import { eq } from "drizzle-orm";
import { intentEvents, intents } from "../../../schema/tables/trading.ts";
import { checkMove, type IntentKind, type IntentState } from "../../domain/intent.ts";
import type { Fence, IntentRow } from "../../ports/journal.ts";
import type { Executor } from "./database.ts";
import { intentOf } from "./journal-rows.ts";

/** Throws RangeError for an intent nobody planned. */
export async function lockIntent(executor: Executor, intentId: string): Promise<IntentRow> {
  const [row] = await executor.select().from(intents).where(eq(intents.intentId, intentId)).for("update");
  if (row === undefined) throw new RangeError(`expected a planned intent, was ${intentId}`);
  return intentOf(row);
}

export async function appendEvent(
  executor: Executor,
  event: {
    readonly intentId: string;
    readonly from: IntentState | undefined;
    readonly to: IntentState;
    readonly atMs: number;
    readonly why?: string | undefined;
    readonly fence: Fence;
  },
): Promise<void> {
  await executor.insert(intentEvents).values({
    intentId: event.intentId,
    fromState: event.from ?? null,
    toState: event.to,
    at: new Date(event.atMs),
    why: event.why ?? null,
    fence: event.fence,
  });
}

/** Sets an end state; throws RangeError when the diagram has no such move for this kind. */
export async function endIntent(
  executor: Executor,
  intent: IntentRow,
  end: {
    readonly kind: IntentKind;
    readonly to: IntentState;
    readonly atMs: number;
    readonly why?: string | undefined;
    readonly fence: Fence;
  },
): Promise<void> {
  const { intentId, state } = intent;
  if (intent.kind !== end.kind) throw new RangeError(`expected ${intentId} to be an ${end.kind}, was not`);
  checkMove(intent.kind, state, end.to);
  await executor
    .update(intents)
    .set({ state: end.to, endedAt: new Date(end.atMs), needsHumanWhy: null })
    .where(eq(intents.intentId, intentId));
  const { to, atMs, why, fence } = end;
  await appendEvent(executor, { intentId, from: state, to, atMs, why, fence });
}
