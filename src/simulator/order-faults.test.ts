import { describe, expect, test } from "bun:test";
import { type FaultSpec, ORDER_FAULTS, REQUEST_FAULTS } from "./faults.ts";
import { createHarness, KEY, type Params, signed } from "./wire-harness.ts";

const ORDER = { path: "/v1/orders", method: "POST", venue: "upbit" } as const;
const BUY = { market: "KRW-BTC", side: "bid", ord_type: "price", price: "1000000" };

function withFault(fault: Omit<FaultSpec, "kind"> & { kind: FaultSpec["kind"] }) {
  const harness = createHarness();
  harness.control.setFault({ ...ORDER, ...fault });
  const sent = (params: Params = {}) =>
    signed("upbit", "POST /v1/orders", { ...BUY, ...params }, { key: KEY, nowMs: harness.clock.nowMs });
  const executed = () => harness.control.accounts.fills(KEY.apiKey, "upbit").length > 0;
  const look = (params: Params) => harness.call("upbit", "GET /v1/order", params);
  return { ...harness, sent, executed, look };
}

describe("a request and its reply", () => {
  test("request-lost: never arrives, shows as reset or hang, uses up neither identifier nor budget", () => {
    for (const by of ["reset", "hang"] as const) {
      const { deliver, sent, executed, send } = withFault({ kind: "request-lost", by, count: 1 });
      expect(deliver("upbit", sent({ identifier: "i" })).kind).toBe(by);
      expect(executed()).toBe(false);
      const again = send("upbit", sent({ identifier: "i" }));
      expect([again.status, again.headers["Remaining-Req"]]).toEqual([201, "group=order; min=720; sec=11"]);
    }
  });

  test("reply-lost: the order is there though nobody was told", () => {
    for (const by of ["reset", "hang"] as const) {
      const { deliver, sent, look } = withFault({ kind: "reply-lost", by });
      expect(deliver("upbit", sent({ identifier: "i" })).kind).toBe(by);
      expect(look({ identifier: "i" }).json.state).toBe("cancel");
    }
  });

  test("a 5xx, a page or any answer can come before or after the order was carried out", () => {
    for (const executedFirst of [false, true]) {
      for (const kind of ["server-error", "html", "answer", "hang", "reset"] as const) {
        const { deliver, sent, executed } = withFault({ kind, executed: executedFirst });
        deliver("upbit", sent());
        expect([kind, executed()]).toEqual([kind, executedFirst]);
      }
    }
  });

  test("delay: slow to acknowledge, but executed at once", () => {
    const { deliver, sent, executed } = withFault({ kind: "delay", delayMs: 5_000 });
    expect(deliver("upbit", sent())).toMatchObject({ kind: "send", delayMs: 5_000, reply: { status: 201 } });
    expect(executed()).toBe(true);
  });

  test("late-arrival: takes effect when it arrives, whether or not somebody still waits", async () => {
    const { deliver, sent, executed, clock, arrivePending } = withFault({
      kind: "late-arrival",
      delayMs: 3_000,
    });
    const delivery = deliver("upbit", sent());
    if (delivery.kind !== "held") throw new Error(`expected held, was ${delivery.kind}`);
    clock.nowMs += 2_999;
    expect(executed()).toBe(false);
    clock.nowMs += 1;
    arrivePending();
    expect(executed()).toBe(true);
    expect(await delivery.arrived).toMatchObject({ kind: "send", reply: { status: 201 } });
  });

  test("late-arrival past the receive window is refused at Bybit and Binance, not at Upbit", () => {
    const { deliver, clock, control, arrivePending } = createHarness();
    control.setFault({ kind: "late-arrival", delayMs: 5_001, method: "POST" });
    deliver("upbit", signed("upbit", "POST /v1/orders", BUY, { key: KEY, nowMs: clock.nowMs }));
    const perp = { symbol: "BTCUSDT", side: "Buy", category: "linear", orderType: "Market", qty: "0.01" };
    deliver("bybit", signed("bybit", "POST /v5/order/create", perp, { key: KEY, nowMs: clock.nowMs }));
    const binance = { symbol: "BTCUSDT", side: "BUY", type: "MARKET", quantity: "0.01" };
    deliver("binance", signed("binance", "POST /fapi/v1/order", binance, { key: KEY, nowMs: clock.nowMs }));
    clock.nowMs += 6_000;
    arrivePending();
    const made = (["upbit", "bybit", "binance"] as const).map(
      (venue) => control.accounts.orders(KEY.apiKey, venue).length,
    );
    expect(made).toEqual([1, 0, 0]);
  });

  test("duplicate-delivery: what the second copy does is the venue's rule", () => {
    const { call, clock, control, deliver, arrivePending } = createHarness();
    control.setFault({ kind: "duplicate-delivery", method: "POST" });
    call("upbit", "POST /v1/orders", { ...BUY, identifier: "u" });
    call("bithumb", "POST /v2/orders", {
      market: "KRW-BTC",
      side: "bid",
      order_type: "price",
      price: "10000",
    });
    const perp = { symbol: "BTCUSDT", side: "Buy", category: "linear", orderType: "Market", qty: "0.01" };
    call("bybit", "POST /v5/order/create", { ...perp, orderLinkId: "y" });
    const binance = {
      symbol: "BTCUSDT",
      side: "BUY",
      type: "MARKET",
      quantity: "0.01",
      newClientOrderId: "b",
    };
    call("binance", "POST /fapi/v1/order", binance);
    const executions = (venue: "upbit" | "bithumb" | "bybit" | "binance") =>
      control.accounts.orders(KEY.apiKey, venue).length;
    // Tokens cannot be used twice, Bybit knows the id, Binance takes a filled id again.
    expect([executions("upbit"), executions("bithumb"), executions("bybit"), executions("binance")]).toEqual([
      1, 1, 1, 2,
    ]);
    expect(control.accounts.clientIds(KEY.apiKey, "binance")).toMatchObject([{ clientId: "b", executed: 2 }]);
    control.clearFaults();
    control.setFault({ kind: "duplicate-delivery", delayMs: 1_000 });
    const sent = signed("binance", "POST /fapi/v1/order", binance, { key: KEY, nowMs: clock.nowMs });
    expect(deliver("binance", sent).kind).toBe("send");
    expect(executions("binance")).toBe(3);
    clock.nowMs += 1_000;
    arrivePending();
    expect(executions("binance")).toBe(4);
  });

  test("maintenance: each venue in its own way, and nothing is carried out", () => {
    const { call, control } = createHarness();
    control.setFault({ kind: "maintenance" });
    const of = (venue: "upbit" | "bithumb" | "bybit" | "binance", route: string) => {
      const { status, json } = call(venue, route);
      return [status, json.error?.name ?? json.retCode ?? json.code];
    };
    expect(of("upbit", "GET /v1/accounts")).toEqual([500, "server_error"]);
    expect(of("bithumb", "GET /v1/accounts")).toEqual([503, 503]);
    expect(of("bybit", "GET /v5/user/query-api")).toEqual([200, 10016]);
    expect(of("binance", "GET /fapi/v3/balance")).toEqual([503, -1008]);
  });

  test("clock-skew: tokens and windows are judged by the venue's clock; Upbit looks at none", () => {
    const { call, control } = createHarness();
    control.setFault({ kind: "clock-skew", skewMs: 60_000 });
    expect(call("upbit", "GET /v1/accounts").status).toBe(200);
    expect(call("bithumb", "GET /v1/accounts").json.error.name).toBe("expired_jwt");
    expect(call("bybit", "GET /v5/user/query-api").json.retCode).toBe(10002);
    expect(call("binance", "GET /fapi/v3/balance").json.code).toBe(-1021);
  });
});

