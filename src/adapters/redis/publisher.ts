// The process's side of publishing to Redis: hands frames to a Worker thread and never waits for it. Redis and the
// thread may be away for any time; nothing of that reaches the caller.
//
// What was offered lately is kept (bounded), so that a thread that had to be replaced gets its table back.

import { REDIS } from "../../../schema/messages/subjects.ts";
import { type LinkSaid, type LinkState, linkState } from "../../domain/link-said.ts";
import type { ReferencePrice } from "../../domain/rate-table.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Log } from "../../ports/telemetry.ts";
import { addressOf, checkTarget, type RedisTarget } from "./link.ts";
import type { PublishingReport } from "./publishing.ts";
import { type Offer, RecentOffers } from "./recent-offers.ts";
import type { FromThread, ToThread } from "./thread-messages.ts";

export type { RedisTarget } from "./link.ts";

export interface RedisPublisherOptions {
  readonly target: RedisTarget;
  readonly tickPeriodMs: number;
  /** Default: `exchange_rate` over TCP, none over REST, where its bytes cost. */
  readonly karbitChannels?: readonly string[];
  /** Whether `upbit:KRW-USDT` is written (contract 4.3). Default: over TCP; not possible over REST. */
  readonly karbitReference?: boolean;
  readonly log: Log;
  readonly clock: Clock;
  /** Starts the thread; tests replace it. */
  readonly startThread?: () => Worker;
}

export interface RedisPublisherState extends LinkState {
  /** Since the publisher was created; heartbeats and pings count as commands. */
  readonly groupCount: number;
  readonly commandCount: number;
  readonly byteCount: number;
}

export interface RedisPublisher {
  /** Rows to be published as soon as may be: a packed frame. Returns at once, never throws. */
  offer(packedFrame: Uint8Array): void;
  /** The newest price of USDT; over TCP also written to Karbit's key when it is Upbit's. */
  offerReference(reference: ReferencePrice): void;
  /** Takes a pair that is no longer listed off the clients' screens. */
  retire(coin: string, pairIndex: number): void;
  /** Lets the group in the air land, two seconds at most. */
  stop(): Promise<void>;
  state(): RedisPublisherState;
}

/** The thread has hung when this many messages wait for it, or one for this long. */
const WAITING_MAX = 256;
const WAITING_MS_MAX = 20_000;
const RESTART_MS = 1_000;
const STOP_MS = 2_000;
/** A thread that has lived this long has got over what ended the one before. */
const SETTLED_MS = 60_000;
const NOTHING_YET: PublishingReport = {
  up: false,
  cause: "not tried yet",
  refused: "",
  groupCount: 0,
  commandCount: 0,
  byteCount: 0,
};

/** Throws RangeError for an address that is none. */
export function createRedisPublisher(options: RedisPublisherOptions): RedisPublisher {
  checkTarget(options.target);
  return new ThreadedPublisher(options);
}

/**
 * In a binary the thread is an embedded entry point, found under its path from the `root` given to Bun.build:
 * `Bun.build({ root: <project>, entrypoints: [main, "src/adapters/redis/publisher-thread.ts"], ... })`.
 */
function startThread(): Worker {
  const path = Bun.isStandaloneExecutable
    ? "./src/adapters/redis/publisher-thread.js"
    : "./publisher-thread.ts";
  return new Worker(new URL(path, import.meta.url));
}

class ThreadedPublisher implements RedisPublisher {
  readonly #options: RedisPublisherOptions;
  readonly #address: string;
  readonly #recent = new RecentOffers();
  #thread: Worker | undefined;
  #waiting = 0;
  #tookAtMs = 0;
  #report = NOTHING_YET;
  #before = NOTHING_YET;
  #saidDown = false;
  #saidRefused = false;
  #saidDied = false;
  #startedAtMs = 0;
  #saidKeyRefused = false;
  #stopped: PromiseWithResolvers<void> | undefined;

  constructor(options: RedisPublisherOptions) {
    this.#options = options;
    this.#address = addressOf(options.target.url);
    this.#start();
  }

  offer(packedFrame: Uint8Array): void {
    this.#offer({ kind: "frame", packed: packedFrame });
  }

  offerReference(reference: ReferencePrice): void {
    this.#offer({ kind: "reference", reference });
  }

  retire(coin: string, pairIndex: number): void {
    this.#offer({ kind: "retire", coin, pairIndex });
  }

