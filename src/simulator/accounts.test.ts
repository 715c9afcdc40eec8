import { describe, expect, test } from "bun:test";
import { createMarket, TRAPS } from "./market.ts";
import { standInMarket } from "./stand-in-market.ts";
import type { SimMarket } from "./types.ts";
import { createHarness, KEY } from "./wire-harness.ts";

const { apiKey } = KEY;
const SHORT = { symbol: "BTCUSDT", side: "SELL", type: "MARKET", quantity: "0.5" };

/** The stand-in market with every perpetual's mark price multiplied by what the test says. */
function withMarks(): { market: SimMarket; marks: { factor: number } } {
  const plain = standInMarket();
  const marks = { factor: 1 };
  const market: SimMarket = {
    ...plain,
    funding(venue, symbol, atMs) {
      const told = plain.funding(venue, symbol, atMs);
      return told && { ...told, markPrice: told.markPrice * marks.factor };
    },
  };
  return { market, marks };
}

function short(spec: object = {}, leverage = 10) {
  const { market, marks } = withMarks();
  const balances = { binance: { USDT: "10000" }, bybit: { USDT: "10000" } };
  const harness = createHarness({ market, keys: [{ ...KEY, balances, ...spec }] });
  const ask = (route: string, params = {}) => harness.call("binance", route, params).json;
  ask("POST /fapi/v1/leverage", { symbol: "BTCUSDT", leverage });
  const { accounts } = harness.control;
  return { ...harness, marks, ask, accounts };
}

describe("liquidation", () => {
  test("comes at the price told before, takes the position, and leaves no debt", () => {
    const { ask, marks, accounts } = short();
    ask("POST /fapi/v1/order", SHORT);
    const [risk] = ask("GET /fapi/v3/positionRisk");
    const rise = Number(risk.liquidationPrice) / Number(risk.markPrice);
    // All of the wallet stands behind a cross position: about a fifth here.
    expect(rise).toBeGreaterThan(1.15);
    expect(rise).toBeLessThan(1.25);
    marks.factor = rise * 0.9999;
    expect(ask("GET /fapi/v3/positionRisk")).toHaveLength(1);
    marks.factor = rise * 1.0001;
    expect(ask("GET /fapi/v3/positionRisk")).toEqual([]);
    expect(Number(accounts.balances(apiKey, "binance").USDT)).toBeLessThan(300);
    expect(ask("GET /fapi/v1/forceOrders", { autoCloseType: "LIQUIDATION" })).toMatchObject([
      { symbol: "BTCUSDT", side: "BUY", status: "FILLED", executedQty: "0.500" },
    ]);
    expect(ask("GET /fapi/v1/forceOrders")[0].clientOrderId).toStartWith("autoclose-");
    const far = short();
    far.ask("POST /fapi/v1/order", SHORT);
    far.marks.factor = 2;
    far.ask("GET /fapi/v3/balance");
    expect(far.accounts.balances(apiKey, "binance").USDT).toBe("0");
    expect(far.ask("GET /fapi/v1/income", { incomeType: "INSURANCE_CLEAR" })).toHaveLength(1);
  });

  test("an isolated position has its own margin only: it ends sooner and leaves the rest alone", () => {
    const { ask, marks, accounts } = short();
    ask("POST /fapi/v1/marginType", { symbol: "BTCUSDT", marginType: "ISOLATED" });
    ask("POST /fapi/v1/order", SHORT);
    const [risk] = ask("GET /fapi/v3/positionRisk");
    const rise = Number(risk.liquidationPrice) / Number(risk.markPrice);
    expect(rise).toBeGreaterThan(1.08);
    expect(rise).toBeLessThan(1.11);
    marks.factor = rise * 1.0001;
    expect(ask("GET /fapi/v3/positionRisk")).toEqual([]);
    expect(Number(accounts.balances(apiKey, "binance").USDT)).toBeGreaterThan(4_500);
  });

  test("on demand, at any price; Bybit shows it as BustTrade", () => {
    const { call, accounts } = short();
    const order = { category: "linear", symbol: "BTCUSDT", side: "Sell", orderType: "Market", qty: "0.1" };
    call("bybit", "POST /v5/order/create", order);
    const { fills } = accounts.liquidate({ apiKey, venue: "bybit", symbol: "BTCUSDT", price: "111000" });
    expect(fills).toMatchObject([{ price: "111000", qty: "0.1", cause: "liquidation" }]);
    const list = call("bybit", "GET /v5/execution/list", { category: "linear", execType: "BustTrade" }).json
      .result.list;
    expect(list).toMatchObject([{ execType: "BustTrade", side: "Buy", closedSize: "0.1" }]);
    expect(() => accounts.liquidate({ apiKey, venue: "bybit", symbol: "BTCUSDT" })).toThrow(RangeError);
  });
});

