// An hour at the highest speed the limits allow, on a manual clock: the simulator's own market without ports, real
// governors, real workers' and scheduler's stages, and beside the order books all else that is asked of the venues in
// service: the reference price, the lists every five minutes, wallet states with operator's keys.

import { afterAll, expect, spyOn, test } from "bun:test";
import { VENUES } from "../../../schema/vocabulary.ts";
import { QuoteAnswerer } from "../../../worker/answer-quote-task.ts";
import { runWorker } from "../../../worker/run.ts";
import { InProcessBus } from "../../adapters/bus/in-process.ts";
import { VENUE_BOOKS } from "../../adapters/venue/books.ts";
import { createVenueLists, type ListDeps } from "../../adapters/venue/lists.ts";
import { Governor, type GovernorOptions } from "../../adapters/venue/rate-governor.ts";
import { binanceSigned, bybitHeaders, krwAuthorization } from "../../adapters/venue/signing.ts";
import { DepthBook, taskCoinOf, tickCosts } from "../../domain/listing-table.ts";
import { shortestTickMs } from "../../domain/venue-limits.ts";
import type { InstrumentStore } from "../../ports/store.ts";
import { ListFault } from "../../ports/venue-lists.ts";
import { type ClosedTick, FrameCollector } from "../../scheduler/collect-frame.ts";
import { FramePublisher } from "../../scheduler/publish-frames.ts";
import { readReferencePrice } from "../../scheduler/reference-price.ts";
import { InstrumentBook } from "../../scheduler/refresh-instruments.ts";
import { TickLoop } from "../../scheduler/tick-loop.ts";
import { createExchanges, SIMULATOR_KEYS } from "../../simulator/exchanges.ts";
import { createMarket } from "../../simulator/market.ts";
import { ManualClock } from "../manual-clock.ts";
import { RecordingLog } from "../recording-log.ts";
import { type Distance, distanceTo, distantFetch, distantFetcher, withKeptBooks } from "./distant-venues.ts";

const HOUR_MS = 3_600_000;
const START_AT_MS = Date.UTC(2026, 0, 1);
/** Of what the limits allow, the shortest feasible tick may take this much longer. */
const SLOWER_MAX = 1.1;
/** Part of all rates that may be null because a worker's part of a budget was spent. */
const BUDGET_NULLS_MAX = 0.001;
const COINS_PER_TASK = 4;
const COINS_MIN = 131;
const HELLO_MS = 1_000;
const REFERENCE_EVERY_MS = 3_000;
const LISTS_EVERY_MS = 300_000;
/** Ticks in which the depths that Binance is asked for are learnt, and their length. */
const LEARNING_TICKS = 6;
const LEARNING_PERIOD_MS = 30_000;
const URLS = {
  upbit: "http://upbit",
  bithumb: "http://bithumb",
  bybit: "http://bybit",
  binance: "http://binance",
};

interface Plan {
  /** Address of each worker; the scheduler sits at the last one. */
  readonly addresses: readonly number[];
  readonly governed: boolean;
  readonly lengthMs: number;
}

