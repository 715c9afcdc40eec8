// Four exchanges in memory for many users, the judge of the trading engine: written apart from the adapters and from
// the simulator, from the port's words alone. All waiting is the clock's, all chance the caller's.
//
//   const world = createMemoryWorld({ clock, random, coins, users });
//   world.faults.hook = (request) => (request.purpose === "hedge" ? { reply: "lost" } : undefined);
//   const upbit = world.venue("kim", "upbit");
//   ... world.idsExecutedTwice(), world.exposure("kim", "BTC"), world.bookFaults()

import {
  DOMESTIC_VENUES,
  type DomesticVenue,
  OVERSEAS_VENUES,
  type OverseasVenue,
  VENUES,
  type Venue,
} from "../../../schema/vocabulary.ts";
import { Decimal } from "../../domain/decimal.ts";
import type { OrderBook } from "../../domain/order-book.ts";
import type { Clock } from "../../ports/clock.ts";
import type { PerpetualVenue, TradingVenue } from "../../ports/trading-venue.ts";
import { type IdRecord, MemoryAccount } from "./account.ts";
import { AccountEvents } from "./account-events.ts";
import { Exchange, type Execution } from "./exchange.ts";
import { type Condition, FaultPlan } from "./faults.ts";
import { Ledger } from "./ledger.ts";
import { type Amount, decimalOf, type LevelInput, Market, type MarketInput } from "./market.ts";
import { MemoryPerpetualVenue } from "./perpetual-venue.ts";
import { type MarginMode, type PositionMode, Positions } from "./positions.ts";
import { MemorySpotVenue, type Wire } from "./spot-venue.ts";

export interface MemoryCoin {
  readonly coin: string;
  readonly markets: Readonly<Partial<Record<Venue, MarketInput>>>;
}

export interface MemoryUser {
  readonly user: string;
  /** By asset; KRW and coins at home, USDT and perhaps BNB overseas. */
  readonly balances: Readonly<Partial<Record<Venue, Readonly<Record<string, Amount>>>>>;
  /** Upbit 0.0005, Bithumb 0.0025, Bybit 0.00055, Binance 0.0005 when left out. */
  readonly feeRatios?: Readonly<Partial<Record<Venue, Amount>>>;
  /** At Binance, while there is enough BNB. */
  readonly feesInBnb?: boolean;
  readonly positionMode?: PositionMode;
  readonly marginMode?: MarginMode;
  /** Until it is set; 10 when left out. */
  readonly leverage?: Amount;
}

export interface MemoryWorldOptions {
  readonly clock: Clock;
  /** From 0 (included) to 1 (excluded); the only chance in the world. */
  readonly random: () => number;
  readonly coins: readonly MemoryCoin[];
  readonly users: readonly MemoryUser[];
  /** One way. 40 ms when left out. */
  readonly latencyMs?: () => number;
  /** Of reads without one of their own: 5,000 ms when left out. */
  readonly readTimeoutMs?: number;
  /**
   * Bybit and Bithumb forget the ids of refused orders; their answers promise neither this nor the opposite.
   * Default: they remember.
   */
  readonly refusedIdsStayFree?: boolean;
  /** The venues tell of accounts by themselves. Default: they do not. */
  readonly tellsNews?: boolean;
}

const FEE_RATIOS: Readonly<Record<Venue, string>> = {
  upbit: "0.0005",
  bithumb: "0.0025",
  bybit: "0.00055",
  binance: "0.0005",
};

export function createMemoryWorld(options: MemoryWorldOptions): MemoryWorld {
  return new MemoryWorld(options);
}

export class MemoryWorld extends AccountEvents {
  readonly faults = new FaultPlan();
  readonly ledger = new Ledger();
  readonly #options: MemoryWorldOptions;
  protected override readonly exchange: Exchange;
  readonly #wire: Wire;
  readonly #markets = new Map<string, Market>();
  readonly #accounts = new Map<string, MemoryAccount>();

