// One tick's reports become rows of the table. Owns: the table, the open tick, what is still due, the quarantine.
//
// States of a tick: open -> closed, when every coin due has reported or at its deadline; what is missing then is
// named and becomes null rows, so that no client keeps an old number. Reports of a tick that is not open are late
// and dropped: an older tick is never published after a newer one.

import type { ReportHeader } from "../../schema/messages/quote-report.ts";
import type { QuoteTask } from "../../schema/messages/quote-task.ts";
import { PAIRS } from "../../schema/vocabulary.ts";
import { Histogram } from "../domain/histogram.ts";
import { agreedEntryJeon, isPlausibleRow } from "../domain/plausibility.ts";
import { nullRow, type RateRow, RateTable, type ReferencePrice, rowKey } from "../domain/rate-table.ts";

export interface OpenTick {
  readonly tickAtMs: number;
  readonly deadlineAtMs: number;
  /** Row keys (coin and pair) still without a report. */
  readonly due: Map<string, { coin: string; pairIndex: number }>;
  readonly rowCount: number;
  readonly taskCount: number;
}

export interface ClosedTick {
  readonly tickAtMs: number;
  readonly closedAtMs: number;
  readonly rowCount: number;
  /** "COIN upbit-bybit" of what did not arrive. */
  readonly missing: readonly string[];
}

export interface QuarantinedPair {
  readonly coin: string;
  readonly pairIndex: number;
  readonly sinceAtMs: number;
  /** The rate at the smallest size that was refused, KRW per USDT. */
  readonly rateKrwPerUsdt: number;
}

const BOOK_AGE_BOUNDS_SECONDS = [0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 2, 3, 5];

export class FrameCollector {
  readonly table = new RateTable();
  readonly quarantined = new Map<string, QuarantinedPair>();
  /** Null rows by reason since the start, for the counters. */
  readonly nullsByReason = new Map<string, number>();
  /** How old the older of two books was when its rate was reported, seconds. */
  readonly bookAges = new Histogram(BOOK_AGE_BOUNDS_SECONDS);
  lateReports = 0;
  #open: OpenTick | undefined;
  #newestTickAtMs = 0;
  /** Median of the last tick, taken before the gate, so that the gate cannot lock itself in. */
  #medianJeon: number | undefined;
  readonly #tickRows: RateRow[] = [];

  get open(): OpenTick | undefined {
    return this.#open;
  }

  /** The newest tick opened, 0 before the first. */
  get newestTickAtMs(): number {
    return this.#newestTickAtMs;
  }

