import { expect, test } from "bun:test";
import fc from "fast-check";
import { runsOf } from "../../src/testing/runs.ts";
import { MessageError } from "./quote-task.ts";
import { encodeUserEvent, parseUserEvent, type UserEvent } from "./user-event.ts";

const INPUTS = runsOf(500, 100_000);

const OF_USER = { mode: "live", userId: 7, atMs: 1_780_000_000_000 } as const;
const OF_ORDER = {
  ...({ intentId: "i-1", clientOrderId: "sx-1", coin: "BTC" } as const),
  ...({ venue: "upbit", purpose: "buy", side: "buy" } as const),
} as const;
const EVENTS: readonly UserEvent[] = [
  {
    ...{ kind: "decision", ...OF_USER, strategyId: 3, coin: "BTC", pair: "upbit-bybit" },
    ...{ action: "hold", reason: "not-reached", context: "1390.12" },
  },
  {
    ...{ kind: "order", ...OF_USER, ...OF_ORDER, symbol: "KRW-BTC", qty: "0.00000001", limitPrice: null },
    ...{ status: "rejected", refusal: "insufficient_funds_bid: 주문가능한 금액이 부족합니다" },
  },
  {
    kind: "fill",
    ...OF_USER,
    ...OF_ORDER,
    fillId: "f",
    price: "1",
    qty: "2.5",
    fee: "-0.1",
    feeAsset: "KRW",
  },
  {
    ...{ kind: "position", ...OF_USER, intentId: "i-1", strategyId: 3, coin: "BTC", pair: "bithumb-binance" },
    ...{ state: "closed", qtyCoin: "1", profitKrw: "-12345.678" },
  },
  { kind: "alert", ...OF_USER, level: "alert", notice: "incident", coin: null, ko: "문제", en: "trouble" },
  { kind: "reset", ...OF_USER },
];

test("events come back as they were told", () => {
  for (const event of EVENTS) expect(parseUserEvent(encodeUserEvent(event))).toEqual(event);
});

test("damaged events give an event or a MessageError, nothing else", () => {
  let refused = 0;
  fc.assert(
    fc.property(
      fc.constantFrom(...EVENTS.map(encodeUserEvent)),
      fc.array(fc.tuple(fc.nat({ max: 400 }), fc.nat({ max: 255 })), { maxLength: 4 }),
      fc.option(fc.nat(), { freq: 3 }),
      (base, edits, cut) => {
        const bytes = base.slice(0, cut === null ? base.length : cut % base.length);
        for (const [at, value] of edits) if (at < bytes.length) bytes[at] = value;
        try {
          const event = parseUserEvent(bytes);
          // What was taken is whole: it can be told on.
          expect(parseUserEvent(encodeUserEvent(event))).toEqual(event);
        } catch (error) {
          if (!(error instanceof MessageError)) throw error;
          refused++;
        }
      },
    ),
    { numRuns: INPUTS },
  );
  expect(refused).toBeGreaterThan(INPUTS / 10);
});
