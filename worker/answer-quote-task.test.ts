import { expect, test } from "bun:test";
import type { QuoteTask, TaskCoin } from "../schema/messages/quote-task.ts";
import { PAIRS, SEED_COUNT, type Venue } from "../schema/vocabulary.ts";
import { VENUE_BOOKS } from "../src/adapters/venue/books.ts";
import { encodeFrame } from "../src/domain/frame.ts";
import type { BookFetcher } from "../src/ports/book-fetcher.ts";
import type { BookRequest } from "../src/ports/market-data.ts";
import type { VenueAnswer, VenueCosts } from "../src/ports/rate-governor.ts";
import { ManualClock } from "../src/testing/manual-clock.ts";
import { QuoteAnswerer } from "./answer-quote-task.ts";

const PERIOD_MS = 10_000;
const TICK_AT_MS = Date.UTC(2026, 0, 1);
const LATENCY_MS = 50;

type Levels = readonly (readonly [price: number, qty: number])[];
interface Sides {
  readonly asks: Levels;
  readonly bids: Levels;
}

/** Enough of everything for 100M KRW at 1,400,000 KRW or 1,000 USDT a coin: 1,400 to a few jeon. */
const DOMESTIC: Sides = { asks: [[1_400_000, 500]], bids: [[1_399_000, 500]] };
const OVERSEAS: Sides = { asks: [[1_000, 500]], bids: [[999, 500]] };

function krwBody(market: string, { asks, bids }: Sides, timestamp: number): unknown {
  const units = Array.from({ length: Math.max(asks.length, bids.length) }, (_, index) => ({
    ask_price: asks[index]?.[0] ?? 0,
    ask_size: asks[index]?.[1] ?? 0,
    bid_price: bids[index]?.[0] ?? 0,
    bid_size: bids[index]?.[1] ?? 0,
  }));
  return { market, timestamp, orderbook_units: units };
}

const texts = (levels: Levels) => levels.map(([price, qty]) => [String(price), String(qty)]);

/** The venue's whole answer for the symbols asked for. */
function bodyOf(venue: Venue, symbols: readonly string[], sides: Sides, stampAtMs: number): string {
  if (venue === "upbit" || venue === "bithumb") {
    return JSON.stringify(symbols.map((symbol) => krwBody(symbol, sides, stampAtMs)));
  }
  const [asks, bids] = [texts(sides.asks), texts(sides.bids)];
  if (venue === "binance") return JSON.stringify({ lastUpdateId: 1, E: stampAtMs, T: stampAtMs, bids, asks });
  const result = { s: symbols[0], b: bids, a: asks, ts: stampAtMs, u: 1, seq: 1 };
  return JSON.stringify({ retCode: 0, retMsg: "OK", result, retExtInfo: {}, time: stampAtMs });
}

interface Reply {
  readonly sides?: Sides;
  readonly stampAgeMs?: number;
  readonly latencyMs?: number;
  readonly body?: string;
  readonly status?: number;
  /** The symbols the answer names, when they are not those asked for. */
  readonly symbols?: readonly string[];
}

/** An answerer whose venues say what `reply` makes of a request. */
class Rig {
  readonly clock = new ManualClock(TICK_AT_MS + 1_000);
  readonly asked: { venue: Venue; path: string; timeoutMs: number }[] = [];
  readonly settled: { venue: Venue; cost: number; answer: VenueAnswer | "unsent" }[] = [];
  readonly reserved: { costs: VenueCosts; timeoutMs: number }[] = [];
  readonly granted = new Set<Venue>(["upbit", "bithumb", "bybit", "binance"]);
  budgetMs = 0;
  readonly answerer: QuoteAnswerer;

