// The whole pipeline in memory on a manual clock: simulated venues without ports, the in-process bus, workers, the
// scheduler's stages. Every test of a tick starts from here, and so can a reader of the code.

import type { Venue } from "../../schema/vocabulary.ts";
import { QuoteAnswerer } from "../../worker/answer-quote-task.ts";
import { runWorker, type WorkerCounters } from "../../worker/run.ts";
import { InProcessBus } from "../adapters/bus/in-process.ts";
import type { Frame } from "../domain/frame.ts";
import type { Listing } from "../domain/instrument.ts";
import { DepthBook, joinListings, type QuotedCoin } from "../domain/listing-table.ts";
import type { BookFetcher } from "../ports/book-fetcher.ts";
import type { TaskDelivery, TaskQueue } from "../ports/bus.ts";
import type { VenueBooks } from "../ports/market-data.ts";
import type { RateGovernor } from "../ports/rate-governor.ts";
import type { Tracer } from "../ports/tracing.ts";
import { type ClosedTick, FrameCollector } from "../scheduler/collect-frame.ts";
import { FramePublisher } from "../scheduler/publish-frames.ts";
import { TickLoop } from "../scheduler/tick-loop.ts";
import { createExchanges, type Exchanges } from "../simulator/exchanges.ts";
import type { SimMarket } from "../simulator/types.ts";
import { ManualClock } from "./manual-clock.ts";
import { RecordingLog } from "./recording-log.ts";

export interface ServiceOptions {
  readonly market: SimMarket;
  readonly coins: readonly string[];
  readonly workerCount: number;
  readonly periodMs: number;
  /** The venues' adapters: what is tested must be handed in (src/testing may not import them). */
  readonly venues: Readonly<Record<Venue, VenueBooks>>;
  /** Changes what workers get from the queue: lost acknowledgements, duplicates. */
  readonly wrapTasks?: (tasks: TaskQueue) => TaskQueue;
  readonly startAtMs?: number;
  /** Frames go out on the bus so packed; left out: they are only kept. */
  readonly pack?: (frame: Frame) => Uint8Array;
  readonly tracer?: Tracer;
}

