// Candles over HTTP from all four venues, each in its own words, on a budget of this process that leaves the venues' limits
// to those who quote and trade: Upbit and Bithumb count candles apart, Bybit and Binance with everything else.

import type { Venue } from "../../../schema/vocabulary.ts";
import type { Candle } from "../../domain/instrument.ts";
import { CANDLE_INTERVALS, type CandleInterval } from "../../domain/kline.ts";
import { CandleFault, type CandleRequest, type CandleSource } from "../../ports/candles.ts";
import type { Clock } from "../../ports/clock.ts";
import * as binance from "./binance/parse.ts";
import * as bithumb from "./bithumb/parse.ts";
import * as bybit from "./bybit/parse.ts";
import { httpGet, type VenueUrls } from "./http.ts";
import { readLimits } from "./limit-headers.ts";
import { type Body, issueText, type Parsed } from "./parsed.ts";
import { RateWindow } from "./rate-window.ts";
import * as upbit from "./upbit/parse.ts";

const CANDLES_DEFAULT = 200;
const BUDGET_WAIT_MS_MAX = 1_500;
/** While all of the budget is in the air, how soon to look again. */
const IN_FLIGHT_LOOK_MS = 20;
const MINUTE_MS = 60_000;
const KST_MS = 9 * 3_600_000;

interface VenueCandles {
  readonly path: (request: CandleRequest) => string;
  readonly parse: (body: Body) => Parsed<Candle[]>;
  readonly budget: { readonly allowed: number; readonly windowMs: number };
  readonly cost: (count: number) => number;
}

const minutesOf = (interval: CandleInterval) => CANDLE_INTERVALS[interval] / MINUTE_MS;
const domesticUnit = (interval: CandleInterval) =>
  interval === "1d" ? "days" : `minutes/${minutesOf(interval)}`;
const secondsText = (atMs: number) => new Date(atMs).toISOString().slice(0, 19);

/** `to` is exclusive at home; abroad the last start is named. */
const VENUE_CANDLES: Readonly<Record<Venue, VenueCandles>> = {
  upbit: {
    path: ({ symbol, interval, beforeMs }) =>
      `/v1/candles/${domesticUnit(interval)}?market=${encodeURIComponent(symbol)}&count=${CANDLES_DEFAULT}` +
      (beforeMs === undefined ? "" : `&to=${secondsText(beforeMs)}Z`),
    parse: upbit.parseCandles,
    budget: { allowed: 5, windowMs: 1_000 },
    cost: () => 1,
  },
  bithumb: {
    // Without a zone it is Korea's time there.
    path: ({ symbol, interval, beforeMs }) =>
      `/v1/candles/${domesticUnit(interval)}?market=${encodeURIComponent(symbol)}&count=${CANDLES_DEFAULT}` +
      (beforeMs === undefined ? "" : `&to=${secondsText(beforeMs + KST_MS)}`),
    parse: bithumb.parseCandles,
    budget: { allowed: 10, windowMs: 1_000 },
    cost: () => 1,
  },
  bybit: {
    path: ({ symbol, interval, beforeMs, count = CANDLES_DEFAULT }) =>
      `/v5/market/kline?category=linear&symbol=${encodeURIComponent(symbol)}&interval=${interval === "1d" ? "D" : minutesOf(interval)}` +
      `&limit=${count}${beforeMs === undefined ? "" : `&end=${beforeMs - 1}`}`,
    parse: bybit.parseCandles,
    budget: { allowed: 25, windowMs: 5_000 },
    cost: () => 1,
  },
  binance: {
    path: ({ symbol, interval, beforeMs, count = CANDLES_DEFAULT }) =>
      `/fapi/v1/klines?symbol=${encodeURIComponent(symbol)}&interval=${interval}&limit=${count}` +
      (beforeMs === undefined ? "" : `&endTime=${beforeMs - 1}`),
    parse: binance.parseCandles,
    // Weight: 5 % of what an address has a minute.
    budget: { allowed: 120, windowMs: 60_000 },
    cost: (count) => (count < 500 ? 2 : 5),
  },
};

export interface CandleDeps {
  readonly urls: VenueUrls;
  readonly clock: Clock;
  readonly timeoutMs: number;
}

export function createCandleSource({ urls, clock, timeoutMs }: CandleDeps): CandleSource {
  const windows = new Map<Venue, RateWindow>();
  const windowOf = (venue: Venue) => {
    const window = windows.get(venue) ?? new RateWindow(clock, VENUE_CANDLES[venue].budget.windowMs);
    windows.set(venue, window);
    return window;
  };

  const admit = async (venue: Venue, cost: number): Promise<void> => {
    const { allowed } = VENUE_CANDLES[venue].budget;
    const window = windowOf(venue);
    const untilMs = clock.monotonicMs() + BUDGET_WAIT_MS_MAX;
    for (;;) {
      const waitMs = window.waitMs(cost, allowed);
      if (waitMs === 0) return window.take(cost);
      const nextMs = Number.isFinite(waitMs) ? waitMs : IN_FLIGHT_LOOK_MS;
      if (clock.monotonicMs() + nextMs > untilMs) throw new CandleFault(`${venue}: no budget for candles`);
      await clock.sleep(nextMs);
    }
  };

  return {
    async candles(venue, request) {
      const { path, parse, cost } = VENUE_CANDLES[venue];
      const { count = CANDLES_DEFAULT } = request;
      await admit(venue, cost(count));
      const got = await httpGet(urls[venue] + path(request), timeoutMs, clock);
      windowOf(venue).answered(cost(count));
      const parsed = got.bytes && parse(got.bytes);
      const limited = parsed?.ok === false && parsed.issues.some(({ received }) => /^10006\b/.test(received));
      const limits = readLimits(venue, { ...got.answer, limited });
      if (limits.kind === "banned") windowOf(venue).hold(limits.banMs);
      else if (limits.holdMs > 0) windowOf(venue).hold(limits.holdMs);
      if (!parsed) throw new CandleFault(`${venue}: ${got.outcome} for candles`);
      if (parsed.ok) return parsed.value.slice(-count);
      // Nothing traded yet, or nothing that far back.
      if (parsed.issues[0]?.kind === "empty") return [];
      throw new CandleFault(`${venue} candles: ${parsed.issues.slice(0, 3).map(issueText).join("; ")}`);
    },
  };
}
