// The ground a simulated run stands on: one coin on one pair of venues, one or more users with money there, their
// books, and what is planned from them.

import {
  type DomesticVenue,
  type OverseasVenue,
  PAIRS,
  type PairKey,
  type Venue,
} from "../../../schema/vocabulary.ts";
import { Decimal } from "../../domain/decimal.ts";
import { bookDefect } from "../../domain/order-book.ts";
import type { Dust } from "../../domain/position.ts";
import { type SizeDenial, sizeEntry } from "../../domain/sizing.ts";
import type { FreshBooks } from "../../ports/book-desk.ts";
import type { IntentRow, OpenPosition } from "../../ports/journal.ts";
import type { PerpetualVenue, TradingVenue } from "../../ports/trading-venue.ts";
import { entryIntentOf, exitIntentOf, type PairRules } from "../../trading/plan-intents.ts";
import type { Legs } from "../../trading/run-order.ts";
import type { ManualClock } from "../manual-clock.ts";
import type { Market, MarketInput } from "../memory-venues/market.ts";
import { createMemoryWorld, type MemoryUser, type MemoryWorld } from "../memory-venues/world.ts";

export const COIN = "XRP";
export const REFERENCE_KRW = Decimal.of("1400");
/** What the entries of these worlds may pay; their books move around 1,396. */
const RATE_MAX = Decimal.of("1450");
const DOMESTIC_FEE = { upbit: Decimal.of("0.0005"), bithumb: Decimal.of("0.0025") } as const;
const LEVELS = 12;
/** On each level of each book. */
const DOMESTIC_DEPTH_COIN = 200;
const OVERSEAS_DEPTH_COIN = 300;

export interface GroundOptions {
  readonly pair: PairKey;
  /** Coins per contract; 1 when left out. */
  readonly multiplier?: number;
  /** In contracts; 0.1 when left out. */
  readonly overseasLot?: string;
  /** Largest single closing order, contracts. */
  readonly qtyMaxMarket?: string;
  readonly users: readonly Omit<MemoryUser, "balances">[];
  readonly random?: () => number;
  readonly latencyMs?: () => number;
}

export class Ground {
  readonly world: MemoryWorld;
  readonly domestic: DomesticVenue;
  readonly overseas: OverseasVenue;
  readonly multiplier: Decimal;
  readonly lotCoin: Decimal;

  constructor(
    readonly clock: ManualClock,
    readonly options: GroundOptions,
  ) {
    const { pair, users, multiplier = 1, random = () => 0.5, latencyMs } = options;
    const found = PAIRS.find(({ key }) => key === pair)!;
    this.domestic = found.domestic;
    this.overseas = found.overseas;
    const abroad = overseasMarket(options);
    this.world = createMemoryWorld({
      ...{ clock, random },
      ...(latencyMs ? { latencyMs } : {}),
      coins: [
        {
          coin: COIN,
          markets: {
            [this.domestic]: domesticMarket(),
            [this.overseas]: abroad,
          },
        },
      ],
      users: users.map((user) => ({
        ...user,
        balances: { [this.domestic]: { KRW: 50_000_000 }, [this.overseas]: { USDT: 50_000, BNB: 10 } },
      })),
    });
    this.multiplier = Decimal.of(multiplier);
    this.lotCoin = this.market(this.overseas).qtyStep.times(this.multiplier);
  }

  get pair(): PairKey {
    return this.options.pair;
  }

  symbolOf(venue: Venue): string {
    const { multiplier = 1 } = this.options;
    return venue === this.domestic ? `KRW-${COIN}` : `${multiplier === 1 ? "" : multiplier}${COIN}USDT`;
  }

  market(venue: Venue) {
    return this.world.market(venue, this.symbolOf(venue));
  }

  /** What each level of a full book has, in the market's own units. */
  depthOf(market: Market): Decimal {
    if (market.venue === this.domestic) return Decimal.of(DOMESTIC_DEPTH_COIN);
    return Decimal.of(OVERSEAS_DEPTH_COIN).dividedBy(this.multiplier, 8, "down");
  }

  legs(user: string, wrap: <V extends TradingVenue | PerpetualVenue>(venue: V) => V): Legs {
    return {
      domestic: wrap(this.world.venue(user, this.domestic)),
      overseas: wrap(this.world.venue(user, this.overseas)),
    };
  }

  /** Undefined when a side is empty. */
  books(): FreshBooks | undefined {
    const { world, clock } = this;
    const domestic = world.readBook(this.domestic, this.symbolOf(this.domestic));
    const overseas = world.readBook(this.overseas, this.symbolOf(this.overseas));
    if (bookDefect(domestic) !== undefined || bookDefect(overseas) !== undefined) return undefined;
    return { domestic, overseas, atMs: clock.nowMs() };
  }

  rules(): PairRules {
    return {
      coin: COIN,
      pair: this.pair,
      multiplier: this.multiplier,
      domestic: this.market(this.domestic).rules(),
      overseas: this.market(this.overseas).rules(),
    };
  }

