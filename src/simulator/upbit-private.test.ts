import { describe, expect, test } from "bun:test";
import { exact, textOf, times } from "./exact.ts";
import { createHarness, KEY, type Params, signed } from "./wire-harness.ts";

const BUY = { market: "KRW-BTC", side: "bid", ord_type: "price", price: "1000000" };
const SELL = { market: "KRW-BTC", side: "ask", ord_type: "market", volume: "0.005" };

const LIMIT = { market: "KRW-BTC", side: "bid", ord_type: "limit" };

function upbit(balances: Record<string, string> = { KRW: "10000000", BTC: "0.5" }) {
  const harness = createHarness({ keys: [{ ...KEY, balances: { upbit: balances } }] });
  const place = (params: Params) => harness.call("upbit", "POST /v1/orders", params);
  const look = (params: Params) => harness.call("upbit", "GET /v1/order", params);
  const errorOf = (params: Params) => {
    const { status, json } = place(params);
    return [status, json.error?.name];
  };
  const bestAsk = () => harness.get("upbit", "/v1/orderbook?markets=KRW-BTC").json[0].orderbook_units[0];
  const balance = (currency: string) => {
    const row = harness
      .call("upbit", "GET /v1/accounts")
      .json.find((each: { currency: string }) => each.currency === currency);
    return { balance: row?.balance, locked: row?.locked };
  };
  return { ...harness, place, look, errorOf, bestAsk, balance };
}

