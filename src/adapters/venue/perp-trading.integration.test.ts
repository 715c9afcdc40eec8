import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Decimal } from "../../domain/decimal.ts";
import { keyFinding, keyFindingWords } from "../../domain/key-finding.ts";
import type { PerpetualVenue } from "../../ports/trading-venue.ts";
import { VenueReadFault } from "../../ports/trading-venue.ts";
import {
  settledOrder,
  startTradingKit,
  sumQty,
  TEST_KEY,
  type TradingKit,
  testOrder,
} from "./order-testing.ts";

const TIMEOUT_MS = 3_000;
const SYMBOL = "BTCUSDT";
const NAMES = ["bybit", "binance"] as const;

for (const hedgeMode of [false, true]) {
  describe(hedgeMode ? "In hedge mode" : "In one-way mode", () => {
    let kit: TradingKit;
    beforeAll(async () => {
      kit = await startTradingKit({ hedgeMode });
    });
    afterAll(() => kit.stop());

    for (const name of NAMES) {
      const open = (): PerpetualVenue => kit.venues.open(name, TEST_KEY);
      const { apiKey } = TEST_KEY;
      const short = async (venue: PerpetualVenue) => {
        const rows = await venue.positions(SYMBOL);
        return rows.map(({ side, qtyContracts }) => `${side} ${qtyContracts}`);
      };

      test(`${name}: modes are learned and told`, async () => {
        const positionMode = hedgeMode ? "hedge" : "one-way";
        expect(await open().modes(SYMBOL)).toEqual({ positionMode, marginMode: "cross" });
        kit.simulator.control.accounts.setMarginMode({ apiKey, venue: name, isolated: true });
        expect(await open().modes(SYMBOL)).toMatchObject({ marginMode: "isolated" });
        kit.simulator.control.accounts.setMarginMode({ apiKey, venue: name, isolated: false });
      });

      test(`${name}: leverage is set while there is no position; the same again is a success`, async () => {
        const venue = open();
        await venue.setLeverage(SYMBOL, Decimal.of(3));
        await venue.setLeverage(SYMBOL, Decimal.of(3));
        await expect(venue.setLeverage(SYMBOL, Decimal.of(1_000))).rejects.toThrow(VenueReadFault);
      });

      test(`${name}: shorts, makes the short smaller, and closes it to the last contract`, async () => {
        const venue = open();
        expect(await short(venue)).toEqual([]);
        expect(await venue.place(testOrder(name, { qty: Decimal.of("0.01") }), TIMEOUT_MS)).toMatchObject({
          kind: "accepted",
        });
        expect(await short(venue)).toEqual(["short 0.01"]);
        const [position] = await venue.positions();
        expect(position).toMatchObject({ symbol: SYMBOL, side: "short" });
        expect(
          [position!.leverage, position!.entryPrice.isPositive, position!.markPrice.isPositive].map(String),
        ).toEqual(["3", "true", "true"]);
        await expect(venue.setLeverage(SYMBOL, Decimal.of(5))).rejects.toThrow("expected no position");

        const part = testOrder(name, { side: "buy", qty: Decimal.of("0.004"), reducesShort: true });
        expect(await venue.place(part, TIMEOUT_MS)).toMatchObject({ kind: "accepted" });
        expect(sumQty((await settledOrder(venue, part)).fills)).toBe("0.004");
        expect(await short(venue)).toEqual(["short 0.006"]);

        const rest = testOrder(name, {
          side: "buy",
          qty: Decimal.of("0.006"),
          limitPrice: undefined,
          reducesShort: true,
        });
        expect(await venue.place(rest, TIMEOUT_MS)).toMatchObject({ kind: "accepted" });
        expect(sumQty((await settledOrder(venue, rest)).fills)).toBe("0.006");
        expect(await short(venue)).toEqual([]);
      });

      test(`${name}: what would reduce a short that is not there is refused, and nothing is opened`, async () => {
        const venue = open();
        const order = testOrder(name, { side: "buy", reducesShort: true });
        expect(await venue.place(order, TIMEOUT_MS)).toMatchObject({
          kind: "rejected",
          rejection: { kind: "nothing-to-reduce" },
        });
        expect(await short(venue)).toEqual([]);
      });

      test(`${name}: closing more than there is never opens a long`, async () => {
        const venue = open();
        await venue.place(testOrder(name), TIMEOUT_MS);
        const order = testOrder(name, { side: "buy", qty: Decimal.of("0.005"), reducesShort: true });
        const outcome = await venue.place(order, TIMEOUT_MS);
        if (outcome.kind === "accepted") {
          expect(sumQty((await settledOrder(venue, order)).fills)).toBe("0.002");
        } else {
          expect(outcome).toMatchObject({ rejection: { kind: "nothing-to-reduce" } });
          await venue.place(testOrder(name, { side: "buy", reducesShort: true }), TIMEOUT_MS);
        }
        expect(await short(venue)).toEqual([]);
      });

      test(`${name}: a sell that claims to reduce a short is not sent`, async () => {
        const order = testOrder(name, { reducesShort: true });
        expect(await open().place(order, TIMEOUT_MS)).toMatchObject({ kind: "unsent" });
      });

      test(`${name}: a mode changed behind our back is refused once, then learned`, async () => {
        const venue = open();
        expect(await venue.place(testOrder(name), TIMEOUT_MS)).toMatchObject({ kind: "accepted" });
        const cover = testOrder(name, { side: "buy", reducesShort: true, limitPrice: undefined });
        expect(await venue.place(cover, TIMEOUT_MS)).toMatchObject({ kind: "accepted" });
        kit.simulator.control.accounts.setPositionMode({ apiKey, venue: name, hedge: !hedgeMode });
        expect(await venue.place(testOrder(name), TIMEOUT_MS)).toMatchObject({
          kind: "rejected",
          rejection: { kind: "mode" },
        });
        expect(await venue.place(testOrder(name), TIMEOUT_MS)).toMatchObject({ kind: "accepted" });
        const close = testOrder(name, { side: "buy", reducesShort: true, limitPrice: undefined });
        expect(await venue.place(close, TIMEOUT_MS)).toMatchObject({ kind: "accepted" });
        kit.simulator.control.accounts.setPositionMode({ apiKey, venue: name, hedge: hedgeMode });
      });

      test(`${name}: without knowing the mode nothing is sent`, async () => {
        const path = name === "bybit" ? "/v5/position/list" : "/fapi/v1/accountConfig";
        const { id } = kit.simulator.control.setFault({ kind: "server-error", venue: name, path });
        const order = testOrder(name);
        expect(await open().place(order, TIMEOUT_MS)).toMatchObject({
          kind: "unsent",
          why: expect.stringContaining("position mode"),
        });
        kit.simulator.control.clearFaults(id);
        const ids = kit.simulator.control.accounts.clientIds(apiKey, name).map(({ clientId }) => clientId);
        expect(ids).not.toContain(order.clientOrderId);
      });
    }
  });
}

