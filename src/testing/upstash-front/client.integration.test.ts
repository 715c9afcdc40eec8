import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { needs } from "../needs.ts";
import { startChild, startRedis, type TestRedis } from "../services.ts";
import { startUpstashFront, type UpstashFront } from "./front.ts";

const ROOT = join(import.meta.dir, "../../..");
const RUNTIMES: Record<string, string[]> = {
  Bun: [process.execPath, "--no-install"],
  Deno: [join(ROOT, "node_modules/.bin/deno"), "run", "--quiet", "--allow-all", "--cached-only"],
};

needs(["redis"], "@upstash/redis against the front", () => {
  let redis: TestRedis;
  let front: UpstashFront;

  beforeAll(async () => {
    redis = await startRedis();
    front = startUpstashFront({ redis: { url: redis.url }, token: "t0ken" });
  });
  afterAll(async () => {
    await front?.stop();
    await redis?.stop();
  });

  for (const [name, runtime] of Object.entries(RUNTIMES)) {
    test(`sees under ${name} what it sees of the real service`, async () => {
      const command = [...runtime, join(import.meta.dir, "client-tour.ts"), front.url, front.token];
      const tour = startChild({ name, command, cwd: ROOT });
      const exitCode = await tour.exited;
      expect(exitCode, tour.output()).toBe(0);
      expect(JSON.parse(tour.output())).toEqual({
        setJson: "OK",
        getJson: { 김치: [1, null, "x"] },
        setOnce: ["OK", null],
        numberComesBackAsNumber: ["OK", 1],
        okAsValue: ["OK", "OK"],
        missing: null,
        incr: 1,
        hash: [2, { a: 1, b: "zwei" }],
        sorted: [2, ["one", 1, "two", 2]],
        list: [2, ["a", "b"]],
        scan: ["0", ["h"]],
        eval: ["k", "v", ["nested", 3]],
        pipeline: ["OK", "x", 2],
        pipelineErrors: [{ result: "OK" }, { error: "ERR value is not an integer or out of range" }],
        multi: ["OK", "x"],
        autoPipelined: ["x", "x", "a"],
        wrongType: expect.stringContaining("WRONGTYPE"),
        wrongToken: expect.stringContaining("WRONGPASS"),
        messages: 2,
        firstMessage: "news: H4sIAAAA+/==",
        patternMessage: { pattern: "ex*", channel: "exchange_rate", message: { tick: 1 } },
      });
    });
  }
});

needs(["redis"], "scripts/upstash-front.ts", () => {
  const script = [process.execPath, "--no-install", join(ROOT, "scripts/upstash-front.ts")];
  const start = (env: Record<string, string | undefined>) =>
    startChild({ name: "upstash-front", command: script, cwd: ROOT, env: { REDIS_URL: undefined, ...env } });

  test("serves until SIGTERM", async () => {
    const redis = await startRedis({ password: "p@ss" });
    const env = {
      REDIS_URL: redis.url,
      UPSTASH_FRONT_TOKEN: "t",
      UPSTASH_FRONT_PORT: "0",
    };
    const front = start(env);
    const [, url] = await front.waitForLine(/listens on (\S+)/);
    const response = await fetch(`${url}/ping`, { headers: { authorization: "Bearer t" } });
    expect(await response.json()).toEqual({ result: "PONG" });
    expect(await front.stop()).toBe(0);
    await redis.stop();
  });

  test("lists every faulty setting at once", async () => {
    const front = start({
      REDIS_URL: "http://x",
      UPSTASH_FRONT_PORT: "many",
      UPSTASH_FRONT_TOKEN: undefined,
    });
    expect(await front.exited).toBe(1);
    for (const name of ["REDIS_URL", "UPSTASH_FRONT_PORT", "UPSTASH_FRONT_TOKEN"])
      expect(front.output()).toContain(name);
  });
});
