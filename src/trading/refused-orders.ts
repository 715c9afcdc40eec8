// Orders a venue has refused, looked up once more before anybody believes that the coins went another way. A refusal at
// the gate (key, clock, pace) leaves the id free: a network that brings the request again, a moment later, may have it
// carried out. Invariants: looked at only when no leg waits for it; an id that can no longer be accepted is asked once.

import type { OrderPurpose } from "../domain/intent.ts";
import type { Clock } from "../ports/clock.ts";
import type { OrderRow } from "../ports/journal.ts";
import type { RejectKind } from "../ports/trading-venue.ts";
import type { IntentRecord } from "./intent-record.ts";
import type { OrderDriver } from "./run-order.ts";

const AT_GATE = ["key", "clock", "limited"] satisfies readonly RejectKind[];
/** Where a request never expires: a copy does not take longer to come than the slowest of the others. */
const COPY_MS_MAX = 30_000;

/** Whether it was refused before it was looked at (key, clock, pace): the same request may be taken a moment later. */
export function isRefusedAtGate({ status, refusal }: OrderRow): boolean {
  return status === "rejected" && AT_GATE.some((kind) => refusal?.startsWith(`${kind} `));
}

/** One leg's refused orders. */
export class RefusedOrders {
  /** Ids that nothing can happen to any more. */
  readonly #dead = new Set<string>();

  constructor(
    private readonly clock: Clock,
    private readonly record: IntentRecord,
    private readonly driver: OrderDriver,
    private readonly purpose: OrderPurpose,
  ) {}

  /**
   * - none: each is as it was told
   * - revived: one was carried out after all; it is an order of the record again
   * - unseen: the venue did not say
   */
  async look(): Promise<"none" | "revived" | "unseen"> {
    const { record, driver, purpose } = this;
    for (const order of record.orders) {
      if (order.purpose !== purpose || order.status !== "rejected") continue;
      if (this.#dead.has(order.clientOrderId)) continue;
      const isLate = this.#isLate(order);
      const found = await driver.lookAgain(order);
      if (found !== "absent") return found;
      if (isLate) this.#dead.add(order.clientOrderId);
    }
    return "none";
  }

  #isLate({ sentAtMsMax, purpose }: OrderRow): boolean {
    const windowMs = Math.min(this.driver.venueOf(purpose).acceptWindowMs, COPY_MS_MAX);
    return this.clock.nowMs() > sentAtMsMax + windowMs;
  }
}
