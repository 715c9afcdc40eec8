// Publishes one row and ends: 0 when it went out. Usage: BINARY REDIS_URL

import { RecordingLog } from "../../testing/recording-log.ts";
import { systemClock } from "../clock.ts";
import { packFrame } from "../frame-codec.ts";
import { createRedisPublisher } from "./publisher.ts";

const ratesJeon = new Float64Array(200).fill(140_000);
const row = { coin: "BTC", pairIndex: 0, tickAtMs: 1_000, bookAgeMs: 1, reason: "none" as const, ratesJeon };
const log = new RecordingLog();
const publisher = createRedisPublisher({
  target: { kind: "tcp", url: process.argv[2]! },
  tickPeriodMs: 1_000,
  log,
  clock: systemClock,
});
publisher.offer(packFrame({ tickAtMs: 1_000, part: 0, closing: true, reference: undefined, rows: [row] }));
for (let look = 0; look < 500 && publisher.state().groupCount === 0; look++) await systemClock.sleep(10);
const { groupCount } = publisher.state();
await publisher.stop();
console.log(JSON.stringify(log.lines));
process.exit(groupCount === 1 ? 0 : 1);
