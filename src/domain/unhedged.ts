// What a running intent has on one leg and not yet on the other. Pure, from fills alone.

import { Decimal } from "./decimal.ts";
import type { EndFill } from "./intent-ends.ts";

const DOMESTIC: ReadonlySet<EndFill["purpose"]> = new Set(["buy", "sell"]);

/**
 * KRW at the average price of the domestic fills, or `priceKrw` before there are any; rounded up to whole KRW, never
 * negative. An entry's is what was bought and neither sold back nor hedged, an exit's what only one of its legs has
 * left. Less than one lot of it may stay to the end: that becomes dust.
 */
export function unhedgedKrw({
  multiplier,
  priceKrw,
  fills,
}: {
  /** Coins a contract. */
  readonly multiplier: Decimal;
  readonly priceKrw: Decimal;
  readonly fills: readonly Pick<EndFill, "purpose" | "price" | "qty">[];
}): Decimal {
  const qtyOf = (purpose: EndFill["purpose"]) =>
    Decimal.sum(fills.filter((fill) => fill.purpose === purpose).map(({ qty }) => qty));
  const domestic = qtyOf("buy").minus(qtyOf("unwind")).minus(qtyOf("sell"));
  const overseas = qtyOf("hedge").minus(qtyOf("cover")).times(multiplier);
  const coins = domestic.minus(overseas).abs();
  const home = fills.filter(({ purpose }) => DOMESTIC.has(purpose));
  const homeQty = Decimal.sum(home.map(({ qty }) => qty));
  if (homeQty.isZero) return coins.times(priceKrw).rounded(0, "up");
  const homeKrw = Decimal.sum(home.map(({ price, qty }) => price.times(qty)));
  return coins.times(homeKrw).dividedBy(homeQty, 0, "up");
}
