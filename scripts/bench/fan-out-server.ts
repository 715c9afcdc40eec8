// The api as the fan-out section's server: the app of api/serve.ts on a feed that brings a new full table from a file
// (base64, one a line) whenever standard input says "publish". Same words as epoll-server.c: prints "port N", "published
// EPOCH_US" with the instant before the frame is applied, and "usage CPU_US RSS_BYTES CLIENTS SOCKETS", the memory being
// what is left after a full collection.

import { readdirSync, readlinkSync } from "node:fs";
import { createInterface } from "node:readline";
import { startApiServer } from "../../api/serve.ts";
import { systemClock } from "../../src/adapters/clock.ts";
import { packFrame, packText, unpackFrame } from "../../src/adapters/frame-codec.ts";
import type { FrameFeed } from "../../src/ports/bus.ts";
import { RecordingLog } from "../../src/testing/recording-log.ts";

const TICK_PERIOD_MS = 30_000;

// Made by another process: making them is the scheduler's work, and this heap is to be an api's.
const framesFile = await Bun.file(process.argv[2]!).text();
const frames = framesFile.split("\n").map((line) => Uint8Array.fromBase64(line));
let next = 0;
let deliver: (packed: Uint8Array) => void = () => {};
const feed: FrameFeed = {
  subscribe: async (onFrame) => {
    deliver = onFrame;
    return async () => {};
  },
  snapshot: async () => frames[next++],
  state: () => ({ up: true, detail: "bench" }),
};
const server = await startApiServer({
  feed,
  codec: { packFrame, unpackFrame, packText },
  clock: systemClock,
  log: new RecordingLog(),
  hostname: "127.0.0.1",
  port: 0,
  tickPeriodMs: TICK_PERIOD_MS,
  version: "bench",
  simulated: true,
});
console.log(`port ${new URL(server.url).port}`);

function socketCount(): number {
  return readdirSync("/proc/self/fd").filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith("socket:");
    } catch {
      return false; // closed meanwhile
    }
  }).length;
}

async function usage(): Promise<string> {
  const { user, system } = process.cpuUsage();
  Bun.gc(true);
  const response = await fetch(`${server.url}/health/ready`);
  const { streams } = (await response.json()) as { streams: { clients: number } };
  return `usage ${user + system} ${process.memoryUsage.rss()} ${streams.clients} ${socketCount()}`;
}

for await (const line of createInterface({ input: process.stdin })) {
  if (line === "publish") {
    const frame = frames[next++]!;
    console.log(`published ${Math.round((performance.timeOrigin + performance.now()) * 1000)}`);
    deliver(frame);
  } else if (line === "usage") console.log(await usage());
}
await server.stop();
