import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Decimal } from "../../domain/decimal.ts";
import {
  settledOrder,
  startTradingKit,
  sumQty,
  TEST_KEY,
  type TradingKit,
  testOrder,
} from "./order-testing.ts";

const TIMEOUT_MS = 3_000;

let kit: TradingKit;
beforeAll(async () => {
  kit = await startTradingKit();
});
afterAll(() => kit.stop());

describe("Ids used again", () => {
  test("Upbit: refused as a duplicate, also after a refusal; the first order stands", async () => {
    const venue = kit.venues.open("upbit", TEST_KEY);
    const first = testOrder("upbit");
    await venue.place(first, TIMEOUT_MS);
    const again = await venue.place(first, TIMEOUT_MS);
    expect(again).toMatchObject({ kind: "rejected", rejection: { kind: "duplicate", idStillFree: false } });
    expect(sumQty((await settledOrder(venue, first)).fills)).toBe("0.002");
    const burned = testOrder("upbit", { qty: Decimal.of("0.00000001") });
    expect(await venue.place(burned, TIMEOUT_MS)).toMatchObject({
      rejection: { kind: "minimum", idStillFree: false },
    });
    expect(await venue.place(burned, TIMEOUT_MS)).toMatchObject({ rejection: { kind: "duplicate" } });
    expect(await venue.lookup(burned, TIMEOUT_MS)).toEqual({ kind: "absent" });
  });

  test("Bithumb: the existing order comes back and nothing new is made; or a refusal", async () => {
    const venue = kit.venues.open("bithumb", TEST_KEY);
    const order = testOrder("bithumb");
    const first = await venue.place(order, TIMEOUT_MS);
    expect(await venue.place(order, TIMEOUT_MS)).toEqual(first);
    expect(sumQty((await settledOrder(venue, order)).fills)).toBe("0.002");
    kit.simulator.control.setSwitches({ bithumb: { duplicateClientId: "refuse" } });
    expect(await venue.place(order, TIMEOUT_MS)).toMatchObject({
      rejection: { kind: "duplicate", idStillFree: false },
    });
    kit.simulator.control.setSwitches({ bithumb: { duplicateClientId: "existing" } });
  });

  test("Bybit: refused as a duplicate", async () => {
    const venue = kit.venues.open("bybit", TEST_KEY);
    const order = testOrder("bybit");
    await venue.place(order, TIMEOUT_MS);
    expect(await venue.place(order, TIMEOUT_MS)).toMatchObject({
      rejection: { kind: "duplicate", code: "110072" },
    });
  });

  test("Bithumb: 422 means that it exists", async () => {
    const venue = kit.venues.open("bithumb", TEST_KEY);
    kit.simulator.control.setSwitches({ bithumb: { notReadyLookups: 3 } });
    const order = testOrder("bithumb");
    await venue.place(order, TIMEOUT_MS);
    for (let count = 0; count < 3; count++)
      expect(await venue.lookup(order, TIMEOUT_MS)).toEqual({ kind: "not-ready" });
    expect(await venue.lookup(order, TIMEOUT_MS)).toMatchObject({ kind: "found" });
    kit.simulator.control.setSwitches({ bithumb: { notReadyLookups: 1 } });
  });
});

describe("Binance's three kinds of 503", () => {
  const place = async (body: object) => {
    const venue = kit.venues.open("binance", TEST_KEY);
    await venue.place(testOrder("binance"), TIMEOUT_MS);
    const fault = { kind: "answer", venue: "binance", method: "POST", status: 503, count: 1 } as const;
    kit.simulator.control.setFault({ ...fault, body: JSON.stringify(body) });
    return await venue.place(testOrder("binance"), TIMEOUT_MS);
  };

  test("the unknown one is unknown, the others have failed", async () => {
    const unknown = { code: -1003, msg: "Unknown error, please check your request or try again later." };
    expect(await place(unknown)).toMatchObject({ kind: "unknown" });
    expect(await place({ code: 0, msg: "Service Unavailable." })).toMatchObject({
      rejection: { kind: "closed" },
    });
    expect(await place({ code: -1008, msg: "Server is currently overloaded." })).toMatchObject({
      rejection: { kind: "limited", idStillFree: true },
    });
  });
});

describe("Time", () => {
  test("a venue whose clock is elsewhere is believed: orders go through", async () => {
    for (const name of ["bybit", "binance"] as const) {
      const skewed = await startTradingKit();
      for (const path of ["/v5", "/fapi"])
        skewed.simulator.control.setFault({ kind: "clock-skew", skewMs: 45_000, path });
      const venue = skewed.venues.open(name, TEST_KEY);
      expect(await venue.place(testOrder(name), TIMEOUT_MS)).toMatchObject({ kind: "accepted" });
      expect(await venue.clockOffsetMs()).toBeGreaterThan(44_000);
      await skewed.stop();
    }
  });

  test("a clock that jumps is refused once, for certain, and measured before the next order", async () => {
    for (const name of ["bybit", "binance", "bithumb"] as const) {
      const skewed = await startTradingKit();
      const venue = skewed.venues.open(name, TEST_KEY);
      expect(await venue.place(testOrder(name), TIMEOUT_MS)).toMatchObject({ kind: "accepted" });
      const path = { bybit: "/v5", binance: "/fapi", bithumb: "/v" }[name];
      skewed.simulator.control.setFault({ kind: "clock-skew", skewMs: 45_000, path });
      expect(await venue.place(testOrder(name), TIMEOUT_MS)).toMatchObject({
        kind: "rejected",
        rejection: { kind: "clock", idStillFree: true },
      });
      // Bithumb's clock is read off the Date header, which the simulator does not skew.
      if (name !== "bithumb") {
        expect(await venue.place(testOrder(name), TIMEOUT_MS)).toMatchObject({ kind: "accepted" });
      }
      await skewed.stop();
    }
  });

  test("reads notice a jump too, and the next one goes through", async () => {
    for (const name of ["bybit", "binance"] as const) {
      const skewed = await startTradingKit();
      const venue = skewed.venues.open(name, TEST_KEY);
      await venue.balances();
      skewed.simulator.control.setFault({ kind: "clock-skew", skewMs: -45_000, venue: name });
      await expect(venue.balances()).rejects.toMatchObject({ rejection: { kind: "clock" } });
      expect((await venue.balances()).length).toBeGreaterThan(0);
      await skewed.stop();
    }
  });

  test("a request that arrives after its window is refused; at Upbit, which has none, it is carried out", async () => {
    const late = { kind: "late-arrival", method: "POST", count: 1 } as const;
    // Longer than any window here, and than what comes before the order's arrival takes on a busy machine.
    const delayMs = 2_300;
    const arriving = async (name: "upbit" | "bybit" | "binance") => {
      const venue = kit.venues.open(name, TEST_KEY);
      await venue.place(testOrder(name), TIMEOUT_MS);
      const order = testOrder(name);
      kit.simulator.control.setFault({ ...late, venue: name, delayMs });
      expect(await venue.place(order, 400)).toEqual({ kind: "unknown", why: "timeout" });
      expect(await venue.lookup(order, TIMEOUT_MS)).toEqual({ kind: "absent" });
      await Bun.sleep(delayMs);
      await Bun.sleep(60);
      return await venue.lookup(order, TIMEOUT_MS);
    };
    const [upbit, bybit, binance] = await Promise.all([
      arriving("upbit"),
      arriving("bybit"),
      arriving("binance"),
    ]);
    expect(upbit).toMatchObject({ kind: "found" });
    expect([bybit, binance]).toEqual([{ kind: "absent" }, { kind: "absent" }]);
  });
});
