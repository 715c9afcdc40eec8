import { describe, expect, test } from "bun:test";
import { exact, fixed, money, over, textOf, times } from "./exact.ts";
import { createHarness, KEY, type Params } from "./wire-harness.ts";

const ORDER = { category: "linear", symbol: "BTCUSDT", side: "Sell", orderType: "Market", qty: "0.01" };
const LINEAR = { category: "linear", symbol: "BTCUSDT" };

function bybit(spec: object = {}) {
  const harness = createHarness({ keys: [{ ...KEY, ...spec }] });
  const post = (path: string, params: Params) => harness.call("bybit", `POST /v5/${path}`, params).json;
  const get = (path: string, params: Params = LINEAR) =>
    harness.call("bybit", `GET /v5/${path}`, params).json;
  const place = (params: Params = {}) => post("order/create", { ...ORDER, ...params });
  /** The order once it shows. */
  const placed = (params: Params = {}) => {
    const { result, retCode } = place(params);
    if (retCode !== 0) throw new Error(`expected an order, was ${retCode}`);
    harness.clock.nowMs += 30;
    return get("order/realtime", { ...LINEAR, orderId: result.orderId }).result.list[0];
  };
  const position = (params: Params = LINEAR) => get("position/list", params).result.list;
  return { ...harness, post, ask: get, place, placed, position };
}

