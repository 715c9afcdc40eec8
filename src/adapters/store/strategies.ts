// A user's own strategies (src/ports/strategies.ts) in Karbit's tables. Invariants: whoever changes them holds the
// user's row from the first look to the commit, so that at most one is ever made the active one; a change and its
// event in the audit trail are one transaction; earlier rows, which may still be marked active, are left alone.

import { and, desc, eq, isNull, sql } from "drizzle-orm";
import { strategies, users } from "../../../schema/tables/karbit.ts";
import { instruments } from "../../../schema/tables/schedulerx.ts";
import { hedgedPositions, intents } from "../../../schema/tables/trading.ts";
import { traderTerms } from "../../../schema/tables/trading-state.ts";
import { DOMESTIC_VENUES, OVERSEAS_VENUES } from "../../../schema/vocabulary.ts";
import { Decimal } from "../../domain/decimal.ts";
import type { ExitTerms, StrategyTerms } from "../../domain/strategy-terms.ts";
import type { TradingMode } from "../../ports/journal.ts";
import type { OwnStrategy, StrategyStore } from "../../ports/strategies.ts";
import { addAudit } from "./audit.ts";
import { type Database, type Executor, rowsOf } from "./database.ts";
import { atOneInstant } from "./journal-reads.ts";
import { changeOnce } from "./once.ts";
import { readSchedulerLimits } from "./scheduler-limits.ts";
import { figureText, setTerms } from "./traders.ts";
import { EVERYBODY, readLimits } from "./trading-state.ts";

const SHOWN_MAX = 100;
const NO_EXIT_TERMS: ExitTerms = { stopRate: null, holdingMsMax: null };

export function createStrategyStore(database: Database): StrategyStore {
  const change = <T>(operation: string, userId: number, work: (executor: Executor) => Promise<T>) =>
    changeOnce(database, operation, { lock: (executor) => lockUser(executor, userId), work });
  return {
    read: (userId) =>
      atOneInstant(database, "read a user's strategies", async (executor) => ({
        activeStrategyId: (await readActive(executor, userId))?.strategyId ?? null,
        exitTerms: await readExitTerms(executor, userId),
        strategies: await readAll(executor, userId),
      })),

    bounds: (userId) =>
      atOneInstant(database, "read what bounds a user's strategies", async (executor) => {
        const limits = await readLimits(executor, await readSchedulerLimits(executor));
        const listedCoins = await readListedCoins(executor);
        return { limits: limits.get(userId) ?? limits.get(EVERYBODY)!, listedCoins };
      }),

    start: (userId, terms, atMs) =>
      change("start a strategy", userId, async (executor) => {
        const active = await readActive(executor, userId);
        if (active) return { refused: "active", strategyId: active.strategyId };
        const strategyId = await insert(executor, userId, terms, atMs);
        await told(executor, { userId, atMs, action: "strategy.started", strategyId }, terms);
        return { strategyId };
      }),

    stop: (userId, atMs) =>
      change("stop a strategy", userId, async (executor) => {
        const active = await readActive(executor, userId);
        if (!active) return undefined;
        const { strategyId } = active;
        await switchOff(executor, userId, strategyId, atMs);
        await told(executor, { userId, atMs, action: "strategy.stopped", strategyId });
        return strategyId;
      }),

    change: (userId, changes, { mode, atMs, faultsOf }) =>
      change("change a strategy", userId, async (executor) => {
        const active = await readActive(executor, userId);
        if (!active) return { refused: "none" };
        const coins = await heldCoins(executor, userId, mode);
        if (coins.length > 0) return { refused: "positions", coins };
        const { strategyId: from, isActive: _, createdAtMs: __, ...current } = active;
        const terms = { ...current, ...(await readExitTerms(executor, userId)), ...changes };
        const faults = faultsOf(terms, current.selectedCoins);
        if (faults.length > 0) return { refused: "faults", faults };
        await switchOff(executor, userId, from, atMs);
        const strategyId = await insert(executor, userId, terms, atMs);
        await told(executor, { userId, atMs, action: "strategy.changed", strategyId, from }, terms);
        return { strategyId };
      }),

    consent: (userId) =>
      database.run("read consent", async (executor) => {
        const [row] = await executor.select().from(traderTerms).where(eq(traderTerms.userId, userId));
        return { consent: row?.liveConsent ?? false, atMs: row?.consentAt?.getTime() ?? null };
      }),

    setConsent: (userId, consent, atMs) =>
      change("set consent", userId, async (executor) => {
        await setTerms(executor, userId, { liveConsent: consent, consentAt: new Date(atMs) });
        const action = consent ? "consent.given" : "consent.withdrawn";
        await addAudit(executor, { atMs, actor: "user", userId, action, subject: "live", detail: {} });
      }),
  };
}

/** Undefined: no list has ever been read. */
async function readListedCoins(executor: Executor): Promise<ReadonlySet<string> | undefined> {
  const rows = await executor
    .select({ coin: instruments.coin, venue: instruments.venue, state: instruments.state })
    .from(instruments);
  if (rows.length === 0) return undefined;
  const listed = rows.filter(({ state }) => state !== "delisted");
  const at = (venues: readonly string[]) =>
    new Set(listed.filter(({ venue }) => venues.includes(venue)).map(({ coin }) => coin));
  return at(DOMESTIC_VENUES).intersection(at(OVERSEAS_VENUES));
}

