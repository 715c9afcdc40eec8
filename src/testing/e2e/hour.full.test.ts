// An hour at the highest speed the limits allow, on a manual clock: the simulated venues without ports, real
// governors, real workers' and scheduler's stages. Fewer coins than the real market, with small books, so that an hour
// passes in seconds; the limits are the venues' own and bind.

import { afterAll, expect, test } from "bun:test";
import { QuoteAnswerer } from "../../../worker/answer-quote-task.ts";
import { runWorker } from "../../../worker/run.ts";
import { InProcessBus } from "../../adapters/bus/in-process.ts";
import { VENUE_BOOKS } from "../../adapters/venue/books.ts";
import { Governor, type GovernorOptions } from "../../adapters/venue/rate-governor.ts";
import type { Listing } from "../../domain/instrument.ts";
import { DepthBook, joinListings, taskCoinOf, tickCosts } from "../../domain/listing-table.ts";
import { shortestTickMs } from "../../domain/venue-limits.ts";
import type { BookFetcher } from "../../ports/book-fetcher.ts";
import { type ClosedTick, FrameCollector } from "../../scheduler/collect-frame.ts";
import { FramePublisher } from "../../scheduler/publish-frames.ts";
import { readReferencePrice } from "../../scheduler/reference-price.ts";
import { TickLoop } from "../../scheduler/tick-loop.ts";
import { createExchanges, type Exchanges } from "../../simulator/exchanges.ts";
import { seededRandom } from "../../simulator/faults.ts";
import { ManualClock } from "../manual-clock.ts";
import { RecordingLog } from "../recording-log.ts";
import { SMALL_MARKET_VENUES, smallMarket } from "./small-market.ts";

const HOUR_MS = 3_600_000;
const START_AT_MS = Date.UTC(2026, 0, 1);
/** Of what the limits allow, the shortest feasible tick may take this much longer. */
const SLOWER_MAX = 1.1;
const HELLO_MS = 1_000;
const REFERENCE_EVERY_MS = 3_000;

interface Plan {
  readonly coinCount: number;
  /** Address of each worker; the scheduler sits at the last one. */
  readonly addresses: readonly number[];
  readonly governed: boolean;
  readonly lengthMs: number;
}

