// What the running api is given to show when its answers are held against the OpenAPI document: a coin on every venue
// with rates, candles and something against it, and an event of every kind.

import type { UserEvent } from "../schema/messages/user-event.ts";
import { VENUES } from "../schema/vocabulary.ts";
import { CANDLE_INTERVALS } from "../src/domain/kline.ts";
import type { CoinListing } from "../src/ports/store.ts";
import type { MarketDeps } from "./routes/market.ts";

const SYMBOLS = { upbit: "KRW-BTC", bithumb: "KRW-BTC", bybit: "BTCUSDT", binance: "BTCUSDT" } as const;

const LISTINGS: readonly CoinListing[] = VENUES.map((venue) => ({
  ...{ venue, symbol: SYMBOLS[venue], coin: "BTC", multiplier: 1, state: "active", why: null },
  ...{ warnings: ["caution"], delistAtMs: null, deposit: true, withdraw: "unknown", lastSeenAtMs: 1 },
}));
const JEON = { entryJeonAt1m: 138_942, exitJeonAt1m: null, entryJeonAt10m: 139_000, exitJeonAt10m: 138_001 };
const OF_PAIR = {
  ...{ bestEntryJeon: 138_000, bestExitJeon: 140_000, medianEntryJeon: 139_050 },
  ...{ medianExitJeon: null, referenceJeon: 139_100, coinCount: 7 },
};

export const MARKET: MarketDeps = {
  listings: { coinListings: async () => LISTINGS },
  history: {
    coinHistory: async ({ fromAtMs, coin }) => [{ minuteAtMs: fromAtMs, coin, pairIndex: 0, ...JEON }],
    pairHistory: async ({ fromAtMs }) => [{ minuteAtMs: fromAtMs, pairIndex: 0, ...OF_PAIR }],
  },
  candles: {
    candles: async (_, { interval, beforeMs = 1_780_000_000_000 }) => {
      const lengthMs = CANDLE_INTERVALS[interval];
      const startAtMs = Math.max(0, (Math.floor(beforeMs / lengthMs) - 1) * lengthMs);
      return [{ startAtMs, open: "2", high: "3", low: "1", close: "2", volume: "5" }];
    },
  },
};

const order = {
  ...{ intentId: "i", clientOrderId: "i-k", coin: "XRP" },
  ...({ venue: "upbit", purpose: "buy", side: "buy" } as const),
};
const trade = { strategyId: 12, coin: "XRP", pair: "upbit-bybit" } as const;

type Told<Event> = Event extends UserEvent ? Omit<Event, "mode" | "userId" | "atMs"> : never;

/** Without whose they are. */
export const EVENTS: readonly Told<UserEvent>[] = [
  { kind: "decision", ...trade, action: "hold", reason: "spread-too-wide", context: "" },
  {
    kind: "order",
    ...order,
    symbol: "KRW-XRP",
    qty: "5",
    limitPrice: null,
    status: "rejected",
    refusal: "no",
  },
  { kind: "fill", ...order, fillId: "f", price: "710.5", qty: "5", fee: "1.7", feeAsset: "KRW" },
  { kind: "position", ...trade, intentId: "i", state: "closed", qtyCoin: "5", profitKrw: "-12.5" },
  { kind: "alert", level: "alert", notice: "guardian", coin: null, ko: "알림", en: "a notice" },
  { kind: "reset" },
];
