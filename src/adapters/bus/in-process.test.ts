import { ManualClock } from "../../testing/manual-clock.ts";
import { busConformance } from "./bus-suite.ts";
import { InProcessBus } from "./in-process.ts";

busConformance("in one process", async () => {
  const clock = new ManualClock();
  const bus = new InProcessBus(clock);
  return {
    join: async () => bus,
    until: async <T>(work: Promise<T>) => {
      let done = false;
      const settled = work.finally(() => (done = true));
      settled.catch(() => {});
      await clock.advanceUntil(() => done);
      return settled;
    },
    wait: (lengthMs) => clock.sleep(lengthMs),
    nowMs: () => clock.nowMs(),
    dispose: () => bus.drain(),
  };
});
