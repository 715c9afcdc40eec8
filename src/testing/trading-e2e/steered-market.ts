// A market a test steers: a score of coins at one price that stands still, books deep enough for everybody, and per coin
// a premium and a depth of the best level that hold from the moment they are set. Nothing here moves by itself, so that
// an entry, an exit and an exit in parts begin when the test wants them to.

import { BITHUMB_KRW_GRID, incrementAt, nearestOnGrid, UPBIT_KRW_GRID } from "../../simulator/ticks.ts";
import type { SimBook, SimListing, SimMarket, SimVenue } from "../../simulator/types.ts";

const KRW_PER_USDT = 1_400;
const PRICE_USDT = 70;
/** What a coin costs in Korea without a premium; the one counted in thousands a thousandth of it. */
export const COIN_KRW = PRICE_USDT * KRW_PER_USDT;
const PERP_INCREMENT = 0.01;
const LEVELS = 20;
const LEVEL_COINS = 400;
const HOUR_MS = 3_600_000;

/** Contracts of this coin count a thousand. */
export const THOUSANDS_COIN = "PEPE";

export type KoreanVenue = "upbit" | "bithumb";

export interface Steer {
  /** Korean prices over the others', as a ratio: -0.02 is 2 % cheaper. */
  premium: number;
  /** How many coins stand at the best bid in Korea; the next level is then 2 % lower. Undefined: a deep book. */
  bestBidCoins: number | undefined;
}

const isKorean = (venue: SimVenue): venue is KoreanVenue => venue === "upbit" || venue === "bithumb";

export class SteeredMarket implements SimMarket {
  readonly #listings: Readonly<Record<SimVenue, readonly SimListing[]>>;
  readonly #steers = new Map<string, Steer>();
  #sequence = 1;

  constructor(
    readonly coins: readonly string[],
    /** Of each level; more where many trade in the same moment, for what is taken stays missing for a while. */
    private readonly levelCoins = LEVEL_COINS,
  ) {
    const of = (venue: SimVenue) =>
      [...coins, ...(isKorean(venue) ? ["USDT"] : [])].map((coin) => listingOf(venue, coin));
    this.#listings = {
      upbit: of("upbit"),
      bithumb: of("bithumb"),
      bybit: of("bybit"),
      binance: of("binance"),
    };
  }

  /** What a coin does at one Korean venue from now on. */
  steer(venue: KoreanVenue, coin: string, change: Partial<Steer>): void {
    if (!this.coins.includes(coin)) throw new RangeError(`expected one of ${this.coins}, was ${coin}`);
    this.#steers.set(`${venue} ${coin}`, { ...this.#steerOf(venue, coin), ...change });
    this.#sequence++;
  }

  /** Everything as at the beginning. */
  calm(): void {
    this.#steers.clear();
    this.#sequence++;
  }

  listings(venue: SimVenue): readonly SimListing[] {
    return this.#listings[venue];
  }

  book(venue: SimVenue, symbol: string, atMs: number, levelsMax: number): SimBook | undefined {
    const listing = this.#listings[venue].find((each) => each.symbol === symbol);
    if (!listing) return undefined;
    const { bestBidCoins } = this.#steerOf(venue, coinOf(listing));
    const middle = this.#priceOf(listing);
    const size = (coins: number) => (coins / (middle / this.#worthOf(listing))).toFixed(8);
    const level = (side: 1 | -1, index: number): [string, string] => {
      const isThin = side === -1 && isKorean(venue) && bestBidCoins !== undefined;
      const away = 0.0004 * (index + 1) + (isThin && index > 0 ? 0.02 : 0);
      const price = onGrid(listing, middle * (1 + side * away), side);
      return [text(price), isThin && index === 0 ? size(bestBidCoins) : size(this.levelCoins)];
    };
    const side = (sign: 1 | -1) => {
      const levels = Array.from({ length: LEVELS }, (_, index) => level(sign, index));
      return levels
        .filter(([price], index) => index === 0 || price !== levels[index - 1]![0])
        .slice(0, levelsMax);
    };
    return { asks: side(1), bids: side(-1), atMs, sequence: this.#sequence };
  }

  candles(venue: SimVenue, symbol: string, intervalMs: number, toMs: number, count: number) {
    const listing = this.#listings[venue].find((each) => each.symbol === symbol);
    if (!listing) return [];
    const price = this.#priceOf(listing);
    const lastStartMs = Math.floor(toMs / intervalMs) * intervalMs;
    return Array.from({ length: count }, (_, index) => ({
      startAtMs: lastStartMs - (count - 1 - index) * intervalMs,
      ...{ open: price, high: price, low: price, close: price, volumeCoin: 1_000 },
    }));
  }

  funding(venue: "bybit" | "binance", symbol: string, atMs: number) {
    const listing = this.#listings[venue].find((each) => each.symbol === symbol);
    if (!listing) return undefined;
    const price = this.#priceOf(listing);
    const intervalMs = 8 * HOUR_MS;
    const nextAtMs = (Math.floor(atMs / intervalMs) + 1) * intervalMs;
    return { rate: 0.0001, intervalMs, nextAtMs, markPrice: price, indexPrice: price };
  }

  #steerOf(venue: SimVenue, coin: string): Steer {
    return this.#steers.get(`${venue} ${coin}`) ?? { premium: 0, bestBidCoins: undefined };
  }

  /** What one unit of the standard coin costs there; sizes are told in such coins, whatever the contract counts. */
  #worthOf(listing: SimListing): number {
    return PRICE_USDT * (isKorean(listing.venue) ? KRW_PER_USDT : 1);
  }

  #priceOf(listing: SimListing): number {
    const coin = coinOf(listing);
    if (coin === "USDT") return KRW_PER_USDT;
    const contract = coin === THOUSANDS_COIN ? PRICE_USDT / 1_000 : PRICE_USDT;
    if (!isKorean(listing.venue)) return contract * listing.multiplier;
    return contract * KRW_PER_USDT * (1 + this.#steerOf(listing.venue, coin).premium);
  }
}

