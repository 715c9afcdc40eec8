// A small world for the tests of the in-memory venues: two coins, one of them in contracts of 1,000, and two users.

import type { Venue } from "../../../schema/vocabulary.ts";
import { Decimal } from "../../domain/decimal.ts";
import type { PlaceOutcome, TradingVenue, VenueOrder } from "../../ports/trading-venue.ts";
import { ManualClock } from "../manual-clock.ts";
import type { MarketInput } from "./market.ts";
import {
  createMemoryWorld,
  type MemoryCoin,
  type MemoryUser,
  type MemoryWorld,
  type MemoryWorldOptions,
} from "./world.ts";

const KRW_MARKET = {
  qtyStep: "0.00000001",
  qtyMin: "0.0001",
  notionalMin: 5000,
  priceIncrement: 1000,
  qtyMaxMarket: 100,
  bids: [
    [139_000_000, "0.5"],
    [138_000_000, 2],
  ],
  asks: [
    [140_000_000, "0.5"],
    [141_000_000, 2],
  ],
} as const;

const PERP_MARKET = {
  symbol: "BTCUSDT",
  qtyStep: "0.001",
  qtyMin: "0.001",
  notionalMin: 5,
  priceIncrement: "0.1",
  qtyMaxMarket: 10,
  bandRatio: "0.1",
  bids: [
    ["99999.5", "0.5"],
    ["99990", 5],
  ],
  asks: [
    ["100000.5", "0.5"],
    ["100010", 5],
  ],
} as const;

const PEPE_KRW: Omit<MarketInput, "symbol"> = {
  qtyStep: "0.00000001",
  qtyMin: 1,
  notionalMin: 5000,
  priceIncrement: "0.0001",
  qtyMaxMarket: 1_000_000_000,
  bids: [["0.0139", 500_000_000]],
  asks: [["0.0141", 500_000_000]],
};

const PEPE_PERP: MarketInput = {
  symbol: "1000PEPEUSDT",
  multiplier: 1000,
  qtyStep: 1,
  qtyMin: 1,
  notionalMin: 5,
  priceIncrement: "0.00001",
  qtyMaxMarket: 10_000_000,
  bids: [["0.00999", 500_000]],
  asks: [["0.01001", 500_000]],
};

export const COINS: readonly MemoryCoin[] = [
  {
    coin: "BTC",
    markets: {
      upbit: { symbol: "KRW-BTC", ...KRW_MARKET },
      bithumb: { symbol: "KRW-BTC", ...KRW_MARKET },
      bybit: PERP_MARKET,
      binance: PERP_MARKET,
    },
  },
  {
    coin: "PEPE",
    markets: {
      upbit: { symbol: "KRW-PEPE", ...PEPE_KRW },
      bithumb: { symbol: "KRW-PEPE", ...PEPE_KRW },
      bybit: PEPE_PERP,
      binance: PEPE_PERP,
    },
  },
];

export const KIM: MemoryUser = {
  user: "kim",
  balances: {
    upbit: { KRW: 100_000_000, BTC: "0.1" },
    bithumb: { KRW: 100_000_000, BTC: "0.1" },
    bybit: { USDT: 50_000 },
    binance: { USDT: 50_000, BNB: "0.01" },
  },
};

export interface TestWorld {
  readonly clock: ManualClock;
  readonly world: MemoryWorld;
}

export function testWorld(options: Partial<MemoryWorldOptions> = {}): TestWorld {
  const clock = new ManualClock();
  const users = [KIM, { ...KIM, user: "lee" }];
  const world = createMemoryWorld({ clock, random: () => 0.5, coins: COINS, users, ...options });
  return { clock, world };
}

/** An order for a thousandth of a bitcoin at a price that meets the book, unless told otherwise. */
export function orderAt(venue: Venue, parts: Partial<VenueOrder> = {}): VenueOrder {
  const atHome = venue === "upbit" || venue === "bithumb";
  const side = parts.side ?? (atHome ? "buy" : "sell");
  const [buyPrice, sellPrice] = atHome ? ["142000000", "138000000"] : ["100020", "99980"];
  return {
    clientOrderId: "sx-00000000000000000000-b0-1",
    symbol: atHome ? "KRW-BTC" : "BTCUSDT",
    side,
    qty: Decimal.of("0.001"),
    limitPrice: Decimal.of(side === "buy" ? buyPrice : sellPrice),
    reducesShort: false,
    ...parts,
  };
}

/** The answer, moving the clock as far as needed. */
export async function settled<T>(clock: ManualClock, promise: Promise<T>): Promise<T> {
  let done = false;
  const watched = promise.finally(() => {
    done = true;
  });
  watched.catch(() => {});
  await clock.advanceUntil(() => done);
  return watched;
}

export async function placed(
  { clock }: TestWorld,
  venue: TradingVenue,
  parts: Partial<VenueOrder> = {},
  timeoutMs = 2_000,
): Promise<PlaceOutcome> {
  return settled(clock, venue.place(orderAt(venue.venue, parts), timeoutMs));
}

/** "accepted", "unknown", "unsent", or the kind of the refusal. */
export function kindOf(outcome: PlaceOutcome): string {
  return outcome.kind === "rejected" ? outcome.rejection.kind : outcome.kind;
}
