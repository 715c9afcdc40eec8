import { describe, expect, test } from "bun:test";
import { krwScannerCase } from "../krw-units-testing.ts";
import { checkDamagedDocuments, checkWholeDocuments } from "../scan-fuzz.ts";
import { sample, samplesPresent, scanWith, UNLIMITED } from "../scan-testing.ts";
import { bithumbBooks } from "./books.ts";

const BOOK =
  '[{"market":"KRW-BTC","timestamp":1783657882348968,"orderbook_units":[' +
  '{"ask_price":95340000,"bid_price":95339000,"ask_size":0.0007,"bid_size":1.4E-7}]}]';
const BTC = { symbols: ["KRW-BTC"] };

describe("Bithumb's plan", () => {
  test("asks for one market at a time, for its 30 levels", () => {
    const wanted = [
      { symbol: "KRW-BTC", depth: 5 },
      { symbol: "KRW-ETH", depth: 30 },
    ];
    expect(bithumbBooks.plan(wanted)).toEqual([
      { symbols: ["KRW-BTC"], path: "/v1/orderbook?markets=KRW-BTC", cost: 1 },
      { symbols: ["KRW-ETH"], path: "/v1/orderbook?markets=KRW-ETH", cost: 1 },
    ]);
  });
});

describe("Bithumb's scanner", () => {
  test("cuts a stamp in microseconds to milliseconds, a number or in quotes", () => {
    const quoted = BOOK.replace("1783657882348968", '"1783657882348968"');
    for (const body of [BOOK, quoted]) {
      const book = scanWith(bithumbBooks, body, BTC).books.get("KRW-BTC")!;
      expect(book.stampAtMs).toBe(1783657882348);
      expect(book.bids).toEqual([[95339000, 1.4e-7]]);
    }
  });

  test.each([
    ['{"error":{"name":400,"message":"Missing request parameter error."}}', "refused"],
    ['{"error":{"name":"429","message":"x"}}', "rate-limited"],
    ['{"status":"5500","message":"Invalid Parameter"}', "refused"],
    ['{"status":"0000","data":{}}', "malformed"],
    [BOOK.slice(0, 40), "malformed"],
  ] as const)("says of %s: %s", (body, outcome) => {
    expect(scanWith(bithumbBooks, body, BTC).outcome).toBe(outcome);
  });

  test("equals JSON.parse on whole documents in any spelling", () => {
    checkWholeDocuments(krwScannerCase(bithumbBooks));
  }, 600_000);

  test("survives damaged documents and never takes one for another", () => {
    checkDamagedDocuments(krwScannerCase(bithumbBooks));
  }, 600_000);
});

if (samplesPresent) {
  describe("Bithumb's recorded answers", () => {
    test("the order book scans to what JSON.parse reads", async () => {
      const text = await sample("bithumb/orderbook.json");
      const options = { symbols: ["BTC-USDC"], limit: UNLIMITED, levelsMax: 64, unwanted: new Set<string>() };
      const found = scanWith(bithumbBooks, text, options);
      expect(found).toEqual(krwScannerCase(bithumbBooks).reference(JSON.parse(text), options));
      expect(found.books.get("BTC-USDC")!.bids).toEqual([[0.0000168, 41.6666]]);
    });

    test.each([
      ["bithumb/error-missing-parameter.json", "refused"],
      ["bithumb/error-legacy-5100.json", "refused"],
      ["bithumb/legacy-orderbook-1.json", "malformed"],
      ["bithumb/legacy-orderbook-2.json", "malformed"],
      ["bithumb/ws-orderbook.json", "malformed"],
    ] as const)("%s: %s", async (path, outcome) => {
      expect(scanWith(bithumbBooks, await sample(path), BTC).outcome).toBe(outcome);
    });
  });
}
