// Karbit's side of the Redis channel, decoded independently: base64, zlib's gunzip, JSON, the type and grid rules of
// its contract. What arrives is matched row by row with what the stream said: every row must be one of that coin and
// pair, and never an older one than the last.

import { gunzipSync } from "node:zlib";
import { RedisClient } from "bun";
import type { PublishedRates } from "./published.ts";

const PAIR_NAMES = ["upbit bybit", "upbit binance", "bithumb bybit", "bithumb binance"];

interface ChannelRow {
  readonly key: string;
  readonly ratesJeon: Float64Array;
}

export class KarbitChannel {
  messageCount = 0;
  rowCount = 0;
  matchedCount = 0;
  /** When the last message came, epoch ms. */
  lastAtMs = 0;
  readonly faults: string[] = [];
  #waiting: ChannelRow[] = [];
  readonly #tickOfKey = new Map<string, number>();
  #client: RedisClient | undefined;

  constructor(private readonly url: string) {}

  /** Subscribes; again after a restart of the server, with a connection of its own. */
  async subscribe(): Promise<void> {
    this.#client?.close();
    this.#client = new RedisClient(this.url, { autoReconnect: false });
    // A connection that dies with its server is what this is here for.
    this.#client.onclose = () => undefined;
    await this.#client.connect();
    await this.#client.subscribe("exchange_rate", (message) => this.#take(message));
  }

  close(): void {
    this.#client?.close();
  }

  /** Compares what came with the ticks the stream has told of; rows whose tick it has not told yet stay waiting. */
  match(published: PublishedRates): void {
    const ticks = [...published.ticks.values()].sort((a, b) => a.tickAtMs - b.tickAtMs);
    const newest = ticks.at(-1)?.tickAtMs ?? 0;
    const left: ChannelRow[] = [];
    for (const row of this.#waiting) {
      const from = this.#tickOfKey.get(row.key) ?? 0;
      const tick = ticks.find(
        ({ tickAtMs, rows }) =>
          tickAtMs >= from && rows.get(row.key)?.some((told) => same(told.ratesJeon, row.ratesJeon)),
      );
      if (tick) {
        this.#tickOfKey.set(row.key, tick.tickAtMs);
        this.matchedCount++;
      } else left.push(row);
    }
    this.#waiting = left;
    this.newestMatchedAgainstAtMs = newest;
  }

  newestMatchedAgainstAtMs = 0;

  /** Rows no tick of the stream explains. */
  get unexplained(): readonly string[] {
    return this.#waiting.map(({ key }) => key);
  }

  #take(message: string): void {
    this.messageCount++;
    this.lastAtMs = Date.now();
    try {
      const text = gunzipSync(Buffer.from(message, "base64")).toString("utf8");
      const { results } = JSON.parse(text) as { results: unknown[] };
      for (const item of results) this.#waiting.push(channelRow(item as Record<string, unknown>));
      this.rowCount += results.length;
    } catch (fault) {
      this.faults.push(String(fault));
    }
  }
}

/** Throws a RangeError naming what breaks the contract (karbit contract 2.2). */
function channelRow(item: Record<string, unknown>): ChannelRow {
  const { name, korean_ex, foreign_ex, ex_rates } = item;
  const pairIndex = PAIR_NAMES.indexOf(`${korean_ex} ${foreign_ex}`);
  if (typeof name !== "string" || pairIndex < 0 || !Array.isArray(ex_rates)) {
    throw new RangeError(`expected a pair with rates, was ${JSON.stringify(item).slice(0, 120)}`);
  }
  if (ex_rates.length !== 100) throw new RangeError(`${name}: expected 100 sizes, was ${ex_rates.length}`);
  const ratesJeon = new Float64Array(200);
  for (const [index, rate] of ex_rates.entries()) {
    if (rate.seed !== (index + 1) * 1_000_000) throw new RangeError(`${name}: seed ${rate.seed} at ${index}`);
    ratesJeon[index] = jeonOf(rate.entry_ex_rate);
    ratesJeon[100 + index] = jeonOf(rate.exit_ex_rate);
  }
  return { key: `${name}|${pairIndex}`, ratesJeon };
}

function jeonOf(rate: unknown): number {
  if (rate === null) return Number.NaN;
  const jeon = typeof rate === "number" ? Math.round(rate * 100) : Number.NaN;
  if (!(jeon > 0) || jeon / 100 !== rate) throw new RangeError(`expected 2 decimals or null, was ${rate}`);
  return jeon;
}

function same(a: Float64Array, b: Float64Array): boolean {
  return a.every((value, index) => Object.is(value, b[index]));
}
