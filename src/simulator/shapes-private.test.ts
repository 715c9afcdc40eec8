// The private side against recorded and published answers, in the manner of shapes.test.ts: what differs is listed with
// its reason, and a deviation that no longer exists fails as well.

import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { deviationsOf, misorderedIn } from "./shape-comparison.ts";
import { createHarness, KEY, type Params } from "./wire-harness.ts";

const SAMPLES = join(import.meta.dir, "../../../shared/samples");

interface Comparison {
  readonly sample: string;
  readonly ours: () => unknown;
  readonly deviations?: Readonly<Record<string, string>>;
  readonly ownOrder?: string;
}

const OLDER = "the sample is older than this member";
const DOCUMENTED = "documented, not in the sample";
const PREVENTED = { "+prevented_locked": DOCUMENTED, "+prevented_volume": DOCUMENTED };
const LIST_PREVENTED = { "+[].prevented_locked": DOCUMENTED, "+[].prevented_volume": DOCUMENTED };
const TRAILING = "members of trailing stops only";

/** A user who has done a little of everything. */
function prepare() {
  const balances = { upbit: { KRW: "10000000", BTC: "0.1" }, bithumb: { KRW: "10000000" } };
  const { call, control, clock } = createHarness({ keys: [{ ...KEY, balances }] });
  const upbit = (route: string, params: Params = {}) => call("upbit", route, params).json;
  const bithumb = (route: string, params: Params = {}) => call("bithumb", route, params).json;
  const bybit = (route: string, params: Params = {}) =>
    call("bybit", route, { category: "linear", ...params }).json;
  const binance = (route: string, params: Params = {}) => call("binance", route, params).json;
  const spot = { market: "KRW-BTC", side: "ask", ord_type: "limit", volume: "0.01" };
  const placed = upbit("POST /v1/orders", { ...spot, side: "bid", price: "100000000" });
  const filled = upbit("POST /v1/orders", { ...spot, price: "140000000", time_in_force: "ioc" });
  const perp = { symbol: "BTCUSDT", side: "Sell", orderType: "Market", qty: "0.02", orderLinkId: "a" };
  bybit("POST /v5/order/create", perp);
  bybit("POST /v5/order/create", { ...perp, side: "Buy", qty: "0.01", reduceOnly: true, orderLinkId: "b" });
  const resting = { orderType: "Limit", timeInForce: "GTC", price: "120000", orderLinkId: "c" };
  bybit("POST /v5/order/create", { ...perp, ...resting });
  const future = { symbol: "BTCUSDT", side: "SELL", type: "MARKET", quantity: "0.02" };
  binance("POST /fapi/v1/order", { ...future, newClientOrderId: "a" });
  control.accounts.deleverage({ apiKey: KEY.apiKey, venue: "binance", symbol: "BTCUSDT", fraction: 0.5 });
  const limit = { ...future, type: "LIMIT", timeInForce: "GTC", price: "120000" };
  const order = binance("POST /fapi/v1/order", { ...limit, newClientOrderId: "b" });
  clock.nowMs += 1_000;
  return { upbit, bithumb, bybit, binance, placed, filled, order, future };
}

const { upbit, bithumb, bybit, binance, placed, filled, order, future } = prepare();
const NAMED = { symbol: "BTCUSDT" };

