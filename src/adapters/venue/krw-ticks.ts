// The price increments of the Korean markets, by price. Upbit tells the one at the present price
// (`/v1/orderbook/instruments`), Bithumb none; a limit price may lie in another band than the present price, and then
// this table decides. https://docs.upbit.com (2025-07-31); Bithumb's trade kit (2026). Below 100 KRW Upbit's is common
// knowledge, not documented.

import type { DomesticVenue } from "../../../schema/vocabulary.ts";
import { Decimal } from "../../domain/decimal.ts";

type Bands = readonly (readonly [fromKrw: Decimal, increment: Decimal])[];

const bands = (rows: readonly (readonly [from: string, increment: string])[]): Bands =>
  rows.map(([from, increment]) => [Decimal.of(from), Decimal.of(increment)] as const);

/** From 5,000 KRW on both are alike. */
const ABOVE_5000 = [
  ["1000000", "1000"],
  ["500000", "500"],
  ["100000", "100"],
  ["50000", "50"],
  ["10000", "10"],
  ["5000", "5"],
] as const;

const TABLES: Readonly<Record<DomesticVenue, Bands>> = {
  upbit: bands([
    ...ABOVE_5000,
    ["100", "1"],
    ["10", "0.1"],
    ["1", "0.01"],
    ["0.1", "0.001"],
    ["0.01", "0.0001"],
    ["0.001", "0.00001"],
    ["0.0001", "0.000001"],
    ["0.00001", "0.0000001"],
    ["0", "0.00000001"],
  ]),
  bithumb: bands([...ABOVE_5000, ["100", "1"], ["10", "0.01"], ["1", "0.001"], ["0", "0.0001"]]),
};

/** The increment in KRW that a price at this venue must be a multiple of. */
export function krwPriceIncrement(venue: DomesticVenue, priceKrw: Decimal): Decimal {
  return TABLES[venue].find(([fromKrw]) => priceKrw.atLeast(fromKrw))![1];
}
