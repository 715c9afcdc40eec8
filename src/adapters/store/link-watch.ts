// Says once that a server is lost and once that it answers again, however many requests fail in between.
//
// States: up -> lost (a request failed) -> settling (a request of after the loss succeeded) -> up, when nothing failed
// for a while; back to lost when something did. Settling is needed because a dying server's last processes still
// answer for some milliseconds, and farewells of the old server are read after the new one's first answers.

import type { Log } from "../../ports/telemetry.ts";

const SETTLE_MS = 1_000;

export class LinkWatch {
  #down = false;
  #losses = 0;
  #settling: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly log: Log,
    private readonly what: string,
    private readonly fields: Record<string, unknown>,
    private readonly settleMs: number = SETTLE_MS,
  ) {}

  /**
   * Taken when a request starts. What becomes of a request from before the last loss says nothing new: its answer is
   * no sign of return, its failure (seen late, after the return) no second loss.
   */
  get era(): number {
    return this.#losses;
  }

  get isUp(): boolean {
    return !this.#down;
  }

  lost(era: number, code: string): void {
    this.stop();
    if (this.#down || era !== this.#losses) return;
    this.#down = true;
    this.#losses++;
    this.log.warn(`${this.what} lost`, { ...this.fields, code });
  }

  answered(era: number): void {
    if (!this.#down || era !== this.#losses || this.#settling) return;
    this.#settling = setTimeout(() => {
      this.#settling = undefined;
      this.#down = false;
      this.log.info(`${this.what} answers again`, this.fields);
    }, this.settleMs);
    this.#settling.unref();
  }

  /** Ends settling without a word; for closing. */
  stop(): void {
    clearTimeout(this.#settling);
    this.#settling = undefined;
  }
}
