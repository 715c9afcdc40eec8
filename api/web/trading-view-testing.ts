// A trader with positions that gain, lose and have no rate, for the tests of what the page shows of trading.

import type { ClosedView, OpenView, TraderView, TradingView } from "../../src/ports/trading-view.ts";

export const NOW_MS = Date.UTC(2026, 2, 5, 3, 4, 5);

export const SOL: OpenView = {
  ...{ coin: "SOL", pair: "upbit-binance", qtyCoin: "73.5", spentKrw: "9999747.97658348" },
  ...{ receivedUsdt: "7335.87", entryRate: "1363.13", exitTargetRate: "1380.38", openedAtMs: NOW_MS },
  ...{ exitRateNow: "1374.5", profitNowKrw: "61234.5", entries: 1 },
};
const XRP: OpenView = {
  ...{ ...SOL, coin: "XRP", pair: "bithumb-bybit", qtyCoin: "1108", spentKrw: "3000296.9", entries: 2 },
  ...{ exitRateNow: "1350", profitNowKrw: "-27179.36" },
};
export const ADA: OpenView = { ...SOL, coin: "ADA", exitRateNow: null, profitNowKrw: null };
export const CLOSED: ClosedView = {
  ...{
    coin: "ETH",
    pair: "upbit-bybit",
    profitKrw: "-1234.4",
    profitRatePct: "-0.12",
    openedAtMs: NOW_MS - 60_000,
    closedAtMs: NOW_MS,
  },
};
export const TRADER: TraderView = {
  ...{ userId: 1, name: "Patient", profitKrw: "1234567.8", openCount: 3, open: [SOL, XRP, ADA] },
  strategy: {
    ...{ name: "Deep discounts", entryRate: "1363.92", exitRate: "1378.38", sliceKrw: "10000000" },
    ...{ division: 4, leverage: 2, isAuto: false },
  },
  closed: [CLOSED],
  decisions: [
    {
      ...{ coin: "BTT", pair: "bithumb-binance", action: "hold", reason: "spread-too-wide", context: "" },
      atMs: NOW_MS - 12_000,
    },
  ],
};
export const VIEW: TradingView = { mode: "paper", role: "trading", asOfMs: NOW_MS, traders: [TRADER] };
