import { describe, expect, test } from "bun:test";
import { issueText } from "../parsed.ts";
import { sample, samplesPresent } from "../scan-testing.ts";
import {
  parseCandles,
  parseListings,
  parsePriceIncrements,
  parsePrices,
  parseRefusal,
  parseWallets,
} from "./parse.ts";

const market = (code: string, more: object = {}) => ({
  market: code,
  korean_name: "이름",
  english_name: "Name",
  ...more,
});

describe("Upbit's markets", () => {
  test("are those against KRW, with the warnings raised", () => {
    const caution = { PRICE_FLUCTUATIONS: true, GLOBAL_PRICE_DIFFERENCES: false, SOMETHING_NEW: true };
    const body = JSON.stringify([
      market("KRW-BTC", {
        market_event: { warning: false, caution: { PRICE_FLUCTUATIONS: false } },
        new_field: 1,
      }),
      market("KRW-AERGO", { market_event: { warning: true, caution } }),
      market("KRW-1INCH", { korean_name: "", english_name: "1inch" }),
      market("BTC-ETH"),
      market("USDT-ETH"),
    ]);
    const parsed = parseListings(body, new Map([["KRW-BTC", "1000"]]));
    if (!parsed.ok) throw new Error(parsed.issues.map(issueText).join("\n"));
    expect(parsed.skipped).toBe(0);
    expect(parsed.value.map(({ coin, symbol, displayName }) => [coin, symbol, displayName])).toEqual([
      ["BTC", "KRW-BTC", "이름"],
      ["AERGO", "KRW-AERGO", "이름"],
      ["1INCH", "KRW-1INCH", "1inch"],
    ]);
    expect(parsed.value.map((listing) => listing.warnings)).toEqual([
      [],
      ["WARNING", "PRICE_FLUCTUATIONS", "SOMETHING_NEW"],
      [],
    ]);
    expect(parsed.value.map((listing) => listing.priceIncrement)).toEqual(["1000", undefined, undefined]);
    expect(
      parsed.value.every(
        ({ venue, multiplier, tradable }) => venue === "upbit" && multiplier === 1 && tradable,
      ),
    ).toBe(true);
  });

  test("a bad row is left out and counted", () => {
    const body = JSON.stringify([
      ...Array.from({ length: 20 }, (_, index) => market(`KRW-C${index}`)),
      { market: "KRW-btc" },
    ]);
    const parsed = parseListings(body);
    expect(parsed.ok && [parsed.value.length, parsed.skipped]).toEqual([20, 1]);
  });

  test.each([
    ["[]", "body: empty, expected at least one KRW market, was 0 rows"],
    ['[{"market":"BTC-ETH"}]', "body: empty, expected at least one KRW market, was 1 rows"],
    ['{"error":{"name":429,"message":"slow"}}', "error: refused, expected a list, was 429 slow"],
    ["{}", "body: array, expected a list, was {}"],
    ["<html>", "body: json, expected JSON, was <html>"],
  ])("of %s it is said: %s", (body, text) => {
    const parsed = parseListings(body);
    expect(parsed.ok).toBe(false);
    expect(parsed.issues.map(issueText)).toEqual([text]);
  });
});

describe("Upbit's wallets", () => {
  test("a coin with several networks takes deposits when any does", () => {
    const row = (currency: string, wallet_state: string, net_type?: string) => ({
      currency,
      wallet_state,
      net_type,
    });
    const parsed = parseWallets(
      JSON.stringify([
        row("USDT", "paused", "TRX"),
        row("USDT", "working", "ETH"),
        row("BTC", "withdraw_only", "BTC"),
        row("XRP", "deposit_only"),
        row("SOL", "unsupported", "SOL"),
      ]),
    );
    expect(
      parsed.ok &&
        parsed.value.map(({ coin, deposit, withdraw, netType }) => [coin, deposit, withdraw, netType]),
    ).toEqual([
      ["USDT", true, true, "ETH"],
      ["BTC", false, true, "BTC"],
      ["XRP", true, false, undefined],
      ["SOL", false, false, "SOL"],
    ]);
  });

  test("an unknown state is not guessed at", () => {
    expect(parseWallets('[{"currency":"BTC","wallet_state":"sleeping"}]').ok).toBe(false);
  });
});

