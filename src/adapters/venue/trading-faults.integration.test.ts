import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { Decimal } from "../../domain/decimal.ts";
import type { LookupOutcome } from "../../ports/trading-venue.ts";
import {
  restingPrice,
  settledOrder,
  startTradingKit,
  sumQty,
  TEST_KEY,
  TEST_VENUES,
  type TradingKit,
  testOrder,
} from "./order-testing.ts";

const TIMEOUT_MS = 3_000;
const PLACE_PATHS = {
  upbit: "/v1/orders$",
  bithumb: "/v2/orders$",
  bybit: "/v5/order/create$",
  binance: "/fapi/v1/order$",
} as const;

let kit: TradingKit;
beforeAll(async () => {
  kit = await startTradingKit();
});
afterEach(() => {
  kit.simulator.control.clearFaults();
});
afterAll(() => kit.stop());

/** Once the venue has had the time to show it. */
async function lookedUp(
  venue: Parameters<typeof settledOrder>[0],
  order: Parameters<typeof settledOrder>[1],
): Promise<LookupOutcome> {
  await Bun.sleep(60);
  return await venue.lookup(order, TIMEOUT_MS);
}

for (const name of TEST_VENUES) {
  describe(name, () => {
    const open = () => kit.venues.open(name, TEST_KEY);
    const fault = (spec: object) =>
      kit.simulator.control.setFault({
        ...({ kind: "delay" } as const),
        venue: name,
        method: "POST",
        path: PLACE_PATHS[name],
        count: 1,
        ...spec,
      });
    const idRecord = (clientId: string) =>
      kit.simulator.control.accounts
        .clientIds(TEST_KEY.apiKey, name)
        .find((each) => each.clientId === clientId);

    test.each(["reset", "hang"])(
      "a reply lost after execution (%s) is unknown, and the look-up finds the fills",
      async (by) => {
        const venue = open();
        const order = testOrder(name);
        fault({ kind: "reply-lost", by });
        expect(await venue.place(order, 400)).toMatchObject({ kind: "unknown" });
        expect(sumQty((await settledOrder(venue, order)).fills)).toBe("0.002");
        expect(idRecord(order.clientOrderId)).toMatchObject({ requested: 1, executed: 1 });
      },
    );

    test.each(["reset", "hang"])(
      "a request lost on its way (%s) is unknown, and the look-up finds nothing",
      async (by) => {
        const venue = open();
        const order = testOrder(name);
        fault({ kind: "request-lost", by });
        expect(await venue.place(order, 400)).toMatchObject({ kind: "unknown" });
        expect(await lookedUp(venue, order)).toEqual({ kind: "absent" });
      },
    );

    test.each([
      ["an HTML page", { kind: "html", executed: true }],
      ["half a document", { kind: "truncated-json" }],
      ["a 500", { kind: "server-error", status: 500, executed: true }],
      ["a 502", { kind: "server-error", status: 502, executed: true }],
      ["a 504", { kind: "server-error", status: 504, executed: true }],
      ["a 408", { kind: "answer", status: 408, body: "{}", executed: true }],
    ])("%s after execution is unknown, and the look-up finds the fills", async (_, spec) => {
      const venue = open();
      const order = testOrder(name);
      fault(spec);
      expect(await venue.place(order, TIMEOUT_MS)).toMatchObject({ kind: "unknown" });
      expect(sumQty((await settledOrder(venue, order)).fills)).toBe("0.002");
    });

    test("an answer that comes too late is unknown", async () => {
      const venue = open();
      const order = testOrder(name);
      fault({ kind: "delay", delayMs: 30_000, executed: true });
      const startedAtMs = performance.now();
      expect(await venue.place(order, 500)).toEqual({ kind: "unknown", why: "timeout" });
      expect(performance.now() - startedAtMs).toBeLessThan(20_000);
    });

    test("a request carried twice by the net is one order", async () => {
      const venue = open();
      const order = testOrder(name, {
        limitPrice: restingPrice(name, name === "upbit" || name === "bithumb" ? "buy" : "sell"),
      });
      fault({ kind: "duplicate-delivery" });
      expect(await venue.place(order, TIMEOUT_MS)).toMatchObject({ kind: "accepted" });
      expect(await settledOrder(venue, order)).toMatchObject({ fillsComplete: true });
    });

    test("a balance too low is refused for certain", async () => {
      const venue = open();
      const order = testOrder(name);
      fault({ kind: "insufficient-balance" });
      expect(await venue.place(order, TIMEOUT_MS)).toMatchObject({
        kind: "rejected",
        rejection: { kind: "funds" },
      });
      expect(await lookedUp(venue, order)).toEqual({ kind: "absent" });
    });

    test.each([429, 418])(
      "%s is refused for certain, and the account is silent for a while",
      async (status) => {
        const own = await startTradingKit();
        const venue = own.venues.open(name, TEST_KEY);
        expect(await venue.place(testOrder(name), TIMEOUT_MS)).toMatchObject({ kind: "accepted" });
        const refusal = {
          venue: name,
          path: PLACE_PATHS[name],
          kind: "answer",
          status,
          body: "{}",
          count: 1,
        } as const;
        own.simulator.control.setFault({ ...refusal, method: "POST" });
        const order = testOrder(name);
        expect(await venue.place(order, TIMEOUT_MS)).toMatchObject({
          kind: "rejected",
          rejection: { kind: "limited", idStillFree: true },
        });
        expect(await lookedUp(venue, order)).toEqual({ kind: "absent" });
        const told = own.governor.settled.filter(
          ({ answer }) => answer !== "unsent" && answer.status === status,
        );
        const isHome = name === "upbit" || name === "bithumb";
        expect(told).toHaveLength(isHome ? 0 : 1);
        if (isHome) expect(await venue.place(testOrder(name), 500)).toMatchObject({ kind: "unsent" });
        await own.stop();
      },
    );

    test("a look-up that fails says so, and never that there is nothing", async () => {
      const venue = open();
      const order = testOrder(name);
      await venue.place(order, TIMEOUT_MS);
      for (const spec of [
        { kind: "reset" },
        { kind: "html" },
        { kind: "truncated-json" },
        { kind: "server-error", status: 503 },
        { kind: "answer", status: 404, body: "<html>" },
        { kind: "answer", status: 200, body: "" },
      ] as const) {
        kit.simulator.control.clearFaults();
        kit.simulator.control.setFault({ ...spec, venue: name, method: "GET" });
        expect(await kit.venues.open(name, TEST_KEY).lookup(order, TIMEOUT_MS)).toMatchObject({
          kind: "failed",
        });
      }
      kit.simulator.control.clearFaults();
      expect(await settledOrder(open(), order)).toBeDefined();
    });

    test("nothing is absent while one of the lists cannot be read", async () => {
      const lists = {
        upbit: ["/v1/orders/uuids", "/v1/orders/open", "/v1/orders/closed"],
        bithumb: ["/v2/orders/pending", "/v2/orders/history"],
        bybit: ["/v5/order/realtime", "/v5/order/history", "/v5/execution/list"],
        binance: ["/fapi/v1/openOrders", "/fapi/v1/allOrders"],
      };
      for (const path of lists[name]) {
        kit.simulator.control.clearFaults();
        kit.simulator.control.setFault({ kind: "server-error", venue: name, path });
        expect(await open().lookup(testOrder(name), TIMEOUT_MS)).toMatchObject({ kind: "failed" });
      }
    });

    test("a key that was revoked is refused at the gate, and the id stays free", async () => {
      const { accounts } = kit.simulator.control;
      accounts.setKey({ apiKey: TEST_KEY.apiKey, venue: name, revoked: true });
      const venue = open();
      const order = testOrder(name);
      const outcome = await venue.place(order, TIMEOUT_MS);
      if (outcome.kind !== "unsent") {
        expect(outcome).toMatchObject({ kind: "rejected", rejection: { kind: "key", idStillFree: true } });
      }
      expect(await venue.lookup(order, TIMEOUT_MS)).toMatchObject({
        kind: "failed",
        rejection: { kind: "key" },
      });
      expect((await venue.keyFaults()).length).toBe(1);
      accounts.setKey({ apiKey: TEST_KEY.apiKey, venue: name, revoked: false });
      expect(await venue.place(order, TIMEOUT_MS)).toMatchObject({ kind: "accepted" });
    });

    test("quantities and prices off their steps are refused for certain", async () => {
      const venue = open();
      const odd = testOrder(name, { qty: Decimal.of("0.0000000001") });
      expect(await venue.place(odd, TIMEOUT_MS)).toMatchObject({ kind: "rejected" });
      const { limitPrice } = testOrder(name);
      const price = limitPrice!.plus(Decimal.of("0.0000001"));
      const outcome = await venue.place(testOrder(name, { limitPrice: price }), TIMEOUT_MS);
      expect(outcome).toMatchObject({ kind: "rejected", rejection: { kind: "price" } });
    });

    test("without a budget of the address nothing is sent where the venue counts by address", async () => {
      const venue = open();
      await venue.balances();
      if (name === "bybit" || name === "binance") await venue.place(testOrder(name), TIMEOUT_MS);
      kit.governor.grants = false;
      const order = testOrder(name);
      const outcome = await venue.place(order, TIMEOUT_MS);
      kit.governor.grants = true;
      if (name === "bybit" || name === "binance") {
        expect(outcome).toEqual({ kind: "unsent", why: "no budget of the address" });
        expect(idRecord(order.clientOrderId)).toBeUndefined();
      } else expect(outcome).toMatchObject({ kind: "accepted" });
    });
  });
}
