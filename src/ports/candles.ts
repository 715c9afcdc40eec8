// Candles of the venues, for charts. Body: adapters/venue/candles.ts.

import type { Venue } from "../../schema/vocabulary.ts";
import type { Candle } from "../domain/instrument.ts";
import type { CandleInterval } from "../domain/kline.ts";

export interface CandleRequest {
  /** As the venue names it. */
  readonly symbol: string;
  readonly interval: CandleInterval;
  /** Only candles that begin before this instant; undefined: the newest. */
  readonly beforeMs: number | undefined;
  /** At most; 200 when left out, which is also the most a domestic venue gives; overseas up to 1,000. */
  readonly count?: number;
}

export interface CandleSource {
  /** As many as asked for at most, oldest first, the running one among them. Rejects with CandleFault. */
  candles(venue: Venue, request: CandleRequest): Promise<readonly Candle[]>;
}

/** The venue is away, refused or answered something else, or was not asked at all. */
export class CandleFault extends Error {
  override name = "CandleFault";
}

/** Nothing was asked: our own budget for the venue is spent, or the venue has shut this address out. */
export class CandleBudgetFault extends CandleFault {
  override name = "CandleBudgetFault";
  constructor(
    message: string,
    readonly retryAfterMs: number,
  ) {
    super(message);
  }
}
