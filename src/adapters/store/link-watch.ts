// Says once that a server is lost and once that it answers again, however many requests fail in between.

import type { Log } from "../../ports/telemetry.ts";

export class LinkWatch {
  #down = false;
  #losses = 0;

  constructor(
    private readonly log: Log,
    private readonly what: string,
    private readonly fields: Record<string, unknown>,
  ) {}

  /** Taken when a request starts: an answer to one from before the loss is no sign of return. */
  get era(): number {
    return this.#losses;
  }

  lost(code: string): void {
    if (this.#down) return;
    this.#down = true;
    this.#losses++;
    this.log.warn(`${this.what} lost`, { ...this.fields, code });
  }

  answered(era: number): void {
    if (!this.#down || era !== this.#losses) return;
    this.#down = false;
    this.log.info(`${this.what} answers again`, this.fields);
  }
}