  state(): RedisPublisherState {
    const { up, cause, refused, ...now } = this.#report;
    const running = this.#thread !== undefined;
    const server = this.#address;
    const said: LinkSaid = !running
      ? { code: "publisher-restarts" }
      : up
        ? { code: "publishing", server, refusedKey: refused }
        : { code: "away", server, cause };
    return {
      ...linkState(up && running, said),
      groupCount: this.#before.groupCount + now.groupCount,
      commandCount: this.#before.commandCount + now.commandCount,
      byteCount: this.#before.byteCount + now.byteCount,
    };
  }

  async stop(): Promise<void> {
    if (this.#stopped !== undefined) return this.#stopped.promise;
    const stopped = Promise.withResolvers<void>();
    this.#stopped = stopped;
    if (this.#thread !== undefined) {
      this.#post({ kind: "stop" });
      const ended = new AbortController();
      await Promise.race([stopped.promise, this.#options.clock.sleep(STOP_MS, ended.signal)]);
      ended.abort();
      this.#thread?.terminate();
    }
    stopped.resolve();
  }

  #offer(offer: Offer): void {
    if (this.#stopped !== undefined) return;
    this.#recent.add(offer);
    if (this.#thread === undefined) return;
    const nowMs = this.#options.clock.monotonicMs();
    if (this.#waiting === 0) this.#tookAtMs = nowMs;
    if (this.#waiting >= WAITING_MAX || nowMs - this.#tookAtMs > WAITING_MS_MAX) {
      this.#replace(this.#thread, "it takes nothing in");
      return;
    }
    this.#waiting++;
    this.#post(offer);
  }

  #post(message: ToThread): void {
    this.#thread?.postMessage(message);
  }

  #start(): void {
    const { target, tickPeriodMs, karbitChannels, karbitReference } = this.#options;
    const metered = target.kind === "rest";
    const thread = (this.#options.startThread ?? startThread)();
    this.#thread = thread;
    this.#startedAtMs = this.#options.clock.monotonicMs();
    thread.onmessage = ({ data }: MessageEvent<FromThread>) => {
      if (this.#thread === thread) this.#hear(data);
    };
    thread.onerror = (event: ErrorEvent) => {
      event.preventDefault();
      this.#replace(thread, event.message);
    };
    thread.addEventListener("close", () => this.#replace(thread, "it ended"));
    this.#post({
      kind: "start",
      target,
      settings: {
        tickPeriodMs,
        metered,
        karbitChannels: karbitChannels ?? (metered ? [] : [REDIS.karbitChannel]),
        karbitReference: !metered && (karbitReference ?? true),
      },
    });
    for (const offer of this.#recent.all()) {
      if (this.#waiting === 0) this.#tookAtMs = this.#options.clock.monotonicMs();
      this.#waiting++;
      this.#post(offer);
    }
  }

  #hear(message: FromThread): void {
    switch (message.kind) {
      case "took":
        this.#waiting--;
        this.#tookAtMs = this.#options.clock.monotonicMs();
        if (message.refused === undefined || this.#saidRefused) return;
        this.#saidRefused = true;
        this.#options.log.error("a frame for redis is none", { cause: message.refused });
        return;
      case "report":
        this.#report = message.report;
        this.#sayLink(message.report);
        return;
      case "stopped":
        this.#stopped?.resolve();
    }
  }

  #sayLink({ up, cause, refused }: PublishingReport): void {
    if (refused !== "" && !this.#saidKeyRefused) {
      this.#saidKeyRefused = true;
      this.#options.log.error("redis refuses a key", { server: this.#address, cause: refused });
    }
    if (up === !this.#saidDown) return;
    this.#saidDown = !up;
    if (up) this.#options.log.info("redis is back", { server: this.#address });
    else this.#options.log.warn("redis lost, trying on", { server: this.#address, cause });
  }

  #replace(thread: Worker, cause: string): void {
    if (this.#thread !== thread || this.#stopped !== undefined) return;
    this.#thread = undefined;
    this.#waiting = 0;
    const { groupCount, commandCount, byteCount } = this.state();
    this.#before = { ...NOTHING_YET, groupCount, commandCount, byteCount };
    this.#report = NOTHING_YET;
    thread.terminate();
    const livedMs = this.#options.clock.monotonicMs() - this.#startedAtMs;
    if (livedMs >= SETTLED_MS) this.#saidDied = false;
    if (!this.#saidDied) this.#options.log.error("publishing thread lost, starting another", { cause });
    this.#saidDied = true;
    void this.#options.clock.sleep(RESTART_MS).then(() => {
      if (this.#stopped === undefined) this.#start();
    });
  }
}
