import { describe, expect, test } from "bun:test";
import { exact, textOf, times } from "./exact.ts";
import { createHarness, KEY, type Params, signed } from "./wire-harness.ts";

const BUY = { market: "KRW-BTC", side: "bid", order_type: "price", price: "1000000" };

function bithumb(spec: object = { balances: { bithumb: { KRW: "100000000", BTC: "0.5" } } }) {
  const harness = createHarness({ keys: [{ ...KEY, ...spec }] });
  const place = (params: Params) => harness.call("bithumb", "POST /v2/orders", params);
  const look = (params: Params) => harness.call("bithumb", "GET /v1/order", params);
  /** Past the first "not ready". */
  const read = (params: Params) => (look(params).status === 422 ? look(params) : look(params)).json;
  const bestAsk = () => harness.get("bithumb", "/v1/orderbook?markets=KRW-BTC").json[0].orderbook_units[0];
  return { ...harness, place, look, read, bestAsk };
}

describe("Bithumb orders", () => {
  test("placing answers with an id and nothing of the fill; the first lookup is not ready", () => {
    const { place, look } = bithumb();
    const placed = place({ ...BUY, client_order_id: "a-1" });
    expect(placed.status).toBe(201);
    expect(Object.keys(placed.json)).toEqual([
      "order_id",
      "market",
      "side",
      "order_type",
      "created_at",
      "stp_type",
      "client_order_id",
    ]);
    expect(placed.json.order_id).toMatch(/^C0101\d{15}$/);
    const early = look({ client_order_id: "a-1" });
    expect([early.status, early.json.error.name]).toEqual([422, "order_not_ready"]);
    const order = look({ client_order_id: "a-1" }).json;
    expect(order).toMatchObject({
      uuid: placed.json.order_id,
      ord_type: "price",
      state: "done",
      client_order_id: "a-1",
    });
    expect(order.executed_funds).toBe(
      textOf(order.trades.reduce((sum: bigint, trade: { funds: string }) => sum + exact(trade.funds), 0n)),
    );
    expect(look({ client_order_id: "none" }).json.error.name).toBe("order_not_found");
  });

  test("switches: how many lookups are not ready, and what a market buy with money left reads", () => {
    const { place, look, control } = bithumb();
    control.setSwitches({ bithumb: { notReadyLookups: 3, residueState: "cancel" } });
    const { order_id: uuid } = place(BUY).json;
    expect([1, 2, 3, 4].map(() => look({ uuid }).status)).toEqual([422, 422, 422, 200]);
    expect(look({ uuid }).json).toMatchObject({ state: "cancel", cancel_type: "tif_cancel" });
    expect(() => control.setSwitches({ bithumb: { residueState: "maybe" as "done" } })).toThrow(RangeError);
    expect(() => control.setSwitches({ nobody: {}, bithumb: { none: 1 } } as object)).toThrow(RangeError);
  });

  test("an ioc order that filled in part reads `done`, one that filled nothing `cancel`", () => {
    const { place, read, bestAsk } = bithumb();
    const { ask_price: price, ask_size: size } = bestAsk();
    const limit = { market: "KRW-BTC", side: "bid", order_type: "limit", time_in_force: "ioc" };
    const more = textOf(exact(size) * 3n);
    const part = read({ uuid: place({ ...limit, price, volume: more }).json.order_id });
    expect(part).toMatchObject({ state: "done", executed_volume: String(size), cancel_type: "tif_cancel" });
    expect(part.remaining_volume).toBe(textOf(exact(size) * 2n));
    const none = read({ uuid: place({ ...limit, price: "100000000", volume: "0.01" }).json.order_id });
    expect(none).toMatchObject({ state: "cancel", executed_volume: "0", trades: [] });
  });

  test("the fee is the list rate or the coupon's", () => {
    for (const [bithumbCoupon, rate] of [
      [false, "0.0025"],
      [true, "0.0004"],
    ] as const) {
      const { place, read, call } = bithumb({ bithumbCoupon });
      expect(call("bithumb", "GET /v1/orders/chance", { market: "KRW-BTC" }).json.bid_fee).toBe(rate);
      const order = read({ uuid: place(BUY).json.order_id });
      const exactFee = times(exact(order.executed_funds), exact(rate));
      expect(Math.abs(Number(exact(order.paid_fee) - exactFee)) / 1e18).toBeLessThanOrEqual(5e-9);
    }
  });

  test("a used client_order_id gets the first order, or an error by switch; either way nothing executes twice", () => {
    const { place, control, call } = bithumb();
    const first = place({ ...BUY, client_order_id: "twice" });
    const second = place({ ...BUY, price: "2000000", client_order_id: "twice" });
    expect([second.status, second.json.order_id]).toEqual([200, first.json.order_id]);
    control.setSwitches({ bithumb: { duplicateClientId: "refuse" } });
    expect(place({ ...BUY, client_order_id: "twice" }).json.error.name).toBe("duplicated_client_order_id");
    expect(control.accounts.clientIds(KEY.apiKey, "bithumb")).toEqual([
      { clientId: "twice", requested: 3, accepted: 1, executed: 1 },
    ]);
    expect(call("bithumb", "GET /v2/orders/history").json).toHaveLength(1);
  });

  test("every refusal has its name", () => {
    const { place, control } = bithumb();
    const errorOf = (params: Params) => {
      const { status, json } = place(params);
      return [status, json.error?.name];
    };
    expect(errorOf({ ...BUY, client_order_id: "no spaces" })).toEqual([400, "invalid_parameter"]);
    expect(errorOf({ ...BUY, client_order_id: "x".repeat(37) })).toEqual([400, "invalid_parameter"]);
    expect(errorOf({ ...BUY, price: "1000" })).toEqual([400, "under_price_limit_bid"]);
    control.setSwitches({ bithumb: { minimumName: "under_min_total" } });
    expect(errorOf({ ...BUY, price: "1000" })).toEqual([400, "under_min_total_bid"]);
    expect(errorOf({ ...BUY, price: "99999999" })).toEqual([400, "insufficient_funds_bid"]);
    const sell = { market: "KRW-BTC", side: "ask", order_type: "market", volume: "0.6" };
    expect(errorOf(sell)).toEqual([400, "insufficient_funds_ask"]);
    expect(errorOf({ ...sell, price: "1" })).toEqual([400, "invalid_parameter"]);
    const limit = {
      market: "KRW-BTC",
      side: "ask",
      order_type: "limit",
      price: "150000000.5",
      volume: "0.1",
    };
    expect(errorOf(limit)).toEqual([400, "invalid_price_ask"]);
    expect(errorOf({ ...BUY, market: "KRW-NONE" })).toEqual([400, "invalid_parameter"]);
    // The older spelling is not understood here.
    expect(errorOf({ market: "KRW-BTC", side: "bid", ord_type: "price", price: "10000" })).toEqual([
      400, 400,
    ]);
  });

  test("the older path takes ord_type and no id of the client's", () => {
    const { call, control } = bithumb();
    const { order_type: ord_type, ...rest } = BUY;
    const placed = call("bithumb", "POST /v1/orders", { ...rest, ord_type, client_order_id: "ignored" });
    expect([placed.status, placed.json.state, placed.json.ord_type]).toEqual([201, "wait", "price"]);
    expect(control.accounts.clientIds(KEY.apiKey, "bithumb")).toEqual([]);
  });

  test("resting orders are pending, can be cancelled, and come back in the history", () => {
    const { place, call, control } = bithumb();
    const rest = { market: "KRW-BTC", side: "bid", order_type: "limit", price: "100000000", volume: "0.1" };
    const { order_id } = place({ ...rest, client_order_id: "rest" }).json;
    expect(call("bithumb", "GET /v2/orders/pending").json).toMatchObject([{ uuid: order_id, state: "wait" }]);
    expect(call("bithumb", "GET /v1/orders", { market: "KRW-BTC" }).json).toMatchObject([
      { locked: "10025000" },
    ]);
    expect(call("bithumb", "DELETE /v2/order", { client_order_id: "rest" }).json).toMatchObject({ order_id });
    expect(call("bithumb", "DELETE /v2/order", { order_id }).json.error.name).toBe("order_not_found");
    expect(call("bithumb", "GET /v2/orders/history").json).toMatchObject([
      { state: "cancel", cancel_type: "user_cancel" },
    ]);
    expect(control.accounts.balances(KEY.apiKey, "bithumb").KRW).toBe("100000000");
  });

  test("an order whose token is older than 20 seconds is refused and never made", () => {
    const { send, clock, control } = bithumb();
    const sent = signed("bithumb", "POST /v2/orders", BUY, { key: KEY, nowMs: clock.nowMs });
    clock.nowMs += 20_001;
    expect(send("bithumb", sent).json.error.name).toBe("expired_jwt");
    clock.nowMs -= 1;
    expect(send("bithumb", sent).status).toBe(201);
    expect(control.accounts.orders(KEY.apiKey, "bithumb")).toHaveLength(1);
  });

  test("orders have a budget of 140 a second per address, then the category is closed for a while", () => {
    const { place } = bithumb();
    const statuses = Array.from({ length: 141 }, () => place({ ...BUY, price: "1" }).status);
    expect(statuses.filter((status) => status === 400)).toHaveLength(140);
    expect(statuses.at(-1)).toBe(429);
  });
});
