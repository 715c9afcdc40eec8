// Frames out of Redis over REST (Upstash's protocol), for processes that have nothing but HTTP: one subscription for
// the whole process, and the snapshot key for late joiners.
//
//   down -> up     the server has confirmed the subscription; unless it is the first, the listeners are told, since
//                  what was published meanwhile is lost
//   up -> down     the stream ended, broke, or was silent for longer than the heartbeat allows; then again, after a pause
//
// The vendor's client tells nobody when a subscription's stream ends. It accepts a requester of one's own, so this
// one carries streams itself and says when they end; silence is watched as well, since a dead peer says nothing.

import { Redis, type Requester } from "@upstash/redis";
import { REDIS } from "../../../schema/messages/subjects.ts";
import type { FrameFeed } from "../../ports/bus.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Log } from "../../ports/telemetry.ts";

export interface UpstashFeedOptions {
  readonly url: string;
  readonly token: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Longest silence taken for life; default 37,500 ms, as something is due every 15 s. */
  readonly silenceMsMax?: number;
}

export interface UpstashFeed extends FrameFeed {
  /** Ends the subscription for good. */
  close(): Promise<void>;
}

/** Two heartbeats may be late or lost together with a frame. */
const SILENCE_MS_MAX = REDIS.heartbeatMs * 2.5;
const RETRY_MS_MIN = 500;
const RETRY_MS_MAX = 5_000;
const REQUEST_MS_MAX = 5_000;
const LINE_CHARS_MAX = 16 * 1024 * 1024;

/** Opens no connection before the first subscribe() or snapshot(). */
export function createUpstashFeed(options: UpstashFeedOptions): UpstashFeed {
  const { clock, log } = options;
  const { framesChannel: channel, snapshotKey } = REDIS;
  const silenceMsMax = options.silenceMsMax ?? SILENCE_MS_MAX;
  const listeners = new Set<(packed: Uint8Array) => void>();
  const returns = new Set<() => void>();
  const closing = new AbortController();
  let state = { up: false, detail: "not subscribed yet" };
  let running: Promise<void> | undefined;
  let firstEnd: () => void = () => {};
  const firstAttempt = new Promise<void>((resolve) => {
    firstEnd = resolve;
  });

  const redis = new WatchedRedis(options.url, options.token);

  const deliver = (text: string) => {
    const packed = bytesOf(text);
    if (packed === undefined) log.warn("message is not base64, ignored", { channel, chars: text.length });
    else for (const listener of listeners) listener(packed);
  };

  const snapshot = async () => {
    const text = await redis.get<string>(snapshotKey);
    if (text === null) return undefined;
    const packed = bytesOf(String(text));
    if (packed === undefined) throw new Error(`expected base64 under ${snapshotKey}`);
    return packed;
  };

  /** One subscription until it ends; resolves with why. */
  async function subscribeOnce(isFirst: boolean): Promise<string> {
    const over = new AbortController();
    const signal = AbortSignal.any([over.signal, closing.signal]);
    const end = (reason: string) => over.abort(reason);
    let heardAtMs = clock.monotonicMs();
    redis.onStreamEnd = end;
    const subscriber = redis.subscribe<string>(channel);
    subscriber.on("subscribe", () => {
      heardAtMs = clock.monotonicMs();
      state = { up: true, detail: `subscribed to ${channel}` };
      log.info("subscribed to frames", { channel });
      firstEnd();
      if (!isFirst) for (const onReturn of returns) onReturn();
    });
    subscriber.on("message", ({ message }) => {
      heardAtMs = clock.monotonicMs();
      if (message !== REDIS.heartbeat) deliver(message);
    });
    subscriber.on("error", (error) => end(error.message));
    while (!signal.aborted) {
      const silentMs = clock.monotonicMs() - heardAtMs;
      const limitMs = state.up ? silenceMsMax : REQUEST_MS_MAX;
      if (silentMs >= limitMs) end(`nothing heard for ${Math.round(silentMs / 1000)} s`);
      else await clock.sleep(limitMs - silentMs, signal);
    }
    await subscriber.unsubscribe();
    return String(signal.reason);
  }

  async function run(): Promise<void> {
    let failures = 0;
    for (let isFirst = true; !closing.signal.aborted; isFirst = false) {
      const reason = await subscribeOnce(isFirst);
      firstEnd();
      if (closing.signal.aborted) break;
      failures = state.up ? 0 : failures + 1;
      if (failures <= 1) log.warn("frames are cut off, subscribing again", { reason });
      state = { up: false, detail: reason };
      await clock.sleep(Math.min(RETRY_MS_MAX, RETRY_MS_MIN * 2 ** failures), closing.signal);
    }
    state = { up: false, detail: "closed" };
  }

  return {
    async subscribe(onFrame, onReturn) {
      listeners.add(onFrame);
      if (onReturn) returns.add(onReturn);
      running ??= run();
      await firstAttempt;
      return async () => {
        listeners.delete(onFrame);
        if (onReturn) returns.delete(onReturn);
      };
    },
    snapshot,
    state: () => state,
    async close() {
      closing.abort();
      await running;
    },
  };
}

/** The vendor's client with the streams taken out of its hands, so that their end is heard of. */
class WatchedRedis extends Redis {
  /** Called when a subscription's stream is over, with the reason. */
  onStreamEnd: (reason: string) => void = () => {};

  constructor(url: string, token: string) {
    super({
      url,
      token,
      automaticDeserialization: false,
      enableTelemetry: false,
      enableAutoPipelining: false,
      readYourWrites: false,
      retry: { retries: 1, backoff: () => 200 },
      signal: () => AbortSignal.timeout(REQUEST_MS_MAX),
    });
    const inner: Requester = this.client;
    const stream: Requester["request"] = async (request) => {
      const { onStreamEnd } = this;
      const headers = { ...request.headers, Authorization: `Bearer ${token}` };
      const address = [url.replace(/\/$/, ""), ...(request.path ?? [])].join("/");
      const init = { method: "POST", headers, ...(request.signal && { signal: request.signal }) };
      const response = await fetch(address, init as RequestInit);
      if (!response.ok || response.body === null) throw new Error(`the server answered ${response.status}`);
      readLines(response.body, (line) => {
        if (line.startsWith("data:")) request.onMessage?.(line.slice("data:".length).trimStart());
      }).then(
        () => onStreamEnd("the stream ended"),
        (error) => onStreamEnd(`the stream broke: ${String(error)}`),
      );
      return { result: 1 as never };
    };
    this.client = {
      request: (request) =>
        request.headers?.Accept === "text/event-stream" ? stream(request) : inner.request(request),
    } as Requester;
  }
}

/** Undefined for what is not base64. */
export function bytesOf(base64: string): Uint8Array | undefined {
  try {
    return Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
  } catch {
    return undefined;
  }
}

/** Hands over each line of the stream; resolves at its end, rejects when it breaks. */
export async function readLines(
  body: ReadableStream<Uint8Array>,
  onLine: (line: string) => void,
): Promise<void> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const lines = (rest + decoder.decode(value, { stream: true })).split("\n");
    rest = lines.pop()!;
    if (rest.length > LINE_CHARS_MAX) throw new RangeError("expected a message of a sensible size");
    for (const line of lines) onLine(line.endsWith("\r") ? line.slice(0, -1) : line);
  }
}
