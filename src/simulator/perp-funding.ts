// Funding of an account's positions. Settled when somebody looks, for every settlement since the last look; a position
// cannot have changed in between, since whatever changes it looks first.

import { type Exact, exactOf, money, times } from "./exact.ts";
import type { PerpPosition, PositionBook, PositionIndex } from "./perp-positions.ts";
import type { SimMarket } from "./types.ts";

export interface FundingPayment {
  readonly id: string;
  readonly sequence: number;
  readonly atMs: number;
  readonly symbol: string;
  readonly index: PositionIndex;
  readonly size: Exact;
  readonly markPrice: Exact;
  readonly rate: Exact;
  /** Below zero: paid. */
  readonly amount: Exact;
}

export type FundingDue = Pick<FundingPayment, "atMs" | "symbol" | "markPrice" | "rate" | "amount"> & {
  readonly position: PerpPosition;
};

export class FundingClock {
  private settledToMs: number;

  constructor(openedAtMs: number) {
    this.settledToMs = openedAtMs;
  }

  /** Payments due since the last call, oldest first. They count as settled then. */
  due(
    market: SimMarket,
    { venue, positions }: { readonly venue: "bybit" | "binance"; readonly positions: PositionBook },
    nowMs: number,
  ): FundingDue[] {
    const due: FundingDue[] = [];
    for (const position of positions.open()) {
      const next = market.funding(venue, position.symbol, this.settledToMs);
      if (next === undefined) continue;
      for (let atMs = next.nextAtMs; atMs <= nowMs; atMs += next.intervalMs) {
        const payment = paymentAt(market, venue, position, atMs);
        if (payment !== undefined) due.push(payment);
      }
    }
    if (nowMs > this.settledToMs) this.settledToMs = nowMs;
    return due.sort((left, right) => left.atMs - right.atMs);
  }
}

/** What was announced just before a settlement is what is settled; longs pay a positive rate. */
function paymentAt(
  market: SimMarket,
  venue: "bybit" | "binance",
  position: PerpPosition,
  atMs: number,
): FundingDue | undefined {
  const { symbol } = position;
  const told = market.funding(venue, symbol, atMs - 1);
  if (told === undefined) return undefined;
  const markPrice = exactOf(told.markPrice, 8);
  const rate = exactOf(told.rate, 8);
  return {
    atMs,
    symbol,
    position,
    markPrice,
    rate,
    amount: -money(times(times(position.size, markPrice), rate)),
  };
}
