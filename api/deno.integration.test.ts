// The same API under Deno: its tests, its types, and the edge as a process over a real Redis behind the REST front.

import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import denoSettings from "../deno.json";
import { REDIS } from "../schema/messages/subjects.ts";
import { packFrame } from "../src/adapters/frame-codec.ts";
import { RateTable } from "../src/domain/rate-table.ts";
import { longTest } from "../src/testing/long.ts";
import { needs } from "../src/testing/needs.ts";
import { freePort, startChild, startRedis, type TestRedis } from "../src/testing/services.ts";
import { startUpstashFront, type UpstashFront } from "../src/testing/upstash-front/front.ts";
import { openPremiumStream } from "./client.ts";
import { fakeFrame, fakeRows, plainRows } from "./test-kit.ts";

const root = join(import.meta.dir, "..");
// What a task calls deno is, after a second `bun install`, a Node script that does not pass SIGTERM on. So the task's
// words are run as they are, on Deno's own binary.
const deno = join(root, "node_modules", "deno", "deno");
const { tasks } = denoSettings as { tasks: Record<"edge" | "test" | "check", string> };
const commandOf = (task: keyof typeof tasks) => [
  deno,
  ...tasks[task].replace("/usr/bin/env deno ", "").split(" "),
];
const TOKEN = "token-for-the-front";
const ENV = { NO_COLOR: "1" };

// The others start servers and browsers, or an app on PostgreSQL, through what only Bun has: the edge asks an api
// under Bun for all that needs a login (elsewhere.test.ts).
const LEFT_OUT = ["**/*.integration.test.ts", "**/*.full.test.ts"];

