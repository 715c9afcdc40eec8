import { expect, test } from "bun:test";
import { encodeReport } from "../../schema/messages/quote-report.ts";
import { parseQuoteTask } from "../../schema/messages/quote-task.ts";
import { InProcessBus } from "../adapters/bus/in-process.ts";
import { encodeFrame, type Frame } from "../domain/frame.ts";
import type { Listing } from "../domain/instrument.ts";
import { DepthBook, joinListings } from "../domain/listing-table.ts";
import { RATES_PER_ROW } from "../domain/rate-table.ts";
import { ManualClock } from "../testing/manual-clock.ts";
import { RecordingLog } from "../testing/recording-log.ts";
import { FrameCollector } from "./collect-frame.ts";
import { FramePublisher } from "./publish-frames.ts";
import { TickLoop } from "./tick-loop.ts";

const PERIOD_MS = 10_000;
const START_AT_MS = Date.UTC(2026, 0, 1);
const COINS = ["BTC", "ETH", "XRP", "SOL", "ADA", "DOGE"];

const LISTINGS = COINS.flatMap((coin) =>
  (["upbit", "bybit"] as const).map(
    (venue): Listing => ({
      venue,
      coin,
      symbol: coin,
      multiplier: 1,
      displayName: coin,
      tradable: true,
      warnings: [],
      delistAtMs: undefined,
      priceIncrement: undefined,
      qtyStep: undefined,
      qtyMin: undefined,
      notionalMin: undefined,
    }),
  ),
);

/** A beat on a manual clock with one worker that answers everything at 1400 after `answerMs`. */
async function open(answerMs = 2_000) {
  const clock = new ManualClock(START_AT_MS);
  const bus = new InProcessBus(clock);
  await bus.ensureStreams({ tickPeriodMs: PERIOD_MS });
  const log = new RecordingLog();
  const collector = new FrameCollector();
  collector.table.reference = { priceKrw: 1_400, venue: "upbit", atMs: START_AT_MS };
  const frames: Frame[] = [];
  const publisher = new FramePublisher({
    clock,
    log,
    table: collector.table,
    sink: { publishFrame: async () => undefined, putSnapshot: async () => undefined },
    pack: (frame) => {
      frames.push(frame);
      return new Uint8Array(0);
    },
    offer: () => undefined,
  });
  const ticks = new TickLoop({
    clock,
    log,
    tasks: bus.tasks,
    reports: bus.reports,
    collector,
    publisher,
    depths: new DepthBook(),
    periodMs: PERIOD_MS,
    coins: () => joinListings(LISTINGS),
    onClosed: () => undefined,
  });
  const stop = new AbortController();
  void (async () => {
    while (!stop.signal.aborted) {
      const delivery = await bus.tasks.next(1_000);
      if (!delivery) continue;
      const { taskId, tickAtMs, coins } = parseQuoteTask(delivery.bytes);
      void clock.sleep(answerMs).then(async () => {
        const rows = coins.map(({ coin }) => {
          const ratesJeon = new Float64Array(RATES_PER_ROW).fill(140_000);
          return { coin, pairIndex: 0, tickAtMs, bookAgeMs: 1, reason: "none" as const, ratesJeon };
        });
        const segment = encodeFrame({ tickAtMs, part: 0, closing: false, reference: undefined, rows });
        const header = { taskId, tickAtMs, worker: "w", sourceAddress: "a", reportedAtMs: clock.nowMs() };
        await bus.reports.publish(taskId, encodeReport({ ...header, depths: [], fetches: [] }, segment));
        await delivery.ack();
      });
    }
  })();
  const started = ticks.start();
  await clock.advance(3_000);
  await started;
  const end = async () => {
    stop.abort();
    const stopped = ticks.stop();
    await clock.advance(5_000);
    await stopped;
    await bus.drain();
  };
  return { clock, log, collector, frames, ticks, end };
}

const ratedCount = (collector: FrameCollector) =>
  collector.table.rows().filter(({ reason }) => reason === "none").length;

test("a clock set back by less than a period neither repeats a beat nor cuts the open tick short", async () => {
  const { clock, collector, ticks, end } = await open(6_000);
  await clock.advance(7_000 + 1_000);
  expect(collector.open?.tickAtMs).toBe(START_AT_MS + PERIOD_MS);
  // NTP sets the clock back over the beat that has just been.
  clock.setWallClock(START_AT_MS + PERIOD_MS - 2_000);
  await clock.advance(4_000);
  expect(collector.open?.tickAtMs).toBe(START_AT_MS + PERIOD_MS);
  await clock.advance(4_000);
  expect(ticks.lastClosed).toMatchObject({ tickAtMs: START_AT_MS + PERIOD_MS, missing: [] });
  expect(ratedCount(collector)).toBe(COINS.length);
  await clock.advance(20_000);
  expect(ticks.counters.incomplete).toBe(0);
  expect(ticks.counters.closed).toBeGreaterThanOrEqual(3);
  await end();
});

test("a clock set back by an hour stops the ticks: said once, rows blanked once, and it goes on when caught up", async () => {
  const { clock, collector, frames, log, ticks, end } = await open();
  await clock.advance(9_000);
  expect(ratedCount(collector)).toBe(COINS.length);
  clock.setWallClock(clock.nowMs() - 3_600_000);
  frames.length = 0;
  await clock.advance(120_000);
  expect(ratedCount(collector)).toBe(0);
  expect(frames.flatMap(({ rows }) => rows).length).toBeGreaterThan(0);
  expect(log.said("error")).toEqual(["the clock went back: no ticks until it has caught up"]);
  expect(frames.length).toBeLessThanOrEqual(2);
  clock.setWallClock(START_AT_MS + 3_600_000);
  await clock.advance(25_000);
  expect(ratedCount(collector)).toBe(COINS.length);
  expect(ticks.lastClosed!.missing).toEqual([]);
  await end();
});

test("a clock that jumps ahead, or a host that slept, closes what is open and goes on with the tick of now", async () => {
  const { clock, collector, ticks, end } = await open(6_000);
  await clock.advance(7_500);
  clock.setWallClock(clock.nowMs() + 3_600_000);
  await clock.advance(12_000);
  expect(collector.newestTickAtMs).toBeGreaterThan(START_AT_MS + 3_600_000);
  await clock.advance(20_000);
  expect(ratedCount(collector)).toBe(COINS.length);
  expect(ticks.lastClosed!.missing).toEqual([]);
  await end();
});

test("while the operator pauses, clients are not left with old numbers; resumed, the next beat brings new ones", async () => {
  const { clock, collector, frames, ticks, end } = await open();
  ticks.paused = true;
  frames.length = 0;
  await clock.advance(8_000);
  expect(ratedCount(collector)).toBe(0);
  const blanked = frames.flatMap(({ rows }) => rows).filter(({ reason }) => reason === "missing");
  expect(new Set(blanked.map(({ coin }) => coin))).toEqual(new Set(COINS));
  const count = frames.length;
  await clock.advance(60_000);
  expect(frames.length).toBe(count);
  ticks.paused = false;
  await clock.advance(13_000);
  expect(ratedCount(collector)).toBe(COINS.length);
  await end();
});
