// The adapters against the simulated venues over real sockets: a market of three coins, one user with money and coins
// everywhere, every log line kept, and a governor that grants all and remembers what it was told.

import { Decimal } from "../../domain/decimal.ts";
import type { RateGovernor, VenueAnswer, VenueCosts } from "../../ports/rate-governor.ts";
import type { TradingVenue, VenueFill, VenueOrder, VenueOrderState } from "../../ports/trading-venue.ts";
import type { AccountSpec } from "../../simulator/accounts.ts";
import { type Simulator, startSimulator } from "../../simulator/server.ts";
import { standInMarket } from "../../simulator/stand-in-market.ts";
import { RecordingLog } from "../../testing/recording-log.ts";
import { systemClock } from "../clock.ts";
import { TradingVenues } from "./trading.ts";

export const TEST_KEY = {
  apiKey: "test-access-key-0123456789",
  secret: "test-secret-key-never-to-be-seen-0123456789",
} as const;

export const SYMBOLS = {
  upbit: "KRW-BTC",
  bithumb: "KRW-BTC",
  bybit: "BTCUSDT",
  binance: "BTCUSDT",
} as const;
export type TestVenue = keyof typeof SYMBOLS;
export const TEST_VENUES = ["upbit", "bithumb", "bybit", "binance"] as const satisfies readonly TestVenue[];

export class GrantingGovernor implements RateGovernor {
  readonly asked: VenueCosts[] = [];
  readonly settled: { venue: string; cost: number; answer: VenueAnswer | "unsent" }[] = [];
  /** False: nobody gets anything. */
  grants = true;

  reserve(costs: VenueCosts) {
    this.asked.push(costs);
    const venues = new Set(this.grants ? (Object.keys(costs) as TestVenue[]) : []);
    return Promise.resolve({
      venues,
      settle: (venue: string, cost: number, answer: VenueAnswer | "unsent") => {
        this.settled.push({ venue, cost, answer });
      },
    });
  }

  hasShare(): boolean {
    return this.grants;
  }

  readyInMs(): number {
    return 0;
  }
}

export interface TradingKit {
  readonly simulator: Simulator;
  readonly log: RecordingLog;
  readonly governor: GrantingGovernor;
  readonly venues: TradingVenues;
  /** Lets time pass at the venues alone. */
  passTime(lengthMs: number): void;
  stop(): Promise<void>;
}

export async function startTradingKit(
  spec: Partial<AccountSpec> = {},
  options: { readonly limits?: boolean; readonly readTimeoutMs?: number } = {},
): Promise<TradingKit> {
  const account: AccountSpec = {
    ...TEST_KEY,
    balances: {
      upbit: { KRW: "100000000", BTC: "1" },
      bithumb: { KRW: "100000000", BTC: "1" },
      bybit: { USDT: "100000" },
      binance: { USDT: "100000", BNB: "10" },
    },
    ...spec,
  };
  const { limits = false, readTimeoutMs = 2_000 } = options;
  let aheadMs = 0;
  const nowMs = () => systemClock.nowMs() + aheadMs;
  const simulator = await startSimulator({
    seed: 1,
    limits,
    market: standInMarket(),
    keys: [account],
    nowMs,
  });
  const log = new RecordingLog();
  const governor = new GrantingGovernor();
  const urls = simulator.urls[0]!;
  const venues = new TradingVenues({ urls, clock: systemClock, log, governor, readTimeoutMs });
  const passTime = (lengthMs: number) => {
    aheadMs += lengthMs;
  };
  return { simulator, log, governor, venues, passTime, stop: () => simulator.stop() };
}

let orderCount = 0;

/** An order of 0.002 BTC that crosses the book, at any price unless said otherwise; ids never repeat. */
export function testOrder(venue: TestVenue, change: Partial<VenueOrder> = {}): VenueOrder {
  const isHome = venue === "upbit" || venue === "bithumb";
  const side = change.side ?? (isHome ? "buy" : "sell");
  return {
    clientOrderId: `sx-test-${++orderCount}-${process.pid}`,
    symbol: SYMBOLS[venue],
    side,
    qty: Decimal.of("0.002"),
    limitPrice: crossingPrice(venue, side),
    reducesShort: false,
    ...change,
  };
}

/** Some 3 % through the book of a market that moves by 1 % about 107,000 USDT, on every increment. */
export function crossingPrice(venue: TestVenue, side: "buy" | "sell"): Decimal {
  const isHome = venue === "upbit" || venue === "bithumb";
  return Decimal.of(
    isHome ? (side === "buy" ? 154_000_000 : 144_000_000) : side === "buy" ? 110_000 : 103_000,
  );
}

/** A price at which nothing trades. */
export function restingPrice(venue: TestVenue, side: "buy" | "sell"): Decimal {
  const isHome = venue === "upbit" || venue === "bithumb";
  return Decimal.of(
    isHome ? (side === "buy" ? 140_000_000 : 158_000_000) : side === "buy" ? 100_000 : 114_000,
  );
}

/** Looks until the venue shows the order ended with all its fills; throws when it does not within a second or two. */
export async function settledOrder(venue: TradingVenue, order: VenueOrder): Promise<VenueOrderState> {
  for (let count = 0; count < 200; count++) {
    const outcome = await venue.lookup(order, 3_000);
    if (outcome.kind === "failed") throw new Error(outcome.why);
    const isDone =
      outcome.kind === "found" && outcome.order.state === "closed" && outcome.order.fillsComplete;
    if (isDone) return outcome.order;
    await systemClock.sleep(10);
  }
  throw new Error(`expected the order ${order.clientOrderId} to settle`);
}

export const sumQty = (fills: readonly VenueFill[]): string =>
  Decimal.sum(fills.map(({ qty }) => qty)).toString();
