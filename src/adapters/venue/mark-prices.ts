// What Bybit and Binance mark all their contracts at, in one public request: for guarding more accounts than can be read.

import type { OverseasVenue } from "../../../schema/vocabulary.ts";
import { Decimal } from "../../domain/decimal.ts";
import type { Clock } from "../../ports/clock.ts";
import type { RateGovernor } from "../../ports/rate-governor.ts";
import { ListFault } from "../../ports/venue-lists.ts";
import * as binance from "./binance/parse.ts";
import * as bybit from "./bybit/parse.ts";
import { httpGet, type VenueUrls } from "./http.ts";
import { issueText } from "./parsed.ts";

const TIMEOUT_MS = 3_000;
/** Binance's weight of premiumIndex for all symbols. */
const REQUESTS = {
  bybit: { path: "/v5/market/tickers?category=linear", cost: 1, parse: bybit.parseFunding },
  binance: { path: "/fapi/v1/premiumIndex", cost: 10, parse: binance.parseFunding },
} as const;

/** Mark prices in USDT by symbol, of perpetuals. Rejects with ListFault when they cannot be had. */
export function createMarkPrices(deps: {
  readonly urls: VenueUrls;
  readonly clock: Clock;
  readonly governor: RateGovernor;
}): (venue: OverseasVenue) => Promise<ReadonlyMap<string, Decimal>> {
  return async (venue) => {
    const { path, cost, parse } = REQUESTS[venue];
    const fault = (why: string) => new ListFault(`${venue} mark prices: ${why}`);
    const grant = await deps.governor.reserve({ [venue]: cost }, TIMEOUT_MS, { urgent: true });
    if (!grant.venues.has(venue)) throw fault("no budget");
    const got = await httpGet(deps.urls[venue] + path, TIMEOUT_MS, deps.clock);
    grant.settle(venue, cost, got.answer);
    if (!got.bytes) throw fault(got.outcome);
    const parsed = parse(got.bytes);
    if (!parsed.ok) throw fault(parsed.issues.slice(0, 3).map(issueText).join("; "));
    return new Map(
      parsed.value.flatMap(({ symbol, markPriceUsdt }) => {
        const price = Decimal.of(markPriceUsdt);
        return price.isPositive ? [[symbol, price] as const] : [];
      }),
    );
  };
}