longTest(
  "every test of the API that starts nothing passes under Deno, and its types do",
  async () => {
    expect(denoSettings.test.exclude).toEqual(LEFT_OUT);
    const files = [...new Bun.Glob("api/**/*.test.ts").scanSync(root)];
    const meant = files.filter((file) => !LEFT_OUT.some((glob) => new Bun.Glob(glob).match(file)));
    // As often as in the ordinary run.
    const env = { ...ENV, FULL: undefined };
    const tests = startChild({ name: "deno test", command: commandOf("test"), cwd: root, env });
    expect(await tests.exited).toBe(0);
    const output = tests.output();
    const ran = [...output.matchAll(/^running [1-9]\d* tests? from \.\/(api\/.*)$/gm)].map(
      (match) => match[1],
    );
    expect(ran.sort()).toEqual(meant.sort());
    expect(output).toMatch(/\d+ passed.* \| 0 failed( \(|$)/m);
    const types = startChild({ name: "deno check", command: commandOf("check"), cwd: root, env: ENV });
    expect([await types.exited, types.output()]).toEqual([0, expect.not.stringContaining("error")]);
  },
  180_000,
);

test("the edge says everything that is wrong with its settings at once", async () => {
  const env = {
    ...ENV,
    PORT: "no port",
    UPSTASH_REDIS_REST_URL: "ftp://x",
    UPSTASH_REDIS_REST_TOKEN: undefined,
  };
  const edge = startChild({ name: "edge", command: commandOf("edge"), cwd: root, env });
  expect(await edge.exited).toBe(1);
  for (const name of [
    "PORT: expected",
    "UPSTASH_REDIS_REST_URL: expected",
    "UPSTASH_REDIS_REST_TOKEN: expected",
  ]) {
    expect(edge.output()).toContain(name);
  }
}, 60_000);

needs(["redis"], "the edge", () => {
  let redis: TestRedis;
  let front: UpstashFront;
  let port: number;

  beforeAll(async () => {
    redis = await startRedis();
    port = await freePort();
    front = startUpstashFront({ redis: { url: redis.url }, token: TOKEN, port });
  });
  afterAll(async () => {
    await front?.stop();
    await redis?.stop();
  });

  test("serves table and stream from Redis, outlives the front, and ends on SIGTERM", async () => {
    const commands = new Bun.RedisClient(redis.url);
    const tickAtMs = Math.floor(Date.now() / 1000) * 1000;
    const base64 = (frame: ReturnType<typeof fakeFrame>) => Buffer.from(packFrame(frame)).toString("base64");
    const rows = fakeRows({ tickAtMs });
    await commands.set(REDIS.snapshotKey, base64(fakeFrame(rows)));
    const streamEnded = Promise.withResolvers<void>();
    await using behind = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch: async (request) => {
        if (new URL(request.url).pathname === "/api/events") {
          const stream = new ReadableStream({
            start: (to) => void to.enqueue(new TextEncoder().encode("event: order\n\n")),
            cancel: () => streamEnded.resolve(),
          });
          return new Response(stream, { headers: { "Content-Type": "text/event-stream" } });
        }
        return Response.json([
          ...[request.method, new URL(request.url).pathname, request.headers.get("authorization")],
          ...[request.headers.get("x-forwarded-for"), await request.text()],
        ]);
      },
    });
    const env = {
      ...ENV,
      PORT: "0",
      LOG_FORMAT: "json",
      PRIVATE_API_URL: `http://127.0.0.1:${behind.port}`,
      CORS_ORIGINS: "https://app.example.kr",
      UPSTASH_REDIS_REST_URL: front.url,
      UPSTASH_REDIS_REST_TOKEN: TOKEN,
    };
    const edge = startChild({ name: "edge", command: commandOf("edge"), cwd: root, env });
    const [, edgePort] = await edge.waitForLine(/"event":"listening","port":(\d+)/);
    await edge.waitForLine(/"event":"subscribed to frames"/);

    const table = new RateTable();
    const waiters = new Set<() => void>();
    const stream = openPremiumStream({
      url: `http://127.0.0.1:${edgePort}/api/premium/stream`,
      onRows: (changed) => {
        for (const row of changed) table.merge(row);
        for (const wake of waiters) wake();
      },
    });
    const until = async (done: () => boolean) => {
      while (!done()) await new Promise<void>((resolve) => waiters.add(resolve));
    };
    await until(() => table.size === rows.length);
    expect(plainRows(table.rows())).toEqual(plainRows(rows));

    const changed = fakeRows({ seed: 2, coins: ["ETH"], tickAtMs: tickAtMs + 1 });
    await commands.publish(REDIS.framesChannel, base64(fakeFrame(changed)));
    await until(() => table.get("ETH", 0)?.tickAtMs === tickAtMs + 1);

    await front.stop();
    const missed = fakeRows({ seed: 3, coins: ["XRP"], tickAtMs: tickAtMs + 2 });
    await commands.set(REDIS.snapshotKey, base64(fakeFrame([...rows.slice(0, 4), ...changed, ...missed])));
    front = startUpstashFront({ redis: { url: redis.url }, token: TOKEN, port });
    await until(() => table.get("XRP", 3)?.tickAtMs === tickAtMs + 2);

    const response = await fetch(`http://127.0.0.1:${edgePort}/api/premium`, {
      headers: { Origin: "https://app.example.kr" },
    });
    expect(response.headers.get("Access-Control-Allow-Origin")).toBe("https://app.example.kr");
    const { rows: shown } = (await response.json()) as { rows: { tickAtMs: number }[] };
    expect(shown.map((row) => row.tickAtMs - tickAtMs)).toEqual([0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2]);
    // The snapshot may be read before the subscription stands again.
    const isReady = async () => (await fetch(`http://127.0.0.1:${edgePort}/health/ready`)).status === 200;
    while (!(await isReady())) await Bun.sleep(20);

    // What it does not know is asked of the api behind it, as it was asked.
    const asked = await fetch(`http://127.0.0.1:${edgePort}/api/session`, {
      method: "DELETE",
      headers: { Authorization: "Bearer b" },
      body: "{}",
    });
    expect(await asked.json()).toEqual(["DELETE", "/api/session", "Bearer b", "127.0.0.1", "{}"]);

    const events = await fetch(`http://127.0.0.1:${edgePort}/api/events`);
    const reader = events.body!.getReader();
    expect(new TextDecoder().decode((await reader.read()).value)).toBe("event: order\n\n");
    await reader.cancel();
    await streamEnded.promise;

    edge.signal("SIGTERM");
    expect(await edge.exited).toBe(0);
    stream.close();
    await stream.done;
    commands.close();
  });
});
