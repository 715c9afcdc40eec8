// What the private streams tell of an account, and how they pass the time, on a manual clock.

import { describe, expect, test } from "bun:test";
import { hold, holdAll, type Message } from "./stream-testing.ts";
import { createHarness, KEY } from "./wire-harness.ts";

const MINUTE_MS = 60_000;
const { apiKey } = KEY;
const PERP = { apiKey, symbol: "BTCUSDT" } as const;
const short = (venue: "bybit" | "binance", qty = "0.01") => ({ ...PERP, venue, side: "sell", qty }) as const;

const eventsOf = (messages: readonly Message[]) =>
  messages.map(({ e, o, a }) => [e, o?.x ?? a?.m].filter(Boolean));
const topicsOf = (messages: readonly Message[]) => messages.map(({ topic }) => topic);

describe("what is told", () => {
  test("trades by hand, deposits and withdrawals, on every venue", () => {
    const harness = createHarness();
    const [upbit, bithumb] = [holdAll(harness, "upbit"), holdAll(harness, "bithumb")];
    const [bybit, binance] = [holdAll(harness, "bybit"), holdAll(harness, "binance")];
    const { accounts } = harness.control;
    for (const venue of ["upbit", "bithumb"] as const) {
      accounts.trade({ apiKey, venue, symbol: "KRW-BTC", side: "buy", money: "100000" });
      accounts.withdraw({ apiKey, venue, asset: "KRW", amount: "500" });
    }
    for (const { messages, state } of [upbit, bithumb]) {
      const orders = messages.filter(({ type }) => type === "myOrder");
      expect(orders.map(({ state: name }) => name)).toEqual(expect.arrayContaining(["wait", "trade"]));
      const last = messages.at(-1);
      expect(last).toMatchObject({ type: "myAsset", assets: [{ currency: "KRW" }] });
      expect(state.isBinary).toBe(true);
    }
    const left = accounts.balances(apiKey, "bithumb").KRW!;
    expect(bithumb.messages.at(-1).assets).toEqual([{ currency: "KRW", balance: left, locked: "0" }]);
    expect(String(upbit.messages.at(-1).assets[0].balance)).toBe(accounts.balances(apiKey, "upbit").KRW!);
    for (const venue of ["bybit", "binance"] as const) {
      accounts.trade(short(venue));
      accounts.deposit({ apiKey, venue, asset: "USDT", amount: "7" });
    }
    expect(topicsOf(bybit.messages)).toEqual(["order", "execution", "position", "wallet", "order", "wallet"]);
    expect(bybit.messages[2].data).toMatchObject([{ side: "Sell", size: "0.01", entryPrice: "105980" }]);
    expect(eventsOf(binance.messages)).toEqual([
      ["ORDER_TRADE_UPDATE", "NEW"],
      ["TRADE_LITE"],
      ["ACCOUNT_UPDATE", "ORDER"],
      ["ORDER_TRADE_UPDATE", "TRADE"],
      ["ACCOUNT_UPDATE", "DEPOSIT"],
    ]);
    expect(binance.messages[2].a.P).toMatchObject([{ s: "BTCUSDT", pa: "-0.010", ps: "BOTH", mt: "cross" }]);
    expect(binance.messages[4].a.B).toMatchObject([{ a: "USDT", bc: "7" }]);
  });

  test("liquidation, what the insurance fund makes good, and deleveraging", () => {
    const harness = createHarness();
    const [bybit, binance] = [holdAll(harness, "bybit"), holdAll(harness, "binance")];
    const { accounts } = harness.control;
    for (const venue of ["bybit", "binance"] as const) accounts.trade(short(venue, "0.2"));
    bybit.messages.length = binance.messages.length = 0;
    for (const venue of ["bybit", "binance"] as const) accounts.deleverage({ ...PERP, venue, fraction: 0.5 });
    expect(bybit.messages[1].data).toMatchObject([
      { execType: "AdlTrade", execQty: "0.1", closedSize: "0.1" },
    ]);
    expect(bybit.messages[2].data).toMatchObject([{ size: "0.1", side: "Sell" }]);
    expect(binance.messages[0].o).toMatchObject({ c: "adl_autoclose", o: "LIQUIDATION", x: "NEW", X: "NEW" });
    expect(binance.messages[2].o).toMatchObject({ c: "adl_autoclose", x: "CALCULATED", X: "FILLED" });
    expect(binance.messages[1].a.P).toMatchObject([{ pa: "-0.100" }]);
    bybit.messages.length = binance.messages.length = 0;
    // So dear that nothing is left and more.
    for (const venue of ["bybit", "binance"] as const)
      accounts.liquidate({ ...PERP, venue, price: "2000000" });
    expect(topicsOf(bybit.messages)).toEqual(["order", "execution", "position", "wallet", "order", "wallet"]);
    expect(bybit.messages[1].data).toMatchObject([{ execType: "BustTrade", createType: "CreateByLiq" }]);
    expect(bybit.messages[2].data).toMatchObject([{ size: "0", side: "" }]);
    expect(bybit.messages[5].data).toMatchObject([{ totalWalletBalance: "0" }]);
    expect(eventsOf(binance.messages)).toEqual([
      ["ORDER_TRADE_UPDATE", "NEW"],
      ["ACCOUNT_UPDATE", "ORDER"],
      ["ORDER_TRADE_UPDATE", "CALCULATED"],
      ["ACCOUNT_UPDATE", "INSURANCE_CLEAR"],
    ]);
    expect(binance.messages[0].o.c).toStartWith("autoclose-");
    expect(binance.messages[1].a.P).toMatchObject([{ pa: "0.000" }]);
    expect(binance.messages[3].a.B).toMatchObject([{ wb: "0.00000000" }]);
  });

  test("what comes about with time alone: funding, and a resting order that is reached", () => {
    const balances = { bybit: { USDT: "1200" }, binance: { USDT: "1200" } };
    const harness = createHarness({ keys: [{ ...KEY, balances }] });
    const { accounts } = harness.control;
    const [bybit, binance] = [holdAll(harness, "bybit"), holdAll(harness, "binance")];
    for (const venue of ["bybit", "binance"] as const) {
      accounts.trade(short(venue, "0.02"));
      accounts.trade({ ...PERP, venue, side: "sell", qty: "0.01", price: "107500" });
    }
    expect(bybit.messages.at(-1)).toMatchObject({ topic: "wallet" });
    bybit.messages.length = binance.messages.length = 0;
    for (let halfHours = 0; halfHours < 18; halfHours++) {
      harness.clock.nowMs += 30 * MINUTE_MS;
      harness.call("binance", "GET /fapi/v3/balance");
      bybit.hear('{"op":"ping"}');
      binance.stir();
      harness.send("binance", {
        method: "PUT",
        target: "/fapi/v1/listenKey",
        headers: { "x-mbx-apikey": apiKey },
      });
      harness.arrivePending();
    }
    const funded = bybit.messages.find(({ data }) => data?.[0].execType === "Funding");
    const paid = accounts.funding(apiKey, "bybit")[0]!;
    expect(funded.data[0]).toMatchObject({ symbol: "BTCUSDT", execQty: paid.size.replace("-", "") });
    const update = binance.messages.find(({ a }) => a?.m === "FUNDING_FEE");
    expect(update.a).toMatchObject({ P: [], B: [{ bc: accounts.funding(apiKey, "binance")[0]!.amount }] });
    const reached = binance.messages.find(({ o }) => o?.m === true);
    expect(reached.o).toMatchObject({ x: "TRADE", X: "FILLED", S: "SELL", L: "107500" });
  });

  test("a margin call once, when four fifths of a margin are used up", () => {
    const harness = createHarness({ keys: [{ ...KEY, balances: { binance: { USDT: "1000" } } }] });
    const binance = holdAll(harness, "binance");
    const { accounts } = harness.control;
    accounts.setLeverage({ ...PERP, venue: "binance", leverage: "100" });
    accounts.trade(short("binance", "0.5"));
    binance.messages.length = 0;
    accounts.setBalance({ apiKey, venue: "binance", asset: "USDT", amount: "320" });
    for (let look = 0; look < 3; look++) {
      harness.clock.nowMs += 1_000;
      harness.arrivePending();
    }
    const calls = binance.messages.filter(({ e }) => e === "MARGIN_CALL");
    expect(calls).toMatchObject([{ p: [{ s: "BTCUSDT", ps: "BOTH", pa: "-0.500", mt: "CROSSED" }] }]);
  });

  test("leverage", () => {
    const harness = createHarness();
    const [bybit, binance] = [holdAll(harness, "bybit"), holdAll(harness, "binance")];
    for (const venue of ["bybit", "binance"] as const)
      harness.control.accounts.setLeverage({ ...PERP, venue, leverage: "3" });
    expect(bybit.messages).toMatchObject([{ topic: "position", data: [{ leverage: "3", size: "0" }] }]);
    expect(binance.messages).toMatchObject([{ e: "ACCOUNT_CONFIG_UPDATE", ac: { s: "BTCUSDT", l: 3 } }]);
  });
});

