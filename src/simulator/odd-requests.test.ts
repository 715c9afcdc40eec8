// Whatever a client sends, signed or not, a venue answers in its own form and the simulator does not stumble.

import { expect, test } from "bun:test";
import fc from "fast-check";
import { runsOf } from "../testing/runs.ts";
import { anyText } from "../testing/texts.ts";
import { createHarness, KEY, type Params, signed } from "./wire-harness.ts";

const RUNS = runsOf(300, 20_000);

const ROUTES = {
  upbit: [
    "POST /v1/orders",
    "POST /v1/orders/test",
    "GET /v1/order",
    "DELETE /v1/order",
    "GET /v1/orders/open",
  ].concat("GET /v1/orders/closed", "GET /v1/orders/uuids", "GET /v1/orders/chance"),
  bithumb: [
    "POST /v2/orders",
    "POST /v1/orders",
    "GET /v1/order",
    "DELETE /v2/order",
    "GET /v2/orders/pending",
  ].concat("GET /v2/orders/history", "GET /v1/orders", "GET /v1/orders/chance"),
  bybit: ["POST /v5/order/create", "POST /v5/order/cancel", "GET /v5/order/realtime", "GET /v5/order/history"]
    .concat("GET /v5/execution/list", "GET /v5/position/list", "GET /v5/position/closed-pnl")
    .concat("GET /v5/account/wallet-balance", "GET /v5/account/fee-rate", "GET /v5/account/transaction-log")
    .concat("POST /v5/position/set-leverage", "POST /v5/position/switch-mode"),
  binance: ["POST /fapi/v1/order", "GET /fapi/v1/order", "DELETE /fapi/v1/order", "GET /fapi/v1/allOrders"]
    .concat(
      "GET /fapi/v1/openOrders",
      "GET /fapi/v1/userTrades",
      "GET /fapi/v1/income",
      "GET /fapi/v3/positionRisk",
    )
    .concat("POST /fapi/v1/leverage", "POST /fapi/v1/marginType", "GET /fapi/v1/forceOrders"),
} as const;
/** Requests that are in order, to be spoilt in a place or two. */
const SOUND: Readonly<Record<string, Params>> = {
  upbit: {
    market: "KRW-BTC",
    side: "bid",
    ord_type: "limit",
    price: "150000000",
    volume: "0.001",
    time_in_force: "ioc",
  },
  bithumb: { market: "KRW-BTC", side: "ask", order_type: "market", volume: "0.001", ord_type: "market" },
  bybit: {
    category: "linear",
    symbol: "BTCUSDT",
    side: "Buy",
    orderType: "Limit",
    qty: "0.01",
    price: "107000",
  },
  binance: {
    symbol: "BTCUSDT",
    side: "BUY",
    type: "LIMIT",
    quantity: "0.01",
    price: "107000",
    timeInForce: "IOC",
  },
};
const NAMES = [
  "market",
  "symbol",
  "side",
  "ord_type",
  "order_type",
  "type",
  "orderType",
  "price",
  "volume",
  "qty",
]
  .concat(
    "quantity",
    "time_in_force",
    "timeInForce",
    "identifier",
    "client_order_id",
    "orderLinkId",
    "uuid",
    "orderId",
  )
  .concat(
    "newClientOrderId",
    "origClientOrderId",
    "category",
    "settleCoin",
    "positionIdx",
    "positionSide",
    "reduceOnly",
  )
  .concat(
    "limit",
    "page",
    "cursor",
    "startTime",
    "endTime",
    "start_time",
    "fromId",
    "states",
    "accountType",
    "coin",
  )
  .concat(
    "buyLeverage",
    "sellLeverage",
    "leverage",
    "mode",
    "marginType",
    "incomeType",
    "order_by",
    "__proto__",
  );
const texts = fc.oneof(
  fc.constantFrom(
    "KRW-BTC",
    "BTCUSDT",
    "bid",
    "ask",
    "Buy",
    "Sell",
    "BUY",
    "SELL",
    "limit",
    "market",
    "price",
    "best",
  ),
  fc.constantFrom(
    "Market",
    "Limit",
    "MARKET",
    "LIMIT",
    "ioc",
    "IOC",
    "GTC",
    "fok",
    "linear",
    "USDT",
    "UNIFIED",
    "true",
  ),
  fc.constantFrom(
    "0",
    "-1",
    "1",
    "0.01",
    "100000",
    "150000000",
    "1e400",
    "NaN",
    "",
    " ",
    "9".repeat(60),
    "2099-01-01",
  ),
  anyText(20),
);
/** One to three members of a sound request replaced. */
const spoilt = (sound: Params) =>
  fc
    .dictionary(fc.constantFrom(...Object.keys(sound)), texts, {
      minKeys: 1,
      maxKeys: 3,
      noNullPrototype: true,
    })
    .map((changes): Params => ({ ...sound, ...changes }));
const request = fc.constantFrom("upbit", "bithumb", "bybit", "binance").chain((venue) =>
  fc.record({
    venue: fc.constant(venue as keyof typeof ROUTES),
    route: fc.constantFrom(...ROUTES[venue as keyof typeof ROUTES]),
    params: fc.oneof(
      fc.dictionary(fc.constantFrom(...NAMES), texts, { maxKeys: 12, noNullPrototype: true }),
      spoilt(SOUND[venue]!),
    ),
    body: fc.oneof(
      { weight: 9, arbitrary: fc.constant(undefined) },
      { weight: 1, arbitrary: fc.constantFrom("[]", "{", "null", '"x"', "{}{}", "a=b&c", '{"side":{}}') },
    ),
  }),
);

test("an odd request gets an answer of the venue's, never a fault of ours", () => {
  const { send, clock } = createHarness({ limits: false });
  fc.assert(
    fc.property(request, ({ venue, route, params, body }) => {
      clock.nowMs += 100;
      const sent = signed(venue, route, params as Params, { key: KEY, nowMs: clock.nowMs });
      const { status, json } = send(venue, body === undefined ? sent : { ...sent, body });
      const told = [json.error?.name, json.retCode, json.code].some((code) => code !== undefined);
      expect(status < 500).toBe(true);
      expect(status < 400 || told).toBe(true);
    }),
    { numRuns: RUNS },
  );
}, 120_000);
