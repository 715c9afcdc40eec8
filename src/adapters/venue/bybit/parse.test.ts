import { describe, expect, test } from "bun:test";
import { issueText } from "../parsed.ts";
import { sample, samplesPresent } from "../scan-testing.ts";
import {
  parseCandles,
  parseFunding,
  parseFundingHistory,
  parseListings,
  parsePrices,
  parseRefusal,
  parseWallets,
} from "./parse.ts";

const KOREAN = new Set([
  "BTC",
  "PEPE",
  "SHIB",
  "BONK",
  "LUNA",
  "LUNC",
  "1INCH",
  "XEC",
  "FLOKI",
  "BTT",
  "NFT",
  "TON",
]);
const enveloped = (result: string) =>
  `{"retCode":0,"retMsg":"OK","result":${result},"retExtInfo":{},"time":1}`;

const instrument = (symbol: string, baseCoin: string, more: object = {}) => ({
  symbol,
  contractType: "LinearPerpetual",
  status: "Trading",
  baseCoin,
  quoteCoin: "USDT",
  settleCoin: "USDT",
  deliveryTime: "0",
  priceFilter: { minPrice: "0.10", maxPrice: "1999999.80", tickSize: "0.10" },
  lotSizeFilter: { minOrderQty: "0.001", qtyStep: "0.001", maxMktOrderQty: "500.000", minNotionalValue: "5" },
  ...more,
});
const listBody = (list: object[], nextPageCursor = "") =>
  enveloped(JSON.stringify({ category: "linear", list, nextPageCursor }));

describe("Bybit's instruments", () => {
  test("are the USDT perpetuals of Korean coins, in the venue's units, with their exact steps", () => {
    const body = listBody(
      [
        instrument("BTCUSDT", "BTC"),
        instrument("1000PEPEUSDT", "1000PEPE"),
        instrument("SHIB1000USDT", "SHIB1000"),
        instrument("TONUSDT", "TON"),
        instrument("DOGEUSDT", "DOGE"),
        instrument("BTCPERP", "BTC", { settleCoin: "USDC", quoteCoin: "USD" }),
        instrument("BTCUSDT-26DEC25", "BTC", { contractType: "LinearFutures" }),
      ],
      "page2",
    );
    const parsed = parseListings(body, KOREAN);
    if (!parsed.ok) throw new Error(parsed.issues.map(issueText).join("\n"));
    expect(parsed.value.nextCursor).toBe("page2");
    const { listings } = parsed.value;
    expect(listings.map(({ symbol, coin, multiplier }) => [symbol, coin, multiplier])).toEqual([
      ["1000PEPEUSDT", "PEPE", 1_000],
      ["SHIB1000USDT", "SHIB", 1_000],
      ["BTCUSDT", "BTC", 1],
    ]);
    expect(listings[2]).toMatchObject({
      venue: "bybit",
      tradable: true,
      delistAtMs: undefined,
      priceIncrement: "0.10",
      qtyStep: "0.001",
      qtyMin: "0.001",
      notionalMin: "5",
    });
  });

  test.each([
    [{ deliveryTime: "1764000000000" }, false, 1764000000000],
    [{ status: "Settling" }, false, undefined],
    [{ status: "PreLaunch", isPreListing: true }, false, undefined],
    [{ isPreListing: true }, false, undefined],
    [{}, true, undefined],
  ])("with %j no new entry is made: tradable %p, delisted at %p", (more, tradable, delistAtMs) => {
    const parsed = parseListings(listBody([instrument("BTCUSDT", "BTC", more)]), KOREAN);
    expect(parsed.ok && parsed.value.listings[0]).toMatchObject({ tradable, delistAtMs });
  });

  test.each([
    [listBody([]), "result.list: empty, expected at least one USDT perpetual, was 0 rows"],
    [
      '{"retCode":10006,"retMsg":"Too many visits!","result":{}}',
      "retCode: refused, expected 0, was 10006 Too many visits!",
    ],
    [enveloped("{}"), 'result.list: object, expected "list", was undefined'],
    ["<html>403</html>", "body: json, expected JSON, was <html>403</html>"],
  ])("of %s it is said: %s", (body, text) => {
    const parsed = parseListings(body, KOREAN);
    expect(parsed.ok).toBe(false);
    expect(parsed.issues.map(issueText)).toEqual([text]);
  });

  test("a list in which too much does not fit is refused whole", () => {
    const broken = instrument("XUSDT", "X", { priceFilter: {} });
    const list = Array.from({ length: 19 }, () => instrument("BTCUSDT", "BTC"));
    const some = parseListings(listBody([...list, broken]), KOREAN);
    expect(some.ok && some.skipped).toBe(1);
    expect(parseListings(listBody([...list, broken, broken, broken]), KOREAN).ok).toBe(false);
  });
});

