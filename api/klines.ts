// Charts out of the venues' candles: which symbols a coin has, each venue's candles fetched once for all who look, and what
// cannot be had left empty, as Karbit's own server does.

import * as v from "valibot";
import type { DomesticVenue, OverseasVenue, Venue } from "../schema/vocabulary.ts";
import type { CandleInterval, CandleSeries, Kline } from "../src/domain/kline.ts";
import { CANDLE_INTERVALS, type CandleGrid, candleStartMs, klineOf } from "../src/domain/kline.ts";
import {
  CandleBudgetFault,
  CandleFault,
  type CandleRequest,
  type CandleSource,
} from "../src/ports/candles.ts";
import type { Clock } from "../src/ports/clock.ts";
import type { CoinListingStore } from "../src/ports/store.ts";
import type { Log } from "../src/ports/telemetry.ts";
import { SharedReads } from "./shared-reads.ts";
import { whole } from "./whole.ts";

const NEWEST_KEPT_MS = 3_000;
/** What is over does not change. */
const PAST_KEPT_MS = 600_000;
/** A venue that fails is left alone for so long. */
const FAULT_KEPT_MS = 3_000;
const LISTINGS_KEPT_MS = 30_000;
const SERIES_BYTES_MAX = 32 * 1024 * 1024;
/** Six short texts and a number with what the runtime adds. */
const CANDLE_BYTES = 400;
const SERIES_BYTES = 1_000;
const HOUR_MS = CANDLE_INTERVALS["1h"];
const CANDLES_SHOWN = 200;
/** Hours of an overseas venue are read in pages of so many, always the same ones, so that the past is read once. */
const PAGE_HOURS = 960;
const PAGE_MS = PAGE_HOURS * HOUR_MS;

const timed = v.array(v.object({ time: whole, value: v.number() }));
const about = <T extends v.GenericSchema>(schema: T, text: string) => v.pipe(schema, v.description(text));
export const klineSchema = v.object({
  candleData: about(
    v.array(
      v.object({
        ...{ time: about(whole, "Whole seconds of UTC."), open: v.number(), high: v.number() },
        ...{ low: v.number(), close: v.number() },
      }),
    ),
    "Price in Korea over price abroad, KRW per USDT, for times both venues have.",
  ),
  volumeData: about(timed, "Coins traded on both."),
  ex1VolumeData: about(v.optional(timed), "Coins traded in Korea."),
  ex2VolumeData: about(v.optional(timed), "Coins traded abroad."),
  usdtCandleData: about(v.optional(timed), "Close of KRW-USDT on Upbit."),
});

export interface KlineQuery {
  readonly domestic: DomesticVenue;
  readonly overseas: OverseasVenue;
  readonly coin: string;
  readonly interval: CandleInterval;
  /** Only candles that begin before it; undefined: the newest. */
  readonly beforeMs: number | undefined;
}

export interface KlineDeps {
  readonly listings: CoinListingStore;
  readonly candles: CandleSource;
  readonly clock: Clock;
  readonly log: Log;
}

interface Symbol {
  readonly symbol: string;
  readonly multiplier: number;
}
type Symbols = ReadonlyMap<string, Symbol>;

export class Klines {
  readonly #deps: KlineDeps;
  readonly #series: SharedReads<CandleSeries | undefined>;
  readonly #symbols: SharedReads<Symbols>;

  constructor(deps: KlineDeps) {
    this.#deps = deps;
    const { clock } = deps;
    // How many are read at a time is bounded by how many charts are: three to each, or an overseas venue's pages.
    const readingMax = Number.POSITIVE_INFINITY;
    this.#series = new SharedReads({ clock, keptMs: NEWEST_KEPT_MS, readingMax, sizeMax: SERIES_BYTES_MAX });
    this.#symbols = new SharedReads({ clock, keptMs: LISTINGS_KEPT_MS, readingMax, sizeMax: 1 });
  }

