// The coins quoted, refreshed every five minutes from successful, plausible lists only. A venue that does not answer
// keeps its last list; a list that has lost more than half of its coins is not believed. A list of which rows could not be
// read takes no held coin off: whoever has one wants to see what leaving would bring.
//
// Identity: domestic tickers name the coins; overseas contracts are matched by table and name and confirmed by price
// (domain/multiplier.ts). What no price confirms is quarantined: kept among the quoted coins, because real premiums
// can be that large while deposits are paused, but its rows stay null until the collector finds them plausible.

import { DOMESTIC_VENUES, OVERSEAS_VENUES, VENUES, type Venue } from "../../schema/vocabulary.ts";
import type { Funding, Listing, WalletState } from "../domain/instrument.ts";
import { joinListings, type QuotedCoin } from "../domain/listing-table.ts";
import { confirmByPrice } from "../domain/multiplier.ts";
import type { Clock } from "../ports/clock.ts";
import type { InstrumentStore, KnownInstrument } from "../ports/store.ts";
import type { Log } from "../ports/telemetry.ts";
import { ListFault, type ListingCandidate, type VenueList, type VenueLists } from "../ports/venue-lists.ts";
import { doubtText, type IdentityDoubt } from "./identity-doubt.ts";

export interface RefreshDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly lists: VenueLists;
  readonly store: InstrumentStore;
  /** Coins in which somebody has a position now. Rejects when that cannot be told. */
  readonly heldCoins: () => Promise<readonly string[]>;
}

interface VenueState {
  /** Coins the store knew at the start; what a first list is compared with. */
  knownCoins: number;
  /** What the store knew at the start to be listed; stands for the last list until there is one. */
  known: readonly Listing[];
  shortLists: number;
  listings: readonly Listing[];
  refreshedAtMs: number;
  failing: boolean;
}

const KEPT_RATIO_MIN = 0.5;
/** How long the first refresh waits to hear from the store how long the lists were before the restart. */
const KNOWN_WAIT_MS = 2_000;
/** How long a refresh waits to hear which coins are held. */
const HELD_WAIT_MS = 2_000;
/** After so many short lists in a row the venue is believed against the store. */
const SHORT_LISTS_MAX = 3;

function newVenueState(): VenueState {
  return { knownCoins: 0, known: [], shortLists: 0, listings: [], refreshedAtMs: 0, failing: false };
}

/** Enough to quote by; the store keeps no more, and keeps the name it has. */
function knownListing({ venue, coin, symbol, multiplier, state }: KnownInstrument): Listing {
  return {
    ...{ venue, coin, symbol, multiplier, displayName: "", tradable: state === "active", warnings: [] },
    ...{ delistAtMs: undefined, priceIncrement: undefined },
    ...{ qtyStep: undefined, qtyMin: undefined, notionalMin: undefined },
  };
}

