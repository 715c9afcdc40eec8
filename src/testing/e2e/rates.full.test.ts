// Twenty ticks of the distributed service, in the long form: every row at several sizes each tick, and every row at all
// 100 sizes several times over the run.

import { afterAll, beforeAll, expect, test } from "bun:test";
import { PAIRS } from "../../../schema/vocabulary.ts";
import { needs } from "../needs.ts";
import { type Fleet, startFleet } from "./fleet.ts";
import { Observer, wanderingSeeds } from "./observer.ts";

const TICK_MS = 5_000;
const TICK_COUNT = 20;
/** One row in four at all sizes each tick. */
const TURNS = 4;

if (process.env.FULL) {
  needs(["nats", "redis", "postgres"], "twenty ticks", () => {
    let fleet: Fleet;
    let observer: Observer;

    beforeAll(async () => {
      fleet = await startFleet({ tickMs: TICK_MS, workerCount: 5, seed: 11 });
      await fleet.warm();
      observer = await Observer.open(fleet, wanderingSeeds(TURNS));
    }, 150_000);

    afterAll(async () => {
      await observer?.close();
      await fleet?.stop();
    });

    test("every published rate equals the reference from the books as served", async () => {
      const shares = PAIRS.map(() => 1);
      const wholeRows = new Set<string>();
      let [tickCount, valueCount, nullCount] = [0, 0, 0];
      while (tickCount < TICK_COUNT) {
        await observer.published.nextClosed(observer.published.newestTickAtMs, 4 * TICK_MS);
        const audit = await observer.audit();
        expect(audit.wrong).toEqual([]);
        expect(audit.lost).toEqual([]);
        expect([...audit.strangers.keys()].filter((key) => !key.startsWith("ACE|"))).toEqual([]);
        if (audit.ticks === 0) continue;
        console.log(audit.report());
        tickCount += audit.ticks;
        valueCount += audit.values;
        nullCount += audit.nullValues;
        for (const key of audit.wholeRows) wholeRows.add(key);
        for (const index of PAIRS.keys()) shares[index] = Math.min(shares[index]!, audit.share(index));
        const { changed, same } = audit.books;
        if (changed + same > 0) expect(changed / (changed + same)).toBeGreaterThan(0.95);
      }
      const { channel, published } = observer;
      console.log(
        `${tickCount} ticks: ${valueCount} values compared (${nullCount} null in both), ${wholeRows.size} rows at all sizes; least share of a pair ${shares.map((share) => share.toFixed(5)).join(", ")}; channel ${channel.matchedCount} of ${channel.rowCount} rows`,
      );
      for (const share of shares) expect(share).toBeGreaterThanOrEqual(0.999);
      expect([...observer.truePairs().keys()].filter((key) => !wholeRows.has(key))).toEqual([]);
      expect(published.backwards).toEqual([]);
      expect(channel.faults).toEqual([]);
      expect(channel.unexplained).toEqual([]);
      expect(await fleet.simulator.droppedRecords()).toBe(0);
    }, 300_000);
  });
}
