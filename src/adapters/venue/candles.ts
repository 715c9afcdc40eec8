// Candles over HTTP from all four venues, each in its own words, through the governor: out of the small share an api has
// of its address's budget. Upbit and Bithumb count candles apart from books; all is counted against one budget here too.

import type { Venue } from "../../../schema/vocabulary.ts";
import type { Candle } from "../../domain/instrument.ts";
import { CANDLE_INTERVALS, type CandleInterval } from "../../domain/kline.ts";
import { VENUE_LIMITS } from "../../domain/venue-limits.ts";
import {
  CandleBudgetFault,
  CandleFault,
  type CandleRequest,
  type CandleSource,
} from "../../ports/candles.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Grant, RateGovernor } from "../../ports/rate-governor.ts";
import * as binance from "./binance/parse.ts";
import * as bithumb from "./bithumb/parse.ts";
import * as bybit from "./bybit/parse.ts";
import { httpGet, type VenueUrls } from "./http.ts";
import { type Body, issueText, type Parsed } from "./parsed.ts";
import * as upbit from "./upbit/parse.ts";

const CANDLES_DEFAULT = 200;
const BUDGET_WAIT_MS_MAX = 1_500;
const RETRY_AFTER_MS_MIN = 1_000;
const RETRY_AFTER_MS_MAX = 60_000;
const MINUTE_MS = 60_000;
const KST_MS = 9 * 3_600_000;

interface VenueCandles {
  readonly path: (request: CandleRequest) => string;
  readonly parse: (body: Body) => Parsed<Candle[]>;
  /** In the units of the venue's limit. */
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
    cost: () => 1,
  },
  bithumb: {
    // Without a zone it is Korea's time there.
    path: ({ symbol, interval, beforeMs }) =>
      `/v1/candles/${domesticUnit(interval)}?market=${encodeURIComponent(symbol)}&count=${CANDLES_DEFAULT}` +
      (beforeMs === undefined ? "" : `&to=${secondsText(beforeMs + KST_MS)}`),
    parse: bithumb.parseCandles,
    cost: () => 1,
  },
  bybit: {
    path: ({ symbol, interval, beforeMs, count = CANDLES_DEFAULT }) =>
      `/v5/market/kline?category=linear&symbol=${encodeURIComponent(symbol)}&interval=${interval === "1d" ? "D" : minutesOf(interval)}` +
      `&limit=${count}${beforeMs === undefined ? "" : `&end=${beforeMs - 1}`}`,
    parse: bybit.parseCandles,
    cost: () => 1,
  },
  binance: {
    path: ({ symbol, interval, beforeMs, count = CANDLES_DEFAULT }) =>
      `/fapi/v1/klines?symbol=${encodeURIComponent(symbol)}&interval=${interval}&limit=${count}` +
      (beforeMs === undefined ? "" : `&endTime=${beforeMs - 1}`),
    parse: binance.parseCandles,
    // Weight.
    cost: (count) => (count < 500 ? 2 : 5),
  },
};

export interface CandleDeps {
  readonly urls: VenueUrls;
  readonly clock: Clock;
  readonly governor: Pick<RateGovernor, "reserve" | "readyInMs">;
  readonly timeoutMs: number;
}

export function createCandleSource({ urls, clock, governor, timeoutMs }: CandleDeps): CandleSource {
  const admit = async (venue: Venue, cost: number): Promise<Grant> => {
    // Nobody stands in line for a chart: whoever cannot be served within the wait is told so.
    const grant = await governor.reserve({ [venue]: cost }, BUDGET_WAIT_MS_MAX, { urgent: true });
    if (grant.venues.has(venue)) return grant;
    const readyInMs = governor.readyInMs({ [venue]: cost });
    // 0 is a venue that is silent after a refusal: it may last.
    const isForeseen = readyInMs > 0 && Number.isFinite(readyInMs);
    const waitMs = isForeseen ? readyInMs : VENUE_LIMITS[venue].windowMs;
    const retryAfterMs = Math.min(RETRY_AFTER_MS_MAX, Math.max(RETRY_AFTER_MS_MIN, waitMs));
    throw new CandleBudgetFault(`${venue}: no budget for candles`, retryAfterMs);
  };

  return {
    async candles(venue, request) {
      const { path, parse, cost } = VENUE_CANDLES[venue];
      const { count = CANDLES_DEFAULT } = request;
      const grant = await admit(venue, cost(count));
      const got = await httpGet(urls[venue] + path(request), timeoutMs, clock);
      const parsed = got.bytes && parse(got.bytes);
      const limited = parsed?.ok === false && parsed.issues.some(({ received }) => /^10006\b/.test(received));
      grant.settle(venue, cost(count), { ...got.answer, limited });
      if (!parsed) throw new CandleFault(`${venue}: ${got.outcome} for candles`);
      if (parsed.ok) return parsed.value.slice(-count);
      // Nothing traded yet, or nothing that far back.
      if (parsed.issues[0]?.kind === "empty") return [];
      throw new CandleFault(`${venue} candles: ${parsed.issues.slice(0, 3).map(issueText).join("; ")}`);
    },
  };
}