describe("Upbit's candles", () => {
  test("start at an instant that does not depend on where the process runs", () => {
    const zone = process.env.TZ;
    process.env.TZ = "Asia/Seoul";
    try {
      expect(new Date(0).getHours()).toBe(9);
      const [open, high, low, close] = [1, 1.4e-7, 1, 1];
      const prices = { opening_price: open, high_price: high, low_price: low, trade_price: close };
      const row = { candle_date_time_utc: "2026-07-02T08:59:00", ...prices, candle_acc_trade_volume: 70 };
      const parsed = parseCandles(JSON.stringify([row]));
      expect(parsed.ok && parsed.value).toEqual([
        {
          startAtMs: Date.UTC(2026, 6, 2, 8, 59),
          open: "1",
          high: "0.00000014",
          low: "1",
          close: "1",
          volume: "70",
        },
      ]);
    } finally {
      process.env.TZ = zone ?? "UTC";
    }
  });
});

describe("Upbit's refusals", () => {
  test.each([
    [
      '{"error":{"name":"insufficient_funds_bid","message":"x"}}',
      "insufficient-funds",
      "insufficient_funds_bid",
    ],
    ['{"error":{"name":"no_authorization_i_p"}}', "address-refused", "no_authorization_i_p"],
    ['{"error":{"name":429,"message":""}}', "rate-limited", "429"],
    ['{"error":{"name":"something_new","message":""}}', "other", "something_new"],
  ] as const)("%s is %s", (body, kind, code) => {
    expect(parseRefusal(body)).toMatchObject({ kind, code });
  });

  test.each(["[]", "{}", "<html>", '{"uuid":"x"}'])("%s is none", (body) => {
    expect(parseRefusal(body)).toBeUndefined();
  });
});

if (samplesPresent) {
  describe("Upbit's recorded answers", () => {
    test("markets", async () => {
      const parsed = parseListings(await sample("upbit/markets.json"));
      expect(
        parsed.ok && parsed.value.map(({ coin, displayName, warnings }) => [coin, displayName, warnings]),
      ).toEqual([
        ["BTC", "Bitcoin", []],
        ["ETH", "Ethereum", ["WARNING"]],
      ]);
    });

    test("price increments", async () => {
      const parsed = parsePriceIncrements(await sample("upbit/orderbook-instruments.json"));
      expect(parsed.ok && [...parsed.value]).toEqual([
        ["KRW-BTC", "1000"],
        ["KRW-ETH", "1000"],
      ]);
    });

    test("a wallet row", async () => {
      const parsed = parseWallets(`[${await sample("upbit/wallet-status.json")}]`);
      expect(parsed.ok && parsed.value).toEqual([
        { venue: "upbit", coin: "BTC", deposit: true, withdraw: true, netType: undefined },
      ]);
    });

    test("candles, oldest first, every digit kept", async () => {
      const parsed = parseCandles(await sample("upbit/candles-2.json"));
      if (!parsed.ok) throw new Error("expected candles");
      expect(parsed.value.map((candle) => candle.startAtMs)).toEqual([
        Date.UTC(2018, 10, 22, 10, 6),
        Date.UTC(2018, 10, 22, 13, 47),
      ]);
      expect(parsed.value[0]).toMatchObject({ open: "0.0294", close: "0.02937354", volume: "2.5949617" });
      expect(parseCandles(await sample("upbit/candles-1.json")).ok).toBe(true);
      const day = parseCandles(`[${await sample("upbit/candles-day.json")}]`);
      expect(day.ok && day.value[0]!.open).toBe("44698000.0");
    });

    test("last prices", async () => {
      const parsed = parsePrices(await sample("upbit/tickers.json"));
      expect(parsed.ok && parsed.value.get("KRW-BTC")).toBe(47577000);
    });

    test.each([
      ["upbit/error-insufficient-bid.json", "insufficient-funds"],
      ["upbit/error-jwt-verification.json", "bad-signature"],
    ] as const)("%s is %s", async (path, kind) => {
      expect(parseRefusal(await sample(path))?.kind).toBe(kind);
    });

    test("every documented error name is known", async () => {
      const table = JSON.parse(await sample("upbit/error-code-table.json")) as { name: string }[];
      const unknown = table.filter(({ name }) => {
        return parseRefusal(JSON.stringify({ error: { name, message: "" } }))!.kind === "other";
      });
      expect(unknown.map(({ name }) => name)).toEqual([]);
    });

    test.each(["upbit/orderbook.json", "upbit/accounts.json", "upbit/order-placed.json"])(
      "%s is no list of markets",
      async (path) => {
        expect(parseListings(await sample(path)).ok).toBe(false);
      },
    );
  });
}
