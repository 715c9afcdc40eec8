import { describe, expect, test } from "bun:test";
import { exact, fixed, money, textOf, times } from "./exact.ts";
import { createHarness, KEY, type Params } from "./wire-harness.ts";

const ORDER = { symbol: "BTCUSDT", side: "SELL", type: "MARKET", quantity: "0.01" };
const BTC = { symbol: "BTCUSDT" };

function binance(spec: object = {}) {
  const harness = createHarness({ keys: [{ ...KEY, ...spec }] });
  const ask = (route: string, params: Params = {}) => harness.call("binance", route, params).json;
  const place = (params: Params = {}) => ask("POST /fapi/v1/order", { ...ORDER, ...params });
  const look = (params: Params) => ask("GET /fapi/v1/order", { ...BTC, ...params });
  return { ...harness, ask, place, look };
}

describe("Binance orders", () => {
  test("the default reply is an acknowledgement, RESULT tells the outcome; average price and quote by switch only", () => {
    const { place, control, look } = binance();
    const ack = place();
    expect(ack).toMatchObject({ status: "NEW", executedQty: "0.000", cumQty: "0.000", price: "0" });
    expect(look({ orderId: ack.orderId })).toMatchObject({ status: "FILLED", executedQty: "0.010" });
    const result = place({ newOrderRespType: "RESULT" });
    expect(result).toMatchObject({ status: "FILLED", executedQty: "0.010" });
    expect([result.avgPrice, result.cumQuote]).toEqual([undefined, undefined]);
    control.setSwitches({ binance: { averageInReply: true } });
    const full = place({ newOrderRespType: "RESULT" });
    expect(Number(full.cumQuote)).toBeCloseTo(Number(full.avgPrice) * 0.01, 6);
    expect(look({ orderId: full.orderId })).toMatchObject({
      avgPrice: full.avgPrice,
      cumQuote: full.cumQuote,
    });
  });

  test("fees are in the trades, 0.05 %, realised profit beside them", () => {
    const { place, ask } = binance();
    const { orderId } = place({ quantity: "0.025" });
    const trades = ask("GET /fapi/v1/userTrades", { ...BTC, orderId });
    expect(trades.map((trade: { qty: string }) => trade.qty)).toEqual(["0.01", "0.015"]);
    for (const trade of trades) {
      expect(trade.quoteQty).toBe(textOf(times(exact(trade.price), exact(trade.qty))));
      expect(trade.commission).toBe(fixed(money(times(exact(trade.quoteQty), exact("0.0005"))), 8));
      expect(trade).toMatchObject({
        commissionAsset: "USDT",
        buyer: false,
        side: "SELL",
        positionSide: "BOTH",
      });
    }
    place({ side: "BUY", reduceOnly: true, quantity: "0.025" });
    const closing = ask("GET /fapi/v1/userTrades", BTC).slice(2);
    const realised = closing.reduce(
      (sum: bigint, trade: { realizedPnl: string }) => sum + exact(trade.realizedPnl),
      0n,
    );
    const income = ask("GET /fapi/v1/income", { incomeType: "REALIZED_PNL" });
    expect(income.reduce((sum: bigint, row: { income: string }) => sum + exact(row.income), 0n)).toBe(
      realised,
    );
    expect(ask("GET /fapi/v1/income", { incomeType: "COMMISSION" })).toHaveLength(
      trades.length + closing.length,
    );
  });

  test("fees may be paid in BNB with a tenth off, while there is some", () => {
    const { place, ask } = binance({
      balances: { binance: { USDT: "10000", BNB: "0.001" } },
      feesInBnb: true,
    });
    place();
    const [first] = ask("GET /fapi/v1/userTrades", BTC);
    expect(first.commissionAsset).toBe("BNB");
    expect(Number(first.commission)).toBeCloseTo((Number(first.quoteQty) * 0.0005 * 0.9) / 600, 8);
    place();
    place();
    expect(ask("GET /fapi/v1/userTrades", BTC).at(-1).commissionAsset).toBe("USDT");
    expect(ask("GET /fapi/v1/feeBurn").feeBurn).toBe(true);
  });

  test("a client id is unique among open orders only: once it has ended it executes again", () => {
    const { place, look, ask, control } = binance();
    const first = place({ newClientOrderId: "again" });
    const second = place({ newClientOrderId: "again" });
    expect(second.orderId).not.toBe(first.orderId);
    expect(look({ origClientOrderId: "again" }).orderId).toBe(second.orderId);
    expect(control.accounts.clientIds(KEY.apiKey, "binance")).toMatchObject([
      { clientId: "again", executed: 2 },
    ]);
    const rest = { type: "LIMIT", timeInForce: "GTC", price: "120000", newClientOrderId: "open" };
    expect(place(rest).status).toBe("NEW");
    expect(place(rest).code).toBe(-4116);
    expect(ask("DELETE /fapi/v1/order", { ...BTC, origClientOrderId: "open" }).status).toBe("CANCELED");
    expect(place(rest).status).toBe("NEW");
    expect(ask("GET /fapi/v1/openOrders", BTC)).toHaveLength(1);
  });

  test("an ioc or market order that finds too little ends EXPIRED with what it got", () => {
    const { place, look, control, get } = binance();
    const [best] = get("binance", "/fapi/v1/depth?symbol=BTCUSDT&limit=5").json.bids;
    const limit = { type: "LIMIT", timeInForce: "IOC", price: best[0], quantity: "0.03" };
    expect(place({ ...limit, newOrderRespType: "RESULT" })).toMatchObject({
      status: "EXPIRED",
      executedQty: "0.010",
    });
    control.setFault({ kind: "part-fill", fraction: 0.5, venue: "binance" });
    const { orderId } = place({ quantity: "0.02" });
    expect(look({ orderId })).toMatchObject({ status: "EXPIRED", executedQty: "0.010", type: "MARKET" });
  });

  test("hedge mode wants a side, refuses reduceOnly, and closes no more than there is", () => {
    const { place, ask } = binance({ hedgeMode: true });
    expect(place().code).toBe(-4061);
    expect(place({ positionSide: "SHORT", reduceOnly: true }).code).toBe(-1106);
    expect(place({ positionSide: "SHORT", side: "BUY" }).code).toBe(-2022);
    place({ positionSide: "SHORT", quantity: "0.02" });
    place({ positionSide: "LONG", side: "BUY", quantity: "0.03" });
    expect(ask("GET /fapi/v3/positionRisk", BTC)).toMatchObject([
      { positionSide: "SHORT", positionAmt: "-0.020" },
      { positionSide: "LONG", positionAmt: "0.030" },
    ]);
    expect(place({ positionSide: "SHORT", side: "BUY", quantity: "0.021" }).code).toBe(-2022);
    expect(
      place({ positionSide: "SHORT", side: "BUY", quantity: "0.02", newOrderRespType: "RESULT" }).status,
    ).toBe("FILLED");
    expect(ask("POST /fapi/v1/positionSide/dual", { dualSidePosition: "false" }).code).toBe(-4068);
    expect(ask("POST /fapi/v1/positionSide/dual", { dualSidePosition: "true" }).code).toBe(-4059);
    expect(binance().place({ positionSide: "SHORT" }).code).toBe(-4061);
  });

  test("every refusal has its code", () => {
    const { place, look, ask, control } = binance();
    const code = (params: Params) => place(params).code;
    expect(code({ quantity: "90" })).toBe(-2019);
    expect(code({ symbol: "1000PEPEUSDT", quantity: "0.001" })).toBe(-4164);
    expect(code({ quantity: "0.0105" })).toBe(-1111);
    expect(code({ quantity: "0" })).toBe(-4003);
    expect(code({ quantity: "99999" })).toBe(-4005);
    expect(code({ side: "BUY", reduceOnly: true })).toBe(-2022);
    expect(code({ type: "STOP_MARKET" })).toBe(-4120);
    expect(code({ type: "ODD" })).toBe(-1116);
    expect(code({ side: "sell" })).toBe(-1117);
    expect(code({ type: "LIMIT", price: "100000" })).toBe(-1102);
    expect(code({ type: "LIMIT", price: "100000.5", timeInForce: "IOC" })).toBe(-4014);
    expect(code({ type: "LIMIT", price: "100000", timeInForce: "SOON" })).toBe(-1115);
    expect(code({ symbol: "NONEUSDT" })).toBe(-1121);
    expect(code({ newClientOrderId: "x".repeat(37) })).toBe(-4015);
    expect(code({ newClientOrderId: "no spaces" })).toBe(-1100);
    expect(look({ origClientOrderId: "none" }).code).toBe(-2013);
    expect(look({}).code).toBe(-1102);
    expect(ask("DELETE /fapi/v1/order", { ...BTC, orderId: "1" }).code).toBe(-2011);
    expect(ask("POST /fapi/v1/leverage", { ...BTC, leverage: 126 }).code).toBe(-4028);
    expect(control.accounts.orders(KEY.apiKey, "binance")).toEqual([]);
  });

  test("an outcome left open: 503 in those words, and the order did execute", () => {
    const { call, control, clock } = binance();
    control.setFault({ kind: "server-error", executed: true, method: "POST", count: 1 });
    const { status, json } = call("binance", "POST /fapi/v1/order", { ...ORDER, newClientOrderId: "lost" });
    expect([status, json.msg]).toEqual([503, "Unknown error, please check your request or try again later."]);
    clock.nowMs += 10;
    expect(control.accounts.clientIds(KEY.apiKey, "binance")).toMatchObject([
      { clientId: "lost", executed: 1 },
    ]);
    control.setFault({ kind: "refusal", code: -1007, method: "POST" });
    expect(call("binance", "POST /fapi/v1/order", ORDER).status).toBe(408);
  });

  test("orders cost no weight but are counted: 300 in ten seconds, then -1015", () => {
    const { call } = binance();
    const answers = Array.from({ length: 301 }, () =>
      call("binance", "POST /fapi/v1/order", { ...ORDER, side: "x" }),
    );
    expect(answers[299]!.headers).toMatchObject({
      "X-MBX-ORDER-COUNT-10S": "300",
      "X-MBX-ORDER-COUNT-1M": "300",
      "X-MBX-USED-WEIGHT-1M": "0",
    });
    expect([answers[300]!.status, answers[300]!.json.code]).toEqual([429, -1015]);
    expect(call("binance", "GET /fapi/v1/income").headers["X-MBX-USED-WEIGHT-1M"]).toBe("30");
  });

  test("cancelling all answers with 200 as a number", () => {
    const { place, ask } = binance();
    place({ type: "LIMIT", timeInForce: "GTC", price: "120000" });
    const done = { code: 200, msg: "The operation of cancel all open order is done." };
    expect(ask("DELETE /fapi/v1/allOpenOrders", BTC)).toEqual(done);
    expect(ask("GET /fapi/v1/openOrders")).toEqual([]);
    expect(ask("GET /fapi/v1/allOrders", BTC)).toMatchObject([{ status: "CANCELED" }]);
  });
});

