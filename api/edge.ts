// Entry for Deno: the public part of the API out of Redis over REST, for hosts near readers that know neither NATS nor
// the scheduler. One subscription per isolate, however many clients. Run with `deno task edge`.

import { systemClock } from "../src/adapters/clock.ts";
import { packFrame, packText, unpackFrame } from "../src/adapters/frame-codec.ts";
import { createUpstashFeed } from "../src/adapters/frame-store/upstash-feed.ts";
import { createLog } from "../src/adapters/telemetry/log.ts";
import { edgeFields, readSettings, SettingsError } from "../src/config.ts";
import { VERSION } from "../src/version.ts";
import { createApp } from "./app.ts";
import { LiveFrames, rowAgeMsMaxOf } from "./live-frames.ts";

interface ServeOptions {
  readonly hostname: string;
  readonly port: number;
  readonly signal: AbortSignal;
  readonly onListen: (address: { port: number }) => void;
}

/** What is used of Deno; its own types are not the project's. */
declare const Deno: {
  serve(options: ServeOptions, handler: (request: Request) => Response | Promise<Response>): unknown;
  addSignalListener(signal: "SIGINT" | "SIGTERM", listener: () => void): void;
  exit(code: number): never;
};

/** Streams get this long to end before the process does. */
const END_MS_MAX = 2_000;

function settingsOrExit() {
  try {
    return readSettings(edgeFields);
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    console.error(error.message);
    return Deno.exit(1);
  }
}

const settings = settingsOrExit();
const clock = systemClock;
const log = createLog({
  level: settings.LOG_LEVEL,
  format: settings.LOG_FORMAT,
  process: "edge",
  nowMs: () => clock.nowMs(),
});
const feed = createUpstashFeed({
  url: settings.UPSTASH_REDIS_REST_URL,
  token: settings.UPSTASH_REDIS_REST_TOKEN,
  clock,
  log,
});
const rowAgeMsMax = rowAgeMsMaxOf(settings.TICK_INTERVAL_MS);
const live = new LiveFrames({ feed, unpackFrame, clock, log, rowAgeMsMax });
const ending = new AbortController();
const app = createApp({
  live,
  codec: { packFrame, packText, unpackFrame },
  clock,
  log,
  settings: {
    periodMs: settings.TICK_INTERVAL_MS,
    trustedProxies: settings.TRUSTED_PROXIES,
    corsOrigins: settings.CORS_ORIGINS ?? [],
  },
  signal: ending.signal,
  version: VERSION,
  elsewhere: settings.PRIVATE_API_URL
    ? { url: settings.PRIVATE_API_URL, how: settings.PRIVATE_API_MODE }
    : undefined,
});

void live.start();
Deno.serve(
  {
    hostname: settings.HOST,
    port: settings.PORT,
    signal: ending.signal,
    onListen: ({ port }) => log.info("listening", { port }),
  },
  app.fetch,
);

async function end(): Promise<void> {
  if (ending.signal.aborted) return;
  log.info("ending");
  ending.abort();
  await Promise.race([Promise.all([live.stop(), feed.close()]), clock.sleep(END_MS_MAX)]);
  Deno.exit(0);
}

for (const signal of ["SIGINT", "SIGTERM"] as const) Deno.addSignalListener(signal, () => void end());
