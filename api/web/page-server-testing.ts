// The page behind the real api on a free port, fed by hand: what a test publishes is what the page must show.
// `stop` cuts every connection, `start` comes back on the same port with the same table.

import type { Server } from "bun";
import { systemClock } from "../../src/adapters/clock.ts";
import { packFrame, packText, unpackFrame } from "../../src/adapters/frame-codec.ts";
import type { Frame } from "../../src/domain/frame.ts";
import { RecordingLog } from "../../src/testing/recording-log.ts";
import { createApp } from "../app.ts";
import { LiveFrames } from "../live-frames.ts";
import index from "./index.html";

export interface StatedAbout {
  readonly version: string;
  readonly simulated: boolean;
  readonly tickIntervalMs: number;
}

export class PageServer {
  /** What GET /api/about answers; undefined: 404. */
  about: StatedAbout | undefined;
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
    });
    this.#server = Bun.serve({
      port: this.#port,
      hostname: "127.0.0.1",
      development: false,
      idleTimeout: 60,
      routes: {
        "/": index,
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
