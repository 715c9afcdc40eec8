// How an intent ends: position, dust, state and what Karbit shall show, in one transaction. Invariants: an entry is
// booked once; what exits take of an entry never exceeds it; a position is closed exactly when nothing is left.

import { and, eq, isNull, sql } from "drizzle-orm";
import {
  dustEvents,
  hedgedPositions,
  positionEntries,
  positionExits,
  positionTakes,
} from "../../../schema/tables/trading.ts";
import { PAIRS, type PairKey, type Venue } from "../../../schema/vocabulary.ts";
import type { Dust, MatchedEntry } from "../../domain/position.ts";
import type { EntryEnd, ExitEnd, Fence, IntentRow } from "../../ports/journal.ts";
import type { Executor } from "./database.ts";
import { keepKarbitRow, type ProjectionResult, projectAgain } from "./journal-karbit.ts";
import { requireNoOpenOrder } from "./journal-orders.ts";
import { leftOfEntries } from "./journal-reads.ts";
import { matchedAmounts, matchedColumns, matchedLess } from "./journal-rows.ts";
import { endIntent, lockIntent } from "./journal-states.ts";

export async function endEntry(
  executor: Executor,
  intentId: string,
  end: EntryEnd,
  fence: Fence,
): Promise<ProjectionResult> {
  const { to, atMs, entry } = end;
  const intent = await lockIntent(executor, intentId);
  if (intent.kind === "entry" && intent.state === to) return await projectAgain(executor, intentId);
  if ((to === "hedged") !== (entry !== undefined)) {
    throw new RangeError(`expected a matched entry exactly when hedged, was ${to} for ${intentId}`);
  }
  await requireNoOpenOrder(executor, intentId);
  await endIntent(executor, intent, { kind: "entry", to, atMs, fence });
  await addDust(executor, intent, { dust: end.dust, atMs });
  if (entry === undefined) return { projectionFault: undefined };
  const positionId = await openPosition(executor, intent, end);
  await executor
    .insert(positionEntries)
    .values({ intentId, positionId, ...matchedColumns(entry), at: new Date(atMs) });
  if (intent.mode !== "live" || end.openRow === undefined) return { projectionFault: undefined };
  const { userId, strategyId, coin, pair } = intent;
  return await keepKarbitRow(executor, {
    ...{ intentId, positionId, userId, strategyId, coin, atMs, status: "OPEN" },
    figures: { ...end.openRow, leverage: String(end.openRow.leverage), ...exchangesOf(pair) },
  });
}

export async function endExit(
  executor: Executor,
  intentId: string,
  end: ExitEnd,
  fence: Fence,
): Promise<ProjectionResult> {
  const { to, atMs, positionId, closedRow } = end;
  const intent = await lockIntent(executor, intentId);
  if (intent.kind === "exit" && intent.state === to) return await projectAgain(executor, intentId);
  await requireNoOpenOrder(executor, intentId);
  await endIntent(executor, intent, { kind: "exit", to, atMs, why: end.settledBy, fence });
  await addDust(executor, intent, { dust: end.dust, atMs });
  const position = await lockPosition(executor, intent, positionId);
  await requireTakeable(executor, end);
  await executor.insert(positionExits).values({
    ...{ intentId, positionId },
    profitKrw: end.profitKrw?.toString() ?? null,
    profitRatePct: end.profitRatePct?.toString() ?? null,
    at: new Date(atMs),
  });
  if (end.taken.length > 0) {
    await executor.insert(positionTakes).values(
      end.taken.map(({ entryIntentId, ...taken }) => ({
        ...{ exitIntentId: intentId, entryIntentId },
        ...matchedColumns(taken),
      })),
    );
  }
  if (to === "parted") return { projectionFault: undefined };
  await executor
    .update(hedgedPositions)
    .set({ closedAt: new Date(atMs) })
    .where(eq(hedgedPositions.positionId, positionId));
  if (intent.mode !== "live" || closedRow === undefined) return { projectionFault: undefined };
  const { userId, strategyId, coin, pair } = position;
  return await keepKarbitRow(executor, {
    ...{ intentId, positionId, userId, strategyId, coin, atMs, status: "CLOSED" },
    figures: { ...closedRow, leverage: String(closedRow.leverage), ...exchangesOf(pair) },
  });
}

