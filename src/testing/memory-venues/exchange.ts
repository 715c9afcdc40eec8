// What happens to an order when it arrives at an in-memory venue: the gate (key, limits, clock), the rules of client
// ids, the filters, the money, the match against the book. Everything here is one instant; no waiting.

import type { Venue } from "../../../schema/vocabulary.ts";
import { Decimal } from "../../domain/decimal.ts";
import type { Clock } from "../../ports/clock.ts";
import type { OrderSide, PlaceOutcome, RejectKind, VenueFill } from "../../ports/trading-venue.ts";
import type { MemoryAccount, MemoryOrder } from "./account.ts";
import type { Condition, Fault, FaultPlan } from "./faults.ts";
import type { Market } from "./market.ts";
import { accountFault, type CheckedOrder, filterFault } from "./order-checks.ts";
import type { PositionSide } from "./positions.ts";
import { ID_RULES, isGateKind, refused } from "./refusals.ts";

export interface Execution {
  readonly user: string;
  readonly venue: Venue;
  readonly symbol: string;
  readonly side: OrderSide;
  /** Undefined for what the user did by hand and what the venue took. */
  readonly clientOrderId: string | undefined;
  readonly venueOrderId: string;
  readonly fillId: string;
  readonly price: Decimal;
  readonly qty: Decimal;
  readonly fee: Decimal;
  readonly feeAsset: string;
  /** Overseas, gross. */
  readonly realisedUsdt: Decimal | undefined;
  /** False for what the venue took by itself. */
  readonly fromBook: boolean;
  /** Between sending the request and its arrival; 0 for what was not requested. */
  readonly underwayMs: number;
  readonly atMs: number;
}

/** A request as it arrives. */
export interface Arrival extends CheckedOrder {
  readonly fault: Fault | undefined;
  readonly sentAtMonotonicMs: number;
}

const CLIENT_ID = /^[A-Za-z0-9_-]{1,36}$/;
const FEE_DECIMALS = 8;
/** Binance charges 10 % less in BNB. */
const BNB_SHARE = Decimal.of("0.9");

const ORDERED_GATE: readonly (readonly [Condition["kind"] & RejectKind, string])[] = [
  ["key", "the key is revoked"],
  ["limited", "too many requests"],
  ["clock", "the time of the request is off"],
  ["closed", "under maintenance"],
];

export class Exchange {
  readonly executions: Execution[] = [];
  #orderCount = 0;
  #fillCount = 0;
  bnbPriceUsdt: Decimal = Decimal.of(600);
  readonly clockOffsetsMs = new Map<Venue, number>();

  constructor(
    readonly clock: Clock,
    readonly faults: FaultPlan,
    readonly marketOf: (venue: Venue, symbol: string) => Market | undefined,
    /** Bybit and Bithumb do not remember the ids of refused orders, although their answers do not promise it. */
    readonly refusedIdsStayFree: boolean,
  ) {}

  venueNowMs(venue: Venue): number {
    return this.clock.nowMs() + (this.clockOffsetsMs.get(venue) ?? 0);
  }

  /** Why the gate turns the account away now. */
  gate(account: MemoryAccount): PlaceOutcome | undefined {
    const nowMs = this.clock.monotonicMs();
    for (const [kind, words] of ORDERED_GATE)
      if (this.faults.standing(account.user, account.venue, kind, nowMs))
        return refused(account.venue, kind, words);
    return undefined;
  }

  arrive(arrival: Arrival): PlaceOutcome {
    const { account, order } = arrival;
    const { venue } = account;
    const record = account.record(order.clientOrderId);
    record.arrivedCount++;
    const gated = this.#gateOrder(arrival);
    if (gated) {
      record.refusedCount++;
      return gated;
    }
    const rules = ID_RULES[venue];
    const first = account.firstAnswers.get(order.clientOrderId);
    if (first && rules.repeated === "first-answer") return first;
    if (first && rules.repeated === "refused") {
      record.refusedCount++;
      return refused(venue, "duplicate", `the id ${order.clientOrderId} is used up`);
    }
    const answer = this.#judge(arrival);
    if (answer.kind === "rejected") record.refusedCount++;
    const remembered =
      answer.kind === "accepted" || venue === "upbit" || !(this.refusedIdsStayFree || rules.refusedIdIsFree);
    if (remembered && !first) account.firstAnswers.set(order.clientOrderId, answer);
    return answer;
  }

