// What trading says of itself to Prometheus. On a standby there is no word of positions, incidents and intents: only who
// holds the lease knows them.

import { counter, gauge, type Metric, type Sample, samplesByKey, samplesByWords } from "../ports/metrics.ts";
import type { TradingEngine } from "../trading/engine.ts";
import { sumRunning, type TradingFigures } from "../trading/figures.ts";

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
    counter(
      "schedulerx_reconciliation_findings_total",
      "Differences between our record and the venues: seen once, confirmed by a second look. The rest healed by itself.",
      samplesByWords(counts.findings, "kind", "state"),
    ),
  ];
}

function known(figures: TradingFigures | undefined, nowMs: number): Metric[] {
  const running = figures && sumRunning(figures, nowMs);
  return [
    gauge("schedulerx_traders", "Strategies that are traded.", figures?.traders),
    gauge("schedulerx_positions_open", "Positions held.", figures?.positions),
    gauge(
      "schedulerx_intents",
      "Entries and exits that run, by state.",
      samplesByWords(running?.counts ?? new Map(), "kind", "state"),
    ),
    gauge(
      "schedulerx_unhedged_notional_krw",
      "What running entries and exits have on one leg and not on the other.",
      // Exact until here: a gauge is a float.
      running?.unhedgedKrw.toFloat(),
    ),
    gauge(
      "schedulerx_unhedged_oldest_seconds",
      "For how long the oldest of those has been under way; 0: both legs of all agree.",
      running && running.unhedgedOldestMs / 1_000,
    ),
    gauge(
      "schedulerx_account_streams",
      "Accounts with a position that their venue tells of by itself (connected), or does not yet (waiting).",
      figures && samplesByWords(figures.streams, "venue", "state"),
    ),
    gauge(
      "schedulerx_reconciliation_last_timestamp_seconds",
      "When the position that waits longest was compared with its venues, Unix time.",
      figures?.comparedAtMs && figures.comparedAtMs / 1_000,
    ),
    gauge(
      "schedulerx_entries_off",
      "Switches that hold entries back, by whose entries.",
      figures && samplesByKey("scope", figures.entriesOff),
    ),
    gauge(
      "schedulerx_entries_off_since_timestamp_seconds",
      "Since when everybody's entries are off, Unix time; absent: they are not.",
      figures?.entriesOffSinceMs && figures.entriesOffSinceMs / 1_000,
    ),
    gauge("schedulerx_halted", "1 while exits at targets are held too.", figures?.halted),
    gauge(
      "schedulerx_incidents_open",
      "What reconciliation and trading found that needs somebody.",
      figures && samplesByKey("kind", figures.incidents),
    ),
  ];
}