describe("what is asked for", () => {
  test("Upbit and Bithumb: types and markets, as one object or as a list; a new request replaces the old one", () => {
    const harness = createHarness();
    const upbit = holdAll(harness, "upbit");
    const ask = (...parts: object[]) => upbit.hear(JSON.stringify([{ ticket: "t" }, ...parts]));
    const buy = (symbol: string) =>
      harness.control.accounts.trade({ apiKey, venue: "upbit", symbol, side: "buy", money: "10000" });
    ask({ type: "myOrder", codes: ["KRW-ETH"] }, { format: "JSON_LIST" });
    buy("KRW-BTC");
    buy("KRW-ETH");
    expect(upbit.messages.flat().map(({ type, code }) => [type, code])).toEqual(
      Array.from({ length: 3 }, () => ["myOrder", "KRW-ETH"]),
    );
    expect(upbit.messages.every(Array.isArray)).toBe(true);
    upbit.messages.length = 0;
    harness.clock.nowMs += 1_000;
    for (const text of ["{}", "[]", '[{"ticket":"t"}]', '[{"ticket":"t"},{"type":"ticker"}]'])
      upbit.hear(text);
    harness.clock.nowMs += 1_000;
    ask({ type: "myAsset", codes: ["KRW-BTC"] });
    const names = upbit.messages.map(({ error }) => error.name);
    expect(names).toEqual(["WRONG_FORMAT", "NO_TICKET", "NO_TYPE", "INVALID_PARAM", "WRONG_FORMAT"]);
  });

  test("Bybit: topics by category keep their name, and can be left again", () => {
    const harness = createHarness();
    const bybit = holdAll(harness, "bybit");
    bybit.hear('{"op":"unsubscribe","args":["order","execution","wallet","position"]}');
    bybit.hear('{"op":"subscribe","args":["order.linear"],"req_id":"7"}');
    expect(bybit.messages.at(-1)).toMatchObject({ req_id: "7", success: true, op: "subscribe" });
    bybit.messages.length = 0;
    harness.control.accounts.trade(short("bybit"));
    expect(topicsOf(bybit.messages)).toEqual(["order.linear", "order.linear"]);
  });

  test("Binance by switch: nothing to a key in the path, nothing without events", () => {
    const harness = createHarness();
    const headers = { "x-mbx-apikey": apiKey };
    const { listenKey } = harness.send("binance", {
      method: "POST",
      target: "/fapi/v1/listenKey",
      headers,
    }).json;
    harness.control.setSwitches({ binance: { listenKeyInPath: false, eventsNeeded: true } });
    const targets = [`/${listenKey}`, `?listenKey=${listenKey}`, `?listenKey=${listenKey}&events=TRADE_LITE`];
    const heard = targets.map((target) => hold(harness, "binance", `/private/ws${target}`));
    harness.control.accounts.trade(short("binance"));
    expect(heard.map(({ messages }) => messages.length)).toEqual([0, 0, 1]);
  });
});