  constructor(
    private readonly reply: (venue: Venue, request: BookRequest) => Reply = () => ({}),
    bookAgeMsMax = 5_000,
  ) {
    const fetcher: BookFetcher = { fetch: (...args) => this.#fetch(...args) };
    this.answerer = new QuoteAnswerer({
      clock: this.clock,
      fetcher,
      venues: VENUE_BOOKS,
      governor: {
        hasShare: () => true,
        readyInMs: () => 0,
        reserve: async (costs, timeoutMs) => {
          this.reserved.push({ costs, timeoutMs });
          await this.clock.sleep(Math.min(this.budgetMs, timeoutMs));
          return {
            venues: this.granted,
            settle: (venue, cost, answer) => void this.settled.push({ venue, cost, answer }),
          };
        },
      },
      settings: { requestTimeoutMs: 3_000, bookAgeMsMax, legSkewMsMax: 2_000 },
    });
  }

  async #fetch(venue: Venue, request: BookRequest, timeoutMs: number) {
    this.asked.push({ venue, path: request.path, timeoutMs });
    const { latencyMs = LATENCY_MS, stampAgeMs = 0, status = 200, ...rest } = this.reply(venue, request);
    await this.clock.sleep(Math.min(latencyMs, timeoutMs));
    const receivedAtMs = this.clock.nowMs();
    if (latencyMs > timeoutMs) {
      return {
        bytes: undefined,
        receivedAtMs,
        outcome: "timeout",
        answer: { status: 0, headers: undefined },
      };
    }
    const sides = rest.sides ?? (venue === "upbit" || venue === "bithumb" ? DOMESTIC : OVERSEAS);
    const symbols = rest.symbols ?? request.symbols;
    const body = rest.body ?? bodyOf(venue, symbols, sides, receivedAtMs - stampAgeMs);
    const answer = { status, headers: new Headers() };
    const bytes = status === 200 ? new TextEncoder().encode(body) : undefined;
    return { bytes, receivedAtMs, outcome: status === 200 ? "ok" : `http ${status}`, answer };
  }

  async answer(coins: readonly TaskCoin[] = [coinOf("BTC")]) {
    const task: QuoteTask = {
      version: 1,
      taskId: `${TICK_AT_MS}.0`,
      tickAtMs: TICK_AT_MS,
      deadlineAtMs: TICK_AT_MS + PERIOD_MS,
      coins: [...coins],
    };
    const answering = this.answerer.answer(task);
    await this.clock.advance(PERIOD_MS * 2);
    const answered = await answering;
    const reasons: Record<string, string[]> = {};
    for (const { coin } of coins) {
      reasons[coin] = PAIRS.map(
        (_, index) =>
          answered.rows.find((row) => row.coin === coin && row.pairIndex === index)?.reason ?? "-",
      );
    }
    return { ...answered, reasons };
  }
}

function coinOf(coin: string, multiplier = 1, depth = 100): TaskCoin {
  return {
    coin,
    legs: [
      { venue: "upbit", symbol: `KRW-${coin}`, multiplier: 1, depth: 30 },
      { venue: "bithumb", symbol: `KRW-${coin}`, multiplier: 1, depth: 30 },
      { venue: "bybit", symbol: `${coin}USDT`, multiplier, depth: 500 },
      { venue: "binance", symbol: `${coin}USDT`, multiplier, depth },
    ],
  };
}

const all = (reason: string) => [reason, reason, reason, reason];

test("four coins give sixteen rows; Upbit is asked once for all, the others once for each", async () => {
  const rig = new Rig();
  const coins = ["BTC", "ETH", "XRP", "SOL"].map((coin) => coinOf(coin));
  const { rows, reasons, fetches } = await rig.answer(coins);
  expect(rows.length).toBe(16);
  for (const coin of ["BTC", "ETH", "XRP", "SOL"]) expect(reasons[coin]).toEqual(all("none"));
  for (const { ratesJeon, bookAgeMs, tickAtMs } of rows) {
    expect([ratesJeon[0], ratesJeon[SEED_COUNT]]).toEqual([140_140, 139_900]);
    expect([bookAgeMs, tickAtMs]).toEqual([0, TICK_AT_MS]);
  }
  expect(rig.reserved[0]!.costs).toEqual({ upbit: 1, bithumb: 4, bybit: 4, binance: 20 });
  expect(
    Object.fromEntries(fetches.map(({ venue, outcome, count }) => [`${venue} ${outcome}`, count])),
  ).toEqual({ "upbit ok": 1, "bithumb ok": 4, "bybit ok": 4, "binance ok": 4 });
  // Every request is settled exactly once, at its cost.
  expect(rig.settled.length).toBe(rig.asked.length);
  expect(rig.settled.reduce((sum, { cost }) => sum + cost, 0)).toBe(29);
});

test("a contract of 1000 coins is quoted per coin", async () => {
  const rig = new Rig((venue) =>
    venue === "upbit" || venue === "bithumb"
      ? { sides: { asks: [[1.4, 5e8]], bids: [[1.399, 5e8]] } }
      : { sides: { asks: [[1, 5e5]], bids: [[0.999, 5e5]] } },
  );
  const { rows } = await rig.answer([coinOf("PEPE", 1_000)]);
  expect(rows[0]!.ratesJeon[0]).toBe(140_140);
});

