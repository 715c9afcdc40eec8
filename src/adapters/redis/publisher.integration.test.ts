// The publisher with its Worker thread on a real Redis: killed and restarted, over TLS, over REST, and compiled.

import { afterEach, expect, test } from "bun:test";
import { join } from "node:path";
import { RedisClient } from "bun";
import { longTest } from "../../testing/long.ts";
import { needs } from "../../testing/needs.ts";
import { RecordingLog } from "../../testing/recording-log.ts";
import {
  freePort,
  makeTempDir,
  removeTempDir,
  startChild,
  startRedis,
  type TestRedis,
} from "../../testing/services.ts";
import { startUpstashFront } from "../../testing/upstash-front/front.ts";
import { systemClock } from "../clock.ts";
import { unpackFrame } from "../frame-codec.ts";
import { createRedisPublisher, type RedisPublisher, type RedisPublisherOptions } from "./publisher.ts";
import { frameOf, readKarbit, rowOf, tableOf } from "./testing.ts";

const ROOT = join(import.meta.dir, "../../..");
const RESUME_MS = 10_000;
const THREAD = new URL("./publisher-thread.ts", import.meta.url);

async function soon(
  what: string,
  holds: () => boolean | Promise<boolean>,
  withinMs = RESUME_MS,
): Promise<void> {
  const untilMs = performance.now() + withinMs;
  while (!(await holds())) {
    if (performance.now() > untilMs) throw new Error(`expected within ${withinMs} ms: ${what}`);
    await Bun.sleep(5);
  }
}

