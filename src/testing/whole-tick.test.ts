// A tick from the beat to the frames, in memory: the tour of the code. Then the same with something going wrong.

import { afterEach, expect, test } from "bun:test";
import { PAIRS, type Reason, SEED_COUNT, SEED_STEP_KRW } from "../../schema/vocabulary.ts";
import { VENUE_BOOKS } from "../adapters/venue/books.ts";
import { createMarket } from "../simulator/market.ts";
import type { SimMarket } from "../simulator/types.ts";
import { referenceRateJeon } from "./reference-rate.ts";
import { createService, repeatingQueue, type Service, type ServiceOptions } from "./whole-service.ts";

const PERIOD_MS = 5_000;
const START_AT_MS = Date.UTC(2026, 0, 1, 0, 0, 1);
const COINS = ["BTC", "ETH", "XRP", "SOL", "DOGE", "PEPE", "SHIB", "ADA", "LINK", "AVAX"];
const market = createMarket({ seed: 3, startAtMs: START_AT_MS });

let service: Service | undefined;
afterEach(async () => {
  await service?.stop();
  service = undefined;
});

async function open(options: Partial<ServiceOptions> = {}): Promise<Service> {
  service = await createService({
    market,
    coins: COINS,
    workerCount: 3,
    periodMs: PERIOD_MS,
    venues: VENUE_BOOKS,
    startAtMs: START_AT_MS,
    ...options,
  });
  return service;
}

/** Starts the beat and runs until `count` ticks are closed. */
async function runTicks({ ticks, clock, closed }: Service, count: number): Promise<void> {
  const started = ticks.start();
  await clock.advanceUntil(() => closed.length >= count, 60_000);
  await started;
}

test("a tick quotes every coin on every pair, and each rate is the reference's from the books as served", async () => {
  const { exchanges, collector, closed, frames, clock, ...rest } = await open();
  exchanges.control.setRecording(true);
  await runTicks({ exchanges, collector, closed, frames, clock, ...rest }, 1);
  expect(closed[0]).toMatchObject({ missing: [], rowCount: COINS.length * PAIRS.length });
  const books = servedBooks(exchanges.control.drainRecords());
  let compared = 0;
  for (const row of collector.table.rows()) {
    const pair = PAIRS[row.pairIndex]!;
    const [domestic, overseas] = [pair.domestic, pair.overseas].map((venue) => {
      const assetId = market.listings("upbit", clock.nowMs()).find(({ base }) => base === row.coin)!.assetId;
      const listing = market.listings(venue, clock.nowMs()).find((each) => each.assetId === assetId)!;
      return { listing, book: books.get(`${venue} ${listing.symbol}`)! };
    });
    for (let index = 0; index < SEED_COUNT; index += 9) {
      for (const direction of ["entry", "exit"] as const) {
        const { multiplier } = overseas!.listing;
        const seedKrw = (index + 1) * SEED_STEP_KRW;
        const expected = referenceRateJeon(direction, domestic!.book, overseas!.book, multiplier, seedKrw);
        const got = row.ratesJeon[direction === "entry" ? index : SEED_COUNT + index]!;
        expect([row.coin, pair.key, seedKrw, direction, Number.isNaN(got) ? null : got]).toEqual([
          row.coin,
          pair.key,
          seedKrw,
          direction,
          expected,
        ]);
        compared++;
      }
    }
  }
  expect(compared).toBe(COINS.length * PAIRS.length * 24);
  const rowsSent = frames.flatMap((frame) => frame.rows.map((row) => `${row.coin}|${row.pairIndex}`));
  expect(new Set(rowsSent).size).toBe(COINS.length * PAIRS.length);
  expect(frames.at(-1)!.closing).toBe(true);
});

interface TextBook {
  readonly asks: (readonly [string, string])[];
  readonly bids: (readonly [string, string])[];
}

/** The books in the simulator's record, read with JSON.parse; domestic numbers are short enough to print back. */
function servedBooks(
  records: readonly { venue: string; symbols: readonly string[]; body: string | undefined }[],
) {
  const books = new Map<string, TextBook>();
  const level = ([price, qty]: readonly [unknown, unknown]) => [String(price), String(qty)] as const;
  for (const { venue, symbols, body } of records) {
    const json = JSON.parse(body!);
    if (venue === "upbit" || venue === "bithumb") {
      for (const { market: symbol, orderbook_units: units } of json) {
        books.set(`${venue} ${symbol}`, {
          asks: units.map((unit: Record<string, number>) => level([unit.ask_price, unit.ask_size])),
          bids: units.map((unit: Record<string, number>) => level([unit.bid_price, unit.bid_size])),
        });
      }
    } else {
      const { asks, bids, a, b } = json.result ?? json;
      books.set(`${venue} ${symbols[0]}`, { asks: (asks ?? a).map(level), bids: (bids ?? b).map(level) });
    }
  }
  return books;
}

