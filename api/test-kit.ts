// What the API's tests share: a seeded market of rows, a feed in memory, an app around both, and Karbit's decoding done
// apart from our own code. Runs under Bun and Deno alike.

import assert from "node:assert/strict";
import { constants, gunzipSync } from "node:zlib";
import { PAIRS, SEED_COUNT } from "../schema/vocabulary.ts";
import { packFrame, packText, unpackFrame } from "../src/adapters/frame-codec.ts";
import type { Frame } from "../src/domain/frame.ts";
import { RATES_PER_ROW, type RateRow } from "../src/domain/rate-table.ts";
import type { FrameFeed } from "../src/ports/bus.ts";
import type { Log } from "../src/ports/telemetry.ts";
import { ManualClock } from "../src/testing/manual-clock.ts";
import { createApp } from "./app.ts";
import { LiveFrames } from "./live-frames.ts";
import type { ApiDeps, ApiSettings, FrameCodec } from "./settings.ts";

export const TICK_AT_MS = 1_780_000_020_000;
export const codec: FrameCodec = { packFrame, unpackFrame, packText };

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export interface FakeMarket {
  readonly seed?: number;
  readonly coins?: readonly string[];
  readonly tickAtMs?: number;
}

/** Rates as books make them: slopes that change where a level ends, some books too thin for the largest sizes. */
export function fakeRows({
  seed = 1,
  coins = ["BTC", "ETH", "XRP"],
  tickAtMs = TICK_AT_MS,
}: FakeMarket = {}) {
  const random = seededRandom(seed);
  const rows: RateRow[] = [];
  for (const coin of coins) {
    for (const pairIndex of PAIRS.keys()) {
      const ratesJeon = new Float64Array(RATES_PER_ROW).fill(Number.NaN);
      for (const [offset, sign] of [
        [0, 1],
        [SEED_COUNT, -1],
      ] as const) {
        const length = random() < 0.2 ? Math.floor(random() * SEED_COUNT) : SEED_COUNT;
        let rate = 139_000 + random() * 2_000;
        let slope = random() * 20;
        for (let index = 0; index < length; index++) {
          if (random() < 0.15) slope = random() * 30;
          rate += sign * slope;
          ratesJeon[offset + index] = Math.round(rate);
        }
      }
      const quoted = !Number.isNaN(ratesJeon[0]!) || !Number.isNaN(ratesJeon[SEED_COUNT]!);
      const bookAgeMs = quoted ? Math.floor(random() * 2_000) : 0;
      rows.push({ coin, pairIndex, tickAtMs, bookAgeMs, reason: quoted ? "none" : "thin", ratesJeon });
    }
  }
  return rows;
}

/** Rows with their rates as plain lists: those are compared with NaN equal to itself. */
export function plainRows(rows: readonly RateRow[]) {
  return rows.map((row) => ({ ...row, ratesJeon: [...row.ratesJeon] }));
}

export function fakeCoins(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `C${String(index).padStart(3, "0")}`);
}

export function fakeFrame(rows: readonly RateRow[], head: Partial<Frame> = {}): Frame {
  const tickAtMs = rows.reduce((newest, row) => Math.max(newest, row.tickAtMs), 0) || TICK_AT_MS;
  const reference = { priceKrw: 1389.5, venue: "upbit" as const, atMs: tickAtMs - 700 };
  return { tickAtMs, part: 0, closing: false, reference, rows, ...head };
}

/** A feed one can publish on and cut off. */
export class MemoryFeed implements FrameFeed {
  readonly #listeners = new Set<(packed: Uint8Array) => void>();
  readonly #returns = new Set<() => void>();
  snapshotFrame: Frame | undefined;
  snapshotReads = 0;
  up = true;
  /** Runs inside snapshot(), before the answer: for frames that arrive meanwhile. */
  beforeSnapshot: () => void = () => {};

  async subscribe(
    onFrame: (packed: Uint8Array) => void,
    onReturn: () => void = () => {},
  ): Promise<() => Promise<void>> {
    if (!this.up) throw new Error("no link");
    this.#listeners.add(onFrame);
    this.#returns.add(onReturn);
    return async () => {
      this.#listeners.delete(onFrame);
    };
  }

  async snapshot(): Promise<Uint8Array | undefined> {
    if (!this.up) throw new Error("no link");
    this.snapshotReads++;
    this.beforeSnapshot();
    return this.snapshotFrame && packFrame(this.snapshotFrame);
  }

  state() {
    return { up: this.up, detail: this.up ? "in memory" : "cut off" };
  }

