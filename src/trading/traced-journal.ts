// The journal as trading uses it, with every write of an intent as a span of its trace, and with it what the writes tell:
// each order from its row to its outcome, and the intent from its plan to its end. Whoever writes an end tells of the
// whole, so a successor's trace is whole although its predecessor died in the middle: what it needs stands in the journal.
//
// Nothing that is stored or decided depends on this. What was read and written is remembered for a bounded number of
// intents.

import { intentIdOfOrder, isEnd, isTerminal } from "../domain/intent.ts";
import type { Fence, FillRow, IntentFile, IntentRow, Journal, OrderRow } from "../ports/journal.ts";
import { type Attributes, SPANS, type SpanLink, type Trace, type Tracer, traced } from "../ports/tracing.ts";

const INTENTS_MAX = 2_000;
/** An entry's decision begins with the mode and the tick whose rates it was taken on (plan-entry). */
const DECIDED_ON_TICK = /^(?:paper|live) (\d+) entry /;

interface Known {
  readonly intent: IntentRow;
  readonly trace: Trace;
  /** Those without an outcome. */
  readonly orders: Map<string, OrderRow>;
  calledHuman: boolean;
}

export class TracedJournal implements Journal {
  /** The newest last. */
  readonly #known = new Map<string, Known>();

  constructor(
    private readonly journal: Journal,
    private readonly tracer: Tracer,
  ) {}

