// What a client of the api's stream has been told, tick by tick: every row ever received, when ticks were closed, and
// whether a tick ever went backwards on one connection.

import { openPremiumStream, type RowsInfo, type StreamState } from "../../../api/client.ts";
import { rowAgeMsMaxOf } from "../../../api/live-frames.ts";
import { type RateRow, rowKey } from "../../domain/rate-table.ts";

export interface PublishedTick {
  readonly tickAtMs: number;
  /** By row key; several when a tick was told in more than one way, which must not be. */
  readonly rows: Map<string, RateRow[]>;
  /** When the first row of it came, epoch ms. */
  readonly firstAtMs: number;
  /** When the word came that it is complete. */
  closedAtMs: number | undefined;
}

/** No row becomes null by age sooner, however short the ticks are. */
const ROW_AGE_MS_MIN = rowAgeMsMaxOf(0);

export class PublishedRates {
  readonly ticks = new Map<number, PublishedTick>();
  /** Rows older than what the same connection had before, in words. */
  readonly backwards: string[] = [];
  connectionCount = 0;
  state: StreamState["status"] = "connecting";
  rowCount = 0;
  #newestOfRow = new Map<string, number>();
  #newestTickAtMs = 0;
  readonly #waiters = new Set<() => void>();
  readonly #stream: ReturnType<typeof openPremiumStream>;

  constructor(url: string) {
    this.#stream = openPremiumStream({
      url,
      onRows: (rows, info) => this.#take(rows, info),
      onState: ({ status }) => {
        this.state = status;
        if (status === "open") {
          this.connectionCount++;
          this.#newestOfRow = new Map();
          this.#newestTickAtMs = 0;
        }
        this.#wake();
      },
    });
  }

  async close(): Promise<void> {
    this.#stream.close();
    await this.#stream.done;
  }

  get newestTickAtMs(): number {
    return Math.max(0, ...this.ticks.keys());
  }

  /** Ticks from `fromAtMs` on of which it is certain that nothing more will come, oldest first. */
  closed(fromAtMs = 0): PublishedTick[] {
    const newest = this.newestTickAtMs;
    return [...this.ticks.values()]
      .filter(({ tickAtMs, closedAtMs }) => tickAtMs >= fromAtMs && (closedAtMs || tickAtMs < newest))
      .sort((a, b) => a.tickAtMs - b.tickAtMs);
  }

  /** Resolves with the value once `look` gives one; rejects with `what` after `withinMs`. */
  async until<T>(what: string, look: () => T | undefined | false, withinMs: number): Promise<T> {
    const untilMs = performance.now() + withinMs;
    for (;;) {
      const found = look();
      if (found) return found;
      const leftMs = untilMs - performance.now();
      if (leftMs <= 0) throw new Error(`expected ${what} within ${withinMs} ms`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(wake, leftMs);
        const waiters = this.#waiters;
        function wake() {
          clearTimeout(timer);
          waiters.delete(wake);
          resolve();
        }
        waiters.add(wake);
      });
    }
  }

  /** The first tick after `afterMs` (by its planned instant) that has been closed. */
  nextClosed(afterMs: number, withinMs: number): Promise<PublishedTick> {
    return this.until(
      `a tick after ${new Date(afterMs).toISOString()} to close`,
      () => this.closed(afterMs).find(({ tickAtMs }) => tickAtMs > afterMs),
      withinMs,
    );
  }

  /** `count` ticks in a row that begin after `afterMs`, all closed. */
  async closedTicks(count: number, afterMs: number, withinMs: number): Promise<PublishedTick[]> {
    return await this.until(
      `${count} closed ticks after ${new Date(afterMs).toISOString()}`,
      () => {
        const ticks = this.closed(afterMs).filter(({ tickAtMs }) => tickAtMs > afterMs);
        return ticks.length >= count && ticks.slice(0, count);
      },
      withinMs,
    );
  }

  #take(rows: readonly RateRow[], info: RowsInfo): void {
    const nowMs = Date.now();
    if (info.tickAtMs < this.#newestTickAtMs) {
      this.backwards.push(`frame of ${info.tickAtMs} after one of ${this.#newestTickAtMs}`);
    }
    this.#newestTickAtMs = Math.max(this.#newestTickAtMs, info.tickAtMs);
    for (const row of rows) {
      this.rowCount++;
      const key = rowKey(row.coin, row.pairIndex);
      const newest = this.#newestOfRow.get(key) ?? 0;
      if (row.tickAtMs < newest) this.backwards.push(`${key} of ${row.tickAtMs} after ${newest}`);
      this.#newestOfRow.set(key, Math.max(newest, row.tickAtMs));
      const tick = this.#tick(row.tickAtMs, nowMs);
      const told = tick.rows.get(key) ?? [];
      // A rate that nobody renewed in time becomes null by the api's own clock: that takes nothing back of its tick.
      const isAged = row.reason === "missing" && told.length > 0 && nowMs - row.tickAtMs >= ROW_AGE_MS_MIN;
      if (!isAged && !told.some((held) => sameRates(held, row))) told.push(row);
      tick.rows.set(key, told);
    }
    if (info.closing) this.#tick(info.tickAtMs, nowMs).closedAtMs ??= nowMs;
    this.#wake();
  }

  #tick(tickAtMs: number, nowMs: number): PublishedTick {
    let tick = this.ticks.get(tickAtMs);
    if (!tick) {
      tick = { tickAtMs, rows: new Map(), firstAtMs: nowMs, closedAtMs: undefined };
      this.ticks.set(tickAtMs, tick);
    }
    return tick;
  }

  #wake(): void {
    for (const wake of [...this.#waiters]) wake();
  }
}

export function sameRates(a: { ratesJeon: Float64Array }, b: { ratesJeon: Float64Array }): boolean {
  return a.ratesJeon.every((value, index) => Object.is(value, b.ratesJeon[index]));
}
