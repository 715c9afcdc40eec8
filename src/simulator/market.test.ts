import { expect, test } from "bun:test";
import fc from "fast-check";
import { runsOf } from "../testing/runs.ts";
import { SIM_VENUES } from "./listings.ts";
import { createMarket, TRAPS } from "./market.ts";
import type { SimVenue } from "./types.ts";

const RUNS = runsOf(50, 3_000);
const START_AT_MS = Date.UTC(2026, 10, 22, 3);
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

const market = createMarket({ seed: 1, startAtMs: START_AT_MS });
const listingOf = (venue: SimVenue, symbol: string, atMs = START_AT_MS) =>
  market.listings(venue, atMs).find((listing) => listing.symbol === symbol);

function middleOf(venue: SimVenue, symbol: string, atMs: number): number {
  const book = market.book(venue, symbol, atMs, 1)!;
  return (Number(book.asks[0]![0]) + Number(book.bids[0]![0])) / 2;
}

/** Assets by venue, so that identity and not the ticker decides. */
function assetsOn(venue: SimVenue, atMs: number): Set<string> {
  return new Set(market.listings(venue, atMs).map((listing) => listing.assetId));
}

test("one seed is one market, in any order of questions", () => {
  const question = fc.record({
    listing: fc.constantFrom(...SIM_VENUES.flatMap((venue) => market.listings(venue, START_AT_MS))),
    atMs: fc.integer({ min: START_AT_MS - 10 * DAY_MS, max: START_AT_MS + 10 * DAY_MS }),
    kind: fc.constantFrom("book", "candles", "funding", "listings"),
  });
  type Question = typeof question extends fc.Arbitrary<infer Q> ? Q : never;
  const answer = (to: typeof market, { listing, atMs, kind }: Question): unknown => {
    const { venue, symbol } = listing;
    if (kind === "book") return to.book(venue, symbol, atMs, 20);
    if (kind === "candles") return to.candles(venue, symbol, 5 * MINUTE_MS, atMs, 3);
    if (kind === "listings") return JSON.stringify(to.listings(venue, atMs));
    return venue === "bybit" || venue === "binance" ? to.funding(venue, symbol, atMs) : undefined;
  };
  fc.assert(
    fc.property(fc.array(question, { minLength: 2, maxLength: 6 }), (questions) => {
      const other = createMarket({ seed: 1, startAtMs: START_AT_MS });
      const backwards = questions.toReversed().map((asked) => answer(other, asked));
      expect(backwards.toReversed()).toEqual(questions.map((asked) => answer(market, asked)));
    }),
    { numRuns: RUNS / 10 },
  );
});

test("another seed is another market", () => {
  const other = createMarket({ seed: 2, startAtMs: START_AT_MS });
  expect(other.book("upbit", "KRW-BTC", START_AT_MS, 5)).not.toEqual(
    market.book("upbit", "KRW-BTC", START_AT_MS, 5),
  );
});

test("at least 131 coins are on all four venues, also after the delistings, and no symbol twice on one", () => {
  for (const atMs of [START_AT_MS, START_AT_MS + DAY_MS]) {
    const onAll = [...assetsOn("upbit", atMs)].filter((id) =>
      SIM_VENUES.every((venue) => assetsOn(venue, atMs).has(id)),
    );
    expect(onAll.length).toBeGreaterThanOrEqual(131);
    for (const venue of SIM_VENUES) {
      const symbols = market.listings(venue, atMs).map((listing) => listing.symbol);
      expect(new Set(symbols).size).toBe(symbols.length);
      expect(symbols.length).toBeGreaterThanOrEqual(140);
    }
  }
});

test("coins cost from 150,000,000 KRW down to a hundredth of a won and less", () => {
  const prices = market
    .listings("upbit", START_AT_MS)
    .map(({ symbol }) => middleOf("upbit", symbol, START_AT_MS));
  expect(Math.max(...prices)).toBeGreaterThan(120_000_000);
  expect(Math.max(...prices)).toBeLessThan(200_000_000);
  expect(Math.min(...prices)).toBeLessThan(0.01);
});

