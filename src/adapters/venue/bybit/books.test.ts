import { describe, expect, test } from "bun:test";
import { rowsIn, rowsText } from "../level-rows-testing.ts";
import { checkDamagedDocuments, checkWholeDocuments, type ScannerCase } from "../scan-fuzz.ts";
import {
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
import { bybitBooks } from "./books.ts";

const BOOK =
  '{"retCode":0,"retMsg":"OK","result":{"s":"BTCUSDT","b":[["99.5","1"],["99","2"],["98","4"]],' +
  '"a":[["100.5","0.5"],["101","0.25"]],"ts":1709199771584,"u":243781,"seq":3887177875},' +
  '"retExtInfo":{},"time":1709199771643}';
const BTC = { symbols: ["BTCUSDT"] };
const LIMIT_CODES = new Set([10006, 10018, 429]);

const subject: ScannerCase = { books: bybitBooks, document, reference };

function document(random: Random): { text: string; symbols: readonly string[] } {
  const printer = new Printer(random);
  const symbol = random.pick(["BTCUSDT", "1000PEPEUSDT", "SHIB1000USDT"]);
  const refused = random.chance(0.05);
  const members = [
    ["s", printer.text(symbol)],
    ["b", rowsText(random, printer)],
    ["a", rowsText(random, printer)],
    ["ts", random.pick(["1709199771584", '"1709199771584"', "null"])],
    ["seq", "3887177875"],
    ...printer.strangers(),
  ] as const;
  const result = refused && random.chance(0.5) ? "{}" : printer.object(mixed(random, members));
  const envelope = [
    ["retCode", refused ? random.pick(["10006", "10001", "429", '"10016"']) : "0"],
    ["retMsg", printer.text("OK")],
    ["result", result],
    ["retExtInfo", "{}"],
    ["time", "1709199771643"],
    ...printer.strangers(),
  ] as const;
  return {
    text: printer.space() + printer.object(mixed(random, envelope)) + printer.space(),
    symbols: [symbol],
  };
}

function mixed<T>(random: Random, members: readonly T[]): readonly T[] {
  return random.chance(0.4) ? random.shuffled(members) : members;
}

function reference(value: unknown, options: Required<ScanOptions>): Scanned {
  const { retCode, ret_code: legacyCode, result } = value as Record<string, unknown>;
  const books = new Map<string, PlainBook>();
  const code = Number(retCode ?? legacyCode);
  if (Number.isNaN(code)) throw new Error("expected a retCode");
  if (code !== 0) return { outcome: LIMIT_CODES.has(code) ? "rate-limited" : "refused", books };
  const { s, a, b, ts } = result as Record<string, unknown>;
  const symbol = options.symbols[0]!;
  if (s !== symbol) throw new Error("expected the symbol asked for");
  if (options.unwanted.has(symbol)) return { outcome: "refused", books };
  const asks = rowsIn(a, options.limit.askQtyEnough, options);
  const bids = rowsIn(b, options.limit.bidQtyEnough, options);
  books.set(symbol, {
    asks: asks.levels,
    bids: bids.levels,
    asksCut: asks.cut,
    bidsCut: bids.cut,
    stampAtMs: stampIn(ts),
  });
  return { outcome: "ok", books };
}

describe("Bybit's plan", () => {
  test("asks one symbol at a time, as deep as wanted within 1 to 1000", () => {
    const paths = [0, 25, 200.5, 5000].map(
      (depth) => bybitBooks.plan([{ symbol: "BTCUSDT", depth }])[0]!.path,
    );
    expect(paths).toEqual(
      [1, 25, 201, 1000].map((limit) => `/v5/market/orderbook?category=linear&symbol=BTCUSDT&limit=${limit}`),
    );
    const wanted = ["BTCUSDT", "SHIB1000USDT"].map((symbol) => ({ symbol, depth: 50 }));
    expect(bybitBooks.plan(wanted).map(({ symbols, cost }) => [symbols, cost])).toEqual([
      [["BTCUSDT"], 1],
      [["SHIB1000USDT"], 1],
    ]);
  });
});

describe("Bybit's scanner", () => {
  test("reads both sides and the system's stamp", () => {
    const { outcome, books } = scanWith(bybitBooks, BOOK, BTC);
    expect(outcome).toBe("ok");
    expect(books.get("BTCUSDT")).toEqual({
      asks: [
        [100.5, 0.5],
        [101, 0.25],
      ],
      bids: [
        [99.5, 1],
        [99, 2],
        [98, 4],
      ],
      asksCut: false,
      bidsCut: false,
      stampAtMs: 1709199771584,
    });
  });

  test("stops a side that has enough, still finds what follows, and calls only an unread rest cut", () => {
    const limit = { askQtyEnough: 0.75, bidQtyEnough: 1 };
    const book = scanWith(bybitBooks, BOOK, { ...BTC, limit }).books.get("BTCUSDT")!;
    expect([book.asks.length, book.asksCut, book.bids.length, book.bidsCut]).toEqual([2, false, 1, true]);
    expect(book.stampAtMs).toBe(1709199771584);
  });

  test("stops at the end of the buffer", () => {
    const book = scanWith(bybitBooks, BOOK, { ...BTC, levelsMax: 2 }).books.get("BTCUSDT")!;
    expect([book.asks.length, book.asksCut, book.bids.length, book.bidsCut]).toEqual([2, false, 2, true]);
  });

  test("finds the end of a side it stopped in whatever its rows hold", () => {
    const limit = { askQtyEnough: 0, bidQtyEnough: 0 };
    const whole = scanWith(bybitBooks, BOOK, { ...BTC, limit });
    const rests = [
      '["99","2"] ]',
      '["99","2",["x"]]]',
      '["99","2","a]],\\"a\\":1"]]',
      '["99","2",{"k":[[1]]}]]',
    ];
    for (const rest of rests) {
      const body = BOOK.replace('["99","2"],["98","4"]]', rest);
      expect(scanWith(bybitBooks, body, { ...BTC, limit })).toEqual(whole);
    }
  });

  test("refuses a side that never ends, though it had enough before", () => {
    const limit = { askQtyEnough: 0, bidQtyEnough: 0 };
    const body = BOOK.replace('["98","4"]]', '["98","4"]');
    expect(scanWith(bybitBooks, body, { ...BTC, limit }).outcome).toBe("malformed");
  });

  test.each([
    ['{"retCode":10006,"retMsg":"Too many visits!","result":{},"retExtInfo":{},"time":1}', "rate-limited"],
    ['{"retCode":10001,"retMsg":"symbol invalid","result":null}', "refused"],
    ['{"retMsg":"busy","result":{},"retCode":10016}', "refused"],
    [BOOK.replace('"retCode":0,', ""), "malformed"],
    [BOOK.replace('"s":"BTCUSDT"', '"s":"ETHUSDT"'), "malformed"],
    [BOOK.replace('"s":"BTCUSDT",', ""), "malformed"],
    [BOOK.replace('"a":[["100.5","0.5"],["101","0.25"]],', ""), "malformed"],
    [BOOK.replace('["99","2"]', '["99"]'), "malformed"],
    [BOOK.replace('["99","2"]', '["99",""]'), "malformed"],
    [BOOK.replace('["99","2"]', '["99","0x2"]'), "malformed"],
    [BOOK.replace('["99","2"]', '["99"," 2"]'), "malformed"],
    [BOOK.replace('"ts":1709199771584', '"ts":"now"'), "malformed"],
    [BOOK.slice(0, -1), "malformed"],
    [`${BOOK}x`, "malformed"],
    ["<html>403 Forbidden</html>", "malformed"],
    ["", "malformed"],
  ] as const)("says of %s: %s", (body, outcome) => {
    expect(scanWith(bybitBooks, body, BTC).outcome).toBe(outcome);
  });

  test("refuses values nested without end instead of overflowing the stack", () => {
    const deep = `${'{"x":'.repeat(100_000)}1${"}".repeat(100_000)}`;
    const within = `${"[".repeat(200)}1${"]".repeat(200)}`;
    expect(scanWith(bybitBooks, BOOK.replace('"retExtInfo":{}', `"retExtInfo":${deep}`), BTC).outcome).toBe(
      "malformed",
    );
    expect(scanWith(bybitBooks, BOOK.replace('"retExtInfo":{}', `"retExtInfo":${within}`), BTC).outcome).toBe(
      "ok",
    );
  });

  test("equals JSON.parse on whole documents in any spelling", () => checkWholeDocuments(subject), 600_000);

  test(
    "survives damaged documents and never takes one for another",
    () => checkDamagedDocuments(subject),
    600_000,
  );
});

if (samplesPresent) {
  describe("Bybit's recorded answers", () => {
    test("the order book scans to what JSON.parse reads", async () => {
      const text = await sample("bybit/orderbook.json");
      const options = { ...BTC, limit: UNLIMITED, levelsMax: 64, unwanted: new Set<string>() };
      const found = scanWith(bybitBooks, text, options);
      expect(found).toEqual(reference(JSON.parse(text), options));
      expect(found.books.get("BTCUSDT")!.asks).toEqual([[62710.3, 0.01]]);
    });

    test("the sides of a recorded stream snapshot, put into an answer, scan to what JSON.parse reads", async () => {
      const text = await sample("bybit/ws-orderbook-snapshot-1.json");
      const { data } = JSON.parse(text) as { data: Record<string, unknown> };
      const symbols = [data.s as string];
      const body = JSON.stringify({ retCode: 0, result: data });
      for (const limit of [UNLIMITED, { askQtyEnough: 3, bidQtyEnough: 3 }]) {
        const options = { symbols, limit, levelsMax: 64, unwanted: new Set<string>() };
        const found = scanWith(bybitBooks, body, options);
        expect(found).toEqual(reference(JSON.parse(body), options));
        expect(found.outcome).toBe("ok");
      }
    });

    test.each([
      ["bybit/error-symbol.json", "refused"],
      ["bybit/error-legacy.json", "refused"],
      ["bybit/error-margin-mode.json", "refused"],
      ["bybit/time.json", "malformed"],
      ["bybit/tickers-1.json", "malformed"],
      ["bybit/instruments-full.json", "malformed"],
      ["bybit/ws-orderbook-snapshot-1.json", "malformed"],
    ] as const)("%s: %s", async (path, outcome) => {
      expect(scanWith(bybitBooks, await sample(path), BTC).outcome).toBe(outcome);
    });
  });
}