describe("The books of an account", () => {
  let kit: TradingKit;
  beforeAll(async () => {
    kit = await startTradingKit({ feesInBnb: true });
  });
  afterAll(() => kit.stop());

  test("Binance: a fee paid in BNB stays BNB, and the realised profit is gross of it", async () => {
    const venue = kit.venues.open("binance", TEST_KEY);
    const usdt = async () => {
      const row = (await venue.balances()).find(({ asset }) => asset === "USDT")!;
      return row.free.plus(row.locked);
    };
    const before = await usdt();
    await venue.place(testOrder("binance"), TIMEOUT_MS);
    const close = testOrder("binance", { side: "buy", reducesShort: true, limitPrice: undefined });
    await venue.place(close, TIMEOUT_MS);
    const { fills } = await settledOrder(venue, close);
    expect(fills.every(({ feeAsset, fee }) => feeAsset === "BNB" && fee.isPositive)).toBe(true);
    const realised = Decimal.sum(fills.map(({ realisedUsdt }) => realisedUsdt!));
    expect(String(await usdt())).toBe(String(before.plus(realised)));
  });

  test("Binance: a commission printed as negative is the same fee", async () => {
    const venue = kit.venues.open("binance", TEST_KEY);
    const order = testOrder("binance");
    await venue.place(order, TIMEOUT_MS);
    const fees = async () => (await settledOrder(venue, order)).fills.map(({ fee }) => String(fee));
    const plain = await fees();
    kit.simulator.control.setSwitches({ binance: { negativeCommission: true } });
    expect(await fees()).toEqual(plain);
    kit.simulator.control.setSwitches({ binance: { negativeCommission: false } });
  });

  test("Bybit: an order that only its executions show yet is open and not complete", async () => {
    const venue = kit.venues.open("bybit", TEST_KEY);
    const order = testOrder("bybit");
    await venue.place(order, TIMEOUT_MS);
    await settledOrder(venue, order);
    for (const path of ["/v5/order/realtime", "/v5/order/history"]) {
      const body =
        '{"retCode":0,"retMsg":"OK","result":{"list":[],"nextPageCursor":"","category":"linear"},"time":1}';
      kit.simulator.control.setFault({ kind: "answer", venue: "bybit", path, status: 200, body });
    }
    const outcome = await venue.lookup(order, TIMEOUT_MS);
    expect(outcome).toMatchObject({ kind: "found", order: { state: "open", fillsComplete: false } });
    expect(outcome.kind === "found" && sumQty(outcome.order.fills)).toBe("0.002");
    kit.simulator.control.clearFaults();
  });

  test("Bybit: fills over several pages are all read", async () => {
    const venue = kit.venues.open("bybit", TEST_KEY);
    const orders = Array.from({ length: 3 }, () => testOrder("bybit", { qty: Decimal.of("0.1") }));
    for (const order of orders) await venue.place(order, TIMEOUT_MS);
    for (const order of orders) {
      const found = await settledOrder(venue, order);
      expect(sumQty(found.fills)).toBe(String(found.filledQty));
    }
  });

  test("a position liquidated or closed by hand is gone from the positions", async () => {
    const { accounts } = kit.simulator.control;
    const { apiKey } = TEST_KEY;
    for (const name of NAMES) {
      const venue: PerpetualVenue = kit.venues.open(name, TEST_KEY);
      await venue.place(testOrder(name), TIMEOUT_MS);
      expect((await venue.positions()).length).toBe(1);
      accounts.liquidate({ apiKey, venue: name, symbol: SYMBOL });
      expect(await venue.positions(SYMBOL)).toEqual([]);
    }
  });
});

