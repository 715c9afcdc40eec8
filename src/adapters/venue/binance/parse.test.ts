import { describe, expect, test } from "bun:test";
import { issueText } from "../parsed.ts";
import { sample, samplesPresent } from "../scan-testing.ts";
import {
  parseCandles,
  parseFunding,
  parseFundingHistory,
  parseFundingIntervals,
  parseListings,
  parsePrices,
  parseRefusal,
  parseWallets,
} from "./parse.ts";

const KOREAN = new Set(["BTC", "PEPE", "SHIB", "CAT", "BABYDOGE", "BLZ"]);

const contract = (symbol: string, baseAsset: string, more: object = {}) => ({
  symbol,
  contractType: "PERPETUAL",
  status: "TRADING",
  baseAsset,
  quoteAsset: "USDT",
  marginAsset: "USDT",
  deliveryDate: 4133404800000,
  pricePrecision: 5,
  filters: [
    { filterType: "PRICE_FILTER", tickSize: "0.10", minPrice: "0.10", maxPrice: "1000000" },
    { filterType: "LOT_SIZE", stepSize: "0.001", minQty: "0.001", maxQty: "1000" },
    { filterType: "MARKET_LOT_SIZE", stepSize: "0.01", minQty: "0.001", maxQty: "120" },
    { filterType: "MAX_NUM_ORDERS", limit: 200 },
    { filterType: "MIN_NOTIONAL", notional: "100" },
  ],
  ...more,
});
const infoBody = (symbols: object[]) =>
  JSON.stringify({ timezone: "UTC", serverTime: 1, rateLimits: [], symbols });

describe("Binance's contracts", () => {
  test("are the USDT perpetuals of Korean coins, with steps that suit market orders", () => {
    const parsed = parseListings(
      infoBody([
        contract("BTCUSDT", "BTC"),
        contract("CATUSDT", "CAT"),
        contract("1000CATUSDT", "1000CAT"),
        contract("1MBABYDOGEUSDT", "1MBABYDOGE"),
        contract("DOGEUSDT", "DOGE"),
        contract("币安人生USDT", "币安人生"),
        contract("BTCUSDC", "BTC", { quoteAsset: "USDC", marginAsset: "USDC" }),
        contract("BTCUSDT_251226", "BTC", { contractType: "CURRENT_QUARTER" }),
      ]),
      KOREAN,
    );
    if (!parsed.ok) throw new Error(parsed.issues.map(issueText).join("\n"));
    expect(parsed.value.map(({ symbol, coin, multiplier }) => [symbol, coin, multiplier])).toEqual([
      ["1000CATUSDT", "CAT", 1_000],
      ["1MBABYDOGEUSDT", "BABYDOGE", 1_000_000],
      ["BTCUSDT", "BTC", 1],
      ["CATUSDT", "CAT", 1],
    ]);
    expect(parsed.value[2]).toMatchObject({
      venue: "binance",
      tradable: true,
      delistAtMs: undefined,
      priceIncrement: "0.10",
      qtyStep: "0.01",
      qtyMin: "0.001",
      notionalMin: "100",
    });
  });

  test.each([
    [{ status: "SETTLING" }, false, undefined],
    [{ status: "PENDING_TRADING" }, false, undefined],
    [{ deliveryDate: 1764000000000 }, false, 1764000000000],
    [{ deliveryDate: 0 }, true, undefined],
  ])("with %j: tradable %p, delisted at %p", (more, tradable, delistAtMs) => {
    const parsed = parseListings(infoBody([contract("BTCUSDT", "BTC", more)]), KOREAN);
    expect(parsed.ok && parsed.value[0]).toMatchObject({ tradable, delistAtMs });
  });

  test.each([
    [infoBody([]), "symbols: empty, expected at least one USDT perpetual, was 0 rows"],
    [
      '{"code":-1003,"msg":"Too many requests"}',
      "code: refused, expected an answer, was -1003 Too many requests",
    ],
    ['{"serverTime":1}', 'symbols: object, expected "symbols", was undefined'],
  ])("of %s it is said: %s", (body, text) => {
    const parsed = parseListings(body, KOREAN);
    expect(parsed.issues.map(issueText)).toEqual([text]);
  });
});

describe("Binance's wallets", () => {
  test("count any network, unless the coin is closed as a whole", () => {
    const network = (name: string, depositEnable: boolean, withdrawEnable: boolean) => ({
      network: name,
      depositEnable,
      withdrawEnable,
    });
    const parsed = parseWallets(
      JSON.stringify([
        { coin: "BTC", networkList: [network("BTC", false, true), network("BSC", true, false)] },
        {
          coin: "XRP",
          depositAllEnable: false,
          withdrawAllEnable: false,
          networkList: [network("XRP", true, true)],
        },
        { coin: "OLD", networkList: [] },
        { coin: "EUR", isLegalMoney: true, networkList: [network("FIAT_MONEY", true, true)] },
      ]),
    );
    expect(
      parsed.ok &&
        parsed.value.map(({ coin, deposit, withdraw, netType }) => [coin, deposit, withdraw, netType]),
    ).toEqual([
      ["BTC", true, true, "BSC"],
      ["XRP", false, false, "XRP"],
      ["OLD", false, false, undefined],
    ]);
  });
});