describe("how time passes", () => {
  test("a delayed message comes when it is due, and nothing overtakes it", () => {
    const harness = createHarness();
    const binance = holdAll(harness, "binance");
    harness.control.setFault({ kind: "stream-delay", delayMs: 5_000, count: 1 });
    harness.control.accounts.trade(short("binance"));
    harness.clock.nowMs += 4_999;
    harness.arrivePending();
    expect(binance.messages).toEqual([]);
    harness.clock.nowMs += 1;
    harness.arrivePending();
    expect(eventsOf(binance.messages)[0]).toEqual(["ORDER_TRADE_UPDATE", "NEW"]);
    expect(binance.messages).toHaveLength(4);
  });

  test("Upbit and Bithumb end a connection that was silent for two minutes; a word or a ping keeps it", () => {
    const harness = createHarness();
    const [upbit, bithumb] = [holdAll(harness, "upbit"), holdAll(harness, "bithumb")];
    harness.clock.nowMs += 119_000;
    upbit.hear("PING");
    expect(upbit.messages).toEqual([{ status: "UP" }]);
    harness.clock.nowMs += 1_000;
    harness.arrivePending();
    expect([upbit.state.closedWith, bithumb.state.closedWith]).toEqual([undefined, 1001]);
    upbit.stir();
    harness.clock.nowMs += 119_999;
    harness.arrivePending();
    expect(upbit.state.closedWith).toBeUndefined();
    expect(harness.control.streams()).toHaveLength(1);
  });

  test("too many messages end a connection", () => {
    const harness = createHarness();
    const upbit = holdAll(harness, "upbit");
    for (let sent = 1; sent < 5; sent++) upbit.hear("PING");
    expect(upbit.state.closedWith).toBeUndefined();
    upbit.hear("PING");
    expect(upbit.state.closedWith).toBe(1008);
  });

  test("a listen key lives an hour from when it was last asked for, then says so and tells nothing more", () => {
    const harness = createHarness();
    const binance = holdAll(harness, "binance");
    const ask = (method: string) =>
      harness.send("binance", { method, target: "/fapi/v1/listenKey", headers: { "x-mbx-apikey": apiKey } });
    const pass = (lengthMs: number) => {
      harness.clock.nowMs += lengthMs;
      binance.stir();
      harness.arrivePending();
    };
    pass(59 * MINUTE_MS);
    const { listenKey } = ask("PUT").json;
    pass(59 * MINUTE_MS);
    expect(binance.messages).toEqual([]);
    pass(MINUTE_MS);
    expect(binance.messages).toEqual([{ e: "listenKeyExpired", E: harness.clock.nowMs, listenKey }]);
    expect(ask("PUT")).toMatchObject({ status: 400, json: { code: -1125 } });
    harness.control.accounts.trade(short("binance"));
    expect(binance.messages).toHaveLength(1);
    expect(ask("POST").json.listenKey).not.toBe(listenKey);
  });

  test("closing a listen key ends its connections; the server pings and wants an answer", () => {
    const harness = createHarness();
    const [kept, mute] = [holdAll(harness, "binance"), holdAll(harness, "binance")];
    for (let minutes = 0; minutes < 10; minutes++) {
      harness.clock.nowMs += MINUTE_MS;
      kept.stir();
      harness.arrivePending();
    }
    expect([kept.state.closedWith, mute.state.closedWith]).toEqual([undefined, 1001]);
    expect(kept.state.pings).toBe(3);
    const headers = { "x-mbx-apikey": apiKey };
    harness.send("binance", { method: "DELETE", target: "/fapi/v1/listenKey", headers });
    expect(kept.state.closedWith).toBe(1000);
    expect(harness.control.streams()).toEqual([]);
  });
});
