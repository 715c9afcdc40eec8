// What a scheduler says of itself to Prometheus: ticks, books, frames, budgets. Trading's part is in trading-metrics.ts.

import { REASONS } from "../../schema/vocabulary.ts";
import { type BudgetParts, budgetMetrics } from "../ports/budget-metrics.ts";
import type { Clock } from "../ports/clock.ts";
import {
  counter,
  gauge,
  histogram,
  type Metric,
  type Sample,
  samplesByKey,
  samplesByWords,
} from "../ports/metrics.ts";
import type { TradingEngine } from "../trading/engine.ts";
import type { Scheduler } from "./run.ts";
import { tradingMetrics } from "./trading-metrics.ts";

export interface SchedulerMetricsParts extends BudgetParts {
  readonly clock: Clock;
  readonly scheduler: Pick<Scheduler, "ticks" | "collector" | "publisher" | "instruments">;
  readonly trading: Pick<TradingEngine, "state" | "figures" | "fence" | "counts">;
  readonly tickPeriodMs: number;
  readonly links: Readonly<Record<string, { readonly up: boolean }>>;
  /** When the bus's certificate runs out, epoch ms; undefined without TLS. */
  readonly busCertificateEndAtMs?: number | undefined;
  /** Undefined where none are sent. */
  readonly notices: { readonly sent: number; readonly lost: number } | undefined;
  /** Users' own events. */
  readonly events: { readonly stored: number; readonly lost: number };
}

/** A worker that has reported nothing for three ticks, and for this long, is not there. */
const WORKER_SILENT_MS_MIN = 10_000;

export function schedulerMetrics(parts: SchedulerMetricsParts): Metric[] {
  const { clock, links, notices, events, trading } = parts;
  const up = Object.entries(links).map(([link, state]) => ({ labels: { link }, value: +state.up }));
  return [
    gauge("schedulerx_link_up", "1 while a server is reached.", up),
    gauge(
      "schedulerx_bus_certificate_expires_timestamp_seconds",
      "When the certificate of nats-server runs out, Unix time.",
      parts.busCertificateEndAtMs && parts.busCertificateEndAtMs / 1_000,
    ),
    ...tickMetrics(parts),
    ...rateMetrics(parts),
    ...budgetMetrics(parts),
    ...tradingMetrics(trading, clock.nowMs()),
    counter("schedulerx_notices_sent_total", "Messages sent by Telegram.", notices?.sent),
    counter("schedulerx_notices_lost_total", "Messages dropped before they were sent.", notices?.lost),
    counter("schedulerx_user_events_total", "Users' own events stored on the bus.", events.stored),
    counter("schedulerx_user_events_lost_total", "Those dropped while the bus was away.", events.lost),
  ];
}

function tickMetrics({ clock, scheduler, tickPeriodMs }: SchedulerMetricsParts): Metric[] {
  const { ticks } = scheduler;
  const { counters, lastClosed, durations } = ticks;
  const silentMsMax = Math.max(WORKER_SILENT_MS_MIN, 3 * tickPeriodMs);
  const sinceMs = clock.nowMs() - silentMsMax;
  const workers = [...ticks.workers.values()].filter(({ lastReportAtMs }) => lastReportAtMs >= sinceMs);
  return [
    gauge("schedulerx_tick_interval_seconds", "Length of a tick.", tickPeriodMs / 1_000),
    gauge("schedulerx_ticks_paused", "1 while an operator has paused them.", ticks.paused),
    counter("schedulerx_ticks_issued_total", "Ticks issued.", counters.issued),
    counter("schedulerx_ticks_closed_total", "Ticks closed.", counters.closed),
    counter("schedulerx_ticks_incomplete_total", "Ticks closed with rates missing.", counters.incomplete),
    counter(
      "schedulerx_ticks_skipped_total",
      "Beats left out: the last one was still being issued.",
      counters.skipped,
    ),
    gauge(
      "schedulerx_tick_last_timestamp_seconds",
      "Instant of the last tick that was closed, Unix time.",
      lastClosed && lastClosed.tickAtMs / 1_000,
    ),
    histogram(
      "schedulerx_tick_duration_seconds",
      "From a tick's instant until it was closed.",
      durations.read(),
    ),
    counter("schedulerx_tasks_failed_total", "Tasks the bus did not take.", counters.failedTasks),
    counter(
      "schedulerx_reports_late_total",
      "Reports of ticks that were over.",
      scheduler.collector.lateReports,
    ),
    counter("schedulerx_reports_unreadable_total", "Reports dropped as broken.", counters.unreadableReports),
    gauge("schedulerx_workers", "Workers that have reported within three ticks.", workers.length),
    counter(
      "schedulerx_fetches_total",
      "Answers of the venues to all workers, by how they ended.",
      samplesByWords(counters.fetches, "venue", "outcome"),
    ),
  ];
}

function rateMetrics({ scheduler }: SchedulerMetricsParts): Metric[] {
  const { collector, publisher, instruments } = scheduler;
  const { table, bookAges, nullsByReason, quarantined } = collector;
  const shown = new Map<string, number>();
  for (const { reason } of table.rows()) shown.set(reason, (shown.get(reason) ?? 0) + 1);
  const rates: Sample[] = REASONS.map((reason) => {
    return { labels: { reason }, value: shown.get(reason) ?? 0 };
  });
  const lists = instruments.state();
  const countOf = Object.fromEntries(Object.entries(lists).map(([venue, { count }]) => [venue, count]));
  return [
    gauge("schedulerx_coins", "Coins quoted.", instruments.coins().length),
    gauge(
      "schedulerx_listings",
      "Instruments in a venue's list; 0: it could not be had.",
      samplesByKey("venue", countOf),
    ),
    gauge("schedulerx_rates", "Pairs of coins by why they have no rate now; none: they have one.", rates),
    counter(
      "schedulerx_rate_nulls_total",
      "Rates a tick did not bring, by why.",
      samplesByWords(nullsByReason, "reason"),
    ),
    gauge("schedulerx_rates_quarantined", "Rates too far from the others to be shown.", quarantined.size),
    histogram(
      "schedulerx_book_age_seconds",
      "Age of the older of two books when their rate was reported.",
      bookAges.read(),
    ),
    gauge("schedulerx_reference_price_krw", "KRW for one USDT; absent: unknown.", table.reference?.priceKrw),
    counter("schedulerx_frames_total", "Frames published on the bus.", publisher.counters.frames),
    counter("schedulerx_frames_bytes_total", "Their bytes.", publisher.counters.bytes),
    counter(
      "schedulerx_frames_failed_total",
      "Frames not published; made up for later.",
      publisher.counters.failed,
    ),
  ];
}
