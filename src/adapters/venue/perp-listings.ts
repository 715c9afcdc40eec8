// From a perpetual's row to the listing of a Korean coin: what Bybit's and Binance's lists have in common.

import type { OverseasVenue } from "../../../schema/vocabulary.ts";
import type { Listing } from "../../domain/instrument.ts";
import { MATCH_BASES, matchCoin } from "../../domain/multiplier.ts";

/** A USDT perpetual as the venue lists it, whatever coin it is of. */
export interface Perpetual
  extends Omit<Listing, "venue" | "coin" | "multiplier" | "displayName" | "warnings"> {
  /** As the venue prints it: "BTC", "1000PEPE", "SHIB1000". */
  readonly base: string;
}

/**
 * The listings of coins that trade in Korea. Where two perpetuals may be of one coin both are given, the better
 * founded first: confirmByPrice settles it, and joining by coin takes the first.
 */
export function listingsOf(
  venue: OverseasVenue,
  perpetuals: readonly Perpetual[],
  koreanTickers: ReadonlySet<string>,
): Listing[] {
  const matched = perpetuals.flatMap(({ base, ...perpetual }) => {
    const match = matchCoin(venue, base, koreanTickers);
    if (match === undefined) return [];
    const { coin, multiplier, basis } = match;
    return [{ listing: { venue, coin, multiplier, displayName: base, warnings: [], ...perpetual }, basis }];
  });
  const rank = ({ basis }: (typeof matched)[number]) => MATCH_BASES.indexOf(basis);
  return matched.sort((a, b) => rank(a) - rank(b)).map(({ listing }) => listing);
}