test("the book of a symbol nobody asked for is not believed, neither in place of another nor beside it", async () => {
  const other = new Rig((venue) => (venue === "upbit" ? { symbols: ["KRW-ETH"] } : {}));
  expect((await other.answer()).reasons.BTC).toEqual(["fetch-failed", "fetch-failed", "none", "none"]);
  const cheap: Sides = { asks: [[1, 1e9]], bids: [[0.5, 1e9]] };
  const beside = new Rig((venue, { symbols }) => {
    if (venue !== "bithumb" || symbols[0] !== "KRW-BTC") return {};
    // Asked for BTC it sends ETH too: ETH's own request must decide.
    return { body: JSON.stringify([krwBody("KRW-BTC", DOMESTIC, TICK_AT_MS), krwBody("KRW-ETH", cheap, 0)]) };
  });
  const { rows } = await beside.answer([coinOf("ETH"), coinOf("BTC")]);
  for (const { ratesJeon } of rows) expect(ratesJeon[0]).toBe(140_140);
  const bybit = new Rig((venue) => (venue === "bybit" ? { symbols: ["ETHUSDT"] } : {}));
  expect((await bybit.answer()).reasons.BTC).toEqual(["malformed", "none", "malformed", "none"]);
});

test("a book is stale by the venue's stamp beyond the limit, and a stamp ahead of our clock does not hide its age", async () => {
  for (const [stampAgeMs, reason] of [
    [4_900, "none"],
    [5_001, "stale"],
    [-1_900, "none"],
    [-2_100, "stale"],
    [-3_600_000, "stale"],
  ] as const) {
    const rig = new Rig((venue) => (venue === "binance" ? { stampAgeMs } : {}));
    expect([stampAgeMs, (await rig.answer()).reasons.BTC]).toEqual([
      stampAgeMs,
      ["none", reason, "none", reason],
    ]);
  }
});

test("a book is stale by our receipt when another leg kept it waiting, and legs apart are skewed", async () => {
  const skewed = new Rig((venue) => ({ latencyMs: venue === "bybit" ? 2_100 : LATENCY_MS }));
  const { reasons, rows } = await skewed.answer();
  expect(reasons.BTC).toEqual(["skewed", "none", "skewed", "none"]);
  expect(rows.map(({ bookAgeMs }) => bookAgeMs)).toEqual([0, 2_050, 0, 2_050]);
  const waited = new Rig((venue) => ({ latencyMs: venue === "upbit" ? LATENCY_MS : 1_500 }), 1_000);
  expect((await waited.answer()).reasons.BTC).toEqual(["stale", "stale", "none", "none"]);
});

test("a book that ends before the smallest size is thin; one that ends later is null from there", async () => {
  const thin = new Rig((venue) =>
    venue === "bybit" ? { sides: { asks: [[1_000, 0.5]], bids: [[999, 0.5]] } } : {},
  );
  expect((await thin.answer()).reasons.BTC).toEqual(["thin", "none", "thin", "none"]);
  const short = new Rig((venue) =>
    venue === "bybit" ? { sides: { asks: [[1_000, 500]], bids: [[999, 20]] } } : {},
  );
  const { rows } = await short.answer();
  const rated = (offset: number) =>
    rows[0]!.ratesJeon.subarray(offset, offset + SEED_COUNT).filter((jeon) => !Number.isNaN(jeon)).length;
  // 20 coins at 1,400,000 KRW are 28 million.
  expect([rows[0]!.reason, rated(0), rated(SEED_COUNT)]).toEqual(["none", 28, SEED_COUNT]);
});

test("one bad book costs one coin on that venue", async () => {
  const bad: Record<string, [Partial<Reply>, string]> = {
    A: [{ sides: { asks: [], bids: [] } }, "empty"],
    B: [{ sides: { asks: [[998, 1]], bids: [[999, 1]] } }, "crossed"],
    C: [{ body: "<html>maintenance</html>" }, "malformed"],
    D: [{ status: 503 }, "fetch-failed"],
  };
  const rig = new Rig((venue, { symbols }) => (venue === "binance" ? bad[symbols[0]![0]!]![0] : {}));
  const { reasons } = await rig.answer(Object.keys(bad).map((coin) => coinOf(coin)));
  for (const [coin, [, reason]] of Object.entries(bad)) {
    expect([coin, reasons[coin]]).toEqual([coin, ["none", reason, "none", reason]]);
  }
});

test("a book whose prices are nonsense gives no rate and a report that can still be written", async () => {
  const rig = new Rig((venue, { symbols }) =>
    venue === "binance" && symbols[0] === "BTCUSDT"
      ? { sides: { asks: [[2e-15, 1e30]], bids: [[1e-15, 1e30]] } }
      : {},
  );
  const { reasons, rows } = await rig.answer([coinOf("BTC"), coinOf("ETH")]);
  expect(reasons).toEqual({ BTC: ["none", "malformed", "none", "malformed"], ETH: all("none") });
  const frame = { tickAtMs: TICK_AT_MS, part: 0, closing: false, reference: undefined, rows };
  expect(encodeFrame(frame).length).toBeGreaterThan(0);
});

