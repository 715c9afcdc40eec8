// Everything that happens in a story, in order and with its instant, so that a failure can be read and repeated; and
// when it was so rough that nobody could keep to a promise about time.

import type { Clock } from "../../ports/clock.ts";
import type { Log } from "../../ports/telemetry.ts";

export class Chronicle {
  readonly lines: string[] = [];
  /** Kinds of faults met. */
  readonly kinds = new Set<string>();
  readonly #rough: { readonly fromMs: number; readonly toMs: number }[] = [];
  readonly #startedMs: number;

  constructor(private readonly clock: Clock) {
    this.#startedMs = clock.monotonicMs();
  }

  tell(what: string): void {
    const atS = ((this.clock.monotonicMs() - this.#startedMs) / 1_000).toFixed(3);
    this.lines.push(`${atS.padStart(9)} s  ${what}`);
  }

  /** From now on for a while, something is not as it should be. */
  rough(kind: string, forMs = 0): void {
    this.kinds.add(kind);
    const fromMs = this.clock.nowMs();
    this.#rough.push({ fromMs, toMs: fromMs + forMs });
  }

  /** A fault that promises about time do take in. */
  met(kind: string): void {
    this.kinds.add(kind);
  }

  wasRough(fromMs: number, toMs: number): boolean {
    return this.#rough.some((time) => time.fromMs <= toMs && time.toMs >= fromMs);
  }

  log(): Log {
    const say = (level: string) => (event: string, fields?: Record<string, unknown>) => {
      const told = Object.entries(fields ?? {}).map(([name, value]) => `${name}=${textOf(value)}`);
      this.tell(`${level} ${event} ${told.join(" ")}`);
    };
    const log: Log = {
      debug: () => undefined,
      info: say("info"),
      warn: say("warn"),
      error: say("error"),
      child: () => log,
    };
    return log;
  }
}

function textOf(value: unknown): string {
  return value instanceof Error ? value.message : String(value);
}