describe("Binance accounts", () => {
  test("balances and positions: a short is negative, v3 tells no leverage, only what is open is listed", () => {
    const { place, ask } = binance();
    expect(ask("GET /fapi/v3/positionRisk")).toEqual([]);
    place({ quantity: "0.02" });
    const [risk, ...others] = ask("GET /fapi/v3/positionRisk");
    expect(others).toEqual([]);
    expect(risk).toMatchObject({ symbol: "BTCUSDT", positionAmt: "-0.020", positionSide: "BOTH" });
    expect("leverage" in risk).toBe(false);
    expect(Number(risk.notional)).toBeCloseTo(-0.02 * Number(risk.markPrice), 5);
    const [usdt] = ask("GET /fapi/v3/balance");
    const account = ask("GET /fapi/v3/account");
    expect(account.totalWalletBalance).toBe(usdt.balance);
    expect(Number(usdt.availableBalance)).toBeCloseTo(
      Number(usdt.balance) + Number(risk.unRealizedProfit) - Number(account.totalPositionInitialMargin),
      6,
    );
    expect(Number(account.totalPositionInitialMargin)).toBeCloseTo((0.02 * Number(risk.entryPrice)) / 20, 6);
    expect(account.positions).toMatchObject([{ symbol: "BTCUSDT", positionAmt: "-0.020" }]);
  });

  test("leverage and margin type per symbol, mode for the account", () => {
    const { place, ask } = binance();
    const set = { ...BTC, leverage: 3 };
    expect(ask("POST /fapi/v1/leverage", set)).toEqual({
      symbol: "BTCUSDT",
      leverage: 3,
      maxNotionalValue: "1000000",
    });
    expect(ask("POST /fapi/v1/leverage", set).leverage).toBe(3);
    expect(ask("POST /fapi/v1/marginType", { ...BTC, marginType: "CROSSED" }).code).toBe(-4046);
    expect(ask("POST /fapi/v1/marginType", { ...BTC, marginType: "ISOLATED" }).code).toBe(200);
    expect(ask("GET /fapi/v1/symbolConfig", BTC)).toMatchObject([{ leverage: 3, marginType: "ISOLATED" }]);
    place();
    expect(ask("POST /fapi/v1/marginType", { ...BTC, marginType: "CROSSED" }).code).toBe(-4048);
    expect(Number(ask("GET /fapi/v3/positionRisk")[0].isolatedWallet)).toBeGreaterThan(300);
    expect(ask("GET /fapi/v1/positionSide/dual")).toEqual({ dualSidePosition: false });
    expect(ask("GET /fapi/v1/commissionRate", BTC)).toMatchObject({ takerCommissionRate: "0.0005" });
    expect(ask("GET /fapi/v1/leverageBracket", BTC).brackets[0].maintMarginRatio).toBe(0.005);
  });

  test("a listen key needs the key alone", () => {
    const { send } = binance();
    const sent = { method: "POST", target: "/fapi/v1/listenKey" };
    expect(send("binance", { ...sent, headers: { "x-mbx-apikey": KEY.apiKey } }).json.listenKey).toHaveLength(
      64,
    );
    expect(send("binance", sent).json.code).toBe(-2015);
  });
});
