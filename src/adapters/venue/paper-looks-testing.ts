// What the tests of the paper venues look at: BTC with books at all four, and answers as short texts.

import { expect } from "bun:test";
import { Decimal } from "../../domain/decimal.ts";
import type { PlaceOutcome, TradingVenue, VenueFill, VenueOrder } from "../../ports/trading-venue.ts";
import { type PaperKit, paperKit } from "./paper-testing.ts";

export const TIMEOUT_MS = 3_000;

const HOME_BTC = {
  asks: [
    [100_000_000, 0.1],
    [100_100_000, 0.2],
    [100_300_000, 5],
  ],
  bids: [
    [99_900_000, 0.1],
    [99_800_000, 5],
  ],
} as const;
const ABROAD_BTC = {
  asks: [
    [70_000.1, 0.5],
    [70_010.3, 20],
  ],
  bids: [
    [70_000, 0.5],
    [69_990.2, 20],
  ],
} as const;

export function kitWithBooks(changes: Parameters<typeof paperKit>[0] = {}): PaperKit {
  const kit = paperKit(changes);
  for (const venue of ["upbit", "bithumb"] as const) kit.setBook(venue, "KRW-BTC", HOME_BTC);
  for (const venue of ["bybit", "binance"] as const) kit.setBook(venue, "BTCUSDT", ABROAD_BTC);
  return kit;
}

export async function fillsOf(venue: TradingVenue, order: VenueOrder): Promise<readonly VenueFill[]> {
  const found = await venue.lookup(order, TIMEOUT_MS);
  if (found.kind !== "found")
    throw new Error(`expected ${order.clientOrderId} to be found, was ${found.kind}`);
  expect([found.order.state, found.order.fillsComplete]).toEqual(["closed", true]);
  expect(String(found.order.filledQty)).toBe(String(Decimal.sum(found.order.fills.map(({ qty }) => qty))));
  return found.order.fills;
}

export const shown = (fills: readonly VenueFill[]) =>
  fills.map(({ price, qty, fee, feeAsset }) => `${qty} at ${price}, ${fee} ${feeAsset}`);

export async function balancesOf(venue: TradingVenue): Promise<Record<string, string>> {
  const rows = await venue.balances();
  return Object.fromEntries(rows.map(({ asset, free, locked }) => [asset, `${free} ${locked}`]));
}

export function kindOf(outcome: PlaceOutcome): string {
  return outcome.kind === "rejected" ? outcome.rejection.kind : outcome.kind;
}
