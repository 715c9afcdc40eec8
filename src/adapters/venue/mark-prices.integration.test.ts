import { afterAll, beforeAll, expect, test } from "bun:test";
import { systemClock } from "../clock.ts";
import { createMarkPrices } from "./mark-prices.ts";
import { startTradingKit, type TradingKit } from "./order-testing.ts";

let kit: TradingKit;
beforeAll(async () => {
  kit = await startTradingKit();
});
afterAll(() => kit.stop());

const marksOf = () =>
  createMarkPrices({ urls: kit.simulator.urls[0]!, clock: systemClock, governor: kit.governor });

test("all contracts' mark prices come in one request, at what it costs the address", async () => {
  for (const [venue, cost] of [
    ["bybit", 1],
    ["binance", 10],
  ] as const) {
    const before = kit.simulator.control.totals().requests;
    const marks = await marksOf()(venue);
    expect(kit.simulator.control.totals().requests - before).toBe(1);
    expect(kit.governor.asked.at(-1)).toEqual({ [venue]: cost });
    expect(marks.size).toBeGreaterThan(1);
    expect(marks.get("BTCUSDT")!.toFloat()).toBeGreaterThan(50_000);
  }
});

test("a venue that refuses, and an address without budget, are told as such", async () => {
  kit.simulator.control.setFault({
    kind: "answer",
    venue: "binance",
    method: "GET",
    path: "/fapi/v1/premiumIndex",
    body: "{}",
  });
  expect(marksOf()("binance")).rejects.toThrow("binance mark prices");
  kit.governor.grants = false;
  expect(marksOf()("bybit")).rejects.toThrow("bybit mark prices: no budget");
});
