import { afterEach, expect, test } from "bun:test";
import { encodeReport } from "../../schema/messages/quote-report.ts";
import { parseQuoteTask } from "../../schema/messages/quote-task.ts";
import type { Venue } from "../../schema/vocabulary.ts";
import { InProcessBus } from "../adapters/bus/in-process.ts";
import { VENUE_BOOKS } from "../adapters/venue/books.ts";
import { encodeFrame } from "../domain/frame.ts";
import type { Listing } from "../domain/instrument.ts";
import { RATES_PER_ROW, type RateRow } from "../domain/rate-table.ts";
import { ListFault, type ListingCandidate } from "../ports/venue-lists.ts";
import { ManualClock } from "../testing/manual-clock.ts";
import { RecordingLog } from "../testing/recording-log.ts";
import { Scheduler } from "./run.ts";

const PERIOD_MS = 5_000;
const START_AT_MS = Date.UTC(2026, 0, 1);

function candidate(venue: Venue, coin: string): ListingCandidate {
  const domestic = venue === "upbit" || venue === "bithumb";
  const listing: Listing = {
    venue,
    coin,
    symbol: domestic ? `KRW-${coin}` : `${coin}USDT`,
    multiplier: 1,
    displayName: coin,
    tradable: true,
    warnings: [],
    delistAtMs: undefined,
    priceIncrement: undefined,
    qtyStep: undefined,
    qtyMin: undefined,
    notionalMin: undefined,
  };
  return { listing, price: domestic ? 1_400 : 1 };
}

/** A scheduler whose venues, lists and worker a test can change while it runs. */
class Rig {
  readonly clock = new ManualClock(START_AT_MS);
  readonly log = new RecordingLog();
  readonly bus = new InProcessBus(this.clock);
  readonly lists: Record<Venue, readonly string[] | "down"> = {
    upbit: ["BTC", "ETH"],
    bithumb: ["BTC", "ETH"],
    bybit: ["BTC", "ETH"],
    binance: ["BTC", "ETH"],
  };
  listsAsked = 0;
  /** Rows of every list that cannot be read. */
  skipped = 0;
  held: string[] = [];
  hasReference = true;
  /** What the worker counts for Upbit beside "ok". */
  upbitOutcome = "ok";
  readonly offered: RateRow[] = [];
  previous: RateRow[] = [];
  readonly scheduler: Scheduler;

  constructor() {
    const { clock, log, bus } = this;
    this.scheduler = new Scheduler({
      clock,
      log,
      bus,
      venues: VENUE_BOOKS,
      requestTimeoutMs: 1_000,
      governor: {
        hasShare: () => true,
        readyInMs: () => 0,
        reserve: async (costs) => ({
          venues: new Set(Object.keys(costs) as Venue[]),
          settle: () => undefined,
        }),
      },
      fetcher: {
        fetch: async (_venue, { symbols }) => {
          const receivedAtMs = clock.nowMs();
          const answer = { status: this.hasReference ? 200 : 503, headers: undefined };
          if (!this.hasReference) return { bytes: undefined, receivedAtMs, outcome: "http 503", answer };
          const unit = { ask_price: 1_400, ask_size: 1, bid_price: 1_399, bid_size: 1 };
          const body = [{ market: symbols[0], timestamp: receivedAtMs, orderbook_units: [unit] }];
          const bytes = new TextEncoder().encode(JSON.stringify(body));
          return { bytes, receivedAtMs, outcome: "ok", answer };
        },
      },
      lists: {
        candidates: async (venue) => {
          this.listsAsked++;
          const list = this.lists[venue];
          if (list === "down") throw new ListFault(`${venue}: http 503`);
          const candidates = list.map((coin) => candidate(venue, coin));
          return { candidates, skipped: this.skipped };
        },
        wallets: async () => undefined,
      },
      instruments: {
        refreshVenue: async () => ({
          refused: undefined,
          insertedCoins: [],
          updatedCoins: [],
          deletedCoins: [],
          referencedCoins: [],
          heldBackCoins: [],
          overlongCoins: [],
        }),
        instruments: async () => [],
      },
      history: {
        recordMinute: async () => undefined,
        pairHistory: async () => [],
        coinHistory: async () => [],
        prune: async () => 0,
      },
      holdings: { heldCoins: async () => this.held },
      previousRows: async () => this.previous,
      pack: ({ rows, closing }) => {
        // Closing frames may carry tombstones; the snapshot, which is closing too, never does.
        this.offered.push(...(closing ? rows.filter(({ reason }) => reason === "delisted") : rows));
        return new Uint8Array(0);
      },
      offer: () => undefined,
      offerReference: () => undefined,
      tickPeriodMs: PERIOD_MS,
      historyDays: 90,
    });
    void this.#work();
  }

  /** Answers every task at 1400 at once. */
  async #work(): Promise<void> {
    while (this.bus.state().up) {
      const delivery = await this.bus.tasks.next(1_000);
      if (!delivery) continue;
      const { taskId, tickAtMs, coins } = parseQuoteTask(delivery.bytes);
      const rows = coins.flatMap(({ coin }) =>
        [0, 1, 2, 3].map((pairIndex): RateRow => {
          const ratesJeon = new Float64Array(RATES_PER_ROW).fill(140_000);
          return { coin, pairIndex, tickAtMs, bookAgeMs: 1, reason: "none", ratesJeon };
        }),
      );
      const segment = encodeFrame({ tickAtMs, part: 0, closing: false, reference: undefined, rows });
      const who = { taskId, tickAtMs, worker: "w", sourceAddress: "a", reportedAtMs: this.clock.nowMs() };
      const fetches = [{ venue: "upbit" as const, outcome: this.upbitOutcome, count: 1 }];
      await this.bus.reports.publish(taskId, encodeReport({ ...who, depths: [], fetches }, segment));
      await delivery.ack();
    }
  }

  async start(): Promise<this> {
    const started = this.scheduler.start();
    await this.clock.advance(4_000);
    await started;
    return this;
  }

  coins(): string[] {
    return [...new Set(this.scheduler.collector.table.rows().map(({ coin }) => coin))];
  }

  async end(): Promise<void> {
    const stopped = this.scheduler.stop();
    await this.clock.advance(30_000);
    await stopped;
    await this.bus.drain();
    await this.clock.advance(2_000);
  }
}

