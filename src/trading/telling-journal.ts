// The journal as trading uses it, telling each user what was written of his: orders, fills, positions. Told is what was
// stored, after it was stored; what cannot be told is passed over, and no write waits for it or fails by it.
//
// Writes name an order by its id and say only what changed. The rest is known from the writes and reads before, which
// are remembered for a bounded number of intents.

import type { PositionEvent } from "../../schema/messages/user-event.ts";
import { Decimal } from "../domain/decimal.ts";
import type { Clock } from "../ports/clock.ts";
import type { Fence, FillRow, IntentFile, IntentRow, Journal, OrderRow } from "../ports/journal.ts";
import type { Log } from "../ports/telemetry.ts";
import type { UserEventSink } from "../ports/user-events.ts";

const INTENTS_MAX = 2_000;

interface Known {
  readonly intent: IntentRow;
  readonly orders: Map<string, OrderRow>;
  readonly fillIds: Set<string>;
  /** Whether the coin was held before this entry ended; kept, as an end may be written twice. */
  wasHeld: boolean | undefined;
}

type Parts = { readonly clock: Clock; readonly log: Log; readonly events: UserEventSink };

export class TellingJournal implements Journal {
  /** The newest last. */
  readonly #known = new Map<string, Known>();
  readonly #intentOfOrder = new Map<string, string>();
  /** Open positions, as "user coin". */
  readonly #held = new Set<string>();
  /** Ends written and being written: what was read of positions meanwhile may be from before them. */
  #ends = 0;

  constructor(
    private readonly journal: Journal,
    private readonly parts: Parts,
  ) {}

  async plan(intent: Parameters<Journal["plan"]>[0], fence: Fence) {
    const outcome = await this.journal.plan(intent, fence);
    if (outcome !== "busy") this.#quietly(() => this.#know(intent));
    return outcome;
  }

  async move(move: Parameters<Journal["move"]>[0], fence: Fence): Promise<void> {
    await this.journal.move(move, fence);
    const { order } = move;
    if (order) this.#quietly(() => this.#added([order]));
  }

  async addOrders(orders: readonly OrderRow[], fence: Fence): Promise<void> {
    await this.journal.addOrders(orders, fence);
    this.#quietly(() => this.#added(orders));
  }

  async recordOrder(
    news: Parameters<Journal["recordOrder"]>[0],
    fills: readonly FillRow[],
    fence: Fence,
  ): Promise<void> {
    await this.journal.recordOrder(news, fills, fence);
    this.#quietly(() => this.#recorded(news, fills));
  }

