// KRW per USDT as trading may rely on it: void when it is old or far from what all coins say. Entries need a valid one;
// settlement takes the last that was.

import { Decimal } from "../domain/decimal.ts";
import { medianEntryJeon } from "../domain/plausibility.ts";
import type { Clock } from "../ports/clock.ts";
import type { MarketView } from "../ports/trading-desk.ts";

const AGE_MS_MAX = 10_000;
const FROM_MEDIAN_MAX = Decimal.of("0.03");
const MEDIAN_MS = 1_000;

export class Reference {
  #lastValid: Decimal | undefined;
  #lastReadAtMs: number | undefined;
  #median: { readonly jeon: number | undefined; readonly untilMs: number } | undefined;

  constructor(
    private readonly deps: {
      readonly clock: Clock;
      readonly market: Pick<MarketView, "table">;
      readonly reference: () => { readonly priceKrw: number; readonly atMs: number } | undefined;
    },
  ) {}

  valid(): Decimal | undefined {
    const reference = this.deps.reference();
    if (!reference || this.deps.clock.nowMs() - reference.atMs > AGE_MS_MAX) return undefined;
    const medianJeon = this.#medianJeon();
    if (medianJeon === undefined) return undefined;
    const price = Decimal.ofFloat(reference.priceKrw);
    const median = Decimal.of(Math.round(medianJeon)).dividedBy(Decimal.of(100), 2, "half-up");
    const away = price.minus(median).abs().dividedBy(median, 8, "up");
    if (away.above(FROM_MEDIAN_MAX)) return undefined;
    this.#lastValid = price;
    this.#lastReadAtMs = reference.atMs;
    return price;
  }

  lastValid(): Decimal | undefined {
    return this.valid() ?? this.#lastValid;
  }

  /** How old that one is, ms since it was read; undefined while there is none. */
  lastAgeMs(): number | undefined {
    return this.#lastReadAtMs === undefined ? undefined : this.deps.clock.nowMs() - this.#lastReadAtMs;
  }

  #medianJeon(): number | undefined {
    const nowMs = this.deps.clock.monotonicMs();
    if (!this.#median || this.#median.untilMs <= nowMs) {
      this.#median = { jeon: medianEntryJeon(this.deps.market.table.rows()), untilMs: nowMs + MEDIAN_MS };
    }
    return this.#median.jeon;
  }
}