async function run({ addresses, governed, lengthMs }: Plan) {
  const clock = new ManualClock(START_AT_MS);
  const log = new RecordingLog();
  const market = withKeptBooks(createMarket({ seed: 1, startAtMs: START_AT_MS }));
  const exchanges = createExchanges({ seed: 1, market, nowMs: () => clock.nowMs() });
  const bus = new InProcessBus(clock);
  const depths = new DepthBook();
  const stop = new AbortController();
  const governors: Governor[] = [];
  const governorAt = (id: string, role: GovernorOptions["role"], address: number) => {
    const governor = new Governor({
      id,
      role,
      sourceAddress: `address-${address}`,
      version: "test",
      clock,
      log,
      announcements: bus.announcements,
      linkUp: () => true,
      helloMs: HELLO_MS,
      enabled: governed,
    });
    governors.push(governor);
    return governor;
  };
  await bus.ensureStreams({ tickPeriodMs: LEARNING_PERIOD_MS });

  for (const [index, address] of addresses.entries()) {
    const governor = governorAt(`worker-${index}`, "worker", address);
    const fetcher = distantFetcher(
      distanceTo(exchanges, clock, { sourceIndex: address, seed: index }),
      clock,
    );
    const settings = { requestTimeoutMs: 3_000, bookAgeMsMax: 5_000, legSkewMsMax: 2_000 };
    const answerer = new QuoteAnswerer({ clock, fetcher, governor, venues: VENUE_BOOKS, settings });
    const counters = { answered: 0, late: 0, unreadable: 0, givenBack: 0 };
    const deps = { clock, log, tasks: bus.tasks, reports: bus.reports, governor, answerer };
    const who = { id: `worker-${index}`, sourceAddress: `address-${address}` };
    void governor.start().then(() => runWorker({ ...deps, ...who }, stop.signal, counters));
  }

  const address = addresses.at(-1)!;
  const governor = governorAt("scheduler", "scheduler", address);
  const ask = distanceTo(exchanges, clock, { sourceIndex: address, seed: 99 });
  const fetching = spyOn(globalThis, "fetch").mockImplementation(distantFetch(ask) as typeof fetch);
  const lists = createVenueLists({
    ...{ urls: URLS, clock, log, governor, timeoutMs: 9_000 },
    readWallets: walletReaders(ask, clock),
  });
  const instruments = new InstrumentBook({ clock, log, lists, store: NO_STORE, heldCoins: async () => [] });
  const fetcher = distantFetcher(ask, clock);
  let listCount = 0;
  const every = async (lengthMs: number, work: () => Promise<unknown>) => {
    while (!stop.signal.aborted) {
      await work();
      await clock.sleep(lengthMs, stop.signal);
    }
  };
  void governor.start().then(() => {
    void every(REFERENCE_EVERY_MS, () =>
      readReferencePrice({ clock, fetcher, governor, venues: VENUE_BOOKS, requestTimeoutMs: 3_000 }),
    );
    void every(LISTS_EVERY_MS, async () => {
      await instruments.refresh();
      listCount++;
    });
  });

  const ticksOf = (periodMs: number) => {
    const collector = new FrameCollector();
    const closed: ClosedTick[] = [];
    const sink = { publishFrame: async () => undefined, putSnapshot: async () => undefined };
    const publisher = new FramePublisher({
      ...{ clock, log, table: collector.table, sink },
      pack: () => new Uint8Array(0),
      offer: () => undefined,
    });
    const ticks = new TickLoop({
      ...{ clock, log, tasks: bus.tasks, reports: bus.reports, collector, publisher, depths, periodMs },
      coins: () => instruments.coins(),
      onClosed: (tick) => closed.push(tick),
    });
    return { collector, closed, ticks };
  };
  const costsNow = () =>
    tickCosts(
      instruments.coins().map((coin) => taskCoinOf(coin, depths)),
      COINS_PER_TASK,
    );
  const addressCount = new Set(addresses).size;

  try {
    await clock.advanceUntil(() => listCount > 0);
    const learning = ticksOf(LEARNING_PERIOD_MS);
    void learning.ticks.start();
    await clock.advance(LEARNING_TICKS * LEARNING_PERIOD_MS);
    const ended = learning.ticks.stop();
    await clock.advance(LEARNING_PERIOD_MS);
    await ended;
    const costs = costsNow();
    const shortest = shortestTickMs(costs, addressCount);
    // Whole milliseconds also for the parts of it that are slept; a real clock shows no others.
    const periodMs = Math.floor((shortest.tickMs * SLOWER_MAX) / 20) * 20;
    await bus.ensureStreams({ tickPeriodMs: periodMs });
    const { collector, closed, ticks } = ticksOf(periodMs);
    void ticks.start();
    await clock.advance(lengthMs);
    const coinCount = instruments.coins().length;
    const costsAtEnd = costsNow();
    const totals = exchanges.control.totals();
    const usage = exchanges.control.usage();
    const wallets = VENUES.filter((venue) => instruments.wallet(venue, "BTC") !== undefined);
    stop.abort();
    const stopped = ticks.stop();
    for (const each of governors) void each.stop();
    await clock.advance(10_000);
    await stopped;
    await bus.drain();
    return {
      ...{ closed, totals, usage, periodMs, shortest, costs, costsAtEnd, ticks, collector },
      ...{ coinCount, listCount, wallets, log },
    };
  } finally {
    fetching.mockRestore();
  }
}

