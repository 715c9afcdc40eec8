// Stock ccxt places and reads orders on the simulated venues, in the ways in which ccxt itself is right.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type StockExchanges, stockExchanges } from "./ccxt-testing.ts";
import { SIMULATOR_KEYS, type Simulator, startSimulator } from "./server.ts";

let simulator: Simulator;
let exchanges: StockExchanges;
// biome-ignore lint/suspicious/noExplicitAny: ccxt's implicit methods have no types
type Raw = Record<string, (params?: object) => Promise<any>>;

beforeAll(async () => {
  const { apiKey, secret } = SIMULATOR_KEYS[0]!;
  const key = { apiKey, secret };
  const balances = { upbit: { KRW: "50000000", BTC: "0.1" }, bithumb: { KRW: "50000000", BTC: "0.1" } };
  simulator = await startSimulator({ seed: 3, keys: [{ ...key, balances }] });
  // The throttle of a client is not what is tested here.
  exchanges = stockExchanges(simulator.urls[0]!, { ...key, enableRateLimit: false });
  for (const exchange of [exchanges.bybit, exchanges.binance]) exchange.has.fetchCurrencies = false;
  await Promise.all(Object.values(exchanges).map((exchange) => exchange.loadMarkets()));
});
afterAll(async () => {
  for (const exchange of Object.values(exchanges ?? {})) await exchange.close();
  await simulator?.stop();
});

const failure = (attempt: Promise<unknown>): Promise<string> =>
  attempt.then(
    () => "accepted",
    (fault: Error) => fault.constructor.name,
  );

describe("upbit", () => {
  test("buys by cost, reads the fill with its fee, sells, and counts the balance right", async () => {
    const { upbit: exchange } = exchanges;
    const placed = await exchange.createMarketBuyOrderWithCost("BTC/KRW", 1_000_000, {
      clientOrderId: "ccxt-1",
    });
    const order = await exchange.fetchOrder(placed.id!, "BTC/KRW");
    expect(order.status).toBe("canceled");
    expect(order.filled).toBeGreaterThan(0);
    expect(order.cost).toBeGreaterThan(999_990);
    // Printed as a text there.
    expect(Number(order.fee?.cost)).toBeCloseTo(order.cost! * 0.0005, 4);
    const same = await exchange.fetchOrder(undefined as never, "BTC/KRW", { identifier: "ccxt-1" });
    expect(same.id).toBe(placed.id);
    const sold = await exchange.createOrder("BTC/KRW", "market", "sell", 0.01);
    expect((await exchange.fetchOrder(sold.id!, "BTC/KRW")).filled).toBe(0.01);
    const balance = await exchange.fetchBalance();
    expect((balance.BTC as { total: number }).total).toBeCloseTo(0.09 + order.filled!, 8);
    expect((await exchange.fetchClosedOrders("BTC/KRW")).map(({ id }) => id)).toEqual([sold.id]);
    expect((await exchange.fetchCanceledOrders("BTC/KRW")).map(({ id }) => id)).toEqual([placed.id]);
    expect((await exchange.fetchTradingFee("BTC/KRW")).taker).toBe(0.0005);
  });

  test("rests, lists and cancels a limit order; names what is wrong", async () => {
    const { upbit: exchange } = exchanges;
    const rest = await exchange.createOrder("BTC/KRW", "limit", "buy", 0.01, 50_000_000);
    expect((await exchange.fetchOpenOrders("BTC/KRW")).map((order) => order.id)).toEqual([rest.id]);
    await exchange.cancelOrder(rest.id!);
    expect(await exchange.fetchOpenOrders("BTC/KRW")).toEqual([]);
    expect(await failure(exchange.createMarketBuyOrderWithCost("BTC/KRW", 900_000_000))).toBe(
      "InsufficientFunds",
    );
    expect(await failure(exchange.fetchOrder("none", "BTC/KRW"))).toBe("OrderNotFound");
    simulator.control.setFault({ kind: "refusal", code: "out_of_scope", venue: "upbit", count: 1 });
    expect(await failure(exchange.fetchBalance())).toBe("PermissionDenied");
  });
});

describe("bithumb, by its raw calls", () => {
  test("the amount goes out untouched, the fill is read whole", async () => {
    const raw = exchanges.bithumb as unknown as Raw;
    const order = {
      market: "KRW-BTC",
      side: "bid",
      order_type: "price",
      price: "123456",
      client_order_id: "ccxt-2",
    };
    const placed = await raw.privatePostV2Orders!(order);
    expect(await failure(raw.privateGetV1Order!({ client_order_id: "ccxt-2" }))).toBe("ExchangeError");
    const read = await raw.privateGetV1Order!({ client_order_id: "ccxt-2" });
    expect(read).toMatchObject({ uuid: placed.order_id, price: "123456", state: "done" });
    expect(Number(read.executed_funds)).toBeGreaterThan(123_454);
    expect((await raw.privatePostV2Orders!(order)).order_id).toBe(placed.order_id);
  });

  test("its unified order rounds to four digits, as stock ccxt does: not to be used", async () => {
    const { bithumb: exchange } = exchanges;
    await exchange.createOrder("BTC/KRW", "market", "buy", 1, 123_456, {
      createMarketBuyOrderRequiresPrice: true,
    });
    const sent = simulator.control.accounts.orders(SIMULATOR_KEYS[0]!.apiKey, "bithumb").at(-1)!;
    expect(sent.money).toBe("123500");
    expect(Number((await exchange.fetchBalance()).KRW!.free)).toBeLessThan(50_000_000);
  });
});