  /** The link is back after a loss. */
  comeBack(): void {
    this.up = true;
    for (const onReturn of this.#returns) onReturn();
  }

  publish(frame: Frame): void {
    this.publishBytes(packFrame(frame));
  }

  publishBytes(packed: Uint8Array): void {
    for (const listener of this.#listeners) listener(packed);
  }

  get listenerCount(): number {
    return this.#listeners.size;
  }
}

/** A log that keeps what it is told. */
export class KeptLog implements Log {
  readonly events: string[] = [];
  debug = () => {};
  info = (event: string) => void this.events.push(event);
  warn = (event: string) => void this.events.push(event);
  error = (event: string) => void this.events.push(event);
  child = () => this;
}

export interface TestApi {
  readonly app: ReturnType<typeof createApp>;
  readonly feed: MemoryFeed;
  readonly live: LiveFrames;
  readonly clock: ManualClock;
  readonly log: KeptLog;
  /** Ends streams and timers. */
  close(): Promise<void>;
}

/** An app over a feed in memory, started, with a clock that stands 2 s after TICK_AT_MS. */
export async function testApi(
  options: { settings?: Partial<ApiSettings>; rows?: readonly RateRow[]; deps?: Partial<ApiDeps> } = {},
): Promise<TestApi> {
  const feed = new MemoryFeed();
  if (options.rows) feed.snapshotFrame = fakeFrame(options.rows);
  const clock = new ManualClock(TICK_AT_MS + 2_000);
  const log = new KeptLog();
  const ending = new AbortController();
  const live = new LiveFrames({ feed, unpackFrame, clock, log });
  await live.start();
  const { settings = {}, deps } = options;
  const app = createApp({ live, codec, clock, log, settings, signal: ending.signal, ...deps });
  const close = async () => {
    ending.abort();
    await live.stop();
  };
  return { app, feed, live, clock, log, close };
}

/** Reads a stream's events as text, unpacking gzip as far as it has come. */
export class StreamReader {
  readonly response: Response;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #chunks: Uint8Array[] = [];
  readonly #gzip: boolean;

  constructor(response: Response) {
    this.response = response;
    this.#gzip = response.headers.get("Content-Encoding") === "gzip";
    this.#reader = response.body!.getReader();
  }

  get text(): string {
    const bytes = Buffer.concat(this.#chunks);
    return this.#gzip
      ? gunzipSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH }).toString()
      : bytes.toString();
  }

  get byteCount(): number {
    return this.#chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  }

  /** Reads until the text satisfies the condition and returns it; rejects at the stream's end. */
  async until(done: (text: string) => boolean): Promise<string> {
    for (;;) {
      const text = this.#chunks.length > 0 ? this.text : "";
      if (done(text)) return text;
      const { value, done: over } = await this.#reader.read();
      if (over) throw new Error(`the stream ended after: ${text.slice(-200)}`);
      this.#chunks.push(value);
    }
  }

  /** Reads until the stream ends. */
  async toEnd(): Promise<string> {
    for (;;) {
      const { value, done } = await this.#reader.read();
      if (done) return this.text;
      this.#chunks.push(value);
    }
  }

  /** Resolves with the first `count` rate events (those with an id), as [id, data]. */
  async events(count: number): Promise<[string, string][]> {
    const all = (text: string) => [...text.matchAll(/id: (\S+)\ndata: (.*)\n\n/g)];
    const text = await this.until((sofar) => all(sofar).length >= count);
    return all(text).map((match) => [match[1]!, match[2]!]);
  }

  async cancel(): Promise<void> {
    await this.#reader.cancel();
  }
}

interface KarbitPair {
  readonly symbol?: string;
  readonly name?: string;
  readonly korean_ex: string;
  readonly foreign_ex: string;
  readonly ex_rates: { seed: number; entry_ex_rate: number | null; exit_ex_rate: number | null }[];
}

/** Checks pairs against contract section 2.2, and that they are these rows. */
export function assertKarbitPairs(
  pairs: readonly KarbitPair[],
  nameKey: "symbol" | "name",
  rows: readonly RateRow[],
) {
  assert.equal(pairs.length, rows.length);
  for (const [index, pair] of pairs.entries()) {
    const row = rows[index]!;
    assert.deepEqual(Object.keys(pair), [nameKey, "korean_ex", "foreign_ex", "ex_rates"]);
    assert.match(pair[nameKey]!, /^[0-9A-Z]+$/);
    assert.equal(pair[nameKey], row.coin);
    assert.equal(`${pair.korean_ex}-${pair.foreign_ex}`, PAIRS[row.pairIndex]!.key);
    assert.equal(pair.ex_rates.length, 100);
    for (const [at, rate] of pair.ex_rates.entries()) {
      assert.deepEqual(Object.keys(rate), ["seed", "entry_ex_rate", "exit_ex_rate"]);
      assert.equal(rate.seed, (at + 1) * 1_000_000);
      assertRate(rate.entry_ex_rate, row.ratesJeon[at]!);
      assertRate(rate.exit_ex_rate, row.ratesJeon[SEED_COUNT + at]!);
    }
  }
}

function assertRate(rate: number | null, jeon: number): void {
  if (Number.isNaN(jeon)) {
    assert.equal(rate, null);
    return;
  }
  assert.equal(typeof rate, "number");
  assert.match(String(rate), /^\d+(\.\d{1,2})?$/);
  assert.equal(rate, jeon / 100);
}

/** One message of the channel as Karbit's loader reads it: base64, gzip, JSON. */
export function decodeChannelMessage(base64: string): { results: KarbitPair[] } {
  return JSON.parse(gunzipSync(Buffer.from(base64, "base64")).toString("utf8"));
}