test("a task handed out twice changes nothing", async () => {
  const twice = await open({ wrapTasks: repeatingQueue });
  await runTicks(twice, 2);
  expect(twice.closed.map(({ missing }) => missing)).toEqual([[], []]);
  const ticks = twice.frames.map(({ tickAtMs }) => tickAtMs);
  expect(ticks).toEqual([...ticks].sort((a, b) => a - b));
});

test("one bad book costs one coin on that venue, never the task", async () => {
  const running = await open();
  const { exchanges, collector, closed } = running;
  for (const [kind, symbol] of [
    ["crossed-book", "ETHUSDT"],
    ["empty-book", "XRPUSDT"],
    ["unsorted-book", "SOLUSDT"],
    ["stale-book", "DOGEUSDT"],
    ["truncated-json", "ADAUSDT"],
    ["html", "LINKUSDT"],
    ["server-error", "AVAXUSDT"],
  ] as const) {
    exchanges.control.setFault({ kind, symbol, venue: "binance" });
  }
  await runTicks(running, 1);
  expect(closed[0]!.missing).toEqual([]);
  const reasons = Object.fromEntries(
    COINS.map((coin) => [coin, PAIRS.map((_, index) => collector.table.get(coin, index)!.reason)]),
  );
  const onBinance = (reason: Reason): Reason[] => ["none", reason, "none", reason];
  expect(reasons).toEqual({
    BTC: onBinance("none"),
    ETH: onBinance("crossed"),
    XRP: onBinance("empty"),
    SOL: onBinance("malformed"),
    DOGE: onBinance("stale"),
    PEPE: onBinance("none"),
    SHIB: onBinance("none"),
    ADA: onBinance("malformed"),
    LINK: onBinance("malformed"),
    AVAX: onBinance("fetch-failed"),
  });
});

test("legs received more than two seconds apart give null, reason skewed", async () => {
  const running = await open();
  running.exchanges.control.setFault({ kind: "delay", delayMs: 2_500, venue: "bybit", symbol: "BTCUSDT" });
  await runTicks(running, 1);
  const reasons = PAIRS.map((_, index) => running.collector.table.get("BTC", index)!.reason);
  expect(reasons).toEqual(["skewed", "none", "skewed", "none"]);
});

test("a venue that hangs costs its own rates, not those of the coins whose tasks wait behind", async () => {
  const listed = market.listings("binance", START_AT_MS).map(({ assetId }) => assetId);
  const coins = market.listings("upbit", START_AT_MS).filter(({ assetId }) => listed.includes(assetId));
  const running = await open({ workerCount: 1, coins: coins.slice(0, 40).map(({ base }) => base) });
  running.exchanges.control.setFault({ kind: "hang", venue: "bybit" });
  // The first tick began late, and the worker's patience has to run out once.
  await runTicks(running, 2);
  const { closed, collector } = running;
  expect(closed[1]!.missing).toEqual([]);
  const reasons = collector.table
    .rows()
    .map(({ pairIndex, reason }) => `${PAIRS[pairIndex]!.overseas} ${reason}`);
  expect(new Set(reasons.filter((reason) => reason.startsWith("bybit")))).toEqual(
    new Set(["bybit fetch-failed"]),
  );
  expect(reasons.filter((reason) => reason === "binance none").length).toBeGreaterThan(60);
});

test("a tick nobody answers closes at its deadline: missing rows are named and null, and the next tick goes on", async () => {
  const running = await open({ workerCount: 0 });
  await runTicks(running, 2);
  const [first, second] = running.closed;
  expect(second!.tickAtMs).toBe(first!.tickAtMs + PERIOD_MS);
  expect(first!.missing.length).toBe(COINS.length * PAIRS.length);
  expect(first!.missing).toContain("BTC upbit-bybit");
  expect(running.collector.table.get("BTC", 0)!.reason).toBe("missing");
  expect(running.log.said("warn").filter((event) => event === "tick closed incomplete").length).toBe(2);
});

