import { describe, expect, test } from "bun:test";
import { krwScannerCase } from "../krw-units-testing.ts";
import { checkDamagedDocuments, checkWholeDocuments } from "../scan-fuzz.ts";
import { sample, samplesPresent, scanWith } from "../scan-testing.ts";
import { upbitBooks } from "./books.ts";

const BOOK =
  '[{"market":"KRW-BTC","timestamp":1751606867762,"total_ask_size":1,"total_bid_size":1,"orderbook_units":[' +
  '{"ask_price":101,"bid_price":99,"ask_size":2,"bid_size":1},' +
  '{"ask_price":102,"bid_price":98,"ask_size":3,"bid_size":4}],"level":0}]';
const BTC = { symbols: ["KRW-BTC"] };

describe("Upbit's plan", () => {
  test("asks for many markets at once, 30 levels, one unit of budget", () => {
    const wanted = Array.from({ length: 131 }, (_, index) => ({ symbol: `KRW-C${index}`, depth: 5 }));
    const requests = upbitBooks.plan(wanted);
    expect(requests.flatMap((request) => request.symbols)).toEqual(wanted.map((book) => book.symbol));
    expect(requests.map((request) => request.symbols.length)).toEqual([100, 31]);
    expect(upbitBooks.plan(wanted.slice(0, 2))).toEqual([
      { symbols: ["KRW-C0", "KRW-C1"], path: "/v1/orderbook?markets=KRW-C0,KRW-C1&count=30", cost: 1 },
    ]);
    expect(upbitBooks.plan([])).toEqual([]);
  });
});

describe("Upbit's scanner", () => {
  test("reads paired units into two sides", () => {
    const { outcome, books } = scanWith(upbitBooks, BOOK, BTC);
    expect(outcome).toBe("ok");
    expect(books.get("KRW-BTC")).toEqual({
      asks: [
        [101, 2],
        [102, 3],
      ],
      bids: [
        [99, 1],
        [98, 4],
      ],
      asksCut: false,
      bidsCut: false,
      stampAtMs: 1751606867762,
    });
  });

  test("stops a side that has enough and says so", () => {
    const limit = { askQtyEnough: 2, bidQtyEnough: 5 };
    const book = scanWith(upbitBooks, BOOK, { ...BTC, limit }).books.get("KRW-BTC")!;
    expect([book.asks.length, book.asksCut, book.bids.length, book.bidsCut]).toEqual([1, true, 2, false]);
  });

  test("ends a side at a unit padded with zero, without calling it cut", () => {
    const padded = BOOK.replace('"ask_price":102', '"ask_price":0').replace('"ask_size":3', '"ask_size":0');
    const book = scanWith(upbitBooks, padded, BTC).books.get("KRW-BTC")!;
    expect([book.asks.length, book.asksCut, book.bids.length]).toEqual([1, false, 2]);
  });

  test("finds the market's name after its units", () => {
    const turned = BOOK.replace('"market":"KRW-BTC",', "").replace(
      '"level":0',
      '"level":0,"market":"KRW-BTC"',
    );
    expect(scanWith(upbitBooks, turned, BTC)).toEqual(scanWith(upbitBooks, BOOK, BTC));
  });

  test("passes over markets nobody asked for, and calls a body without any of ours refused", () => {
    const unwanted = new Set(["KRW-BTC"]);
    expect(scanWith(upbitBooks, BOOK, { ...BTC, unwanted }).outcome).toBe("refused");
    expect(scanWith(upbitBooks, "[]", BTC).outcome).toBe("refused");
  });

  test.each([
    ['{"error":{"name":429,"message":"Too many API requests."}}', "rate-limited"],
    ['{"error":{"name":"too_many_requests","message":""}}', "rate-limited"],
    ['{"error":{"name":404,"message":"Code not found"}}', "refused"],
    ['{"error":{"name":"validation_error","message":""}}', "refused"],
    ['{"error":"no"}', "malformed"],
    ["<html><body>Bad Gateway</body></html>", "malformed"],
    ["", "malformed"],
    ["null", "malformed"],
    [`${BOOK}]`, "malformed"],
    [BOOK.slice(0, -30), "malformed"],
    [BOOK.replace('"bid_size":1', '"bid_size":null'), "malformed"],
    [BOOK.replace('"bid_size":1', '"bid_size":01'), "malformed"],
    [BOOK.replace(',"bid_size":1', ""), "malformed"],
    [BOOK.replace('"bid_size":1', '"bid_size":1,"bid_size":2'), "malformed"],
    [BOOK.replace('"orderbook_units"', '"units"'), "malformed"],
    [BOOK.replace('"total_ask_size":1', '"market":"KRW-ETH"'), "malformed"],
  ] as const)("says of %s: %s", (body, outcome) => {
    expect(scanWith(upbitBooks, body, BTC).outcome).toBe(outcome);
  });

  test("equals JSON.parse on whole documents in any spelling", () => {
    checkWholeDocuments(krwScannerCase(upbitBooks));
  }, 600_000);

  test("survives damaged documents and never takes one for another", () => {
    checkDamagedDocuments(krwScannerCase(upbitBooks));
  }, 600_000);
});

if (samplesPresent) {
  describe("Upbit's recorded answers", () => {
    test.each([
      ["upbit/orderbook-deep.json", "KRW-BTC"],
      ["upbit/orderbook.json", "BTC-ETH"],
    ])("%s scans to what JSON.parse reads", async (path, symbol) => {
      const text = await sample(path);
      const options = { symbols: [symbol], limit: { askQtyEnough: 1, bidQtyEnough: 1 }, levelsMax: 64 };
      for (const limit of [options.limit, { askQtyEnough: Infinity, bidQtyEnough: Infinity }]) {
        const found = scanWith(upbitBooks, text, { ...options, limit });
        const unwanted = new Set<string>();
        const expected = krwScannerCase(upbitBooks).reference(JSON.parse(text), {
          ...options,
          limit,
          unwanted,
        });
        expect(found).toEqual(expected);
        expect(found.books.get(symbol)!.asks.length).toBeGreaterThan(0);
      }
    });

    test.each(["upbit/error-insufficient-bid.json", "upbit/error-jwt-verification.json"])(
      "%s is a refusal",
      async (path) => {
        expect(scanWith(upbitBooks, await sample(path), BTC).outcome).toBe("refused");
      },
    );

    test.each([
      "upbit/markets.json",
      "upbit/tickers.json",
      "upbit/candles-1.json",
      "upbit/ws-orderbook.json",
    ])("%s is not a body of books", async (path) => {
      expect(scanWith(upbitBooks, await sample(path), BTC).outcome).toBe("malformed");
    });
  });
}
