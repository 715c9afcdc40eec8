// The simulated market: every answer is a pure function of (seed, startAtMs, what is asked, instant). Nothing runs
// in the background; what is kept between questions are caches.

import { Activity } from "./activity.ts";
import { BOOK_STEP_MS, DOMESTIC_LEVELS_MAX, makeBook, OVERSEAS_LEVELS_MAX } from "./books.ts";
import { fundingIntervalMsOf, fundingRateAt } from "./funding.ts";
import { buildListings, type MarketListing, SIM_VENUES } from "./listings.ts";
import { Candles } from "./market-candles.ts";
import { Prices } from "./prices.ts";
import { hash, seedOf } from "./random.ts";
import { TRAPS } from "./traps.ts";
import type { SimBook, SimCandle, SimListing, SimMarket, SimVenue } from "./types.ts";
import { Volumes } from "./volumes.ts";

export { TRAPS } from "./traps.ts";

interface KeptBook {
  readonly levelsMax: number;
  readonly book: SimBook;
}

/**
 * A market. `startAtMs` (epoch ms) is what launches and delistings count from; prices do not depend on it: they are
 * defined at all times, so a demo may start anywhere and candles reach back. `premiumPace` (default 1, as recorded)
 * makes premiums come and go so many times as fast, for those who do not want to wait for them. `coins` (tickers; default
 * all) leaves out every other coin but the stable ones; what is left is as it is in the whole market.
 */
export function createMarket(options: {
  readonly seed: number;
  readonly startAtMs: number;
  readonly premiumPace?: number;
  readonly coins?: ReadonlySet<string> | undefined;
}): SimMarket {
  const seed = seedOf(options.seed, "market");
  const activity = new Activity(seed);
  const prices = new Prices(seed, activity, options.premiumPace);
  const candles = new Candles(prices, new Volumes(seed, activity));
  const byVenue = buildListings(options.startAtMs, options.coins);
  const bySymbol = new Map<string, MarketListing>();
  for (const venue of SIM_VENUES) {
    for (const entry of byVenue[venue]) bySymbol.set(`${venue} ${entry.listing.symbol}`, entry);
  }
  const keptListings = new Map<string, readonly SimListing[]>();
  const keptBooks = new Map<MarketListing, KeptBook>();

  function listedAt(venue: SimVenue, symbol: string, atMs: number): MarketListing | undefined {
    const entry = bySymbol.get(`${venue} ${symbol}`);
    if (entry === undefined || atMs < entry.launchAtMs) return undefined;
    return entry.delisting !== undefined && atMs >= entry.delisting.goneAtMs ? undefined : entry;
  }

  return {
    listings(venue, atMs) {
      const states = byVenue[venue].map((entry) => stateAt(entry, atMs));
      const key = `${venue} ${states.join("")}`;
      const kept = keptListings.get(key);
      if (kept !== undefined) return kept;
      const alive = byVenue[venue].flatMap((entry) => {
        const listed = listedAt(venue, entry.listing.symbol, atMs);
        return listed === undefined ? [] : [describe(listed, atMs)];
      });
      keptListings.set(key, alive);
      return alive;
    },

    book(venue, symbol, atMs, levelsMax) {
      const entry = listedAt(venue, symbol, atMs);
      if (entry === undefined) return undefined;
      const levels = Math.max(
        0,
        Math.min(levelsMax, entry.domestic ? DOMESTIC_LEVELS_MAX : OVERSEAS_LEVELS_MAX),
      );
      const step = Math.floor(atMs / BOOK_STEP_MS[venue]);
      const producedAtMs = step * BOOK_STEP_MS[venue];
      const kept = keptBooks.get(entry);
      if (kept !== undefined && kept.book.atMs === producedAtMs && kept.levelsMax >= levels) {
        return kept.levelsMax === levels ? kept.book : shortened(kept.book, levels);
      }
      const middle = prices.middleAt(entry, producedAtMs);
      const sides = makeBook(entry, seed, { middle, step, levelsMax: levels });
      const book: SimBook = { ...sides, atMs: producedAtMs, sequence: step + (hash(entry.seed, 3) >>> 0) };
      keptBooks.set(entry, { levelsMax: levels, book });
      return book;
    },

    candles(venue, symbol, intervalMs, toMs, count): SimCandle[] {
      const entry = listedAt(venue, symbol, toMs);
      if (entry === undefined || count < 1) return [];
      return candles.of(entry, { intervalMs, toMs, count });
    },

    funding(venue, symbol, atMs) {
      const entry = listedAt(venue, symbol, atMs);
      if (entry === undefined || entry.domestic) return undefined;
      const intervalMs = fundingIntervalMsOf(entry);
      const producedAtMs = Math.floor(atMs / BOOK_STEP_MS[venue]) * BOOK_STEP_MS[venue];
      return {
        rate: fundingRateAt(entry, seed, atMs),
        intervalMs,
        nextAtMs: (Math.floor(atMs / intervalMs) + 1) * intervalMs,
        markPrice: prices.middleAt(entry, producedAtMs),
        indexPrice: prices.indexAt(entry, producedAtMs),
      };
    },
  };
}

function shortened(book: SimBook, levels: number): SimBook {
  return { ...book, asks: book.asks.slice(0, levels), bids: book.bids.slice(0, levels) };
}

type WalletTrap = (typeof TRAPS.wallets)[number];

function walletTrapAt(entry: MarketListing, atMs: number): WalletTrap | undefined {
  const trap = TRAPS.wallets.find(
    (row) => row.venue === entry.venue && row.ticker === entry.asset.coin.ticker,
  );
  if (trap?.cycle === undefined) return trap;
  return atMs % trap.cycle.periodMs < trap.cycle.closedMs ? trap : undefined;
}

/** One letter for what can change about a listing: unborn, gone, announced, wallet trapped, as always. */
function stateAt(entry: MarketListing, atMs: number): string {
  if (atMs < entry.launchAtMs) return "u";
  if (entry.delisting !== undefined && atMs >= entry.delisting.goneAtMs) return "g";
  const announced = entry.delisting !== undefined && atMs >= entry.delisting.announcedAtMs;
  const trapped = walletTrapAt(entry, atMs) !== undefined;
  return announced ? (trapped ? "b" : "a") : trapped ? "w" : "-";
}

function describe(entry: MarketListing, atMs: number): SimListing {
  const trap = walletTrapAt(entry, atMs);
  const announced = entry.delisting !== undefined && atMs >= entry.delisting.announcedAtMs;
  return {
    ...entry.listing,
    delistAtMs: announced ? entry.delisting.goneAtMs : undefined,
    wallet: {
      ...entry.listing.wallet,
      ...(trap !== undefined && { deposit: trap.deposit, withdraw: trap.withdraw }),
    },
  };
}