describe("Bybit's wallets", () => {
  test("a chain without a withdrawal fee allows no withdrawal", () => {
    const chain = (name: string, chainDeposit: string, chainWithdraw: string, withdrawFee: string) => ({
      chain: name,
      chainDeposit,
      chainWithdraw,
      withdrawFee,
    });
    const rows = [
      { coin: "BTC", chains: [chain("BTC", "0", "1", "0.0005"), chain("ARB", "1", "0", "")] },
      { coin: "XRP", chains: [chain("XRP", "0", "1", "")] },
    ];
    const parsed = parseWallets(enveloped(JSON.stringify({ rows })));
    expect(
      parsed.ok &&
        parsed.value.map(({ coin, deposit, withdraw, netType }) => [coin, deposit, withdraw, netType]),
    ).toEqual([
      ["BTC", true, true, "ARB"],
      ["XRP", false, false, "XRP"],
    ]);
  });
});

describe("Bybit's funding", () => {
  test("dated futures, in the same list with an empty rate, pay none", () => {
    const ticker = (symbol: string, fundingRate: string) => ({
      symbol,
      fundingRate,
      nextFundingTime: "1760371200000",
      fundingIntervalHour: "4",
      markPrice: "10.0",
      indexPrice: "10.1",
    });
    const parsed = parseFunding(listBody([ticker("BTCUSDT", "-0.0001"), ticker("BTCUSDT-26DEC25", "")]));
    expect(parsed.ok && parsed.value).toEqual([
      {
        symbol: "BTCUSDT",
        rate: "-0.0001",
        nextAtMs: 1760371200000,
        intervalMs: 4 * 3_600_000,
        markPriceUsdt: "10.0",
        indexPriceUsdt: "10.1",
      },
    ]);
    expect(parsed.ok && parsed.skipped).toBe(0);
  });
});

