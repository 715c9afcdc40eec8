// A venue's private stream of one account: connect, say who we are, stay alive, connect again. What it says is handed on
// as news and never recorded. How each venue does it is the dialect, in krw-stream.ts and each venue's stream.ts.
//
// A connection counts as lost when it closes, is refused, or gives no sign for a minute. The next one waits a second,
// doubling to five minutes while none lasts. Addresses may carry a key: none is ever logged.

import type { Venue } from "../../../schema/vocabulary.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Log } from "../../ports/telemetry.ts";
import type { AccountNews } from "../../ports/trading-venue.ts";

/** What a message means: news, or something about the connection itself. */
export type StreamEvent =
  | AccountNews
  | { readonly kind: "send"; readonly text: string }
  | { readonly kind: "refused"; readonly why: string };

export interface StreamDialect {
  /** Address and headers of one connection, signed at this instant. May reject. */
  dial(): Promise<{ readonly url: string; readonly headers?: Readonly<Record<string, string>> }>;
  /** What is said first; "connected" is news once the venue has heard it. */
  hello(): readonly StreamEvent[];
  /** Never throws: what it cannot read is no news. */
  read(text: string): readonly StreamEvent[];
  /** What keeps it open, beside a ping frame. */
  readonly heartbeat?: string;
  /** A call that keeps the account's stream alive. May reject. */
  readonly renewal?: { readonly everyMs: number; renew(): Promise<unknown> };
}

export interface StreamParts {
  readonly venue: Venue;
  readonly clock: Clock;
  readonly log: Log;
  readonly dialect: StreamDialect;
  /** Resolves when this venue may be connected to: the venues count connections. */
  readonly turn: (signal: AbortSignal) => Promise<void>;
}

/** As Bun has it, with headers in the handshake and ping frames; the browser's type knows neither. */
type Socket = WebSocket & { ping(): void };
const BunSocket = WebSocket as unknown as new (
  url: string,
  options: { readonly headers: Readonly<Record<string, string>> },
) => Socket;

export const HEARTBEAT_MS = 20_000;
const SILENCE_MS_MAX = 60_000;
const DIAL_MS_MAX = 10_000;
const RETRY_MS_MIN = 1_000;
const RETRY_MS_MAX = 300_000;
/** A connection that lasted so long was a good one. */
const LASTED_MS = 60_000;
const MESSAGE_CHARS_MAX = 1_000_000;

/** Until `signal` is aborted. Never rejects. */
export async function followAccount(
  parts: StreamParts,
  onNews: (news: AccountNews) => void,
  signal: AbortSignal,
): Promise<void> {
  const { venue, clock, log, turn } = parts;
  let retryMs = RETRY_MS_MIN;
  while (!signal.aborted) {
    await turn(signal);
    if (signal.aborted) return;
    const begunMs = clock.monotonicMs();
    const why = await connectOnce(parts, onNews, signal);
    onNews({ kind: "lost" });
    if (signal.aborted) return;
    if (clock.monotonicMs() - begunMs >= LASTED_MS) retryMs = RETRY_MS_MIN;
    log.debug("an account's stream ended", { venue, why, againMs: retryMs });
    // All accounts of a venue that was away come back one after the other: each takes its turn.
    await clock.sleep(retryMs, signal);
    retryMs = Math.min(2 * retryMs, RETRY_MS_MAX);
  }
}

/** Resolves with why it is over. */
async function connectOnce(
  { clock, dialect }: StreamParts,
  onNews: (news: AccountNews) => void,
  signal: AbortSignal,
): Promise<string> {
  const over = new AbortController();
  const ended = Promise.withResolvers<string>();
  const end = (why: string) => {
    ended.resolve(why);
    over.abort();
  };
  const onAbort = () => end("no longer wanted");
  signal.addEventListener("abort", onAbort, { once: true });
  let socket: Socket | undefined;
  try {
    const { url, headers } = await dialect.dial();
    if (signal.aborted) return "no longer wanted";
    socket = new BunSocket(url, { headers: headers ?? {} });
    socket.binaryType = "arraybuffer";
    const open = socket;
    const heard = { atMs: clock.monotonicMs() };
    const take = (events: readonly StreamEvent[]) => {
      for (const event of events) {
        if (event.kind === "send") open.send(event.text);
        else if (event.kind === "refused") end(`refused: ${event.why}`);
        else onNews(event);
      }
    };
    open.addEventListener("open", () => {
      take(dialect.hello());
      // A socket that closes just then may refuse the ping: that is an end, and no fault of the process.
      keepAlive(open, dialect, clock, heard, over.signal, end).catch(() => end("not kept alive"));
    });
    open.addEventListener("message", ({ data }: MessageEvent<string | ArrayBuffer>) => {
      heard.atMs = clock.monotonicMs();
      const text = typeof data === "string" ? data : new TextDecoder().decode(data);
      if (text.length > MESSAGE_CHARS_MAX) end("a message too long to read");
      else take(dialect.read(text));
    });
    (open as EventTarget).addEventListener("pong", () => {
      heard.atMs = clock.monotonicMs();
    });
    // The text of an error may hold the address: of it only the status is kept.
    open.addEventListener("error", (error) =>
      end(`no connection${statusIn((error as ErrorEvent).message ?? "")}`),
    );
    open.addEventListener("close", ({ code }) => end(`closed with ${code}`));
    void clock.sleep(DIAL_MS_MAX, over.signal).then(() => {
      if (open.readyState === WebSocket.CONNECTING) end("no connection in time");
    });
    return await ended.promise;
  } catch (error) {
    return error instanceof Error ? error.name : "a fault";
  } finally {
    over.abort();
    signal.removeEventListener("abort", onAbort);
    socket?.close();
  }
}

async function keepAlive(
  socket: Socket,
  { heartbeat, renewal }: StreamDialect,
  clock: Clock,
  heard: { readonly atMs: number },
  over: AbortSignal,
  end: (why: string) => void,
): Promise<void> {
  let renewedMs = clock.monotonicMs();
  while (!over.aborted) {
    await clock.sleep(HEARTBEAT_MS, over);
    if (over.aborted) return;
    const nowMs = clock.monotonicMs();
    if (nowMs - heard.atMs > SILENCE_MS_MAX) return end("silent");
    socket.ping();
    if (heartbeat !== undefined) socket.send(heartbeat);
    if (renewal && nowMs - renewedMs >= renewal.everyMs) {
      renewedMs = nowMs;
      await renewal.renew().catch(() => end("not renewed"));
    }
  }
}

function statusIn(text: string): string {
  const status = /status code: (\d{3})/.exec(text)?.[1];
  return status === undefined ? "" : `, status ${status}`;
}

/** JSON as a record; undefined for everything else. */
export function recordIn(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

/** Connections to a venue follow one another by this much: they are counted by address. */
const TURN_MS = 750;

/** One for each venue of a process. */
export function turnsOf(clock: Clock): (signal: AbortSignal) => Promise<void> {
  let freeMs = Number.NEGATIVE_INFINITY;
  return async (signal) => {
    const nowMs = clock.monotonicMs();
    const atMs = Math.max(nowMs, freeMs);
    freeMs = atMs + TURN_MS;
    if (atMs > nowMs) await clock.sleep(atMs - nowMs, signal);
  };
}
