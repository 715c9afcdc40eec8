// The money a paper account begins with, and begins with again.

import { DOMESTIC_VENUES, type Venue } from "../../schema/vocabulary.ts";
import { Decimal } from "./decimal.ts";

const START_KRW = Decimal.of(100_000_000);
const START_USDT = Decimal.of(100_000);

/** What a paper venue keeps its money in, and how much of it there is at first. */
export function paperStartOf(venue: Venue): { readonly asset: "KRW" | "USDT"; readonly amount: Decimal } {
  const isDomestic = (DOMESTIC_VENUES as readonly Venue[]).includes(venue);
  return isDomestic ? { asset: "KRW", amount: START_KRW } : { asset: "USDT", amount: START_USDT };
}
