// Orders of one account at one venue, whatever the venue prints of them, and what became of each client's own id.

import { createHash } from "node:crypto";
import type { Exact } from "./exact.ts";
import type { SimVenue } from "./types.ts";

export type Side = "buy" | "sell";
/** "money": a market order by the amount of quote currency to spend. */
export type OrderKind = "limit" | "market" | "money";
export type TimeInForce = "gtc" | "ioc" | "fok" | "post-only";
/** Why a fill happened: an order, the venue's liquidation or deleveraging, or the end of the contract. */
export type FillCause = "trade" | "liquidation" | "deleveraging" | "settlement";

export interface SimFill {
  readonly id: string;
  readonly sequence: number;
  readonly atMs: number;
  readonly symbol: string;
  readonly orderId: string;
  readonly side: Side;
  readonly price: Exact;
  readonly qty: Exact;
  /** price x qty. */
  readonly quote: Exact;
  readonly fee: Exact;
  readonly feeAsset: string;
  readonly feeRate: Exact;
  readonly maker: boolean;
  readonly cause: FillCause;
  /** Perpetuals: gross of fees; zero for what opens. */
  readonly realisedPnl: Exact;
  readonly closedQty: Exact;
  readonly markPrice: Exact;
}

export interface SimOrder {
  readonly sequence: number;
  readonly orderId: string;
  readonly venue: SimVenue;
  readonly symbol: string;
  readonly clientId: string | undefined;
  readonly side: Side;
  readonly kind: OrderKind;
  readonly timeInForce: TimeInForce;
  readonly price: Exact | undefined;
  /** Undefined for an order by money. */
  readonly qty: Exact | undefined;
  readonly money: Exact | undefined;
  /** Takes the best price only, whatever else it says. */
  readonly best: boolean;
  readonly reduceOnly: boolean;
  readonly closeOnTrigger: boolean;
  /** Perpetuals: 0 one-way, 1 long and 2 short of hedge mode. */
  readonly positionIndex: 0 | 1 | 2;
  /** "hand": the user or the venue itself, not through the API. */
  readonly origin: "api" | "hand" | "venue";
  /** Why it exists: "trade", or what made the venue place it. */
  readonly cause: FillCause;
  readonly createdAtMs: number;
  updatedAtMs: number;
  /** "done": filled; "cancelled": ended with something left (which may have filled in part). */
  state: "open" | "done" | "cancelled";
  readonly fills: SimFill[];
  filledQty: Exact;
  filledQuote: Exact;
  paidFee: Exact;
  /** Taker's rate when it was placed. */
  readonly feeRate: Exact;
  /** Spot: the fee held back beside the money. */
  readonly reservedFee: Exact;
  /** Held back now: quote currency of a bid (fee included), coins of an ask, margin of a perpetual's order. */
  locked: Exact;
  /** What was held back when it was placed. */
  readonly lockedAtFirst: Exact;
  /** Lookups before this show nothing, or the order as it was placed. */
  readonly visibleAtMs: number;
  readonly hiddenAs: "absent" | "open";
  /** Lookups left that the venue answers with "not ready". */
  notReadyLeft: number;
}

/** An order nothing has happened to yet. */
export function newOrder(
  given: Pick<
    SimOrder,
    | "sequence"
    | "orderId"
    | "venue"
    | "symbol"
    | "side"
    | "kind"
    | "timeInForce"
    | "price"
    | "qty"
    | "feeRate"
  > &
    Partial<
      Pick<
        SimOrder,
        | "clientId"
        | "money"
        | "best"
        | "reduceOnly"
        | "closeOnTrigger"
        | "positionIndex"
        | "origin"
        | "cause"
        | "reservedFee"
        | "notReadyLeft"
      >
    > & { readonly held: Exact; readonly plan: OrderPlan; readonly nowMs: number },
): SimOrder {
  const { held, plan, nowMs, ...rest } = given;
  return {
    clientId: undefined,
    money: undefined,
    best: false,
    reduceOnly: false,
    closeOnTrigger: false,
    positionIndex: 0,
    origin: "api",
    cause: "trade",
    reservedFee: 0n,
    notReadyLeft: 0,
    ...rest,
    createdAtMs: nowMs,
    updatedAtMs: nowMs,
    state: "open",
    fills: [],
    filledQty: 0n,
    filledQuote: 0n,
    paidFee: 0n,
    locked: 0n,
    lockedAtFirst: held,
    visibleAtMs: nowMs + (plan.hiddenMs ?? 0),
    hiddenAs: plan.hiddenAs ?? "absent",
  };
}

/** What faults do to one order. */
export interface OrderPlan {
  /** At most this share of it fills. */
  readonly fraction?: number | undefined;
  readonly hiddenMs?: number | undefined;
  readonly hiddenAs?: "absent" | "open" | undefined;
}

export interface ClientIdRecord {
  readonly clientId: string;
  /** Times an order was asked for under this id, refused ones included. */
  requested: number;
  accepted: number;
  /** Orders under this id that filled, in part or whole: above one is a duplicate execution. */
  executed: number;
}

export class OrderStore {
  readonly all: SimOrder[] = [];
  readonly fills: SimFill[] = [];
  private readonly byOrderId = new Map<string, SimOrder>();
  private readonly byClientId = new Map<string, SimOrder[]>();
  private readonly ids = new Map<string, ClientIdRecord>();
  private perhapsOpen: SimOrder[] = [];

  /** Notes that an order was asked for, before anything else can refuse it. */
  request(clientId: string | undefined): void {
    if (clientId !== undefined) this.record(clientId).requested++;
  }

  add(order: SimOrder): void {
    this.all.push(order);
    this.perhapsOpen.push(order);
    this.byOrderId.set(order.orderId, order);
    if (order.clientId === undefined) return;
    this.record(order.clientId).accepted++;
    const same = this.byClientId.get(order.clientId);
    if (same === undefined) this.byClientId.set(order.clientId, [order]);
    else same.push(order);
  }

  addFill(order: SimOrder, fill: SimFill): void {
    if (order.fills.length === 0 && order.clientId !== undefined) this.record(order.clientId).executed++;
    order.fills.push(fill);
    order.filledQty += fill.qty;
    order.filledQuote += fill.quote;
    order.updatedAtMs = fill.atMs;
    this.fills.push(fill);
  }

  byId(orderId: string): SimOrder | undefined {
    return this.byOrderId.get(orderId);
  }

  /** The newest under that id; ids may come again where the venue allows it. */
  byClient(clientId: string): SimOrder | undefined {
    return this.byClientId.get(clientId)?.at(-1);
  }

  open(): readonly SimOrder[] {
    if (this.perhapsOpen.length > 0) {
      this.perhapsOpen = this.perhapsOpen.filter((order) => order.state === "open");
    }
    return this.perhapsOpen;
  }

  clientIds(): ClientIdRecord[] {
    return [...this.ids.values()];
  }

  private record(clientId: string): ClientIdRecord {
    let record = this.ids.get(clientId);
    if (record === undefined) {
      record = { clientId, requested: 0, accepted: 0, executed: 0 };
      this.ids.set(clientId, record);
    }
    return record;
  }
}

/** Ids of orders and fills: the same run gives the same ids. */
export class IdMaker {
  private next = 0;
  private readonly seed: string;

  constructor(seed: string) {
    this.seed = seed;
  }

  sequence(): number {
    return ++this.next;
  }

  /** A UUID that is a function of the seed and the number. */
  uuid(number: number): string {
    const hex = createHash("sha256").update(`${this.seed} ${number}`).digest("hex");
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
  }
}
