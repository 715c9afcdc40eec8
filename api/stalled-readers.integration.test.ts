// Readers that stop reading, on a real server with real sockets: they cost little, are dropped, and take nothing from
// those who read.

import { expect, test } from "bun:test";
import { connect, type Socket } from "node:net";
import { systemClock } from "../src/adapters/clock.ts";
import { RecordingLog } from "../src/testing/recording-log.ts";
import { createApp } from "./app.ts";
import { LiveFrames } from "./live-frames.ts";
import { codec, fakeCoins, fakeFrame, fakeRows, MemoryFeed, StreamReader } from "./test-kit.ts";

const STALLED = 20;
const PUBLISHES = 40;

/** Opens a stream and never reads from it again. */
function openStalled(port: number): Promise<Socket> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => {
      socket.write("GET /api/premium/stream HTTP/1.1\r\nHost: localhost\r\n\r\n");
      socket.once("data", () => {
        socket.pause();
        resolve(socket);
      });
    });
    socket.on("error", () => {});
  });
}

test("20 stalled readers of a full market hold no events, are gone soon, and others read on", async () => {
  const feed = new MemoryFeed();
  const log = new RecordingLog();
  const ending = new AbortController();
  const clock = systemClock;
  const tick = Math.floor(Date.now() / 1000) * 1000;
  const coins = fakeCoins(131);
  feed.snapshotFrame = fakeFrame(fakeRows({ coins, tickAtMs: tick }));
  const live = new LiveFrames({ feed, unpackFrame: codec.unpackFrame, clock, log });
  await live.start();
  const app = createApp({
    live,
    codec,
    clock,
    log,
    signal: ending.signal,
    sockets: {
      keepOpen: (request) => server.timeout(request, 0),
      release: (request) => server.timeout(request, 1),
    },
  });
  const server = Bun.serve({ port: 0, fetch: app.fetch });

  const sockets = await Promise.all(Array.from({ length: STALLED }, () => openStalled(server.port!)));
  const healthy = new StreamReader(
    await fetch(`http://127.0.0.1:${server.port}/api/premium/stream?format=compact`, {
      headers: { "Accept-Encoding": "identity" },
    }),
  );
  await healthy.events(1);
  expect(server.pendingRequests).toBe(STALLED + 1);

  Bun.gc(true);
  const beforeBytes = process.memoryUsage.rss();
  for (let part = 1; part <= PUBLISHES; part++) {
    // All rows change: 3.4 MB of text for each stalled reader, 2.7 GB if it were kept.
    feed.publish(fakeFrame(fakeRows({ seed: part + 1, coins, tickAtMs: tick }), { part }));
    await healthy.until((text) => text.includes(`id: ${tick}.${part}\n`));
  }
  Bun.gc(true);
  const grownMb = (process.memoryUsage.rss() - beforeBytes) / 2 ** 20;
  expect(grownMb).toBeLessThan(200);

  const dropped = () =>
    log.lines
      .filter((line) => line.event === "slow readers dropped")
      .reduce((sum, line) => sum + Number(line.fields.dropped), 0);
  while (dropped() < STALLED || server.pendingRequests > 1) await Bun.sleep(50);
  expect(dropped()).toBe(STALLED);

  feed.publish(fakeFrame(fakeRows({ seed: 99, coins: ["C001"], tickAtMs: tick }), { part: PUBLISHES + 1 }));
  await healthy.until((text) => text.includes(`id: ${tick}.${PUBLISHES + 1}\n`));
  ending.abort();
  await live.stop();
  for (const socket of sockets) socket.destroy();
  await server.stop(true);
}, 60_000);
