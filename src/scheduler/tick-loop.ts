// The scheduler's beat: issues a tick's tasks, collects its reports, closes it. Owns the open tick's life.
//
// tickAtMs = floor(now / period) x period, so a restart computes the same instant; task ids are functions of it. The
// manifest stored before the tasks lets a restarted scheduler find the open tick again, publish its tasks under the
// same ids (the bus ignores those it has) and take the reports stored meanwhile.

import {
  encodeManifest,
  manifestIdOf,
  parseReportMessage,
  type ReportHeader,
  type TickManifest,
} from "../../schema/messages/quote-report.ts";
import {
  COINS_PER_TASK_MAX,
  encodeQuoteTask,
  MessageError,
  type QuoteTask,
  taskIdOf,
} from "../../schema/messages/quote-task.ts";
import type { Venue } from "../../schema/vocabulary.ts";
import { decodeFrame, FrameError } from "../domain/frame.ts";
import { Histogram } from "../domain/histogram.ts";
import {
  type DepthBook,
  packTasks,
  pairIndicesOf,
  type QuotedCoin,
  taskCoinOf,
} from "../domain/listing-table.ts";
import type { ReportStream, TaskQueue } from "../ports/bus.ts";
import type { Clock } from "../ports/clock.ts";
import type { Log } from "../ports/telemetry.ts";
import { faultOf, type Tracer, traced } from "../ports/tracing.ts";
import type { ClosedTick, FrameCollector } from "./collect-frame.ts";
import type { FramePublisher } from "./publish-frames.ts";
import { issueSpan, mergedWord, reportSpan, taskSpan, tellTick } from "./tick-spans.ts";

export interface TickLoopDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly tasks: Pick<TaskQueue, "publish">;
  readonly reports: ReportStream;
  readonly collector: FrameCollector;
  readonly publisher: FramePublisher;
  readonly depths: DepthBook;
  readonly periodMs: number;
  /** The coins to quote now; those somebody holds are always among them. */
  readonly coins: () => readonly QuotedCoin[];
  readonly onClosed: (closed: ClosedTick) => void;
  /** False while another scheduler issues the ticks: then this one stands by and publishes nothing. */
  readonly leads?: () => boolean;
  /** A venue did not know a symbol it was asked for: the lists are out of date. */
  readonly onUnknownSymbol?: (venue: Venue) => void;
  /** Left out: ticks leave no traces. */
  readonly tracer?: Tracer | undefined;
}

export interface TickCounters {
  issued: number;
  closed: number;
  skipped: number;
  incomplete: number;
  unreadableReports: number;
  failedTasks: number;
  /** Answers by "venue outcome". */
  readonly fetches: Map<string, number>;
}

/** A worker as its reports show it. */
export interface SeenWorker {
  readonly id: string;
  readonly sourceAddress: string;
  readonly lastReportAtMs: number;
  readonly taskCount: number;
}

const WORKERS_REMEMBERED_MAX = 500;

/** Below this part of the period left, a restarted scheduler waits for the next beat rather than issue anew. */
const LATE_START_RATIO = 0.5;
const RECOVERY_LISTEN_MS = 500;
/** The bus stamps what it stores with its own host's clock: reports are asked for from this much earlier. */
const BUS_CLOCK_SKEW_MS_MAX = 5_000;
const MISSING_NAMED_MAX = 40;
const DURATION_BOUNDS_SECONDS = [0.25, 0.5, 1, 2, 3, 5, 10, 15, 20, 25, 30];
/** How workers count the refusal of a symbol: Upbit and Bithumb say 404, Binance 400, Bybit a retCode. */
const UNKNOWN_SYMBOL_OUTCOMES: ReadonlySet<string> = new Set(["http 404", "http 400", "refused"]);

export class TickLoop {
  readonly counters: TickCounters = {
    issued: 0,
    closed: 0,
    skipped: 0,
    incomplete: 0,
    unreadableReports: 0,
    failedTasks: 0,
    fetches: new Map(),
  };
  readonly workers = new Map<string, SeenWorker>();
  /** From a tick's instant until it was closed, seconds. */
  readonly durations = new Histogram(DURATION_BOUNDS_SECONDS);
  paused = false;
  lastClosed: ClosedTick | undefined;
  readonly #stop = new AbortController();
  #issuing = false;
  #clockWentBack = false;
  #closeTimer = new AbortController();
  #unsubscribe: (() => Promise<void>) | undefined;
  #recovered: TickManifest | undefined;
  #waitingReports: Uint8Array[] | undefined = [];
  #running: Promise<void> = Promise.resolve();

  constructor(private readonly deps: TickLoopDeps) {}

  tickAt(nowMs: number): number {
    return Math.floor(nowMs / this.deps.periodMs) * this.deps.periodMs;
  }

