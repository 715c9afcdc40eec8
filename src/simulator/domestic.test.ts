import { describe, expect, test } from "bun:test";
import { instantOf, KST_OFFSET_MS } from "./domestic.ts";
import { bearer, createHarness } from "./wire-harness.ts";

const SECOND_MS = 1_000;

describe("Upbit", () => {
  test("lists markets with Korean names, and event flags only when details are asked for", () => {
    const { get } = createHarness();
    expect(get("upbit", "/v1/market/all").json[0]).toEqual({
      market: "KRW-BTC",
      korean_name: "비트코인",
      english_name: "Bitcoin",
    });
    const ether = get("upbit", "/v1/market/all?is_details=true").json[1];
    // A type of Bithumb's among the stand-in's flags is no caution here, hence the investment warning.
    expect(ether.market_event).toEqual({
      warning: true,
      caution: {
        PRICE_FLUCTUATIONS: true,
        TRADING_VOLUME_SOARING: false,
        DEPOSIT_AMOUNT_SOARING: false,
        GLOBAL_PRICE_DIFFERENCES: false,
        CONCENTRATION_OF_SMALL_ACCOUNTS: false,
      },
    });
  });

  test("prints books of many markets at once, numbers not strings, totals included", () => {
    const { get, clock } = createHarness();
    const books = get("upbit", "/v1/orderbook?markets=KRW-BTC%2CKRW-PEPE&count=2").json;
    expect(books.map((book: { market: string }) => book.market)).toEqual(["KRW-BTC", "KRW-PEPE"]);
    expect(Object.keys(books[0])).toEqual([
      "market",
      "timestamp",
      "total_ask_size",
      "total_bid_size",
      "orderbook_units",
      "level",
    ]);
    expect(books[0].timestamp).toBe(clock.nowMs);
    expect(books[0].total_ask_size).toBe(0.03);
    expect(books[0].orderbook_units).toHaveLength(2);
    const [best, second] = books[0].orderbook_units;
    expect(best.ask_price).toBeGreaterThan(best.bid_price);
    expect(second.ask_price).toBeGreaterThan(best.ask_price);
    expect(best.ask_size).toBe(0.01);
  });

  test("a count outside 1 to 30 falls back to 30, a level that is not supported leaves nothing", () => {
    const { get } = createHarness();
    const units = (query: string) =>
      get("upbit", `/v1/orderbook?markets=KRW-BTC${query}`).json[0]?.orderbook_units;
    for (const query of ["", "&count=0", "&count=31", "&count=100"]) expect(units(query)).toHaveLength(30);
    expect(units("&count=1")).toHaveLength(1);
    expect(units("&level=7")).toBeUndefined();
  });

  test("a supported level gathers orders without making any of them look better", () => {
    const { get } = createHarness();
    const instrument = get("upbit", "/v1/orderbook/instruments?markets=KRW-BTC").json[0];
    expect(instrument).toMatchObject({ market: "KRW-BTC", quote_currency: "KRW", tick_size: 1_000 });
    const level = instrument.supported_levels[3];
    const plain = get("upbit", "/v1/orderbook?markets=KRW-BTC").json[0];
    const grouped = get("upbit", `/v1/orderbook?markets=KRW-BTC&level=${level}`).json[0];
    expect(grouped.level).toBe(Number(level));
    expect(grouped.orderbook_units.length).toBeLessThan(plain.orderbook_units.length);
    expect(grouped.total_ask_size).toBeCloseTo(plain.total_ask_size, 6);
    expect(grouped.orderbook_units[0].ask_price).toBeGreaterThanOrEqual(plain.orderbook_units[0].ask_price);
    expect(grouped.orderbook_units[0].bid_price).toBeLessThanOrEqual(plain.orderbook_units[0].bid_price);
  });

  test("names what is missing or unknown with the status as an integer name", () => {
    const { get } = createHarness();
    expect(get("upbit", "/v1/orderbook")).toMatchObject({ status: 400, json: { error: { name: 400 } } });
    expect(get("upbit", "/v1/orderbook?markets=KRW-BTC,KRW-NONE")).toMatchObject({
      status: 404,
      json: { error: { name: 404, message: "Code not found" } },
    });
    expect(get("upbit", "/v1/nothing").status).toBe(404);
  });

  test("Remaining-Req counts down; the eleventh request in a second is 429, going on is 418 for everything", () => {
    const { get, clock } = createHarness();
    const books = () => get("upbit", "/v1/orderbook?markets=KRW-BTC");
    expect(books().headers["Remaining-Req"]).toBe("group=orderbook; min=600; sec=9");
    for (let index = 0; index < 9; index++) expect(books().status).toBe(200);
    const refused = books();
    expect(refused).toMatchObject({ status: 429, json: { error: { name: 429 } } });
    expect(refused.headers["Remaining-Req"]).toBe("group=orderbook; min=600; sec=0");
    expect(get("upbit", "/v1/ticker?markets=KRW-BTC").status).toBe(200);
    expect(get("upbit", "/v1/orderbook?markets=KRW-BTC", {}, 1).status).toBe(200);
    for (let index = 0; index < 5; index++) books();
    const blocked = get("upbit", "/v1/ticker?markets=KRW-BTC");
    expect(blocked).toMatchObject({ status: 418, json: { error: { name: 418 } } });
    expect(blocked.json.error.message).toContain("60 seconds");
    clock.nowMs += 60 * SECOND_MS;
    expect(books().status).toBe(200);
  });

  test("an Origin header leaves one request in ten seconds", () => {
    const { get, clock } = createHarness();
    const browse = (path: string) => get("upbit", path, { origin: "https://example.org" });
    expect(browse("/v1/market/all").headers["Remaining-Req"]).toBe("group=origin; min=6; sec=0");
    expect(browse("/v1/ticker?markets=KRW-BTC").status).toBe(429);
    clock.nowMs += 10 * SECOND_MS;
    expect(browse("/v1/ticker?markets=KRW-BTC").status).toBe(200);
  });

  test("candles come newest first, before `to`, in UTC when no zone is given", () => {
    const { get } = createHarness();
    const candles = get("upbit", "/v1/candles/minutes/5?market=KRW-BTC&count=3&to=2026-09-01T00:00:00").json;
    expect(candles.map((candle: { candle_date_time_utc: string }) => candle.candle_date_time_utc)).toEqual([
      "2026-08-31T23:55:00",
      "2026-08-31T23:50:00",
      "2026-08-31T23:45:00",
    ]);
    expect(candles[0].candle_date_time_kst).toBe("2026-09-01T08:55:00");
    expect(candles[0].unit).toBe(5);
    const weeks = get("upbit", "/v1/candles/weeks?market=KRW-BTC&count=2").json;
    expect(new Date(`${weeks[0].candle_date_time_utc}Z`).getUTCDay()).toBe(1);
    expect(get("upbit", "/v1/candles/months?market=KRW-BTC&count=2").json[1].candle_date_time_utc).toMatch(
      /-01T/,
    );
    expect(get("upbit", "/v1/candles/days?market=KRW-BTC&count=500").json).toHaveLength(200);
  });

  test("wallet states need a token of a known key, fresh each time", () => {
    const { get } = createHarness();
    expect(get("upbit", "/v1/status/wallet")).toMatchObject({
      status: 401,
      json: { error: { name: "no_authorization_token" } },
    });
    const headers = bearer();
    const rows = get("upbit", "/v1/status/wallet", headers);
    expect(rows.headers["Remaining-Req"]).toBe("group=default; min=1800; sec=29");
    expect(rows.json.map((row: { wallet_state: string }) => row.wallet_state)).toEqual([
      "working",
      "working",
      "withdraw_only",
    ]);
    expect(get("upbit", "/v1/status/wallet", headers).json.error.name).toBe("nonce_used");
    expect(get("upbit", "/v1/status/wallet?a=1", bearer()).json.error.name).toBe("invalid_query_payload");
    expect(get("upbit", "/v1/status/wallet", bearer({ access_key: "x" })).json.error.name).toBe(
      "invalid_access_key",
    );
  });
});

