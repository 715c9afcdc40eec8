// The Upstash-compatible REST front as a process of its own, in front of a Redis; compose.yaml runs it.
// The token comes from the environment only: arguments show in process lists.

import { startUpstashFront } from "../src/testing/upstash-front/front.ts";

const HELP = `bun scripts/upstash-front.ts

Serves the REST protocol of Upstash Redis from any Redis.

  REDIS_URL               redis://[:password@]host:port[/db] or rediss:; default redis://127.0.0.1:6379
  UPSTASH_FRONT_TOKEN     what clients must send; required
  UPSTASH_FRONT_HOST      address to listen on; default 127.0.0.1
  UPSTASH_FRONT_PORT      default 8079`;

if (process.argv.includes("--help")) {
  console.log(HELP);
  process.exit(0);
}

const { REDIS_URL, UPSTASH_FRONT_TOKEN, UPSTASH_FRONT_HOST, UPSTASH_FRONT_PORT } = process.env;
const redisUrl = REDIS_URL ?? "redis://127.0.0.1:6379";
const port = Number(UPSTASH_FRONT_PORT ?? 8079);
const faults: string[] = [];
if (!UPSTASH_FRONT_TOKEN) faults.push("UPSTASH_FRONT_TOKEN: expected a secret, found nothing");
if (!/^rediss?:$/.test(URL.parse(redisUrl)?.protocol ?? ""))
  faults.push("REDIS_URL: expected a redis: or rediss: url");
if (!Number.isInteger(port) || port < 0 || port > 65_535) {
  faults.push(`UPSTASH_FRONT_PORT: expected a port, found ${JSON.stringify(UPSTASH_FRONT_PORT)}`);
}
if (faults.length > 0) {
  console.error(faults.join("\n"));
  process.exit(1);
}

const front = startUpstashFront({
  redis: { url: redisUrl },
  token: UPSTASH_FRONT_TOKEN!,
  hostname: UPSTASH_FRONT_HOST ?? "127.0.0.1",
  port,
});
console.log(`upstash-front listens on ${front.url}`);

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, async () => {
    await front.stop();
    process.exit(0);
  });
}
