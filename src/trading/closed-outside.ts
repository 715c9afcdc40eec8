// What somebody else has sold or bought back while an intent was about to: a user by hand, or the venue by liquidation
// and deleveraging. Invariants: it is believed only when seen twice, some time apart, with no order open at the venue
// that could hold it; it is recorded as an order that filled outside, at the market's price, and never sent again.

import { Decimal } from "../domain/decimal.ts";
import { clientOrderIdOf, type OrderPurpose } from "../domain/intent.ts";
import type { Clock } from "../ports/clock.ts";
import type { OrderRow } from "../ports/journal.ts";
import type { TradingVenue } from "../ports/trading-venue.ts";
import type { IntentRecord } from "./intent-record.ts";
import { isOverseas, type OrderDriver } from "./run-order.ts";

const LOOKS = 2;
export const MISSING_CONFIRMED_MS = 2_000;

/**
 * - confirmed: it is gone
 * - unconfirmed: look once more
 * - held: an order that is not ours is open there, or nobody knows
 */
export type Missing = "confirmed" | "unconfirmed" | "held";

/** One leg's suspicion that less is there than the record says. */
export class MissingWatch {
  #looks = 0;
  #lastAtMs = 0;

  constructor(
    private readonly clock: Clock,
    private readonly driver: OrderDriver,
    private readonly purpose: OrderPurpose,
  ) {}

  /** All is there again. */
  reset(): void {
    this.#looks = 0;
  }

  /** To be asked each time the venue has shown less. */
  async look(): Promise<Missing> {
    const { clock, driver, purpose } = this;
    const nowMs = clock.nowMs();
    const isHeld = await driver
      .venueOf(purpose)
      .openOrders(driver.symbolOf(purpose), { haste: "urgent" })
      .then((orders) => orders.length > 0)
      .catch(() => true);
    if (isHeld) {
      this.#looks = 0;
      return "held";
    }
    if (this.#looks === 0 || nowMs - this.#lastAtMs >= MISSING_CONFIRMED_MS) {
      this.#looks++;
      this.#lastAtMs = nowMs;
    }
    if (this.#looks < LOOKS) return "unconfirmed";
    this.#looks = 0;
    return "confirmed";
  }
}

/** What can be sold or bought back, and what is there in all. */
export interface CoinsShown {
  readonly free: Decimal;
  readonly held: Decimal;
}

/** A user's coins at home, for who is about to sell them. Rejects with VenueReadFault. */
export async function coinsAt(venue: TradingVenue, coin: string): Promise<CoinsShown> {
  const balance = (await venue.balances({ haste: "urgent" })).find(({ asset }) => asset === coin);
  if (!balance) return { free: Decimal.ZERO, held: Decimal.ZERO };
  return { free: balance.free, held: balance.free.plus(balance.locked) };
}

interface RecordParts {
  readonly clock: Clock;
  readonly record: IntentRecord;
  readonly driver: OrderDriver;
}

interface Closed {
  readonly purpose: OrderPurpose;
  readonly qty: Decimal;
  /** KRW per coin or USDT per contract, net of fees. */
  readonly price: Decimal;
}

export async function recordClosedOutside(parts: RecordParts, closed: Closed): Promise<void> {
  const why = "closed outside our orders; the price is the market's when it was noticed";
  await fillOutside(parts, await addOutside(parts, closed), closed, why);
}

/** A leg as its user has closed it. A process that died in the midst of it has left the row, or all of it. */
export async function recordSettled(parts: RecordParts, closed: Closed): Promise<void> {
  const found = parts.record.orders.find(({ purpose }) => purpose === closed.purpose);
  if (found?.status === "done") return;
  const why = "closed by hand at the venue; the price is what the operator was told";
  await fillOutside(parts, found ?? (await addOutside(parts, closed)), closed, why);
}

async function addOutside(
  { record, driver }: RecordParts,
  { purpose, qty, price }: Closed,
): Promise<OrderRow> {
  const attempts = record.orders.filter((order) => order.purpose === purpose).map(({ attempt }) => attempt);
  const attempt = Math.max(0, ...attempts) + 1;
  const clientOrderId = clientOrderIdOf(record.intent.intentId, purpose, attempt);
  const row = driver.rowOf({ clientOrderId, purpose, attempt, qty, limitPrice: price });
  await record.addOrders([row]);
  return row;
}

async function fillOutside(
  { clock, record }: RecordParts,
  { clientOrderId, venue }: OrderRow,
  { purpose, qty, price }: Closed,
  refusal: string,
): Promise<void> {
  const nowMs = clock.nowMs();
  await record.news(clientOrderId, { status: "done", endedAtMs: nowMs, refusal }, [
    {
      ...{ clientOrderId, venue, price, qty },
      fillId: `outside-${clientOrderId}`,
      fee: Decimal.ZERO,
      feeAsset: isOverseas(purpose) ? "USDT" : "KRW",
      feeValued: Decimal.ZERO,
      realisedUsdt: undefined,
      atMs: nowMs,
    },
  ]);
}
