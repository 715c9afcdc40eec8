// Each venue's account followed on the simulated private streams: what happens there becomes news here.

import { afterAll, beforeAll, expect, test } from "bun:test";
import type { AccountNews, TradingVenue } from "../../ports/trading-venue.ts";
import { startTradingKit, TEST_KEY, TEST_VENUES, type TradingKit, testOrder } from "./order-testing.ts";

const { apiKey } = TEST_KEY;

let kit: TradingKit;
beforeAll(async () => {
  kit = await startTradingKit();
});
afterAll(() => kit.stop());

/** Follows until the test ends; `next` waits for news that fits among those not asked for yet. */
function follow(venue: TradingVenue) {
  const leave = new AbortController();
  const waiting = new Set<() => void>();
  let news: AccountNews[] = [];
  const ended = venue.follow!((told) => {
    news.push(told);
    for (const look of waiting) look();
  }, leave.signal);
  return {
    next: (fits: (told: AccountNews) => boolean) =>
      new Promise<void>((resolve) => {
        const look = () => {
          const at = news.findIndex(fits);
          if (at < 0) return;
          news = news.slice(at + 1);
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
      }),
    stop: () => {
      leave.abort();
      return ended;
    },
  };
}

test.each(TEST_VENUES)("%s: orders, what is done by hand, what the venue does, and the end", async (name) => {
  const venue: TradingVenue = kit.venues.open(name, TEST_KEY);
  const { accounts } = kit.simulator.control;
  const { next, stop } = follow(venue);
  await next(({ kind }) => kind === "connected");
  const order = testOrder(name);
  await venue.place(order, 3_000);
  await next((told) => told.kind === "order" && told.clientOrderId === order.clientOrderId);
  if (name === "bybit" || name === "binance") {
    accounts.liquidate({ apiKey, venue: name, symbol: "BTCUSDT" });
    await next((told) => told.kind === "order" && told.clientOrderId !== order.clientOrderId);
  } else {
    accounts.deposit({ apiKey, venue: name, asset: "KRW", amount: "1000" });
    await next(({ kind }) => kind === "account");
  }
  expect(kit.simulator.control.cutStreams({ venue: name })).toBe(1);
  await next(({ kind }) => kind === "lost");
  await stop();
});
