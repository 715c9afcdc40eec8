// The page behind the real api on a free port, fed by hand: what a test publishes is what the page must show.
// `stop` cuts every connection, `start` comes back on the same port with the same table.

import type { Server } from "bun";
import { systemClock } from "../../src/adapters/clock.ts";
import { packFrame, packText, unpackFrame } from "../../src/adapters/frame-codec.ts";
import type { Frame } from "../../src/domain/frame.ts";
import type { TradingView } from "../../src/ports/trading-view.ts";
import { RecordingLog } from "../../src/testing/recording-log.ts";
import { createApp } from "../app.ts";
import { LiveFrames } from "../live-frames.ts";
import { addPage } from "../page.ts";
import type { MarketDeps } from "../routes/market.ts";
import index from "./index.html";

export interface StatedAbout {
  readonly version: string;
  readonly simulated: boolean;
  readonly tickIntervalMs: number;
  readonly trading?: boolean;
  readonly charts?: boolean;
}

export class PageServer {
  /** What GET /api/about answers; undefined: 404. */
  about: StatedAbout | undefined;
  /** What GET /api/trading answers from the next start on; undefined: 404. */
  trading: TradingView | undefined;
  /** What the rates of the past are read from, from the next start on; undefined: 404. */
  history: MarketDeps["history"] | undefined;
  /** How often it was asked. */
  tradingReads = 0;
  readonly #tradingWaiters: (() => void)[] = [];
  readonly #listeners = new Set<(packed: Uint8Array) => void>();
  #snapshot: Uint8Array | undefined;
  #server: Server<undefined> | undefined;
  #live: LiveFrames | undefined;
  #ending: AbortController | undefined;
  #port = 0;

  get url(): string {
    return `http://127.0.0.1:${this.#port}/`;
  }

  /** Sends a frame that holds the whole table to everybody, now and later. */
  publish(frame: Frame): void {
    this.#snapshot = packFrame(frame);
    for (const listener of this.#listeners) listener(this.#snapshot);
  }

  /** Resolves the next time /api/trading is asked. */
  tradingAsked(): Promise<void> {
    return new Promise((resolve) => this.#tradingWaiters.push(resolve));
  }

  async start(): Promise<void> {
    const log = new RecordingLog();
    this.#ending = new AbortController();
    this.#live = new LiveFrames({ feed: this.#feed(), unpackFrame, clock: systemClock, log });
    await this.#live.start();
    const app = createApp({
      live: this.#live,
      codec: { packFrame, unpackFrame, packText },
      clock: systemClock,
      log,
      signal: this.#ending.signal,
      trading: this.trading && { read: () => this.#readTrading() },
      market: this.history && {
        ...{ history: this.history, listings: { coinListings: async () => [] } },
        candles: { candles: async () => [] },
      },
    });
    addPage(app, "/", () => new URL("/bundled", this.#server!.url));
    this.#server = Bun.serve({
      port: this.#port,
      hostname: "127.0.0.1",
      development: false,
      idleTimeout: 60,
      routes: {
        "/bundled": index,
        "/api/about": () => (this.about ? Response.json(this.about) : new Response(null, { status: 404 })),
      },
      fetch: (request) => app.fetch(request),
    });
    this.#port = this.#server.port!;
  }

  async stop(): Promise<void> {
    this.#ending?.abort();
    await this.#live?.stop();
    await this.#server?.stop(true);
  }

  async #readTrading(): Promise<TradingView> {
    this.tradingReads++;
    for (const tell of this.#tradingWaiters.splice(0)) tell();
    return this.trading!;
  }

  #feed() {
    return {
      subscribe: async (onFrame: (packed: Uint8Array) => void) => {
        this.#listeners.add(onFrame);
        return async () => void this.#listeners.delete(onFrame);
      },
      snapshot: async () => this.#snapshot,
      state: () => ({ up: true, detail: "by hand" }),
    };
  }
}