/** The operator's keys at work: wallet states signed for the clock's instant, which ccxt, that reads them in service, cannot. */
function walletReaders(ask: Distance, clock: ManualClock): NonNullable<ListDeps["readWallets"]> {
  const key = SIMULATOR_KEYS[0]!;
  let count = 0;
  const bodyOf = async (...request: Parameters<Distance>) => {
    const { status, body } = await ask(...request);
    if (status !== 200) throw new ListFault(`expected wallet states, was ${status}`);
    return body;
  };
  const domestic = (algorithm: "HS256" | "HS512", timestampMs?: number) => ({
    Authorization: krwAuthorization(key, {
      ...{ algorithm, nonce: `nonce-${++count}`, query: "" },
      ...(timestampMs !== undefined && { timestampMs }),
    }),
  });
  return {
    upbit: () => bodyOf("upbit", "/v1/status/wallet", domestic("HS512")),
    bithumb: () => bodyOf("bithumb", "/v1/status/wallet", domestic("HS256", clock.nowMs())),
    bybit: () => bodyOf("bybit", "/v5/asset/coin/query-info", bybitHeaders(key, clock.nowMs(), 5_000, "")),
    binance: () =>
      bodyOf(
        "binanceSpot",
        `/sapi/v1/capital/config/getall?${binanceSigned(key, `timestamp=${clock.nowMs()}`)}`,
        { "X-MBX-APIKEY": key.apiKey },
      ),
  };
}

/** Keeps nothing: a list is compared with the one before it. */
const NO_STORE: InstrumentStore = {
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
};

const PLANS = {
  "an hour, three workers and the scheduler sharing one address": { addresses: [0, 0, 0], lengthMs: HOUR_MS },
  "twenty minutes, two workers with an address each": { addresses: [0, 1], lengthMs: HOUR_MS / 3 },
} as const;

if (process.env.FULL) {
  const lines: string[] = [];
  afterAll(() => console.log(lines.join("\n")));

  for (const [name, plan] of Object.entries(PLANS)) {
    test(`at full speed for ${name}: no refusal, and no tick takes more than 1.1 of what the limits allow`, async () => {
      const hour = await run({ ...plan, governed: true });
      const { closed, totals, usage, periodMs, shortest, costs, costsAtEnd, ticks, collector } = hour;
      const incomplete = closed.filter(({ missing }) => missing.length > 0).length;
      const peaks = usage.map(
        ({ host, source, group, peak, limit }) => `${host}${source.slice(-2)} ${group} ${peak}/${limit}`,
      );
      lines.push(
        `${name}: ${hour.coinCount} coins, ${JSON.stringify(costs)}, at the end ${JSON.stringify(costsAtEnd)}`,
        `  shortest tick ${shortest.tickMs} ms (${shortest.venue}), period ${periodMs} ms`,
        `  ${closed.length} ticks (${incomplete} incomplete, ${ticks.counters.skipped} skipped), ${hour.listCount} times lists, ` +
          `wallet states of ${hour.wallets.join(", ")}, ${totals.requests} requests, ${totals.limited} refused`,
        `  nulls ${JSON.stringify(Object.fromEntries(collector.nullsByReason))}; peaks ${peaks.join(", ")}`,
      );
      expect(totals.limited).toBe(0);
      expect(incomplete).toBe(0);
      expect(hour.coinCount).toBeGreaterThanOrEqual(COINS_MIN);
      expect(hour.listCount).toBeGreaterThanOrEqual(Math.floor(plan.lengthMs / LISTS_EVERY_MS));
      expect(hour.wallets).toEqual([...VENUES]);
      // Of what the others behind its address have spent since they last said so, a worker leaves its part free, as if it
      // were a stranger's: it may then answer for a venue with null rather than late.
      const rowCount = closed.reduce((sum, tick) => sum + tick.rowCount, 0);
      expect((collector.nullsByReason.get("rate-limited") ?? 0) / rowCount).toBeLessThan(BUDGET_NULLS_MAX);
      expect(closed.length).toBeGreaterThanOrEqual(Math.floor(plan.lengthMs / periodMs) - 2);
    }, 900_000);
  }

  test("without the governor the same run is refused within two minutes", async () => {
    const { totals } = await run({
      addresses: [0, 0, 0],
      governed: false,
      lengthMs: 120_000,
    });
    lines.push(`governor off, two minutes: ${totals.requests} requests, ${totals.limited} refused`);
    expect(totals.limited).toBeGreaterThan(0);
  }, 300_000);
}
