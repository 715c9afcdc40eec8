// What an order must be before any venue sees it. Whatever fails here is the caller's defect and is not sent.

import type { PlaceOptions, VenueOrder } from "../../ports/trading-venue.ts";

const CLIENT_ID = /^[A-Za-z0-9_-]{1,36}$/;
const SYMBOL = /^[A-Z0-9_-]{2,40}$/;

/** Why an order cannot be sent to anybody; undefined when it can. */
export function orderDefect(order: VenueOrder): string | undefined {
  if (!CLIENT_ID.test(order.clientOrderId)) return "expected a client order id of 1 to 36 of A-Za-z0-9_-";
  if (!SYMBOL.test(order.symbol))
    return `expected a symbol, was ${JSON.stringify(order.symbol.slice(0, 40))}`;
  if (!order.qty.isPositive) return `expected a quantity above 0, was ${order.qty}`;
  if (order.limitPrice !== undefined && !order.limitPrice.isPositive) {
    return `expected a limit price above 0, was ${order.limitPrice}`;
  }
  return undefined;
}

/** Only what begins an entry waits its turn: a hedge, an exit or a sell-back leaves somebody exposed. */
export function isUrgent(options: PlaceOptions | undefined, opensEntry: boolean): boolean {
  return options?.urgent ?? !opensEntry;
}