const COMPARISONS: readonly Comparison[] = [
  { sample: "upbit/accounts", ours: () => upbit("GET /v1/accounts") },
  { sample: "upbit/apikeys", ours: () => upbit("GET /v1/api_keys") },
  {
    sample: "upbit/order-placed",
    ours: () => placed,
    deviations: { ...PREVENTED, "-avg_price": "no longer printed" },
  },
  {
    sample: "upbit/order-filled",
    ours: () => upbit("GET /v1/order", { uuid: filled.uuid }),
    deviations: {
      ...PREVENTED,
      "+time_in_force": DOCUMENTED,
      "+trades[].created_at": DOCUMENTED,
      "+trades[].trend": DOCUMENTED,
    },
  },
  {
    sample: "upbit/orders-closed",
    ours: () => upbit("GET /v1/orders/closed"),
    deviations: LIST_PREVENTED,
  },
  { sample: "upbit/orders-open", ours: () => upbit("GET /v1/orders/open"), deviations: LIST_PREVENTED },
  {
    sample: "upbit/orders-chance",
    ours: () => upbit("GET /v1/orders/chance", { market: "KRW-BTC" }),
    deviations: {
      "+market.ask_types": DOCUMENTED,
      "+market.ask_types[]": DOCUMENTED,
      "+market.bid_types": DOCUMENTED,
      "+market.bid_types[]": DOCUMENTED,
    },
  },
  {
    sample: "upbit/error-insufficient-bid",
    ours: () =>
      upbit("POST /v1/orders", { market: "KRW-BTC", side: "bid", ord_type: "price", price: "99999999" }),
    ownOrder: "the publisher printed it as an object of its own making",
  },
  {
    sample: "upbit/order-cancel-reply",
    ours: () => upbit("DELETE /v1/order", { uuid: placed.uuid }),
    deviations: PREVENTED,
  },
  { sample: "bithumb/accounts", ours: () => bithumb("GET /v1/accounts") },
  {
    sample: "bithumb/order-placed",
    ours: () =>
      bithumb("POST /v2/orders", {
        market: "KRW-BTC",
        side: "bid",
        order_type: "limit",
        price: "100000000",
        volume: "0.01",
      }),
  },
  {
    sample: "bybit/order-placed",
    ours: () =>
      bybit("POST /v5/order/create", { ...NAMED, side: "Sell", orderType: "Market", qty: "0.001" }).result,
  },
  {
    sample: "bybit/order-lookup-3",
    ours: () => bybit("GET /v5/order/realtime", { ...NAMED, orderLinkId: "a" }),
    deviations: {
      "+result.list[].cumFeeDetail.USDT": "the fee is in the settle coin here",
      "-result.list[].cumFeeDetail.MNT": "the fee is in the settle coin here",
    },
  },
  {
    sample: "bybit/order-lookup-1",
    ours: () => bybit("GET /v5/order/realtime", { ...NAMED, orderLinkId: "c" }),
    deviations: { "+result.list[].cumFeeDetail": OLDER },
  },
  {
    sample: "bybit/order-cancel-reply",
    ours: () => bybit("POST /v5/order/cancel", { ...NAMED, orderLinkId: "c" }),
  },
  { sample: "bybit/executions-2", ours: () => bybit("GET /v5/execution/list", NAMED) },
  {
    sample: "bybit/closed-pnl",
    ours: () => bybit("GET /v5/position/closed-pnl", NAMED),
    deviations: { "+result.list[].closeFee": OLDER, "+result.list[].openFee": OLDER },
  },
  {
    sample: "bybit/positions-3",
    ours: () => bybit("GET /v5/position/list", { symbol: "ETHUSDT" }).result,
    deviations: { "+list[].curRealisedPnl": DOCUMENTED },
    ownOrder: "the samples of this list differ in it",
  },
  { sample: "bybit/fee-rate", ours: () => bybit("GET /v5/account/fee-rate", NAMED) },
  {
    sample: "bybit/account-info",
    ours: () => bybit("GET /v5/account/info"),
    deviations: { "+retExtInfo": "cut from the sample", "+time": "cut from the sample" },
  },
  {
    sample: "bybit/wallet-balance-2",
    ours: () => bybit("GET /v5/account/wallet-balance", { accountType: "UNIFIED" }),
  },
  {
    sample: "bybit/set-leverage-ok",
    ours: () => bybit("POST /v5/position/set-leverage", { ...NAMED, buyLeverage: "3", sellLeverage: "3" }),
  },
  { sample: "binance/order-placed", ours: () => order },
  {
    sample: "binance/order-lookup-2",
    ours: () => binance("GET /fapi/v1/order", { ...NAMED, orderId: order.orderId }),
    deviations: { "-activatePrice": TRAILING, "-priceRate": TRAILING },
  },
  {
    sample: "binance/forced-orders",
    ours: () => binance("GET /fapi/v1/forceOrders"),
    ownOrder: "side stands elsewhere in the sample",
  },
  {
    sample: "binance/user-trades",
    ours: () => binance("GET /fapi/v1/userTrades", NAMED),
  },
  { sample: "binance/income", ours: () => binance("GET /fapi/v1/income") },
  { sample: "binance/balance", ours: () => binance("GET /fapi/v3/balance") },
  { sample: "binance/account", ours: () => binance("GET /fapi/v3/account") },
  { sample: "binance/positions", ours: () => binance("GET /fapi/v3/positionRisk") },
  { sample: "binance/symbol-config", ours: () => binance("GET /fapi/v1/symbolConfig", NAMED) },
  { sample: "binance/commission", ours: () => binance("GET /fapi/v1/commissionRate", NAMED) },
  { sample: "binance/order-rate-limit", ours: () => binance("GET /fapi/v1/rateLimit/order") },
  { sample: "binance/brackets", ours: () => binance("GET /fapi/v1/leverageBracket") },
  {
    sample: "binance/order-cancel-reply-2",
    ours: () => binance("DELETE /fapi/v1/order", { ...NAMED, orderId: order.orderId }),
    deviations: { "-activatePrice": TRAILING, "-priceRate": TRAILING },
    ownOrder: "type and origType change places between the samples",
  },
  { sample: "binance/reply-cancel-all-ok", ours: () => binance("DELETE /fapi/v1/allOpenOrders", NAMED) },
  {
    sample: "binance/error-no-need-change-margin",
    ours: () => binance("POST /fapi/v1/marginType", { ...NAMED, marginType: "CROSSED" }),
  },
  {
    sample: "binance/error-bad-key",
    ours: () => binance("POST /fapi/v1/order", { ...future, positionSide: "SHORT" }),
  },
];

if (existsSync(SAMPLES)) {
  describe("private answers have the shape of the samples", () => {
    test.each(COMPARISONS)("$sample", ({ sample, ours: answer, deviations = {}, ownOrder }) => {
      const ours = answer();
      const theirs = JSON.parse(readFileSync(join(SAMPLES, `${sample}.json`), "utf8"));
      expect(deviationsOf(ours, theirs)).toEqual(Object.keys(deviations).sort());
      if (ownOrder === undefined) expect(misorderedIn(ours, theirs)).toEqual([]);
    });
  });
} else {
  console.log(
    "src/simulator/shapes-private.test.ts: no ../shared/samples here, its comparisons are left out",
  );
}