export class InstrumentBook {
  #coins: readonly QuotedCoin[] = [];
  readonly #prices = new Map<string, number>();
  readonly #venues: Record<Venue, VenueState> = {
    upbit: newVenueState(),
    bithumb: newVenueState(),
    bybit: newVenueState(),
    binance: newVenueState(),
  };
  readonly #quarantined = new Map<Venue, ReadonlyMap<string, IdentityDoubt>>();
  readonly #funding = new Map<Venue, ReadonlyMap<string, Funding>>();
  readonly #walletStates = new Map<Venue, ReadonlyMap<string, WalletState>>();
  #running: Promise<void> | undefined;
  #storing: Promise<void> = Promise.resolve();
  #knowsKnown = false;

  constructor(private readonly deps: RefreshDeps) {}

  coins(): readonly QuotedCoin[] {
    return this.#coins;
  }

  state(): Record<Venue, { count: number; refreshedAtMs: number; failing: boolean }> {
    const read = (venue: Venue) => {
      const { listings, refreshedAtMs, failing } = this.#venues[venue];
      return { count: listings.length, refreshedAtMs, failing };
    };
    return { upbit: read("upbit"), bithumb: read("bithumb"), bybit: read("bybit"), binance: read("binance") };
  }

  /** Symbols whose identity no price confirms, with why, by venue. */
  quarantined(): ReadonlyMap<Venue, ReadonlyMap<string, IdentityDoubt>> {
    return this.#quarantined;
  }

  /** What a perpetual pays next, as last read. */
  funding(venue: Venue, symbol: string): Funding | undefined {
    return this.#funding.get(venue)?.get(symbol);
  }

  /** Deposits and withdrawals as last read; undefined without an operator key. */
  wallet(venue: Venue, coin: string): WalletState | undefined {
    return this.#walletStates.get(venue)?.get(coin);
  }

  /** Never rejects; calls while one runs share it. */
  refresh(): Promise<void> {
    this.#running ??= this.#refresh().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  /** Resolves once what was refreshed so far is stored, or could not be. */
  async stored(): Promise<void> {
    await this.#storing;
  }

  /** Once: a truncated first list after a restart must not pass for the whole. */
  async #learnKnown(): Promise<void> {
    if (this.#knowsKnown) return;
    this.#knowsKnown = true;
    const load = async () => {
      const known = (await this.deps.store.instruments()).filter(({ state }) => state !== "delisted");
      for (const venue of VENUES) {
        const state = this.#venues[venue];
        const ofVenue = known.filter((one) => one.venue === venue);
        state.knownCoins = new Set(ofVenue.map(({ coin }) => coin)).size;
        state.known = ofVenue.flatMap((one) => (one.state === "quarantined" ? [] : [knownListing(one)]));
      }
    };
    const loaded = load().catch((error) => this.deps.log.debug("known instruments not read", { error }));
    await Promise.race([loaded, this.deps.clock.sleep(KNOWN_WAIT_MS)]);
  }

  async #refresh(): Promise<void> {
    await this.#storing;
    await this.#learnKnown();
    const none = new Set<string>();
    await Promise.all(
      DOMESTIC_VENUES.map(async (venue) => {
        const list = await this.#ask(venue, none);
        if (!list) return;
        const { candidates } = list;
        for (const { listing, price } of candidates) if (price) this.#prices.set(listing.coin, price);
        const kept = await this.#keptListings(venue, list);
        this.#accept(venue, [...kept, ...candidates.map(({ listing }) => listing)]);
      }),
    );
    const tickers = new Set(
      DOMESTIC_VENUES.flatMap((venue) => this.#venues[venue].listings.map(({ coin }) => coin)),
    );
    if (tickers.size > 0) {
      await Promise.all(
        OVERSEAS_VENUES.map(async (venue) => {
          const list = await this.#ask(venue, tickers);
          if (!list) return;
          const { candidates } = list;
          const kept = await this.#keptListings(venue, list);
          this.#accept(venue, [...kept, ...this.#confirm(venue, candidates, kept)]);
          const paying = candidates.flatMap(({ listing, funding }) =>
            funding ? [[listing.symbol, funding] as const] : [],
          );
          this.#funding.set(venue, new Map(paying));
        }),
      );
    }
    const before = this.#coins.length;
    this.#coins = joinListings(VENUES.flatMap((venue) => [...this.#venues[venue].listings]));
    if (this.#coins.length !== before) {
      this.deps.log.info("coins quoted", { count: this.#coins.length, before });
    }
    // Quoting does not wait for the store.
    this.#storing = Promise.all(VENUES.map((venue) => this.#store(venue))).then(() => undefined);
  }

  async #ask(venue: Venue, tickers: ReadonlySet<string>): Promise<VenueList | undefined> {
    const state = this.#venues[venue];
    try {
      const list = await this.deps.lists.candidates(venue, tickers);
      const coins = new Set(list.candidates.map(({ listing }) => listing.coin));
      const lastCoins = new Set(state.listings.map(({ coin }) => coin));
      const expected = lastCoins.size || state.knownCoins;
      if (coins.size < expected * KEPT_RATIO_MIN || coins.size === 0) {
        if (++state.shortLists >= SHORT_LISTS_MAX) state.knownCoins = 0;
        throw new ListFault(`expected about ${expected} coins, was ${coins.size}`);
      }
      state.shortLists = 0;
      if (state.failing) this.deps.log.info("list is back", { venue });
      state.failing = false;
      return list;
    } catch (error) {
      if (!(error instanceof ListFault)) throw error;
      if (!state.failing) this.deps.log.warn("list not refreshed, the last one stays", { venue, error });
      state.failing = true;
      return undefined;
    }
  }

  /**
   * The last listings of held coins that a list lacks of which rows could not be read; of all coins when nobody can tell
   * which are held. They go before what is listed: another symbol of such a coin does not take its place.
   */
  async #keptListings(venue: Venue, { candidates, skipped }: VenueList): Promise<Listing[]> {
    if (skipped === 0) return [];
    const symbols = new Set(candidates.map(({ listing }) => listing.symbol));
    const lastOfCoin = new Map<string, Listing>();
    const { listings, known } = this.#venues[venue];
    for (const listing of listings.length > 0 ? listings : known) {
      if (!lastOfCoin.has(listing.coin)) lastOfCoin.set(listing.coin, listing);
    }
    const lacking = [...lastOfCoin.values()].filter(({ symbol }) => !symbols.has(symbol));
    if (lacking.length === 0) return [];
    const held = await this.#readHeld();
    const kept = lacking.filter(({ coin }) => held?.has(coin) ?? true);
    if (kept.length > 0) {
      const coins = kept.map(({ coin }) => coin).slice(0, 20);
      this.deps.log.warn("not on a list that could not be read whole: kept", { venue, coins });
    }
    return kept;
  }

  async #readHeld(): Promise<ReadonlySet<string> | undefined> {
    const read = this.deps.heldCoins().then(
      (coins) => new Set(coins),
      (error) => {
        this.deps.log.debug("held coins not read", { error });
        return undefined;
      },
    );
    return await Promise.race([read, this.deps.clock.sleep(HELD_WAIT_MS).then(() => undefined)]);
  }

  #confirm(venue: Venue, candidates: readonly ListingCandidate[], kept: readonly Listing[]): Listing[] {
    const priced = candidates.flatMap(({ listing, price }) => (price ? [{ listing, priceUsdt: price }] : []));
    const { confirmed, doubtful } = confirmByPrice(priced, this.#prices);
    const settled = new Set(
      [...confirmed, ...doubtful.map(({ listing }) => listing)].map(({ coin }) => coin),
    );
    const unpriced = candidates.filter(({ listing }) => !settled.has(listing.coin));
    const doubts = new Map<string, IdentityDoubt>();
    for (const { listing, rate, medianRate } of doubtful) {
      doubts.set(listing.symbol, { rateKrwPerUsdt: rate, medianKrwPerUsdt: medianRate });
    }
    const held = this.#quarantined.get(venue);
    const fresh = [...doubts].filter(([symbol]) => !held?.has(symbol));
    if (fresh.length > 0) {
      this.deps.log.warn("identity not confirmed by price: quarantined", {
        venue,
        symbols: Object.fromEntries(fresh.map(([symbol, doubt]) => [symbol, doubtText(doubt, "en")])),
      });
    }
    for (const { symbol } of kept) {
      const doubt = held?.get(symbol);
      if (doubt !== undefined) doubts.set(symbol, doubt);
    }
    this.#quarantined.set(venue, doubts);
    const firstOfCoin = new Map<string, Listing>();
    for (const { listing } of unpriced)
      if (!firstOfCoin.has(listing.coin)) firstOfCoin.set(listing.coin, listing);
    return [...confirmed, ...doubtful.map(({ listing }) => listing), ...firstOfCoin.values()];
  }

  #accept(venue: Venue, listings: readonly Listing[]): void {
    this.#venues[venue].listings = listings;
    this.#venues[venue].refreshedAtMs = this.deps.clock.nowMs();
  }

  async #store(venue: Venue): Promise<void> {
    const { listings, failing, refreshedAtMs } = this.#venues[venue];
    if (failing || listings.length === 0) return;
    try {
      const wallets = await this.#wallets(venue);
      const doubts = [...(this.#quarantined.get(venue) ?? [])];
      const quarantined = new Map(doubts.map(([symbol, doubt]) => [symbol, doubtText(doubt, "en")]));
      const result = await this.deps.store.refreshVenue({
        venue,
        atMs: refreshedAtMs,
        listings,
        wallets,
        quarantined,
      });
      const { refused, heldBackCoins, overlongCoins, referencedCoins } = result;
      if (refused || heldBackCoins.length + overlongCoins.length + referencedCoins.length > 0) {
        this.deps.log.warn("coins_exchanges not fully refreshed", {
          venue,
          refused,
          heldBack: heldBackCoins.slice(0, 20),
          overlong: overlongCoins.slice(0, 20),
          keptForTrades: referencedCoins.slice(0, 20),
        });
      }
      const { insertedCoins, deletedCoins } = result;
      if (insertedCoins.length + deletedCoins.length > 0) {
        this.deps.log.info("coins_exchanges refreshed", {
          venue,
          inserted: insertedCoins.length,
          deleted: deletedCoins.slice(0, 20),
        });
      }
    } catch (error) {
      // The store says itself that it is away; quoting goes on without it.
      this.deps.log.debug("instruments not stored", { venue, error });
    }
  }

  async #wallets(venue: Venue): Promise<WalletState[]> {
    try {
      const states = (await this.deps.lists.wallets(venue)) ?? [];
      this.#walletStates.set(venue, new Map(states.map((state) => [state.coin, state])));
      return states;
    } catch (error) {
      if (!(error instanceof ListFault)) throw error;
      this.deps.log.warn("wallet states not read, stored flags stay", { venue, error });
      return [];
    }
  }
}
