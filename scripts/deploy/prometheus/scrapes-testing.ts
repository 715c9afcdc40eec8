// Scrapes of a service that is well, made by the same functions the processes use, to be changed by a test: what
// Prometheus has after minutes of them is given to promtool.

import { ApiCounts } from "../../../api/counts.ts";
import { apiMetrics } from "../../../api/metrics.ts";
import { VENUES, type Venue } from "../../../schema/vocabulary.ts";
import { createProcessMetrics } from "../../../src/adapters/telemetry/metrics.ts";
import type { Decimal } from "../../../src/domain/decimal.ts";
import { Histogram } from "../../../src/domain/histogram.ts";
import type { Metric, Sample } from "../../../src/ports/metrics.ts";
import { INCIDENT_KINDS } from "../../../src/ports/traders.ts";
import { schedulerMetrics } from "../../../src/scheduler/metrics.ts";
import { ManualClock } from "../../../src/testing/manual-clock.ts";
import { workerMetrics } from "../../../worker/metrics.ts";

export const SCRAPE_SECONDS = 10;
const TICK_SECONDS = 30;

const perVenue = <T>(of: (venue: Venue) => T) =>
  Object.fromEntries(VENUES.map((venue) => [venue, of(venue)])) as Record<Venue, T>;

/** One scheduler, its worker and api, and what each knows of itself. `at` is seconds since the beginning. */
export class Situation {
  readonly clock = new ManualClock(0);
  readonly api = new ApiCounts();
  /** Which of the three answer a scrape. */
  readonly answering = { scheduler: true, worker: true, api: true };
  readonly links = { bus: { up: true }, database: { up: true }, redis: { up: true } };
  readonly notices = { sent: 3, lost: 0 };
  readonly events = { stored: 9, lost: 0 };
  readonly refusals = new Map([["binance 429", 1]]);
  readonly budgets = perVenue(() => ({ allowed: 10, used: 2, holdMs: 0, banMs: 0, strictness: 1 }));
  readonly lists = perVenue(() => ({ count: 130 }));
  readonly ticking = { lastAt: 0, isStopped: false };
  readonly counters = {
    ...{ issued: 0, closed: 0, skipped: 0, incomplete: 0, unreadableReports: 0, failedTasks: 0 },
    fetches: new Map([["upbit ok", 10]]),
  };
  workers = ["a", "b"];
  rows: string[] = [...Array(40).fill("none"), "thin"];
  reference: { priceKrw: number } | undefined = { priceKrw: 1_400 };
  role: "trading" | "recovering" | "standby" = "trading";
  fence: number | undefined = 1;
  running: { state: "overseas-sending"; kind: "entry"; unhedgedKrw: Decimal; sendingAtMs: number }[] = [];
  readonly incidents = Object.fromEntries(INCIDENT_KINDS.map((kind) => [kind, 0]));
  apiFrameAgeMs = 12_000;
  isComparing = true;
  comparedAtMs: number | undefined;
  /** Since when everybody's entries are off. */
  offSinceMs: number | undefined;
  startedAtSeconds = -1_000;
  diskFreeBytes = 12e9;
  /** Until it ends, as of now. */
  busCertificateDays = 400;

  /** Until the next scrape. */
  async pass(): Promise<void> {
    await this.clock.advance(SCRAPE_SECONDS * 1_000);
    if (this.isComparing) this.comparedAtMs = this.clock.nowMs();
    if (this.ticking.isStopped || this.at % TICK_SECONDS !== 0) return;
    this.ticking.lastAt = this.at;
    this.counters.issued++;
    this.counters.closed++;
  }

  get at(): number {
    return this.clock.nowMs() / 1_000;
  }

  /** By job; nothing of one that does not answer. */
  scrape(): Record<string, readonly Metric[]> {
    const { api, clock, answering, budgets, refusals } = this;
    const ofProcess = (name: string) =>
      createProcessMetrics(name, "1", clock)().map((metric): Metric => {
        const now = this.#ofMachine[metric.name];
        if (now === undefined || metric.type === "histogram") return metric;
        return { ...metric, samples: metric.samples.map((sample) => ({ ...sample, value: now })) };
      });
    const counters = { answered: 5, late: 0, unreadable: 0, givenBack: 0 };
    const live = { up: this.links.bus.up, detail: "", frameAgeMs: this.apiFrameAgeMs, rowCount: 41 };
    const worker = { counters, budgets, refusals, bus: this.links.bus, hasShare: true };
    return {
      ...(answering.scheduler && {
        "schedulerx-scheduler": [...ofProcess("scheduler"), ...this.#scheduler()],
      }),
      ...(answering.worker && { "schedulerx-worker": [...ofProcess("worker"), ...workerMetrics(worker)] }),
      ...(answering.api && { "schedulerx-api": [...ofProcess("api"), ...apiMetrics(api, live)] }),
    };
  }

  get #ofMachine(): Readonly<Record<string, number>> {
    return {
      process_start_time_seconds: this.startedAtSeconds,
      schedulerx_disk_free_bytes: this.diskFreeBytes,
      schedulerx_disk_size_bytes: 20e9,
    };
  }