test("refusals because of limits are told to the governor, in words or by status", async () => {
  const visits = '{"retCode":10006,"retMsg":"Too many visits!","result":{},"retExtInfo":{},"time":1}';
  const rig = new Rig((venue) =>
    venue === "bybit" ? { body: visits } : venue === "binance" ? { status: 429 } : {},
  );
  expect((await rig.answer()).reasons.BTC).toEqual(all("rate-limited"));
  const answerOf = (venue: Venue) => rig.settled.find((each) => each.venue === venue)!.answer;
  expect(answerOf("bybit")).toMatchObject({ status: 200, limited: true });
  expect(answerOf("binance")).toMatchObject({ status: 429 });
});

test("a venue without budget is not asked and costs the others nothing", async () => {
  const rig = new Rig();
  rig.granted.delete("binance");
  expect((await rig.answer()).reasons.BTC).toEqual(["none", "rate-limited", "none", "rate-limited"]);
  expect(rig.asked.map(({ venue }) => venue).sort()).toEqual(["bithumb", "bybit", "upbit"]);
  // What was not granted is not to be settled.
  expect(rig.settled.map(({ venue }) => venue).sort()).toEqual(["bithumb", "bybit", "upbit"]);
});

test("waiting for budget leaves time to fetch; no request is given more time than the tick has left", async () => {
  const rig = new Rig(() => ({ latencyMs: 20_000 }));
  rig.budgetMs = Number.POSITIVE_INFINITY;
  const { reasons } = await rig.answer();
  expect(rig.reserved[0]!.timeoutMs).toBe(9_000 - 2_000);
  expect(rig.asked.map(({ timeoutMs }) => timeoutMs)).toEqual(Array(4).fill(2_000));
  expect(reasons.BTC).toEqual(all("fetch-failed"));
});

test("a clock set back does not make the wait longer than a tick", async () => {
  const rig = new Rig();
  rig.clock.setWallClock(TICK_AT_MS - 3_600_000);
  await rig.answer();
  expect(rig.reserved[0]!.timeoutMs).toBe(PERIOD_MS * 0.8);
});

test("depths: levels used when covered, null when the book ended, and nothing learned without both domestic books", async () => {
  const levels = (count: number, qty: number, from: number, step: number): Levels =>
    Array.from({ length: count }, (_, index) => [from + index * step, qty] as const);
  // 100M KRW buy 71.4 coins, and 71.5 have to be sold for them.
  const deep: Sides = { asks: levels(100, 2, 1_000, 1), bids: levels(100, 2, 999, -1) };
  const learn = async (replies: Partial<Record<Venue, Reply>>) => {
    const rig = new Rig((venue) => replies[venue] ?? {});
    return (await rig.answer()).depths;
  };
  expect(await learn({ binance: { sides: deep } })).toEqual([
    { coin: "BTC", venue: "binance", levels: 36, got: 100 },
  ]);
  // The bids have no more to give, the asks have all the levels asked for: deeper helps those.
  const mixed = { asks: levels(100, 0.5, 1_000, 1), bids: levels(40, 0.5, 999, -1) };
  expect(await learn({ binance: { sides: mixed } })).toEqual([
    { coin: "BTC", venue: "binance", levels: null, got: 100 },
  ]);
  const short = { asks: levels(40, 0.5, 1_000, 1), bids: levels(30, 0.5, 999, -1) };
  expect(await learn({ binance: { sides: short } })).toEqual([
    { coin: "BTC", venue: "binance", levels: null, got: 40 },
  ]);
  // Nothing speaks for less while a domestic venue is away.
  const away = { status: 503 };
  expect(await learn({ upbit: away, bithumb: away, binance: { sides: deep } })).toEqual([]);
  expect(await learn({ upbit: away, binance: { sides: deep } })).toEqual([]);
  expect(await learn({ upbit: away, binance: { sides: short } })).toEqual([
    { coin: "BTC", venue: "binance", levels: null, got: 40 },
  ]);
});

test("a task's books leave nothing behind for the next task", async () => {
  let isDown = false;
  const rig = new Rig((venue) => (isDown && venue !== "upbit" ? { status: 503 } : {}));
  await rig.answer([coinOf("BTC"), coinOf("ETH")]);
  isDown = true;
  rig.clock.setWallClock(TICK_AT_MS + 1_000);
  const { rows, reasons } = await rig.answer([coinOf("XRP")]);
  expect(reasons.XRP).toEqual(all("fetch-failed"));
  expect(rows.every(({ ratesJeon }) => ratesJeon.every(Number.isNaN))).toBe(true);
});
