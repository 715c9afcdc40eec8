import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { connect } from "node:net";
import { BOOK_FAULTS, type FaultSpec, TRANSPORT_FAULTS } from "./faults.ts";
import { type Simulator, startSimulator } from "./server.ts";
import { standInMarket } from "./stand-in-market.ts";

let simulator: Simulator;
beforeAll(async () => {
  simulator = await startSimulator({ seed: 7, market: standInMarket(), sources: 2 });
});
afterEach(() => {
  simulator.control.clearFaults();
  simulator.control.resetLimits();
  simulator.control.resetCounters();
});
afterAll(() => simulator.stop());

const BOOK_PATHS = {
  upbit: "/v1/orderbook?markets=KRW-BTC",
  bithumb: "/v1/orderbook?markets=KRW-BTC",
  bybit: "/v5/market/orderbook?category=linear&symbol=BTCUSDT&limit=5",
  binance: "/fapi/v1/depth?symbol=BTCUSDT&limit=5",
} as const;
type Venue = keyof typeof BOOK_PATHS;
const VENUES = Object.keys(BOOK_PATHS) as Venue[];

function ask(venue: Venue, source = 0, init: RequestInit = {}): Promise<Response> {
  return fetch(simulator.urls[source]![venue] + BOOK_PATHS[venue], init);
}

interface PlainBook {
  readonly symbol: string | undefined;
  readonly asks: [price: number, qty: number][];
  readonly bids: [price: number, qty: number][];
  readonly atMs: number;
}

/** The one book of an answer, read on its own terms. */
function plainBook(venue: Venue, text: string): PlainBook {
  const json = JSON.parse(text);
  const numbers = (levels: [string, string][]) =>
    levels.map(([price, qty]): [number, number] => [Number(price), Number(qty)]);
  if (venue === "bybit") {
    const { s, a, b, ts } = json.result;
    return { symbol: s, asks: numbers(a), bids: numbers(b), atMs: ts };
  }
  if (venue === "binance") {
    return { symbol: undefined, asks: numbers(json.asks), bids: numbers(json.bids), atMs: json.T };
  }
  const [{ market, timestamp, orderbook_units: units }] = json;
  return {
    symbol: market,
    asks: units.map((unit: Record<string, number>) => [unit.ask_price, unit.ask_size]),
    bids: units.map((unit: Record<string, number>) => [unit.bid_price, unit.bid_size]),
    atMs: timestamp,
  };
}

async function readBook(venue: Venue): Promise<PlainBook> {
  return plainBook(venue, await (await ask(venue)).text());
}

const ascending = (levels: [number, number][]) =>
  levels.every(([price], i) => i === 0 || price > levels[i - 1]![0]);

describe.each(VENUES)("book faults on %s", (venue) => {
  test("none: sorted, apart, positive and fresh", async () => {
    const book = await readBook(venue);
    expect(ascending(book.asks)).toBe(true);
    expect(ascending([...book.bids].reverse())).toBe(true);
    expect(book.asks[0]![0]).toBeGreaterThan(book.bids[0]![0]);
    expect(book.asks[0]![1]).toBeGreaterThan(0);
    expect(Math.abs(Date.now() - book.atMs)).toBeLessThan(2_000);
  });

  test("crossed-book: best bid at or above best ask, both sides still sorted", async () => {
    simulator.control.setFault({ kind: "crossed-book" });
    const book = await readBook(venue);
    expect(book.bids[0]![0]).toBeGreaterThanOrEqual(book.asks[0]![0]);
    expect(ascending(book.asks)).toBe(true);
    expect(ascending([...book.bids].reverse())).toBe(true);
  });

  test("empty-book: no level on either side", async () => {
    simulator.control.setFault({ kind: "empty-book" });
    const book = await readBook(venue);
    expect([book.asks.length, book.bids.length]).toEqual([0, 0]);
  });

  test("stale-book: old by its own time", async () => {
    simulator.control.setFault({ kind: "stale-book", ageMs: 30_000 });
    const { atMs } = await readBook(venue);
    const ageMs = Date.now() - atMs;
    expect(ageMs).toBeGreaterThanOrEqual(30_000);
    expect(ageMs).toBeLessThan(32_000);
  });

  test("unsorted-book: the first two levels exchanged", async () => {
    simulator.control.setFault({ kind: "unsorted-book" });
    const book = await readBook(venue);
    expect(book.asks[0]![0]).toBeGreaterThan(book.asks[1]![0]);
    expect(book.bids[0]![0]).toBeLessThan(book.bids[1]![0]);
  });

  test("zero-quantity: the best level is empty", async () => {
    simulator.control.setFault({ kind: "zero-quantity" });
    const book = await readBook(venue);
    expect([book.asks[0]![1], book.bids[0]![1]]).toEqual([0, 0]);
  });

  test("wrong-symbol: another listing's book", async () => {
    simulator.control.setFault({ kind: "wrong-symbol" });
    const book = await readBook(venue);
    if (venue !== "binance") expect(book.symbol).toBe(venue === "bybit" ? "ETHUSDT" : "KRW-ETH");
    expect(book.asks[0]![0]).toBeLessThan(10_000_000);
    simulator.control.clearFaults();
    expect((await readBook(venue)).asks[0]![0]).toBeGreaterThan(20 * book.asks[0]![0]);
  });
});

