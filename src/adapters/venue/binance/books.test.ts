import { describe, expect, test } from "bun:test";
import { rowsIn, rowsText } from "../level-rows-testing.ts";
import { checkDamagedDocuments, checkWholeDocuments, type ScannerCase } from "../scan-fuzz.ts";
import {
  numberIn,
  type PlainBook,
  Printer,
  type Random,
  type Scanned,
  type ScanOptions,
  sample,
  samplesPresent,
  scanWith,
  stampIn,
  UNLIMITED,
} from "../scan-testing.ts";
import { binanceBooks } from "./books.ts";

const BOOK =
  '{"lastUpdateId":1027024,"E":1589436922972,"T":1589436922959,' +
  '"bids":[["4.00000000","431.00000000"],["3.9","1"]],"asks":[["4.00000200","12.00000000"],["4.1","1"]]}';
const BTC = { symbols: ["BTCUSDT"] };

const subject: ScannerCase = { books: binanceBooks, document, reference };

function document(random: Random): { text: string; symbols: readonly string[] } {
  const printer = new Printer(random);
  const symbols = ["BTCUSDT"];
  if (random.chance(0.05)) {
    const code = random.pick(["-1003", "-1121", "-1008", '"-1003"']);
    return {
      text: printer.object([...random.shuffled([["code", code] as const, ["msg", '""'] as const])]),
      symbols,
    };
  }
  const members: (readonly [string, string])[] = [
    ["lastUpdateId", "9007199254740993"],
    ...(random.chance(0.8)
      ? [["E", random.pick(["1589436922972", '"1589436922972"', "null", "0"])] as const]
      : []),
    ...(random.chance(0.8) ? [["T", "1589436922959"] as const] : []),
    ["bids", rowsText(random, printer)],
    ["asks", rowsText(random, printer)],
    ...(random.chance(0.05) ? [["code", "200"] as const] : []),
    ...printer.strangers(),
  ];
  const text = printer.object(random.chance(0.4) ? random.shuffled(members) : members);
  return { text: printer.space() + text + printer.space(), symbols };
}

function reference(value: unknown, options: Required<ScanOptions>): Scanned {
  const { code, bids: bidRows, asks: askRows, E, T } = value as Record<string, unknown>;
  const books = new Map<string, PlainBook>();
  if (code !== undefined && numberIn(code) < 0) {
    return { outcome: numberIn(code) === -1003 ? "rate-limited" : "refused", books };
  }
  const symbol = options.symbols[0]!;
  if (options.unwanted.has(symbol)) return { outcome: "refused", books };
  const asks = rowsIn(askRows, options.limit.askQtyEnough, options);
  const bids = rowsIn(bidRows, options.limit.bidQtyEnough, options);
  books.set(symbol, {
    asks: asks.levels,
    bids: bids.levels,
    asksCut: asks.cut,
    bidsCut: bids.cut,
    stampAtMs: stampIn(E) || stampIn(T),
  });
  return { outcome: "ok", books };
}

describe("Binance's plan", () => {
  test("asks one symbol at a time at the next depth the venue accepts, for its weight", () => {
    const wanted = [1, 5, 6, 20, 21, 51, 101, 500, 501, 9999].map((depth) => ({ symbol: "BTCUSDT", depth }));
    const requests = binanceBooks.plan(wanted);
    expect(requests.map(({ path, cost }) => [Number(path.split("limit=")[1]), cost])).toEqual([
      [5, 2],
      [5, 2],
      [10, 2],
      [20, 2],
      [50, 2],
      [100, 5],
      [500, 10],
      [500, 10],
      [1000, 20],
      [1000, 20],
    ]);
    expect(requests[0]).toEqual({
      symbols: ["BTCUSDT"],
      path: "/fapi/v1/depth?symbol=BTCUSDT&limit=5",
      cost: 2,
    });
  });
});

