// The trade journal in memory, for searches of many thousand runs: the same rules as the journal in SQL as far as one
// or a few intents need them, each call at once and whole. The seeded runs use the journal in SQL.

import { Decimal } from "../../domain/decimal.ts";
import { checkMove, isEnd, isTerminal } from "../../domain/intent.ts";
import { type Dust, type MatchedEntry, NO_DUST } from "../../domain/position.ts";
import {
  type ClosedPosition,
  type ExitEnd,
  type Fence,
  Fenced,
  type FillRow,
  type IntentFile,
  type IntentRow,
  type Journal,
  type OpenPosition,
  type OrderRow,
  type Taken,
  type TradingMode,
} from "../../ports/journal.ts";

interface Position extends OpenPosition {
  closedAtMs: number | undefined;
  entries: OpenPosition["entries"];
  parts: OpenPosition["parts"];
}

export class MemoryJournal implements Journal {
  fence: Fence = 0;
  readonly intents = new Map<string, IntentRow>();
  readonly orders = new Map<string, OrderRow>();
  readonly fills = new Map<string, FillRow>();
  readonly positions: Position[] = [];
  readonly exits: { readonly intentId: string; readonly end: ExitEnd }[] = [];
  readonly #dust = new Map<string, Dust>();

  #check(fence: Fence): void {
    if (fence !== this.fence) throw new Fenced(`expected fence ${fence}, was ${this.fence}`);
  }

  #intent(intentId: string): IntentRow {
    const intent = this.intents.get(intentId);
    if (!intent) throw new RangeError(`expected a stored intent, was ${intentId}`);
    return intent;
  }

  async plan(intent: IntentRow, fence: Fence) {
    this.#check(fence);
    if (this.intents.has(intent.intentId)) return "exists" as const;
    for (const other of this.intents.values()) {
      if (isEnd(other.state) || other.userId !== intent.userId || other.mode !== intent.mode) continue;
      if (other.coin === intent.coin || (other.kind === "entry" && intent.kind === "entry"))
        return "busy" as const;
    }
    this.intents.set(intent.intentId, intent);
    return "planned" as const;
  }

  async move(change: Parameters<Journal["move"]>[0], fence: Fence): Promise<void> {
    this.#check(fence);
    const { intentId, from, to, atMs, order, why } = change;
    const intent = this.#intent(intentId);
    if (intent.state !== to) {
      if (intent.state !== from)
        throw new RangeError(`expected ${intentId} to be ${from}, was ${intent.state}`);
      checkMove(intent.kind, from, to);
      if (to === "abandoned") this.#requireNoOpenOrder(intentId);
      this.intents.set(intentId, {
        ...intent,
        state: to,
        needsHumanWhy: to === "needs-human" ? why : undefined,
        ...(to === "domestic-sending" || to === "sending" ? { sendingAtMs: atMs } : {}),
        ...(to === "domestic-done" ? { domesticDoneAtMs: atMs } : {}),
        ...(to === "abandoned" ? { endedAtMs: atMs } : {}),
      });
    }
    if (order) this.#addOrders([order]);
  }

  #requireNoOpenOrder(intentId: string): void {
    for (const { intentId: of, clientOrderId, status } of this.orders.values()) {
      if (of === intentId && !isTerminal(status)) {
        throw new RangeError(`expected ${clientOrderId} to be terminal, was ${status}`);
      }
    }
  }

  async addOrders(orders: readonly OrderRow[], fence: Fence): Promise<void> {
    this.#check(fence);
    this.#addOrders(orders);
  }

  #addOrders(orders: readonly OrderRow[]): void {
    for (const order of orders) {
      if (this.orders.has(order.clientOrderId)) continue;
      if (isEnd(this.#intent(order.intentId).state)) {
        throw new RangeError(`expected no order for ${order.intentId}, which has ended`);
      }
      this.orders.set(order.clientOrderId, order);
    }
  }

  async recordOrder(
    news: Parameters<Journal["recordOrder"]>[0],
    fills: readonly FillRow[],
    fence: Fence,
  ): Promise<void> {
    this.#check(fence);
    const stored = this.orders.get(news.clientOrderId);
    if (!stored) throw new RangeError(`expected a stored order, was ${news.clientOrderId}`);
    let { status } = news;
    const isRevived = stored.status === "rejected" && (status === "open" || status === "done");
    if (isTerminal(stored.status) && !isRevived) {
      if (isTerminal(status) && status !== stored.status) {
        throw new RangeError(`expected ${news.clientOrderId} to stay ${stored.status}, was ${status}`);
      }
      status = stored.status;
    } else if (status === "created") status = stored.status;
    const told = Object.fromEntries(Object.entries(news).filter(([, value]) => value !== undefined));
    this.orders.set(news.clientOrderId, { ...stored, ...told, status });
    for (const fill of fills) this.fills.set(`${fill.venue} ${fill.fillId}`, fill);
    const filled = Decimal.sum(
      [...this.fills.values()]
        .filter((fill) => fill.clientOrderId === news.clientOrderId)
        .map(({ qty }) => qty),
    );
    if (filled.above(stored.qty)) {
      throw new RangeError(`expected at most ${stored.qty} filled of ${news.clientOrderId}, was ${filled}`);
    }
    if (filled.isPositive && (status === "rejected" || status === "never-arrived")) {
      throw new RangeError(`expected no fills of ${news.clientOrderId}, which is ${status}`);
    }
  }

  async endEntry(intentId: string, end: Parameters<Journal["endEntry"]>[1], fence: Fence) {
    this.#check(fence);
    const intent = this.#intent(intentId);
    if (intent.state === end.to) return { projectionFault: undefined };
    checkMove("entry", intent.state, end.to);
    this.#requireNoOpenOrder(intentId);
    if ((end.to === "hedged") !== (end.entry !== undefined)) {
      throw new RangeError(`expected a matched entry exactly when hedged, was ${end.to}`);
    }
    this.intents.set(intentId, { ...intent, state: end.to, endedAtMs: end.atMs });
    this.#setDust(intent, end.dust);
    if (!end.entry) return { projectionFault: undefined };
    const { mode, userId, strategyId, coin, pair } = intent;
    let position = this.positions.find(
      (open) => !open.closedAtMs && open.userId === userId && open.coin === coin && open.pair === pair,
    );
    if (!position) {
      position = {
        ...{ mode, userId, strategyId, coin, pair },
        positionId: this.positions.length + 1,
        openedAtMs: intent.sendingAtMs ?? end.atMs,
        closedAtMs: undefined,
        leverage: end.leverage,
        exitTerms: end.exitTerms,
        entries: [],
        parts: [],
      };
      this.positions.push(position);
    }
    position.entries = [...position.entries, { ...end.entry, intentId, strategyId, atMs: end.atMs }];
    return { projectionFault: undefined };
  }

  async endExit(intentId: string, end: ExitEnd, fence: Fence) {
    this.#check(fence);
    const intent = this.#intent(intentId);
    if (intent.state === end.to) return { projectionFault: undefined };
    checkMove("exit", intent.state, end.to);
    this.#requireNoOpenOrder(intentId);
    const position = this.positions.find(({ positionId }) => positionId === end.positionId)!;
    const left = position.entries
      .map((entry) => {
        const takes = end.taken.filter(({ entryIntentId }) => entryIntentId === entry.intentId);
        return { ...entry, ...takes.reduce<MatchedEntry>(less, entry) };
      })
      .filter(({ qtyCoin }) => !qtyCoin.isZero);
    if (left.some(({ qtyCoin }) => qtyCoin.isNegative))
      throw new RangeError("expected no more taken than is left");
    if ((end.to === "closed") !== (left.length === 0))
      throw new RangeError(`expected ${end.to} to fit what is left`);
    position.entries = left;
    position.parts = [
      ...position.parts,
      ...end.taken.map((take: Taken) => ({ ...take, exitIntentId: intentId, atMs: end.atMs })),
    ];
    if (end.to === "closed") position.closedAtMs = end.atMs;
    this.exits.push({ intentId, end });
    this.intents.set(intentId, { ...intent, state: end.to, endedAtMs: end.atMs });
    this.#setDust(intent, end.dust);
    return { projectionFault: undefined };
  }

  async retryProjections() {
    return [];
  }

  async unfinished(): Promise<IntentFile[]> {
    return [...this.intents.values()]
      .filter(({ state }) => !isEnd(state))
      .map((intent) => this.#file(intent));
  }

  async file(intentId: string): Promise<IntentFile | undefined> {
    const intent = this.intents.get(intentId);
    return intent && this.#file(intent);
  }

  #file(intent: IntentRow): IntentFile {
    const orders = [...this.orders.values()].filter(({ intentId }) => intentId === intent.intentId);
    const ids = new Set(orders.map(({ clientOrderId }) => clientOrderId));
    return {
      intent,
      orders,
      fills: [...this.fills.values()].filter(({ clientOrderId }) => ids.has(clientOrderId)),
    };
  }

  async openPositions(_mode: TradingMode, userId?: number): Promise<OpenPosition[]> {
    return this.positions
      .filter((one) => one.closedAtMs === undefined && (userId === undefined || one.userId === userId))
      .map((position) => ({ ...position }));
  }

  async closedSince(_mode: TradingMode, sinceMs: number): Promise<ClosedPosition[]> {
    return this.exits.flatMap(({ intentId, end: { to, positionId, atMs } }) => {
      if (to !== "closed" || atMs < sinceMs) return [];
      const position = this.positions.find((one) => one.positionId === positionId)!;
      const { overseasSymbol } = this.#intent(intentId).terms;
      return [{ ...position, closedAtMs: atMs, overseasSymbol: overseasSymbol! }];
    });
  }

  async unwindsSince(mode: TradingMode, sinceMs: number): Promise<ReadonlyMap<string, number>> {
    const filled = new Set([...this.fills.values()].map(({ clientOrderId }) => clientOrderId));
    const soldBack = new Set(
      [...this.orders.values()]
        .filter(({ purpose, clientOrderId }) => purpose === "unwind" && filled.has(clientOrderId))
        .map(({ intentId }) => intentId),
    );
    const counts = new Map<string, number>();
    for (const { intentId, mode: of, coin, endedAtMs } of this.intents.values()) {
      if (of !== mode || !soldBack.has(intentId) || !(endedAtMs !== undefined && endedAtMs >= sinceMs))
        continue;
      counts.set(coin, (counts.get(coin) ?? 0) + 1);
    }
    return counts;
  }

  #dustKey(userId: number, coin: string, pair: string): string {
    return `${userId} ${coin} ${pair.split("-")[0]}`;
  }

  #setDust({ userId, coin, pair }: IntentRow, dust: Dust | undefined): void {
    if (dust?.qtyCoin.isNegative) throw new RangeError(`expected no less than no dust, was ${dust.qtyCoin}`);
    if (dust) this.#dust.set(this.#dustKey(userId, coin, pair), dust);
  }

  async dust({ userId, coin, venue }: Parameters<Journal["dust"]>[0]): Promise<Dust> {
    return this.#dust.get(this.#dustKey(userId, coin, venue)) ?? NO_DUST;
  }
}

function less(entry: MatchedEntry, take: MatchedEntry): MatchedEntry {
  return {
    qtyCoin: entry.qtyCoin.minus(take.qtyCoin),
    spentKrw: entry.spentKrw.minus(take.spentKrw),
    feeKrw: entry.feeKrw.minus(take.feeKrw),
    receivedUsdt: entry.receivedUsdt.minus(take.receivedUsdt),
    feeUsdt: entry.feeUsdt.minus(take.feeUsdt),
  };
}
