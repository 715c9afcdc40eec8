import { expect, test } from "bun:test";
import type { Venue } from "../../schema/vocabulary.ts";
import type { VenueBooks } from "../ports/market-data.ts";
import type { VenueAnswer } from "../ports/rate-governor.ts";
import { ManualClock } from "../testing/manual-clock.ts";
import { type BookDeskDeps, createBookDesk } from "./book-desk.ts";

const LATENCY_MS = 40;

/** A desk over venues that answer with a book of one level, whose best ask is the request's number. */
function rig() {
  const clock = new ManualClock();
  const asked: Venue[] = [];
  const settled: string[] = [];
  const away = new Set<Venue>();
  const without = new Set<Venue>();
  let bid = 1;
  const booksOf = (venue: Venue): VenueBooks => ({
    venue,
    plan: (wanted) => wanted.map(({ symbol }) => ({ symbols: [symbol], path: symbol, cost: 1 })),
    scan: (bytes, _request, bookOf) => {
      const [symbol, number] = new TextDecoder().decode(bytes).split(" ");
      const target = bookOf(symbol!)!;
      target.askPrices[0] = Number(number) + 1;
      target.bidPrices[0] = bid;
      target.askQtys[0] = target.bidQtys[0] = 1;
      target.askCount = target.bidCount = 1;
      return "ok";
    },
  });
  const deps: BookDeskDeps = {
    clock,
    fetcher: {
      fetch: async (venue, { path }) => {
        asked.push(venue);
        const number = asked.length;
        await clock.sleep(LATENCY_MS);
        const isAway = away.has(venue);
        const bytes = isAway ? undefined : new TextEncoder().encode(`${path} ${number}`);
        const answer = { status: isAway ? 0 : 200, headers: undefined } as unknown as VenueAnswer;
        return { bytes, receivedAtMs: clock.nowMs(), outcome: "", answer };
      },
    },
    governor: {
      reserve: async (costs) => ({
        venues: new Set((Object.keys(costs) as Venue[]).filter((venue) => !without.has(venue))),
        settle: (venue, _cost, answer) =>
          void settled.push(`${venue} ${answer === "unsent" ? answer : answer.status}`),
      }),
    },
    venues: {
      upbit: booksOf("upbit"),
      bithumb: booksOf("bithumb"),
      bybit: booksOf("bybit"),
      binance: booksOf("binance"),
    },
    market: (venue, coin) => (coin === "XRP" ? { symbol: `${venue}-XRP`, depth: 30 } : undefined),
  };
  return { clock, asked, settled, away, without, desk: createBookDesk(deps), cross: () => (bid = 1_000) };
}

test("whoever asks for a market within a quarter of a second gets the same answer, and the next one a new one", async () => {
  const { clock, asked, desk } = rig();
  const first = desk.fresh("XRP", "upbit-bybit", 1_000);
  const second = desk.fresh("XRP", "upbit-binance", 1_000);
  await clock.advance(LATENCY_MS);
  const [one, other] = [(await first)!, (await second)!];
  expect(asked).toEqual(["upbit", "bybit", "binance"]);
  expect(one.domestic).toBe(other.domestic);
  expect(one.atMs).toBe(clock.nowMs());
  await clock.advance(249 - LATENCY_MS);
  const third = desk.fresh("XRP", "upbit-bybit", 1_000);
  await clock.advance(1);
  expect((await third)!.domestic).toBe(one.domestic);
  const fourth = desk.fresh("XRP", "upbit-bybit", 1_000);
  await clock.advance(LATENCY_MS);
  expect(asked.length).toBe(5);
  // A buffer of its own: what was given out stays as it was.
  expect((await fourth)!.domestic).not.toBe(one.domestic);
  expect(one.domestic.askPrices[0]).toBe(2);
});

test("a failure is not shared: who comes after it asks for himself", async () => {
  const { clock, asked, away, settled, desk } = rig();
  away.add("bybit");
  const failed = desk.fresh("XRP", "upbit-bybit", 1_000);
  await clock.advance(LATENCY_MS);
  expect(await failed).toBeUndefined();
  away.clear();
  const again = desk.fresh("XRP", "upbit-bybit", 1_000);
  await clock.advance(LATENCY_MS);
  expect(await again).toBeDefined();
  expect(asked).toEqual(["upbit", "bybit", "bybit"]);
  expect(settled).toEqual(["upbit 200", "bybit 0", "bybit 200"]);
});

test("without budget, without a listing, or with a crossed book there are no books", async () => {
  const { clock, asked, without, desk, cross } = rig();
  without.add("upbit");
  const none = desk.fresh("XRP", "upbit-bybit", 1_000);
  await clock.advance(LATENCY_MS);
  expect(await none).toBeUndefined();
  expect(asked).toEqual(["bybit"]);
  expect(await desk.fresh("DOGE", "upbit-bybit", 1_000)).toBeUndefined();
  without.clear();
  cross();
  const crossed = desk.fresh("XRP", "bithumb-binance", 1_000);
  await clock.advance(LATENCY_MS);
  expect(await crossed).toBeUndefined();
});
