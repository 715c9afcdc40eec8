// Looking an order up where the first place asked does not show it, and answers that are about something else.

import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { systemClock } from "../clock.ts";
import {
  GrantingGovernor,
  settledOrder,
  startTradingKit,
  sumQty,
  TEST_KEY,
  type TradingKit,
  testOrder,
} from "./order-testing.ts";
import { createTradingVenue } from "./trading.ts";

const TIMEOUT_MS = 3_000;

let kit: TradingKit;
beforeAll(async () => {
  kit = await startTradingKit();
});
afterEach(() => {
  kit.simulator.control.clearFaults();
});
afterAll(() => kit.stop());

const EMPTY =
  '{"retCode":0,"retMsg":"OK","result":{"list":[],"nextPageCursor":"","category":"linear"},"time":1}';

describe("An order the first place asked does not show is found elsewhere", () => {
  test.each([
    ["upbit", [{ kind: "refusal", code: "order_not_found", path: "/v1/order$", count: 1 }]],
    [
      "upbit",
      [
        { kind: "refusal", code: "order_not_found", path: "/v1/order$", count: 1 },
        { kind: "answer", path: "/v1/orders/uuids", body: "[]" },
      ],
    ],
    ["bithumb", [{ kind: "refusal", code: "order_not_found", path: "/v1/order$", count: 1 }]],
    ["bybit", [{ kind: "answer", path: "/v5/order/realtime", body: EMPTY }]],
    ["bybit", [{ kind: "refusal", code: 110001, path: "/v5/order/realtime" }]],
    ["binance", [{ kind: "refusal", code: -2013, path: "/fapi/v1/order$", count: 1 }]],
  ] as const)("%s %#", async (name, faults) => {
    const venue = kit.venues.open(name, TEST_KEY);
    const order = testOrder(name);
    await venue.place(order, TIMEOUT_MS);
    await settledOrder(venue, order);
    // Bybit's history comes later than the rest.
    if (name === "bybit") await systemClock.sleep(350);
    for (const fault of faults) kit.simulator.control.setFault({ ...fault, venue: name, method: "GET" });
    const outcome = await venue.lookup(order, TIMEOUT_MS);
    expect(outcome).toMatchObject({ kind: "found", order: { state: "closed", fillsComplete: true } });
    expect(outcome.kind === "found" && sumQty(outcome.order.fills)).toBe("0.002");
  });
});

describe("An answer about another order is no answer", () => {
  test.each([
    ["upbit", "/v1/order$"],
    ["bithumb", "/v1/order$"],
    ["binance", "/fapi/v1/order$"],
  ] as const)("%s", async (name, path) => {
    const venue = kit.venues.open(name, TEST_KEY);
    const other = testOrder(name);
    await venue.place(other, TIMEOUT_MS);
    const row =
      name === "binance"
        ? { orderId: 1, clientOrderId: "x", symbol: "BTCUSDT", side: "SELL", status: "NEW", executedQty: "0" }
        : {
            uuid: "u",
            identifier: "x",
            side: "bid",
            state: "done",
            market: "KRW-BTC",
            created_at: "2026-07-04T14:39:04+09:00",
            executed_volume: "0",
            paid_fee: "0",
            trades: [],
          };
    kit.simulator.control.setFault({
      kind: "answer",
      venue: name,
      path,
      body: JSON.stringify(row),
      method: "GET",
    });
    expect(await venue.lookup(testOrder(name), TIMEOUT_MS)).toMatchObject({ kind: "failed" });
  });

  test("bybit: rows of others in a list are passed over", async () => {
    const venue = kit.venues.open("bybit", TEST_KEY);
    const row = {
      orderId: "o",
      orderLinkId: "x",
      symbol: "BTCUSDT",
      side: "Sell",
      orderStatus: "Filled",
      cumExecQty: "1",
    };
    const body = JSON.stringify({ retCode: 0, retMsg: "OK", result: { list: [row] }, time: 1 });
    kit.simulator.control.setFault({
      kind: "answer",
      venue: "bybit",
      path: "/v5/order",
      body,
      method: "GET",
    });
    expect(await venue.lookup(testOrder("bybit"), TIMEOUT_MS)).toEqual({ kind: "absent" });
  });
});

