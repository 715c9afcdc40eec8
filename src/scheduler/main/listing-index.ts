// Listings by coin and by symbol, made anew when the lists are. A listing that has been seen is kept when its venue's
// list lacks it, and one that has never been seen is taken from the entries of what is held: whoever holds a coin must
// be able to watch and leave it while a list is away. Nothing is entered on such a listing.

import type { Venue } from "../../../schema/vocabulary.ts";
import type { HeldSymbol } from "../../adapters/store/held-symbols.ts";
import type { Listing } from "../../domain/instrument.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Log } from "../../ports/telemetry.ts";
import type { Scheduler } from "../run.ts";

export interface ListingIndexDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly scheduler: () => { readonly instruments: Pick<Scheduler["instruments"], "coins"> };
  /** What a held coin is called, from what it was entered with. */
  readonly recall: (coin: string) => Promise<readonly HeldSymbol[]>;
}

const RECALL_AGAIN_MS = 10_000;

export class ListingIndex {
  #made: unknown;
  readonly #byCoin = new Map<string, Listing>();
  readonly #bySymbol = new Map<string, Listing>();
  readonly #recalledMs = new Map<string, number>();

  constructor(private readonly deps: ListingIndexDeps) {}

  /** Not tradable when the venue's list does not have it now. */
  of(venue: Venue, coin: string): Listing | undefined {
    this.#refresh();
    const found = this.#byCoin.get(`${venue} ${coin}`);
    if (!found) this.#recall(coin);
    return found;
  }

  bySymbol(venue: Venue, symbol: string): Listing | undefined {
    this.#refresh();
    return this.#bySymbol.get(`${venue} ${symbol}`);
  }

  #refresh(): void {
    const coins = this.deps.scheduler().instruments.coins();
    if (coins === this.#made) return;
    this.#made = coins;
    // What is listed takes its place again below.
    for (const kept of [this.#byCoin, this.#bySymbol])
      for (const [name, listing] of kept) kept.set(name, { ...listing, tradable: false });
    for (const { coin, listings } of coins)
      for (const listing of Object.values(listings)) this.#keep(coin, listing);
  }

  #keep(coin: string, listing: Listing): void {
    this.#byCoin.set(`${listing.venue} ${coin}`, listing);
    this.#bySymbol.set(`${listing.venue} ${listing.symbol}`, listing);
  }

  /** The next who asks has it. */
  #recall(coin: string): void {
    const nowMs = this.deps.clock.monotonicMs();
    const lastMs = this.#recalledMs.get(coin);
    if (lastMs !== undefined && nowMs - lastMs < RECALL_AGAIN_MS) return;
    this.#recalledMs.set(coin, nowMs);
    this.deps.recall(coin).then(
      (symbols) => {
        for (const { venue, symbol, multiplier } of symbols) {
          if (this.#byCoin.has(`${venue} ${coin}`)) continue;
          this.#keep(coin, {
            ...{ venue, coin, symbol, multiplier, displayName: coin, tradable: false, warnings: [] },
            ...{ delistAtMs: undefined, priceIncrement: undefined, qtyStep: undefined, qtyMin: undefined },
            notionalMin: undefined,
          });
        }
      },
      (error) => this.deps.log.warn("symbols of a held coin not read", { coin, error }),
    );
  }
}