describe("Funding", () => {
  test.each(NAMES)("%s: what was paid since an instant, in USDT, with the venue's sign", async (name) => {
    const kit = await startTradingKit();
    const venue: PerpetualVenue = kit.venues.open(name, TEST_KEY);
    const openedAtMs = Date.now() - 1_000;
    const order = testOrder(name, { qty: Decimal.of("0.5") });
    await venue.place(order, TIMEOUT_MS);
    expect(await venue.fundingSince(SYMBOL, openedAtMs)).toEqual([]);
    kit.passTime(20 * 3_600_000);
    await venue.clockOffsetMs();
    const events = await venue.fundingSince(SYMBOL, openedAtMs);
    const paid = kit.simulator.control.accounts.funding(TEST_KEY.apiKey, name);
    expect(events.length).toBe(5);
    expect(events.map(({ atMs }) => atMs)).toEqual(paid.map(({ atMs }) => atMs).sort((a, b) => a - b));
    // The rate is positive: shorts receive.
    expect(events.every(({ amountUsdt, symbol }) => amountUsdt.isPositive && symbol === SYMBOL)).toBe(true);
    expect(new Set(events.map(({ id }) => id)).size).toBe(5);
    const [, , third] = events;
    expect(await venue.fundingSince(SYMBOL, third!.atMs)).toHaveLength(3);
    expect(await venue.fundingSince("ETHUSDT", openedAtMs)).toEqual([]);
    const usdt = (await venue.balances()).find(({ asset }) => asset === "USDT")!;
    const { fills } = await settledOrder(venue, order);
    const fees = Decimal.sum(fills.map(({ fee }) => fee));
    const received = Decimal.sum(events.map(({ amountUsdt }) => amountUsdt));
    expect(String(usdt.free.plus(usdt.locked))).toBe(String(Decimal.of(100_000).minus(fees).plus(received)));
    await kit.stop();
  });
});

describe("What a key lacks, in words", () => {
  let kit: TradingKit;
  beforeAll(async () => {
    kit = await startTradingKit();
  });
  afterAll(() => kit.stop());
  const set = (change: object) =>
    kit.simulator.control.accounts.setKey({ apiKey: TEST_KEY.apiKey, ...change });

  test.each([
    ["upbit", { canTrade: false }, "may not place orders"],
    ["upbit", { canRead: false }, "lacks a permission"],
    ["upbit", { addresses: ["10.9.9.9"] }, "does not allow this address"],
    ["upbit", { expired: true }, "has expired"],
    ["upbit", { expiresAtMs: Date.now() + 86_400_000 }, "ends on"],
    ["bithumb", { addresses: ["10.9.9.9"] }, "does not allow this address"],
    ["bithumb", { canRead: false }, "lacks a permission"],
    ["bybit", { canTrade: false }, "may not trade"],
    ["bybit", { addresses: ["10.9.9.9"] }, "does not allow this address"],
    ["bybit", { revoked: true }, "unknown or was deleted"],
    ["bybit", { expired: true }, "has expired"],
    ["binance", { canTrade: false }, "may not trade"],
    ["binance", { addresses: ["10.9.9.9"] }, "the venue does not say which"],
  ] as const)("%s %p: %s", async (venue, change, words) => {
    set({ venue, ...change });
    const faults = await kit.venues.open(venue, TEST_KEY).keyFaults();
    expect(faults.map((fault) => keyFindingWords(fault, "en")).join("; ")).toContain(words);
    set({
      venue,
      canTrade: true,
      canRead: true,
      addresses: undefined,
      expired: false,
      revoked: false,
      expiresAtMs: Date.now() + 300 * 86_400_000,
    });
  });

  test("a wrong secret is named as such", async () => {
    for (const name of ["upbit", "bithumb", "bybit", "binance"] as const) {
      const venue = kit.venues.open(name, { ...TEST_KEY, secret: "another-secret-0123456789" });
      expect(await venue.keyFaults()).toEqual([keyFinding("secret-wrong")]);
    }
  });

  test("a key that will do has no fault at Upbit and Bithumb", async () => {
    for (const name of ["upbit", "bithumb"] as const)
      expect(await kit.venues.open(name, TEST_KEY).keyFaults()).toEqual([]);
  });
});
