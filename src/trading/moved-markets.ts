// Which markets of held coins should be looked at before the watch's next round: one that a short may have come near its
// liquidation in. Rates carry no price abroad, so a market is taken when a short of it was not far when last seen, or
// when its rate has jumped; the public book tells then whether the accounts need to be asked.

import { PAIRS, type PairKey } from "../../schema/vocabulary.ts";
import type { RateRow } from "../domain/rate-table.ts";
import type { Clock } from "../ports/clock.ts";
import type { Watched } from "./watched.ts";

export interface HeldMarket {
  readonly coin: string;
  readonly pair: PairKey;
}

/** Shorts nearer than this are looked at with every new rate. */
const NEAR_RATIO = 0.3;
const JUMP_RATIO = 0.02;
/** Rows come in bursts. */
const DEBOUNCE_MS = 500;

export class MovedMarkets {
  readonly #moved = new Map<string, HeldMarket>();
  /** Entry rates, jeon, as of when a market was taken last. */
  readonly #ratesJeon = new Map<string, number>();
  #wake = Promise.withResolvers<void>();

  /** `distanceOf`: to its liquidation, as a position's short was seen last. */
  constructor(
    private readonly watched: Pick<Watched, "at">,
    private readonly distanceOf: (positionId: number) => number | undefined,
  ) {}

  onRows(rows: readonly RateRow[]): void {
    for (const { coin, pairIndex, ratesJeon } of rows) {
      const pair = PAIRS[pairIndex]!.key;
      const held = this.watched.at(coin, pair);
      if (held.length === 0) continue;
      const isNear = held.some(({ position }) => (this.distanceOf(position.positionId) ?? 1) < NEAR_RATIO);
      if (this.#hasJumped(`${coin} ${pair}`, ratesJeon[0]!) || isNear) {
        this.#moved.set(`${coin} ${pair}`, { coin, pair });
        this.#wake.resolve();
      }
    }
  }

  /** A rate that is gone has not moved. */
  #hasJumped(market: string, rateJeon: number): boolean {
    if (Number.isNaN(rateJeon)) return false;
    const beforeJeon = this.#ratesJeon.get(market);
    if (beforeJeon !== undefined && Math.abs(rateJeon / beforeJeon - 1) < JUMP_RATIO) return false;
    this.#ratesJeon.set(market, rateJeon);
    return beforeJeon !== undefined;
  }

  /** Once there are any, half a second later; none when the term is over. */
  async next(clock: Clock, lost: AbortSignal): Promise<readonly HeldMarket[]> {
    const over = Promise.withResolvers<void>();
    const onLost = () => over.resolve();
    lost.addEventListener("abort", onLost, { once: true });
    if (!lost.aborted) await Promise.race([this.#wake.promise, over.promise]);
    lost.removeEventListener("abort", onLost);
    await clock.sleep(DEBOUNCE_MS, lost);
    this.#wake = Promise.withResolvers();
    const moved = [...this.#moved.values()];
    this.#moved.clear();
    return moved;
  }
}
