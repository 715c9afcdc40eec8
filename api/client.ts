// A client of the stream for browsers, Deno, Bun and Node: connects with fetch, decodes events into rate rows, resumes
// with Last-Event-ID and comes back by itself with growing, jittered pauses. It needs fflate and nothing else.
//
//     const stream = openPremiumStream({ url: "https://.../api/premium/stream", onRows: (rows) => show(rows) });
//     stream.close();

import { parseFrameId } from "../schema/messages/premium-frame.ts";
import type { PairKey } from "../schema/vocabulary.ts";
import { FrameError } from "../src/domain/frame.ts";
import type { RateRow, ReferencePrice } from "../src/domain/rate-table.ts";
import { decodeCompact, decodeKarbit, decodePacked, onlySeeds } from "./client-rows.ts";
import { EventSourceParser, type ServerSentEvent } from "./event-source-parser.ts";

export { decodeCompact, decodeKarbit, decodePacked } from "./client-rows.ts";

/** What an event says beside its rows. */
export interface RowsInfo {
  /** Epoch ms of the newest tick among the rows. */
  readonly tickAtMs: number;
  readonly part: number;
  /** True once the tick is complete; undefined where the format does not say (all but compact). */
  readonly closing: boolean | undefined;
  readonly reference: ReferencePrice | undefined;
}

export type StreamState =
  | { readonly status: "connecting" }
  | { readonly status: "open" }
  /** Will try again after `delayMs`. */
  | { readonly status: "waiting"; readonly delayMs: number; readonly reason: string }
  /** The server will not serve this request; asking again would not help. */
  | { readonly status: "refused"; readonly reason: string }
  | { readonly status: "closed" };

export interface PremiumStreamOptions {
  /** Address of the stream, without a query. */
  readonly url: string;
  /** Default "compact", the smallest by far and the only one with reasons, ages and the reference price. */
  readonly format?: "compact" | "packed" | "karbit";
  readonly pairs?: readonly PairKey[];
  readonly coins?: readonly string[];
  /** Order sizes in KRW; rates of others come as NaN. */
  readonly seeds?: readonly number[];
  /** Rows to merge by coin and pair; the first event has all. What it throws ends the stream and rejects `done`. */
  readonly onRows: (rows: readonly RateRow[], info: RowsInfo) => void;
  readonly onState?: (state: StreamState) => void;
  /** Aborting it closes the stream. */
  readonly signal?: AbortSignal;
}

export interface PremiumStream {
  close(): void;
  /** Resolves when the stream is closed or refused. */
  readonly done: Promise<void>;
}

/** The server sends at least a comment every 15 s. */
const SILENCE_MS_MAX = 45_000;
const DELAY_MS_MIN = 500;
const DELAY_MS_MAX = 15_000;

/** Opens the stream and keeps it open until closed. */
export function openPremiumStream(options: PremiumStreamOptions): PremiumStream {
  const closing = new AbortController();
  const close = () => closing.abort();
  if (options.signal?.aborted) close();
  options.signal?.addEventListener("abort", close, { once: true });
  const done = keepOpen(options, closing.signal).finally(() => {
    options.signal?.removeEventListener("abort", close);
    close();
  });
  return { close, done };
}

interface Progress {
  /** Id of the last event taken in whole. */
  lastEventId: string;
  /** Whether this connection brought anything. */
  received: boolean;
}

class ListenerError extends Error {}

async function keepOpen(options: PremiumStreamOptions, signal: AbortSignal): Promise<void> {
  const tell = (state: StreamState) => options.onState?.(state);
  const progress: Progress = { lastEventId: "", received: false };
  let failures = 0;
  while (!signal.aborted) {
    tell({ status: "connecting" });
    progress.received = false;
    let reason = "the server ended the stream";
    let serverDelayMs = 0;
    try {
      const refused = await connect(options, progress, signal);
      if (refused) {
        reason = refused.reason;
        serverDelayMs = refused.delayMs ?? 0;
        if (refused.delayMs === undefined) return tell({ status: "refused", reason });
      }
    } catch (error) {
      if (error instanceof ListenerError) throw error.cause;
      // A damaged event: the server's state and ours may differ, so the next connection asks for everything.
      if (error instanceof FrameError) progress.lastEventId = "";
      reason = error instanceof Error ? error.message : String(error);
    }
    if (signal.aborted) break;
    failures = progress.received ? 1 : failures + 1;
    const delayMs = Math.max(
      serverDelayMs,
      jittered(Math.min(DELAY_MS_MAX, DELAY_MS_MIN * 2 ** (failures - 1))),
    );
    tell({ status: "waiting", delayMs, reason });
    await pause(delayMs, signal);
  }
  tell({ status: "closed" });
}

