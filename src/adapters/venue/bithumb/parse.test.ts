import { describe, expect, test } from "bun:test";
import { sample, samplesPresent } from "../scan-testing.ts";
import {
  parseCandles,
  parseListings,
  parsePrices,
  parseRefusal,
  parseWallets,
  parseWarnings,
} from "./parse.ts";

const MARKETS = JSON.stringify([
  { market: "KRW-BTC", korean_name: "비트코인", english_name: "Bitcoin", market_warning: "NONE" },
  { market: "KRW-MTL", korean_name: "메탈", english_name: "Metal", market_warning: "CAUTION" },
  { market: "KRW-XPL", korean_name: "플라즈마", english_name: "Plasma" },
  { market: "BTC-ETH", korean_name: "이더리움", english_name: "Ethereum", market_warning: "NONE" },
]);
const WARNINGS = JSON.stringify([
  { market: "KRW-MTL", warning_type: "PRICE_DIFFERENCE_HIGH", end_date: "2026-11-23 07:00:00" },
  { market: "KRW-XPL", warning_type: "DEPOSIT_AMOUNT_SUDDEN_FLUCTUATION", end_date: "2026-11-23 07:00:00" },
  { market: "KRW-XPL", warning_type: "DEPOSIT_AMOUNT_SUDDEN_FLUCTUATION", end_date: "2026-11-24 07:00:00" },
]);

describe("Bithumb's markets", () => {
  test("carry the list's own flag and the warnings of the other list", () => {
    const warnings = parseWarnings(WARNINGS);
    if (!warnings.ok) throw new Error("expected warnings");
    const parsed = parseListings(MARKETS, warnings.value);
    expect(
      parsed.ok && parsed.value.map(({ coin, displayName, warnings }) => [coin, displayName, warnings]),
    ).toEqual([
      ["BTC", "비트코인", []],
      ["MTL", "메탈", ["CAUTION", "PRICE_DIFFERENCE_HIGH"]],
      ["XPL", "플라즈마", ["DEPOSIT_AMOUNT_SUDDEN_FLUCTUATION"]],
    ]);
    expect(parseListings(MARKETS).ok).toBe(true);
  });

  test("no warning at all is an answer, no market at all is not", () => {
    expect(parseWarnings("[]")).toMatchObject({ ok: true, value: new Map() });
    expect(parseListings("[]").ok).toBe(false);
    expect(parseWarnings('{"error":{"name":500,"message":""}}').ok).toBe(false);
  });
});

describe("Bithumb's refusals", () => {
  test.each([
    ['{"error":{"name":"order_not_ready","message":""}}', "order-not-ready"],
    ['{"error":{"name":"NotAllowIP","message":""}}', "address-refused"],
    ['{"error":{"name":"under_price_limit_ask","message":""}}', "below-minimum"],
    ['{"status":"5300","message":"Invalid Apikey"}', "bad-key"],
  ] as const)("%s is %s", (body, kind) => expect(parseRefusal(body)?.kind).toBe(kind));

  test("success of API 1.0 is none", () => {
    expect(parseRefusal('{"status":"0000","data":{}}')).toBeUndefined();
  });
});

if (samplesPresent) {
  describe("Bithumb's recorded answers", () => {
    test("a market row", async () => {
      const parsed = parseListings(`[${await sample("bithumb/markets.json")}]`);
      expect(
        parsed.ok && parsed.value.map(({ coin, displayName, warnings }) => [coin, displayName, warnings]),
      ).toEqual([["BTC", "비트코인", []]]);
    });

    test("a wallet row", async () => {
      const parsed = parseWallets(`[${await sample("bithumb/wallet-status.json")}]`);
      expect(parsed.ok && parsed.value).toEqual([
        { venue: "bithumb", coin: "BTC", deposit: true, withdraw: true, netType: "BTC" },
      ]);
    });

    test("a candle, in UTC", async () => {
      const parsed = parseCandles(`[${await sample("bithumb/candles.json")}]`);
      expect(parsed.ok && parsed.value).toEqual([
        {
          startAtMs: Date.UTC(2026, 6, 2, 8, 59),
          open: "0.0000165",
          high: "0.0000165",
          low: "0.0000165",
          close: "0.0000165",
          volume: "70",
        },
      ]);
    });

    test("last prices", async () => {
      const parsed = parsePrices(await sample("bithumb/tickers.json"));
      expect(parsed.ok && [...parsed.value]).toEqual([["BTC-USDC", 0.00001659]]);
    });

    test.each([
      ["bithumb/error-missing-parameter.json", "bad-parameter", "400"],
      ["bithumb/error-legacy-5100.json", "bad-parameter", "5100"],
      ["bithumb/ws-error-legacy.json", "bad-parameter", "5100"],
    ] as const)("%s is %s", async (path, kind, code) => {
      expect(parseRefusal(await sample(path))).toMatchObject({ kind, code });
    });

    test.each(["bithumb/orderbook.json", "bithumb/order-placed.json", "bithumb/legacy-balance.json"])(
      "%s is no list of markets",
      async (path) => expect(parseListings(await sample(path)).ok).toBe(false),
    );
  });
}
