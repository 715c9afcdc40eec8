// What the public API may be tuned by, with the one default of each, and what createApp is given. The app reads no
// environment and knows no adapter: main.ts (Bun) and edge.ts (Deno) hand everything in.

import type { Frame } from "../src/domain/frame.ts";
import type { Clock } from "../src/ports/clock.ts";
import type { Log } from "../src/ports/telemetry.ts";
import type { TradingViewSource } from "../src/ports/trading-view.ts";
import type { AccountsDeps } from "./accounts.ts";
import type { ApiCounts } from "./counts.ts";
import type { Elsewhere } from "./elsewhere.ts";
import type { LiveFrames } from "./live-frames.ts";
import type { About } from "./routes/about.ts";
import type { MarketDeps } from "./routes/market.ts";

export interface ApiSettings {
  /** Channel named in Karbit's messages. */
  readonly channelName: string;
  /** Length of a tick; frames older than 2.5 of them make /health/ready say no. */
  readonly periodMs: number;
  /** Karbit streams without gzip at a time (3.4 MB per tick each); the next is answered 503. */
  readonly plainKarbitClientsMax: number;
  /** Distinct filtered forms (format and filter) at a time; the next is answered 503. */
  readonly distinctFormsMax: number;
  /** Open streams at a time; the next is answered 503. */
  readonly streamClientsMax: number;
  /** Longest silence on a stream; proxies and Bun's idle limit cut quieter ones. */
  readonly heartbeatMs: number;
  /** A reader that is behind and takes nothing for this long is dropped. */
  readonly slowReaderMsMax: number;
  /** Streams of users' events at a time; the next is answered 503. */
  readonly userStreamsMax: number;
  /** Of these by one user; his oldest is closed for another. */
  readonly streamsOfUserMax: number;
  /** How often it is asked whether the session behind such a stream still lives. */
  readonly sessionCheckMs: number;
  /** Requests under /api by one address, at once and a minute; 0: no limit. */
  readonly addressRequestsPerMinuteMax: number;
  /** Of these logins, sign-ups and tests of keys; 0: no limit. */
  readonly addressLoginsPerMinuteMax: number;
  /** Changes by one user, at once and a minute; 0: no limit. */
  readonly userWritesPerMinuteMax: number;
  /** What one user reads of his own, streams he opens too; 0: no limit. */
  readonly userReadsPerMinuteMax: number;
  /** Addresses and subnets of proxies whose X-Forwarded headers are believed. */
  readonly trustedProxies: readonly string[];
  /** Other sites whose pages may use the private paths with their visitors' cookies. */
  readonly corsOrigins: readonly string[];
  /** Encoded full tables and table documents kept for sharing until the next publish. */
  readonly encodedBytesMax: number;
}

export const API_SETTINGS_DEFAULT: ApiSettings = {
  channelName: "exchange_rate",
  periodMs: 30_000,
  plainKarbitClientsMax: 50,
  distinctFormsMax: 64,
  streamClientsMax: 10_000,
  heartbeatMs: 15_000,
  slowReaderMsMax: 2_000,
  userStreamsMax: 2_000,
  streamsOfUserMax: 3,
  sessionCheckMs: 60_000,
  addressRequestsPerMinuteMax: 0,
  addressLoginsPerMinuteMax: 0,
  userWritesPerMinuteMax: 0,
  userReadsPerMinuteMax: 0,
  trustedProxies: [],
  corsOrigins: [],
  encodedBytesMax: 64 * 1024 * 1024,
};

/** The exports of adapters/frame-codec.ts, handed in because the api may not import adapters. */
export interface FrameCodec {
  packFrame(frame: Frame): Uint8Array;
  /** Throws FrameError on anything that is not a packed frame. */
  unpackFrame(packed: Uint8Array): Frame;
  /** base64 of gzip of the text: one message of Karbit's channel. */
  packText(text: string): string;
}

/** What only the server that owns the socket can do, or knows. */
export interface SocketHooks {
  /** The address of the other end. */
  peerOf?(request: Request): string | undefined;
  /** Lifts the idle limit of a stream's connection. */
  keepOpen(request: Request): void;
  /** Frees the socket of a reader that stopped reading; closing the stream alone does not. */
  release(request: Request): void;
}

export interface ApiDeps {
  readonly live: LiveFrames;
  readonly codec: FrameCodec;
  readonly clock: Clock;
  readonly log: Log;
  readonly settings?: Partial<ApiSettings>;
  /** Bun: keepOpen = server.timeout(request, 0), release = server.timeout(request, 1). Deno: none. */
  readonly sockets?: SocketHooks | undefined;
  /** Aborting it closes every stream and stops the timers. */
  readonly signal?: AbortSignal | undefined;
  /** Added to by the parts that serve. */
  readonly counts?: ApiCounts | undefined;
  /** Shown in the OpenAPI document. */
  readonly version?: string;
  /** Opens /api/about. */
  readonly about?: About | undefined;
  /** Opens /api/client.js: resolves to the text of the module. */
  readonly clientModule?: (() => Promise<string>) | undefined;
  /** Opens /api/trading, to everybody: only for trading with nobody's money. */
  readonly trading?: TradingViewSource | undefined;
  /** Who has what is not here, below /api; left out: nobody, and it is 404. */
  readonly elsewhere?: Elsewhere | undefined;
  /** Opens the private routes; `missing`: they answer 503 and name these settings. Left out: there are none. */
  readonly accounts?: AccountsDeps | { readonly missing: readonly string[] } | undefined;
  /** Opens the coins and the history of rates; `missing` as above. Left out: there are none. */
  readonly market?: MarketDeps | { readonly missing: readonly string[] } | undefined;
}
