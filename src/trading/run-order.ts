// One order of a running intent: sent once its row is there, looked up until its outcome is known, its id used up where
// requests never expire. Nothing here decides what to send; the kernels do.
//
// Invariants: an order leaves only when its row is in the journal and the lease holds, or when the planned row allows it
// and its deadline has not passed, asked last thing before the bytes leave; "unknown" is looked up, never sent again.

import type { Decimal } from "../domain/decimal.ts";
import {
  isPreAuthorised,
  type OrderPurpose,
  PRE_AUTHORISED_MS,
  type PreAuthorised,
} from "../domain/intent.ts";
import type { Trouble } from "../domain/notice-words.ts";
import type { OrderBook } from "../domain/order-book.ts";
import { unfillablePrice } from "../domain/order-bounds.ts";
import { type OrderView, type SettleStep, settleOrder } from "../domain/order-view.ts";
import { isPassing } from "../domain/store-fault.ts";
import type { Clock } from "../ports/clock.ts";
import { Fenced, type FillRow, type Journal, type OrderRow } from "../ports/journal.ts";
import type { Log } from "../ports/telemetry.ts";
import type { PerpetualVenue, TradingVenue, VenueFill, VenueOrderState } from "../ports/trading-venue.ts";
import type { IntentRecord } from "./intent-record.ts";
import type { Term } from "./writer.ts";

export interface Legs {
  readonly domestic: TradingVenue;
  readonly overseas: PerpetualVenue;
}

/** The lease is over and so is what the planned row allowed: somebody else goes on from the journal. */
export class TermOver extends Error {
  override name = "TermOver";
}

export interface OrderDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly term: Term;
  /** A fee paid in another asset than the leg's money, valued in it. */
  readonly feeValue: (venue: TradingVenue["venue"], asset: string, fee: Decimal) => Promise<Decimal>;
  readonly incrementAt: (venue: TradingVenue["venue"], price: Decimal) => Decimal;
}

export interface OrderPlan {
  readonly clientOrderId: string;
  readonly purpose: OrderPurpose;
  readonly attempt: number;
  readonly qty: Decimal;
  readonly limitPrice: Decimal | undefined;
}

/** Below what the planned row allows by more than the successor's wait, so that no late answer outlives both. */
const PLACE_MS = 3_000;
const LOOKUP_MS = 2_000;
const PAUSE_MS_MIN = 40;
const PAUSE_MS_MAX = 1_000;
/**
 * A venue that has acknowledged an order shows it sooner or later; after this somebody must know. Longer than a successor
 * needs for an order that never arrived: 28 s and its look-ups (Bithumb).
 */
const SLOW_MS = 45_000;

/** As an incident says it. */
export function slowWhy(order: Pick<OrderRow, "clientOrderId" | "purpose">, legs: Legs): string {
  const { venue } = isOverseas(order.purpose) ? legs.overseas : legs.domestic;
  return `${"order-unheard" satisfies Trouble}: ${venue} ${order.clientOrderId}`;
}

export function isOverseas(purpose: OrderPurpose): boolean {
  return purpose === "hedge" || purpose === "cover";
}

/**
 * Whether an order for this was refused for its price: the increments or the band are not what we know, and the next
 * limit would be refused alike.
 */
export function isOffPrice(orders: readonly OrderRow[], purpose: OrderPurpose): boolean {
  return orders.some((order) => order.purpose === purpose && order.refusal?.startsWith("price "));
}

function sideOf(purpose: OrderPurpose): "buy" | "sell" {
  return purpose === "buy" || purpose === "cover" ? "buy" : "sell";
}

export class OrderDriver {
  readonly #pauses = new Map<string, number>();
  readonly #toldSlow = new Set<string>();