needs(["redis", "openssl"], "the Redis publisher", () => {
  const releases: (() => Promise<unknown> | unknown)[] = [];
  afterEach(async () => {
    for (const release of releases.splice(0).reverse()) await release();
  });

  async function redisServer(options: Parameters<typeof startRedis>[0] = {}): Promise<TestRedis> {
    const server = await startRedis(options);
    releases.push(() => server.stop());
    return server;
  }
  function publisherOn(
    target: RedisPublisherOptions["target"],
    more: Partial<RedisPublisherOptions> = {},
  ): { publisher: RedisPublisher; log: RecordingLog } {
    const log = new RecordingLog();
    const publisher = createRedisPublisher({ target, tickPeriodMs: 1_000, log, clock: systemClock, ...more });
    releases.push(() => publisher.stop());
    return { publisher, log };
  }
  /** Everything heard on the channels, by a subscriber that reconnects. */
  async function hearing(url: string, channels: string[], tls?: { ca: string }) {
    const heard: Record<string, string[]> = Object.fromEntries(channels.map((channel) => [channel, []]));
    const client = new RedisClient(url, { ...(tls && { tls }) });
    await client.connect();
    for (const channel of channels)
      await client.subscribe(channel, (text) => void heard[channel]!.push(text));
    releases.push(() => client.close());
    return heard;
  }
  const tick = (number: number, more: Parameters<typeof frameOf>[2] = {}) =>
    frameOf(number * 1_000, [rowOf("BTC", 0, number * 1_000, 140_000 + number)], { closing: true, ...more });

  test("a whole table arrives whole in both forms, with the snapshot and Karbit's reference key", async () => {
    const server = await redisServer();
    // Keys are had under the number of a database alone, channels are heard through any (contract 2.1 and 4.3).
    const numbered = `${server.url}/3`;
    const channels = ["schedulerx:frames", "exchange_rate", "kimchi:premium"];
    const heard = await hearing(server.url, channels);
    const karbitChannels = ["exchange_rate", "kimchi:premium"];
    const { publisher, log } = publisherOn({ kind: "tcp", url: numbered }, { karbitChannels });
    const table = tableOf(1_000, 131);
    const atMs = systemClock.nowMs();
    publisher.offer(
      frameOf(1_000, table, { closing: true, reference: { priceKrw: 1400, venue: "upbit", atMs } }),
    );
    publisher.offerReference({ priceKrw: 1401.5, venue: "upbit", atMs });
    await soon("Karbit's messages", () => heard["kimchi:premium"]!.length >= 4);
    expect(heard.exchange_rate).toEqual(heard["kimchi:premium"]!);
    const pairs = heard.exchange_rate!.flatMap(readKarbit);
    expect(new Set(pairs.map((pair) => `${pair.name}|${pair.korean_ex}|${pair.foreign_ex}`)).size).toBe(524);
    for (const [index, row] of table.entries()) {
      expect(pairs[index]!.name).toBe(row.coin);
      expect(pairs[index]!.ex_rates.map((rate) => rate.entry_ex_rate)).toEqual(
        [...row.ratesJeon.slice(0, 100)].map((jeon) => jeon / 100),
      );
      expect(pairs[index]!.ex_rates.map((rate) => rate.exit_ex_rate)).toEqual(
        [...row.ratesJeon.slice(100)].map((jeon) => jeon / 100),
      );
    }
    const frame = unpackFrame(Buffer.from(heard["schedulerx:frames"]![0]!, "base64"));
    expect(frame.rows).toEqual(table);

    const reader = new RedisClient(numbered);
    releases.push(() => reader.close());
    const snapshot = unpackFrame(Buffer.from((await reader.get("schedulerx:snapshot"))!, "base64"));
    expect(new Set(snapshot.rows.map((row) => `${row.coin}|${row.pairIndex}`)).size).toBe(524);
    expect(await reader.send("PTTL", ["schedulerx:snapshot"])).toBeGreaterThan(50_000);
    await soon("the reference key", async () => (await reader.get("upbit:KRW-USDT")) !== null);
    expect(JSON.parse((await reader.get("upbit:KRW-USDT"))!)).toEqual({
      data: [{ trade_price: 1401.5 }],
      timestamp: atMs,
    });
    expect(await reader.send("PTTL", ["upbit:KRW-USDT"])).toBeLessThanOrEqual(10_000);
    expect(publisher.state()).toMatchObject({ up: true, groupCount: 1 });
    expect(log.said()).toEqual([]);
  });

  test("redis killed and restarted three times: offering goes on, publishing resumes by itself, said once each", async () => {
    const server = await redisServer();
    const { publisher, log } = publisherOn({ kind: "tcp", url: server.url });
    let number = 0;
    for (let round = 1; round <= 3; round++) {
      const before = await hearing(server.url, ["schedulerx:frames"]);
      publisher.offer(tick(++number));
      await soon("a frame", () => before["schedulerx:frames"]!.length > 0);
      await server.kill9();
      await log.heard("redis lost, trying on", round);
      expect(publisher.state().up).toBeFalse();
      expect(publisher.state().detail).toContain("is away");
      for (let count = 0; count < 20; count++) publisher.offer(tick(++number));
      await server.restart();
      await log.heard("redis is back", round);
      const after = await hearing(server.url, ["schedulerx:frames"]);
      publisher.offer(tick(++number));
      await soon("a frame after the return", () =>
        after["schedulerx:frames"]!.some(
          (text) => unpackFrame(Buffer.from(text, "base64")).tickAtMs === number * 1_000,
        ),
      );
    }
    expect(log.said()).toEqual(
      Array.from({ length: 3 }, () => ["redis lost, trying on", "redis is back"]).flat(),
    );
  });

  longTest("a redis that comes late, and one that froze, are waited for", async () => {
    const port = await freePort();
    const { publisher, log } = publisherOn({ kind: "tcp", url: `redis://127.0.0.1:${port}` });
    await log.heard("redis lost, trying on");
    publisher.offer(tick(1));
    const server = await redisServer({ port });
    const reader = new RedisClient(server.url);
    releases.push(() => reader.close());
    await soon("the snapshot", async () => (await reader.get("schedulerx:snapshot")) !== null);
    // Frozen before it has answered, it would never have been back, and is not lost a second time.
    await log.heard("redis is back");
    process.kill(server.pid, "SIGSTOP");
    publisher.offer(tick(2));
    await log.heard("redis lost, trying on", 2);
    process.kill(server.pid, "SIGCONT");
    await log.heard("redis is back", 2);
    await soon("the newest snapshot", async () => {
      const text = await reader.get("schedulerx:snapshot");
      return text !== null && unpackFrame(Buffer.from(text, "base64")).tickAtMs === 2_000;
    });
  });

  test("a thread that dies is replaced, said once, and has its table again", async () => {
    const server = await redisServer();
    const threads: Worker[] = [];
    const startThread = () => {
      threads.push(new Worker(THREAD));
      return threads.at(-1)!;
    };
    const { publisher, log } = publisherOn({ kind: "tcp", url: server.url }, { startThread });
    publisher.offer(frameOf(1_000, tableOf(1_000, 10), { closing: true }));
    const reader = new RedisClient(server.url);
    releases.push(() => reader.close());
    await soon("the snapshot", async () => (await reader.get("schedulerx:snapshot")) !== null);
    for (let round = 1; round <= 2; round++) {
      await reader.del("schedulerx:snapshot");
      threads.at(-1)!.terminate();
      await soon("the thread is gone", () => !publisher.state().up);
      publisher.offer(tick(1 + round));
      await soon("the snapshot of the new thread", async () => {
        const text = await reader.get("schedulerx:snapshot");
        return text !== null && unpackFrame(Buffer.from(text, "base64")).rows.length === 41;
      });
    }
    expect(threads).toHaveLength(3);
    expect(log.said("error")).toEqual(["publishing thread lost, starting another"]);
  });

  test("bytes that are no frame are said once and do no harm", async () => {
    const server = await redisServer();
    const { publisher, log } = publisherOn({ kind: "tcp", url: server.url });
    const heard = await hearing(server.url, ["schedulerx:frames"]);
    publisher.offer(new Uint8Array([1, 2, 3]));
    publisher.offer(new Uint8Array([1, 2, 3]));
    publisher.offer(tick(1));
    await soon("the good frame", () => heard["schedulerx:frames"]!.length === 1);
    expect(log.said()).toEqual(["a frame for redis is none"]);
  });

  test("rediss: the certificate is verified against the CA file; the password is asked for", async () => {
    const server = await redisServer({ tls: true, password: "p@ss" });
    const url = server.url.replace(":p@ss@", ":p%40ss@");
    const untrusted = publisherOn({ kind: "tcp", url });
    await untrusted.log.heard("redis lost, trying on");
    const wrong = publisherOn({
      kind: "tcp",
      url: url.replace("p%40ss", "wrong"),
      caFile: server.tls!.caFile,
    });
    await wrong.log.heard("redis lost, trying on");
    const { publisher, log } = publisherOn({ kind: "tcp", url, caFile: server.tls!.caFile });
    publisher.offer(tick(1));
    await soon("a group", () => publisher.state().groupCount === 1);
    expect(log.said()).toEqual([]);
    for (const line of [...untrusted.log.lines, ...wrong.log.lines]) {
      expect(JSON.stringify(line)).not.toContain("p%40ss");
    }
    expect(() => publisherOn({ kind: "tcp", url: "http://x" })).toThrow("expected a Redis address");
  });

  test("REST: ten ticks cost at most three commands each, whatever the number of reports; away and back", async () => {
    const server = await redisServer();
    const front = startUpstashFront({ redis: { url: server.url }, token: "t0ken" });
    releases.push(() => front.stop());
    const heard = await hearing(server.url, ["schedulerx:frames", "exchange_rate"]);
    const { publisher, log } = publisherOn({ kind: "rest", url: front.url, token: "t0ken" });
    await soon("the first sign", () => publisher.state().up);
    const before = front.counts.commandCount;
    for (let number = 1; number <= 10; number++) {
      for (let report = 0; report < 33; report++) {
        const rows = tableOf(number * 1_000, 4).map((row) => ({ ...row, coin: `${row.coin}-${report}` }));
        publisher.offer(frameOf(number * 1_000, rows, { part: report, closing: report === 32 }));
      }
      const groups = publisher.state().groupCount;
      await soon("the tick's close", () => publisher.state().groupCount > groups);
    }
    const coinsTold = () => {
      const rows = heard["schedulerx:frames"]!.flatMap(
        (text) => unpackFrame(Buffer.from(text, "base64")).rows,
      );
      return new Set(rows.filter((row) => row.tickAtMs === 10_000).map((row) => row.coin)).size;
    };
    await soon("every row of the last tick", () => coinsTold() === 33 * 4);
    expect(front.counts.commandCount - before).toBeLessThanOrEqual(30);
    expect(heard.exchange_rate).toEqual([]);
    expect(front.counts.receivedBytes).toBeLessThan(10 * 3 * 60_000);

    await server.kill9();
    publisher.offer(tick(11));
    await log.heard("redis lost, trying on");
    await server.restart();
    await log.heard("redis is back");
    expect(log.said()).toEqual(["redis lost, trying on", "redis is back"]);
  });

  longTest("REST with Karbit's channel switched on sends it in the same request", async () => {
    const server = await redisServer();
    const front = startUpstashFront({ redis: { url: server.url }, token: "t0ken" });
    releases.push(() => front.stop());
    const heard = await hearing(server.url, ["exchange_rate"]);
    const target = { kind: "rest", url: front.url, token: "t0ken" } as const;
    const { publisher } = publisherOn(target, { karbitChannels: ["exchange_rate"] });
    publisher.offer(frameOf(1_000, tableOf(1_000, 131), { closing: true }));
    await soon("Karbit's message", () => heard.exchange_rate!.length === 1);
    expect(readKarbit(heard.exchange_rate![0]!)).toHaveLength(524);
    // The ping at the start, then frame, snapshot and Karbit's message.
    expect(front.counts).toMatchObject({ requestCount: 2, commandCount: 4 });
  });

  test("stop lets the group in the air land and ends the thread", async () => {
    const server = await redisServer();
    const heard = await hearing(server.url, ["schedulerx:frames"]);
    const { publisher } = publisherOn({ kind: "tcp", url: server.url });
    await soon("up", () => publisher.state().up);
    publisher.offer(tick(1));
    await soon("a frame", () => heard["schedulerx:frames"]!.length === 1);
    await publisher.stop();
    publisher.offer(tick(2));
    await publisher.stop();
    expect(heard["schedulerx:frames"]).toHaveLength(1);
  });

  longTest("works in a compiled binary, run from another folder", async () => {
    const server = await redisServer();
    const dir = makeTempDir("compiled-publisher");
    releases.push(() => removeTempDir(dir));
    const binary = join(dir, "publish-once");
    const build = startChild({
      name: "build",
      command: [process.execPath, "--no-install", join(import.meta.dir, "testing-build.ts"), binary],
      cwd: ROOT,
    });
    expect(await build.exited, build.output()).toBe(0);
    const heard = await hearing(server.url, ["exchange_rate"]);
    const run = startChild({ name: "publish-once", command: [binary, server.url], cwd: dir });
    expect(await run.exited, run.output()).toBe(0);
    expect(readKarbit(heard.exchange_rate![0]!).map((pair) => pair.name)).toEqual(["BTC"]);
  });
});