  /** Finds the open tick again, if there is one. Needs no coins, so it need not wait for the venues' lists. */
  async recover(): Promise<void> {
    const { clock, reports, periodMs } = this.deps;
    const tickAtMs = this.tickAt(clock.nowMs());
    const fromAtMs = tickAtMs - BUS_CLOCK_SKEW_MS_MAX;
    this.#unsubscribe = await reports.subscribe(fromAtMs, (bytes) => this.#onReport(bytes));
    await clock.sleep(Math.min(RECOVERY_LISTEN_MS, periodMs / 4), this.#stop.signal);
    if (this.#stop.signal.aborted) return;
    if (this.#recovered?.tickAtMs === this.tickAt(clock.nowMs())) {
      this.deps.log.info("open tick found again", { tickAtMs: this.#recovered.tickAtMs });
      await this.#run(this.#recovered);
    } else {
      this.#replayWaiting();
    }
  }

  /** Recovers, unless that is done already, issues a tick if there is time for one, then beats until stop(). */
  async start(): Promise<void> {
    if (!this.#unsubscribe) await this.recover();
    if (this.#stop.signal.aborted) return;
    const { clock, periodMs } = this.deps;
    const nowMs = clock.nowMs();
    const tickAtMs = this.tickAt(nowMs);
    const isRecovered = this.#recovered?.tickAtMs === tickAtMs;
    if (!isRecovered && tickAtMs + periodMs - nowMs > periodMs * LATE_START_RATIO) await this.beat(tickAtMs);
    this.#running = this.#beatForEver();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    this.#closeTimer.abort();
    await this.#unsubscribe?.();
    await this.#running;
  }

  async #beatForEver(): Promise<void> {
    const { clock, periodMs } = this.deps;
    while (!this.#stop.signal.aborted) {
      const nextAtMs = this.tickAt(clock.nowMs()) + periodMs;
      await clock.sleep(nextAtMs - clock.nowMs(), this.#stop.signal);
      if (this.#stop.signal.aborted) return;
      // A timer may fire a little early: never issue the tick that is already running.
      if (clock.nowMs() < nextAtMs) continue;
      void this.beat(this.tickAt(clock.nowMs()));
    }
  }

  /** One beat: closes what is open, then issues the tick. Skipped and counted while the last one is being issued. */
  async beat(tickAtMs: number): Promise<void> {
    if (this.#issuing) {
      this.counters.skipped++;
      this.deps.log.warn("beat skipped: the last tick is still being issued", { tickAtMs });
      return;
    }
    const { collector, depths, periodMs } = this.deps;
    if (tickAtMs <= collector.newestTickAtMs) return this.#skipRepeated(tickAtMs);
    if (this.deps.leads?.() === false) return this.#standBy();
    if (collector.open) this.#close();
    if (this.paused) return this.#blank();
    this.#clockWentBack = false;
    const coins = this.deps.coins();
    if (coins.length === 0) {
      this.deps.log.warn("no coins to quote: tick left out", { tickAtMs });
      return;
    }
    const packed = packTasks(
      coins.map((coin) => taskCoinOf(coin, depths)),
      COINS_PER_TASK_MAX,
    );
    const tasks = packed.map(
      (taskCoins, shard): QuoteTask => ({
        version: 1,
        taskId: taskIdOf(tickAtMs, shard),
        tickAtMs,
        deadlineAtMs: tickAtMs + periodMs,
        coins: taskCoins,
      }),
    );
    await this.#run({ tickAtMs, tasks });
  }

  /** Somebody else's ticks are on the screens: what was open here is dropped without a word to anybody. */
  #standBy(): void {
    const { collector, clock } = this.deps;
    if (!collector.open) return;
    this.#closeTimer.abort();
    collector.closeTick(clock.nowMs());
  }

  /** The clock was set back. Ticks only go forward, and one that is open runs to its end. */
  #skipRepeated(tickAtMs: number): void {
    const { collector, log } = this.deps;
    this.counters.skipped++;
    const aheadMs = collector.newestTickAtMs - tickAtMs;
    if (aheadMs === 0 || collector.open) return;
    if (!this.#clockWentBack) log.error("the clock went back: no ticks until it has caught up", { aheadMs });
    this.#clockWentBack = true;
    this.#blank();
  }

  /** While no tick renews them, rows must not go on looking fresh to clients that know no ticks. */
  #blank(): void {
    const { collector, publisher } = this.deps;
    const changed = collector.blank();
    if (changed.length === 0) return;
    publisher.add(changed);
    publisher.closeTick(collector.newestTickAtMs);
  }

  async #run(manifest: TickManifest): Promise<void> {
    const { clock, collector, log, tasks, reports, periodMs, tracer } = this.deps;
    const { tickAtMs } = manifest;
    const deadlineAtMs = tickAtMs + periodMs;
    this.#issuing = true;
    const issue = issueSpan(tracer, tickAtMs, manifest.tasks.length);
    try {
      collector.openTick(tickAtMs, deadlineAtMs, manifest.tasks);
      const closing = new AbortController();
      this.#closeTimer = closing;
      void clock.sleep(deadlineAtMs - clock.nowMs(), closing.signal).then(() => {
        if (!closing.signal.aborted && collector.open?.tickAtMs === tickAtMs) this.#close();
      });
      this.#replayWaiting();
      if (manifest !== this.#recovered)
        await reports.publish(manifestIdOf(tickAtMs), encodeManifest(manifest));
      // Start elsewhere each tick: when time runs out it is not always the same coins that are left.
      const from = Math.floor(tickAtMs / periodMs) % Math.max(1, manifest.tasks.length);
      const rotated = [...manifest.tasks.slice(from), ...manifest.tasks.slice(0, from)];
      const results = await Promise.allSettled(
        rotated.map((task) =>
          traced(taskSpan(issue, task), tasks.publish(task.taskId, encodeQuoteTask(task))),
        ),
      );
      const failed = results.filter((result) => result.status === "rejected").length;
      this.counters.failedTasks += failed;
      log.debug("tick issued", { tickAtMs, tasks: results.length, failed });
      this.counters.issued++;
      issue?.end({ fault: failed > 0 ? "bus" : undefined });
    } catch (error) {
      log.debug("tick not issued", { tickAtMs, error });
      issue?.end({ fault: faultOf(error) });
    } finally {
      this.#issuing = false;
    }
  }

  #see({ worker, sourceAddress, reportedAtMs }: ReportHeader): void {
    if (!this.workers.has(worker) && this.workers.size >= WORKERS_REMEMBERED_MAX) {
      this.workers.delete(this.workers.keys().next().value!);
    }
    const taskCount = (this.workers.get(worker)?.taskCount ?? 0) + 1;
    this.workers.set(worker, { id: worker, sourceAddress, lastReportAtMs: reportedAtMs, taskCount });
  }

  #close(): void {
    const { collector, publisher, log, clock, tracer } = this.deps;
    this.#closeTimer.abort();
    const { closed, changed } = collector.closeTick(clock.nowMs());
    publisher.add(changed);
    publisher.closeTick(closed.tickAtMs);
    this.lastClosed = closed;
    this.counters.closed++;
    this.durations.observe(Math.max(0, closed.closedAtMs - closed.tickAtMs) / 1_000);
    tellTick(tracer, closed);
    log.debug("tick closed", { tickAtMs: closed.tickAtMs, rows: closed.rowCount });
    if (closed.missing.length > 0) {
      this.counters.incomplete++;
      log.warn("tick closed incomplete", {
        tickAtMs: closed.tickAtMs,
        rows: closed.rowCount,
        missingCount: closed.missing.length,
        missing: closed.missing.slice(0, MISSING_NAMED_MAX),
      });
    }
    this.deps.onClosed(closed);
  }

  /** Reports may come (from the replay) before the tick they belong to is open again. */
  #replayWaiting(): void {
    const waiting = this.#waitingReports ?? [];
    this.#waitingReports = undefined;
    for (const bytes of waiting) this.#onReport(bytes);
  }

  #onReport(bytes: Uint8Array): void {
    const { collector, publisher, depths, log, clock, onUnknownSymbol, tracer } = this.deps;
    try {
      const message = parseReportMessage(bytes);
      if (message.kind === "manifest") {
        if (this.#waitingReports) this.#recovered = message.manifest;
        return;
      }
      if (this.#waitingReports) {
        this.#waitingReports.push(bytes);
        return;
      }
      const { header, segment } = message;
      const span = reportSpan(tracer, header);
      const { rows } = decodeFrame(segment);
      this.#see(header);
      for (const { coin, levels, got } of header.depths) depths.learn(coin, levels, got);
      for (const { venue, outcome, count } of header.fetches) {
        const key = `${venue} ${outcome}`;
        this.counters.fetches.set(key, (this.counters.fetches.get(key) ?? 0) + count);
        if (UNKNOWN_SYMBOL_OUTCOMES.has(outcome)) onUnknownSymbol?.(venue);
      }
      const changed = collector.takeReport(header, rows, collector.table.reference);
      publisher.add(changed, span && mergedWord(header.taskId));
      span?.end({ attributes: { "schedulerx.rows": changed.length } });
    } catch (error) {
      if (!(error instanceof MessageError || error instanceof FrameError)) throw error;
      this.counters.unreadableReports++;
      log.error("report is not readable: dropped", { error });
      return;
    }
    const { open } = collector;
    if (open && open.due.size === 0 && clock.nowMs() < open.deadlineAtMs) this.#close();
  }
}

/** Whether a coin's pair is among the quoted ones. */
export function isQuotedIn(coins: readonly QuotedCoin[]): (coin: string, pairIndex: number) => boolean {
  const keys = new Set(coins.flatMap((coin) => pairIndicesOf(coin).map((pair) => `${coin.coin}|${pair}`)));
  return (coin, pairIndex) => keys.has(`${coin}|${pairIndex}`);
}