  constructor(
    private readonly deps: OrderDeps,
    private readonly parts: {
      readonly record: IntentRecord;
      readonly legs: Legs;
      readonly symbols: { readonly domestic: string; readonly overseas: string };
      readonly allowed: readonly PreAuthorised[];
      /** When the commit that the allowance counts from was begun, monotonic; undefined: not by this process. */
      readonly committedMs: () => number | undefined;
      readonly onSlow: (order: OrderRow) => void;
      /** Whether an entry's first order may still leave: whoever switches entries off waits for no store. */
      readonly mayBuy?: (() => boolean) | undefined;
    },
  ) {}

  /** Throws TermOver when this process may do nothing more for the intent. */
  guard(): void {
    const { record } = this.parts;
    if (!this.deps.term.isOver && !record.isFenced) return;
    const sinceMs = this.#sinceCommitMs();
    if (sinceMs === undefined || sinceMs >= PRE_AUTHORISED_MS) {
      throw new TermOver(`expected to hold the lease for ${record.intent.intentId}`);
    }
  }

  #sinceCommitMs(): number | undefined {
    const committedMs = this.parts.committedMs();
    return committedMs === undefined ? undefined : this.deps.clock.monotonicMs() - committedMs;
  }

  venueOf(purpose: OrderPurpose): TradingVenue {
    return isOverseas(purpose) ? this.parts.legs.overseas : this.parts.legs.domestic;
  }

  symbolOf(purpose: OrderPurpose): string {
    return isOverseas(purpose) ? this.parts.symbols.overseas : this.parts.symbols.domestic;
  }

  rowOf(plan: OrderPlan): OrderRow {
    const nowMs = this.deps.clock.nowMs();
    return {
      ...plan,
      intentId: this.parts.record.intent.intentId,
      venue: this.venueOf(plan.purpose).venue,
      symbol: this.symbolOf(plan.purpose),
      side: sideOf(plan.purpose),
      status: "created",
      venueOrderId: undefined,
      adopted: false,
      createdAtMs: nowMs,
      sentAtMsMax: nowMs + PLACE_MS,
      emptyLookupsAtMs: [],
      burnedAtMs: undefined,
      endedAtMs: undefined,
      refusal: undefined,
    };
  }

  /**
   * Writes an intent's end once all before it is in the journal; a store that is away is waited for as long as the
   * lease holds. Nothing is sent any more.
   */
  async untilStored<T>(write: (journal: Journal) => Promise<T>, journal: Journal): Promise<T> {
    const { record } = this.parts;
    const { clock, term } = this.deps;
    for (;;) {
      this.guard();
      await record.stored(term.lost);
      if (record.isFenced || term.isOver) throw new TermOver(`expected to end ${record.intent.intentId}`);
      try {
        return await write(journal);
      } catch (error) {
        if (error instanceof Fenced) throw new TermOver("expected the lease to hold", { cause: error });
        if (!isPassing(error)) throw error;
        await clock.sleep(PAUSE_MS_MAX / 4);
      }
    }
  }

  /** Whether an order may leave now: never later than its row says, since a successor counts from that. */
  #mayLeave(order: OrderRow): boolean {
    if (this.deps.clock.nowMs() > order.sentAtMsMax) return false;
    const { record, allowed, mayBuy } = this.parts;
    if (order.purpose === "buy" && mayBuy?.() === false) return false;
    if (record.isStored && this.deps.term.holds()) return true;
    const sinceMs = this.#sinceCommitMs();
    return sinceMs !== undefined && isPreAuthorised(allowed, order, sinceMs);
  }

  /** Sends an order whose row is recorded, and records what became of the sending. */
  async send(order: OrderRow): Promise<void> {
    const { record } = this.parts;
    const { clock, log, term } = this.deps;
    const { clientOrderId, purpose } = order;
    // Not allowed yet: only the journal can allow it.
    if (!this.#mayLeave(order)) await record.stored(term.lost);
    const venue = this.venueOf(purpose);
    const outcome = await venue.place(
      {
        clientOrderId,
        symbol: order.symbol,
        side: order.side,
        qty: order.qty,
        limitPrice: order.limitPrice,
        reducesShort: purpose === "cover",
      },
      PLACE_MS,
      { mayStillSend: () => this.#mayLeave(order) },
    );
    const nowMs = clock.nowMs();
    log.info("order sent", {
      intentId: order.intentId,
      clientOrderId,
      venue: venue.venue,
      purpose,
      qty: order.qty.toString(),
      limitPrice: order.limitPrice?.toString() ?? "market",
      outcome: outcome.kind,
      ...(outcome.kind === "rejected" ? { why: `${outcome.rejection.kind} ${outcome.rejection.code}` } : {}),
      ...(outcome.kind === "unknown" || outcome.kind === "unsent" ? { why: outcome.why } : {}),
    });
    const sentAtMsMax = nowMs;
    switch (outcome.kind) {
      case "accepted":
        await record.news(clientOrderId, { status: "sent", venueOrderId: outcome.venueOrderId, sentAtMsMax });
        return;
      case "unknown":
        await record.news(clientOrderId, { status: "unknown", sentAtMsMax });
        return;
      case "unsent":
        await record.news(clientOrderId, {
          status: "never-arrived",
          refusal: `unsent: ${outcome.why}`,
          endedAtMs: nowMs,
        });
        return;
      case "rejected": {
        const { kind, code, message } = outcome.rejection;
        const refusal = `${kind} ${code}: ${message}`.slice(0, 300);
        // The id is used up, which says nothing about what the first bearer of it did.
        if (kind === "duplicate") {
          await record.news(clientOrderId, { status: "unknown", sentAtMsMax, burnedAtMs: nowMs, refusal });
        } else {
          await record.news(clientOrderId, { status: "rejected", refusal, endedAtMs: nowMs });
        }
      }
    }
  }

  /**
   * Brings open outcomes a step further, all at once: they do not depend on each other, and nothing new is sent before
   * the last is known. `domesticBook` is asked for when an id has to be used up, which only venues at home need.
   */
  async settle(
    open: readonly OrderView[],
    domesticBook: () => Promise<OrderBook | undefined>,
  ): Promise<void> {
    const nowMs = this.deps.clock.nowMs();
    const steps = open.map((order) => {
      const { acceptWindowMs } = this.venueOf(order.purpose);
      return settleOrder(order, { acceptWindowMs }, nowMs);
    });
    const book = steps.some((step) => step.do === "burn") ? await domesticBook() : undefined;
    await Promise.all(steps.map((step) => this.#settle(step, book)));
  }

  /** Pauses grow, so that a venue that does not know is not flooded. */
  async #settle(step: SettleStep, book: OrderBook | undefined): Promise<void> {
    const { record } = this.parts;
    const { clock } = this.deps;
    switch (step.do) {
      case "wait":
        await clock.sleep(Math.min(step.untilMs - clock.nowMs(), PAUSE_MS_MAX));
        return;
      case "never-arrived":
        await record.news(step.order.clientOrderId, { status: "never-arrived", endedAtMs: clock.nowMs() });
        return;
      case "burn":
        return await this.#burn(record.order(step.order.clientOrderId)!, book);
      case "lookup":
        return await this.#lookup(record.order(step.order.clientOrderId)!);
    }
  }

  async #lookup(order: OrderRow): Promise<void> {
    const { record } = this.parts;
    const { clock } = this.deps;
    const { clientOrderId, symbol, purpose } = order;
    const begunAtMs = clock.nowMs();
    const found = await this.venueOf(purpose).lookup({ symbol, clientOrderId }, LOOKUP_MS);
    switch (found.kind) {
      case "found":
        return await this.#found(order, found.order);
      case "absent":
        // An acknowledged order exists: its list lags. Only what nobody acknowledged may never have arrived.
        if (order.venueOrderId === undefined) {
          const emptyLookupsAtMs = [...order.emptyLookupsAtMs, begunAtMs];
          await record.news(clientOrderId, { emptyLookupsAtMs });
        } else await this.#pause(order);
        return;
      case "not-ready":
      case "failed":
        return await this.#pause(order);
    }
  }

  /** Whether a refused order was carried out after all; what the venue shows of it is recorded. */
  async lookAgain(order: OrderRow): Promise<"absent" | "revived" | "unseen"> {
    const { clientOrderId, symbol, purpose } = order;
    const found = await this.venueOf(purpose).lookup({ symbol, clientOrderId }, LOOKUP_MS);
    if (found.kind === "absent") return "absent";
    if (found.kind !== "found") return "unseen";
    const { state, filledQty } = found.order;
    if (state === "closed" && filledQty.isZero) return "absent";
    this.deps.log.warn("a refused order was carried out", { intentId: order.intentId, clientOrderId });
    await this.#found(order, found.order);
    return "revived";
  }

  async #found(order: OrderRow, seen: VenueOrderState): Promise<void> {
    const { record } = this.parts;
    const { clientOrderId } = order;
    const { venueOrderId } = seen;
    const fills = await Promise.all(seen.fills.map((fill) => this.#fillRow(order, fill)));
    if (seen.state === "closed" && seen.fillsComplete) {
      await record.news(
        clientOrderId,
        { status: "done", venueOrderId, endedAtMs: this.deps.clock.nowMs() },
        fills,
      );
      this.#pauses.delete(clientOrderId);
      return;
    }
    await record.news(clientOrderId, { status: "open", venueOrderId }, fills);
    await this.#pause(order);
  }

  async #fillRow(order: OrderRow, fill: VenueFill): Promise<FillRow> {
    const venue = this.venueOf(order.purpose).venue;
    const money = isOverseas(order.purpose) ? "USDT" : "KRW";
    const { fillId, price, qty, fee, feeAsset, realisedUsdt, atMs } = fill;
    const feeValued = feeAsset === money || fee.isZero ? fee : await this.deps.feeValue(venue, feeAsset, fee);
    const { clientOrderId } = order;
    return { venue, fillId, clientOrderId, price, qty, fee, feeAsset, feeValued, realisedUsdt, atMs };
  }

  /** Uses the id up with an order that cannot fill; what the venue then says of the id is the truth about it. */
  async #burn(order: OrderRow, book: OrderBook | undefined): Promise<void> {
    const { record } = this.parts;
    const { clock, term } = this.deps;
    const venue = this.venueOf(order.purpose);
    const limitPrice = unfillablePrice({
      side: order.side,
      book,
      priceKrw: order.limitPrice,
      incrementAt: (price) => this.deps.incrementAt(venue.venue, price),
    });
    if (!limitPrice) return await this.#pause(order);
    const { clientOrderId, symbol, side, qty } = order;
    await record.stored(term.lost);
    const outcome = await venue.place(
      { clientOrderId, symbol, side, qty, limitPrice, reducesShort: false },
      PLACE_MS,
      { urgent: true, mayStillSend: () => record.isStored && term.holds() },
    );
    const isUsedUp =
      outcome.kind === "accepted" || (outcome.kind === "rejected" && !outcome.rejection.idStillFree);
    if (isUsedUp) await record.news(clientOrderId, { burnedAtMs: clock.nowMs() });
    else await this.#pause(order);
  }

  async #pause(order: OrderRow): Promise<void> {
    const { clock } = this.deps;
    const { clientOrderId } = order;
    const pauseMs = Math.min((this.#pauses.get(clientOrderId) ?? PAUSE_MS_MIN / 2) * 2, PAUSE_MS_MAX);
    this.#pauses.set(clientOrderId, pauseMs);
    if (clock.nowMs() - order.createdAtMs > SLOW_MS && !this.#toldSlow.has(clientOrderId)) {
      this.#toldSlow.add(clientOrderId);
      this.parts.onSlow(order);
    }
    await clock.sleep(pauseMs);
  }
}

/** Waits for an instant in short steps, asking at each whether this process may still go on. */
export async function restUntil(clock: Clock, untilMs: number, guard: () => void): Promise<void> {
  for (let leftMs = untilMs - clock.nowMs(); leftMs > 0; leftMs = untilMs - clock.nowMs()) {
    guard();
    await clock.sleep(Math.min(leftMs, PAUSE_MS_MAX));
  }
}