if (samplesPresent) {
  describe("Bybit's recorded answers", () => {
    test("the whole list of instruments: every multiplier found, 1INCH left alone", async () => {
      const parsed = parseListings(enveloped(await sample("bybit/instruments-full.json")), KOREAN);
      if (!parsed.ok) throw new Error(parsed.issues.map(issueText).join("\n"));
      expect(parsed.skipped).toBe(0);
      const units = new Map(
        parsed.value.listings.map(({ symbol, coin, multiplier }) => [symbol, `${multiplier} ${coin}`]),
      );
      expect(Object.fromEntries(units)).toEqual({
        "10000NFTUSDT": "10000 NFT",
        "1000BONKUSDT": "1000 BONK",
        "1000BTTUSDT": "1000 BTT",
        "1000FLOKIUSDT": "1000 FLOKI",
        "1000LUNCUSDT": "1000 LUNC",
        "1000XECUSDT": "1000 XEC",
        SHIB1000USDT: "1000 SHIB",
        "1INCHUSDT": "1 1INCH",
        BTCUSDT: "1 BTC",
        LUNA2USDT: "1 LUNA",
      });
    });

    test.each(["bybit/instruments.json", "bybit/instruments-prelaunch.json"])(
      "%s: no new entry before launch",
      async (path) => {
        const parsed = parseListings(await sample(path), new Set(["BTC", "PRE02ZRO"]));
        expect(parsed.ok && parsed.value.listings.map((listing) => listing.tradable)).toEqual([
          !path.includes("prelaunch"),
        ]);
      },
    );

    test("multipliers only, and options, which are none of ours", async () => {
      const parsed = parseListings(enveloped(await sample("bybit/instruments-multiplier.json")), KOREAN);
      expect(parsed.ok && parsed.value.listings.length).toBe(7);
      expect(
        parseListings(await sample("bybit/instruments-option.json"), KOREAN).issues.map(({ kind }) => kind),
      ).toEqual(["empty"]);
    });

    test("a coin's chains", async () => {
      const parsed = parseWallets(await sample("bybit/coin-info.json"));
      expect(parsed.ok && parsed.value).toEqual([
        { venue: "bybit", coin: "ETH", deposit: true, withdraw: true, netType: "ETH" },
      ]);
    });

    test("candles, put back into the wire's rows, oldest first", async () => {
      const recorded = JSON.parse(await sample("bybit/candles-deep.json")) as {
        list: Record<string, string>[];
      };
      const list = recorded.list.map((row) => Object.values(row));
      const parsed = parseCandles(enveloped(JSON.stringify({ list })));
      if (!parsed.ok) throw new Error("expected candles");
      expect(parsed.value.length).toBe(list.length);
      expect(parsed.value.at(-1)).toEqual({
        startAtMs: 1713744000000,
        open: "38515.14",
        high: "51400",
        low: "29496.53",
        close: "43890.18",
        volume: "202399.805532",
      });
      expect(parsed.value[0]!.startAtMs).toBeLessThan(parsed.value[1]!.startAtMs);
    });

    test("funding and last prices of the whole list", async () => {
      const body = enveloped(await sample("bybit/tickers-full.json"));
      const funding = parseFunding(body);
      const prices = parsePrices(body);
      if (!funding.ok || !prices.ok) throw new Error("expected funding and prices");
      expect([funding.skipped, prices.skipped]).toEqual([0, 0]);
      expect(funding.value.find(({ symbol }) => symbol === "10000NFTUSDT")).toEqual({
        symbol: "10000NFTUSDT",
        rate: "0.000087",
        nextAtMs: 1678204800000,
        intervalMs: undefined,
        markPriceUsdt: "0.004525",
        indexPriceUsdt: "0.004528",
      });
      expect(prices.value.get("SHIB1000USDT")).toBeGreaterThan(0);
    });

    test.each([
      ["bybit/tickers-1.json", 28_800_000],
      ["bybit/tickers-2.json", undefined],
    ])("%s says its interval: %p", async (path, intervalMs) => {
      const parsed = parseFunding(await sample(path));
      expect(parsed.ok && parsed.value[0]!.intervalMs).toBe(intervalMs as number);
    });

    test("funding history", async () => {
      const parsed = parseFundingHistory(await sample("bybit/funding-history.json"));
      expect(parsed.ok && parsed.value).toEqual([{ symbol: "ETHPERP", rate: "0.0001", atMs: 1672041600000 }]);
    });

    test.each([
      ["bybit/error-symbol.json", "bad-parameter", "10001"],
      ["bybit/error-legacy.json", "unchanged", "30084"],
      ["bybit/error-margin-mode.json", "other", "3400045"],
      ["bybit/ws-error-order-insufficient.json", "insufficient-funds", "170131"],
      ["bybit/ws-error-auth.json", "bad-signature", "10004"],
    ] as const)("%s is %s", async (path, kind, code) => {
      expect(parseRefusal(await sample(path))).toMatchObject({ kind, code });
    });

    test.each(["bybit/time.json", "bybit/set-leverage-ok.json", "bybit/orderbook.json"])(
      "%s is no refusal",
      async (path) => {
        expect(parseRefusal(await sample(path))).toBeUndefined();
      },
    );

    test("codes the documents list are named", async () => {
      const table = JSON.parse(await sample("bybit/error-code-table.json")) as Record<string, unknown>[];
      const known = new Set(table.flatMap((row) => Object.values(row).map(String)));
      expect(known.has("110043")).toBe(true);
      for (const code of ["10006", "110007", "110072", "110001", "33004"]) {
        expect(known.has(code)).toBe(true);
        expect(parseRefusal(`{"retCode":${code}}`)!.kind).not.toBe("other");
      }
    });
  });
}
