import { expect, test } from "bun:test";
import { Decimal } from "../domain/decimal.ts";
import { intentIdOf } from "../domain/intent.ts";
import type { IntentRow, Journal, OrderRow } from "../ports/journal.ts";
import type { PlaceOutcome, TradingVenue } from "../ports/trading-venue.ts";
import { ManualClock } from "../testing/manual-clock.ts";
import { RecordingLog } from "../testing/recording-log.ts";
import { IntentRecord } from "./intent-record.ts";
import { type Legs, OrderDriver } from "./run-order.ts";

const INTENT_ID = intentIdOf("driven");

/** A driver that holds the lease for ever, and a venue that asks last thing before the bytes would leave. */
function stage(untilBytesLeaveMs: number) {
  const clock = new ManualClock();
  const journal = { addOrders: async () => {}, recordOrder: async () => {} } as unknown as Journal;
  const intent = { intentId: INTENT_ID, state: "domestic-sending" } as IntentRow;
  const record = new IntentRecord({ journal, clock }, 1, { intent, orders: [], fills: [] });
  const left: string[] = [];
  const domestic = {
    venue: "upbit",
    place: async ({ clientOrderId }, _timeoutMs, options): Promise<PlaceOutcome> => {
      await clock.sleep(untilBytesLeaveMs);
      if (!options?.mayStillSend?.()) return { kind: "unsent", why: "no longer allowed" };
      left.push(clientOrderId);
      return { kind: "accepted", venueOrderId: "1" };
    },
  } as Pick<TradingVenue, "venue" | "place">;
  const never = new AbortController().signal;
  const term = { isOver: false, lost: never, holds: () => true };
  const driver = new OrderDriver(
    {
      ...{ clock, log: new RecordingLog(), term },
      feeValue: async () => Decimal.ZERO,
      incrementAt: () => Decimal.ONE,
    } as unknown as ConstructorParameters<typeof OrderDriver>[0],
    {
      record,
      legs: { domestic } as unknown as Legs,
      symbols: { domestic: "KRW-XRP", overseas: "XRPUSDT" },
      allowed: [],
      committedMs: () => undefined,
      onSlow: () => {},
    },
  );
  const order: OrderRow = driver.rowOf({
    ...{ clientOrderId: `${INTENT_ID}-b1`, purpose: "buy", attempt: 1 },
    ...{ qty: Decimal.ONE, limitPrice: Decimal.of("700") },
  });
  return { clock, record, driver, order, left };
}

async function sent(untilBytesLeaveMs: number) {
  const { clock, record, driver, order, left } = stage(untilBytesLeaveMs);
  await record.addOrders([order]);
  const sending = driver.send(order);
  await clock.advance(untilBytesLeaveMs + 1_000);
  await sending;
  return { left, status: record.order(order.clientOrderId)?.status };
}

test("an order leaves while its row says that it may", async () => {
  expect((await sent(2_900)).left).toHaveLength(1);
});

test("an order never leaves later than its row says, whoever holds the lease", async () => {
  const { left, status } = await sent(3_100);
  expect(left).toEqual([]);
  expect(status).toBe("never-arrived");
});
