// Fresh books for decisions about money, through the scheduler's own share of the budgets. Everybody who needs a market
// at the same moment gets the same answer: Upbit allows ten requests a second, and ten strategies fire at once.

import { PAIRS, type PairKey, type Venue } from "../../schema/vocabulary.ts";
import { bookDefect, createOrderBook, type OrderBook } from "../domain/order-book.ts";
import type { BookDesk, FreshBooks } from "../ports/book-desk.ts";
import type { BookFetcher } from "../ports/book-fetcher.ts";
import type { Clock } from "../ports/clock.ts";
import type { VenueBooks } from "../ports/market-data.ts";
import type { RateGovernor } from "../ports/rate-governor.ts";

export interface BookDeskDeps {
  readonly clock: Clock;
  readonly fetcher: BookFetcher;
  readonly governor: Pick<RateGovernor, "reserve">;
  readonly venues: Readonly<Record<Venue, VenueBooks>>;
  /** The venue's symbol of a coin and how deep its book has to be asked for; undefined when it is not listed. */
  readonly market: (venue: Venue, coin: string) => BookMarket | undefined;
}

export interface BookMarket {
  readonly symbol: string;
  readonly depth: number;
}

export interface SeenBook {
  readonly book: OrderBook;
  readonly atMs: number;
}

/** An answer this young is given to the next who asks. */
const SHARED_MS = 250;
const LEVELS_MAX = 1_000;
const ALL = { askQtyEnough: Number.POSITIVE_INFINITY, bidQtyEnough: Number.POSITIVE_INFINITY };

export function createBookDesk(deps: BookDeskDeps): BookDesk & {
  /** One venue's book of a symbol; `depth` counts at Binance only. */
  book(venue: Venue, market: BookMarket, timeoutMs: number): Promise<SeenBook | undefined>;
} {
  const shared = new Map<
    string,
    { readonly begunMs: number; readonly seen: Promise<SeenBook | undefined> }
  >();

  function book(venue: Venue, market: BookMarket, timeoutMs: number): Promise<SeenBook | undefined> {
    const key = `${venue} ${market.symbol} ${market.depth}`;
    const nowMs = deps.clock.monotonicMs();
    const held = shared.get(key);
    if (held && nowMs - held.begunMs < SHARED_MS) return held.seen;
    for (const [name, { begunMs }] of shared) if (nowMs - begunMs >= SHARED_MS) shared.delete(name);
    const seen = read(venue, market, timeoutMs).catch(() => undefined);
    shared.set(key, { begunMs: nowMs, seen });
    // Who comes after a failure asks for himself.
    void seen.then((found) => {
      if (!found && shared.get(key)?.seen === seen) shared.delete(key);
    });
    return seen;
  }

  async function read(venue: Venue, market: BookMarket, timeoutMs: number): Promise<SeenBook | undefined> {
    const request = deps.venues[venue].plan([market])[0]!;
    const begunMs = deps.clock.monotonicMs();
    const grant = await deps.governor.reserve({ [venue]: request.cost }, timeoutMs / 2, { urgent: true });
    if (!grant.venues.has(venue)) return undefined;
    const leftMs = timeoutMs - (deps.clock.monotonicMs() - begunMs);
    if (leftMs <= 0) {
      grant.settle(venue, request.cost, "unsent");
      return undefined;
    }
    const got = await deps.fetcher.fetch(venue, request, leftMs);
    grant.settle(venue, request.cost, got.answer);
    if (!got.bytes) return undefined;
    // A buffer of its own: whoever decides on it keeps it while others are read.
    const target = createOrderBook(LEVELS_MAX);
    const outcome = deps.venues[venue].scan(
      got.bytes,
      request,
      (symbol) => (symbol === market.symbol ? target : undefined),
      () => ALL,
    );
    if (outcome !== "ok" || bookDefect(target)) return undefined;
    return { book: target, atMs: got.receivedAtMs };
  }

  return {
    book,
    async fresh(coin: string, pairKey: PairKey, timeoutMs: number): Promise<FreshBooks | undefined> {
      const pair = PAIRS.find(({ key }) => key === pairKey)!;
      const home = deps.market(pair.domestic, coin);
      const abroad = deps.market(pair.overseas, coin);
      if (!home || !abroad) return undefined;
      const [domestic, overseas] = await Promise.all([
        book(pair.domestic, home, timeoutMs),
        book(pair.overseas, abroad, timeoutMs),
      ]);
      if (!domestic || !overseas) return undefined;
      return {
        domestic: domestic.book,
        overseas: overseas.book,
        atMs: Math.min(domestic.atMs, overseas.atMs),
      };
    },
  };
}
