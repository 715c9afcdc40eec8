// KRW per USDT from the best ask of KRW-USDT on Upbit, Bithumb's when Upbit's is unusable. Asked every few seconds
// through the scheduler's own share of the budgets.

import type { Venue } from "../../schema/vocabulary.ts";
import { bookDefect, clearOrderBook, createOrderBook } from "../domain/order-book.ts";
import type { ReferencePrice } from "../domain/rate-table.ts";
import type { BookFetcher } from "../ports/book-fetcher.ts";
import type { Clock } from "../ports/clock.ts";
import type { VenueBooks } from "../ports/market-data.ts";
import type { RateGovernor } from "../ports/rate-governor.ts";

export interface ReferenceDeps {
  readonly clock: Clock;
  readonly fetcher: BookFetcher;
  readonly governor: RateGovernor;
  readonly venues: Readonly<Record<Venue, VenueBooks>>;
  readonly requestTimeoutMs: number;
}

const SYMBOL = "KRW-USDT";
/** Of the most traded market there is: a stamp further off, either way, means a stale book or a wrong clock. */
const STAMP_AGE_MS_MAX = 10_000;
const STAMP_AHEAD_MS_MAX = 2_000;
const SPREAD_RATIO_MAX = 0.005;

/** The price now, or undefined when neither venue gives a usable book. Never rejects. */
export async function readReferencePrice(deps: ReferenceDeps): Promise<ReferencePrice | undefined> {
  const [upbit, bithumb] = await Promise.all([readOne(deps, "upbit"), readOne(deps, "bithumb")]);
  return upbit ?? bithumb;
}

async function readOne(deps: ReferenceDeps, venue: "upbit" | "bithumb"): Promise<ReferencePrice | undefined> {
  const request = deps.venues[venue].plan([{ symbol: SYMBOL, depth: 30 }])[0]!;
  const grant = await deps.governor.reserve({ [venue]: request.cost }, deps.requestTimeoutMs);
  if (!grant.venues.has(venue)) return undefined;
  const got = await deps.fetcher.fetch(venue, request, deps.requestTimeoutMs);
  grant.settle(venue, request.cost, got.answer);
  if (!got.bytes) return undefined;
  const book = createOrderBook(30);
  clearOrderBook(book);
  const all = { askQtyEnough: Number.POSITIVE_INFINITY, bidQtyEnough: Number.POSITIVE_INFINITY };
  const outcome = deps.venues[venue].scan(
    got.bytes,
    request,
    (symbol) => (symbol === SYMBOL ? book : undefined),
    () => all,
  );
  if (outcome !== "ok" || bookDefect(book)) return undefined;
  const askKrw = book.askPrices[0]!;
  if (askKrw / book.bidPrices[0]! - 1 > SPREAD_RATIO_MAX) return undefined;
  const stampAgeMs = book.stampAtMs > 0 ? got.receivedAtMs - book.stampAtMs : 0;
  if (stampAgeMs > STAMP_AGE_MS_MAX || stampAgeMs < -STAMP_AHEAD_MS_MAX) return undefined;
  return { priceKrw: askKrw, venue, atMs: got.receivedAtMs };
}