describe("Upbit orders", () => {
  test("a market buy is acknowledged unfilled, ends in `cancel` with its residue given back, and is read by its trades", () => {
    const { place, look, balance } = upbit();
    const placed = place({ ...BUY, identifier: "first" });
    expect(placed.status).toBe(201);
    expect(placed.json).toMatchObject({
      side: "bid",
      ord_type: "price",
      price: "1000000",
      state: "wait",
      volume: null,
      remaining_volume: null,
      reserved_fee: "500",
      locked: "1000500",
      executed_volume: "0",
      trades_count: 0,
      identifier: "first",
    });
    expect(placed.json.trades).toBeUndefined();
    const { json: order } = look({ identifier: "first" });
    expect(order).toMatchObject({ uuid: placed.json.uuid, state: "cancel", locked: "0", remaining_fee: "0" });
    const funds = order.trades.reduce((sum: bigint, trade: Record<string, string>) => {
      expect(textOf(times(exact(trade.price!), exact(trade.volume!)))).toBe(trade.funds!);
      return sum + exact(trade.funds!);
    }, 0n);
    expect(funds < exact("1000000") && funds > exact("999998")).toBe(true);
    expect(Number(order.executed_volume)).toBeGreaterThan(0);
    expect(balance("KRW")).toEqual({
      balance: textOf(exact("10000000") - funds - exact(order.paid_fee)),
      locked: "0",
    });
    expect(balance("BTC").balance).toBe(textOf(exact("0.5") + exact(order.executed_volume)));
  });

  test("a market buy whose money divides exactly is `done`", () => {
    const { place, look, bestAsk } = upbit();
    const { ask_price: price, ask_size: size } = bestAsk();
    const money = textOf(times(exact(price), exact(size)));
    const { uuid } = place({ ...BUY, price: money }).json;
    expect(look({ uuid }).json).toMatchObject({
      state: "done",
      executed_volume: String(size),
      trades_count: 1,
    });
  });

  test("a market sell has no price, pays its fee out of what it gets, and is `done`", () => {
    const { place, look, balance } = upbit({ BTC: "0.01" });
    const { json: placed } = place(SELL);
    expect("price" in placed).toBe(false);
    expect(placed).toMatchObject({ ord_type: "market", locked: "0.005", volume: "0.005", reserved_fee: "0" });
    const { json: order } = look({ uuid: placed.uuid });
    expect(order.state).toBe("done");
    const [trade] = order.trades;
    expect(balance("KRW").balance).toBe(textOf(exact(trade.funds) - exact(order.paid_fee)));
    expect(order.paid_fee).toBe(String(Number((Number(trade.funds) * 0.0005).toFixed(8))));
  });

  test("a limit order with ioc takes what stands within its price and ends; with fok all or nothing", () => {
    const { place, look, bestAsk } = upbit();
    const { ask_price: price, ask_size: size } = bestAsk();
    const limit = { market: "KRW-BTC", side: "bid", ord_type: "limit", price: String(price) };
    const more = textOf(exact(size) * 2n);
    const part = place({ ...limit, volume: more, time_in_force: "ioc" }).json;
    expect(look({ uuid: part.uuid }).json).toMatchObject({
      state: "cancel",
      time_in_force: "ioc",
      executed_volume: String(size),
      remaining_volume: textOf(exact(more) - exact(size)),
    });
    const none = place({ ...limit, volume: more, time_in_force: "fok" }).json;
    expect(look({ uuid: none.uuid }).json).toMatchObject({ state: "cancel", executed_volume: "0" });
  });

  test("best takes the best price only", () => {
    const { place, look, bestAsk } = upbit();
    const { ask_price: price, ask_size: size } = bestAsk();
    const best = { market: "KRW-BTC", side: "bid", ord_type: "best", time_in_force: "ioc", price: "9000000" };
    const { json } = look({ uuid: place(best).json.uuid });
    expect(json).toMatchObject({ ord_type: "best", executed_volume: String(size), state: "cancel" });
    expect(json.trades[0].price).toBe(String(price));
  });

  test("a resting order holds its money and fee back, fills when the market comes, and can be cancelled", () => {
    const { place, look, balance, call, clock, bestAsk } = upbit();
    const price = String(Math.floor((bestAsk().ask_price * 0.995) / 1_000) * 1_000);
    const rest = { market: "KRW-BTC", side: "bid", ord_type: "limit", price, volume: "0.01" };
    const held = textOf(times(exact(price), exact("0.01")));
    const fee = textOf(times(exact(held), exact("0.0005")));
    const first = place(rest).json;
    expect(first).toMatchObject({ state: "wait", reserved_fee: fee });
    expect(balance("KRW").locked).toBe(textOf(exact(held) + exact(fee)));
    expect(call("upbit", "GET /v1/orders/open", { states: ["wait", "watch"] }).json).toHaveLength(1);
    expect(call("upbit", "DELETE /v1/order", { uuid: first.uuid }).json).toMatchObject({ state: "wait" });
    expect(balance("KRW")).toEqual({ balance: "10000000", locked: "0" });
    expect(call("upbit", "DELETE /v1/order", { uuid: first.uuid }).json.error.name).toBe("order_not_found");
    const high = String(Math.ceil((bestAsk().ask_price * 1.005) / 1_000) * 1_000);
    const second = place({ ...rest, side: "ask", price: high }).json;
    expect(balance("BTC")).toEqual({ balance: "0.49", locked: "0.01" });
    // The stand-in market swings by one per cent either way within the hour.
    for (let step = 0; step < 400 && look({ uuid: second.uuid }).json.state === "wait"; step++)
      clock.nowMs += 10_000;
    const { json: filled } = look({ uuid: second.uuid });
    expect(filled).toMatchObject({ state: "done", locked: "0" });
    // Who rests trades at his own price, whatever the market has become.
    expect(filled.trades.every((trade: { price: string }) => trade.price === high)).toBe(true);
    expect(filled.paid_fee).toBe(textOf(times(times(exact(high), exact("0.01")), exact("0.0005"))));
  });

  test("what is held back shrinks as an order fills", () => {
    const { place, look, balance, bestAsk } = upbit();
    const { ask_price: price, ask_size: size } = bestAsk();
    const volume = textOf(exact(size) * 3n);
    const order = look({ uuid: place({ ...LIMIT, price: String(price), volume }).json.uuid }).json;
    expect(order).toMatchObject({ state: "wait", executed_volume: String(size), trades_count: 1 });
    const left = times(exact(price), exact(size) * 2n);
    const fee = textOf(times(left, exact("0.0005")));
    expect([order.remaining_fee, order.locked]).toEqual([fee, textOf(left + exact(fee))]);
    expect(balance("KRW").locked).toBe(order.locked);
  });

  test("every refusal has its name", () => {
    const { errorOf, place } = upbit({ KRW: "1000499", BTC: "0.001" });
    expect(errorOf(BUY)).toEqual([400, "insufficient_funds_bid"]);
    expect(errorOf(SELL)).toEqual([400, "insufficient_funds_ask"]);
    expect(errorOf({ ...BUY, price: "4999" })).toEqual([400, "under_min_total_bid"]);
    expect(errorOf({ ...SELL, volume: "0.00000001" })).toEqual([400, "under_min_total_ask"]);
    const limit = {
      market: "KRW-BTC",
      side: "bid",
      ord_type: "limit",
      price: "100000000.5",
      volume: "0.001",
    };
    expect(errorOf(limit)).toEqual([400, "invalid_price_bid"]);
    expect(errorOf({ ...limit, side: "ask" })).toEqual([400, "invalid_price_ask"]);
    expect(errorOf({ ...SELL, price: "1000" })).toEqual([400, "create_ask_error"]);
    expect(errorOf({ ...BUY, volume: "1" })).toEqual([400, "create_bid_error"]);
    expect(errorOf({ ...BUY, price: "abc" })).toEqual([400, "create_bid_error"]);
    expect(errorOf({ market: "KRW-BTC", side: "bid" })).toEqual([400, "validation_error"]);
    expect(errorOf({ ...BUY, market: "KRW-NONE" })).toEqual([404, "market_does_not_exist"]);
    expect(place({ ...BUY, price: "1000000.000000001" }).status).toBe(400);
  });

  test("an identifier is used up by the first request that names it, refused or not", () => {
    const { errorOf, place, look, control } = upbit();
    expect(errorOf({ ...BUY, price: "1", identifier: "once" })).toEqual([400, "under_min_total_bid"]);
    expect(errorOf({ ...BUY, identifier: "once" })).toEqual([400, "identifier_already_used"]);
    expect(look({ identifier: "once" }).json.error.name).toBe("order_not_found");
    expect(place({ ...BUY, identifier: "two" }).status).toBe(201);
    expect(errorOf({ ...BUY, identifier: "two" })[1]).toBe("identifier_already_used");
    control.setSwitches({ upbit: { duplicateIdentifierName: "other" } });
    expect(errorOf({ ...BUY, identifier: "two" })[1]).toBe("other");
  });

  test("the dry run checks everything, books nothing and uses up no identifier", () => {
    const { call, balance, place } = upbit();
    const dry = call("upbit", "POST /v1/orders/test", { ...BUY, identifier: "dry" });
    expect([dry.status, dry.json.state]).toEqual([201, "wait"]);
    expect(dry.headers["Remaining-Req"]).toStartWith("group=order-test;");
    expect(call("upbit", "POST /v1/orders/test", { ...BUY, price: "1" }).json.error.name).toBe(
      "under_min_total_bid",
    );
    expect(balance("KRW").balance).toBe("10000000");
    expect(place({ ...BUY, identifier: "dry" }).status).toBe(201);
  });

  test("orders are found by uuid before identifier, singly, in lists and by ids", () => {
    const { place, look, call } = upbit();
    const [first, second] = [
      place({ ...BUY, identifier: "a" }).json,
      place({ ...SELL, identifier: "b" }).json,
    ];
    expect(look({ uuid: first.uuid, identifier: "b" }).json.uuid).toBe(first.uuid);
    const closed = call("upbit", "GET /v1/orders/closed", { market: "KRW-BTC" }).json;
    expect(closed.map((order: { uuid: string }) => order.uuid)).toEqual([second.uuid, first.uuid]);
    expect(Number(closed[0].executed_funds)).toBeGreaterThan(0);
    expect(call("upbit", "GET /v1/orders/closed", { states: ["done"] }).json).toHaveLength(1);
    expect(call("upbit", "GET /v1/orders/uuids", { identifiers: ["a", "none"] }).json).toMatchObject([
      { uuid: first.uuid },
    ]);
    expect(call("upbit", "GET /v1/orders/uuids", { uuids: [second.uuid] }).json).toMatchObject([
      { identifier: "b" },
    ]);
    expect(call("upbit", "GET /v1/orders/open").json).toEqual([]);
    expect(look({}).json.error.name).toBe("validation_error");
  });

  test("twelve orders a second, then 429; the header counts down in the group `order`", () => {
    const { place } = upbit();
    const answers = Array.from({ length: 13 }, () => place({ ...BUY, price: "6000" }));
    expect(answers[0]!.headers["Remaining-Req"]).toBe("group=order; min=720; sec=11");
    expect(answers.map((answer) => answer.status)).toEqual([...Array(12).fill(201), 429]);
    expect(answers[12]!.json.error.name).toBe("too_many_requests");
  });

  test("fees and minimum of a market are told with both accounts", () => {
    const { call } = upbit();
    expect(call("upbit", "GET /v1/orders/chance", { market: "KRW-BTC" }).json).toMatchObject({
      bid_fee: "0.0005",
      market: { bid: { min_total: 5_000 }, state: "active" },
      bid_account: { currency: "KRW", balance: "10000000" },
      ask_account: { currency: "BTC", balance: "0.5" },
    });
    expect(call("upbit", "GET /v1/api_keys").json).toMatchObject([{ access_key: KEY.apiKey }]);
  });

  test("a token used twice is refused and the order with it", () => {
    const { send, clock, control } = upbit();
    const sent = signed("upbit", "POST /v1/orders", BUY, {
      key: KEY,
      nowMs: clock.nowMs,
      claims: { nonce: "n" },
    });
    expect(send("upbit", sent).status).toBe(201);
    expect(send("upbit", sent).json.error.name).toBe("nonce_used");
    expect(control.accounts.orders(KEY.apiKey, "upbit")).toHaveLength(1);
  });
});
