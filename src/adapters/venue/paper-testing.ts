// Paper venues in memory for tests: a store that can lose answers or keep one waiting, books set by hand, and two coins
// listed everywhere. The store is held to the real one by src/testing/paper-venues.integration.test.ts.

import type { Venue } from "../../../schema/vocabulary.ts";
import { Decimal } from "../../domain/decimal.ts";
import type { Listing } from "../../domain/instrument.ts";
import { createOrderBook, type OrderBook } from "../../domain/order-book.ts";
import { StoreFault } from "../../domain/store-fault.ts";
import type { PaperAccount, PaperEntry, PaperKey, PaperOrder, PaperStore } from "../../ports/paper-store.ts";
import type { FundingEvent, VenueOrder } from "../../ports/trading-venue.ts";
import { ManualClock } from "../../testing/manual-clock.ts";
import { RecordingLog } from "../../testing/recording-log.ts";
import { createPaperVenues, type PaperVenueDeps } from "./paper.ts";

interface Kept {
  account: PaperAccount;
  readonly opening: ReadonlyMap<string, Decimal>;
  readonly orders: Map<string, PaperOrder>;
  readonly ledger: PaperEntry[];
  readonly funding: Map<string, FundingEvent>;
}

export class MemoryPaperStore implements PaperStore {
  readonly accounts = new Map<string, Kept>();
  /** What happens to the next placing: lost before or after it took effect. */
  lose: "before" | "after" | undefined;
  /** Placings wait for this before they look at the account. */
  gate: Promise<void> | undefined;

  open(key: PaperKey, opening: ReadonlyMap<string, Decimal>): Promise<PaperAccount> {
    const name = nameOf(key);
    if (!this.accounts.has(name)) {
      const account = { balances: opening, positions: new Map(), leverages: new Map() };
      this.accounts.set(name, { account, opening, orders: new Map(), ledger: [], funding: new Map() });
    }
    return Promise.resolve(this.kept(key).account);
  }

  place: PaperStore["place"] = async (key, clientOrderId, decide) => {
    await this.gate;
    const { lose } = this;
    this.lose = undefined;
    const kept = this.kept(key);
    if (lose === "before") throw new StoreFault("passing", "ECONNRESET", "place a paper order: reset");
    if (kept.orders.has(clientOrderId)) return { kind: "exists" };
    const decision = decide(kept.account);
    if (decision.kind === "refuse") return { kind: "refused", why: decision.why };
    kept.account = decision.change.account;
    kept.orders.set(clientOrderId, decision.change.order);
    kept.ledger.push(...decision.change.entries);
    if (lose === "after") throw new StoreFault("passing", "ECONNRESET", "place a paper order: reset");
    return { kind: "stored" };
  };

  async order(key: PaperKey, clientOrderId: string): Promise<PaperOrder | undefined> {
    await this.gate;
    return this.accounts.get(nameOf(key))?.orders.get(clientOrderId);
  }

  setLeverage(key: PaperKey, symbol: string, leverage: Decimal): Promise<boolean> {
    const kept = this.kept(key);
    if (kept.account.positions.has(symbol)) return Promise.resolve(false);
    const leverages = new Map([...kept.account.leverages, [symbol, leverage]]);
    kept.account = { ...kept.account, leverages };
    return Promise.resolve(true);
  }

  creditFunding: PaperStore["creditFunding"] = (key, symbol, payments) => {
    const kept = this.kept(key);
    for (const { id, atMs, perContractUsdt } of payments) {
      const before = [...kept.orders.values()].filter(
        (order) => order.symbol === symbol && order.atMs < atMs,
      );
      const held = Decimal.sum(
        before.flatMap(({ side, fills }) => fills.map(({ qty }) => (side === "buy" ? qty : qty.negated()))),
      );
      const amountUsdt = held.times(perContractUsdt).negated();
      const ref = `${symbol} ${id}`;
      if (amountUsdt.isZero || kept.funding.has(ref)) continue;
      kept.funding.set(ref, { id: ref, symbol, amountUsdt, atMs });
      const balances = new Map(kept.account.balances);
      balances.set("USDT", (balances.get("USDT") ?? Decimal.ZERO).plus(amountUsdt));
      kept.account = { ...kept.account, balances };
    }
    return Promise.resolve();
  };

