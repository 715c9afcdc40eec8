// Orders as Upbit and Bithumb take them: what a request asks for and which rule it breaks. The venues' own words for
// a broken rule are theirs.

import { type Exact, exact, MONEY_STEP, parseExact, times } from "./exact.ts";
import { tickAt } from "./listing-steps.ts";
import type { Matching } from "./matching.ts";
import type { TimeInForce } from "./orders.ts";
import type { SpotRequest } from "./spot-account.ts";
import type { SimListing } from "./types.ts";
import { type RouteContext, sideOf } from "./wire.ts";

/** Largest order, KRW. */
export const TOTAL_MAX: Exact = exact("1000000000");

/** "missing": a parameter is not there or not known; "mix": those given do not belong together. */
export type BrokenRule = "market" | "missing" | "mix" | "price" | "minimum" | "maximum";

type Asked = Omit<SpotRequest, "clientId" | "plan" | "notReadyLookups">;

/** `typeName` is how the venue calls the order type. */
export function readOrder(
  context: RouteContext,
  typeName: "ord_type" | "order_type",
  matching: Matching,
): Asked | BrokenRule {
  const { fields, nowMs } = context.request;
  const listing = context.listings.get(fields.market?.toUpperCase() ?? "");
  if (fields.market === undefined || fields.market === "") return "missing";
  if (listing === undefined) return "market";
  const side = sideOf({ side: /^(bid|ask)$/.test(fields.side ?? "") ? fields.side! : "" });
  const timeInForce = TIMES_IN_FORCE[fields.time_in_force ?? ""];
  const type = fields[typeName];
  if (side === undefined || timeInForce === undefined || type === undefined) return "missing";
  const price = positive(fields.price);
  const qty = positive(fields.volume);
  if (price === "bad" || qty === "bad") return "mix";
  const best = matching.best(listing.venue, listing.symbol, side, nowMs);
  const asked = shapeOf({ type, side, timeInForce, price, qty, best, listing });
  if (typeof asked === "string") return asked;
  const total = asked.money ?? times(asked.price ?? best ?? 0n, asked.qty!);
  if (total < exact(listing.notionalMin)) return "minimum";
  return total > TOTAL_MAX ? "maximum" : asked;
}

const TIMES_IN_FORCE: Readonly<Record<string, TimeInForce>> = {
  "": "gtc",
  ioc: "ioc",
  fok: "fok",
  post_only: "post-only",
};

interface Parts {
  readonly type: string;
  readonly side: "buy" | "sell";
  readonly timeInForce: TimeInForce;
  readonly price: Exact | undefined;
  readonly qty: Exact | undefined;
  readonly best: Exact | undefined;
  readonly listing: SimListing;
}

function shapeOf({ type, side, timeInForce, price, qty, best, listing }: Parts): Asked | BrokenRule {
  const atOnce = timeInForce === "ioc" || timeInForce === "fok";
  const base = { listing, side };
  switch (type) {
    case "limit":
      if (price === undefined || qty === undefined) return "missing";
      if (price % tickAt(listing, price) !== 0n) return "price";
      return { ...base, kind: "limit", timeInForce, price, qty };
    case "price":
      if (side === "sell" || qty !== undefined || atOnce) return "mix";
      if (price === undefined) return "missing";
      return { ...base, kind: "money", timeInForce: "ioc", money: price };
    case "market":
      if (side === "buy" || price !== undefined || atOnce) return "mix";
      if (qty === undefined) return "missing";
      return { ...base, kind: "market", timeInForce: "ioc", qty };
    case "best":
      if (!atOnce || (side === "buy" ? qty : price) !== undefined) return "mix";
      if ((side === "buy" ? price : qty) === undefined) return "missing";
      if (side === "buy") return { ...base, kind: "money", timeInForce, money: price, best };
      return { ...base, kind: "market", timeInForce, qty, best };
    default:
      return "missing";
  }
}

/** "bad": not a positive decimal of at most eight decimals. */
function positive(text: string | undefined): Exact | undefined | "bad" {
  if (text === undefined || text === "") return undefined;
  const value = parseExact(text);
  return value === undefined || value <= 0n || value % MONEY_STEP !== 0n ? "bad" : value;
}
