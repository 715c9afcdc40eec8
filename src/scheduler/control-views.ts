// What the operator's port shows of a scheduler, read anew at each call.

import { COINS_PER_TASK_MAX } from "../../schema/messages/quote-task.ts";
import { PAIRS } from "../../schema/vocabulary.ts";
import type { LinkState } from "../domain/link-said.ts";
import { taskCoinOf, tickCosts } from "../domain/listing-table.ts";
import { positionTotals } from "../domain/position.ts";
import type { Clock } from "../ports/clock.ts";
import type { DiskState } from "../ports/disks.ts";
import type { BudgetState } from "../ports/rate-governor.ts";
import type { TradingEngine } from "../trading/engine.ts";
import { sumRunning } from "../trading/figures.ts";
import type { Scheduler } from "./run.ts";

export interface ViewDeps {
  readonly scheduler: Scheduler;
  readonly trading: TradingEngine;
  readonly clock: Clock;
  readonly tickPeriodMs: number;
  /** Links to the bus, the store and Redis in words. */
  readonly links: () => { readonly bus: LinkState; readonly database: LinkState; readonly redis?: LinkState };
  readonly disks: () => readonly DiskState[];
  readonly busCertificateEndAtMs?: () => number | undefined;
  /** The governor's budgets, for those who ask what is left. */
  readonly budgets: () => Readonly<Record<string, BudgetState>>;
}

/** Redis being away costs only Redis's readers: nobody should restart the scheduler for it. */
export function healthView(deps: ViewDeps) {
  const { scheduler, clock, links: linksOf, disks, tickPeriodMs } = deps;
  const links = linksOf();
  const lastTickAtMs = scheduler.ticks.lastClosed?.tickAtMs;
  const tickAgeMs = lastTickAtMs === undefined ? undefined : clock.nowMs() - lastTickAtMs;
  const ticking = scheduler.ticks.paused || (tickAgeMs !== undefined && tickAgeMs < tickPeriodMs * 3);
  const healthy = ticking && links.bus.up;
  const uptimeMs = clock.nowMs() - scheduler.startedAtMs;
  const busCertificateEndAtMs = deps.busCertificateEndAtMs?.();
  return { healthy, ticking, tickAgeMs, links, disks: disks(), busCertificateEndAtMs, uptimeMs };
}

export function ticksView({ scheduler, tickPeriodMs }: ViewDeps) {
  const { counters, lastClosed, paused } = scheduler.ticks;
  const { open, lateReports, nullsByReason, table } = scheduler.collector;
  return {
    paused,
    periodMs: tickPeriodMs,
    open: open && {
      tickAtMs: open.tickAtMs,
      deadlineAtMs: open.deadlineAtMs,
      rows: open.rowCount,
      due: open.due.size,
    },
    lastClosed,
    counters: { ...counters, fetches: Object.fromEntries(counters.fetches), lateReports },
    nullsByReason: Object.fromEntries(nullsByReason),
    frames: scheduler.publisher.counters,
    reference: table.reference,
  };
}

export function workersView({ scheduler, clock }: ViewDeps) {
  return {
    workers: [...scheduler.ticks.workers.values()].map((worker) => ({
      ...worker,
      silentMs: clock.nowMs() - worker.lastReportAtMs,
    })),
  };
}

export function venuesView({ scheduler, budgets }: ViewDeps) {
  const coins = scheduler.instruments.coins();
  return {
    lists: scheduler.instruments.state(),
    coins: coins.length,
    heldCoins: scheduler.heldCoins(),
    costsPerTick: tickCosts(
      coins.map((coin) => taskCoinOf(coin, scheduler.depths)),
      COINS_PER_TASK_MAX,
    ),
    budgets: budgets(),
  };
}

export function quarantineView({ scheduler }: ViewDeps) {
  return {
    rates: [...scheduler.collector.quarantined.values()].map((row) => ({
      ...row,
      pair: PAIRS[row.pairIndex]!.key,
    })),
    identities: Object.fromEntries(
      [...scheduler.instruments.quarantined()].map(([venue, doubts]) => [venue, Object.fromEntries(doubts)]),
    ),
  };
}

export function tradingView({ trading, clock }: Pick<ViewDeps, "trading" | "clock">) {
  const { positions, ...state } = trading.state();
  const known = trading.figures();
  const sum = known && sumRunning(known, clock.nowMs());
  return {
    ...state,
    /** Null while another scheduler trades, or none: then nobody here knows. */
    figures: sum
      ? {
          unhedgedKrw: sum.unhedgedKrw.toString(),
          unhedgedOldestMs: sum.unhedgedOldestMs,
          intents: [...sum.counts].map(([words, count]) => {
            const [kind = "", intentState = ""] = words.split(" ");
            return { kind, state: intentState, count };
          }),
        }
      : null,
    positions: positions.map(({ userId, strategyId, coin, pair, entries, openedAtMs, leverage }) => {
      const { qtyCoin, spentKrw, receivedUsdt } = positionTotals(entries);
      return {
        ...{ userId, strategyId, coin, pair, leverage, openedAtMs },
        qtyCoin: qtyCoin.toString(),
        spentKrw: spentKrw.toString(),
        receivedUsdt: receivedUsdt.toString(),
      };
    }),
  };
}