describe("what an order meets", () => {
  test("part-fill: a share fills, the rest is cancelled", () => {
    const { send, sent, look } = withFault({ kind: "part-fill", fraction: 0.25 });
    const { uuid } = JSON.parse(send("upbit", sent()).text);
    const order = look({ uuid }).json;
    const spent = order.trades.reduce(
      (sum: number, trade: { funds: string }) => sum + Number(trade.funds),
      0,
    );
    expect(order.state).toBe("cancel");
    expect(spent).toBeGreaterThan(249_997);
    expect(spent).toBeLessThanOrEqual(250_000);
    const nothing = withFault({ kind: "part-fill", fraction: 0 });
    const none = nothing.send("upbit", nothing.sent()).json;
    expect(nothing.look({ uuid: none.uuid }).json).toMatchObject({
      state: "cancel",
      executed_volume: "0",
      trades: [],
    });
  });

  test("refusal: in the venue's words, with the identifier used up where the venue does so", () => {
    const { send, sent } = withFault({ kind: "refusal", code: "under_min_total_bid", count: 1 });
    const refused = send("upbit", sent({ identifier: "i" }));
    expect([refused.status, refused.json.error.name]).toEqual([400, "under_min_total_bid"]);
    expect(send("upbit", sent({ identifier: "i" })).json.error.name).toBe("identifier_already_used");
    // A refusal of the gateway uses up nothing.
    const early = withFault({ kind: "refusal", code: "too_many_requests", count: 1 });
    expect(early.send("upbit", early.sent({ identifier: "i" })).status).toBe(429);
    expect(early.send("upbit", early.sent({ identifier: "i" })).status).toBe(201);
  });

  test("refusal reaches any signed route", () => {
    const { call, control } = createHarness();
    control.setFault({ kind: "refusal", code: "odd", message: "why", status: 409, path: "/v1/accounts" });
    const answer = call("upbit", "GET /v1/accounts");
    expect([answer.status, answer.json]).toEqual([409, { error: { name: "odd", message: "why" } }]);
  });

  test("insufficient-balance: refused for lack of funds that are there", () => {
    const { send, sent, executed } = withFault({ kind: "insufficient-balance" });
    expect(send("upbit", sent()).json.error.name).toBe("insufficient_funds_bid");
    expect(executed()).toBe(false);
  });

  test("delayed-visibility: not found for a while, or found as it was placed", () => {
    const hidden = withFault({ kind: "delayed-visibility", delayMs: 2_000 });
    const { uuid } = hidden.send("upbit", hidden.sent()).json;
    expect(hidden.executed()).toBe(true);
    expect(hidden.look({ uuid }).json.error.name).toBe("order_not_found");
    expect(hidden.call("upbit", "GET /v1/orders/closed").json).toEqual([]);
    hidden.clock.nowMs += 2_000;
    expect(hidden.look({ uuid }).json.state).toBe("cancel");
    const open = withFault({ kind: "delayed-visibility", delayMs: 2_000, hiddenAs: "open" });
    const { uuid: other } = open.send("upbit", open.sent()).json;
    expect(open.look({ uuid: other }).json).toMatchObject({
      state: "wait",
      executed_volume: "0",
      trades: [],
    });
    open.clock.nowMs += 2_000;
    expect(open.look({ uuid: other }).json.state).toBe("cancel");
  });
});