async function run({ coinCount, addresses, governed, lengthMs }: Plan) {
  const clock = new ManualClock(START_AT_MS);
  const log = new RecordingLog();
  const market = smallMarket(coinCount);
  const exchanges = createExchanges({ seed: 1, market, nowMs: () => clock.nowMs() });
  const bus = new InProcessBus(clock);
  const coins = joinListings(
    SMALL_MARKET_VENUES.flatMap((venue) => market.listings(venue, 0).map(listingOf)),
  );
  const depths = new DepthBook();
  // As the depths are once they have been learnt.
  for (const { coin } of coins) depths.learn(coin, 3, 100);
  const costs = tickCosts(
    coins.map((coin) => taskCoinOf(coin, depths)),
    4,
  );
  const addressCount = new Set(addresses).size;
  const shortest = shortestTickMs(costs, addressCount);
  // Whole milliseconds also for the parts of it that are slept; a real clock shows no others.
  const periodMs = Math.floor((shortest.tickMs * SLOWER_MAX) / 20) * 20;
  await bus.ensureStreams({ tickPeriodMs: periodMs });

  const governorAt = (id: string, role: GovernorOptions["role"], address: number) =>
    new Governor({
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
  const stop = new AbortController();
  const governors: Governor[] = [];
  const collector = new FrameCollector();
  const closed: ClosedTick[] = [];
  const ticks = new TickLoop({
    clock,
    log,
    tasks: bus.tasks,
    reports: bus.reports,
    collector,
    publisher: new FramePublisher({
      clock,
      log,
      table: collector.table,
      sink: { publishFrame: async () => undefined, putSnapshot: async () => undefined },
      pack: () => new Uint8Array(0),
      offer: () => undefined,
    }),
    depths,
    periodMs,
    coins: () => coins,
    onClosed: (tick) => closed.push(tick),
  });
  for (const [index, address] of addresses.entries()) {
    const governor = governorAt(`worker-${index}`, "worker", address);
    governors.push(governor);
    const fetcher = distantFetcher(exchanges, clock, address, index);
    const settings = { requestTimeoutMs: 3_000, bookAgeMsMax: 5_000, legSkewMsMax: 2_000 };
    const answerer = new QuoteAnswerer({ clock, fetcher, governor, venues: VENUE_BOOKS, settings });
    const counters = { answered: 0, late: 0, unreadable: 0, givenBack: 0 };
    const deps = { clock, log, tasks: bus.tasks, reports: bus.reports, governor, answerer };
    const who = { id: `worker-${index}`, sourceAddress: `address-${address}` };
    void governor.start().then(() => runWorker({ ...deps, ...who }, stop.signal, counters));
  }
  const governor = governorAt("scheduler", "scheduler", addresses.at(-1)!);
  governors.push(governor);
  const fetcher = distantFetcher(exchanges, clock, addresses.at(-1)!, 99);
  void governor.start().then(async () => {
    while (!stop.signal.aborted) {
      await readReferencePrice({ clock, fetcher, governor, venues: VENUE_BOOKS, requestTimeoutMs: 3_000 });
      await clock.sleep(REFERENCE_EVERY_MS, stop.signal);
    }
  });
  await clock.advance(10_000);
  void ticks.start();
  await clock.advance(lengthMs);
  const totals = exchanges.control.totals();
  const usage = exchanges.control.usage();
  stop.abort();
  const stopped = ticks.stop();
  for (const each of governors) void each.stop();
  await clock.advance(10_000);
  await stopped;
  await bus.drain();
  return { closed, totals, usage, periodMs, shortest, costs, ticks, collector };
}

/** There and back takes 20 to 80 ms; the venue counts the request somewhere in between. */
function distantFetcher(
  exchanges: Exchanges,
  clock: ManualClock,
  sourceIndex: number,
  seed: number,
): BookFetcher {
  const random = seededRandom(seed);
  return {
    async fetch(venue, request) {
      await clock.sleep(10 + Math.floor(random() * 30));
      const delivery = exchanges.handle(venue, {
        method: "GET",
        target: request.path,
        header: () => null,
        body: "",
        address: "127.0.0.1",
        sourceIndex,
      });
      await clock.sleep(10 + Math.floor(random() * 30));
      const receivedAtMs = clock.nowMs();
      if (delivery.kind !== "send") throw new Error(`expected an answer, was ${delivery.kind}`);
      const { status, body } = delivery.reply;
      const answer = { status, headers: new Headers(delivery.headers), text: body.slice(0, 300) };
      const bytes = status === 200 ? new TextEncoder().encode(body) : undefined;
      return { bytes, receivedAtMs, outcome: bytes ? "ok" : `http ${status}`, answer };
    },
  };
}

function listingOf(listing: ReturnType<ReturnType<typeof smallMarket>["listings"]>[number]): Listing {
  return {
    venue: listing.venue,
    coin: listing.assetId,
    symbol: listing.symbol,
    multiplier: 1,
    displayName: listing.englishName,
    tradable: true,
    warnings: [],
    delistAtMs: undefined,
    priceIncrement: undefined,
    qtyStep: undefined,
    qtyMin: undefined,
    notionalMin: undefined,
  };
}

const PLANS = {
  "three workers and the scheduler sharing one address": { coinCount: 40, addresses: [0, 0, 0] },
  "two workers with an address each": { coinCount: 60, addresses: [0, 1] },
} as const;

if (process.env.FULL) {
  const lines: string[] = [];
  afterAll(() => console.log(lines.join("\n")));

  for (const [name, plan] of Object.entries(PLANS)) {
    test(`an hour at full speed, ${name}: no refusal, and no tick takes more than 1.1 of what the limits allow`, async () => {
      const { closed, totals, usage, periodMs, shortest, costs, ticks, collector } = await run({
        ...plan,
        governed: true,
        lengthMs: HOUR_MS,
      });
      const incomplete = closed.filter(({ missing }) => missing.length > 0).length;
      const peaks = usage.map(
        ({ host, source, group, peak, limit }) => `${host}${source.slice(-2)} ${group} ${peak}/${limit}`,
      );
      lines.push(
        `${name}: ${JSON.stringify(costs)}, shortest tick ${shortest.tickMs} ms (${shortest.venue}), period ${periodMs} ms`,
        `  ${closed.length} ticks (${incomplete} incomplete, ${ticks.counters.skipped} skipped), ${totals.requests} requests, ${totals.limited} refused`,
        `  nulls ${JSON.stringify(Object.fromEntries(collector.nullsByReason))}; peaks ${peaks.join(", ")}`,
      );
      expect(totals.limited).toBe(0);
      expect(incomplete).toBe(0);
      // A worker whose own part is spent answers for that venue with null rather than late.
      const nullCount = [...collector.nullsByReason.values()].reduce((sum, count) => sum + count, 0);
      const rowCount = closed.reduce((sum, tick) => sum + tick.rowCount, 0);
      expect(nullCount / rowCount).toBeLessThan(0.001);
      expect(closed.length).toBeGreaterThanOrEqual(Math.floor(HOUR_MS / periodMs) - 2);
    }, 300_000);
  }

  test("without the governor the same run is refused within two minutes", async () => {
    const { totals } = await run({
      ...PLANS["three workers and the scheduler sharing one address"],
      governed: false,
      lengthMs: 120_000,
    });
    lines.push(`governor off, two minutes: ${totals.requests} requests, ${totals.limited} refused`);
    expect(totals.limited).toBeGreaterThan(0);
  }, 60_000);
}