let rig: Rig | undefined;
afterEach(async () => {
  await rig?.end();
  rig = undefined;
});

test("a reference price that cannot be renewed is dropped after ten seconds, said once, and comes back", async () => {
  rig = await new Rig().start();
  const { scheduler, clock, log } = rig;
  expect(scheduler.collector.table.reference?.priceKrw).toBe(1_400);
  rig.hasReference = false;
  await clock.advance(9_000);
  expect(scheduler.collector.table.reference).toBeDefined();
  await clock.advance(6_000);
  expect(scheduler.collector.table.reference).toBeUndefined();
  expect(log.said("warn")).toEqual(["no reference price: KRW-USDT is unusable on both domestic venues"]);
  rig.hasReference = true;
  await clock.advance(4_000);
  expect(scheduler.collector.table.reference?.priceKrw).toBe(1_400);
});

test("a refresh by the operator takes a delisted coin off at once, and it does not come back", async () => {
  rig = await new Rig().start();
  const { scheduler, clock, lists } = rig;
  await clock.advance(PERIOD_MS);
  expect(rig.coins()).toEqual(["BTC", "ETH"]);
  for (const venue of ["upbit", "bithumb", "bybit", "binance"] as const) lists[venue] = ["BTC"];
  rig.offered.length = 0;
  await scheduler.refreshInstruments();
  await clock.advance(200);
  expect(rig.offered.filter(({ reason }) => reason === "delisted").map(({ coin }) => coin)).toEqual(
    Array(4).fill("ETH"),
  );
  await clock.advance(3 * PERIOD_MS);
  expect(rig.coins()).toEqual(["BTC"]);
});

test("a held coin is quoted on, and on the screens, while the rows of its lists cannot be read", async () => {
  rig = await new Rig().start();
  const { scheduler, clock, lists } = rig;
  await clock.advance(PERIOD_MS);
  rig.held = ["ETH"];
  rig.skipped = 1;
  for (const venue of ["upbit", "bithumb", "bybit", "binance"] as const) lists[venue] = ["BTC"];
  rig.offered.length = 0;
  await scheduler.refreshInstruments();
  await clock.advance(3 * PERIOD_MS);
  expect(rig.offered.filter(({ reason }) => reason === "delisted")).toEqual([]);
  const newest = scheduler.collector.newestTickAtMs;
  const eth = scheduler.collector.table.rows().filter(({ coin }) => coin === "ETH");
  expect(eth.map(({ tickAtMs }) => newest - tickAtMs <= PERIOD_MS)).toEqual(Array(4).fill(true));
  rig.skipped = 0;
  await scheduler.refreshInstruments();
  expect(rig.coins()).toEqual(["BTC"]);
});

test("a symbol its venue does not know has the lists asked for anew, at most once a minute", async () => {
  rig = await new Rig().start();
  const { clock } = rig;
  await clock.advance(PERIOD_MS);
  const before = rig.listsAsked;
  rig.upbitOutcome = "http 404";
  await clock.advance(30_000);
  expect(rig.listsAsked).toBe(before + 4);
  await clock.advance(60_000);
  expect(rig.listsAsked).toBe(before + 8);
});

test("a venue whose first list could not be had is asked again within half a minute", async () => {
  rig = new Rig();
  rig.lists.bithumb = "down";
  await rig.start();
  await rig.clock.advance(PERIOD_MS);
  expect(rig.scheduler.instruments.state().bithumb.count).toBe(0);
  rig.lists.bithumb = ["BTC", "ETH"];
  await rig.clock.advance(25_000);
  expect(rig.scheduler.instruments.state().bithumb.count).toBe(2);
  const asked = rig.listsAsked;
  await rig.clock.advance(60_000);
  expect(rig.listsAsked).toBe(asked);
});

test("stopped while the lists are still away, nothing goes on", async () => {
  rig = new Rig();
  for (const venue of ["upbit", "bithumb", "bybit", "binance"] as const) rig.lists[venue] = "down";
  const started = rig.scheduler.start();
  await rig.clock.advance(5_000);
  const stopped = rig.scheduler.stop();
  await rig.clock.advance(10_000);
  await Promise.all([started, stopped]);
  expect(rig.scheduler.ticks.counters.issued).toBe(0);
  expect(rig.clock.sleeperCount).toBeLessThanOrEqual(1);
});

test("what was delisted while no scheduler ran is taken off the screens at the start", async () => {
  rig = new Rig();
  const ratesJeon = new Float64Array(RATES_PER_ROW).fill(139_000);
  const old = {
    pairIndex: 2,
    tickAtMs: START_AT_MS - 60_000,
    bookAgeMs: 1,
    reason: "none" as const,
    ratesJeon,
  };
  rig.previous = [
    { ...old, coin: "GONE" },
    { ...old, coin: "BTC" },
  ];
  await rig.start();
  await rig.clock.advance(PERIOD_MS * 2);
  expect(rig.offered.filter(({ reason }) => reason === "delisted").map(({ coin }) => coin)).toEqual(["GONE"]);
  expect(rig.coins()).toEqual(["BTC", "ETH"]);
});