  /** Rejects with StoreFault or CandleBudgetFault: a venue that fails makes the chart emptier, one not asked makes none. */
  async read({ domestic, overseas, coin, interval, beforeMs }: KlineQuery): Promise<Kline> {
    const symbols = await this.#symbols.get("", () => this.#readSymbols())!;
    const series = async (venue: Venue, of: string) => {
      const found = symbols.get(`${venue} ${of}`);
      return found && (await this.#seriesOf(venue, found, { interval, beforeMs }));
    };
    const home = series(domestic, coin);
    // Shorter ones begin at the same times everywhere.
    const grid =
      CANDLE_INTERVALS[interval] > HOUR_MS ? this.#gridOf(await home, interval, beforeMs) : undefined;
    const found = symbols.get(`${overseas} ${coin}`);
    const abroad =
      grid && found
        ? this.#onGrid(overseas, found, grid)
        : series(overseas, coin).then((one) => ({ series: one }));
    const [domesticSeries, { series: overseasSeries, ...rest }, usdt] = await Promise.all([
      ...([home, abroad, series("upbit", "USDT")] as const),
    ]);
    return klineOf({ domestic: domesticSeries, overseas: overseasSeries, usdt, ...rest });
  }

  /** Undefined: the candles begin at multiples of their length, as they do abroad, or where no hour does. */
  #gridOf(
    home: CandleSeries | undefined,
    interval: CandleInterval,
    beforeMs: number | undefined,
  ): CandleGrid | undefined {
    const lengthMs = CANDLE_INTERVALS[interval];
    const firstMs = home?.candles[0]?.startAtMs;
    const offsetMs = (home?.candles.at(-1)?.startAtMs ?? 0) % lengthMs;
    if (firstMs === undefined || offsetMs === 0 || offsetMs % HOUR_MS !== 0) return undefined;
    const lastMs = candleStartMs((beforeMs ?? this.#deps.clock.nowMs() + 1) - 1, { lengthMs, offsetMs });
    const fromMs = Math.max(firstMs, lastMs - (CANDLES_SHOWN - 1) * lengthMs);
    return { lengthMs, offsetMs, fromMs, beforeMs };
  }

  /** The overseas hours of a grid's candles. Of pages that cannot be had, what is older than them is left out as well. */
  async #onGrid(overseas: OverseasVenue, found: Symbol, grid: CandleGrid) {
    const nowMs = this.#deps.clock.nowMs();
    const { fromMs, beforeMs, lengthMs } = grid;
    const endMs =
      beforeMs === undefined ? nowMs + 1 : Math.min(nowMs + 1, candleStartMs(beforeMs - 1, grid) + lengthMs);
    const pages: { readonly startMs: number; readonly beforeMs: number | undefined }[] = [];
    for (let untilMs = endMs; untilMs > fromMs; untilMs = pages.at(-1)!.startMs) {
      const pageEndMs = Math.ceil(untilMs / PAGE_MS) * PAGE_MS;
      const isNewest = pageEndMs > nowMs;
      const startMs = isNewest
        ? Math.floor(nowMs / HOUR_MS) * HOUR_MS + HOUR_MS - PAGE_MS
        : pageEndMs - PAGE_MS;
      pages.push({ startMs, beforeMs: isNewest ? undefined : pageEndMs });
    }
    const read = await Promise.all(
      pages.map((page) =>
        this.#seriesOf(overseas, found, { interval: "1h", beforeMs: page.beforeMs, count: PAGE_HOURS }),
      ),
    );
    const failed = read.indexOf(undefined);
    const whole = failed < 0 ? pages.length : failed;
    if (whole === 0) return { series: undefined };
    const hours = new Map(
      read.slice(0, whole).flatMap((one) => one!.candles.map((hour) => [hour.startAtMs, hour] as const)),
    );
    const candles = [...hours.values()].sort((a, b) => a.startAtMs - b.startAtMs);
    const overseasGrid = { ...grid, fromMs: Math.max(fromMs, pages[whole - 1]!.startMs) };
    return { series: { candles, multiplier: found.multiplier }, overseasGrid };
  }

  async #readSymbols() {
    const symbols = new Map<string, { symbol: string; multiplier: number }>([
      // No coin that is quoted, so perhaps on no list of ours.
      ["upbit USDT", { symbol: "KRW-USDT", multiplier: 1 }],
    ]);
    for (const { venue, coin, symbol, multiplier, state } of await this.#deps.listings.coinListings()) {
      const key = `${venue} ${coin}`;
      // A quarantined one may be another coin, and a halted one is not the one that trades.
      const fits = state === "active" || (state === "halted" && !symbols.has(key));
      if (fits) symbols.set(key, { symbol, multiplier });
    }
    return { value: symbols, size: 1 };
  }

  #seriesOf(
    venue: Venue,
    { symbol, multiplier }: Symbol,
    of: Omit<CandleRequest, "symbol">,
  ): Promise<CandleSeries | undefined> {
    const { candles, log } = this.#deps;
    const { interval, beforeMs, count } = of;
    return this.#series.get(`${venue} ${symbol} ${interval} ${beforeMs} ${count}`, async () => {
      try {
        const found = await candles.candles(venue, { symbol, ...of });
        const size = SERIES_BYTES + found.length * CANDLE_BYTES;
        const keptMs = beforeMs === undefined ? NEWEST_KEPT_MS : PAST_KEPT_MS;
        return { value: { candles: found, multiplier }, size, keptMs };
      } catch (error) {
        if (!(error instanceof CandleFault) || error instanceof CandleBudgetFault) throw error;
        log.warn("candles cannot be had", { venue, symbol, error });
        return { value: undefined, size: SERIES_BYTES, keptMs: FAULT_KEPT_MS };
      }
    })!;
  }
}

/**
 * `toSeconds` 0 or in the future: now. On a boundary where candles may begin (those longer than an hour at any hour), so
 * that equal charts share their candles.
 */
export function beforeMsOf(toSeconds: number, interval: CandleInterval, nowMs: number): number | undefined {
  const lengthMs = Math.min(CANDLE_INTERVALS[interval], HOUR_MS);
  const beforeMs = Math.ceil((toSeconds * 1_000) / lengthMs) * lengthMs;
  return toSeconds === 0 || beforeMs > nowMs ? undefined : beforeMs;
}
