// A listing's increments as exact decimals.

import { decimalsOf } from "./decimals.ts";
import { type Exact, exactOf } from "./exact.ts";
import type { SimListing } from "./types.ts";

/** The price increment at a price. */
export function tickAt(listing: SimListing, price: Exact): Exact {
  return exactOf(listing.priceIncrementAt(Number(price) / 1e18), 10);
}

/** The quantity increment. */
export function lotOf(listing: SimListing): Exact {
  return exactOf(listing.qtyStep, 8);
}

/** Decimals a quantity is printed with. */
export function lotDecimals(listing: SimListing | undefined): number {
  return listing === undefined ? 3 : decimalsOf(listing.qtyStep);
}

/** Largest market order, as the instrument lists print it. */
export function marketQtyMax(listing: SimListing): Exact {
  return exactOf(Math.floor(listing.qtyMax / 4 / listing.qtyStep) * listing.qtyStep, 8);
}
