// The bus on a real nats-server.

import { needs } from "../../testing/needs.ts";
import { RecordingLog } from "../../testing/recording-log.ts";
import { startNats } from "../../testing/services.ts";
import { systemClock } from "../clock.ts";
import { busConformance } from "./bus-suite.ts";
import { connectNats, type NatsBus } from "./nats.ts";

needs(["nats"], "NATS", () => {
  busConformance("on NATS", async () => {
    const server = await startNats();
    const joined: NatsBus[] = [];
    return {
      join: async () => {
        const bus = await connectNats({
          url: server.url,
          name: "test",
          log: new RecordingLog(),
          clock: systemClock,
        });
        joined.push(bus);
        return bus;
      },
      until: (work) => work,
      wait: (lengthMs) => systemClock.sleep(lengthMs),
      nowMs: () => systemClock.nowMs(),
      dispose: async () => {
        await Promise.all(joined.map((bus) => bus.drain()));
        await server.stop();
      },
    };
  });
});
