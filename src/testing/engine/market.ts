// The market of an engine's test: coins on all four in-memory venues, each priced by one rate, and the rate rows and
// facts a scheduler would make of their books.

import {
  type DomesticVenue,
  PAIRS,
  type PairKey,
  type Reason,
  VENUES,
  type Venue,
} from "../../../schema/vocabulary.ts";
import { Decimal } from "../../domain/decimal.ts";
import { bookDefect } from "../../domain/order-book.ts";
import { nullRow, RATES_PER_ROW, type RateRow, RateTable } from "../../domain/rate-table.ts";
import { createDomesticSweep, ratesOfPair, sweepDomestic } from "../../domain/sweep.ts";
import type { FreshBooks } from "../../ports/book-desk.ts";
import type { CoinFacts, MarketView } from "../../ports/trading-desk.ts";
import type { MemoryCoin, MemoryWorld } from "../memory-venues/world.ts";

/** Every coin's best overseas bid, USDT: a rate r is a best domestic ask of 2 r. */
const BID_USDT = 2;
const LEVELS = 10;
const DEPTH_COIN = 10_000;
/** Rows of coins nobody trades, so that there is a median. */
const FILLERS = 6;

export const isDomestic = (venue: Venue): venue is DomesticVenue => venue === "upbit" || venue === "bithumb";

export function symbolOf(venue: Venue, coin: string): string {
  return isDomestic(venue) ? `KRW-${coin}` : `${coin}USDT`;
}

function levels(price: number, step: number, depthCoin: number): [string, string][] {
  return Array.from({ length: LEVELS }, (_, index) => [(price + index * step).toFixed(4), `${depthCoin}`]);
}

const domesticBook = (rateKrw: number, depthCoin: number) => ({
  bids: levels(BID_USDT * rateKrw - 1, -1, depthCoin),
  asks: levels(BID_USDT * rateKrw, 1, depthCoin),
});
const overseasBook = (depthCoin: number) => ({
  bids: levels(BID_USDT, -0.0005, depthCoin),
  asks: levels(BID_USDT + 0.0005, 0.0005, depthCoin),
});

export function coinOf(coin: string, rateKrw: number): MemoryCoin {
  const domestic = {
    ...{ qtyStep: "0.00000001", qtyMin: "0.0001", notionalMin: 5_000, priceIncrement: 1 },
    ...{ qtyMaxMarket: 1_000_000, ...domesticBook(rateKrw, DEPTH_COIN) },
  };
  const overseas = {
    ...{ qtyStep: "0.1", qtyMin: "0.1", notionalMin: 5, priceIncrement: "0.0001", qtyMaxMarket: "100000" },
    ...overseasBook(DEPTH_COIN),
  };
  const marketOf = (venue: Venue) => ({
    ...(isDomestic(venue) ? domestic : overseas),
    symbol: symbolOf(venue, coin),
  });
  return { coin, markets: Object.fromEntries(VENUES.map((venue) => [venue, marketOf(venue)])) };
}

export class RigMarket implements MarketView {
  readonly table = new RateTable();
  /** What differs from a coin nothing is wrong with, by coin. */
  readonly odd = new Map<string, Partial<CoinFacts>>();
  readonly unlisted = new Set<string>();
  /** The same at one venue, as "coin venue". */
  readonly unlistedAt = new Set<string>();
  /** Venues whose public books are not to be had. */
  readonly away = new Set<Venue>();
  /** Why the rows of a coin come without rates. */
  readonly reasons = new Map<string, Reason>();
  /** Rows that come without rates, as "coin pair". */
  readonly nulls = new Set<string>();

  constructor(
    private readonly world: MemoryWorld,
    readonly coins: readonly string[],
  ) {}

  facts(coin: string, pair: PairKey): CoinFacts | undefined {
    if (!this.coins.includes(coin) || this.unlisted.has(coin)) return undefined;
    const { domestic, overseas } = PAIRS.find(({ key }) => key === pair)!;
    if ([domestic, overseas].some((venue) => this.unlistedAt.has(`${coin} ${venue}`))) return undefined;
    return {
      domesticSymbol: symbolOf(domestic, coin),
      overseasSymbol: symbolOf(overseas, coin),
      multiplier: Decimal.ONE,
      ...{ tradable: true, walletsOpen: true, warned: false, quarantined: false, identityKnown: true },
      ...{ delistedBy: undefined, fundingRatio: Decimal.ZERO },
      ...this.odd.get(coin),
    };
  }

  incrementAt(): Decimal {
    return Decimal.ONE;
  }

  /** The coin's rate at a domestic venue, or at both. */
  setRate(coin: string, rateKrw: number, at: { venue?: DomesticVenue; depthCoin?: number } = {}): void {
    const { venue, depthCoin = DEPTH_COIN } = at;
    for (const one of ["upbit", "bithumb"] as const) {
      if (venue !== undefined && venue !== one) continue;
      this.world.setBook(one, symbolOf(one, coin), domesticBook(rateKrw, depthCoin));
    }
  }

  setOverseasDepth(coin: string, depthCoin: number): void {
    for (const venue of ["bybit", "binance"] as const)
      this.world.setBook(venue, symbolOf(venue, coin), overseasBook(depthCoin));
  }

  books(coin: string, pair: PairKey): FreshBooks | undefined {
    const { domestic, overseas } = PAIRS.find(({ key }) => key === pair)!;
    if (this.unlisted.has(coin) || this.away.has(domestic) || this.away.has(overseas)) return undefined;
    const books = {
      domestic: this.world.readBook(domestic, symbolOf(domestic, coin)),
      overseas: this.world.readBook(overseas, symbolOf(overseas, coin)),
    };
    return bookDefect(books.domestic) || bookDefect(books.overseas) ? undefined : { ...books, atMs: 0 };
  }

  /** The rows of one tick, merged as a scheduler does. */
  tick(tickAtMs: number): RateRow[] {
    const rows = this.coins.flatMap((coin) =>
      PAIRS.map(({ key }, pairIndex) => this.#row(coin, key, pairIndex, tickAtMs)),
    );
    for (let index = 0; index < FILLERS; index++) {
      const ratesJeon = new Float64Array(RATES_PER_ROW).fill(139_600);
      const row = { coin: `FILLER${index}`, pairIndex: 0, tickAtMs, bookAgeMs: 0, ratesJeon };
      this.table.merge({ ...row, reason: "none" });
    }
    for (const row of rows) this.table.merge(row);
    return rows;
  }

  #row(coin: string, pair: PairKey, pairIndex: number, tickAtMs: number): RateRow {
    const books = this.nulls.has(`${coin} ${pair}`) ? undefined : this.books(coin, pair);
    const reason = this.reasons.get(coin);
    if (reason) return nullRow(coin, pairIndex, tickAtMs, reason);
    if (!books) return nullRow(coin, pairIndex, tickAtMs, "empty");
    const sweep = createDomesticSweep();
    sweepDomestic(books.domestic, sweep);
    const ratesJeon = new Float64Array(RATES_PER_ROW);
    ratesOfPair(sweep, books.domestic, books.overseas, 1, ratesJeon);
    return { coin, pairIndex, tickAtMs, bookAgeMs: 0, reason: "none", ratesJeon };
  }
}