/** One connection, until it ends. Resolves with a refusal when there was none; `delayMs` undefined: for good. */
async function connect(
  options: PremiumStreamOptions,
  progress: Progress,
  signal: AbortSignal,
): Promise<{ reason: string; delayMs: number | undefined } | undefined> {
  const connection = new AbortController();
  const abort = () => connection.abort(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  let silence: ReturnType<typeof setTimeout> | undefined;
  const heard = () => {
    clearTimeout(silence);
    silence = setTimeout(() => connection.abort(new Error("the server fell silent")), SILENCE_MS_MAX);
  };
  try {
    heard();
    const headers: Record<string, string> = { Accept: "text/event-stream" };
    if (progress.lastEventId) headers["Last-Event-ID"] = progress.lastEventId;
    const response = await fetch(addressOf(options), {
      headers,
      cache: "no-store",
      signal: connection.signal,
    });
    if (!response.ok || !response.body) return await refusalOf(response);
    options.onState?.({ status: "open" });
    const parser = new EventSourceParser((event) => takeEvent(options, progress, event));
    const reader = response.body.getReader();
    const decoder = new TextDecoder();
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return undefined;
      heard();
      parser.push(decoder.decode(value, { stream: true }));
    }
  } finally {
    clearTimeout(silence);
    signal.removeEventListener("abort", abort);
    connection.abort();
  }
}

function addressOf({ url, format, pairs, coins, seeds }: PremiumStreamOptions): string {
  const query = [`format=${format ?? "compact"}`];
  if (pairs) query.push(`pairs=${pairs.join(",")}`);
  if (coins) query.push(`coins=${coins.map(encodeURIComponent).join(",")}`);
  if (seeds) query.push(`seeds=${seeds.join(",")}`);
  return `${url}?${query.join("&")}`;
}

async function refusalOf(response: Response): Promise<{ reason: string; delayMs: number | undefined }> {
  const text = await response.text();
  const reason = `${response.status} ${text.slice(0, 500)}`;
  const maySucceedLater = response.status >= 500 || response.status === 429 || response.status === 408;
  const retryAfterSeconds = Number(response.headers.get("Retry-After"));
  if (!maySucceedLater) return { reason, delayMs: undefined };
  return { reason, delayMs: retryAfterSeconds > 0 ? retryAfterSeconds * 1000 : 0 };
}

/** Throws FrameError for damaged data, ListenerError for what the listener throws. */
function takeEvent(options: PremiumStreamOptions, progress: Progress, event: ServerSentEvent): void {
  const { tickAtMs, part } = parseFrameId(event.id) ?? { tickAtMs: 0, part: 0 };
  let info: RowsInfo = { tickAtMs, part, closing: undefined, reference: undefined };
  let rows: readonly RateRow[];
  if (options.format === "karbit") rows = decodeKarbit(event.data, tickAtMs);
  else if (options.format === "packed") rows = decodePacked(event.data, tickAtMs);
  else {
    const { rows: all, ...rest } = decodeCompact(event.data);
    info = rest;
    rows = all.map((row) => onlySeeds(row, options.seeds));
  }
  progress.received = true;
  progress.lastEventId = event.id;
  if (rows.length === 0) return;
  try {
    options.onRows(rows, info);
  } catch (cause) {
    throw new ListenerError("the listener failed", { cause });
  }
}

/** Between half and the whole of the length, so that clients of a restarted server do not return in one moment. */
function jittered(lengthMs: number): number {
  const share = crypto.getRandomValues(new Uint32Array(1))[0]! / 2 ** 32;
  return Math.round(lengthMs * (0.5 + share / 2));
}

function pause(lengthMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, lengthMs);
    signal.addEventListener("abort", end, { once: true });
  });
}
