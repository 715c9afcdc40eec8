// The feed against a real Redis behind the REST front: what goes in comes out, and a loss of the front, of Redis or of
// the line's voice is noticed and made up for.

import { afterAll, beforeAll, expect, test } from "bun:test";
import { REDIS } from "../../../schema/messages/subjects.ts";
import { ManualClock } from "../../testing/manual-clock.ts";
import { needs } from "../../testing/needs.ts";
import { RecordingLog } from "../../testing/recording-log.ts";
import { freePort, startRedis, type TestRedis } from "../../testing/services.ts";
import { startUpstashFront, type UpstashFront } from "../../testing/upstash-front/front.ts";
import { systemClock } from "../clock.ts";
import { createUpstashFeed, type UpstashFeed } from "./upstash-feed.ts";

const TOKEN = "token-for-the-front";
const base64 = (text: string) => Buffer.from(text).toString("base64");
const textOf = (bytes: Uint8Array | undefined) => bytes && Buffer.from(bytes).toString();

/** Why the feed was cut off, each time. */
const reasons = (log: RecordingLog) =>
  log.lines.filter((line) => line.level === "warn").map((line) => line.fields.reason);

/** A listener whose arrivals can be awaited. */
function inbox() {
  const texts: string[] = [];
  let wake = () => {};
  return {
    texts,
    take: (packed: Uint8Array) => {
      texts.push(textOf(packed)!);
      wake();
    },
    back: () => {
      texts.push("back");
      wake();
    },
    async has(text: string): Promise<void> {
      while (!texts.includes(text)) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
  };
}

needs(["redis"], "the Upstash feed", () => {
  let redis: TestRedis;
  let port: number;
  let front: UpstashFront;
  const startFront = () => startUpstashFront({ redis: { url: redis.url }, token: TOKEN, port });
  let commands: Bun.RedisClient;
  const publish = (text: string) => commands.send("PUBLISH", [REDIS.framesChannel, text]);
  const putSnapshot = (text: string) => commands.send("SET", [REDIS.snapshotKey, base64(text)]);
  const feeds: UpstashFeed[] = [];
  const open = (options: { clock?: ManualClock; token?: string } = {}) => {
    const log = new RecordingLog();
    const { clock = systemClock, token = TOKEN } = options;
    const feed = createUpstashFeed({ url: `http://127.0.0.1:${port}`, token, clock, log });
    feeds.push(feed);
    return { feed, log, received: inbox() };
  };

  beforeAll(async () => {
    redis = await startRedis();
    commands = new Bun.RedisClient(redis.url);
    port = await freePort();
    front = startFront();
  });
  afterAll(async () => {
    for (const feed of feeds) await feed.close();
    commands.close();
    await front.stop();
    await redis.stop();
  });

  test("frames and the snapshot come out as they went in; heartbeats and rubbish do not", async () => {
    const { feed, log, received } = open();
    expect(feed.state().up).toBe(false);
    expect(await feed.snapshot()).toBeUndefined();
    await feed.subscribe(received.take);
    expect(feed.state()).toEqual({ up: true, detail: `subscribed to ${REDIS.framesChannel}` });
    await putSnapshot("whole");
    expect(textOf(await feed.snapshot())).toBe("whole");
    await publish(REDIS.heartbeat);
    await publish("not base64 at all!");
    await publish(base64("one"));
    await publish(base64("two"));
    await received.has("two");
    expect(received.texts).toEqual(["one", "two"]);
    expect(log.said("warn")).toEqual(["message is not base64, ignored"]);
    await feed.close();
    expect(feed.state()).toEqual({ up: false, detail: "closed" });
  });

  test("a front that goes and comes back is noticed at once, and the listener is told of the gap", async () => {
    const { feed, log, received } = open();
    await feed.subscribe(received.take, received.back);
    await front.stop();
    await log.heard("frames are cut off, subscribing again");
    expect(feed.state().up).toBe(false);
    front = startFront();
    await received.has("back");
    expect(feed.state().up).toBe(true);
    await publish(base64("next"));
    await received.has("next");
    expect(reasons(log)).toEqual([expect.stringMatching(/^the stream (ended|broke)/)]);
    await feed.close();
  });

  test("a killed Redis behind a living front is noticed too", async () => {
    const { feed, log, received } = open();
    await feed.subscribe(received.take, received.back);
    await redis.kill9();
    await log.heard("frames are cut off, subscribing again");
    expect(reasons(log)).toEqual(["the stream ended"]);
    await redis.restart();
    commands = new Bun.RedisClient(redis.url);
    await log.heard("subscribed to frames", 2);
    await received.has("back");
    await feed.close();
  });

  test("silence beyond the heartbeat's measure means subscribing again; heartbeats are voice enough", async () => {
    const clock = new ManualClock();
    const { feed, log, received } = open({ clock });
    await feed.subscribe(received.take, received.back);
    await clock.advance(30_000);
    await publish(REDIS.heartbeat);
    // Heard only once a message sent after it has come.
    await publish(base64("beside it"));
    await received.has("beside it");
    await clock.advance(30_000);
    expect(log.said("warn")).toEqual([]);
    await clock.advance(8_000);
    expect(reasons(log)).toEqual(["nothing heard for 38 s"]);
    await clock.advance(1_000);
    await received.has("back");
    await feed.close();
  });

  test("a refused token is said once and tried again without haste", async () => {
    const clock = new ManualClock();
    const { feed, log, received } = open({ clock, token: "a token it does not know" });
    await feed.subscribe(received.take);
    expect(feed.state()).toEqual({ up: false, detail: "the server answered 401" });
    expect(log.said("warn")).toEqual(["frames are cut off, subscribing again"]);
    await expect(feed.snapshot()).rejects.toThrow(/WRONGPASS/);
    await feed.close();
  });
});