describe("bybit", () => {
  test("sets leverage, opens a short, reads order, fills, position; closes it and reads the profit", async () => {
    const { bybit: exchange } = exchanges;
    const symbol = "BTC/USDT:USDT";
    await exchange.setLeverage(3, symbol);
    expect(await failure(exchange.setLeverage(3, symbol))).toBe("BadRequest");
    const placed = await exchange.createOrder(symbol, "market", "sell", 0.01, undefined, {
      clientOrderId: "ccxt-3",
    });
    await Bun.sleep(40);
    const read = { orderLinkId: "ccxt-3", acknowledged: true };
    const order = await exchange.fetchOrder("", symbol, read);
    expect(order).toMatchObject({ id: placed.id, status: "closed", filled: 0.01, side: "sell" });
    const trades = await exchange.fetchMyTrades(symbol);
    expect(trades.reduce((total, trade) => total + trade.cost!, 0)).toBeCloseTo(order.cost!, 6);
    expect(trades.reduce((total, trade) => total + trade.fee!.cost!, 0)).toBeCloseTo(
      order.cost! * 0.00055,
      6,
    );
    const [position] = await exchange.fetchPositions([symbol]);
    expect(position).toMatchObject({
      side: "short",
      contracts: 0.01,
      leverage: 3,
      entryPrice: order.average,
    });
    const repeat = exchange.createOrder(symbol, "market", "sell", 0.01, undefined, {
      clientOrderId: "ccxt-3",
    });
    expect(await failure(repeat)).toBe("InvalidOrder");
    await exchange.createOrder(symbol, "market", "buy", 0.01, undefined, { reduceOnly: true });
    const [closed] = await exchange.fetchPositionsHistory([symbol]);
    expect(closed).toMatchObject({ symbol, contracts: 0.01, entryPrice: order.average });
    expect((await exchange.fetchBalance()).USDT!.total).toBeLessThan(100_000);
    expect((await exchange.fetchTradingFee(symbol)).taker).toBe(0.00055);
    await exchange.setPositionMode(true, symbol);
    expect(await failure(exchange.setPositionMode(true, symbol))).not.toBe("accepted");
  });

  test("names what is wrong", async () => {
    const { bybit: exchange } = exchanges;
    const big = exchange.createOrder("ETH/USDT:USDT", "market", "sell", 2_000);
    expect(await failure(big)).toBe("InsufficientFunds");
    const reducing = exchange.createOrder("ETH/USDT:USDT", "market", "buy", 1, undefined, {
      reduceOnly: true,
    });
    expect(await failure(reducing)).toBe("InvalidOrder");
  });
});

describe("binance", () => {
  test("opens a short with the result, whose average and cost must be looked up; closes it and reads the income", async () => {
    const { binance: exchange } = exchanges;
    const symbol = "BTC/USDT:USDT";
    await exchange.setLeverage(3, symbol);
    const placed = await exchange.createOrder(symbol, "market", "sell", 0.01, undefined, {
      clientOrderId: "ccxt-4",
    });
    expect(placed).toMatchObject({ status: "closed", filled: 0.01, average: undefined });
    const order = await exchange.fetchOrder("", symbol, { clientOrderId: "ccxt-4" });
    expect(order.cost).toBeGreaterThan(300);
    expect(order.id).toBe(placed.id);
    const trades = await exchange.fetchMyTrades(symbol);
    expect(trades.reduce((total, trade) => total + trade.cost!, 0)).toBeCloseTo(order.cost!, 6);
    const [position] = await exchange.fetchPositionsRisk([symbol]);
    expect(position).toMatchObject({ side: "short", contracts: 0.01 });
    await exchange.createOrder(symbol, "market", "buy", 0.01, undefined, { reduceOnly: true });
    expect((await exchange.fetchPositions([symbol])).filter(({ contracts }) => contracts !== 0)).toEqual([]);
    const income = await (exchange as unknown as Raw).fapiPrivateGetIncome!({ incomeType: "REALIZED_PNL" });
    expect(income.length).toBeGreaterThan(0);
    expect((await exchange.fetchBalance()).USDT!.total).toBeLessThan(100_000);
    expect((await exchange.fetchTradingFee(symbol)).taker).toBe(0.0005);
  });

  test("knows the modes, and refusals by their number", async () => {
    const { binance: exchange } = exchanges;
    const symbol = "ETH/USDT:USDT";
    expect(await failure(exchange.setMarginMode("cross", symbol))).toBe("MarginModeAlreadySet");
    await exchange.setPositionMode(true);
    const bare = exchange.createOrder(symbol, "market", "sell", 0.1);
    expect(await bare.catch(String)).toContain("-4061");
    const short = await exchange.createOrder(symbol, "market", "sell", 0.1, undefined, {
      positionSide: "SHORT",
    });
    expect(short.filled).toBe(0.1);
    expect(await failure(exchange.fetchOrder("1", symbol))).toBe("OrderNotFound");
    const dear = exchange.createOrder(symbol, "market", "sell", 2_000, undefined, { positionSide: "SHORT" });
    expect(await dear.catch(String)).toContain("-2019");
  });
});

test("nothing stock ccxt asked was unknown to the simulator", () => {
  const { byStatus } = simulator.control.totals();
  // The order looked up in vain on Upbit and none else.
  expect(byStatus[404] ?? 0).toBe(1);
});