describe("Binance's refusals", () => {
  test.each([
    ['{"code":-2019,"msg":"Margin is insufficient."}', "insufficient-funds"],
    ['{"code":-1007,"msg":"Timeout waiting for response from backend server."}', "outcome-unknown"],
    ['{"code":-9999,"msg":""}', "other"],
  ] as const)("%s is %s", (body, kind) => expect(parseRefusal(body)?.kind).toBe(kind));

  test.each(['{"code":200,"msg":"ok"}', '{"code":"200","msg":"success"}', "[]", "{}", "<html>"])(
    "%s is none",
    (body) => {
      expect(parseRefusal(body)).toBeUndefined();
    },
  );
});

describe("Binance's funding", () => {
  test("dated futures pay none", () => {
    const mark = { symbol: "BTCUSDT", markPrice: "10.0", indexPrice: "10.1", lastFundingRate: "0.0001" };
    const rows = [
      { ...mark, nextFundingTime: 1760371200000 },
      { ...mark, symbol: "BTCUSDT_251226", lastFundingRate: "", nextFundingTime: 0 },
      { ...mark, symbol: "ETHUSDT_251226", nextFundingTime: 0 },
    ];
    const parsed = parseFunding(JSON.stringify(rows));
    expect(parsed.ok && parsed.value.map(({ symbol }) => symbol)).toEqual(["BTCUSDT"]);
  });
});

if (samplesPresent) {
  describe("Binance's recorded answers", () => {
    test("contracts", async () => {
      const parsed = parseListings(await sample("binance/exchange-info.json"), KOREAN);
      expect(parsed.ok && parsed.value).toMatchObject([
        { coin: "BLZ", symbol: "BLZUSDT", multiplier: 1, tradable: true, priceIncrement: "0.0001" },
      ]);
    });

    test("wallets, without fiat money", async () => {
      const parsed = parseWallets(await sample("binance/wallet-status.json"));
      if (!parsed.ok) throw new Error(parsed.issues.map(issueText).join("\n"));
      expect(parsed.value.map(({ coin }) => coin)).toEqual(["STPT", "RENBTC", "GLM"]);
      expect(parsed.value[0]).toEqual({
        venue: "binance",
        coin: "STPT",
        deposit: true,
        withdraw: true,
        netType: "ETH",
      });
    });

    test("candles", async () => {
      const parsed = parseCandles(await sample("binance/candles.json"));
      if (!parsed.ok) throw new Error("expected candles");
      expect(parsed.value.length).toBe(6);
      expect(parsed.value[0]).toEqual({
        startAtMs: 1672531200000,
        open: "16537.50",
        high: "16618.80",
        low: "16488.00",
        close: "16610.30",
        volume: "105502.965",
      });
    });

    test("funding of one symbol, an object, with its interval where it differs from 8 hours", async () => {
      const body = await sample("binance/mark-price-2.json");
      const intervals = parseFundingIntervals(await sample("binance/funding-info-2.json"));
      if (!intervals.ok) throw new Error("expected intervals");
      expect(intervals.value.get("LPTUSDT")).toBe(4 * 3_600_000);
      const parsed = parseFunding(body, intervals.value);
      expect(parsed.ok && parsed.value).toEqual([
        {
          symbol: "BTCUSDT",
          rate: "0.00001226",
          nextAtMs: 1687248000000,
          intervalMs: 8 * 3_600_000,
          markPriceUsdt: "26780.82240476",
          indexPriceUsdt: "26798.25197802",
        },
      ]);
      const all = parseFunding(`[${await sample("binance/mark-price-1.json")}]`);
      expect(all.ok && all.value[0]!.intervalMs).toBeUndefined();
      expect(parseFundingIntervals(await sample("binance/funding-info-1.json")).ok).toBe(true);
      const prices = parsePrices(body);
      expect(prices.ok && prices.value.get("BTCUSDT")).toBe(26780.82240476);
    });

    test("funding history", async () => {
      const parsed = parseFundingHistory(await sample("binance/funding-history.json"));
      expect(parsed.ok && parsed.value[0]).toEqual({
        symbol: "BTCUSDT",
        rate: "0.00010000",
        atMs: 1698768000000,
      });
    });

    test.each([
      ["error-bad-key", "bad-key"],
      ["error-batch-place", "reduce-only"],
      ["error-interval", "bad-parameter"],
      ["error-invalid-quantity", "bad-parameter"],
      ["error-invalid-symbol", "unknown-symbol"],
      ["error-no-need-change-margin", "unchanged"],
      ["error-unknown-order-array", "unknown-order"],
      ["error-unknown-outcome", "rate-limited"],
    ] as const)("%s is %s", async (file, kind) => {
      expect(parseRefusal(await sample(`binance/${file}.json`))?.kind).toBe(kind);
    });

    test.each(["reply-cancel-all-ok", "orders-batch", "time", "order-placed"])(
      "%s is no refusal",
      async (file) => {
        expect(parseRefusal(await sample(`binance/${file}.json`))).toBeUndefined();
      },
    );
  });
}