test("listings of one asset agree on the implied rate within a few per cent; impostors do not", () => {
  const reference = middleOf("upbit", "KRW-USDT", START_AT_MS);
  const stuck = new Map<string, number>(TRAPS.stuckPremiums.map((row) => [row.ticker, row.ratio]));
  for (const domestic of ["upbit", "bithumb"] as const) {
    for (const overseas of ["bybit", "binance"] as const) {
      const byAsset = Map.groupBy(market.listings(overseas, START_AT_MS), (listing) => listing.assetId);
      for (const listing of market.listings(domestic, START_AT_MS)) {
        for (const perpetual of byAsset.get(listing.assetId) ?? []) {
          const usdt = middleOf(overseas, perpetual.symbol, START_AT_MS) / perpetual.multiplier;
          const krw = middleOf(domestic, listing.symbol, START_AT_MS);
          const premium = krw / usdt / reference - 1 - (stuck.get(listing.base) ?? 0);
          const rounding = listing.priceIncrementAt(krw) / krw;
          expect(Math.abs(premium - 0.01)).toBeLessThan(0.05 + rounding);
        }
      }
    }
  }
  for (const impostor of TRAPS.impostors) {
    for (const domestic of impostor.domestic) {
      for (const overseas of impostor.overseas) {
        const krw = middleOf(domestic, `KRW-${impostor.ticker}`, START_AT_MS);
        const usdt = middleOf(overseas, impostor.overseasSymbol, START_AT_MS);
        expect(Math.abs(krw / usdt / reference - 1)).toBeGreaterThan(0.2);
        expect(listingOf(domestic, `KRW-${impostor.ticker}`)!.assetId).not.toBe(
          listingOf(overseas, impostor.overseasSymbol)!.assetId,
        );
      }
    }
  }
});

test("premiums of coins open and close between about -2 and +4 per cent", () => {
  const seen: number[] = [];
  const moves: number[] = [];
  for (const base of ["ARKM", "ZETA", "IOTA", "NIL", "HIVE", "TIA", "ENA"]) {
    const premiums = Array.from({ length: 49 }, (_, hour) => {
      const atMs = START_AT_MS - hour * HOUR_MS;
      const rate = middleOf("upbit", `KRW-${base}`, atMs) / middleOf("binance", `${base}USDT`, atMs);
      return rate / middleOf("upbit", "KRW-USDT", atMs) - 1;
    });
    seen.push(...premiums);
    moves.push(Math.max(...premiums) - Math.min(...premiums));
  }
  expect(Math.min(...seen)).toBeGreaterThan(-0.035);
  expect(Math.max(...seen)).toBeLessThan(0.055);
  expect(Math.min(...moves)).toBeGreaterThan(0.005);
  expect(Math.max(...moves)).toBeGreaterThan(0.02);
});

test("multiplier, digit-named and doubled contracts are listed as the trap table says", () => {
  expect(listingOf("bybit", "SHIB1000USDT")!.multiplier).toBe(1_000);
  expect(listingOf("binance", "1000SHIBUSDT")!.multiplier).toBe(1_000);
  expect(listingOf("bybit", "10000SATSUSDT")!.multiplier).toBe(10_000);
  expect(listingOf("binance", "1000SATSUSDT")!.multiplier).toBe(1_000);
  expect(listingOf("binance", "1MBABYDOGEUSDT")!.multiplier).toBe(1_000_000);
  for (const base of ["1INCH", "0G", "2Z", "4"])
    expect(listingOf("binance", `${base}USDT`)!.multiplier).toBe(1);
  const [cat, thousandCat] = [listingOf("binance", "CATUSDT")!, listingOf("binance", "1000CATUSDT")!];
  expect(cat.assetId).not.toBe(thousandCat.assetId);
  expect(listingOf("bithumb", "KRW-CAT")!.assetId).toBe(thousandCat.assetId);
  const withMultiplier = SIM_VENUES.flatMap((venue) => market.listings(venue, START_AT_MS)).filter(
    (l) => l.multiplier !== 1,
  );
  expect(new Set(withMultiplier.map((listing) => listing.base))).toEqual(
    new Set(Object.keys(TRAPS.multipliers)),
  );
});

test("delistings are announced before they happen, then the listing and its book are gone", () => {
  for (const { venue, symbol, announcedAfterMs, goneAfterMs } of TRAPS.delistings) {
    const goneAtMs = START_AT_MS + goneAfterMs;
    if (announcedAfterMs > 0) expect(listingOf(venue, symbol)!.delistAtMs).toBeUndefined();
    expect(listingOf(venue, symbol, START_AT_MS + announcedAfterMs)!.delistAtMs).toBe(goneAtMs);
    expect(market.book(venue, symbol, goneAtMs - 1, 5)).toBeDefined();
    expect(market.book(venue, symbol, goneAtMs, 5)).toBeUndefined();
    expect(listingOf(venue, symbol, goneAtMs)).toBeUndefined();
    expect(market.candles(venue, symbol, MINUTE_MS, goneAtMs, 5)).toEqual([]);
  }
  expect(market.book("upbit", "KRW-NOPE", START_AT_MS, 5)).toBeUndefined();
});

test("wallets are as the trap table says, LSK's close and open again, and warnings are shown", () => {
  for (const { venue, ticker, deposit, withdraw, cycle } of TRAPS.wallets) {
    const find = (atMs: number) =>
      market.listings(venue, atMs).find((listing) => listing.base.endsWith(ticker))!.wallet;
    const atMs = cycle === undefined ? START_AT_MS : Math.ceil(START_AT_MS / cycle.periodMs) * cycle.periodMs;
    expect(find(atMs)).toMatchObject({ deposit, withdraw });
    if (cycle !== undefined)
      expect(find(atMs + cycle.closedMs)).toMatchObject({ deposit: true, withdraw: true });
  }
  for (const { venue, ticker, warnings } of TRAPS.warnings) {
    expect(listingOf(venue, `KRW-${ticker}`)!.warnings).toEqual(warnings);
  }
});