describe("which orders a fault meets", () => {
  test("key, side, method, a whole path, and the n-th only", () => {
    const other = { apiKey: "another-key", secret: "another-secret" };
    const { call, control } = createHarness({ keys: [KEY, other] });
    const refusal = { kind: "refusal", code: "odd" } as const;
    control.setFault({ ...refusal, apiKey: other.apiKey });
    expect(call("upbit", "GET /v1/accounts").status).toBe(200);
    expect(call("upbit", "GET /v1/accounts", {}, other).status).toBe(400);
    control.clearFaults();
    control.setFault({ ...refusal, side: "sell" });
    expect(call("upbit", "POST /v1/orders", BUY).status).toBe(201);
    const sell = { market: "KRW-BTC", side: "ask", ord_type: "market", volume: "0.001" };
    expect(call("upbit", "POST /v1/orders", sell).json.error.name).toBe("odd");
    control.clearFaults();
    control.setFault({ ...refusal, path: "/v1/order$", method: "GET" });
    expect(call("upbit", "GET /v1/order", { uuid: "x" }).json.error.name).toBe("odd");
    expect(call("upbit", "GET /v1/orders/open").status).toBe(200);
    control.clearFaults();
    control.setFault({ ...refusal, skip: 1, count: 1, symbol: "KRW-BTC" });
    const names = [1, 2, 3].map(() => call("upbit", "POST /v1/orders", BUY).status);
    expect(names).toEqual([201, 400, 201]);
  });
});

test("every kind is tried above", () => {
  expect([...REQUEST_FAULTS, ...ORDER_FAULTS]).toHaveLength(10);
});

describe("keys", () => {
  const codes = (state: object, trade = false) => {
    const { call, control } = createHarness();
    control.accounts.setKey({ apiKey: KEY.apiKey, ...state });
    const code = (venue: "upbit" | "bithumb" | "bybit" | "binance", route: string, params: Params = {}) => {
      const { json } = call(venue, route, params);
      return json.error?.name ?? json.retCode ?? json.code;
    };
    if (!trade) {
      return [
        code("upbit", "GET /v1/accounts"),
        code("bithumb", "GET /v1/accounts"),
        code("bybit", "GET /v5/user/query-api"),
        code("binance", "GET /fapi/v3/balance"),
      ];
    }
    return [
      code("upbit", "POST /v1/orders", BUY),
      code("bithumb", "POST /v2/orders", BUY),
      code("bybit", "POST /v5/order/create", { category: "linear" }),
      code("binance", "POST /fapi/v1/order", { symbol: "BTCUSDT" }),
    ];
  };

  test("revoked, expired, used from elsewhere, or without the right: each venue's word", () => {
    expect(codes({ revoked: true })).toEqual(["invalid_access_key", "invalid_access_key", 10003, -2015]);
    expect(codes({ expired: true })).toEqual(["expired_access_key", "expired_access_key", 33004, -2015]);
    expect(codes({ addresses: ["192.0.2.1"] })).toEqual(["no_authorization_ip", "NotAllowIP", 10010, -2015]);
    expect(codes({ canTrade: false }, true)).toEqual(["out_of_scope", "out_of_scope", 10005, -2015]);
    expect(codes({ canRead: false })).toEqual(["out_of_scope", "out_of_scope", 10005, -2015]);
  });

  test("an address is allowed whole or as one of the pretended sources", () => {
    const { call, control, send, clock } = createHarness();
    control.accounts.setKey({ apiKey: KEY.apiKey, venue: "upbit", addresses: ["10.0.0.1#1"] });
    expect(call("upbit", "GET /v1/accounts").status).toBe(401);
    const sent = signed("upbit", "GET /v1/accounts", {}, { key: KEY, nowMs: clock.nowMs });
    expect(send("upbit", { ...sent, sourceIndex: 1 }).status).toBe(200);
    control.accounts.setKey({ apiKey: KEY.apiKey, addresses: ["10.0.0.1"] });
    expect(call("upbit", "GET /v1/accounts").status).toBe(200);
  });
});
