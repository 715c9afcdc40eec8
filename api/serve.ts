// The API on Bun: the Hono app, the page and the sockets' limits. Built from a feed, so that the api process and the
// demo differ in what they pass in.

import type { FrameFeed } from "../src/ports/bus.ts";
import type { Clock } from "../src/ports/clock.ts";
import type { Metric } from "../src/ports/metrics.ts";
import type { Log } from "../src/ports/telemetry.ts";
import type { Tracer } from "../src/ports/tracing.ts";
import type { TradingViewSource } from "../src/ports/trading-view.ts";
import { createApp } from "./app.ts";
import { clientModule } from "./client-module.ts";
import { ApiCounts } from "./counts.ts";
import { LiveFrames, rowAgeMsMaxOf } from "./live-frames.ts";
import { apiMetrics } from "./metrics.ts";
import { addPage } from "./page.ts";
import type { About } from "./routes/about.ts";
import type { ApiDeps, FrameCodec } from "./settings.ts";
import accountPage from "./web/account/account.html";
import page from "./web/index.html";

export interface ServeOptions {
  readonly feed: FrameFeed;
  readonly codec: FrameCodec;
  readonly clock: Clock;
  readonly log: Log;
  readonly hostname: string;
  readonly port: number;
  readonly tickPeriodMs: number;
  readonly version: string;
  /** Said loudly on the page. */
  readonly simulated: boolean;
  /** Shown to everybody who can reach the page. */
  readonly trading?: TradingViewSource;
  /** As in ApiDeps. */
  readonly accounts?: ApiDeps["accounts"];
  /** As in ApiDeps. */
  readonly market?: ApiDeps["market"];
  /** Limits and trust; without them nothing is limited and no proxy believed. */
  readonly settings?: ApiDeps["settings"];
  /** Left out: no traces. */
  readonly tracer?: Tracer | undefined;
}

export interface ApiServer {
  readonly url: string;
  readonly live: LiveFrames;
  /** All there is, as GET /api/premium. */
  readonly routes: readonly string[];
  metrics(): Metric[];
  stop(): Promise<void>;
}

const IDLE_TIMEOUT_S = 60;

/** Resolves once the port is open; frames may come later. Rejects when the port is taken. */
export async function startApiServer(options: ServeOptions): Promise<ApiServer> {
  const { feed, codec, clock, log, tickPeriodMs, version, simulated, trading, accounts, market } = options;
  const stopping = new AbortController();
  const rowAgeMsMax = rowAgeMsMaxOf(tickPeriodMs);
  const { unpackFrame } = codec;
  const live = new LiveFrames({ feed, unpackFrame, clock, log, rowAgeMsMax, tracer: options.tracer });
  const counts = new ApiCounts();
  const hasAccounts = accounts !== undefined && !("missing" in accounts);
  const about: About = {
    ...{ version, simulated, tickIntervalMs: tickPeriodMs, trading: trading !== undefined },
    charts: market !== undefined && !("missing" in market),
    ...(hasAccounts && { accounts: { mode: accounts.mode, signUp: accounts.signUpOpen } }),
  };
  const app = createApp({
    live,
    counts,
    codec,
    clock,
    log,
    version,
    about,
    clientModule,
    trading,
    accounts,
    market,
    settings: { ...options.settings, periodMs: tickPeriodMs },
    signal: stopping.signal,
    sockets: {
      peerOf: (request) => server.requestIP(request)?.address,
      keepOpen: (request) => server.timeout(request, 0),
      release: (request) => server.timeout(request, 1),
    },
  });
  const pagePath = `/${crypto.randomUUID()}`;
  addPage(app, "/", () => new URL(pagePath, server.url));
  const accountPath = `/${crypto.randomUUID()}`;
  if (hasAccounts) addPage(app, "/account", () => new URL(accountPath, server.url));
  const server: Bun.Server<undefined> = Bun.serve({
    hostname: options.hostname,
    port: options.port,
    development: false,
    idleTimeout: IDLE_TIMEOUT_S,
    routes: { [pagePath]: page, [accountPath]: accountPage },
    async fetch(request) {
      const response = await app.fetch(request);
      counts.answered(response.status);
      return response;
    },
  });
  void live.start();
  return {
    url: `http://${options.hostname === "0.0.0.0" ? "localhost" : options.hostname}:${server.port}`,
    live,
    routes: [
      ...new Set(
        app.routes.filter(({ method }) => method !== "ALL").map(({ method, path }) => `${method} ${path}`),
      ),
    ],
    metrics: () => apiMetrics(counts, live.state()),
    stop: async () => {
      stopping.abort();
      await live.stop();
      await server.stop(true);
    },
  };
}
