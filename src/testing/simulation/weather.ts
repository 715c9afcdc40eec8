// What happens around the traders while a story runs, whatever they do: books move and thin out, the store and the
// venues go away and come back, and users trade by hand or lose a short to the venue.

import { Decimal } from "../../domain/decimal.ts";
import type { Market } from "../memory-venues/market.ts";
import { Hand, type HandParts } from "./hand.ts";
import type { Script } from "./script.ts";
import type { StoreFront } from "./store-front.ts";

export interface WeatherParts extends HandParts {
  readonly front: StoreFront;
  readonly script: Script;
}

const STORE_AWAY_MS = [200, 20_000] as const;
const VENUE_AWAY_MS = [500, 60_000] as const;

export class Weather {
  readonly #over = new AbortController();
  readonly #lifts: (() => void)[] = [];

  readonly hand: Hand;

  constructor(private readonly parts: WeatherParts) {
    this.hand = new Hand(parts);
  }

  start(): void {
    const { books, storeAway, venueAway, byHand } = this.parts.script.everyMs;
    this.#every(books, () => this.#moveBooks());
    this.#every(storeAway, () => this.#storeAway());
    this.#every(venueAway, () => this.#venueAway());
    this.#every(byHand, () => this.hand.act());
  }

  /** Everything can be reached again, and the books are full; nothing more happens. */
  clear(): void {
    this.#over.abort();
    this.parts.front.comeBack();
    for (const lift of this.#lifts.splice(0)) lift();
    this.hand.clear();
    this.#setDepth(Decimal.ONE);
  }

  #every(meanMs: number, happen: () => void): void {
    if (!Number.isFinite(meanMs)) return;
    const { clock, dice } = this.parts;
    const go = async () => {
      for (;;) {
        await clock.sleep(dice.whole(1, meanMs * 2), this.#over.signal);
        if (this.#over.signal.aborted) return;
        happen();
      }
    };
    void go();
  }

  #moveBooks(): void {
    const { ground, dice, script, chronicle } = this.parts;
    // The full book moves, so that thin ones do not stay thin.
    this.#setDepth(Decimal.ONE);
    if (script.driftRatio > 0) ground.world.drift(script.driftRatio);
    else for (const market of this.#markets()) market.refill();
    if (!dice.chance(script.thinRatio)) return;
    this.#setDepth(Decimal.of(dice.of(["0.02", "0.1"])));
    chronicle.rough("books thin", script.everyMs.books * 2);
    chronicle.tell("the books are thin");
  }

  /** Levels are whole lots, as at the venues: so fills are as well. */
  #setDepth(ratio: Decimal): void {
    for (const market of this.#markets()) {
      market.refill();
      const qty = this.parts.ground.depthOf(market).times(ratio).toStep(market.qtyStep, "half-up");
      const levels = (side: "bids" | "asks") =>
        market.levels(side).map(({ price }) => [price, Decimal.max(qty, market.qtyStep)] as const);
      market.setBook(levels("bids"), levels("asks"));
    }
  }

  #markets(): Market[] {
    const { ground } = this.parts;
    return [ground.market(ground.domestic), ground.market(ground.overseas)];
  }

  #storeAway(): void {
    const { front, dice, chronicle } = this.parts;
    const forMs = dice.whole(...STORE_AWAY_MS);
    const isHanging = dice.chance(0.5);
    front.leave(forMs, isHanging);
    chronicle.rough("store away", forMs);
    chronicle.tell(`the store is away for ${forMs} ms, ${isHanging ? "silent" : "refusing"}`);
  }

  #venueAway(): void {
    const { ground, dice, chronicle } = this.parts;
    const venue = dice.of([ground.domestic, ground.overseas]);
    const kind = dice.of(["unsent", "silent", "closed", "limited", "key"] as const);
    const forMs = dice.whole(...VENUE_AWAY_MS);
    this.#lifts.push(ground.world.impose({ venue, kind, forMs }));
    chronicle.rough(`venue ${kind}`, forMs);
    chronicle.tell(`${venue} is ${kind} for ${forMs} ms`);
  }
}
