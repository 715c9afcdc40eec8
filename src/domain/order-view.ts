// One order of an intent as the journal knows it, and when an order whose outcome is unknown may be called settled.
// Pure: the journal's rows go in, what to do next comes out.

import { Decimal } from "./decimal.ts";
import { isTerminal, type OrderPurpose, type OrderStatus } from "./intent.ts";

export interface OrderView {
  readonly clientOrderId: string;
  readonly purpose: OrderPurpose;
  readonly attempt: number;
  /** Coins at home, contracts overseas. */
  readonly qty: Decimal;
  readonly status: OrderStatus;
  /** Sum of the fills recorded. */
  readonly filledQty: Decimal;
  /** The latest instant at which the request may have left, epoch ms. */
  readonly sentAtMsMax: number;
  /** Begin of the look-ups that found nothing, ascending; only those after the last sign of life count. */
  readonly emptyLookupsAtMs: readonly number[];
  /** When the id was known to be used up: by an order that cannot fill, or because the venue called it a duplicate. */
  readonly burnedAtMs: number | undefined;
}

/** What the venue's rules mean for an unknown outcome. */
export interface VenueTiming {
  /** After sending, a request may be accepted for this long; Infinity: for ever (Upbit). */
  readonly acceptWindowMs: number;
}

const LOOKUP_GAP_MS = 1_000;
/**
 * While an id can still be accepted an empty look-up settles nothing: asked less often, and when it is dead. Not much
 * less: an order that shows late in the venue's lists may be a leg that nothing covers yet.
 */
const LOOKUP_GAP_MS_MAX = 2_000;
const LOOKUPS_EMPTY_MIN = 2;

/** What to do about an order that is not terminal. */
export type SettleStep =
  | { readonly do: "lookup"; readonly order: OrderView }
  /** Use the id up with an order that cannot fill, then look it up. */
  | { readonly do: "burn"; readonly order: OrderView }
  | { readonly do: "never-arrived"; readonly order: OrderView }
  | { readonly do: "wait"; readonly untilMs: number };

/**
 * The next step for an order whose outcome is not known. "Never arrived" needs that the request can no longer be
 * accepted and two empty look-ups one second apart, begun after that; where requests do not expire, the id is burned
 * first, so that a late arrival is refused as a duplicate.
 */
export function settleOrder(order: OrderView, timing: VenueTiming, nowMs: number): SettleStep {
  if (isTerminal(order.status)) throw new RangeError(`expected an open outcome, was ${order.status}`);
  const expires = Number.isFinite(timing.acceptWindowMs);
  const deadMs = expires ? order.sentAtMsMax + timing.acceptWindowMs : order.burnedAtMs;
  const counting = order.emptyLookupsAtMs.filter((atMs) => deadMs !== undefined && atMs >= deadMs);
  const lastMs = order.emptyLookupsAtMs.at(-1);
  if (deadMs === undefined && order.emptyLookupsAtMs.length >= LOOKUPS_EMPTY_MIN)
    return { do: "burn", order };
  if (counting.length >= LOOKUPS_EMPTY_MIN && counting.at(-1)! - counting[0]! >= LOOKUP_GAP_MS) {
    return { do: "never-arrived", order };
  }
  if (lastMs === undefined) return { do: "lookup", order };
  const early = order.emptyLookupsAtMs.length - counting.length;
  const gapMs = Math.min(LOOKUP_GAP_MS_MAX, LOOKUP_GAP_MS * 2 ** Math.max(0, early - 1));
  const untilMs =
    deadMs !== undefined && lastMs < deadMs ? Math.min(deadMs, lastMs + gapMs) : lastMs + LOOKUP_GAP_MS;
  return nowMs < untilMs ? { do: "wait", untilMs } : { do: "lookup", order };
}

export function filledOf(orders: readonly OrderView[], purpose: OrderPurpose): Decimal {
  return Decimal.sum(orders.filter((order) => order.purpose === purpose).map(({ filledQty }) => filledQty));
}

export function ordersOf(orders: readonly OrderView[], purpose: OrderPurpose): OrderView[] {
  return orders.filter((order) => order.purpose === purpose).sort((a, b) => a.attempt - b.attempt);
}

/** The first order, of whatever purpose, whose outcome is open. */
export function openOrder(orders: readonly OrderView[]): OrderView | undefined {
  return orders.find(({ status }) => !isTerminal(status));
}