/** Upper case, as Karbit's `positions` has them. */
function exchangesOf(pair: PairKey): { readonly krExchange: string; readonly frExchange: string } {
  const { domestic, overseas } = PAIRS.find(({ key }) => key === pair)!;
  return { krExchange: domestic.toUpperCase(), frExchange: overseas.toUpperCase() };
}

function domesticOf(pair: PairKey): Venue {
  return PAIRS.find(({ key }) => key === pair)!.domestic;
}

async function addDust(
  executor: Executor,
  { intentId, mode, userId, coin, pair }: IntentRow,
  { dust, atMs }: { readonly dust: Dust | undefined; readonly atMs: number },
): Promise<void> {
  if (dust === undefined) return;
  if (dust.qtyCoin.isNegative) throw new RangeError(`expected no less than no dust, was ${dust.qtyCoin}`);
  await executor.insert(dustEvents).values({
    ...{ intentId, mode, userId, coin, venue: domesticOf(pair) },
    qtyCoin: dust.qtyCoin.toString(),
    costKrw: dust.costKrw.toString(),
    at: new Date(atMs),
  });
}

/** The open position of this user, coin and pair, or a new one. Exit terms are those it was opened with. */
async function openPosition(executor: Executor, intent: IntentRow, end: EntryEnd): Promise<number> {
  const { mode, userId, strategyId, coin, pair } = intent;
  const { leverage, exitTerms } = end;
  const [open] = await executor
    .update(hedgedPositions)
    .set({ leverage: sql`greatest(${hedgedPositions.leverage}, ${leverage}::int)` })
    .where(
      and(
        eq(hedgedPositions.mode, mode),
        eq(hedgedPositions.userId, userId),
        eq(hedgedPositions.coin, coin),
        eq(hedgedPositions.pair, pair),
        isNull(hedgedPositions.closedAt),
      ),
    )
    .returning({ positionId: hedgedPositions.positionId });
  if (open) return open.positionId;
  // A successor may end it minutes after its short was opened: funding paid meanwhile is the position's.
  const openedAt = new Date(intent.sendingAtMs ?? end.atMs);
  const [added] = await executor
    .insert(hedgedPositions)
    .values({ mode, userId, strategyId, coin, pair, leverage, exitTerms, openedAt })
    .returning({ positionId: hedgedPositions.positionId });
  return added!.positionId;
}

async function lockPosition(executor: Executor, intent: IntentRow, positionId: number) {
  const [position] = await executor
    .select()
    .from(hedgedPositions)
    .where(eq(hedgedPositions.positionId, positionId))
    .for("update");
  const same = (["mode", "userId", "coin", "pair"] as const).every(
    (name) => position?.[name] === intent[name],
  );
  if (position === undefined || position.closedAt !== null || !same) {
    throw new RangeError(`expected an open position for ${intent.intentId}, was ${positionId}`);
  }
  return position;
}

async function requireTakeable(executor: Executor, { to, positionId, taken }: ExitEnd): Promise<void> {
  const left = new Map<string, MatchedEntry>(
    (await leftOfEntries(executor, [positionId])).map((entry) => [entry.intentId, entry]),
  );
  for (const take of taken) {
    const before = left.get(take.entryIntentId);
    if (before === undefined || matchedAmounts(matchedLess(before, take)).some((rest) => rest.isNegative)) {
      throw new RangeError(`expected no more taken of ${take.entryIntentId} than is left`);
    }
    const after = matchedLess(before, take);
    // Cost without coins could be taken by nobody, and the position could never close.
    if (after.qtyCoin.isZero && !isNothing(after)) {
      throw new RangeError(`expected the last coins of ${take.entryIntentId} to take all of its cost`);
    }
    left.set(take.entryIntentId, after);
  }
  const rest = [...left.values()];
  if (to === "closed" && !rest.every(isNothing)) {
    throw new RangeError(`expected nothing left of position ${positionId}, was ${JSON.stringify(rest)}`);
  }
  if (to === "parted" && rest.every(({ qtyCoin }) => qtyCoin.isZero)) {
    throw new RangeError(`expected something left of position ${positionId}, was nothing`);
  }
}

function isNothing(entry: MatchedEntry): boolean {
  return matchedAmounts(entry).every((amount) => amount.isZero);
}
