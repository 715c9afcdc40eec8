// One intent as the running process knows it, and its rows in the journal. What happened is applied in memory at once
// and written in order; while the store is away writes wait here, bounded by what one intent can do, and the process
// may finish only what the planned row allows (run-order.ts asks `isStored`).

import { Decimal } from "../domain/decimal.ts";
import type { IntentState } from "../domain/intent.ts";
import type { EndFill } from "../domain/intent-ends.ts";
import type { OrderView } from "../domain/order-view.ts";
import { isPassing } from "../domain/store-fault.ts";
import type { Clock } from "../ports/clock.ts";
import {
  type Fence,
  Fenced,
  type FillRow,
  type IntentFile,
  type IntentRow,
  type Journal,
  type OrderRow,
} from "../ports/journal.ts";
import type { IntentProgress } from "./figures.ts";

type Write = (journal: Journal, fence: Fence) => Promise<unknown>;

const RETRY_MS = 250;
/** A store that takes longer counts as away for the moment: a hedge does not wait for it. */
const PATIENCE_MS = 700;

export class IntentRecord {
  #intent: IntentRow;
  readonly #orders = new Map<string, OrderRow>();
  readonly #fills = new Map<string, FillRow>();
  readonly #waiting: Write[] = [];
  #writing: Promise<void> = Promise.resolve();
  #defect: unknown;
  #isFenced = false;

  constructor(
    private readonly deps: { readonly journal: Journal; readonly clock: Clock },
    private readonly fence: Fence,
    file: IntentFile,
  ) {
    this.#intent = file.intent;
    for (const order of file.orders) this.#orders.set(order.clientOrderId, order);
    for (const fill of file.fills) this.#fills.set(`${fill.venue} ${fill.fillId}`, fill);
  }

  get intent(): IntentRow {
    return this.#intent;
  }

  get orders(): readonly OrderRow[] {
    return [...this.#orders.values()];
  }

  order(clientOrderId: string): OrderRow | undefined {
    return this.#orders.get(clientOrderId);
  }

  /** True when the journal holds everything that is known here. */
  get isStored(): boolean {
    return this.#waiting.length === 0 && !this.#isFenced;
  }

  /** A newer writer has taken over: nothing is written any more, and this process's part is nearly over. */
  get isFenced(): boolean {
    return this.#isFenced;
  }

  progress(): IntentProgress {
    return { intent: this.#intent, fills: this.endFills() };
  }

  endFills(): EndFill[] {
    return [...this.#fills.values()].map(({ clientOrderId, price, qty, feeValued }) => {
      const { purpose } = this.#orders.get(clientOrderId)!;
      return { purpose, price, qty, fee: feeValued };
    });
  }

  views(): OrderView[] {
    const filled = new Map<string, Decimal>();
    for (const { clientOrderId, qty } of this.#fills.values()) {
      filled.set(clientOrderId, (filled.get(clientOrderId) ?? Decimal.ZERO).plus(qty));
    }
    return this.orders.map((order) => ({
      clientOrderId: order.clientOrderId,
      purpose: order.purpose,
      attempt: order.attempt,
      qty: order.qty,
      status: order.status,
      filledQty: filled.get(order.clientOrderId) ?? Decimal.ZERO,
      sentAtMsMax: order.sentAtMsMax,
      emptyLookupsAtMs: order.emptyLookupsAtMs,
      burnedAtMs: order.burnedAtMs,
    }));
  }

  /** Rejects when the store is away: what this announces must not be begun then. Fenced and defects reject too. */
  async begin(to: IntentState, order?: OrderRow): Promise<void> {
    const { intentId, state: from } = this.#intent;
    const atMs = this.deps.clock.nowMs();
    await this.deps.journal.move({ intentId, from, to, atMs, ...(order ? { order } : {}) }, this.fence);
    this.#moved(to, atMs, undefined, order);
  }

  async move(
    to: IntentState,
    options: { readonly why?: string; readonly order?: OrderRow } = {},
  ): Promise<void> {
    const { intentId, state: from } = this.#intent;
    const atMs = this.deps.clock.nowMs();
    this.#moved(to, atMs, options.why, options.order);
    const change = { intentId, from, to, atMs, ...options };
    await this.#write((journal, fence) => journal.move(change, fence));
  }

  #moved(to: IntentState, atMs: number, why: string | undefined, order: OrderRow | undefined): void {
    this.#intent = {
      ...this.#intent,
      state: to,
      needsHumanWhy: to === "needs-human" ? why : undefined,
      ...(to === "domestic-sending" || to === "sending" ? { sendingAtMs: atMs } : {}),
      ...(to === "domestic-done" ? { domesticDoneAtMs: atMs } : {}),
    };
    if (order) this.#orders.set(order.clientOrderId, order);
  }

  async addOrders(orders: readonly OrderRow[]): Promise<void> {
    for (const order of orders) this.#orders.set(order.clientOrderId, order);
    await this.#write((journal, fence) => journal.addOrders(orders, fence));
  }

  /** News of an order, with fills; what is left out stays. */
  async news(
    clientOrderId: string,
    news: Partial<Omit<OrderRow, "clientOrderId">>,
    fills: readonly FillRow[] = [],
  ): Promise<void> {
    const before = this.#orders.get(clientOrderId);
    if (!before) throw new RangeError(`expected an order of ${this.#intent.intentId}, was ${clientOrderId}`);
    const after = { ...before, ...news };
    this.#orders.set(clientOrderId, after);
    for (const fill of fills) this.#fills.set(`${fill.venue} ${fill.fillId}`, fill);
    await this.#write((journal, fence) =>
      journal.recordOrder({ clientOrderId, ...news, status: after.status }, fills, fence),
    );
  }

  /** Resolves once everything is in the journal, or when the signal aborts or a newer writer is met. */
  async stored(signal: AbortSignal): Promise<void> {
    while (!this.isStored && !this.#isFenced && !signal.aborted) {
      await this.#write(undefined);
      if (!this.isStored) await this.deps.clock.sleep(RETRY_MS, signal);
    }
  }

  /** In order, one after the other. Resolves at the latest when patience ends; only a defect rejects. */
  async #write(write: Write | undefined): Promise<void> {
    if (write && !this.#isFenced) this.#waiting.push(write);
    const done = new AbortController();
    const turn = this.#writing
      .then(() => this.#flush())
      .catch((error: unknown) => {
        if (error instanceof Fenced) this.#isFenced = true;
        else this.#defect ??= error;
      })
      .finally(() => done.abort());
    this.#writing = turn;
    await this.deps.clock.sleep(PATIENCE_MS, done.signal);
    if (this.#defect !== undefined) throw this.#defect;
  }

  async #flush(): Promise<void> {
    while (this.#waiting.length > 0 && !this.#isFenced && this.#defect === undefined) {
      try {
        await this.#waiting[0]!(this.deps.journal, this.fence);
      } catch (error) {
        if (isPassing(error)) return;
        throw error;
      }
      this.#waiting.shift();
    }
  }
}