  async plan(intent: Parameters<Journal["plan"]>[0], fence: Fence) {
    const outcome = await this.#write(intent.intentId, "plan", SPANS.intent, {}, () =>
      this.journal.plan(intent, fence),
    );
    if (outcome !== "busy") this.#quietly(() => this.#know(intent));
    return outcome;
  }

  async move(move: Parameters<Journal["move"]>[0], fence: Fence): Promise<void> {
    const { intentId, from, to, order } = move;
    const moved = { "schedulerx.intent.from": from, "schedulerx.intent.to": to };
    await this.#write(intentId, "move", SPANS.intent, moved, () => this.journal.move(move, fence));
    this.#quietly(() => {
      const known = this.#known.get(intentId);
      if (known && to === "needs-human") known.calledHuman = true;
      if (order) this.#added(order);
      if (isEnd(to)) this.#ended(intentId, to);
    });
  }

  async addOrders(orders: readonly OrderRow[], fence: Fence): Promise<void> {
    const [first] = orders;
    if (!first) return await this.journal.addOrders(orders, fence);
    const count = { "schedulerx.orders": orders.length };
    await this.#write(first.intentId, "add orders", SPANS.intent, count, () =>
      this.journal.addOrders(orders, fence),
    );
    this.#quietly(() => {
      for (const order of orders) this.#added(order);
    });
  }

  async recordOrder(
    news: Parameters<Journal["recordOrder"]>[0],
    fills: readonly FillRow[],
    fence: Fence,
  ): Promise<void> {
    const { clientOrderId, status } = news;
    const write = () => this.journal.recordOrder(news, fills, fence);
    const known = this.#ofOrder(clientOrderId);
    if (!known) return await write();
    const told = { "schedulerx.order.status": status, "schedulerx.fills": fills.length };
    await this.#write(known.intent.intentId, "record order", SPANS.order(clientOrderId), told, write);
    this.#quietly(() => {
      const order = known.orders.get(clientOrderId);
      if (order && isTerminal(status)) this.#settled(known, { ...order, ...news });
    });
  }

  async endEntry(intentId: string, end: Parameters<Journal["endEntry"]>[1], fence: Fence) {
    const outcome = await this.#write(
      intentId,
      "settle entry",
      SPANS.intent,
      { "schedulerx.intent.to": end.to },
      () => this.journal.endEntry(intentId, end, fence),
    );
    this.#quietly(() => this.#ended(intentId, end.to));
    return outcome;
  }

  async endExit(intentId: string, end: Parameters<Journal["endExit"]>[1], fence: Fence) {
    const outcome = await this.#write(
      intentId,
      "settle exit",
      SPANS.intent,
      { "schedulerx.intent.to": end.to },
      () => this.journal.endExit(intentId, end, fence),
    );
    this.#quietly(() => this.#ended(intentId, end.to));
    return outcome;
  }

  async unfinished(mode: Parameters<Journal["unfinished"]>[0]) {
    const files = await this.journal.unfinished(mode);
    this.#quietly(() => {
      for (const file of files) this.#read(file);
    });
    return files;
  }

  async file(intentId: string) {
    const file = await this.journal.file(intentId);
    if (file) this.#quietly(() => this.#read(file));
    return file;
  }

  openPositions(...asked: Parameters<Journal["openPositions"]>) {
    return this.journal.openPositions(...asked);
  }

  retryProjections(fence: Fence) {
    return this.journal.retryProjections(fence);
  }

  closedSince(...asked: Parameters<Journal["closedSince"]>) {
    return this.journal.closedSince(...asked);
  }

  unwindsSince(...asked: Parameters<Journal["unwindsSince"]>) {
    return this.journal.unwindsSince(...asked);
  }

  dust(of: Parameters<Journal["dust"]>[0]) {
    return this.journal.dust(of);
  }

  #write<T>(
    intentId: string,
    operation: string,
    parent: string,
    attributes: Attributes,
    write: () => Promise<T>,
  ): Promise<T> {
    const span = this.tracer.intent(intentId).begin({
      name: `journal ${operation}`,
      kind: "client",
      parent,
      attributes: { "db.system.name": "postgresql", "db.operation.name": operation, ...attributes },
    });
    return traced(span, write());
  }

  /** What is stored is stored: a defect here costs spans and nothing else. */
  #quietly(work: () => void): void {
    try {
      work();
    } catch {
      // A span less.
    }
  }

  #know(intent: IntentRow): Known {
    const { intentId } = intent;
    const known: Known = this.#known.get(intentId) ?? {
      ...{ intent, trace: this.tracer.intent(intentId), orders: new Map() },
      calledHuman: intent.state === "needs-human",
    };
    this.#known.delete(intentId);
    this.#known.set(intentId, known);
    if (this.#known.size > INTENTS_MAX) this.#known.delete(this.#known.keys().next().value!);
    return known;
  }

  #read({ intent, orders }: IntentFile): void {
    if (isEnd(intent.state)) return;
    const known = this.#know(intent);
    for (const order of orders) {
      if (!isTerminal(order.status)) known.orders.set(order.clientOrderId, order);
    }
  }

  #added(order: OrderRow): void {
    this.#known.get(order.intentId)?.orders.set(order.clientOrderId, order);
  }

  #ofOrder(clientOrderId: string): Known | undefined {
    const intentId = intentIdOfOrder(clientOrderId);
    return intentId === undefined ? undefined : this.#known.get(intentId);
  }

  /** From its row, whoever wrote it, until its outcome was stored. */
  #settled({ trace, orders }: Known, order: OrderRow): void {
    const { clientOrderId, purpose, venue, symbol, attempt, status, adopted, createdAtMs } = order;
    orders.delete(clientOrderId);
    trace
      .begin({
        name: `order ${purpose}`,
        id: SPANS.order(clientOrderId),
        parent: SPANS.intent,
        startAtMs: createdAtMs,
        attributes: {
          "schedulerx.order.client_id": clientOrderId,
          "schedulerx.order.attempt": attempt,
          "schedulerx.order.status": status,
          "schedulerx.order.adopted": adopted,
          "schedulerx.venue": venue,
          "schedulerx.symbol": symbol,
        },
      })
      .end({ fault: status === "done" ? undefined : status });
  }

  #ended(intentId: string, to: string): void {
    const known = this.#known.get(intentId);
    if (!known) return;
    this.#known.delete(intentId);
    const { decisionId, kind, mode, userId, strategyId, coin, pair, plannedAtMs } = known.intent;
    known.trace
      .begin({
        name: `intent ${kind}`,
        id: SPANS.intent,
        startAtMs: plannedAtMs,
        links: this.#decidedOn(decisionId),
        attributes: {
          "schedulerx.intent.id": intentId,
          "schedulerx.decision.id": decisionId,
          "schedulerx.mode": mode,
          "schedulerx.user.id": userId,
          "schedulerx.strategy.id": strategyId,
          "schedulerx.coin": coin,
          "schedulerx.pair": pair,
          "schedulerx.intent.to": to,
          "schedulerx.intent.called_human": known.calledHuman,
        },
      })
      .end();
  }

  /** The tick, where that is traced. */
  #decidedOn(decisionId: string): readonly SpanLink[] {
    const tickAtMs = DECIDED_ON_TICK.exec(decisionId)?.[1];
    const trace = tickAtMs === undefined ? undefined : this.tracer.tick(Number(tickAtMs));
    return trace ? [{ trace, id: SPANS.tick }] : [];
  }
}