describe.each(VENUES)("transport faults on %s", (venue) => {
  test("delay: the answer comes later, and is the normal one", async () => {
    simulator.control.setFault({ kind: "delay", delayMs: 60 });
    const startedMs = performance.now();
    const book = await readBook(venue);
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(55);
    expect(book.asks.length).toBeGreaterThan(0);
  });

  test("hang: nothing until the client gives up", async () => {
    simulator.control.setFault({ kind: "hang" });
    const failure = await ask(venue, 0, { signal: AbortSignal.timeout(60) }).catch((error) => error);
    expect(failure.name).toBe("TimeoutError");
    expect(simulator.control.totals().hung).toBe(1);
  });

  test("reset: the connection closes without a byte", async () => {
    simulator.control.setFault({ kind: "reset" });
    const failure = await ask(venue).catch((error) => error);
    expect(failure.code).toBe("ECONNRESET");
    const { hostname, port } = new URL(simulator.urls[0]![venue]);
    const received = await new Promise<number>((resolve) => {
      const socket = connect(Number(port), hostname, () => {
        socket.write(`GET ${BOOK_PATHS[venue]} HTTP/1.1\r\nHost: venue\r\n\r\n`);
      });
      let bytes = 0;
      socket.on("data", (chunk) => (bytes += chunk.length));
      socket.on("close", () => resolve(bytes));
      // The kernel says it with RST.
      socket.on("error", () => undefined);
    });
    expect(received).toBe(0);
  });

  test("server-error: a 5xx in the venue's words", async () => {
    simulator.control.setFault({ kind: "server-error", count: 1 });
    simulator.control.setFault({ kind: "server-error", status: 502 });
    expect((await ask(venue)).status).toBe(503);
    expect((await ask(venue)).status).toBe(502);
  });

  test("html: a maintenance page where JSON was due", async () => {
    simulator.control.setFault({ kind: "html" });
    const answer = await ask(venue);
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-type")).toStartWith("text/html");
    expect(await answer.text()).toStartWith("<!DOCTYPE html>");
  });

  test("truncated-json: a start of the document that does not parse", async () => {
    simulator.control.setFault({ kind: "truncated-json" });
    const text = await (await ask(venue)).text();
    expect(text.length).toBeGreaterThan(50);
    expect(() => JSON.parse(text)).toThrow(SyntaxError);
  });

  test("answer: whatever a test wants to see", async () => {
    simulator.control.setFault({ kind: "answer", status: 429, body: "{}", headers: { "Retry-After": "3" } });
    const answer = await ask(venue);
    expect([answer.status, answer.headers.get("retry-after"), await answer.text()]).toEqual([429, "3", "{}"]);
  });
});

describe("which requests a fault hits", () => {
  const status = async (venue: Venue, source = 0) => (await ask(venue, source)).status;
  const set = (spec: Partial<FaultSpec>) => simulator.control.setFault({ kind: "server-error", ...spec });

  test("venue, path, symbol and source narrow it", async () => {
    set({ venue: "upbit" });
    expect([await status("upbit"), await status("bithumb")]).toEqual([503, 200]);
    simulator.control.clearFaults();
    set({ path: "/v5/" });
    expect([await status("bybit"), await status("binance")]).toEqual([503, 200]);
    simulator.control.clearFaults();
    set({ symbol: "KRW-BTC" });
    expect([await status("upbit"), await status("bybit")]).toEqual([503, 200]);
    simulator.control.clearFaults();
    set({ source: 1 });
    expect([await status("binance", 0), await status("binance", 1)]).toEqual([200, 503]);
  });

  test("a count is used up, an id clears one", async () => {
    set({ count: 2 });
    expect([await status("bybit"), await status("bybit"), await status("bybit")]).toEqual([503, 503, 200]);
    const kept = set({ venue: "bybit" });
    const gone = set({ venue: "binance" });
    expect(simulator.control.clearFaults(gone.id)).toBe(1);
    expect([await status("bybit"), await status("binance")]).toEqual([503, 200]);
    expect(simulator.control.faults()).toMatchObject([{ id: kept.id, hits: 1 }]);
  });

  test("a chance hits about as often as it says, and the same way for the same seed", async () => {
    const run = async () => {
      const other = await startSimulator({ seed: 11, market: standInMarket() });
      other.control.setFault({ kind: "server-error", probability: 0.3 });
      const statuses: number[] = [];
      for (let index = 0; index < 100; index++) {
        statuses.push((await fetch(`${other.urls[0]!.binance}/fapi/v1/ping`)).status);
      }
      await other.stop();
      return statuses;
    };
    const [first, second] = [await run(), await run()];
    expect(second).toEqual(first);
    const hits = first.filter((each) => each === 503).length;
    expect(hits).toBeGreaterThan(15);
    expect(hits).toBeLessThan(45);
  });

  test("one coin's book is spoilt in a batch, the others are not", async () => {
    simulator.control.setFault({ kind: "empty-book", symbol: "KRW-ETH" });
    const answer = await fetch(`${simulator.urls[0]!.upbit}/v1/orderbook?markets=KRW-BTC,KRW-ETH,KRW-PEPE`);
    const books = (await answer.json()) as { orderbook_units: object[] }[];
    expect(books.map((book) => book.orderbook_units.length)).toEqual([30, 0, 30]);
  });

  test("every kind is tried above; a kind that does not exist is refused", () => {
    expect([...BOOK_FAULTS, ...TRANSPORT_FAULTS]).toHaveLength(13);
    expect(() => simulator.control.setFault({ kind: "earthquake" as "hang" })).toThrow(RangeError);
    expect(() => simulator.control.setFault({ kind: "hang", probability: 2 })).toThrow(RangeError);
  });
});
