import { expect, test } from "bun:test";
import { Decimal } from "./decimal.ts";
import { type OrderView, settleOrder } from "./order-view.ts";

const SENT_AT_MS = 1_000_000;

/** Drives an order that the venue never shows; the instants of its look-ups, and when it was called never arrived. */
function settle(acceptWindowMs: number): { lookupsAtMs: readonly number[]; deadAtMs: number } {
  let nowMs = SENT_AT_MS + 5_000;
  let emptyLookupsAtMs: readonly number[] = [];
  for (;;) {
    const order: OrderView = {
      ...{ clientOrderId: "a", purpose: "buy", attempt: 1, qty: Decimal.ONE, status: "created" },
      ...{ filledQty: Decimal.ZERO, sentAtMsMax: SENT_AT_MS, emptyLookupsAtMs, burnedAtMs: undefined },
    };
    const step = settleOrder(order, { acceptWindowMs }, nowMs);
    if (step.do === "never-arrived") {
      return { lookupsAtMs: emptyLookupsAtMs.map((atMs) => atMs - SENT_AT_MS), deadAtMs: nowMs - SENT_AT_MS };
    }
    if (step.do === "wait") {
      expect(step.untilMs).toBeGreaterThan(nowMs);
      nowMs = step.untilMs;
    } else {
      expect(step.do).toBe("lookup");
      emptyLookupsAtMs = [...emptyLookupsAtMs, nowMs];
    }
  }
}

test("an id that can still be accepted is looked up less often, and twice once it is dead", () => {
  expect(settle(20_000)).toEqual({
    lookupsAtMs: [5_000, 6_000, 8_000, 10_000, 12_000, 14_000, 16_000, 18_000, 20_000, 21_000],
    deadAtMs: 21_000,
  });
});

test("an id that is dead already is looked up twice, a second apart", () => {
  expect(settle(3_000)).toEqual({ lookupsAtMs: [5_000, 6_000], deadAtMs: 6_000 });
});
