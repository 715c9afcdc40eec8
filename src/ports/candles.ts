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
}

export interface CandleSource {
  /** Up to 200, oldest first, the running one among them. Rejects with CandleFault. */
  candles(venue: Venue, request: CandleRequest): Promise<readonly Candle[]>;
}

/** The venue is away, refused or answered something else, or our own budget for it is spent. */
export class CandleFault extends Error {
  override name = "CandleFault";
}