export interface Service {
  readonly clock: ManualClock;
  readonly log: RecordingLog;
  readonly bus: InProcessBus;
  readonly exchanges: Exchanges;
  readonly collector: FrameCollector;
  readonly ticks: TickLoop;
  readonly frames: Frame[];
  readonly closed: ClosedTick[];
  readonly counters: WorkerCounters[];
  /** Begins the beat; resolves when the first tick is issued. Advance the clock meanwhile. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

const LATENCY_MS = 20;

/** Grants everything: limits are the governor's tests' business. */
export const openGovernor: RateGovernor = {
  reserve: async (costs) => ({ venues: new Set(Object.keys(costs) as Venue[]), settle: () => undefined }),
  hasShare: () => true,
  readyInMs: () => 0,
};

/** Listings as the simulated market has them, for the named coins. */
function quotedCoins(market: SimMarket, coins: readonly string[], atMs: number): QuotedCoin[] {
  // The simulator names an asset once for all venues; Upbit's ticker is the coin.
  const tickerOf = new Map(market.listings("upbit", atMs).map(({ assetId, base }) => [assetId, base]));
  const wanted = new Set(coins);
  const listings: Listing[] = [];
  for (const venue of ["upbit", "bithumb", "bybit", "binance"] as const) {
    for (const listing of market.listings(venue, atMs)) {
      const coin = tickerOf.get(listing.assetId);
      if (coin === undefined || !wanted.has(coin)) continue;
      listings.push({
        venue,
        coin,
        symbol: listing.symbol,
        multiplier: listing.multiplier,
        displayName: listing.englishName,
        tradable: true,
        warnings: [],
        delistAtMs: undefined,
        priceIncrement: undefined,
        qtyStep: undefined,
        qtyMin: undefined,
        notionalMin: undefined,
      });
    }
  }
  return joinListings(listings);
}

/** Requests to the simulated venues in this process; time passes on the manual clock. */
export function simulatedFetcher(exchanges: Exchanges, clock: ManualClock, sourceIndex: number): BookFetcher {
  return {
    async fetch(venue, request, timeoutMs) {
      const delivery = exchanges.handle(venue, {
        method: "GET",
        target: request.path,
        header: () => null,
        body: "",
        address: "127.0.0.1",
        sourceIndex,
      });
      const isAnswered = delivery.kind === "send" || delivery.kind === "reset";
      const waitMs = isAnswered ? LATENCY_MS + delivery.delayMs : Number.POSITIVE_INFINITY;
      if (waitMs > timeoutMs) {
        await clock.sleep(timeoutMs);
        const answer = { status: 0, headers: undefined };
        return { bytes: undefined, receivedAtMs: clock.nowMs(), outcome: "timeout", answer };
      }
      await clock.sleep(waitMs);
      const receivedAtMs = clock.nowMs();
      if (delivery.kind !== "send") {
        const answer = { status: 0, headers: undefined };
        return { bytes: undefined, receivedAtMs, outcome: "network", answer };
      }
      const { status, body } = delivery.reply;
      const answer = { status, headers: new Headers(delivery.headers) };
      const bytes = status === 200 ? new TextEncoder().encode(body) : undefined;
      return { bytes, receivedAtMs, outcome: status === 200 ? "ok" : `http ${status}`, answer };
    },
  };
}

export async function createService(options: ServiceOptions): Promise<Service> {
  const { market, periodMs, workerCount, tracer } = options;
  const clock = new ManualClock(options.startAtMs ?? Date.UTC(2026, 0, 1, 0, 0, 1));
  const log = new RecordingLog();
  const bus = new InProcessBus(clock);
  await bus.ensureStreams({ tickPeriodMs: periodMs });
  const exchanges = createExchanges({ seed: 1, limits: false, market, nowMs: () => clock.nowMs() });
  const collector = new FrameCollector();
  const frames: Frame[] = [];
  const closed: ClosedTick[] = [];
  const publisher = new FramePublisher({
    clock,
    log,
    table: collector.table,
    sink: options.pack
      ? bus.frames
      : { publishFrame: async () => undefined, putSnapshot: async () => undefined },
    tracer,
    pack: (frame) => {
      // The snapshot repeats the frame before it: only frames are of interest here.
      if (frame.rows.length !== collector.table.size || frame.rows !== frames.at(-1)?.rows)
        frames.push(frame);
      return options.pack?.(frame) ?? new Uint8Array(0);
    },
    offer: () => undefined,
  });
  const coins = quotedCoins(market, options.coins, clock.nowMs());
  const ticks = new TickLoop({
    clock,
    log,
    tasks: bus.tasks,
    reports: bus.reports,
    collector,
    publisher,
    depths: new DepthBook(),
    periodMs,
    coins: () => coins,
    onClosed: (tick) => closed.push(tick),
    tracer,
  });
  const stop = new AbortController();
  const counters: WorkerCounters[] = [];
  const running: Promise<void>[] = [];
  const tasks = options.wrapTasks?.(bus.tasks) ?? bus.tasks;
  for (let index = 0; index < workerCount; index++) {
    const own: WorkerCounters = { answered: 0, late: 0, unreadable: 0, givenBack: 0 };
    counters.push(own);
    const answerer = new QuoteAnswerer({
      clock,
      fetcher: simulatedFetcher(exchanges, clock, index),
      governor: openGovernor,
      venues: options.venues,
      settings: { requestTimeoutMs: 3_000, bookAgeMsMax: 5_000, legSkewMsMax: 2_000 },
    });
    const deps = { clock, log, tasks, reports: bus.reports, governor: openGovernor, answerer, tracer };
    const who = { id: `worker-${index}`, sourceAddress: `address-${index}` };
    running.push(runWorker({ ...deps, ...who }, stop.signal, own));
  }
  return {
    clock,
    log,
    bus,
    exchanges,
    collector,
    ticks,
    frames,
    closed,
    counters,
    start: () => ticks.start(),
    stop: async () => {
      stop.abort();
      const stopped = ticks.stop();
      await clock.advance(10_000);
      await Promise.all([stopped, ...running]);
      await bus.drain();
    },
  };
}

/** A queue that hands every task out twice, as after a lost acknowledgement. */
export function repeatingQueue(tasks: TaskQueue): TaskQueue {
  let again: TaskDelivery | undefined;
  return {
    publish: (id, bytes) => tasks.publish(id, bytes),
    async next(waitMs) {
      if (again) {
        const delivery = again;
        again = undefined;
        return delivery;
      }
      const delivery = await tasks.next(waitMs);
      again = delivery && { ...delivery, ack: async () => undefined };
      return delivery;
    },
  };
}