describe("Bybit orders", () => {
  test("an order is acknowledged first, shows in realtime later and in the history later still", () => {
    const { place, ask, clock } = bybit();
    const { retCode, result } = place({ orderLinkId: "a-1" });
    expect([retCode, Object.keys(result), result.orderLinkId]).toEqual([
      0,
      ["orderId", "orderLinkId"],
      "a-1",
    ]);
    const named = { ...LINEAR, orderLinkId: "a-1" };
    const count = (path: string) => ask(path, named).result.list.length;
    expect([count("order/realtime"), count("execution/list"), count("order/history")]).toEqual([0, 0, 0]);
    clock.nowMs += 30;
    expect([count("order/realtime"), count("execution/list"), count("order/history")]).toEqual([1, 1, 0]);
    clock.nowMs += 270;
    expect([count("order/realtime"), count("order/history")]).toEqual([1, 1]);
    // Nothing is open, so nothing shows without a name, unless the ended ones are asked for.
    expect(ask("order/realtime").result.list).toEqual([]);
    expect(ask("order/realtime", { ...LINEAR, openOnly: "1" }).result.list).toHaveLength(1);
    expect(ask("order/realtime", { category: "linear" }).retCode).toBe(10001);
  });

  test("a market order fills at the book, with a fee of 0.055 %, and the position is its average", () => {
    const { placed, position, ask, get } = bybit();
    const { b: bids } = get("bybit", "/v5/market/orderbook?category=linear&symbol=BTCUSDT&limit=2").json
      .result;
    const order = placed({ qty: "0.025" });
    const value = times(exact(bids[0][0]), exact("0.01")) + times(exact(bids[1][0]), exact("0.015"));
    expect(order).toMatchObject({
      orderStatus: "Filled",
      cumExecQty: "0.025",
      cumExecValue: textOf(value),
      avgPrice: textOf(exact(fixed(over(value, exact("0.025")), 8))),
      leavesQty: "0.000",
    });
    const fills = ask("execution/list").result.list;
    expect(
      fills.map((fill: Record<string, string>) => [fill.execPrice, fill.execQty, fill.leavesQty]),
    ).toEqual([
      [bids[1][0], "0.015", "0"],
      [bids[0][0], "0.01", "0.015"],
    ]);
    expect(fills[1].execFee).toBe(textOf(money(times(exact(fills[1].execValue), exact("0.00055")))));
    expect(position()).toMatchObject([
      {
        side: "Sell",
        size: "0.025",
        avgPrice: order.avgPrice,
        leverage: "10",
        positionIdx: 0,
        isReduceOnly: false,
      },
    ]);
  });

  test("a limit ioc that finds too little ends Cancelled with what it got; one too far away with nothing", () => {
    const { placed, get } = bybit();
    const { b: bids } = get("bybit", "/v5/market/orderbook?category=linear&symbol=BTCUSDT&limit=1").json
      .result;
    const limit = { orderType: "Limit", timeInForce: "IOC", qty: "0.03", price: bids[0][0] };
    expect(placed(limit)).toMatchObject({
      orderStatus: "Cancelled",
      cumExecQty: "0.010",
      leavesQty: "0.000",
    });
    expect(placed({ ...limit, price: "120000" })).toMatchObject({
      orderStatus: "Cancelled",
      rejectReason: "EC_NoImmediateQtyToFill",
      cumExecQty: "0.000",
      avgPrice: "",
      cumFeeDetail: {},
    });
  });

  test("a client id is good once, whatever became of its order", () => {
    const { place, control } = bybit();
    expect(place({ orderLinkId: "x" }).retCode).toBe(0);
    expect(place({ orderLinkId: "x" })).toMatchObject({
      retCode: 110072,
      retMsg: "OrderLinkedID is duplicate",
    });
    expect(place({ orderLinkId: "BTC_20251122 12:00:00" }).retCode).toBe(10001);
    expect(place({ orderLinkId: "y".repeat(37) }).retCode).toBe(10001);
    expect(control.accounts.clientIds(KEY.apiKey, "bybit")[0]).toEqual({
      clientId: "x",
      requested: 2,
      accepted: 1,
      executed: 1,
    });
  });

  test("reduce-only never opens, quantity 0 with both flags closes everything", () => {
    const { place, placed, position } = bybit();
    expect(place({ side: "Buy", reduceOnly: true }).retCode).toBe(110017);
    expect(place({ qty: "0" }).retCode).toBe(10001);
    expect(place({ qty: "0", reduceOnly: true, closeOnTrigger: true }).retCode).toBe(110017);
    placed({ qty: "0.02" });
    expect(placed({ side: "Buy", qty: "0.05", reduceOnly: true })).toMatchObject({
      qty: "0.020",
      orderStatus: "Filled",
    });
    placed({ qty: "0.02" });
    expect(place({ side: "Buy", qty: "0", reduceOnly: true }).retCode).toBe(110017);
    placed({ side: "Buy", qty: "0", reduceOnly: true, closeOnTrigger: true });
    expect(position()).toMatchObject([{ side: "", size: "0", avgPrice: "0" }]);
    expect(position({ category: "linear", settleCoin: "USDT" })).toEqual([]);
  });

  test("every refusal has its code", () => {
    const { place, control, ask, clock } = bybit();
    const code = (params: Params) => {
      clock.nowMs += 200;
      return place(params).retCode;
    };
    expect(code({ qty: "50" })).toBe(110007);
    expect(code({ qty: "0.0123456" })).toBe(10001);
    expect(code({ qty: "abc" })).toBe(10001);
    expect(code({ qty: "99999" })).toBe(10001);
    expect(code({ symbol: "1000PEPEUSDT", qty: "0.001" })).toBe(110094);
    expect(code({ symbol: "NONEUSDT" })).toBe(10001);
    expect(code({ category: "spot" })).toBe(10001);
    expect(code({ side: "sell" })).toBe(10001);
    expect(code({ orderType: "Limit" })).toBe(10001);
    expect(code({ orderType: "Limit", price: "100000.5", timeInForce: "IOC" })).toBe(10001);
    expect(code({ positionIdx: 2 })).toBe(10001);
    expect(ask("position/list", { category: "linear" }).retCode).toBe(10001);
    expect(control.accounts.orders(KEY.apiKey, "bybit")).toEqual([]);
  });

  test("ten orders a second per account, then 10006 with the headers saying so", () => {
    const { call } = bybit();
    const answers = Array.from({ length: 11 }, () =>
      call("bybit", "POST /v5/order/create", { ...ORDER, qty: "0.001" }),
    );
    expect(answers[9]!.headers).toMatchObject({ "X-Bapi-Limit": "10", "X-Bapi-Limit-Status": "0" });
    expect(answers.map((answer) => answer.json.retCode)).toEqual([...Array(10).fill(0), 10006]);
  });

  test("a resting order can be cancelled once", () => {
    const { placed, post, ask } = bybit();
    const rest = placed({ orderType: "Limit", timeInForce: "GTC", price: "120000", orderLinkId: "r" });
    expect(rest.orderStatus).toBe("New");
    const margin = () =>
      ask("account/wallet-balance", { accountType: "UNIFIED" }).result.list[0].coin[0].totalOrderIM;
    expect(Number(margin())).toBeGreaterThan(120);
    expect(post("order/cancel", { ...LINEAR, orderLinkId: "r" }).result.orderId).toBe(rest.orderId);
    expect(margin()).toBe("0");
    expect(post("order/cancel", { ...LINEAR, orderLinkId: "r" }).retCode).toBe(110001);
    const { list } = ask("order/realtime", { ...LINEAR, orderLinkId: "r" }).result;
    expect(list).toMatchObject([{ orderStatus: "Cancelled", cancelType: "CancelByUser" }]);
  });
});

