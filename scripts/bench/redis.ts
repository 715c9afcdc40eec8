// Publishing a full table to Redis: how long it holds the event loop that trades when the thread does it, against
// making the same messages there, in the same run; and how soon the compact frame has reached a subscriber.

import { RedisClient } from "bun";
import { REDIS } from "../../schema/messages/subjects.ts";
import { systemClock } from "../../src/adapters/clock.ts";
import { packFrame, packText } from "../../src/adapters/frame-codec.ts";
import { createRedisPublisher } from "../../src/adapters/redis/publisher.ts";
import { karbitResultsText } from "../../src/domain/karbit.ts";
import { RATES_PER_ROW, type RateRow } from "../../src/domain/rate-table.ts";
import { RecordingLog } from "../../src/testing/recording-log.ts";
import { startRedis } from "../../src/testing/services.ts";
import type { BenchLine } from "./line.ts";

const COINS = 131;
const PAIRS_PER_COIN = 4;
const WARM_UP_TICKS = 5;
const MEASURED_TICKS = 25;
const TARGET_MS = 5;

/** Starts a redis-server of its own. */
export async function benchRedis(): Promise<BenchLine[]> {
  const server = await startRedis();
  const publisher = createRedisPublisher({
    target: { kind: "tcp", url: server.url },
    tickPeriodMs: 1_000,
    log: new RecordingLog(),
    clock: systemClock,
  });
  const subscriber = new RedisClient(server.url);
  await subscriber.connect();
  let arrived = () => {};
  await subscriber.subscribe(REDIS.framesChannel, () => arrived());
  await subscriber.subscribe(REDIS.karbitChannel, () => {});
  try {
    const heldMs: number[] = [];
    const inLoopMs: number[] = [];
    const arrivalMs: number[] = [];
    for (let tick = 1; tick <= WARM_UP_TICKS + MEASURED_TICKS; tick++) {
      const rows = tableOf(tick * 1_000);
      const head = { tickAtMs: tick * 1_000, part: 0, closing: true, reference: undefined };
      const packed = packFrame({ ...head, rows });
      inLoopMs.push(
        timed(() => {
          packText(karbitResultsText(rows));
          Buffer.from(packFrame({ ...head, rows })).toString("base64");
        }),
      );
      const arrival = new Promise<void>((resolve) => {
        arrived = resolve;
      });
      const startMs = performance.now();
      heldMs.push(timed(() => publisher.offer(packed)));
      await arrival;
      arrivalMs.push(performance.now() - startMs);
      while (publisher.state().groupCount < tick) await systemClock.sleep(5);
    }
    const held = median(heldMs);
    const arrivalAfterMs = median(arrivalMs);
    return [
      {
        name: "a full table offered to Redis: the trading loop held, median",
        figure: held,
        unit: "ms",
        comparison: `made in the loop: ${median(inLoopMs)} ms`,
        target: `at most ${TARGET_MS}`,
        ok: held <= TARGET_MS,
      },
      {
        name: "a full table from offer to a subscriber of the compact frames, median",
        figure: arrivalAfterMs,
        unit: "ms",
        comparison: "Karbit's format follows it, made in the thread",
        target: "none",
        ok: true,
      },
    ];
  } finally {
    subscriber.close();
    await publisher.stop();
    await server.stop();
  }
}

/** Rates that rise and fall slightly along the sizes, as real ones do, another curve for each row. */
function tableOf(tickAtMs: number): RateRow[] {
  return Array.from({ length: COINS * PAIRS_PER_COIN }, (_, index) => ({
    coin: `C${Math.floor(index / PAIRS_PER_COIN)}`,
    pairIndex: index % PAIRS_PER_COIN,
    tickAtMs,
    bookAgeMs: 150,
    reason: "none",
    ratesJeon: Float64Array.from({ length: RATES_PER_ROW }, (_, seed) =>
      Math.round(140_000 + index * 17 + (tickAtMs % 7_000) / 10 + Math.sqrt(seed * (index + 1)) * 3),
    ),
  }));
}

function timed(work: () => void): number {
  const startMs = performance.now();
  work();
  return performance.now() - startMs;
}

function median(values: readonly number[]): number {
  const measured = values.slice(WARM_UP_TICKS).toSorted((a, b) => a - b);
  return Math.round(measured[Math.floor(measured.length / 2)]! * 100) / 100;
}

if (import.meta.main) for (const line of await benchRedis()) console.log(line);