  #scheduler(): Metric[] {
    const { clock, links, notices, events, budgets, refusals, counters, ticking, lists } = this;
    const seen = (id: string) => ({ id, sourceAddress: id, lastReportAtMs: clock.nowMs(), taskCount: 1 });
    const scheduler = {
      ticks: {
        ...{ counters, paused: false, durations: new Histogram([1]) },
        lastClosed: { tickAtMs: ticking.lastAt * 1_000 },
        workers: new Map(this.workers.map((id) => [id, seen(id)])),
      },
      collector: {
        ...{ lateReports: 0, quarantined: new Map(), nullsByReason: new Map([["thin", 7]]) },
        bookAges: new Histogram([1]),
        table: { reference: this.reference, rows: () => this.rows.map((reason) => ({ reason })) },
      },
      publisher: { counters: { frames: 4, bytes: 900, failed: 0 } },
      instruments: { coins: () => ["BTC"], state: () => lists },
    };
    const leads = this.role === "trading" || this.role === "recovering";
    const trading = {
      fence: this.fence,
      state: () => ({ mode: "live", role: this.role }),
      figures: () =>
        leads
          ? {
              ...{
                entriesOff: { global: +(this.offSinceMs !== undefined), user: 1, coin: 1 },
                halted: false,
              },
              ...{ entriesOffSinceMs: this.offSinceMs, comparedAtMs: this.comparedAtMs },
              ...{ traders: 2, positions: 1, incidents: this.incidents, running: this.running },
              streams: new Map([["binance connected", 1]]),
            }
          : undefined,
      counts: {
        decisions: new Map([["hold cooling-down", 4]]),
        ended: new Map([["entry hedged", 1]]),
        findings: new Map([["joined seen", 1]]),
      },
    };
    const stages = { scheduler, trading } as unknown as Pick<
      Parameters<typeof schedulerMetrics>[0],
      "scheduler" | "trading"
    >;
    const tickPeriodMs = TICK_SECONDS * 1_000;
    const busCertificateEndAtMs = clock.nowMs() + this.busCertificateDays * 86_400_000;
    return schedulerMetrics({
      ...{ clock, ...stages, tickPeriodMs, links, notices, events, budgets, refusals },
      busCertificateEndAtMs,
    });
  }
}

/** Names of all that is told, as they stand in an expression. */
export function namesOf(scrape: Readonly<Record<string, readonly Metric[]>>): Set<string> {
  const metrics = Object.values(scrape).flat();
  return new Set(metrics.flatMap(({ name, type }) => (type === "histogram" ? [`${name}_bucket`] : [name])));
}

/** Series as promtool takes them: "_" before the first value, "stale" where a scrape had it no more. */
export class Recording {
  readonly #series = new Map<string, string[]>();
  #count = 0;

  add(scrape: Readonly<Record<string, readonly Metric[]>>, jobs: readonly string[]): void {
    for (const job of jobs) {
      const own = { job, instance: `${job}:1` };
      this.#keep("up", own, job in scrape ? 1 : 0);
      for (const metric of scrape[job] ?? []) {
        if (metric.type === "histogram") continue;
        for (const { labels, value } of metric.samples) this.#keep(metric.name, { ...own, ...labels }, value);
      }
    }
    this.#count++;
  }

  #keep(name: string, labels: NonNullable<Sample["labels"]>, value: number): void {
    const pairs = Object.entries(labels).map(([label, text]) => `${label}=${JSON.stringify(text)}`);
    const series = `${name}{${pairs.join(",")}}`;
    const values = this.#series.get(series) ?? [];
    this.#pad(values);
    values.push(String(value));
    this.#series.set(series, values);
  }

  #pad(values: string[]): void {
    const gap = values.length === 0 ? "_" : "stale";
    while (values.length < this.#count) values.push(gap);
  }

  series(): { series: string; values: string }[] {
    return [...this.#series].map(([series, values]) => {
      this.#pad(values);
      return { series, values: values.join(" ") };
    });
  }
}