describe("Bybit positions", () => {
  test("hedge mode keeps a long and a short apart; an index that does not fit the mode is refused", () => {
    const { place, placed, position, post } = bybit({ hedgeMode: true });
    expect(place({}).retCode).toBe(10001);
    placed({ positionIdx: 2, qty: "0.02" });
    placed({ positionIdx: 1, side: "Buy", qty: "0.03" });
    expect(position()).toMatchObject([
      { positionIdx: 1, side: "Buy", size: "0.03" },
      { positionIdx: 2, side: "Sell", size: "0.02" },
    ]);
    placed({ positionIdx: 2, side: "Buy", qty: "0.02", reduceOnly: true });
    expect(place({ positionIdx: 2, side: "Buy" }).retCode).toBe(110017);
    expect(post("position/switch-mode", { category: "linear", symbol: "BTCUSDT", mode: 0 }).retCode).toBe(
      110024,
    );
    placed({ positionIdx: 1, side: "Sell", qty: "0.03" });
    expect(post("position/switch-mode", { category: "linear", symbol: "BTCUSDT", mode: 3 }).retCode).toBe(
      110025,
    );
    placed({ positionIdx: 2, orderType: "Limit", timeInForce: "GTC", price: "120000" });
    expect(post("position/switch-mode", { category: "linear", coin: "USDT", mode: 0 }).retCode).toBe(110028);
    post("order/cancel", { ...LINEAR, orderId: "none" });
    expect(post("position/switch-mode", { category: "linear", symbol: "ETHUSDT", mode: 0 }).retCode).toBe(0);
  });

  test("leverage is set, told to be unchanged the second time, and kept within 1 to 50", () => {
    const { post, position } = bybit();
    const set = (buyLeverage: string, sellLeverage = buyLeverage) =>
      post("position/set-leverage", { ...LINEAR, buyLeverage, sellLeverage }).retCode;
    expect([set("3"), set("3"), set("51"), set("0.5"), set("3", "4")]).toEqual([
      0, 110043, 10001, 10001, 10001,
    ]);
    expect(position()).toMatchObject([{ leverage: "3", size: "0" }]);
  });

  test("closed profit is net of both fees, by order; the wallet moves by exactly that", () => {
    const { placed, ask, control, clock } = bybit();
    placed({ qty: "0.02" });
    clock.nowMs += 60_000;
    const closing = placed({ side: "Buy", qty: "0.015", reduceOnly: true });
    const [record] = ask("position/closed-pnl").result.list;
    expect(record).toMatchObject({
      orderId: closing.orderId,
      side: "Buy",
      closedSize: "0.015",
      execType: "Trade",
    });
    const gross = exact(record.cumEntryValue) - exact(record.cumExitValue);
    expect(record.closedPnl).toBe(textOf(gross - exact(record.openFee) - exact(record.closeFee)));
    const fills = control.accounts.fills(KEY.apiKey, "bybit");
    const [realised, fees] = fills.reduce(
      ([pnl, fee], fill) => [pnl + exact(fill.realisedPnl), fee + exact(fill.fee)] as const,
      [0n, 0n] as readonly [bigint, bigint],
    );
    expect(realised).toBe(gross);
    expect(control.accounts.balances(KEY.apiKey, "bybit").USDT).toBe(
      textOf(exact("100000") + realised - fees),
    );
    // Closed in parts, the parts share the fee of opening; together they are what the wallet gained.
    placed({ side: "Buy", qty: "0.005", reduceOnly: true });
    const records = control.accounts.closedPnl(KEY.apiKey, "bybit");
    const opening = control.accounts.fills(KEY.apiKey, "bybit").filter(({ side }) => side === "sell");
    const total = (texts: string[]) => texts.reduce((sum, text) => sum + exact(text), 0n);
    expect(records.map(({ closedSize }) => closedSize)).toEqual(["0.015", "0.005"]);
    expect(total(records.map(({ openFee }) => openFee))).toBe(total(opening.map(({ fee }) => fee)));
    const gained = exact(control.accounts.balances(KEY.apiKey, "bybit").USDT!) - exact("100000");
    expect(total(records.map(({ pnl }) => pnl))).toBe(gained);
  });

  test("funding is paid at each settlement on the position held, and shows as an execution", () => {
    const { placed, clock, ask, control, market } = bybit();
    placed({ qty: "0.02" });
    const { nextAtMs } = market.funding("bybit", "BTCUSDT", clock.nowMs)!;
    clock.nowMs = nextAtMs - 1;
    expect(control.accounts.funding(KEY.apiKey, "bybit")).toEqual([]);
    clock.nowMs = nextAtMs + 4 * 3_600_000;
    const paid = control.accounts.funding(KEY.apiKey, "bybit");
    expect(paid.map((payment) => payment.atMs)).toEqual([nextAtMs, nextAtMs + 4 * 3_600_000]);
    // A short receives a positive rate.
    const { markPrice } = market.funding("bybit", "BTCUSDT", nextAtMs - 1)!;
    expect(Number(paid[0]!.amount)).toBeCloseTo(0.02 * markPrice * 0.0001, 7);
    const shown = ask("execution/list", { ...LINEAR, execType: "Funding" }).result.list;
    expect(shown).toMatchObject([
      { execType: "Funding" },
      { execFee: `-${paid[0]!.amount}`, execQty: "0.02" },
    ]);
    const log = ask("account/transaction-log", { accountType: "UNIFIED", category: "linear" }).result.list;
    expect(log.map((row: { type: string }) => row.type)).toEqual([
      "SETTLEMENT",
      "SETTLEMENT",
      "TRADE",
      "TRADE",
      "TRANSFER_IN",
    ]);
    expect(log.at(-1)).toMatchObject({ change: "100000", cashBalance: "100000" });
  });

  test("the wallet tells what is free: balance and profit less margin at the leverage set", () => {
    const { placed, ask, post } = bybit();
    post("position/set-leverage", { ...LINEAR, buyLeverage: "5", sellLeverage: "5" });
    placed({ qty: "0.05" });
    const [account] = ask("account/wallet-balance", { accountType: "UNIFIED", coin: "USDT" }).result.list;
    const [coin] = account.coin;
    expect(Number(coin.totalPositionIM)).toBeCloseTo(
      (0.05 * Number(ask("position/list").result.list[0].avgPrice)) / 5,
      6,
    );
    expect(Number(account.totalAvailableBalance)).toBeCloseTo(
      Number(coin.equity) - Number(coin.totalPositionIM),
      6,
    );
    expect([coin.availableToWithdraw, coin.free]).toEqual(["", undefined]);
    expect(ask("account/wallet-balance", { accountType: "CONTRACT" }).retCode).toBe(10001);
  });

  test("fee rates, the kind of account and the key's rights are told", () => {
    const { ask, control } = bybit();
    expect(ask("account/fee-rate").result.list).toEqual([
      { symbol: "BTCUSDT", takerFeeRate: "0.00055", makerFeeRate: "0.0002" },
    ]);
    expect(ask("account/info", {}).result).toMatchObject({
      marginMode: "REGULAR_MARGIN",
      unifiedMarginStatus: 5,
    });
    expect(ask("user/query-api", {}).result).toMatchObject({ readOnly: 0, uta: 1, ips: ["*"] });
    control.accounts.setKey({ apiKey: KEY.apiKey, canTrade: false, addresses: ["10.0.0.1"] });
    expect(ask("user/query-api", {}).result).toMatchObject({
      readOnly: 1,
      ips: ["10.0.0.1"],
      permissions: { ContractTrade: [] },
    });
  });

  test("lists come in pages, newest first, without gaps or repeats", () => {
    const { placed, ask, clock } = bybit();
    for (let index = 0; index < 7; index++) placed({ qty: "0.001", orderLinkId: `p-${index}` });
    clock.nowMs += 1_000;
    const seen: string[] = [];
    let cursor = "";
    do {
      const { result } = ask("order/history", { ...LINEAR, limit: "3", cursor });
      seen.push(...result.list.map((order: { orderLinkId: string }) => order.orderLinkId));
      cursor = result.nextPageCursor;
    } while (cursor !== "");
    expect(seen).toEqual(["p-6", "p-5", "p-4", "p-3", "p-2", "p-1", "p-0"]);
    expect(ask("order/history", { ...LINEAR, cursor: "nonsense" }).retCode).toBe(10001);
  });
});