test("deleveraging takes a share of a position at the mark without a fee; both venues show it for what it is", () => {
  const { ask, call, accounts } = short();
  ask("POST /fapi/v1/order", { ...SHORT, quantity: "0.1" });
  const order = accounts.deleverage({ apiKey, venue: "binance", symbol: "BTCUSDT", fraction: 0.25 });
  expect(order.fills).toMatchObject([{ qty: "0.025", fee: "0", cause: "deleveraging" }]);
  expect(accounts.positions(apiKey, "binance")).toMatchObject([{ size: "-0.075", positionIndex: 0 }]);
  expect(ask("GET /fapi/v1/forceOrders", { autoCloseType: "ADL" })).toMatchObject([
    { clientOrderId: "adl_autoclose" },
  ]);
  call("bybit", "POST /v5/order/create", {
    category: "linear",
    symbol: "BTCUSDT",
    side: "Sell",
    orderType: "Market",
    qty: "0.1",
  });
  accounts.deleverage({ apiKey, venue: "bybit", symbol: "BTCUSDT" });
  const [record] = call("bybit", "GET /v5/position/closed-pnl", { category: "linear" }).json.result.list;
  expect(record).toMatchObject({ execType: "AdlTrade", closeFee: "0", closedSize: "0.1" });
});

test("a contract that is delisted takes its positions with it, at the last mark price", () => {
  const startAtMs = 1_790_000_000_000;
  const { call, clock, control } = createHarness({ market: createMarket({ seed: 1, startAtMs }) });
  const end = TRAPS.delistings.find(({ venue }) => venue === "binance")!;
  const order = { symbol: end.symbol, side: "SELL", type: "MARKET", quantity: "1000" };
  expect(call("binance", "POST /fapi/v1/order", order).status).toBe(200);
  clock.nowMs = startAtMs + end.announcedAfterMs;
  // Announced: what opens is refused, what closes is not.
  expect(call("binance", "POST /fapi/v1/order", order).json.code).toBe(-4140);
  const closing = { ...order, side: "BUY", quantity: "100", reduceOnly: true };
  expect(call("binance", "POST /fapi/v1/order", closing).status).toBe(200);
  expect(control.accounts.positions(apiKey, "binance")).toMatchObject([{ size: "-900" }]);
  clock.nowMs = startAtMs + end.goneAfterMs;
  expect(control.accounts.positions(apiKey, "binance")).toEqual([]);
  expect(control.accounts.fills(apiKey, "binance").at(-1)).toMatchObject({ cause: "settlement", fee: "0" });
});