  #gateOrder({ account, fault, sentAtMonotonicMs }: Arrival): PlaceOutcome | undefined {
    const { venue } = account;
    const underwayMs = this.clock.monotonicMs() - sentAtMonotonicMs;
    if (underwayMs > ID_RULES[venue].acceptWindowMs)
      return refused(venue, "clock", `expected the request within its window, was ${underwayMs} ms old`);
    if (fault?.refuse && isGateKind(fault.refuse)) return refused(venue, fault.refuse, "as armed");
    const gated = this.gate(account);
    // Maintenance is said to orders in words of their own, past the ids.
    return gated?.kind === "rejected" && isGateKind(gated.rejection.kind) ? gated : undefined;
  }

  #judge(arrival: Arrival): PlaceOutcome {
    const { account, order, fault } = arrival;
    const { venue } = account;
    if (fault?.refuse) return refused(venue, fault.refuse, "as armed");
    const gated = this.gate(account);
    if (gated) return gated;
    if (this.faults.standing(account.user, venue, "funds", this.clock.monotonicMs()))
      return refused(venue, "funds", "balance too low");
    if (!CLIENT_ID.test(order.clientOrderId)) return refused(venue, "other", "expected another client id");
    if (account.newest(order.clientOrderId)?.resting)
      return refused(venue, "duplicate", `an order ${order.clientOrderId} is open`);
    const market = this.marketOf(venue, order.symbol);
    if (market === undefined) return refused(venue, "other", `no symbol ${order.symbol}`);
    const broken = filterFault(market, arrival) ?? accountFault(market, arrival);
    if (broken) return refused(venue, ...broken);
    const capped =
      fault?.fillRatio === undefined
        ? order.qty
        : order.qty.times(Decimal.ofFloat(fault.fillRatio)).toStep(market.qtyStep, "down");
    const made = this.execute(account, market, { ...order, qty: capped }, arrival);
    return { kind: "accepted", venueOrderId: made.venueOrderId };
  }

  /** Takes from the book, moves the money, records the order. */
  execute(
    account: MemoryAccount,
    market: Market,
    order: {
      readonly side: OrderSide;
      readonly qty: Decimal;
      readonly limitPrice: Decimal | undefined;
      readonly clientOrderId?: string;
      readonly positionSide?: PositionSide | undefined;
    },
    arrival: Arrival | undefined,
  ): MemoryOrder {
    const { clientOrderId, side, positionSide } = order;
    const nowMonotonicMs = this.clock.monotonicMs();
    const lag = arrival?.fault?.lag;
    const made: MemoryOrder = {
      clientOrderId: clientOrderId ?? "",
      venueOrderId: `${account.venue}-order-${++this.#orderCount}`,
      symbol: market.symbol,
      side,
      qty: arrival?.order.qty ?? order.qty,
      fills: [],
      filledQty: Decimal.ZERO,
      resting: false,
      lockedAsset: undefined,
      lockedAmount: Decimal.ZERO,
      lag: lag && { as: lag.as, untilMonotonicMs: nowMonotonicMs + lag.forMs },
    };
    const underwayMs = arrival === undefined ? 0 : nowMonotonicMs - arrival.sentAtMonotonicMs;
    for (const { price, qty } of market.take(side, order.qty, order.limitPrice)) {
      const fill = this.settle(account, market, {
        side,
        price,
        qty,
        ref: clientOrderId ?? "hand",
        positionSide,
      });
      made.fills.push(fill);
      made.filledQty = made.filledQty.plus(qty);
      this.note(account, { ...made, clientOrderId, fromBook: true }, fill, underwayMs);
    }
    if (clientOrderId === undefined) return made;
    account.add(made);
    const record = account.record(clientOrderId);
    record.orderCount++;
    if (made.fills.length > 0) record.executedCount++;
    record.filledQty = record.filledQty.plus(made.filledQty).normal();
    account.tell({ kind: "order", clientOrderId });
    return made;
  }

  nextOrderId(venue: Venue): string {
    return `${venue}-order-${++this.#orderCount}`;
  }

  /** One execution's effect on balances and positions. */
  settle(
    account: MemoryAccount,
    market: Market,
    execution: {
      readonly side: OrderSide;
      readonly price: Decimal;
      readonly qty: Decimal;
      readonly ref: string;
      readonly positionSide: PositionSide | undefined;
    },
  ): VenueFill {
    const { side, price, qty, ref, positionSide } = execution;
    account.tell({ kind: "account" });
    const atMs = this.venueNowMs(account.venue);
    const money = price.times(qty);
    const post = (asset: string, amount: Decimal, reason: "fill" | "fee" | "realised") =>
      account.ledger.post({ user: account.user, venue: account.venue, asset, amount, reason, ref, atMs });
    let realisedUsdt: Decimal | undefined;
    if (account.positions === undefined) {
      post("KRW", side === "buy" ? money.negated() : money, "fill");
      post(market.coin, side === "buy" ? qty : qty.negated(), "fill");
    } else {
      realisedUsdt = account.positions.execute(market, side, qty, price, positionSide);
      post("USDT", realisedUsdt, "realised");
    }
    let feeAsset = account.positions === undefined ? "KRW" : "USDT";
    // Down, so that what was checked before the order is always enough.
    let fee = money.times(account.feeRatio).rounded(FEE_DECIMALS, "down");
    if (account.feesInBnb && fee.isPositive) {
      const feeBnb = fee.times(BNB_SHARE).dividedBy(this.bnbPriceUsdt, FEE_DECIMALS, "up");
      if (feeBnb.atMost(account.wallet("BNB"))) [fee, feeAsset] = [feeBnb, "BNB"];
    }
    post(feeAsset, fee.negated(), "fee");
    const fillId = `${account.venue}-fill-${++this.#fillCount}`;
    return { fillId, price, qty, fee, feeAsset, realisedUsdt, atMs };
  }

  note(
    { user, venue }: MemoryAccount,
    order: Pick<Execution, "symbol" | "side" | "venueOrderId" | "clientOrderId" | "fromBook">,
    fill: VenueFill,
    underwayMs: number,
  ): void {
    const { symbol, side, venueOrderId, clientOrderId, fromBook } = order;
    const what = { symbol, side, clientOrderId, venueOrderId, fromBook, underwayMs };
    this.executions.push({ user, venue, ...what, ...fill });
  }
}
