import { describe, expect, test } from "bun:test";
import { standInMarket } from "./stand-in-market.ts";
import { binanceQuery, bybitHeaders, createHarness } from "./wire-harness.ts";

interface Row {
  readonly symbol: string;
}

describe("Bybit", () => {
  test("pages through the instruments by cursor", () => {
    const { get } = createHarness({ market: standInMarket(20) });
    const page = (query: string) =>
      get("bybit", `/v5/market/instruments-info?category=linear${query}`).json.result;
    const seen: string[] = [];
    let cursor = "";
    for (let pages = 0; pages < 9; pages++) {
      const { list, nextPageCursor } = page(`&limit=10&cursor=${encodeURIComponent(cursor)}`);
      seen.push(...list.map((row: Row) => row.symbol));
      cursor = nextPageCursor;
      if (cursor === "") break;
    }
    expect(seen).toHaveLength(23);
    expect(seen).toEqual(page("").list.map((row: Row) => row.symbol));
    expect(page("&status=PreLaunch").list).toEqual([]);
    expect(page("&symbol=BTCUSDT").list[0]).toMatchObject({ fundingInterval: 240, deliveryTime: "0" });
    expect(get("bybit", "/v5/market/instruments-info").json.retCode).toBe(10001);
    expect(get("bybit", "/v5/market/instruments-info?category=spot").json).toMatchObject({
      retCode: 0,
      result: { category: "spot", list: [] },
    });
  });

  test("prints one book of strings, 25 levels unless asked, in its envelope", () => {
    const { get, clock } = createHarness();
    const book = (query: string) =>
      get("bybit", `/v5/market/orderbook?category=linear&symbol=BTCUSDT${query}`).json;
    const { retCode, retMsg, result, time } = book("&limit=3");
    expect({ retCode, retMsg, time }).toEqual({ retCode: 0, retMsg: "OK", time: clock.nowMs });
    expect(Object.keys(result)).toEqual(["s", "b", "a", "ts", "u", "seq", "cts"]);
    expect(result.b).toHaveLength(3);
    expect(result.a[0].every((cell: unknown) => typeof cell === "string")).toBe(true);
    expect(Number(result.a[0][0])).toBeGreaterThan(Number(result.b[0][0]));
    expect(book("").result.a).toHaveLength(25);
    expect(book("&limit=1001").retCode).toBe(10001);
    const unknown = get("bybit", "/v5/market/orderbook?category=linear&symbol=NONEUSDT");
    expect(unknown).toMatchObject({ status: 200, json: { retCode: 10001 } });
  });

  test("tickers, candles (newest first) and funding history", () => {
    const { get, clock } = createHarness();
    const tickers = get("bybit", "/v5/market/tickers?category=linear").json.result.list;
    expect(tickers.map((row: Row) => row.symbol)).toEqual(["BTCUSDT", "ETHUSDT", "1000PEPEUSDT"]);
    expect(Number(tickers[0].bid1Price)).toBeLessThan(Number(tickers[0].ask1Price));
    const kline = (query: string) =>
      get("bybit", `/v5/market/kline?category=linear&symbol=BTCUSDT${query}`).json;
    const starts = kline("&interval=60&limit=3").result.list.map((row: string[]) => Number(row[0]));
    expect(starts[0] - starts[1]).toBe(3_600_000);
    expect(starts[0]).toBeLessThanOrEqual(clock.nowMs);
    expect(kline("&interval=480").retCode).toBe(10001);
    const since = clock.nowMs - 7_200_000;
    expect(
      kline(`&interval=60&start=${since}`).result.list.every((row: string[]) => Number(row[0]) >= since),
    ).toBe(true);
    const funding = (query: string) =>
      get("bybit", `/v5/market/funding/history?category=linear&symbol=ETHUSDT${query}`).json;
    const [newest, older] = funding("&limit=2").result.list;
    expect(newest.fundingRateTimestamp - older.fundingRateTimestamp).toBe(8 * 3_600_000);
    expect(funding(`&startTime=${since}`).retCode).toBe(10001);
  });

  test("600 requests in five seconds, then 403 for ten minutes on every path", () => {
    const { get, clock } = createHarness();
    for (let index = 0; index < 600; index++) expect(get("bybit", "/v5/market/time").status).toBe(200);
    expect(get("bybit", "/v5/market/time")).toMatchObject({ status: 403, text: "access too frequent" });
    clock.nowMs += 599_999;
    expect(get("bybit", "/v5/system/status").status).toBe(403);
    expect(get("bybit", "/v5/market/time", {}, 1).status).toBe(200);
    clock.nowMs += 1;
    expect(get("bybit", "/v5/market/time").status).toBe(200);
  });

  test("coin states need a signature; per account five a second, then 10006 with HTTP 200", () => {
    const { get, clock, control } = createHarness();
    const path = "/v5/asset/coin/query-info";
    const signed = (query = "", secret?: string) =>
      get("bybit", query === "" ? path : `${path}?${query}`, bybitHeaders(query, clock.nowMs, secret));
    expect(get("bybit", path).json.retCode).toBe(10003);
    expect(signed("", "wrong").json.retCode).toBe(10004);
    expect(get("bybit", path, bybitHeaders("", clock.nowMs - 5_001)).json.retCode).toBe(10002);
    const first = signed("coin=PEPE");
    expect(first.headers["X-Bapi-Limit-Status"]).toBe("4");
    expect(first.json.result.rows).toHaveLength(1);
    expect(first.json.result.rows[0]).toMatchObject({ coin: "PEPE", chains: [{ chainDeposit: "0" }] });
    expect(signed().json.result.rows.map((row: { coin: string }) => row.coin)).toEqual([
      "BTC",
      "ETH",
      "PEPE",
      "USDT",
    ]);
    for (let index = 0; index < 3; index++) expect(signed().json.retCode).toBe(0);
    const refused = signed();
    expect(refused).toMatchObject({ status: 200, json: { retCode: 10006 } });
    expect(refused.headers["X-Bapi-Limit-Status"]).toBe("0");
    expect(control.totals().limited).toBe(1);
    clock.nowMs += 1_000;
    expect(signed().json.retCode).toBe(0);
  });
});

