// The paper venues: orders filled against live books, on an account of paper money per user and venue. Nothing but
// these adapters differs from live. Immediate-or-cancel only, as the port has it: an order is walked over the book of
// that moment, one fill a level, takers' fees on top, and is done; nothing ever rests, nothing is ever locked at home.
// Not modelled: liquidation (the guardian acts on its price), other traders' answers to our orders, hedge mode, load.

import type { Venue } from "../../../schema/vocabulary.ts";
import { Decimal } from "../../domain/decimal.ts";
import type { Listing } from "../../domain/instrument.ts";
import type { OrderBook } from "../../domain/order-book.ts";
import { paperStartOf } from "../../domain/paper-start.ts";
import type { Clock } from "../../ports/clock.ts";
import type { PaperStore } from "../../ports/paper-store.ts";
import type { Log } from "../../ports/telemetry.ts";
import { PaperMarket } from "./paper-market.ts";
import { type FundingSource, PaperPerpetual } from "./paper-perpetual.ts";
import { PaperSpot } from "./paper-spot.ts";
import type { OpenedVenues } from "./trading.ts";

export interface PaperVenueDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly store: PaperStore;
  /** A fresh book; it is copied at once. Undefined or a rejection: none to be had. */
  readonly books: (venue: Venue, symbol: string) => Promise<OrderBook | undefined>;
  readonly listing: (venue: Venue, symbol: string) => Listing | undefined;
  /** Takers' fees by venue; those the venues publish where left out. */
  readonly feeRatios?: Partial<Readonly<Record<Venue, Decimal>>>;
  /** KRW at home, USDT overseas, of accounts not yet open. Default: domain/paper-start.ts. */
  readonly startBalances?: Partial<Readonly<Record<Venue, Decimal>>>;
  /** Left out: nobody pays any. */
  readonly funding?: FundingSource;
}

export interface PaperVenues {
  /** The same object each time. */
  open<V extends Venue>(venue: V, userId: number): OpenedVenues[V];
}

const FEE_RATIOS: Readonly<Record<Venue, Decimal>> = {
  upbit: Decimal.of("0.0005"),
  bithumb: Decimal.of("0.0025"),
  bybit: Decimal.of("0.00055"),
  binance: Decimal.of("0.0005"),
};

/** All users' paper venues of one process: they share what was taken from the books. */
export function createPaperVenues(deps: PaperVenueDeps): PaperVenues {
  const { clock, log, store, listing } = deps;
  const market = new PaperMarket(clock, deps.books);
  const opened = new Map<string, OpenedVenues[Venue]>();
  const make = (venue: Venue, userId: number): OpenedVenues[Venue] => {
    const { asset, amount } = paperStartOf(venue);
    const start = deps.startBalances?.[venue] ?? amount;
    const parts = {
      ...{ clock, log, store, market, listing },
      key: { userId, venue },
      feeRatio: deps.feeRatios?.[venue] ?? FEE_RATIOS[venue],
      opening: new Map([[asset, start]]),
    };
    return venue === "upbit" || venue === "bithumb"
      ? new PaperSpot(venue, parts)
      : new PaperPerpetual(venue, parts, deps.funding);
  };
  return {
    open<V extends Venue>(venue: V, userId: number): OpenedVenues[V] {
      const name = `${venue} ${userId}`;
      const known = opened.get(name) ?? make(venue, userId);
      opened.set(name, known);
      return known as OpenedVenues[V];
    },
  };
}