describe("Bithumb", () => {
  test("one market has 30 levels, several have 15, more than 200 are refused", () => {
    const { get } = createHarness();
    expect(get("bithumb", "/v1/orderbook?markets=KRW-BTC").json[0].orderbook_units).toHaveLength(30);
    const two = get("bithumb", "/v1/orderbook?markets=KRW-BTC,KRW-ETH").json;
    expect(two.map((book: { orderbook_units: object[] }) => book.orderbook_units.length)).toEqual([15, 15]);
    const many = Array.from({ length: 201 }, () => "KRW-BTC").join(",");
    expect(get("bithumb", `/v1/ticker?markets=${many}`)).toMatchObject({
      status: 400,
      json: {
        error: { name: "400", message: "Parameter 'markets' must be less than or equal to 200 items." },
      },
    });
  });

  test("understands isDetails only, and lists warnings until the end of the Korean day", () => {
    const { get } = createHarness();
    expect(get("bithumb", "/v1/market/all?is_details=true").json[1].market_warning).toBeUndefined();
    expect(get("bithumb", "/v1/market/all?isDetails=true").json[0].market_warning).toBe("NONE");
    expect(get("bithumb", "/v1/market/all?isDetails=true").json[1].market_warning).toBe("CAUTION");
    expect(get("bithumb", "/v1/market/virtual_asset_warning").json).toEqual([
      { market: "KRW-ETH", warning_type: "PRICE_SUDDEN_FLUCTUATION", end_date: "2026-09-21 23:59:59" },
    ]);
  });

  test("`to` without a zone is Korean time", () => {
    const { get } = createHarness();
    const candle = get("bithumb", "/v1/candles/minutes/1?market=KRW-BTC&to=2026-09-01T09:00:00").json[0];
    expect(candle.candle_date_time_utc).toBe("2026-08-31T23:59:00");
    expect(instantOf("2026-09-01 09:00:00", KST_OFFSET_MS)).toBe(
      instantOf("2026-09-01T00:00:00Z", KST_OFFSET_MS),
    );
  });

  test("an excess closes the category for a while, no other", () => {
    const { get, clock } = createHarness({ banScale: 0.1 });
    const books = () => get("bithumb", "/v1/orderbook?markets=KRW-BTC").status;
    for (let index = 0; index < 150; index++) expect(books()).toBe(200);
    expect(books()).toBe(429);
    expect(get("bithumb", "/v1/ticker?markets=KRW-BTC").status).toBe(200);
    clock.nowMs += 999;
    expect(books()).toBe(429);
    clock.nowMs += 1;
    expect(books()).toBe(200);
  });

  test("a token needs a timestamp of now", () => {
    const { get, clock } = createHarness();
    const name = (claims: object) => get("bithumb", "/v1/status/wallet", bearer(claims)).json.error?.name;
    expect(name({})).toBe("jwt_verification");
    expect(name({ timestamp: clock.nowMs - 60_000 })).toBe("expired_jwt");
    const rows = get("bithumb", "/v1/status/wallet", bearer({ timestamp: clock.nowMs })).json;
    expect(rows[0]).toMatchObject({ currency: "BTC", wallet_state: "working", net_type: "ETH" });
    expect(rows[0].block_updated_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+09:00$/);
  });
});
