// One user's two venues, and what must be known of the accounts before the first order: balances, modes, leverage, fees,
// the venue's clock. What changes seldom is asked for seldom; what an order depends on is asked for each time.

import { PAIRS, type PairKey, type Venue } from "../../schema/vocabulary.ts";
import { Decimal } from "../domain/decimal.ts";
import { liquidationDistance } from "../domain/risk.ts";
import { breakEvenRatio, type FeeRatios } from "../domain/settlement.ts";
import type { Clock } from "../ports/clock.ts";
import type { KeyOptions } from "../ports/traders.ts";
import type { CoinFacts, UserVenues } from "../ports/trading-desk.ts";
import type { SymbolRules, TradingVenue } from "../ports/trading-venue.ts";
import type { PairRules } from "./plan-intents.ts";
import type { Legs } from "./run-order.ts";

const FEES_MS = 600_000;
const RULES_MS = 300_000;
const CLOCK_MS = 60_000;
/** The adapters stamp with the venue's own time; a clock further off than this is not to be trusted at all. */
const OFFSET_MS_MAX = 60_000;

export type AccountDenial =
  | "held-by-hand"
  | "no-key"
  | "mode-unfit"
  | "leverage-unfit"
  | "clock-off"
  | "account-unread";

export interface AccountFacts {
  readonly freeKrw: Decimal;
  readonly freeUsdt: Decimal;
  readonly fees: FeeRatios;
  /** That the entry will have: the one wanted, or of the short that is open. */
  readonly leverage: Decimal;
  /** The short that is open in the symbol, its distance to liquidation a ratio of the mark price. */
  readonly short: { readonly qtyContracts: Decimal; readonly liquidationDistance: Decimal } | undefined;
  readonly marginMode: "cross" | "isolated";
}

export type Readiness =
  | { readonly ok: true; readonly facts: AccountFacts }
  | { readonly ok: false; readonly why: AccountDenial; readonly context: string };

export class Accounts {
  /** As last read, by user and venue: for putting candidates in order. */
  readonly #feesSeen = new Map<string, number>();
  readonly #cache = new Map<string, { readonly untilMs: number; readonly value: Promise<unknown> }>();

  constructor(
    private readonly deps: {
      readonly clock: Clock;
      readonly venues: UserVenues;
      /** Where an account does not tell. */
      readonly feeRatios: Readonly<Record<Venue, string>>;
    },
  ) {}

  async legs(userId: number, pair: PairKey, options?: KeyOptions): Promise<Legs | undefined> {
    const { domestic, overseas } = PAIRS.find(({ key }) => key === pair)!;
    const [home, abroad] = await Promise.all([
      this.deps.venues.domestic(userId, domestic, options),
      this.deps.venues.overseas(userId, overseas, options),
    ]);
    return home && abroad ? { domestic: home, overseas: abroad } : undefined;
  }

  /** Rules are the market's, not the user's: one answer for all. Rejects with VenueReadFault. */
  async rules(legs: Legs, coin: string, pair: PairKey, facts: CoinFacts): Promise<PairRules> {
    const [domestic, overseas] = await Promise.all([
      this.#rulesOf(legs.domestic, facts.domesticSymbol),
      this.#rulesOf(legs.overseas, facts.overseasSymbol),
    ]);
    return { coin, pair, multiplier: facts.multiplier, domestic, overseas };
  }

