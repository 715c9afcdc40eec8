// A Log that keeps what was said, so that a test can count it and wait for it.

import type { Log } from "../ports/telemetry.ts";

export interface LogLine {
  readonly level: "debug" | "info" | "warn" | "error";
  readonly event: string;
  readonly fields: Record<string, unknown>;
}

export class RecordingLog implements Log {
  readonly lines: LogLine[];
  readonly #bound: Record<string, unknown>;
  readonly #waiters: Set<() => void>;

  constructor(parent?: RecordingLog, bound: Record<string, unknown> = {}) {
    this.lines = parent?.lines ?? [];
    this.#waiters = parent?.waiters ?? new Set();
    this.#bound = bound;
  }

  get waiters(): Set<() => void> {
    return this.#waiters;
  }

  debug = (event: string, fields?: Record<string, unknown>) => this.#add("debug", event, fields);
  info = (event: string, fields?: Record<string, unknown>) => this.#add("info", event, fields);
  warn = (event: string, fields?: Record<string, unknown>) => this.#add("warn", event, fields);
  error = (event: string, fields?: Record<string, unknown>) => this.#add("error", event, fields);

  child(fields: Record<string, unknown>): Log {
    return new RecordingLog(this, { ...this.#bound, ...fields });
  }

  /** The events said at `level` or above, in order. */
  said(level: LogLine["level"] = "info"): string[] {
    const ranks = ["debug", "info", "warn", "error"];
    return this.lines
      .filter((line) => ranks.indexOf(line.level) >= ranks.indexOf(level))
      .map((line) => line.event);
  }

  /** Resolves once `event` has been said `times` times, past times included. */
  async heard(event: string, times = 1): Promise<void> {
    while (this.lines.filter((line) => line.event === event).length < times) {
      await new Promise<void>((resolve) => {
        const wake = () => {
          this.#waiters.delete(wake);
          resolve();
        };
        this.#waiters.add(wake);
      });
    }
  }

  #add(level: LogLine["level"], event: string, fields: Record<string, unknown> = {}): void {
    this.lines.push({ level, event, fields: { ...this.#bound, ...fields } });
    for (const wake of [...this.#waiters]) wake();
  }
}
