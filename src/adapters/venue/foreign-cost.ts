// What one venue counts for our address beyond what we and the processes we know say they spent: a stranger's requests
// beside ours, or those of a process that is gone.
//
// A reading is too large by what the others have spent since they last said so. What a stranger really has is in all of
// the readings of that length, so the smallest of them is believed; he is fully believed that much later.

interface Reading {
  readonly cost: number;
  readonly atMs: number;
}

export class ForeignCost {
  /** Oldest first, each smaller than those after it: the first is the smallest, the last is the newest. */
  readonly #readings: Reading[] = [];

  /** `beliefMs`: for how long the others may be silent about what they spend; 0: every reading is believed at once. */
  constructor(
    private readonly windowMs: number,
    private readonly beliefMs: number,
  ) {}

  /** The venue's count less all that is known; negative where the others said more than it has counted yet. */
  read(difference: number, nowMs: number): void {
    const cost = Math.max(0, difference);
    const readings = this.#readings;
    while (readings.length > 0 && readings.at(-1)!.cost >= cost) readings.pop();
    readings.push({ cost, atMs: nowMs });
    while (readings[0]!.atMs < nowMs - this.beliefMs) readings.shift();
  }

  /** What another process says of those before us: it counts like a reading, and until there is a lesser one. */
  told(cost: number, nowMs: number): void {
    const most = Math.max(cost, this.newest(nowMs));
    this.#readings.length = 0;
    this.read(most, nowMs);
  }

  believed(nowMs: number): number {
    return this.#isOver(nowMs) ? 0 : (this.#readings[0]?.cost ?? 0);
  }

  newest(nowMs: number): number {
    return this.#isOver(nowMs) ? 0 : (this.#readings.at(-1)?.cost ?? 0);
  }

  /** A reading counts until the next says otherwise, at most one window. */
  #isOver(nowMs: number): boolean {
    return nowMs >= (this.#readings.at(-1)?.atMs ?? 0) + this.windowMs;
  }
}
