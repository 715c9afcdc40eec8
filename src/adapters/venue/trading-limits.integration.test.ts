// Bursts against venues that count: nobody is refused for its limit, and what is urgent does not queue behind entries.

import { describe, expect, test } from "bun:test";
import type { PerpetualVenue, TradingVenue } from "../../ports/trading-venue.ts";
import { InProcessBus } from "../bus/in-process.ts";
import { systemClock } from "../clock.ts";
import {
  restingPrice,
  startTradingKit,
  TEST_KEY,
  TEST_VENUES,
  type TestVenue,
  testOrder,
} from "./order-testing.ts";
import { Governor } from "./rate-governor.ts";
import { TradingVenues } from "./trading.ts";

const PATIENT_MS = 20_000;

const harmless = (name: TestVenue) =>
  testOrder(name, { side: "sell", limitPrice: restingPrice(name, "sell") });

describe("With the venues counting", () => {
  test("bursts of orders and look-ups draw no refusal anywhere", async () => {
    await Promise.all(
      TEST_VENUES.map(async (name) => {
        const kit = await startTradingKit({}, { limits: true });
        const venue: TradingVenue = kit.venues.open(name, TEST_KEY);
        const count = name === "bithumb" || name === "binance" ? 120 : 30;
        const orders = Array.from({ length: count }, () => harmless(name));
        const placed = await Promise.all(orders.map((order) => venue.place(order, PATIENT_MS)));
        expect(placed.filter(({ kind }) => kind !== "accepted")).toEqual([]);
        // Bybit shows an order a moment after it has acknowledged it.
        await Bun.sleep(60);
        const looked = await Promise.all(orders.slice(0, 30).map((order) => venue.lookup(order, PATIENT_MS)));
        expect(looked.filter(({ kind }) => kind !== "found" && kind !== "not-ready")).toEqual([]);
        expect(kit.simulator.control.totals()).toMatchObject({ limited: 0 });
        await kit.stop();
      }),
    );
  }, 30_000);

  test("Upbit: exits go at once while entries wait for their part of the budget", async () => {
    const kit = await startTradingKit({}, { limits: true });
    const venue = kit.venues.open("upbit", TEST_KEY);
    const entry = () => testOrder("upbit", { limitPrice: restingPrice("upbit", "buy") });
    const ended: string[] = [];
    const entries = Array.from({ length: 16 }, async () => {
      await venue.place(entry(), PATIENT_MS);
      ended.push("entry");
    });
    const exits = Array.from({ length: 3 }, async () => {
      await venue.place(harmless("upbit"), PATIENT_MS);
      ended.push("exit");
    });
    await Promise.all([...entries, ...exits]);
    // 70 % of 12 a second are 8 entries; the exits are not behind the other 8.
    expect(ended.slice(0, 11).filter((each) => each === "exit")).toHaveLength(3);
    expect(kit.simulator.control.totals()).toMatchObject({ limited: 0 });
    await kit.stop();
  });

  test("an entry can be made urgent, and an exit can be made to wait", async () => {
    const kit = await startTradingKit({}, { limits: true });
    const venue = kit.venues.open("upbit", TEST_KEY);
    const place = (urgent: boolean) => venue.place(harmless("upbit"), 260, { urgent });
    const first = await Promise.all(Array.from({ length: 12 }, () => place(false)));
    expect(first.filter(({ kind }) => kind === "accepted")).toHaveLength(8);
    const entry = testOrder("upbit", { limitPrice: restingPrice("upbit", "buy") });
    expect(await venue.place(entry, 260, { urgent: true })).toMatchObject({ kind: "accepted" });
    await kit.stop();
  });

  test("Binance: rounds over everybody leave what an exit needs of the minute", async () => {
    const kit = await startTradingKit({}, { limits: true });
    const { log } = kit;
    const governor = new Governor({
      ...{ id: "test", role: "scheduler", sourceAddress: "test", version: "test", clock: systemClock, log },
      ...{ announcements: new InProcessBus(systemClock).announcements, linkUp: () => true, helloMs: 0 },
      enabled: true,
    });
    await governor.start();
    const urls = kit.simulator.urls[0]!;
    const venues = new TradingVenues({ urls, clock: systemClock, log, governor, readTimeoutMs: 2_000 });
    const venue = venues.open("binance", TEST_KEY) as PerpetualVenue;
    let seen = 0;
    // 3,000 of weight, where the address has 2,400 a minute.
    for (let round = 0; round < 600; round++) {
      void venue.positions(undefined, { haste: "patient" }).then(
        () => seen++,
        () => undefined,
      );
    }
    const order = harmless("binance");
    expect(await venue.place(order, 3_000)).toMatchObject({ kind: "accepted" });
    while (seen < (0.4 * 2_400) / 5) await Bun.sleep(10);
    expect(await venue.place(harmless("binance"), 3_000)).toMatchObject({ kind: "accepted" });
    expect(await venue.lookup(order, 3_000)).toMatchObject({ kind: "found" });
    expect(await venue.positions(undefined, { haste: "urgent" })).toEqual([]);
    // An entry's reads neither; the rounds stop at half.
    expect(await venue.balances()).toHaveLength(2);
    // Fees, 20 each, funding, 30, and what else can wait leave their part too.
    const rest = Array.from({ length: 40 }, () =>
      Promise.allSettled([venue.feeRates("BTCUSDT"), venue.fundingSince("BTCUSDT", Date.now() - 60_000)]),
    );
    expect((await Promise.all(rest)).flat().some(({ status }) => status === "rejected")).toBe(true);
    const leaving = harmless("binance");
    expect(await venue.place(leaving, 3_000)).toMatchObject({ kind: "accepted" });
    expect(await venue.lookup(leaving, 3_000)).toMatchObject({ kind: "found" });
    expect(seen).toBeLessThanOrEqual((0.5 * 2_400) / 5);
    expect(kit.simulator.control.totals()).toMatchObject({ limited: 0 });
    await governor.stop();
    await kit.stop();
  });
});
