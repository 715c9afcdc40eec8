// What a paper venue lets through: the market's rules from its listing, and why an order is refused before any account
// is looked at. Where a list does not say, the figures are those the live adapters assume.

import { type DomesticVenue, legRoleOf } from "../../../schema/vocabulary.ts";
import { Decimal } from "../../domain/decimal.ts";
import type { Listing } from "../../domain/instrument.ts";
import type { Rejection, RejectKind, SymbolRules, VenueOrder } from "../../ports/trading-venue.ts";
import { krwPriceIncrement } from "./krw-ticks.ts";
import { orderDefect } from "./order-checks.ts";

const KRW_QTY_STEP = Decimal.of("0.00000001");
const NOTIONAL_MIN = { domestic: Decimal.of(5_000), overseas: Decimal.of(5) } as const;
/** The lists do not tell a largest order: 1,000 million KRW, 1 million USDT. */
const NOTIONAL_MAX = { domestic: Decimal.of(1_000_000_000), overseas: Decimal.of(1_000_000) } as const;
/** How far from the best price a perpetual's market order goes on filling. */
const MARKET_BAND = { buy: Decimal.of("1.05"), sell: Decimal.of("0.95") } as const;

export function rejection(kind: RejectKind, message: string, idStillFree = true): Rejection {
  return { kind, code: `paper-${kind}`, message, idStillFree };
}

/** `price`: the present one. Undefined: the listing lacks what an order needs. */
export function rulesOf(listing: Listing, price: Decimal): SymbolRules | undefined {
  const { symbol, tradable, venue } = listing;
  const role = legRoleOf(venue);
  const told = (text: string | undefined) => (text === undefined ? undefined : Decimal.of(text));
  const isHome = role === "domestic";
  const qtyStep = told(listing.qtyStep) ?? (isHome ? KRW_QTY_STEP : undefined);
  const priceIncrement =
    told(listing.priceIncrement) ?? (isHome ? krwPriceIncrement(venue as DomesticVenue, price) : undefined);
  if (qtyStep === undefined || priceIncrement === undefined) return undefined;
  const qtyMax = NOTIONAL_MAX[role].dividedBy(price, 8, "down").toStep(qtyStep, "down");
  return {
    symbol,
    qtyStep,
    qtyMin: told(listing.qtyMin) ?? qtyStep,
    qtyMaxMarket: qtyMax,
    qtyMaxLimit: qtyMax,
    priceIncrement,
    notionalMin: told(listing.notionalMin) ?? NOTIONAL_MIN[role],
    tradable,
  };
}

/** Why the live adapters would not send it either. */
export function paperDefect(listing: Pick<Listing, "venue">, order: VenueOrder): string | undefined {
  const isHome = legRoleOf(listing.venue) === "domestic";
  const defect = orderDefect(order);
  if (defect !== undefined) return defect;
  if (isHome && order.side === "buy" && order.limitPrice === undefined) {
    return "expected a limit price: a market buy is by money here, not by quantity";
  }
  if (!isHome && order.reducesShort && order.side === "sell") {
    return "expected a buy to reduce a short, was a sell";
  }
  return undefined;
}

/** `price`: the best one the order meets. */
export function refusalByRules(listing: Listing, order: VenueOrder, price: Decimal): Rejection | undefined {
  const { qty, limitPrice, symbol } = order;
  const rules = rulesOf(listing, price);
  if (rules === undefined) return rejection("closed", `the list does not tell the rules of ${symbol}`);
  const leaves = legRoleOf(listing.venue) === "domestic" ? order.side === "sell" : order.reducesShort;
  if (!rules.tradable && !leaves) return rejection("closed", `${symbol} is not open to entries`);
  if (!qty.toStep(rules.qtyStep, "down").equals(qty)) {
    return rejection("quantity", `expected a multiple of ${rules.qtyStep}, was ${qty}`);
  }
  if (limitPrice === undefined && qty.above(rules.qtyMaxMarket)) {
    return rejection("quantity", `expected at most ${rules.qtyMaxMarket} at market, was ${qty}`);
  }
  if (limitPrice !== undefined) {
    const increment = incrementAt(listing, rules.priceIncrement, { price, limitPrice });
    if (!limitPrice.toStep(increment, "down").equals(limitPrice)) {
      return rejection("price", `expected a multiple of ${increment}, was ${limitPrice}`);
    }
  }
  if (qty.below(rules.qtyMin)) return rejection("minimum", `expected ${rules.qtyMin} or more, was ${qty}`);
  const isExempt = legRoleOf(listing.venue) === "overseas" && order.reducesShort;
  const notional = qty.times(limitPrice ?? price);
  if (!isExempt && notional.below(rules.notionalMin)) {
    return rejection("minimum", `expected a worth of ${rules.notionalMin} or more, was ${notional}`);
  }
  return undefined;
}

/** At home a limit price may lie in another band than the present one; a market of its own kind keeps its increment. */
function incrementAt(
  { venue }: Listing,
  now: Decimal,
  { price, limitPrice }: { readonly price: Decimal; readonly limitPrice: Decimal },
): Decimal {
  if (venue !== "upbit" && venue !== "bithumb") return now;
  return now.equals(krwPriceIncrement(venue, price)) ? krwPriceIncrement(venue, limitPrice) : now;
}

/** The worst price an order may fill at; undefined: whatever the book has. */
export function boundOf(
  listing: Pick<Listing, "venue">,
  order: VenueOrder,
  price: Decimal,
): Decimal | undefined {
  if (order.limitPrice !== undefined) return order.limitPrice;
  return legRoleOf(listing.venue) === "domestic" ? undefined : price.times(MARKET_BAND[order.side]);
}