describe("Open orders are told as the venue has them, whoever placed them", () => {
  const krw = (uuid: string, change: object) => ({
    uuid,
    side: "bid",
    state: "wait",
    market: "KRW-BTC",
    created_at: "2026-07-04T14:39:04+09:00",
    executed_volume: "0",
    paid_fee: "0",
    ...change,
  });
  const bybit = (orderId: string, change: object) => ({
    orderId,
    orderLinkId: "",
    symbol: "BTCUSDT",
    side: "Sell",
    orderStatus: "New",
    cumExecQty: "0",
    ...change,
  });
  const binance = (orderId: number, change: object) => ({
    orderId,
    clientOrderId: "web_x",
    symbol: "BTCUSDT",
    side: "SELL",
    status: "NEW",
    executedQty: "0",
    ...change,
  });
  const partly = { executed_volume: "0.5", cumExecQty: "0.5", executedQty: "0.5" };
  const ended = { state: "done", orderStatus: "Filled", status: "FILLED" };

  test.each([
    ["upbit", "/v1/orders/open", [krw("1", {}), krw("2", { ...partly, state: "watch" }), krw("3", ended)]],
    ["bithumb", "/v2/orders/pending", [krw("1", {}), krw("2", partly), krw("3", ended)]],
    ["bybit", "/v5/order/realtime", [bybit("1", {}), bybit("2", partly), bybit("3", ended)]],
    ["binance", "/fapi/v1/openOrders", [binance(1, {}), binance(2, partly), binance(3, ended)]],
  ] as const)("%s", async (name, path, rows) => {
    const answer = name === "bybit" ? { retCode: 0, retMsg: "OK", result: { list: rows }, time: 1 } : rows;
    kit.simulator.control.setFault({ kind: "answer", venue: name, path, body: JSON.stringify(answer) });
    const venue = kit.venues.open(name, TEST_KEY);
    const open = await venue.openOrders(testOrder(name).symbol);
    expect(
      open.map(({ venueOrderId, state, filledQty, fillsComplete }) => [
        venueOrderId,
        state,
        `${filledQty}`,
        fillsComplete,
      ]),
    ).toEqual([
      ["1", "open", "0", true],
      ["2", "open", "0.5", false],
    ]);
  });
});

test("One venue alone does the same", async () => {
  const parts = {
    urls: kit.simulator.urls[0]!,
    clock: systemClock,
    log: kit.log,
    governor: new GrantingGovernor(),
  };
  const venue = createTradingVenue("upbit", { ...parts, key: TEST_KEY });
  const order = testOrder("upbit");
  expect(await venue.place(order, TIMEOUT_MS)).toMatchObject({ kind: "accepted" });
  expect(sumQty((await settledOrder(venue, order)).fills)).toBe("0.002");
  const perp = createTradingVenue("binance", { ...parts, key: TEST_KEY });
  expect(await perp.modes("BTCUSDT")).toEqual({ positionMode: "one-way", marginMode: "cross" });
});

test("How long a request may still be accepted", () => {
  const windows = (["upbit", "bithumb", "bybit", "binance"] as const).map(
    (name) => kit.venues.open(name, TEST_KEY).acceptWindowMs,
  );
  expect(windows).toEqual([Number.POSITIVE_INFINITY, 20_000, 3_000, 3_000]);
});

test("ids looked for at once at Bithumb ask for the lists once", async () => {
  const venue = kit.venues.open("bithumb", TEST_KEY);
  const orders = [1, 2, 3, 4].map(() => testOrder("bithumb"));
  const before = kit.simulator.control.totals().requests;
  const outcomes = await Promise.all(orders.map((order) => venue.lookup(order, TIMEOUT_MS)));
  expect(outcomes).toEqual(orders.map(() => ({ kind: "absent" })));
  expect(kit.simulator.control.totals().requests - before).toBe(orders.length + 2);
});
