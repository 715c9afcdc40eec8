import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { LookupOutcome, TradingVenue, VenueOrder } from "../../ports/trading-venue.ts";
import {
  startTradingKit,
  sumQty,
  TEST_KEY,
  TEST_VENUES,
  type TestVenue,
  type TradingKit,
  testOrder,
} from "./order-testing.ts";

let kit: TradingKit;
beforeAll(async () => {
  kit = await startTradingKit();
});
afterAll(() => kit.stop());

const LONG_MS = 3_000;

/** Until the venue shows the order with all its fills. */
async function settled(
  venue: TradingVenue,
  order: VenueOrder,
): Promise<Extract<LookupOutcome, { kind: "found" }>["order"]> {
  for (let count = 0; count < 100; count++) {
    const outcome = await venue.lookup(order, LONG_MS);
    if (outcome.kind === "failed") throw new Error(outcome.why);
    if (outcome.kind === "found" && outcome.order.state === "closed" && outcome.order.fillsComplete)
      return outcome.order;
    await Bun.sleep(10);
  }
  throw new Error("expected the order to settle");
}

for (const name of TEST_VENUES) {
  describe(name, () => {
    const open = () => kit.venues.open(name as TestVenue, TEST_KEY);

    test("places, finds and reads an order by its fills", async () => {
      const venue = open();
      const order = testOrder(name);
      const placed = await venue.place(order, LONG_MS);
      expect(placed).toMatchObject({ kind: "accepted" });
      const found = await settled(venue, order);
      expect(found).toMatchObject({
        clientOrderId: order.clientOrderId,
        side: order.side,
        symbol: order.symbol,
      });
      expect(found.filledQty.toString()).toBe("0.002");
      expect(sumQty(found.fills)).toBe("0.002");
    });
  });
}
