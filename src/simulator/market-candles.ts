// Candles read off the price every 15 seconds (every hour for candles of a day and more, to stay cheap), so
// candles of one length agree with those of another, and the open candle with the price now. There are none before
// the listing's launch. Closed hours and days are kept, since venues' tickers ask for the same ones again and again.

import { SLOT_MS } from "./activity.ts";
import type { MarketListing } from "./listings.ts";
import type { Prices } from "./prices.ts";
import { nearestOnGrid } from "./ticks.ts";
import type { SimCandle } from "./types.ts";
import type { Volumes } from "./volumes.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const WEEK_MS = 7 * DAY_MS;
/** The epoch was a Thursday; weeks start on Monday. */
const MONDAY_OFFSET_MS = 4 * DAY_MS;
const SAMPLE_MS = 15_000;
const LONG_SAMPLE_MS = 3_600_000;
const KEPT_BARS_MAX = 2_000;

/** What happened in a span of time, before rounding to the venue's grid. */
interface Bar {
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number;
}

export interface CandleRequest {
  readonly intervalMs: number;
  readonly toMs: number;
  readonly count: number;
}

export class Candles {
  readonly #prices: Prices;
  readonly #volumes: Volumes;
  /** Closed hours and days by listing, keyed "length start". */
  readonly #kept = new Map<MarketListing, Map<string, Bar>>();

  constructor(prices: Prices, volumes: Volumes) {
    this.#prices = prices;
    this.#volumes = volumes;
  }

  /** Oldest first, at most `count`, the last containing `toMs` and holding only what happened until then. */
  of(listing: MarketListing, { intervalMs, toMs, count }: CandleRequest): SimCandle[] {
    const lastAtMs = candleStart(toMs, intervalMs);
    const firstAliveAtMs = candleStart(listing.launchAtMs, intervalMs);
    const candles: SimCandle[] = [];
    let startAtMs = Math.max(firstAliveAtMs, lastAtMs - (count - 1) * intervalMs);
    for (; startAtMs <= lastAtMs; startAtMs += intervalMs) {
      const bar = this.#bar(listing, startAtMs, Math.min(startAtMs + intervalMs, toMs), intervalMs);
      candles.push({
        startAtMs,
        open: nearestOnGrid(listing.grid, bar.open),
        high: nearestOnGrid(listing.grid, bar.high),
        low: nearestOnGrid(listing.grid, bar.low),
        close: nearestOnGrid(listing.grid, bar.close),
        volumeCoin: toLots(listing, bar.volume),
      });
    }
    return candles;
  }

  /** The bar of one candle, put together from whole hours or days where its length allows. */
  #bar(listing: MarketListing, startAtMs: number, endAtMs: number, intervalMs: number): Bar {
    const pieceMs = intervalMs % DAY_MS === 0 ? DAY_MS : intervalMs % HOUR_MS === 0 ? HOUR_MS : intervalMs;
    let bar = this.#piece(listing, startAtMs, Math.min(startAtMs + pieceMs, endAtMs), pieceMs);
    for (let atMs = startAtMs + pieceMs; atMs < endAtMs; atMs += pieceMs) {
      bar = joined(bar, this.#piece(listing, atMs, Math.min(atMs + pieceMs, endAtMs), pieceMs));
    }
    return bar;
  }

  #piece(listing: MarketListing, startAtMs: number, endAtMs: number, pieceMs: number): Bar {
    if (pieceMs < HOUR_MS || endAtMs < startAtMs + pieceMs) {
      return this.#measure(listing, startAtMs, endAtMs, pieceMs);
    }
    let kept = this.#kept.get(listing);
    if (kept === undefined) this.#kept.set(listing, (kept = new Map()));
    const key = `${pieceMs} ${startAtMs}`;
    const known = kept.get(key);
    if (known !== undefined) return known;
    const bar = this.#measure(listing, startAtMs, endAtMs, pieceMs);
    if (kept.size >= KEPT_BARS_MAX) kept.delete(kept.keys().next().value!);
    kept.set(key, bar);
    return bar;
  }

  #measure(listing: MarketListing, startAtMs: number, endAtMs: number, pieceMs: number): Bar {
    const sampleMs = pieceMs >= DAY_MS ? LONG_SAMPLE_MS : SAMPLE_MS;
    const open = this.#prices.middleAt(listing, startAtMs);
    let high = open;
    let low = open;
    let close = open;
    for (let atMs = startAtMs + sampleMs; ; atMs += sampleMs) {
      close = this.#prices.middleAt(listing, Math.min(atMs, endAtMs));
      if (close > high) high = close;
      if (close < low) low = close;
      if (atMs >= endAtMs) break;
    }
    return { open, high, low, close, volume: this.#volumeBetween(listing, startAtMs, endAtMs) };
  }

  /** Minutes count in full once over; the running one by the share that has passed. */
  #volumeBetween(listing: MarketListing, startAtMs: number, endAtMs: number): number {
    let volume = 0;
    let atMs = startAtMs;
    while (atMs < endAtMs) {
      if (atMs % SLOT_MS === 0 && atMs + SLOT_MS <= endAtMs) {
        volume += this.#volumes.ofSlot(listing, atMs / SLOT_MS);
        atMs += SLOT_MS;
      } else {
        const minuteEndAtMs = (Math.floor(atMs / MINUTE_MS) + 1) * MINUTE_MS;
        const untilMs = Math.min(minuteEndAtMs, endAtMs);
        volume += (this.#volumes.ofMinute(listing, atMs) * (untilMs - atMs)) / MINUTE_MS;
        atMs = untilMs;
      }
    }
    return volume;
  }
}

/** Start of the candle that contains `atMs`. */
function candleStart(atMs: number, intervalMs: number): number {
  const offset = intervalMs % WEEK_MS === 0 ? MONDAY_OFFSET_MS : 0;
  return Math.floor((atMs - offset) / intervalMs) * intervalMs + offset;
}

function joined(earlier: Bar, later: Bar): Bar {
  return {
    open: earlier.open,
    high: Math.max(earlier.high, later.high),
    low: Math.min(earlier.low, later.low),
    close: later.close,
    volume: earlier.volume + later.volume,
  };
}

function toLots(listing: MarketListing, volume: number): number {
  const { qtyStep } = listing.listing;
  return qtyStep > 1 ? Math.round(volume / qtyStep) * qtyStep : Number(volume.toFixed(listing.qtyDecimals));
}