describe("Binance's scanner", () => {
  test("reads both sides and the message's stamp", () => {
    const { outcome, books } = scanWith(binanceBooks, BOOK, BTC);
    expect(outcome).toBe("ok");
    expect(books.get("BTCUSDT")).toEqual({
      asks: [
        [4.000002, 12],
        [4.1, 1],
      ],
      bids: [
        [4, 431],
        [3.9, 1],
      ],
      asksCut: false,
      bidsCut: false,
      stampAtMs: 1589436922972,
    });
  });

  test("falls back to the matching engine's stamp, then to none", () => {
    const withoutE = BOOK.replace('"E":1589436922972,', "");
    const without = withoutE.replace('"T":1589436922959,', "");
    expect(scanWith(binanceBooks, withoutE, BTC).books.get("BTCUSDT")!.stampAtMs).toBe(1589436922959);
    expect(scanWith(binanceBooks, without, BTC).books.get("BTCUSDT")!.stampAtMs).toBe(0);
  });

  test("stops sides that have enough and still refuses a body cut short behind them", () => {
    const limit = { askQtyEnough: 1, bidQtyEnough: 431 };
    const book = scanWith(binanceBooks, BOOK, { ...BTC, limit }).books.get("BTCUSDT")!;
    expect([book.asks.length, book.asksCut, book.bids.length, book.bidsCut]).toEqual([1, true, 1, true]);
    for (let length = 0; length < BOOK.length; length++) {
      expect(scanWith(binanceBooks, BOOK.slice(0, length), { ...BTC, limit }).outcome).toBe("malformed");
    }
  });

  test.each([
    ['{"code":-1003,"msg":"Too many requests; current limit is 2400 requests per minute."}', "rate-limited"],
    ['{"code":-1121,"msg":"Invalid symbol."}', "refused"],
    ['{"code":200,"msg":"done"}', "malformed"],
    ['[{"code":-2011,"msg":"Unknown order sent."}]', "malformed"],
    [BOOK.replace('"bids"', '"bid"'), "malformed"],
    [BOOK.replace('"T"', '"E"'), "malformed"],
    [BOOK.replace('[["4.00000000"', '["4.00000000"'), "malformed"],
    [BOOK.replace('"431.00000000"', "true"), "malformed"],
    ["<!DOCTYPE html><html></html>", "malformed"],
    ["\u0000", "malformed"],
  ] as const)("says of %s: %s", (body, outcome) => {
    expect(scanWith(binanceBooks, body, BTC).outcome).toBe(outcome);
  });

  test("equals JSON.parse on whole documents in any spelling", () => checkWholeDocuments(subject), 600_000);

  test(
    "survives damaged documents and never takes one for another",
    () => checkDamagedDocuments(subject),
    600_000,
  );
});

if (samplesPresent) {
  describe("Binance's recorded answers", () => {
    test.each(["orderbook-1", "orderbook-2", "orderbook-deep", "orderbook-short"])(
      "%s scans to what JSON.parse reads",
      async (name) => {
        const text = await sample(`binance/${name}.json`);
        for (const limit of [UNLIMITED, { askQtyEnough: 10, bidQtyEnough: 10 }]) {
          const options = { ...BTC, limit, levelsMax: 128, unwanted: new Set<string>() };
          const found = scanWith(binanceBooks, text, options);
          expect(found).toEqual(reference(JSON.parse(text), options));
          expect(found.books.get("BTCUSDT")!.bids.length).toBeGreaterThan(0);
        }
      },
    );

    test.each([
      ["binance/error-invalid-symbol.json", "refused"],
      ["binance/error-bad-key.json", "refused"],
      ["binance/error-interval.json", "refused"],
      ["binance/error-unknown-outcome.json", "rate-limited"],
      ["binance/error-unknown-order-array.json", "malformed"],
      ["binance/reply-cancel-all-ok.json", "malformed"],
      ["binance/book-ticker-2.json", "malformed"],
      ["binance/ws-depth-partial-2.json", "malformed"],
    ] as const)("%s: %s", async (path, outcome) => {
      expect(scanWith(binanceBooks, await sample(path), BTC).outcome).toBe(outcome);
    });
  });
}