  #planOptions(plan: Plan) {
    const { decisionId, books, dust } = plan;
    return {
      ...{ decisionId, books, dust },
      rules: this.rules(),
      mode: "live" as const,
      referenceKrw: REFERENCE_KRW,
      leverage: 3,
      reason: "simulated",
      nowMs: this.clock.nowMs(),
    };
  }

  /** One slice, as the books have it. */
  entry(plan: Plan & { userId: number; strategyId: number; sliceKrw: number }): IntentRow | SizeDenial {
    const options = this.#planOptions(plan);
    const { rules, books } = options;
    const sliceKrw = Decimal.of(plan.sliceKrw);
    const sized = sizeEntry({
      sliceKrw,
      rateMax: RATE_MAX,
      domestic: books.domestic,
      overseas: books.overseas,
      rules: {
        multiplier: rules.multiplier,
        overseasLot: rules.overseas.qtyStep,
        overseasQtyMin: rules.overseas.qtyMin,
        overseasNotionalMinUsdt: rules.overseas.notionalMin,
        overseasQtyMax: rules.overseas.qtyMaxLimit,
        domesticLot: rules.domestic.qtyStep,
        domesticQtyMax: rules.domestic.qtyMaxLimit,
        incrementAtKrw: () => rules.domestic.priceIncrement,
        domesticNotionalMinKrw: rules.domestic.notionalMin,
      },
      freeKrw: Decimal.of("50000000"),
      domesticFeeRatio: DOMESTIC_FEE[this.domestic],
    });
    if (!sized.ok) return sized.why;
    return entryIntentOf({
      ...options,
      ...{ sliceKrw, rateMax: RATE_MAX, size: sized.size },
      userId: plan.userId,
      strategyId: plan.strategyId,
      policy: {
        tradeMode: "custom",
        exitRateTarget: Decimal.of("1390"),
        stopRate: undefined,
        holdingMsMax: undefined,
      },
    });
  }

  /** The whole position, or about so much of it: a part leaves nothing, or what can be left again. */
  exit(plan: Plan & { position: OpenPosition; part?: number }): IntentRow {
    const { position, part = 1 } = plan;
    const whole = Decimal.sum(position.entries.map(({ qtyCoin }) => qtyCoin));
    const wanted = whole.times(Decimal.ofFloat(part)).toStep(this.lotCoin, "down");
    const isPart = wanted.atLeast(this.leastCoin) && whole.minus(wanted).atLeast(this.leastCoin);
    return exitIntentOf({ ...this.#planOptions(plan), position, qtyCoin: isPart ? wanted : whole });
  }

  /** Twice what both venues take at least, at a careful price. */
  get leastCoin(): Decimal {
    const atHome = Decimal.of("10000").dividedBy(this.market(this.domestic).mark, 8, "up");
    const abroad = Decimal.of("10").dividedBy(this.market(this.overseas).mark, 8, "up");
    return Decimal.max(
      atHome.times(Decimal.of("1.2")),
      abroad.times(this.multiplier).times(Decimal.of("1.2")),
    );
  }

  /** The most coins that may be left uncovered: one lot, or what is too little to be sold or hedged. */
  get exposureMaxCoin(): Decimal {
    const half = this.leastCoin.dividedBy(Decimal.of(2), 8, "up");
    return Decimal.max(this.lotCoin, half.plus(this.lotCoin));
  }
}

interface Plan {
  readonly decisionId: string;
  readonly books: FreshBooks;
  readonly dust: Dust;
}

function domesticMarket(): MarketInput {
  return {
    symbol: `KRW-${COIN}`,
    qtyStep: "0.00000001",
    qtyMin: "0.0001",
    notionalMin: 5000,
    priceIncrement: 1,
    qtyMaxMarket: 1_000_000,
    bids: levels(2790, -1, DOMESTIC_DEPTH_COIN),
    asks: levels(2792, 1, DOMESTIC_DEPTH_COIN),
  };
}

function overseasMarket(options: GroundOptions): MarketInput {
  const { multiplier = 1, overseasLot = "0.1", qtyMaxMarket = "100000" } = options;
  const depth = OVERSEAS_DEPTH_COIN / multiplier;
  const increment = multiplier === 1 ? "0.0001" : "0.01";
  return {
    symbol: `${multiplier === 1 ? "" : multiplier}${COIN}USDT`,
    multiplier,
    qtyStep: overseasLot,
    qtyMin: overseasLot,
    notionalMin: 5,
    priceIncrement: increment,
    qtyMaxMarket,
    bids: levels(2.0 * multiplier, -0.0005 * multiplier, depth),
    asks: levels(2.001 * multiplier, 0.0005 * multiplier, depth),
  };
}

function levels(price: number, step: number, qty: number): [string, string][] {
  return Array.from({ length: LEVELS }, (_, index) => [(price + index * step).toFixed(4), qty.toFixed(3)]);
}
