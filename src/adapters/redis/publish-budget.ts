// When rows that have changed are published, and whether the snapshot goes along. Two manners:
//
// - free (TCP): at once; the scheduler has gathered already. The snapshot once a second and at each tick's close.
// - metered (REST, where commands and bytes are billed): at most two groups and one snapshot per tick. The first goes
//   when nine rows of ten have come or a third of the period has passed, the second at the tick's close, with the
//   snapshot. A tick that never closes is finished a period after its first row.

const SNAPSHOT_EVERY_MS = 1_000;
const GROUPS_PER_TICK = 2;
const MOST_ROWS = 0.9;

export interface BudgetView {
  readonly nowMs: number;
  /** Whether anything waits to be published: rows, or a tick's close. */
  readonly dirty: boolean;
  /** A closed tick waits to be published. */
  readonly closing: boolean;
  /** Rows of the newest tick that have come, and rows held in all. */
  readonly rowsOfTick: number;
}

export interface PublishBudget {
  /** Called for the first row of a newer tick; `rowsHeld` before it. */
  beginTick(nowMs: number, rowsHeld: number): void;
  /** How long to wait until a group is due; 0 is now, Infinity not before something changes. */
  waitMs(view: BudgetView): number;
  /** Whether the group about to be sent takes the snapshot along. */
  takesSnapshot(view: BudgetView): boolean;
  sent(nowMs: number, withSnapshot: boolean): void;
}

export class FreeBudget implements PublishBudget {
  #snapshotAtMs = Number.NEGATIVE_INFINITY;

  beginTick(): void {}

  waitMs({ dirty }: BudgetView): number {
    return dirty ? 0 : Number.POSITIVE_INFINITY;
  }

  takesSnapshot({ nowMs, closing }: BudgetView): boolean {
    // Not before a tick has closed: a young table must not replace a whole one of an earlier life.
    const whole = Number.isFinite(this.#snapshotAtMs);
    return closing || (whole && nowMs - this.#snapshotAtMs >= SNAPSHOT_EVERY_MS);
  }

  sent(nowMs: number, withSnapshot: boolean): void {
    if (withSnapshot) this.#snapshotAtMs = nowMs;
  }
}

export class MeteredBudget implements PublishBudget {
  #begunAtMs = Number.NEGATIVE_INFINITY;
  #rowsExpected = 0;
  #groups = 0;
  #snapshots = 0;
  #sentAtMs = Number.NEGATIVE_INFINITY;

  constructor(private readonly tickPeriodMs: number) {}

  beginTick(nowMs: number, rowsHeld: number): void {
    this.#begunAtMs = nowMs;
    this.#rowsExpected = rowsHeld;
    this.#groups = 0;
    this.#snapshots = 0;
  }

  waitMs({ nowMs, dirty, closing, rowsOfTick }: BudgetView): number {
    if (!dirty) return Number.POSITIVE_INFINITY;
    const until = (atMs: number) => Math.max(0, atMs - nowMs);
    // Without ticks (paused) a removed pair still leaves the screens within a period.
    if (this.#groups >= GROUPS_PER_TICK) return until(this.#sentAtMs + this.tickPeriodMs);
    if (closing) return 0;
    if (this.#groups === GROUPS_PER_TICK - 1) return until(this.#begunAtMs + this.tickPeriodMs);
    if (this.#rowsExpected > 0 && rowsOfTick >= MOST_ROWS * this.#rowsExpected) return 0;
    return until(this.#begunAtMs + this.tickPeriodMs / 3);
  }

  takesSnapshot({ closing }: BudgetView): boolean {
    // Beyond the tick's groups one is only due when a whole period has passed: it counts as another tick's.
    if (this.#groups >= GROUPS_PER_TICK) return true;
    return this.#snapshots === 0 && (closing || this.#groups === GROUPS_PER_TICK - 1);
  }

  sent(nowMs: number, withSnapshot: boolean): void {
    if (this.#groups >= GROUPS_PER_TICK) this.beginTick(nowMs, this.#rowsExpected);
    this.#groups++;
    this.#sentAtMs = nowMs;
    if (withSnapshot) this.#snapshots++;
  }
}