  constructor(options: MemoryWorldOptions) {
    super();
    this.#options = options;
    for (const { coin, markets } of options.coins)
      for (const venue of VENUES) {
        const input = markets[venue];
        if (input) this.#markets.set(`${venue}/${input.symbol}`, new Market(venue, coin, input));
      }
    this.exchange = new Exchange(
      options.clock,
      this.faults,
      (venue, symbol) => this.#markets.get(`${venue}/${symbol}`),
      options.refusedIdsStayFree ?? false,
    );
    this.#wire = {
      exchange: this.exchange,
      latencyMs: options.latencyMs ?? (() => 40),
      readTimeoutMs: options.readTimeoutMs ?? 5_000,
      tellsNews: options.tellsNews ?? false,
      requestCount: 0,
      inFlightCount: 0,
    };
    for (const user of options.users) this.addUser(user);
  }

  addUser(input: MemoryUser): void {
    for (const venue of VENUES) {
      const { positionMode = "one-way", marginMode = "cross", leverage = 10 } = input;
      const isOverseas = (OVERSEAS_VENUES as readonly string[]).includes(venue);
      const positions = isOverseas
        ? new Positions({ positionMode, marginMode }, decimalOf(leverage))
        : undefined;
      const feeRatio = decimalOf(input.feeRatios?.[venue] ?? FEE_RATIOS[venue]);
      const inBnb = venue === "binance" && (input.feesInBnb ?? false);
      const account = new MemoryAccount(input.user, venue, this.ledger, positions, feeRatio, inBnb);
      this.#accounts.set(`${input.user}/${venue}`, account);
      const balances = input.balances[venue] ?? {};
      for (const asset of Object.keys(balances))
        this.ledger.open(input.user, venue, asset, decimalOf(balances[asset]!));
    }
  }

  /** A venue with this user's key, without any memory of earlier ones: what a started process gets. */
  venue(user: string, venue: OverseasVenue): PerpetualVenue;
  venue(user: string, venue: DomesticVenue): TradingVenue;
  venue(user: string, venue: Venue): TradingVenue;
  venue(user: string, venue: Venue): TradingVenue {
    const account = this.account(user, venue);
    return venue === "bybit" || venue === "binance"
      ? new MemoryPerpetualVenue(venue, account, this.#wire)
      : new MemorySpotVenue(venue, account, this.#wire);
  }

  override account(user: string, venue: Venue): MemoryAccount {
    const account = this.#accounts.get(`${user}/${venue}`);
    if (account === undefined) throw new Error(`expected a user of the world, was ${user}`);
    return account;
  }

  override market(venue: Venue, symbol: string): Market {
    const market = this.#markets.get(`${venue}/${symbol}`);
    if (market === undefined) throw new Error(`expected a symbol of ${venue}, was ${symbol}`);
    return market;
  }

  setBook(
    venue: Venue,
    symbol: string,
    book: { readonly bids: readonly LevelInput[]; readonly asks: readonly LevelInput[] },
  ): void {
    this.market(venue, symbol).setBook(book.bids, book.asks);
  }

  refill(venue: Venue, symbol: string): void {
    this.market(venue, symbol).refill();
  }

  /** Moves every book by its own chance, at most `ratioMax` up or down, and refills it. */
  drift(ratioMax: number): void {
    for (const market of this.#markets.values())
      market.move(Decimal.ofFloat(1 + (this.#options.random() * 2 - 1) * ratioMax));
  }

  /** The book as the engine is given it; `into` is filled again when handed in. */
  readBook(venue: Venue, symbol: string, into?: OrderBook): OrderBook {
    return this.market(venue, symbol).read(this.exchange.venueNowMs(venue), into);
  }

  setClockOffset(venue: Venue, offsetMs: number): void {
    this.exchange.clockOffsetsMs.set(venue, offsetMs);
  }

  setBnbPrice(usdt: Amount): void {
    this.exchange.bnbPriceUsdt = decimalOf(usdt);
  }

  /** A condition that stands until the returned function is called or its length is over. */
  impose(condition: Condition): () => void {
    return this.faults.impose(condition, this.#options.clock.monotonicMs());
  }

  /** Orders sent that have not arrived yet; what is checked at the end needs this at 0. */
  get inFlightCount(): number {
    return this.#wire.inFlightCount;
  }

  get requestCount(): number {
    return this.#wire.requestCount;
  }

  executions(): readonly Execution[] {
    return this.exchange.executions;
  }

  /** What became of every client order id that was ever sent. */
  *idRecords(): Iterable<IdRecord> {
    for (const account of this.#accounts.values()) yield* account.records.values();
  }

  idRecord(user: string, venue: Venue, clientOrderId: string): IdRecord | undefined {
    return this.account(user, venue).records.get(clientOrderId);
  }

  /** Ids under which more than one order has executions. */
  idsExecutedTwice(): IdRecord[] {
    return [...this.idRecords()].filter(({ executedCount }) => executedCount > 1);
  }

  /**
   * Coins owned at home less coins short overseas, exact; 0 is hedged. `beyondOpening`: without what the user had at
   * home at the start.
   */
  exposure(user: string, coin: string, options: { readonly beyondOpening?: boolean } = {}): Decimal {
    let exposure = Decimal.ZERO;
    for (const venue of DOMESTIC_VENUES) {
      exposure = exposure.plus(this.ledger.balance(user, venue, coin));
      if (options.beyondOpening) exposure = exposure.minus(this.ledger.opening(user, venue, coin));
    }
    for (const venue of OVERSEAS_VENUES)
      for (const { market, side, qty } of this.account(user, venue).positions?.all() ?? []) {
        if (market.coin !== coin) continue;
        const coins = qty.times(market.multiplier);
        exposure = side === "short" ? exposure.minus(coins) : exposure.plus(coins);
      }
    return exposure.normal();
  }

  /** In words, everything in the world's books that does not balance; empty when all does. */
  bookFaults(): string[] {
    const faults = this.ledger.faults();
    for (const market of this.#markets.values()) {
      let [bought, sold] = [Decimal.ZERO, Decimal.ZERO];
      for (const { venue, symbol, side, qty, fromBook } of this.exchange.executions) {
        if (venue !== market.venue || symbol !== market.symbol || !fromBook) continue;
        if (side === "buy") bought = bought.plus(qty);
        else sold = sold.plus(qty);
      }
      const name = `${market.symbol} of ${market.venue}`;
      if (!bought.equals(market.takenFromAsks))
        faults.push(`expected ${market.takenFromAsks} ${name} to be bought, was ${bought}`);
      if (!sold.equals(market.takenFromBids))
        faults.push(`expected ${market.takenFromBids} ${name} to be sold, was ${sold}`);
    }
    for (const account of this.#accounts.values())
      for (const asset of account.isDomestic ? account.assets() : [])
        if (account.wallet(asset).isNegative)
          faults.push(`expected no debt of ${account.user}, was ${account.wallet(asset)} ${asset}`);
    return faults;
  }
}