const lockUser = (executor: Executor, userId: number) =>
  executor.select({ id: users.id }).from(users).where(eq(users.id, userId)).for("no key update");

/** The row the user points at, when it is on and his own. */
async function readActive(executor: Executor, userId: number): Promise<OwnStrategy | undefined> {
  const [row] = await executor
    .select({ strategy: strategies })
    .from(users)
    .innerJoin(strategies, eq(strategies.id, users.activeStrategyId))
    .where(and(eq(users.id, userId), eq(strategies.userId, userId), eq(strategies.isActive, true)));
  return row && ownOf(row.strategy, row.strategy.id);
}

async function readAll(executor: Executor, userId: number): Promise<OwnStrategy[]> {
  const rows = await executor
    .select({ strategy: strategies, pointedAt: users.activeStrategyId })
    .from(strategies)
    .innerJoin(users, eq(users.id, strategies.userId))
    .where(eq(strategies.userId, userId))
    .orderBy(desc(strategies.id))
    .limit(SHOWN_MAX);
  return rows.map(({ strategy, pointedAt }) => ownOf(strategy, pointedAt));
}

function ownOf(row: typeof strategies.$inferSelect, pointedAt: number | null): OwnStrategy {
  const text = (value: string) => Decimal.of(figureText(value)).toString();
  return {
    strategyId: row.id,
    isActive: row.isActive === true && row.id === pointedAt,
    createdAtMs: row.createdAt?.getTime() ?? null,
    name: row.name,
    seedAmountKrw: text(row.seedAmount),
    seedDivision: row.seedDivision,
    tradeMode: row.tradeMode as OwnStrategy["tradeMode"],
    entryRate: text(row.entryRate),
    exitRate: text(row.exitRate),
    coinMode: row.coinMode as OwnStrategy["coinMode"],
    selectedCoins: (row.selectedCoins ?? []).filter((coin) => coin),
    leverage: row.leverage,
    allowAverageDown: row.allowAverageDown ?? false,
    allowAverageUp: row.allowAverageUp ?? false,
  };
}

async function readExitTerms(executor: Executor, userId: number): Promise<ExitTerms> {
  const [row] = await executor.select().from(traderTerms).where(eq(traderTerms.userId, userId));
  if (!row) return NO_EXIT_TERMS;
  const { stopRate, holdingMsMax } = row;
  return { stopRate: stopRate === null ? null : Decimal.of(stopRate).toString(), holdingMsMax };
}

/** A new row that the user points at, and his exit terms. */
async function insert(
  executor: Executor,
  userId: number,
  { seedAmountKrw, stopRate, holdingMsMax, selectedCoins, ...terms }: StrategyTerms & ExitTerms,
  atMs: number,
): Promise<number> {
  const at = new Date(atMs);
  const [added] = await executor
    .insert(strategies)
    .values({
      ...terms,
      userId,
      isActive: true,
      entryCount: 0,
      seedAmount: seedAmountKrw,
      selectedCoins: [...selectedCoins],
      createdAt: at,
      updatedAt: at,
    })
    .returning({ id: strategies.id });
  await executor
    .update(users)
    .set({ activeStrategyId: added!.id, updatedAt: at })
    .where(eq(users.id, userId));
  await setTerms(executor, userId, { stopRate, holdingMsMax, exitTermsAt: at });
  return added!.id;
}

async function switchOff(executor: Executor, userId: number, strategyId: number, atMs: number) {
  const updatedAt = new Date(atMs);
  await executor.update(strategies).set({ isActive: false, updatedAt }).where(eq(strategies.id, strategyId));
  await executor.update(users).set({ activeStrategyId: null, updatedAt }).where(eq(users.id, userId));
}

/** What Karbit shows as active, what we hold in this mode, and what we are about to hold or leave. */
async function heldCoins(executor: Executor, userId: number, mode: TradingMode): Promise<string[]> {
  const held = await rowsOf<{ coin: string }>(
    executor,
    sql`select open.coin_symbol as coin from positions open
        where open.user_id = ${userId} and open.status = 'OPEN' and not exists (
          select 1 from positions closed where closed.user_id = open.user_id and closed.status = 'CLOSED'
            and closed.coin_symbol = open.coin_symbol and closed.entry_time >= open.entry_time)`,
  );
  const own = await executor
    .select({ coin: hedgedPositions.coin })
    .from(hedgedPositions)
    .where(
      and(
        eq(hedgedPositions.mode, mode),
        eq(hedgedPositions.userId, userId),
        isNull(hedgedPositions.closedAt),
      ),
    );
  const running = await executor
    .select({ coin: intents.coin })
    .from(intents)
    .where(and(eq(intents.mode, mode), eq(intents.userId, userId), isNull(intents.endedAt)));
  return [...new Set([...held, ...own, ...running].map(({ coin }) => coin))].sort();
}

function told(
  executor: Executor,
  event: {
    readonly userId: number;
    readonly atMs: number;
    readonly action: "strategy.started" | "strategy.stopped" | "strategy.changed";
    readonly strategyId: number;
    readonly from?: number;
  },
  terms?: StrategyTerms & ExitTerms,
): Promise<void> {
  const { userId, atMs, action, strategyId, from } = event;
  const detail = {
    ...(from !== undefined && { from }),
    ...(terms && { ...terms, selectedCoins: terms.selectedCoins.join(",") }),
  };
  return addAudit(executor, { atMs, actor: "user", userId, action, subject: String(strategyId), detail });
}
