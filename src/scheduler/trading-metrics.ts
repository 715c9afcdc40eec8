// What trading says of itself to Prometheus. On a standby there is no word of positions, incidents and intents: only who
// holds the lease knows them.

import { Decimal } from "../domain/decimal.ts";
import { counter, gauge, type Metric, type Sample, samplesByKey, samplesByWords } from "../ports/metrics.ts";
import type { TradingEngine } from "../trading/engine.ts";
import type { TradingFigures } from "../trading/figures.ts";

const ROLES = ["trading", "recovering", "standby", "off", "drained"] as const;

export function tradingMetrics(
  trading: Pick<TradingEngine, "state" | "figures" | "fence" | "counts">,
  nowMs: number,
): Metric[] {
  const { fence, counts } = trading;
  const { mode, role } = trading.state();
  const roles: Sample[] = ROLES.map((one) => ({ labels: { role: one, mode }, value: +(one === role) }));
  return [
    gauge("schedulerx_trading_role", "1 for what this scheduler does about trading.", roles),
    gauge("schedulerx_lease_held", "1 for the scheduler that leads.", fence !== undefined),
    gauge(
      "schedulerx_lease_fence",
      "Its fencing number, which grows with every change of the leader.",
      fence,
    ),
    ...known(trading.figures(), nowMs),
    counter(
      "schedulerx_decisions_total",
      "Decisions about strategies' coins; the same about a coin counts once a minute.",
      samplesByWords(counts.decisions, "action", "reason"),
    ),
    counter(
      "schedulerx_intents_ended_total",
      "Entries and exits by how they ended.",
      samplesByWords(counts.ended, "kind", "state"),
    ),
  ];
}

function oldestSeconds({ running }: TradingFigures, nowMs: number): number {
  const begun = running.flatMap(({ unhedgedKrw, sendingAtMs }) =>
    unhedgedKrw.isZero ? [] : (sendingAtMs ?? []),
  );
  return Math.max(0, ...begun.map((atMs) => (nowMs - atMs) / 1_000));
}

function known(figures: TradingFigures | undefined, nowMs: number): Metric[] {
  const running = new Map<string, number>();
  for (const { kind, state } of figures?.running ?? []) {
    running.set(`${kind} ${state}`, (running.get(`${kind} ${state}`) ?? 0) + 1);
  }
  // Exact until here: a gauge is a float.
  const unhedged = figures && Decimal.sum(figures.running.map(({ unhedgedKrw }) => unhedgedKrw)).toFloat();
  return [
    gauge("schedulerx_traders", "Strategies that are traded.", figures?.traders),
    gauge("schedulerx_positions_open", "Positions held.", figures?.positions),
    gauge(
      "schedulerx_intents",
      "Entries and exits that run, by state.",
      samplesByWords(running, "kind", "state"),
    ),
    gauge(
      "schedulerx_unhedged_notional_krw",
      "What running entries and exits have on one leg and not on the other.",
      unhedged,
    ),
    gauge(
      "schedulerx_unhedged_oldest_seconds",
      "For how long the oldest of those has been under way; 0: both legs of all agree.",
      figures && oldestSeconds(figures, nowMs),
    ),
    gauge(
      "schedulerx_account_streams",
      "Accounts with a position that their venue tells of by itself (connected), or does not yet (waiting).",
      figures && samplesByWords(figures.streams, "venue", "state"),
    ),
    gauge(
      "schedulerx_incidents_open",
      "What reconciliation and trading found that needs somebody.",
      figures && samplesByKey("kind", figures.incidents),
    ),
  ];
}
