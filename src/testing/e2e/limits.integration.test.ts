// The venues' limits on the wire, in the short form: two workers and the scheduler share one address whose Upbit
// budget the tick just fits into. Nothing is refused; with the governor off the same run is.

import { afterAll, beforeAll, expect, test } from "bun:test";
import { needs } from "../needs.ts";
import { type Fleet, startFleet } from "./fleet.ts";
import { PublishedRates } from "./published.ts";

/**
 * 38 tasks cost Upbit 38 requests at 10 a second, of which one is the scheduler's: 4.3 s at the very least, a bit more
 * on a busy machine, and a fifth of the tick is kept for the last answers.
 */
const TICK_MS = 7_000;

needs(["nats", "redis", "postgres"], "one address at the highest speed its limits allow", () => {
  let fleet: Fleet;
  let published: PublishedRates;

  beforeAll(async () => {
    fleet = await startFleet({ tickMs: TICK_MS, workerCount: 2, addresses: "one", record: false });
    published = new PublishedRates(fleet.streamUrl);
  });

  afterAll(async () => {
    await published?.close();
    await fleet?.stop();
  });

  test("two ticks complete without a refusal", async () => {
    const ticks = await published.closedTicks(2, Date.now(), 4 * TICK_MS);
    const { totals } = await fleet.simulator.counters();
    const usage = await fleet.simulator.usage();
    const upbit = usage.find(({ host, group }) => host === "upbit" && group === "orderbook")!;
    const took = ticks.map(({ tickAtMs, closedAtMs }) => closedAtMs! - tickAtMs);
    console.log(
      `${totals.requests} requests, ${totals.limited} refused; Upbit's peak ${upbit.peak} of ${upbit.limit}; ticks complete after ${took.join(", ")} ms`,
    );
    expect(totals.limited).toBe(0);
    expect(upbit.peak).toBeGreaterThanOrEqual(8);
    for (const { rows } of ticks) {
      const reasons = new Set([...rows.values()].flat().map(({ reason }) => reason));
      expect([...reasons].filter((reason) => reason !== "none" && reason !== "quarantined")).toEqual([]);
    }
  });

  test("with the governor off the same run draws refusals", async () => {
    await Promise.all(fleet.workers.map((worker) => worker.stop()));
    await fleet.simulator.resetCounters();
    await Promise.all(fleet.workers.map((worker) => worker.start({ RATE_GOVERNOR: "off" })));
    await published.nextClosed(Date.now(), 3 * TICK_MS);
    const { totals } = await fleet.simulator.counters();
    console.log(
      `governor off: ${totals.requests} requests, ${totals.limited} refused, ${JSON.stringify(totals.byStatus)}`,
    );
    expect(totals.limited).toBeGreaterThan(0);
    expect(totals.byStatus[429]).toBeGreaterThan(0);
  });
});