  /** Opens a tick; the one before must be closed. Ticks only go forward. */
  openTick(tickAtMs: number, deadlineAtMs: number, tasks: readonly QuoteTask[]): void {
    if (this.#open) throw new Error(`expected no open tick, was ${this.#open.tickAtMs}`);
    if (tickAtMs <= this.#newestTickAtMs) throw new Error(`expected a tick after ${this.#newestTickAtMs}`);
    const due = new Map<string, { coin: string; pairIndex: number }>();
    for (const { coins } of tasks) {
      for (const { coin, legs } of coins) {
        const venues = new Set<string>(legs.map((leg) => leg.venue));
        for (const [pairIndex, pair] of PAIRS.entries()) {
          if (venues.has(pair.domestic) && venues.has(pair.overseas)) {
            due.set(rowKey(coin, pairIndex), { coin, pairIndex });
          }
        }
      }
    }
    this.#open = { tickAtMs, deadlineAtMs, due, rowCount: due.size, taskCount: tasks.length };
    this.#newestTickAtMs = tickAtMs;
    this.#tickRows.length = 0;
  }

  /** Merges one report's rows; returns those that changed the table, gated. */
  takeReport(
    header: ReportHeader,
    rows: readonly RateRow[],
    reference: ReferencePrice | undefined,
  ): RateRow[] {
    const open = this.#open;
    if (!open || header.tickAtMs !== open.tickAtMs) {
      this.lateReports++;
      return [];
    }
    const yardstickJeon = this.#yardstickJeon(rows, reference);
    const changed: RateRow[] = [];
    for (const row of rows) {
      if (row.tickAtMs !== open.tickAtMs || !open.due.delete(rowKey(row.coin, row.pairIndex))) continue;
      this.#tickRows.push(row);
      const gated = this.#gate(row, yardstickJeon);
      if (gated.reason !== "none") this.#count(gated.reason);
      if (row.reason === "none") this.bookAges.observe(row.bookAgeMs / 1_000);
      if (this.table.merge(gated)) changed.push(gated);
    }
    return changed;
  }

  /** Closes the open tick; the null rows of what is missing are merged and returned. */
  closeTick(closedAtMs: number): { closed: ClosedTick; changed: RateRow[] } {
    const open = this.#open;
    if (!open) throw new Error("expected an open tick");
    this.#open = undefined;
    this.#medianJeon = agreedEntryJeon(this.#tickRows) ?? this.#medianJeon;
    const changed: RateRow[] = [];
    const missing: string[] = [];
    for (const { coin, pairIndex } of open.due.values()) {
      const row = nullRow(coin, pairIndex, open.tickAtMs, "missing");
      missing.push(`${coin} ${PAIRS[pairIndex]!.key}`);
      this.#count("missing");
      if (this.table.merge(row)) changed.push(row);
    }
    const { tickAtMs, rowCount } = open;
    return { closed: { tickAtMs, closedAtMs, rowCount, missing }, changed };
  }

  /** Tombstones for held rows whose pair is not quoted any more; the open tick does not bring them back. */
  retire(isQuoted: (coin: string, pairIndex: number) => boolean): RateRow[] {
    const changed: RateRow[] = [];
    for (const { coin, pairIndex, tickAtMs } of this.table.rows()) {
      if (isQuoted(coin, pairIndex)) continue;
      const row = nullRow(coin, pairIndex, Math.max(tickAtMs, this.#newestTickAtMs), "delisted");
      this.table.merge(row);
      this.quarantined.delete(rowKey(coin, pairIndex));
      this.#open?.due.delete(rowKey(coin, pairIndex));
      changed.push(row);
    }
    return changed;
  }

  /** Takes the rates off every row, for a time in which no tick will renew them. */
  blank(): RateRow[] {
    const changed: RateRow[] = [];
    for (const { coin, pairIndex, tickAtMs, reason } of this.table.rows()) {
      if (reason === "missing") continue;
      const row = nullRow(coin, pairIndex, tickAtMs, "missing");
      this.table.merge(row);
      changed.push(row);
    }
    return changed;
  }

  /** The last tick's median, else the reference, else what one report's rows agree on; undefined: nothing to go by. */
  #yardstickJeon(rows: readonly RateRow[], reference: ReferencePrice | undefined): number | undefined {
    return this.#medianJeon ?? (reference ? reference.priceKrw * 100 : agreedEntryJeon(rows));
  }

  #gate(row: RateRow, yardstickJeon: number | undefined): RateRow {
    if (row.reason !== "none") return row;
    const key = rowKey(row.coin, row.pairIndex);
    if (yardstickJeon !== undefined && isPlausibleRow(row, yardstickJeon)) {
      this.quarantined.delete(key);
      return row;
    }
    const jeon = Number.isNaN(row.ratesJeon[0]!) ? row.ratesJeon[100]! : row.ratesJeon[0]!;
    const sinceAtMs = this.quarantined.get(key)?.sinceAtMs ?? row.tickAtMs;
    const { coin, pairIndex } = row;
    this.quarantined.set(key, { coin, pairIndex, sinceAtMs, rateKrwPerUsdt: jeon / 100 });
    return nullRow(coin, pairIndex, row.tickAtMs, "quarantined");
  }

  #count(reason: string): void {
    this.nullsByReason.set(reason, (this.nullsByReason.get(reason) ?? 0) + 1);
  }
}