test("a rate more than 20 % from the median is quarantined: null, named, never published", async () => {
  const impostor = withPricesTimes(market, "bybit", "LINKUSDT", 1.5);
  const running = await open({ market: impostor });
  await runTicks(running, 2);
  const { collector, frames } = running;
  expect(PAIRS.map((_, index) => collector.table.get("LINK", index)!.reason)).toEqual([
    "quarantined",
    "none",
    "quarantined",
    "none",
  ]);
  expect([...collector.quarantined.keys()].sort()).toEqual(["LINK|0", "LINK|2"]);
  for (const { rows } of frames) {
    for (const { coin, pairIndex, ratesJeon } of rows) {
      if (coin === "LINK" && pairIndex % 2 === 0) expect(ratesJeon.every(Number.isNaN)).toBe(true);
    }
  }
});

test("a tick, its tasks, reports and frames are told under the same ids", async () => {
  const running = await open();
  await runTicks(running, 1);
  await running.clock.advance(1_000);
  const { tickAtMs } = running.closed[0]!;
  const fieldsOf = (event: string) =>
    running.log.lines.filter((line) => line.event === event).map(({ fields }) => fields);
  expect(fieldsOf("tick issued")[0]).toMatchObject({ tickAtMs, failed: 0 });
  const answered = fieldsOf("task answered").filter((fields) => fields.tickAtMs === tickAtMs);
  expect(answered.map(({ taskId }) => taskId).sort()).toEqual(
    [0, 1, 2].map((shard) => `${tickAtMs}.${shard}`),
  );
  expect(fieldsOf("frame published")[0]).toMatchObject({ frame: `${tickAtMs}.0` });
  expect(fieldsOf("tick closed")[0]).toMatchObject({ tickAtMs, rows: COINS.length * PAIRS.length });
});

/** The same market, but one listing's prices are another asset's. */
function withPricesTimes(from: SimMarket, venue: string, symbol: string, factor: number): SimMarket {
  return {
    listings: (...args) => from.listings(...args),
    candles: (...args) => from.candles(...args),
    funding: (...args) => from.funding(...args),
    book(at, name, atMs, levelsMax) {
      const book = from.book(at, name, atMs, levelsMax);
      if (!book || at !== venue || name !== symbol) return book;
      const scale = (levels: readonly (readonly [string, string])[]) =>
        levels.map(([price, qty]) => [(Number(price) * factor).toFixed(4), qty] as const);
      return { ...book, asks: scale(book.asks), bids: scale(book.bids) };
    },
  };
}

test("a restarted scheduler finds the open tick again and loses nothing", async () => {
  const running = await open({ workerCount: 1 });
  const { ticks, bus, clock, closed } = running;
  const started = ticks.start();
  // Half of the tick's reports are in.
  await clock.advanceUntil(() => (running.counters[0]?.answered ?? 0) >= 1, 10_000);
  await started;
  expect(running.collector.open).toBeDefined();
  const { tickAtMs } = running.collector.open!;
  await ticks.stop();
  const again = await createSecondScheduler(running);
  const restarted = again.ticks.start();
  await clock.advanceUntil(() => again.closed.length >= 1, 20_000);
  await restarted;
  expect(again.closed[0]).toMatchObject({ tickAtMs, missing: [] });
  expect(again.log.said()).toContain("open tick found again");
  expect(closed.length).toBe(0);
  await again.ticks.stop();
  expect(bus.state().up).toBe(true);
});

async function createSecondScheduler(first: Service) {
  const { FrameCollector } = await import("../scheduler/collect-frame.ts");
  const { FramePublisher } = await import("../scheduler/publish-frames.ts");
  const { TickLoop } = await import("../scheduler/tick-loop.ts");
  const { DepthBook } = await import("../domain/listing-table.ts");
  const { RecordingLog } = await import("./recording-log.ts");
  const log = new RecordingLog();
  const collector = new FrameCollector();
  const closed: { tickAtMs: number; missing: readonly string[] }[] = [];
  const publisher = new FramePublisher({
    clock: first.clock,
    log,
    table: collector.table,
    sink: first.bus.frames,
    pack: () => new Uint8Array(0),
    offer: () => undefined,
  });
  const ticks = new TickLoop({
    clock: first.clock,
    log,
    tasks: first.bus.tasks,
    reports: first.bus.reports,
    collector,
    publisher,
    depths: new DepthBook(),
    periodMs: PERIOD_MS,
    coins: () => [],
    onClosed: (tick) => closed.push(tick),
  });
  return { ticks, closed, log, collector };
}
