import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Decimal } from "../../domain/decimal.ts";
import type { VenueBalance } from "../../ports/trading-venue.ts";
import {
  restingPrice,
  SYMBOLS,
  settledOrder,
  startTradingKit,
  sumQty,
  TEST_KEY,
  TEST_VENUES,
  type TestVenue,
  type TradingKit,
  testOrder,
} from "./order-testing.ts";

const TIMEOUT_MS = 3_000;
const isHome = (name: TestVenue) => name === "upbit" || name === "bithumb";
const of = (balances: readonly VenueBalance[], asset: string) => {
  const row = balances.find((each) => each.asset === asset);
  return row ? row.free.plus(row.locked) : Decimal.ZERO;
};

let kit: TradingKit;
beforeAll(async () => {
  kit = await startTradingKit();
});
afterAll(() => kit.stop());

for (const name of TEST_VENUES) {
  describe(name, () => {
    const open = () => kit.venues.open<TestVenue>(name, TEST_KEY);

    test("places a bounded order, finds it and reads it by its fills", async () => {
      const venue = open();
      const order = testOrder(name);
      expect(await venue.place(order, TIMEOUT_MS)).toMatchObject({ kind: "accepted" });
      const found = await settledOrder(venue, order);
      const { clientOrderId, side, symbol } = order;
      expect(found).toMatchObject({ clientOrderId, side, symbol, state: "closed", fillsComplete: true });
      expect([String(found.filledQty), sumQty(found.fills)]).toEqual(["0.002", "0.002"]);
      expect(found.fills.every(({ price, fee }) => price.isPositive && fee.isPositive)).toBe(true);
      expect(new Set(found.fills.map(({ feeAsset }) => feeAsset))).toEqual(
        new Set([isHome(name) ? "KRW" : "USDT"]),
      );
    });

    test("balances before and after differ by the fills and their fees, to the last digit", async () => {
      const venue = open();
      const asset = isHome(name) ? "KRW" : "USDT";
      const before = of(await venue.balances(), asset);
      const order = testOrder(name);
      await venue.place(order, TIMEOUT_MS);
      const { fills } = await settledOrder(venue, order);
      const money = Decimal.sum(fills.map(({ price, qty }) => price.times(qty)));
      const fees = Decimal.sum(fills.map(({ fee }) => fee));
      const spent = isHome(name) ? money.plus(fees) : fees;
      expect(String(of(await venue.balances(), asset))).toBe(String(before.minus(spent)));
    });

    test("sells at market", async () => {
      const venue = open();
      const order = testOrder(name, { side: "sell", limitPrice: undefined });
      expect(await venue.place(order, TIMEOUT_MS)).toMatchObject({ kind: "accepted" });
      expect(sumQty((await settledOrder(venue, order)).fills)).toBe("0.002");
    });

    test("a bounded order the book does not reach ends with nothing filled", async () => {
      const venue = open();
      const side = isHome(name) ? "buy" : "sell";
      const order = testOrder(name, { limitPrice: restingPrice(name, side) });
      expect(await venue.place(order, TIMEOUT_MS)).toMatchObject({ kind: "accepted" });
      const found = await settledOrder(venue, order);
      expect([String(found.filledQty), found.fills.length]).toEqual(["0", 0]);
      expect(await venue.openOrders(SYMBOLS[name])).toEqual([]);
    });

    test("part of an order fills, the rest is cancelled: the fills say how much", async () => {
      const venue = open();
      const order = testOrder(name, { qty: Decimal.of("0.01") });
      kit.simulator.control.setFault({
        kind: "part-fill",
        venue: name,
        method: "POST",
        fraction: 0.5,
        count: 1,
      });
      expect(await venue.place(order, TIMEOUT_MS)).toMatchObject({ kind: "accepted" });
      const found = await settledOrder(venue, order);
      expect(sumQty(found.fills)).toBe("0.005");
      expect(String(found.filledQty)).toBe("0.005");
    });

    test("an order shown before its fills is not complete", async () => {
      const venue = open();
      const order = testOrder(name);
      const fault = {
        kind: "delayed-visibility",
        method: "POST",
        venue: name,
        delayMs: 300,
        hiddenAs: "open",
        count: 1,
      } as const;
      kit.simulator.control.setFault(fault);
      await venue.place(order, TIMEOUT_MS);
      const early = await venue.lookup(order, TIMEOUT_MS);
      if (early.kind === "found") expect(early.order.state).toBe("open");
      else expect(early.kind).toBe("not-ready");
      expect(sumQty((await settledOrder(venue, order)).fills)).toBe("0.002");
    });

    test("fees are those of the account", async () => {
      const fees = await open().feeRates(SYMBOLS[name]);
      const expected = { upbit: "0.0005", bithumb: "0.0025", bybit: "0.00055", binance: "0.0005" };
      expect([String(fees.buy), String(fees.sell)]).toEqual([expected[name], expected[name]]);
    });

    test("rules have steps an order can keep", async () => {
      const rules = await open().rules(SYMBOLS[name]);
      expect(rules).toMatchObject({ symbol: SYMBOLS[name], tradable: true });
      for (const amount of [
        rules.qtyStep,
        rules.qtyMin,
        rules.qtyMaxMarket,
        rules.qtyMaxLimit,
        rules.priceIncrement,
        rules.notionalMin,
      ]) {
        expect(amount.isPositive).toBe(true);
      }
      expect(rules.qtyMaxMarket.above(rules.qtyMin)).toBe(true);
    });

    test("its clock is near ours", async () => {
      expect(Math.abs(await open().clockOffsetMs())).toBeLessThan(30_000);
    });

    test("an id never sent is absent", async () => {
      const { clientOrderId, symbol } = testOrder(name);
      expect(await open().lookup({ clientOrderId, symbol }, TIMEOUT_MS)).toEqual({ kind: "absent" });
    });

    test("an order that makes no sense is not sent", async () => {
      const venue = open();
      const before = kit.simulator.control.totals();
      for (const change of [
        { clientOrderId: "" },
        { clientOrderId: "sx 1" },
        { clientOrderId: "x".repeat(37) },
        { qty: Decimal.ZERO },
        { qty: Decimal.of("-1") },
        { limitPrice: Decimal.ZERO },
        { symbol: "KRW-BTC&x=1" },
      ]) {
        expect(await venue.place(testOrder(name, change), TIMEOUT_MS)).toMatchObject({ kind: "unsent" });
      }
      expect(kit.simulator.control.totals()).toEqual(before);
    });

    test("an order called off last thing is not sent", async () => {
      const order = testOrder(name);
      const venue = open();
      expect(await venue.place(order, TIMEOUT_MS, { mayStillSend: () => false })).toMatchObject({
        kind: "unsent",
      });
      expect(kit.simulator.control.accounts.clientIds(TEST_KEY.apiKey, name)).not.toContainEqual(
        expect.objectContaining({ clientId: order.clientOrderId }),
      );
    });
  });
}

test("A market buy in KRW, which is by money and not by quantity, is not sent", async () => {
  for (const name of ["upbit", "bithumb"] as const) {
    const order = testOrder(name, { limitPrice: undefined });
    expect(await kit.venues.open(name, TEST_KEY).place(order, TIMEOUT_MS)).toMatchObject({ kind: "unsent" });
  }
});

test("What the address pays for goes through the governor, and orders in KRW do not", async () => {
  const { governor, venues } = kit;
  governor.asked.length = 0;
  await venues.open("upbit", TEST_KEY).balances();
  await venues.open("bithumb", TEST_KEY).balances();
  expect(governor.asked).toEqual([]);
  await venues.open("bybit", TEST_KEY).balances();
  await venues.open("binance", TEST_KEY).balances();
  await venues.open("upbit", TEST_KEY).rules("KRW-BTC");
  expect(governor.asked).toEqual([{ bybit: 1 }, { binance: 5 }, { upbit: 1 }, { upbit: 1 }]);
});
