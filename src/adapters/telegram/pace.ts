// At most so many messages within a length of time, as the other side counts them: a message counts from the start of
// its request until one length after the answer, so no latency can make the server see more.

export class Pace {
  #inFlight = 0;
  /** When requests ended, oldest first; no more than `countMax`. */
  readonly #endedAtMs: number[] = [];

  constructor(
    private readonly countMax: number,
    private readonly windowMs: number,
  ) {}

  /** When the next may start; Infinity: not before one in flight has ended. */
  freeAtMs(nowMs: number): number {
    this.#forget(nowMs);
    const over = this.#inFlight + this.#endedAtMs.length - this.countMax;
    if (over < 0) return nowMs;
    return over < this.#endedAtMs.length ? this.#endedAtMs[over]! + this.windowMs : Number.POSITIVE_INFINITY;
  }

  begin(): void {
    this.#inFlight++;
  }

  end(nowMs: number): void {
    this.#inFlight--;
    this.#endedAtMs.push(nowMs);
    if (this.#endedAtMs.length > this.countMax) this.#endedAtMs.shift();
  }

  isIdle(nowMs: number): boolean {
    this.#forget(nowMs);
    return this.#inFlight === 0 && this.#endedAtMs.length === 0;
  }

  #forget(nowMs: number): void {
    while (this.#endedAtMs.length > 0 && this.#endedAtMs[0]! + this.windowMs <= nowMs)
      this.#endedAtMs.shift();
  }
}
