// Three minutes on the wire at the highest speed the limits allow: five workers on five pretended addresses, a tick of
// 1.1 times the shortest that --check finds. Nothing is refused and the ticks complete; with the governor off the same
// run is refused.

import { afterAll, beforeAll, expect, test } from "bun:test";
import { needs } from "../needs.ts";
import { type Fleet, startFleet } from "./fleet.ts";
import { PublishedRates, type PublishedTick } from "./published.ts";

const FIRST_TICK_MS = 5_000;
const LENGTH_MS = 180_000;
const WORKER_COUNT = 5;
const SLOWER_MAX = 1.1;
const WINDOW_MS = 60_000;
/** A dozen processes share this machine with whatever else it does: a pause of two seconds costs the tick it falls into, and this many such ticks of some seventy say nothing about budgets. */
const HELD_UP_TICKS_MAX = 3;
const HELD_UP_NULL_SHARE = 0.05;

type Reasons = Readonly<Record<string, number>>;

function reasonsIn(ticks: readonly PublishedTick[]): Reasons {
  const counts: Record<string, number> = {};
  for (const { reason } of ticks.flatMap(({ rows }) => [...rows.values()].flat())) {
    counts[reason] = (counts[reason] ?? 0) + 1;
  }
  return counts;
}

/** Part of the rows that are null without being an impostor's. */
function nullShare({ none = 0, quarantined = 0, ...others }: Reasons): number {
  const nullCount = Object.values(others).reduce((sum, count) => sum + count, 0);
  return nullCount / (none + quarantined + nullCount);
}

if (process.env.FULL) {
  needs(["nats", "redis", "postgres"], "five addresses at the highest speed their limits allow", () => {
    let fleet: Fleet;
    let published: PublishedRates;
    let tickMs = 0;

    beforeAll(async () => {
      fleet = await startFleet({ tickMs: FIRST_TICK_MS, workerCount: WORKER_COUNT, record: false });
      published = new PublishedRates(fleet.streamUrl);
    });

    afterAll(async () => {
      await published?.close();
      await fleet?.stop();
    });

    /** The scheduler with another tick; it brings the stored streams to it. */
    async function setTick(): Promise<void> {
      await fleet.scheduler.stop();
      await fleet.scheduler.start({ TICK_INTERVAL_MS: `${tickMs}` });
    }

    async function refusals(): Promise<string> {
      const { totals, hosts } = await fleet.simulator.counters();
      const perHost = Object.entries(hosts).map(([host, sources]) => {
        const counts = Object.entries(sources).map(([name, { requests }]) => `${name.slice(-2)} ${requests}`);
        return `${host} ${counts.join(" ")}`;
      });
      return `${totals.requests} requests (${perHost.join("; ")}), ${totals.limited} refused, ${JSON.stringify(totals.byStatus)}`;
    }

    test("three minutes without a refusal, and the ticks complete", async () => {
      await published.closedTicks(3, Date.now(), 6 * FIRST_TICK_MS);
      const { text } = await fleet.check(fleet.scheduler);
      const shortestMs = Number(/shortest feasible tick +(\d+\.\d) s/.exec(text)![1]) * 1_000;
      tickMs = Math.floor(shortestMs * SLOWER_MAX);
      await setTick();
      const begunAtMs = Date.now();
      await published.until(
        "three minutes",
        () => published.newestTickAtMs > begunAtMs + LENGTH_MS,
        LENGTH_MS + 30_000,
      );
      const ticks = published.closed(begunAtMs).filter(({ tickAtMs }) => tickAtMs > begunAtMs);
      const isHeldUp = (tick: PublishedTick) => nullShare(reasonsIn([tick])) > HELD_UP_NULL_SHARE;
      const heldUp = ticks.filter(isHeldUp);
      const whole = ticks.filter((tick) => !isHeldUp(tick));
      // The minute's window of the first minute still holds what learning the depths of the books has cost.
      const first = reasonsIn(whole.filter(({ tickAtMs }) => tickAtMs < begunAtMs + WINDOW_MS));
      const rest = reasonsIn(whole.filter(({ tickAtMs }) => tickAtMs >= begunAtMs + WINDOW_MS));
      const took = ticks.map(({ tickAtMs, closedAtMs }) => (closedAtMs ?? tickAtMs + tickMs) - tickAtMs);
      const sorted = took.toSorted((a, b) => a - b);
      const { totals } = await fleet.simulator.counters();
      const usage = await fleet.simulator.usage();
      const peaks = usage
        .filter(({ group }) => group === "weight" || group === "orderbook")
        .map(
          ({ host, source, group, peak, limit }) => `${host}${source.slice(-2)} ${group} ${peak}/${limit}`,
        );
      console.log(
        `tick ${tickMs} ms (shortest feasible ${shortestMs} ms): ${ticks.length} ticks in ${Math.round((Date.now() - begunAtMs) / 1000)} s, complete after ${sorted[0]} to ${sorted.at(-1)} ms (median ${sorted[sorted.length >> 1]})`,
      );
      console.log(`rows by reason: first minute ${JSON.stringify(first)}, then ${JSON.stringify(rest)}`);
      for (const tick of heldUp)
        console.log(
          `held up ${tick.tickAtMs - begunAtMs} ms after the start: ${JSON.stringify(reasonsIn([tick]))}`,
        );
      console.log(await refusals());
      console.log(`peaks ${peaks.join(", ")}`);
      expect(totals.limited).toBe(0);
      expect(ticks.length).toBeGreaterThanOrEqual(Math.floor(LENGTH_MS / tickMs) - 1);
      expect(heldUp.length).toBeLessThanOrEqual(HELD_UP_TICKS_MAX);
      expect(nullShare(first)).toBeLessThan(0.01);
      expect(nullShare(rest)).toBeLessThan(0.001);
      // Five budgets: each address spent more of Binance's weight than a fifth of one could have.
      for (const { host, group, peak, limit, source } of usage) {
        const isWorkers = !source.endsWith(`#${WORKER_COUNT}`);
        if (host === "binance" && group === "weight" && isWorkers)
          expect(peak).toBeGreaterThan(limit / WORKER_COUNT);
      }
    }, 300_000);

    test("with the governor off the same run is refused", async () => {
      await Promise.all(fleet.workers.map((worker) => worker.stop()));
      await fleet.simulator.resetCounters();
      await Promise.all(fleet.workers.map((worker) => worker.start({ RATE_GOVERNOR: "off" })));
      const begunAtMs = Date.now();
      let limited = 0;
      while (limited === 0 && Date.now() < begunAtMs + LENGTH_MS) {
        await published.nextClosed(published.newestTickAtMs, 4 * tickMs);
        limited = (await fleet.simulator.counters()).totals.limited;
      }
      console.log(`governor off: after ${Date.now() - begunAtMs} ms ${await refusals()}`);
      expect(limited).toBeGreaterThan(0);
    }, 240_000);
  });
}