  async endEntry(intentId: string, end: Parameters<Journal["endEntry"]>[1], fence: Fence) {
    const known = this.#known.get(intentId);
    const place = known && placeOf(known.intent);
    // Before it is written: afterwards it is held in any case.
    if (known) known.wasHeld ??= this.#held.has(place!);
    this.#ends++;
    const outcome = await this.journal.endEntry(intentId, end, fence).finally(() => this.#ends++);
    this.#quietly(() => {
      if (!known || end.to !== "hedged" || !end.entry) return;
      this.#held.add(place!);
      this.#position(known, known.wasHeld ? "added" : "opened", end.entry.qtyCoin, undefined);
    });
    return outcome;
  }

  async endExit(intentId: string, end: Parameters<Journal["endExit"]>[1], fence: Fence) {
    this.#ends++;
    const outcome = await this.journal.endExit(intentId, end, fence).finally(() => this.#ends++);
    this.#quietly(() => {
      const known = this.#known.get(intentId);
      if (!known) return;
      if (end.to === "closed") this.#held.delete(placeOf(known.intent));
      this.#position(known, end.to, Decimal.sum(end.taken.map(({ qtyCoin }) => qtyCoin)), end.profitKrw);
    });
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

  async openPositions(...asked: Parameters<Journal["openPositions"]>) {
    const [, userId] = asked;
    const ends = this.#ends;
    const positions = await this.journal.openPositions(...asked);
    if (ends !== this.#ends) return positions;
    // What one user holds is known from his ends until everybody's is read again.
    if (userId === undefined) this.#held.clear();
    for (const position of positions) this.#held.add(placeOf(position));
    return positions;
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

  #quietly(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.parts.log.error("an event was not told", { error });
    }
  }

  #know(intent: IntentRow): Known {
    const known: Known = this.#known.get(intent.intentId) ?? {
      ...{ intent, orders: new Map(), fillIds: new Set(), wasHeld: undefined },
    };
    this.#known.delete(intent.intentId);
    this.#known.set(intent.intentId, known);
    if (this.#known.size > INTENTS_MAX) {
      const [oldest] = this.#known.values();
      this.#known.delete(oldest!.intent.intentId);
      for (const clientOrderId of oldest!.orders.keys()) this.#intentOfOrder.delete(clientOrderId);
    }
    return known;
  }

  /** What an earlier process stored, it told. */
  #read({ intent, orders, fills }: IntentFile): void {
    const known = this.#know(intent);
    for (const order of orders) {
      if (!known.orders.has(order.clientOrderId)) this.#keep(known, order);
    }
    for (const fill of fills) known.fillIds.add(fillKey(fill));
  }

  #keep(known: Known, order: OrderRow): void {
    known.orders.set(order.clientOrderId, order);
    this.#intentOfOrder.set(order.clientOrderId, order.intentId);
  }

  #added(orders: readonly OrderRow[]): void {
    for (const order of orders) {
      const known = this.#known.get(order.intentId);
      if (!known || known.orders.has(order.clientOrderId)) continue;
      this.#keep(known, order);
      this.#order(known, order);
    }
  }

  #recorded(news: Parameters<Journal["recordOrder"]>[0], fills: readonly FillRow[]): void {
    const known = this.#known.get(this.#intentOfOrder.get(news.clientOrderId) ?? "");
    const before = known?.orders.get(news.clientOrderId);
    if (!known || !before) return;
    const after = { ...before, ...news };
    known.orders.set(news.clientOrderId, after);
    for (const fill of fills) {
      if (known.fillIds.has(fillKey(fill))) continue;
      known.fillIds.add(fillKey(fill));
      const { fillId, price, qty, fee, feeAsset } = fill;
      this.parts.events.tell({
        ...{ kind: "fill", ...this.#of(known), ...legOf(known, after), fillId },
        ...{ price: String(price), qty: String(qty), fee: String(fee), feeAsset },
      });
    }
    if (after.status !== before.status) this.#order(known, after);
  }

  #order(known: Known, order: OrderRow): void {
    const { symbol, qty, limitPrice, status, refusal } = order;
    this.parts.events.tell({
      ...{ kind: "order", ...this.#of(known), ...legOf(known, order), symbol, qty: String(qty), status },
      ...{ limitPrice: limitPrice ? String(limitPrice) : null, refusal: refusal ?? null },
    });
  }

  #position(
    known: Known,
    state: PositionEvent["state"],
    qtyCoin: Decimal,
    profitKrw: Decimal | undefined,
  ): void {
    const { intentId, strategyId, coin, pair } = known.intent;
    this.parts.events.tell({
      ...{ kind: "position", ...this.#of(known), intentId, strategyId, coin, pair, state },
      ...{ qtyCoin: String(qtyCoin), profitKrw: profitKrw ? String(profitKrw) : null },
    });
  }

  #of({ intent: { mode, userId } }: Known) {
    return { mode, userId, atMs: this.parts.clock.nowMs() };
  }
}

function placeOf({ userId, coin }: { readonly userId: number; readonly coin: string }): string {
  return `${userId} ${coin}`;
}

/** Fills are unique per venue. */
function fillKey({ venue, fillId }: FillRow): string {
  return `${venue} ${fillId}`;
}

function legOf({ intent }: Known, { intentId, clientOrderId, venue, purpose, side }: OrderRow) {
  return { intentId, clientOrderId, coin: intent.coin, venue, purpose, side };
}
