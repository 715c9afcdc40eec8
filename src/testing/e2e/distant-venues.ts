// The simulated venues without ports, on a manual clock, some way off: there and back takes 20 to 80 ms, and the venue
// counts the request somewhere in between.

import type { Venue } from "../../../schema/vocabulary.ts";
import type { BookFetcher } from "../../ports/book-fetcher.ts";
import type { Exchanges } from "../../simulator/exchanges.ts";
import { seededRandom } from "../../simulator/faults.ts";
import type { SimBook, SimMarket } from "../../simulator/types.ts";
import type { ManualClock } from "../manual-clock.ts";

const WAY_MS_MIN = 10;
const WAY_MS_MAX = 40;
/** Making a book is most of what a simulated request costs; a market that stands still so long is as hard on limits. */
const BOOKS_KEPT_MS = 300_000;

export type DistantHost = Venue | "binanceSpot";

export interface DistantAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

export type Distance = (
  host: DistantHost,
  target: string,
  headers?: Readonly<Record<string, string>>,
) => Promise<DistantAnswer>;

/** Requests from one of the pretended addresses. */
export function distanceTo(
  exchanges: Exchanges,
  clock: ManualClock,
  { sourceIndex, seed }: { readonly sourceIndex: number; readonly seed: number },
): Distance {
  const random = seededRandom(seed);
  const way = () => clock.sleep(WAY_MS_MIN + Math.floor(random() * (WAY_MS_MAX - WAY_MS_MIN)));
  return async (host, target, headers = {}) => {
    const named = new Headers(headers);
    await way();
    const delivery = exchanges.handle(host, {
      method: "GET",
      target,
      header: (name) => named.get(name),
      body: "",
      address: "127.0.0.1",
      sourceIndex,
    });
    await way();
    if (delivery.kind !== "send") throw new Error(`expected an answer, was ${delivery.kind}`);
    const { status, body } = delivery.reply;
    return { status, headers: new Headers(delivery.headers), body };
  };
}

export function distantFetcher(ask: Distance, clock: ManualClock): BookFetcher {
  return {
    async fetch(venue, request) {
      const { status, headers, body } = await ask(venue, request.path);
      const answer = { status, headers, text: body.slice(0, 300) };
      const bytes = status === 200 ? new TextEncoder().encode(body) : undefined;
      return { bytes, receivedAtMs: clock.nowMs(), outcome: bytes ? "ok" : `http ${status}`, answer };
    },
  };
}

/** What stands in the place of fetch(); an address's host names the venue: http://upbit/v1/... */
export function distantFetch(ask: Distance) {
  return async (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
    const { hostname, pathname, search } = new URL(String(input));
    const host = hostname === "binancespot" ? "binanceSpot" : (hostname as Venue);
    const headers = Object.fromEntries(new Headers(init?.headers));
    const answer = await ask(host, pathname + search, headers);
    answer.headers.set("content-length", String(Buffer.byteLength(answer.body)));
    return new Response(answer.body, answer);
  };
}

/** The same market, whose books are the same for a while but for their time stamps. */
export function withKeptBooks(market: SimMarket): SimMarket {
  const kept = new Map<string, { readonly untilMs: number; readonly book: SimBook }>();
  return {
    ...market,
    book(venue, symbol, atMs, levelsMax) {
      const key = `${venue} ${symbol} ${levelsMax}`;
      const last = kept.get(key);
      if (last && atMs < last.untilMs) return { ...last.book, atMs, sequence: Math.floor(atMs / 100) };
      const book = market.book(venue, symbol, atMs, levelsMax);
      if (book) kept.set(key, { untilMs: atMs + BOOKS_KEPT_MS, book });
      else kept.delete(key);
      return book;
    },
  };
}