  fundingSince(key: PaperKey, symbol: string, sinceMs: number): Promise<readonly FundingEvent[]> {
    const events = [...this.kept(key).funding.values()];
    return Promise.resolve(events.filter((event) => event.symbol === symbol && event.atMs >= sinceMs));
  }

  kept(key: PaperKey): Kept {
    const kept = this.accounts.get(nameOf(key));
    if (kept === undefined) throw new RangeError(`expected an open account, was ${nameOf(key)}`);
    return kept;
  }
}

const nameOf = ({ userId, venue }: PaperKey) => `${venue} ${userId}`;

/** Rows of price and quantity, best first. */
export interface Rows {
  readonly asks: readonly (readonly [price: number, qty: number])[];
  readonly bids: readonly (readonly [price: number, qty: number])[];
}

export function bookOf({ asks, bids }: Rows): OrderBook {
  const book = createOrderBook(20);
  book.askPrices.set(asks.map(([price]) => price));
  book.askQtys.set(asks.map(([, qty]) => qty));
  book.askCount = asks.length;
  book.bidPrices.set(bids.map(([price]) => price));
  book.bidQtys.set(bids.map(([, qty]) => qty));
  book.bidCount = bids.length;
  return book;
}

function spoil(book: OrderBook): void {
  book.askPrices.fill(Number.NaN);
  book.bidPrices.fill(Number.NaN);
}

export function paperListing(venue: Venue, coin: string, changes: Partial<Listing> = {}): Listing {
  const isHome = venue === "upbit" || venue === "bithumb";
  return {
    venue,
    coin,
    symbol: isHome ? `KRW-${coin}` : `${coin}USDT`,
    multiplier: 1,
    displayName: coin,
    tradable: true,
    warnings: [],
    delistAtMs: undefined,
    priceIncrement: isHome ? undefined : "0.1",
    qtyStep: isHome ? undefined : "0.001",
    qtyMin: isHome ? undefined : "0.001",
    notionalMin: isHome ? undefined : "5",
    ...changes,
  };
}

export interface PaperKit {
  readonly clock: ManualClock;
  readonly log: RecordingLog;
  readonly store: MemoryPaperStore;
  readonly venues: ReturnType<typeof createPaperVenues>;
  /** What the next reader of this market gets; undefined: no book. */
  setBook(venue: Venue, symbol: string, rows: Rows | undefined): void;
  setListing(listing: Listing): void;
}

/** With the coins BTC and ETH listed everywhere, and no books yet. */
export function paperKit(
  changes: Partial<Omit<PaperVenueDeps, "clock">> & { readonly clock?: ManualClock } = {},
): PaperKit {
  const clock = changes.clock ?? new ManualClock();
  const log = new RecordingLog();
  const store = new MemoryPaperStore();
  const rows = new Map<string, Rows>();
  const listings = new Map<string, Listing>();
  const kit: Omit<PaperKit, "venues"> = {
    clock,
    log,
    store,
    setBook: (venue, symbol, each) => {
      if (each === undefined) rows.delete(`${venue} ${symbol}`);
      else rows.set(`${venue} ${symbol}`, each);
    },
    setListing: (listing) => listings.set(`${listing.venue} ${listing.symbol}`, listing),
  };
  for (const venue of ["upbit", "bithumb", "bybit", "binance"] as const) {
    for (const coin of ["BTC", "ETH"]) kit.setListing(paperListing(venue, coin));
  }
  const books = (venue: Venue, symbol: string) => {
    const each = rows.get(`${venue} ${symbol}`);
    const book = each && bookOf(each);
    const given = Promise.resolve(book);
    // As with the real buffers: who does not copy at once finds something else.
    void given.then(() => queueMicrotask(() => book && spoil(book)));
    return given;
  };
  const listing = (venue: Venue, symbol: string) => listings.get(`${venue} ${symbol}`);
  return { ...kit, venues: createPaperVenues({ clock, log, store, books, listing, ...changes }) };
}

/** "buy 0.5 KRW-BTC at 100"; without a price at market. */
export function paperOrder(
  clientOrderId: string,
  text: string,
  changes: Partial<VenueOrder> = {},
): VenueOrder {
  const [side, qty, symbol, , limit] = text.split(" ") as ["buy" | "sell", string, string, string?, string?];
  return {
    clientOrderId,
    symbol,
    side,
    qty: Decimal.of(qty),
    limitPrice: limit === undefined ? undefined : Decimal.of(limit),
    reducesShort: false,
    ...changes,
  };
}