  #rulesOf(venue: TradingVenue, symbol: string): Promise<SymbolRules> {
    return this.#cached(`rules ${venue.venue} ${symbol}`, RULES_MS, () => venue.rules(symbol));
  }

  async fees(userId: number, legs: Legs, facts: CoinFacts): Promise<FeeRatios> {
    const of = async (venue: TradingVenue, symbol: string): Promise<Decimal> => {
      try {
        const { buy, sell } = await this.#cached(`fees ${userId} ${venue.venue} ${symbol}`, FEES_MS, () =>
          venue.feeRates(symbol),
        );
        const fee = Decimal.max(buy, sell);
        this.#feesSeen.set(`${userId} ${venue.venue}`, fee.toFloat());
        return fee;
      } catch {
        return Decimal.ofFloat(this.#feeSeen(userId, venue.venue));
      }
    };
    const [domestic, overseas] = await Promise.all([
      of(legs.domestic, facts.domesticSymbol),
      of(legs.overseas, facts.overseasSymbol),
    ]);
    return { domestic, overseas };
  }

  /** By how much the fees of an entry raise its rate, as far as is known without asking; in the order of PAIRS. */
  entryFeeFactors(userId: number): readonly number[] {
    return PAIRS.map(
      ({ domestic, overseas }) =>
        (1 + this.#feeSeen(userId, domestic)) / (1 - this.#feeSeen(userId, overseas)),
    );
  }

  /** What a round trip costs as a ratio, as far as is known without asking; undefined for a coin on no list. */
  breakEven(userId: number, pair: PairKey, facts: CoinFacts | undefined): Decimal | undefined {
    if (!facts) return undefined;
    const { domestic, overseas } = PAIRS.find(({ key }) => key === pair)!;
    const fee = (venue: Venue) => Decimal.ofFloat(this.#feeSeen(userId, venue));
    return breakEvenRatio({ domestic: fee(domestic), overseas: fee(overseas) }, facts.fundingRatio);
  }

  #feeSeen(userId: number, venue: Venue): number {
    return this.#feesSeen.get(`${userId} ${venue}`) ?? Number(this.deps.feeRatios[venue]);
  }

  /**
   * Everything an entry needs of the two accounts, asked at once. Leverage is set here, and only while no position
   * exists in the symbol; position and margin mode are never changed.
   */
  async readyForEntry(options: {
    readonly userId: number;
    readonly legs: Legs;
    readonly facts: CoinFacts;
    readonly leverage: Decimal;
    /** Coins of our own position: what is open beyond it is somebody's by hand. */
    readonly ownCoin: () => Decimal;
  }): Promise<Readiness> {
    const { userId, legs, facts, leverage, ownCoin } = options;
    const denied = (why: AccountDenial, context: string): Readiness => ({ ok: false, why, context });
    try {
      const [home, abroad, modes, positions, fees, offsets] = await Promise.all([
        legs.domestic.balances(),
        legs.overseas.balances(),
        legs.overseas.modes(facts.overseasSymbol),
        legs.overseas.positions(facts.overseasSymbol),
        this.fees(userId, legs, facts),
        this.#offsets(legs),
      ]);
      if (modes.marginMode === "other") return denied("mode-unfit", `marginMode=${modes.marginMode}`);
      const off = offsets.find(
        ({ offsetMs, venue }) => isOverseas(venue) && Math.abs(offsetMs) > OFFSET_MS_MAX,
      );
      if (off) return denied("clock-off", `venue=${off.venue} offsetMs=${off.offsetMs}`);
      const open = positions.filter(({ symbol }) => symbol === facts.overseasSymbol);
      const own = open.find(({ side }) => side === "short");
      const long = open.find(({ side }) => side === "long");
      const shortCoin = (own?.qtyContracts ?? Decimal.ZERO).times(facts.multiplier);
      if (long || !shortCoin.equals(ownCoin()))
        return denied(
          "held-by-hand",
          `shortCoin=${shortCoin} own=${ownCoin()} long=${long?.qtyContracts ?? 0}`,
        );
      if (own?.leverage && !own.leverage.equals(leverage) && own.leverage.above(leverage)) {
        return denied("leverage-unfit", `leverage=${own.leverage} wanted=${leverage}`);
      }
      if (open.length === 0) await legs.overseas.setLeverage(facts.overseasSymbol, leverage);
      const free = (balances: typeof home, asset: string) =>
        balances.find((balance) => balance.asset === asset)?.free ?? Decimal.ZERO;
      return {
        ok: true,
        facts: {
          freeKrw: free(home, "KRW"),
          freeUsdt: free(abroad, "USDT"),
          fees,
          leverage: own?.leverage ?? leverage,
          marginMode: modes.marginMode,
          short: own?.liquidationPrice
            ? {
                qtyContracts: own.qtyContracts,
                liquidationDistance: liquidationDistance(own.markPrice, own.liquidationPrice),
              }
            : undefined,
        },
      };
    } catch (error) {
      return denied("account-unread", error instanceof Error ? error.message : String(error));
    }
  }

  async #offsets(legs: Legs): Promise<{ venue: Venue; offsetMs: number }[]> {
    return await Promise.all(
      [legs.domestic, legs.overseas].map(async (venue) => ({
        venue: venue.venue,
        offsetMs: await this.#cached(`clock ${venue.venue}`, CLOCK_MS, () => venue.clockOffsetMs()),
      })),
    );
  }

  #cached<T>(key: string, lengthMs: number, read: () => Promise<T>): Promise<T> {
    const nowMs = this.deps.clock.monotonicMs();
    const held = this.#cache.get(key);
    if (held && held.untilMs > nowMs) return held.value as Promise<T>;
    if (this.#cache.size > 20_000) this.#cache.clear();
    const value = read();
    const entry = { untilMs: nowMs + lengthMs, value };
    this.#cache.set(key, entry);
    // A failed read is asked again by the next.
    value.catch(() => {
      if (this.#cache.get(key) === entry) this.#cache.delete(key);
    });
    return value;
  }
}

function isOverseas(venue: Venue): boolean {
  return venue === "bybit" || venue === "binance";
}