test("candles are whole, nest in longer ones and end with the price now", () => {
  const symbols = ["KRW-BTC", "KRW-XRP", "KRW-SHIB", "KRW-YFI"];
  const instant = fc.integer({ min: START_AT_MS - 50 * DAY_MS, max: START_AT_MS });
  fc.assert(
    fc.property(fc.constantFrom(...symbols), instant, (symbol, toMs) => {
      const hour = market.candles("upbit", symbol, HOUR_MS, toMs, 1)[0]!;
      const minutes = market
        .candles("upbit", symbol, MINUTE_MS, toMs, 60)
        .filter((c) => c.startAtMs >= hour.startAtMs);
      expect(hour.startAtMs).toBe(Math.floor(toMs / HOUR_MS) * HOUR_MS);
      expect(minutes[0]!.startAtMs).toBe(hour.startAtMs);
      expect(hour.open).toBe(minutes[0]!.open);
      expect(hour.close).toBe(minutes.at(-1)!.close);
      expect(hour.high).toBe(Math.max(...minutes.map((candle) => candle.high)));
      expect(hour.low).toBe(Math.min(...minutes.map((candle) => candle.low)));
      const fourHours = market.candles("upbit", symbol, 4 * HOUR_MS, toMs, 1)[0]!;
      const hours = market
        .candles("upbit", symbol, HOUR_MS, toMs, 4)
        .filter((c) => c.startAtMs >= fourHours.startAtMs);
      expect([fourHours.open, fourHours.close]).toEqual([hours[0]!.open, hour.close]);
      expect(fourHours.high).toBe(Math.max(...hours.map((candle) => candle.high)));
      expect(fourHours.low).toBe(Math.min(...hours.map((candle) => candle.low)));
      const volume = minutes.reduce((sum, candle) => sum + candle.volumeCoin, 0);
      expect(Math.abs(hour.volumeCoin - volume)).toBeLessThanOrEqual(1e-4 * volume + 1e-6);
      const book = market.book("upbit", symbol, toMs, 1)!;
      const increment = listingOf("upbit", symbol)!.priceIncrementAt(hour.close);
      expect(hour.close).toBeGreaterThan(Number(book.bids[0]![0]) - 2 * increment - hour.close * 0.001);
      expect(hour.close).toBeLessThan(Number(book.asks[0]![0]) + 2 * increment + hour.close * 0.001);
    }),
    { numRuns: RUNS / 5 },
  );
});

test("three months of candles are there, days and weeks start where venues start them, none precede the launch", () => {
  const days = market.candles("binance", "ETHUSDT", DAY_MS, START_AT_MS, 90);
  const ages = days.map((candle) => (START_AT_MS - candle.startAtMs) / DAY_MS);
  const { launchAtMs } = listingOf("binance", "ETHUSDT")!;
  expect(days.length).toBe(
    Math.min(90, Math.floor(START_AT_MS / DAY_MS) - Math.floor(launchAtMs / DAY_MS) + 1),
  );
  expect(ages.at(-1)).toBeLessThan(1);
  const week = market.candles("binance", "ETHUSDT", 7 * DAY_MS, START_AT_MS, 1)[0]!;
  expect(new Date(week.startAtMs).getUTCDay()).toBe(1);
  const youngest = market
    .listings("binance", START_AT_MS)
    .reduce((one, other) => (other.launchAtMs > one.launchAtMs ? other : one));
  const all = market.candles("binance", youngest.symbol, 7 * DAY_MS, START_AT_MS, 1_000);
  expect(all.length).toBeGreaterThan(0);
  expect(all[0]!.startAtMs + 7 * DAY_MS).toBeGreaterThan(youngest.launchAtMs);
});

test("funding is due on whole intervals, within the cap, and mark stays near index", () => {
  for (const venue of ["bybit", "binance"] as const) {
    for (const { symbol } of market.listings(venue, START_AT_MS)) {
      const { rate, intervalMs, nextAtMs, markPrice, indexPrice } = market.funding(
        venue,
        symbol,
        START_AT_MS,
      )!;
      expect(Math.abs(rate)).toBeLessThan(0.00375);
      expect([1, 4, 8].map((hours) => hours * HOUR_MS)).toContain(intervalMs);
      expect(nextAtMs % intervalMs).toBe(0);
      expect(nextAtMs - START_AT_MS).toBeGreaterThan(0);
      expect(nextAtMs - START_AT_MS).toBeLessThanOrEqual(intervalMs);
      expect(Math.abs(markPrice / indexPrice - 1)).toBeLessThan(0.006);
    }
  }
  expect(market.funding("binance", "NOPEUSDT", START_AT_MS)).toBeUndefined();
});
