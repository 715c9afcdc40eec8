// One user at one in-memory venue: what is free and locked, positions, fees, and the orders under each client id.
// Balances live in the ledger; this only reads them and posts to it.

import { DOMESTIC_VENUES, type Venue } from "../../../schema/vocabulary.ts";
import { Decimal } from "../../domain/decimal.ts";
import type {
  AccountNews,
  FundingEvent,
  OrderSide,
  PlaceOutcome,
  VenueFill,
  VenueOrderState,
} from "../../ports/trading-venue.ts";
import type { LookupView } from "./faults.ts";
import type { Ledger } from "./ledger.ts";
import type { Positions } from "./positions.ts";

export interface MemoryOrder {
  readonly clientOrderId: string;
  readonly venueOrderId: string;
  readonly symbol: string;
  readonly side: OrderSide;
  readonly qty: Decimal;
  readonly fills: VenueFill[];
  filledQty: Decimal;
  /** Rests in the book (made by hand): never filled, locks what it would spend. */
  resting: boolean;
  readonly lockedAsset: string | undefined;
  readonly lockedAmount: Decimal;
  /** What look-ups show until that monotonic instant. */
  readonly lag: { readonly as: LookupView; readonly untilMonotonicMs: number } | undefined;
}

/** What became of one client order id. */
export interface IdRecord {
  readonly user: string;
  readonly venue: Venue;
  readonly clientOrderId: string;
  /** Calls of `place` that left. */
  askedCount: number;
  /** Requests that arrived, doubles and late ones included. */
  arrivedCount: number;
  refusedCount: number;
  /** Orders made, filled or not. */
  orderCount: number;
  /** Orders with at least one execution. */
  executedCount: number;
  filledQty: Decimal;
}

export class MemoryAccount {
  /** The newest last. */
  readonly orders = new Map<string, MemoryOrder[]>();
  /** The first answer past the gate under each id. */
  readonly firstAnswers = new Map<string, PlaceOutcome>();
  readonly records = new Map<string, IdRecord>();
  readonly fundings: FundingEvent[] = [];
  /** Who wants to hear of it. */
  readonly followers = new Set<(news: AccountNews) => void>();
  readonly #locks = new Map<string, Decimal>();

  constructor(
    readonly user: string,
    readonly venue: Venue,
    readonly ledger: Ledger,
    /** Overseas only. */
    readonly positions: Positions | undefined,
    public feeRatio: Decimal,
    /** Binance: fees in BNB while there is enough of it. */
    public feesInBnb: boolean,
  ) {}

  tell(news: AccountNews): void {
    for (const follower of this.followers) follower(news);
  }

  get isDomestic(): boolean {
    return (DOMESTIC_VENUES as readonly string[]).includes(this.venue);
  }

  wallet(asset: string): Decimal {
    return this.ledger.balance(this.user, this.venue, asset);
  }

  assets(): string[] {
    return this.ledger.assets(this.user, this.venue);
  }

  lock(asset: string, amount: Decimal): void {
    this.#locks.set(asset, (this.#locks.get(asset) ?? Decimal.ZERO).plus(amount));
  }

  /** USDT overseas: wallet less margin, locks and losses not yet realised. */
  free(asset: string): Decimal {
    let free = this.wallet(asset).minus(this.#locks.get(asset) ?? Decimal.ZERO);
    if (asset === "USDT" && this.positions)
      free = free.minus(this.positions.margin()).minus(this.positions.unrealisedLoss());
    return Decimal.max(free, Decimal.ZERO).normal();
  }

  record(clientOrderId: string): IdRecord {
    let record = this.records.get(clientOrderId);
    if (record === undefined) {
      record = {
        user: this.user,
        venue: this.venue,
        clientOrderId,
        askedCount: 0,
        arrivedCount: 0,
        refusedCount: 0,
        orderCount: 0,
        executedCount: 0,
        filledQty: Decimal.ZERO,
      };
      this.records.set(clientOrderId, record);
    }
    return record;
  }

  add(order: MemoryOrder): void {
    const orders = this.orders.get(order.clientOrderId);
    if (orders === undefined) this.orders.set(order.clientOrderId, [order]);
    else orders.push(order);
  }

  /** The newest under the id. */
  newest(clientOrderId: string): MemoryOrder | undefined {
    return this.orders.get(clientOrderId)?.at(-1);
  }
}

/** An order as a look-up shows it; `as` only "early", "open" or "fills". */
export function stateOf(order: MemoryOrder, as: LookupView | undefined): VenueOrderState {
  const { clientOrderId, venueOrderId, symbol, side, filledQty } = order;
  const base = { clientOrderId, venueOrderId, symbol, side };
  const resting = order.resting || as === "early" || as === "open";
  const state = resting ? "open" : "closed";
  if (as === "early") return { ...base, state, filledQty: Decimal.ZERO, fills: [], fillsComplete: true };
  const fills = as === "open" || as === "fills" ? order.fills.slice(0, -1) : [...order.fills];
  return { ...base, state, filledQty, fills, fillsComplete: fills.length === order.fills.length };
}