function coinOf({ base, multiplier }: SimListing): string {
  return multiplier === 1 ? base : base.slice(String(multiplier).length);
}

/** Asks up, bids down, so that no book is crossed on a coarse grid. */
function onGrid(listing: SimListing, price: number, side: 1 | -1): number {
  const away = side * listing.priceIncrementAt(price) * 0.499;
  if (listing.venue === "upbit") return nearestOnGrid(UPBIT_KRW_GRID, price + away);
  if (listing.venue === "bithumb") return nearestOnGrid(BITHUMB_KRW_GRID, price + away);
  return Math.round((price + away) / PERP_INCREMENT) * PERP_INCREMENT;
}

function text(price: number): string {
  return price.toFixed(4).replace(/\.?0+$/, "");
}

function listingOf(venue: SimVenue, coin: string): SimListing {
  const multiplier = !isKorean(venue) && coin === THOUSANDS_COIN ? 1_000 : 1;
  const base = multiplier === 1 ? coin : `${multiplier}${coin}`;
  return {
    venue,
    symbol: isKorean(venue) ? `KRW-${base}` : `${base}USDT`,
    assetId: coin,
    base,
    multiplier,
    priceIncrementAt: (price) =>
      venue === "upbit"
        ? incrementAt(UPBIT_KRW_GRID, price)
        : venue === "bithumb"
          ? incrementAt(BITHUMB_KRW_GRID, price)
          : PERP_INCREMENT,
    qtyStep: isKorean(venue) ? 1e-8 : 0.01,
    qtyMin: isKorean(venue) ? 1e-8 : 0.01,
    qtyMax: 1_000_000,
    notionalMin: isKorean(venue) ? 5_000 : 5,
    koreanName: coin,
    englishName: coin,
    warnings: [],
    delistAtMs: undefined,
    launchAtMs: 0,
    wallet: { deposit: true, withdraw: true, network: coin, contractAddress: "" },
  };
}

export function marketSymbol(venue: SimVenue, coin: string): string {
  return listingOf(venue, coin).symbol;
}