describe("Binance", () => {
  test("prints contracts with their filters, a delisting as a near delivery date", () => {
    const market = standInMarket();
    const ending = market.listings("binance", 0).map((row) => ({ ...row, delistAtMs: 1_790_000_900_000 }));
    const { get } = createHarness({ market: { ...market, listings: () => ending } });
    const row = get("binance", "/fapi/v1/exchangeInfo").json.symbols[0];
    expect(row).toMatchObject({ symbol: "BTCUSDT", status: "TRADING", deliveryDate: 1_790_000_900_000 });
    const filter = (name: string) =>
      row.filters.find((each: { filterType: string }) => each.filterType === name);
    expect(filter("LOT_SIZE")).toMatchObject({ stepSize: "0.001", minQty: "0.001", maxQty: "10000.000" });
    expect(filter("MARKET_LOT_SIZE").maxQty).toBe("2500.000");
    expect(filter("MIN_NOTIONAL").notional).toBe("5");
  });

  test("depth weighs 2, 5, 10 or 20 by its limit; a limit outside the list is refused", () => {
    const { get } = createHarness();
    const depth = (query: string) => get("binance", `/fapi/v1/depth?symbol=BTCUSDT${query}`);
    let used = 0;
    for (const [limit, weight] of [
      [5, 2],
      [10, 2],
      [20, 2],
      [50, 2],
      [100, 5],
      [500, 10],
      [1_000, 20],
    ] as const) {
      used += weight;
      const { headers, json } = depth(`&limit=${limit}`);
      expect(headers["X-MBX-USED-WEIGHT-1M"]).toBe(String(used));
      expect([json.asks.length, json.bids.length]).toEqual([limit, limit]);
    }
    expect(Object.keys(depth("").json)).toEqual(["lastUpdateId", "E", "T", "bids", "asks"]);
    expect(depth("&limit=30")).toMatchObject({ status: 400, json: { code: -4021 } });
    expect(get("binance", "/fapi/v1/depth?symbol=NONEUSDT")).toMatchObject({
      status: 400,
      json: { code: -1121, msg: "Invalid symbol." },
    });
    expect(get("binance", "/fapi/v1/depth")).toMatchObject({ status: 400, json: { code: -1102 } });
  });

  test("2,400 weight a minute, then 429, then 418, both with Retry-After", () => {
    const { get, clock } = createHarness();
    const depth = () => get("binance", "/fapi/v1/depth?symbol=BTCUSDT&limit=1000");
    for (let index = 0; index < 120; index++) expect(depth().status).toBe(200);
    clock.nowMs += 20_000;
    expect(depth()).toMatchObject({ status: 429, headers: { "Retry-After": "40" }, json: { code: -1003 } });
    expect(get("binance", "/fapi/v1/depth?symbol=BTCUSDT&limit=1000", {}, 1).status).toBe(200);
    for (let index = 0; index < 4; index++) expect(depth().status).toBe(429);
    const banned = depth();
    expect(banned).toMatchObject({ status: 418, headers: { "Retry-After": "120" } });
    expect(banned.json.msg).toContain(`banned until ${clock.nowMs + 120_000}`);
    clock.nowMs += 120_000;
    expect(depth().status).toBe(200);
  });

  test("candles oldest first; from a start the first ones, without it the last", () => {
    const { get, clock } = createHarness();
    const klines = (query: string) =>
      get("binance", `/fapi/v1/klines?symbol=BTCUSDT&interval=1h${query}`).json;
    const last = klines("&limit=3");
    expect(last).toHaveLength(3);
    expect(last[1][0] - last[0][0]).toBe(3_600_000);
    expect(last[0][6]).toBe(last[1][0] - 1);
    const startMs = Math.floor(clock.nowMs / 3_600_000) * 3_600_000 - 100 * 3_600_000;
    const first = klines(`&limit=5&startTime=${startMs}`);
    expect(first.map((row: number[]) => (row[0]! - startMs) / 3_600_000)).toEqual([0, 1, 2, 3, 4]);
    expect(get("binance", "/fapi/v1/klines?symbol=BTCUSDT&interval=7h").json.code).toBe(-1120);
    const mondayMs = Date.UTC(2026, 0, 5);
    const weeks = (startTime: number) =>
      get("binance", `/fapi/v1/klines?symbol=BTCUSDT&interval=1w&limit=2&startTime=${startTime}`).json.map(
        (row: number[]) => (row[0]! - mondayMs) / (7 * 86_400_000),
      );
    expect(weeks(mondayMs)).toEqual([0, 1]);
    expect(weeks(mondayMs + 1)).toEqual([1, 2]);
  });

  test("one symbol is an object, all are an array; funding lists share a budget of their own", () => {
    const { get } = createHarness();
    expect(get("binance", "/fapi/v1/premiumIndex?symbol=BTCUSDT").json.symbol).toBe("BTCUSDT");
    expect(get("binance", "/fapi/v1/premiumIndex").json).toHaveLength(3);
    expect(get("binance", "/fapi/v1/ticker/bookTicker").json[2].symbol).toBe("1000PEPEUSDT");
    expect(get("binance", "/fapi/v1/ticker/24hr?symbol=BTCUSDT").json.closeTime).toBeGreaterThan(0);
    const info = get("binance", "/fapi/v1/fundingInfo");
    expect(info.json).toMatchObject([{ symbol: "BTCUSDT", fundingIntervalHours: 4 }]);
    expect(info.headers["X-MBX-USED-WEIGHT-1M"]).toBeUndefined();
    const rates = get("binance", "/fapi/v1/fundingRate?symbol=BTCUSDT&limit=3").json;
    expect(rates).toHaveLength(3);
    expect(rates[2].fundingTime - rates[0].fundingTime).toBe(8 * 3_600_000);
  });

  test("coin states on the spot host need key, timestamp and signature", () => {
    const { get, clock } = createHarness();
    const path = "/sapi/v1/capital/config/getall";
    const key = { "x-mbx-apikey": "simulator-access-key" };
    const code = (query: string, headers: Record<string, string> = key) =>
      get("binanceSpot", query === "" ? path : `${path}?${query}`, headers).json.code;
    expect(code("", {})).toBe(-2014);
    expect(code("")).toBe(-1102);
    expect(code(binanceQuery(clock.nowMs, "wrong"))).toBe(-1022);
    expect(code(binanceQuery(clock.nowMs - 5_001))).toBe(-1021);
    expect(code(binanceQuery(clock.nowMs), { "x-mbx-apikey": "some-other-key" })).toBe(-2015);
    const answer = get("binanceSpot", `${path}?${binanceQuery(clock.nowMs)}`, key);
    expect(answer.headers["X-SAPI-USED-IP-WEIGHT-1M"]).toBe("60");
    expect(answer.json.find((row: { coin: string }) => row.coin === "PEPE")).toMatchObject({
      depositAllEnable: false,
      networkList: [{ withdrawEnable: true, contractAddress: "0x01" }],
    });
    expect(get("binance", path).status).toBe(404);
  });
});
