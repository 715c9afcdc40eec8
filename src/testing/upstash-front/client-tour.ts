// What @upstash/redis does with the front, as one JSON document; run by client.integration.test.ts under Bun and
// under Deno, so it uses nothing of either. Usage: client-tour.ts URL TOKEN

import process from "node:process";
import { Redis } from "@upstash/redis";

const [url, token] = process.argv.slice(2) as [string, string];
const redis = new Redis({ url, token, enableTelemetry: false, retry: { retries: 0 } });
const seen: Record<string, unknown> = {};

/** The message of what was thrown, or that nothing was. */
const refusal = (attempt: Promise<unknown>) =>
  attempt.then(
    () => "nothing thrown",
    (error: Error) => error.message,
  );

await redis.flushall();
seen.setJson = await redis.set("json", { 김치: [1, null, "x"] });
seen.getJson = await redis.get("json");
seen.setOnce = [
  await redis.set("once", "a", { nx: true, px: 60_000 }),
  await redis.set("once", "b", { nx: true }),
];
seen.numberComesBackAsNumber = [await redis.set("n", "1"), await redis.get("n")];
seen.okAsValue = [await redis.set("ok", "OK"), await redis.get("ok")];
seen.missing = await redis.get("missing");
seen.incr = await redis.incr("count");
seen.hash = [await redis.hset("h", { a: 1, b: "zwei" }), await redis.hgetall("h")];
seen.sorted = [
  await redis.zadd("z", { score: 2, member: "two" }, { score: 1, member: "one" }),
  await redis.zrange("z", 0, -1, { withScores: true }),
];
seen.list = [await redis.rpush("l", "a", "b"), await redis.lrange("l", 0, -1)];
seen.scan = await redis.scan(0, { match: "h*" });
seen.eval = await redis.eval("return {KEYS[1], ARGV[1], {'nested', 3}}", ["k"], ["v"]);
seen.pipeline = await redis.pipeline().set("p", "x").get("p").incr("count").exec();
seen.pipelineErrors = await redis.pipeline().set("p", "x").incr("p").exec({ keepErrors: true });
seen.multi = await redis.multi().set("m", "x").get("m").exec();
seen.autoPipelined = await Promise.all([redis.get("p"), redis.get("m"), redis.get("once")]);
seen.wrongType = await refusal(redis.incr("h"));
seen.wrongToken = await refusal(new Redis({ url, token: "wrong", retry: { retries: 0 } }).get("p"));

const subscriber = redis.subscribe<string>(["news"]);
const messages: string[] = [];
await new Promise<void>((resolve, reject) => {
  subscriber.on("error", reject);
  subscriber.on("subscribe", () => void redis.publish("news", "H4sIAAAA+/=="));
  subscriber.on("message", ({ channel, message }) => {
    messages.push(`${channel}: ${message}`);
    if (messages.length === 1) void redis.publish("news", { 둘: 2 });
    else resolve();
  });
});
seen.messages = messages.length;
seen.firstMessage = messages[0];
await subscriber.unsubscribe();

const patterns = redis.psubscribe<string>("ex*");
seen.patternMessage = await new Promise((resolve, reject) => {
  patterns.on("error", reject);
  patterns.on("psubscribe", () => void redis.publish("exchange_rate", { tick: 1 }));
  patterns.on("pmessage", resolve);
});
await patterns.unsubscribe();

console.log(JSON.stringify(seen));
process.exit(0);
