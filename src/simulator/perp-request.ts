// What a perpetual account is made with, what is asked of it, and what an order needs before it may go: a price it will not pass, and margin
// for what it opens.

import type { AccountEvent } from "./account-events.ts";
import { ceilTo, type Exact, exactOf, floorTo, larger, money, ONE, over, times } from "./exact.ts";
import { tickAt } from "./listing-steps.ts";
import type { Matching, Take } from "./matching.ts";
import type { OrderKind, OrderPlan, Side, SimOrder, TimeInForce } from "./orders.ts";
import type { PositionIndex } from "./perp-positions.ts";
import type { Switches } from "./switches.ts";
import type { SimListing } from "./types.ts";

export interface PerpAccountParts {
  readonly venue: "bybit" | "binance";
  readonly apiKey: string;
  readonly matching: Matching;
  readonly switches: Switches;
  readonly takerRate: string;
  readonly makerRate: string;
  readonly leverageDefault: number;
  readonly openedAtMs: number;
  orderId(sequence: number, uuid: string): string;
  fillId(sequence: number, uuid: string): string;
  /** Told of everything that happens to the account. */
  tell(event: AccountEvent): void;
}

export interface PerpRequest {
  readonly listing: SimListing;
  readonly side: Side;
  readonly kind: OrderKind;
  readonly timeInForce: TimeInForce;
  readonly price?: Exact | undefined;
  readonly qty: Exact;
  readonly reduceOnly?: boolean;
  readonly closeOnTrigger?: boolean;
  readonly positionIndex: PositionIndex;
  readonly clientId?: string | undefined;
  readonly origin?: SimOrder["origin"];
  readonly cause?: SimOrder["cause"];
  readonly plan?: OrderPlan;
}

/** Refused by the account's state; the venue has its own words for each. */
export type PerpRefusal = "insufficient-margin" | "nothing-to-reduce" | "no-counterparty" | "mode-mismatch";

/** Worst price of a market order; undefined when nobody stands on the other side. */
export function worstPrice(
  listing: SimListing,
  side: Side,
  best: Exact | undefined,
  { market }: Switches,
): Exact | undefined {
  if (best === undefined) return undefined;
  const ratio = exactOf(market.marketBandRatio, 6);
  const tick = tickAt(listing, best);
  const price = times(best, side === "buy" ? ONE + ratio : ONE - ratio);
  return side === "buy" ? floorTo(price, tick) : ceilTo(price, tick);
}

export interface Terms {
  readonly closable: Exact;
  readonly takes: readonly Take[];
  readonly takerRate: Exact;
  readonly leverage: Exact;
}

/** Margin and fee for what an order opens, at its limit or at what it would fill at, whichever is more. */
export function neededFor(request: PerpRequest, { closable, takes, takerRate, leverage }: Terms): Exact {
  const opened = request.qty > closable ? request.qty - closable : 0n;
  if (opened === 0n) return 0n;
  const swept = takes.reduce((sum, take) => sum + take.qty, 0n);
  const paid = takes.reduce((sum, take) => sum + times(take.price, take.qty), 0n);
  const average = swept === 0n ? 0n : over(paid, swept);
  const notional = times(larger(request.price ?? 0n, average), opened);
  return money(over(notional, leverage)) + money(times(notional, takerRate));
}