describe("what a user does by hand", () => {
  test("trades on any venue, found among the orders with no client id", () => {
    const { control, call } = createHarness();
    const { accounts } = control;
    accounts.trade({ apiKey, venue: "upbit", symbol: "KRW-BTC", side: "buy", money: "1000000" });
    accounts.trade({
      apiKey,
      venue: "bithumb",
      symbol: "KRW-BTC",
      side: "buy",
      qty: "0.01",
      price: "100000000",
    });
    accounts.trade({ apiKey, venue: "bybit", symbol: "BTCUSDT", side: "sell", qty: "0.02" });
    accounts.trade({ apiKey, venue: "bybit", symbol: "BTCUSDT", side: "buy", qty: "0.02" });
    const venues = ["upbit", "bithumb", "bybit"] as const;
    expect(venues.map((venue) => accounts.orders(apiKey, venue).map(({ origin }) => origin))).toEqual([
      ["hand"],
      ["hand"],
      ["hand", "hand"],
    ]);
    expect(call("bithumb", "GET /v2/orders/pending").json).toHaveLength(1);
    const bad = { apiKey, venue: "upbit", symbol: "KRW-BTC", side: "buy" } as const;
    expect(() => accounts.trade(bad)).toThrow(RangeError);
    expect(() => accounts.trade({ ...bad, qty: "1" })).toThrow(RangeError);
    expect(() => accounts.trade({ ...bad, symbol: "KRW-NONE", money: "10000" })).toThrow(RangeError);
    expect(() => accounts.trade({ ...bad, money: "1000000000000" })).toThrow(RangeError);
    expect(() => accounts.trade({ ...bad, apiKey: "nobody", money: "10000" })).toThrow(RangeError);
    expect(() => accounts.trade({ ...bad, venue: "bybit", symbol: "BTCUSDT", qty: "1000" })).toThrow(
      RangeError,
    );
  });

  test("deposits, withdrawals and balances set are entries of the ledger; nothing goes below what is free", () => {
    const { control, call } = createHarness();
    const { accounts } = control;
    const coin = { apiKey, venue: "upbit", asset: "BTC" } as const;
    accounts.deposit({ ...coin, amount: "1.5" });
    accounts.withdraw({ ...coin, amount: "0.5" });
    accounts.setBalance({ ...coin, amount: "0.25" });
    expect(
      accounts.ledger(apiKey, "upbit").map(({ reason, change, balance }) => [reason, change, balance]),
    ).toEqual([
      ["opening", "100000000", "100000000"],
      ["deposit", "1.5", "1.5"],
      ["withdrawal", "-0.5", "1"],
      ["set", "-0.75", "0.25"],
    ]);
    const rest = { market: "KRW-BTC", side: "ask", ord_type: "limit", price: "200000000", volume: "0.2" };
    expect(call("upbit", "POST /v1/orders", rest).status).toBe(201);
    expect(() => accounts.withdraw({ ...coin, amount: "0.06" })).toThrow(RangeError);
    expect(() => accounts.deposit({ ...coin, amount: "-1" })).toThrow(RangeError);
    expect(() => accounts.deposit({ ...coin, asset: "btc?", amount: "1" })).toThrow(RangeError);
  });

  test("position mode, margin mode, leverage and fees can be set over the user's head", () => {
    const { control, call } = createHarness();
    const { accounts } = control;
    accounts.setPositionMode({ apiKey, venue: "bybit", hedge: true });
    accounts.setMarginMode({ apiKey, venue: "bybit", isolated: true });
    accounts.setLeverage({ apiKey, venue: "bybit", symbol: "BTCUSDT", leverage: "7" });
    accounts.setFees({ apiKey, venue: "bybit", taker: "0.001" });
    accounts.setFees({ apiKey, venue: "bithumb", taker: "0.0004" });
    const query = { category: "linear", symbol: "BTCUSDT" };
    expect(call("bybit", "GET /v5/position/list", query).json.result.list).toMatchObject([
      { positionIdx: 1, leverage: "7", tradeMode: 1 },
      { positionIdx: 2, leverage: "7", tradeMode: 1 },
    ]);
    expect(call("bybit", "GET /v5/account/info").json.result.marginMode).toBe("ISOLATED_MARGIN");
    expect(call("bybit", "GET /v5/account/fee-rate", query).json.result.list[0].takerFeeRate).toBe("0.001");
    expect(call("bithumb", "GET /v1/orders/chance", { market: "KRW-BTC" }).json.ask_fee).toBe("0.0004");
  });

  test("accounts are opened while running, each with its own money", () => {
    const { control, call } = createHarness();
    const key = { apiKey: "later-key", secret: "later-secret" };
    expect(call("upbit", "GET /v1/accounts", {}, key).json.error.name).toBe("invalid_access_key");
    control.accounts.add({ ...key, balances: { upbit: { KRW: "5000", ETH: "2" } } });
    expect(call("upbit", "GET /v1/accounts", {}, key).json).toMatchObject([
      { currency: "KRW", balance: "5000" },
      { currency: "ETH", balance: "2" },
    ]);
    expect(control.accounts.list().map((each) => each.apiKey)).toEqual([apiKey, "later-key"]);
    expect(() => control.accounts.add(key)).toThrow(RangeError);
    expect(() => control.accounts.add({ secret: "x" } as never)).toThrow(RangeError);
    expect(() => control.accounts.add({ ...key, apiKey: "k", balances: { upbit: { KRW: "much" } } })).toThrow(
      RangeError,
    );
  });
});

test("what an order took is missing from everybody's book for a moment, then others have filled the gap", () => {
  const { call, get, clock, control } = createHarness();
  const best = () => get("upbit", "/v1/orderbook?markets=KRW-BTC").json[0].orderbook_units[0];
  const before = best();
  const half = String(before.ask_size / 2);
  const limit = {
    market: "KRW-BTC",
    side: "bid",
    ord_type: "limit",
    time_in_force: "ioc",
    price: String(before.ask_price),
  };
  call("upbit", "POST /v1/orders", { ...limit, volume: half });
  expect(best()).toMatchObject({
    ask_price: before.ask_price,
    ask_size: Number(half),
    bid_size: before.bid_size,
  });
  // Whoever comes now finds the other half only.
  const { uuid } = call("upbit", "POST /v1/orders", { ...limit, volume: "0.5" }).json;
  expect(call("upbit", "GET /v1/order", { uuid }).json.executed_volume).toBe(half);
  expect(best().ask_price).toBeGreaterThan(before.ask_price);
  clock.nowMs += 999;
  expect(best().ask_price).toBeGreaterThan(before.ask_price);
  clock.nowMs += 1;
  expect(best().ask_size).toBe(before.ask_size);
  control.setSwitches({ market: { refillMs: 0 } });
  call("upbit", "POST /v1/orders", { ...limit, volume: half, price: String(best().ask_price) });
  expect(best().ask_size).toBe(before.ask_size);
});
