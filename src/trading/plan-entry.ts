// From a rate that looks good to an approved intent, or to the first reason against it: screened facts, fresh books,
// the two accounts, the size, the decision once more at that size, the limits. Nothing is sent or stored here.

import type { PairKey } from "../../schema/vocabulary.ts";
import { SEED_COUNT } from "../../schema/vocabulary.ts";
import { Decimal } from "../domain/decimal.ts";
import { decideEntry, type EntryFacts } from "../domain/decision.ts";
import type { ExitPolicy } from "../domain/intent-terms.ts";
import { walk } from "../domain/order-bounds.ts";
import { lessTaken, type Taken } from "../domain/own-orders.ts";
import { type MatchedEntry, positionTotals } from "../domain/position.ts";
import type { RateRow } from "../domain/rate-table.ts";
import { type Approved, approve, type RiskFacts, type RiskLimits } from "../domain/risk.ts";
import { breakEvenRatio, type FeeRatios, projectedProfitKrw } from "../domain/settlement.ts";
import { entryRateAt, exitRateAt } from "../domain/size-rates.ts";
import { type EntrySize, sizeEntry } from "../domain/sizing.ts";
import {
  type DecisionSettings,
  entrySeedIndex,
  exitRateTargetOf,
  type Strategy,
  sliceKrw,
} from "../domain/strategy.ts";
import type { BookDesk, FreshBooks } from "../ports/book-desk.ts";
import type { Clock } from "../ports/clock.ts";
import type { IntentRow, Journal, OpenPosition, TradingMode } from "../ports/journal.ts";
import type { Trader } from "../ports/traders.ts";
import type { CoinFacts, MarketView } from "../ports/trading-desk.ts";
import type { AccountFacts, Accounts } from "./accounts.ts";
import { tooOld } from "./book-age.ts";
import { entryIntentOf, type PairRules } from "./plan-intents.ts";

/** What the engine knows without asking anybody. */
export interface EntryBasis
  extends Pick<
    EntryFacts,
    "entriesOff" | "incidentOpen" | "coolingUntilMs" | "heldOnOtherPair" | "heldByHand" | "openEntryCount"
  > {
  readonly position: OpenPosition | undefined;
  readonly referenceKrw: Decimal | undefined;
  readonly limits: RiskLimits;
  readonly used: () => Pick<
    RiskFacts,
    "userNotionalKrw" | "coinNotionalKrw" | "serviceNotionalKrw" | "openPositionCount" | "lossTodayKrw"
  >;
}

export interface EntryWish {
  /** Asked once before anybody is asked, and once at the end: much may have happened meanwhile. */
  readonly basis: () => EntryBasis;
  /** What others who run are about to take from the books. */
  readonly taken: (booksAtMs: number) => Taken;
  /** Called in the same turn in which the limits are passed, so that the next who plans counts it; false: too late. */
  readonly take: (intent: IntentRow) => boolean;
}

export interface PlanEntryDeps {
  readonly clock: Clock;
  readonly mode: TradingMode;
  readonly journal: Pick<Journal, "dust">;
  readonly books: BookDesk;
  readonly market: MarketView;
  readonly accounts: Accounts;
  readonly decision: DecisionSettings;
}

export type PlannedEntry =
  | { readonly ok: true; readonly intent: Approved<IntentRow>; readonly books: FreshBooks }
  | {
      readonly ok: false;
      readonly reason: string;
      readonly context: string;
      /** Whether venues were asked for it. */
      readonly wasAsked: boolean;
    };

const BOOKS_MS = 1_500;
const EXIT_BOOK_FACTOR = Decimal.of(2);

function hold(reason: string, context = ""): PlannedEntry {
  return { ok: false, reason, context, wasAsked: true };
}

export async function planEntry(
  deps: PlanEntryDeps,
  trader: Trader,
  row: RateRow,
  pair: PairKey,
  wish: EntryWish,
): Promise<PlannedEntry> {
  const { strategy } = trader;
  const { coin } = row;
  const facts = deps.market.facts(coin, pair);
  const before = wish.basis();
  const screened = facts ? screen(deps, trader, row, facts, before) : { reason: "not-tradable", context: "" };
  if (!facts || screened) return { ok: false, wasAsked: false, ...screened! };

  const legs = await deps.accounts.legs(trader.userId, pair);
  if (!legs) return hold("no-key");
  const leverage = Decimal.min(Decimal.of(strategy.leverage), before.limits.leverageMax);
  const [seen, ready, rules, dust] = await Promise.all([
    deps.books.fresh(coin, pair, BOOKS_MS),
    deps.accounts.readyForEntry({
      userId: trader.userId,
      legs,
      facts,
      leverage,
      ownCoin: () => ownCoinOf(wish.basis()),
    }),
    deps.accounts.rules(legs, coin, pair, facts).catch(() => undefined),
    deps.journal.dust({ mode: deps.mode, userId: trader.userId, coin, venue: legs.domestic.venue }),
  ]);
  if (!seen || !rules) return hold("no-rate", "fresh books or rules not to be had");
  if (!ready.ok) return hold(ready.why, ready.context);
  if (!rules.domestic.tradable || !rules.overseas.tradable) return hold("not-tradable");
  const age = tooOld(seen, deps.clock.nowMs(), deps.decision.bookAgeMsMax);
  if (age) return hold("no-rate", age);

  const basis = wish.basis();
  const books = lessTaken(seen, wish.taken(seen.atMs));
  if (!books) return hold("no-rate", "our own orders take the whole book");
  const slice = sliceKrw(strategy);
  const decided = decide(deps, trader, coin, facts, basis, {
    entryRate: entryRateAt(books, slice, facts.multiplier),
    exitRate: exitRateAt(books, slice, facts.multiplier),
    fees: ready.facts.fees,
  });
  if (decided.action === "hold") return hold(decided.reason, decided.context);
  const sized = sizeEntry({
    sliceKrw: slice,
    rateMax: decided.rateMax,
    domestic: books.domestic,
    overseas: books.overseas,
    rules: sizingRulesOf(deps.market, rules),
    freeKrw: ready.facts.freeKrw,
    domesticFeeRatio: ready.facts.fees.domestic,
  });
  if (!sized.ok) return hold(sized.why);
  const intent = entryIntentOf({
    decisionId: `${deps.mode} ${row.tickAtMs} entry ${strategy.strategyId} ${coin} ${pair}`,
    mode: deps.mode,
    userId: trader.userId,
    strategyId: strategy.strategyId,
    rules,
    books,
    dust,
    referenceKrw: basis.referenceKrw!,
    leverage: Number(ready.facts.leverage.toString()),
    reason: `rate at most ${decided.rateMax}`,
    nowMs: deps.clock.nowMs(),
    size: sized.size,
    sliceKrw: slice,
    rateMax: decided.rateMax,
    policy: policyOf(trader),
  });
  const approval = approve(
    intent,
    riskFactsOf(strategy, coin, sized.size, ready.facts, rules, books, basis),
    basis.limits,
  );
  if (!approval.ok) return hold(approval.why, approval.context);
  if (!wish.take(intent)) return hold("another-runs");
  return { ok: true, intent: approval.approved, books: seen };
}

function ownCoinOf({ position }: EntryBasis): Decimal {
  return Decimal.sum((position?.entries ?? []).map(({ qtyCoin }) => qtyCoin));
}

/** The decision on the frame's own rates; undefined when nothing speaks against asking. */
function screen(
  deps: PlanEntryDeps,
  trader: Trader,
  { coin, ratesJeon }: RateRow,
  facts: CoinFacts,
  basis: EntryBasis,
): { readonly reason: string; readonly context: string } | undefined {
  const seedIndex = entrySeedIndex(sliceKrw(trader.strategy));
  const decided = decide(deps, trader, coin, facts, basis, {
    entryRate: rateOf(ratesJeon[seedIndex]!),
    exitRate: rateOf(ratesJeon[SEED_COUNT + seedIndex]!),
    fees: undefined,
  });
  return decided.action === "hold" ? { reason: decided.reason, context: decided.context } : undefined;
}

function policyOf({ strategy, stopRate, holdingMsMax }: Trader): ExitPolicy {
  return { tradeMode: strategy.tradeMode, exitRateTarget: strategy.exitRateTarget, stopRate, holdingMsMax };
}

function rateOf(jeon: number): Decimal | undefined {
  return Number.isNaN(jeon)
    ? undefined
    : Decimal.of(Math.round(jeon)).dividedBy(Decimal.of(100), 2, "half-up");
}

function decide(
  deps: PlanEntryDeps,
  trader: Trader,
  coin: string,
  facts: CoinFacts,
  basis: EntryBasis,
  rates: { entryRate: Decimal | undefined; exitRate: Decimal | undefined; fees: FeeRatios | undefined },
) {
  const { strategy } = trader;
  const { position, referenceKrw } = basis;
  const newest = position?.entries.at(-1);
  const fees = rates.fees ?? { domestic: Decimal.ZERO, overseas: Decimal.ZERO };
  return decideEntry(
    strategy,
    {
      ...basis,
      coin,
      nowMs: deps.clock.nowMs(),
      tradable: facts.tradable,
      walletsOpen: facts.walletsOpen,
      warned: facts.warned,
      quarantined: facts.quarantined,
      identityKnown: facts.identityKnown,
      entryRate: rates.entryRate,
      exitRate: rates.exitRate,
      referenceKrw,
      lastEntry: newest && {
        rate: newest.spentKrw.dividedBy(newest.receivedUsdt, 2, "half-up"),
        atMs: newest.atMs,
      },
      breakEven: breakEvenRatio(fees, facts.fundingRatio),
      projectedProfitKrw: expectedProfit(strategy, deps.decision, rates.entryRate, referenceKrw, fees, facts),
    },
    deps.decision,
  );
}

/** What one slice would earn at the exit target, should the coin's price abroad stay where it is. */
function expectedProfit(
  strategy: Strategy,
  settings: DecisionSettings,
  entryRate: Decimal | undefined,
  referenceKrw: Decimal | undefined,
  fees: FeeRatios,
  { fundingRatio }: CoinFacts,
): Decimal | undefined {
  if (!entryRate?.isPositive || !referenceKrw) return undefined;
  const spentKrw = sliceKrw(strategy);
  const receivedUsdt = spentKrw.dividedBy(entryRate, 12, "half-up");
  const entry: MatchedEntry = {
    qtyCoin: Decimal.ONE,
    spentKrw,
    feeKrw: spentKrw.times(fees.domestic),
    receivedUsdt,
    feeUsdt: receivedUsdt.times(fees.overseas),
  };
  const exitRate = exitRateTargetOf(strategy, entryRate, settings);
  return projectedProfitKrw({
    totals: positionTotals([entry]),
    exitRate,
    saleKrw: receivedUsdt.times(exitRate),
    fees,
    fundingUsdt: receivedUsdt.times(fundingRatio),
    referenceKrw,
  });
}

export function sizingRulesOf(market: MarketView, rules: PairRules) {
  const { domestic, overseas, multiplier } = rules;
  const pairVenue = rules.pair.startsWith("upbit") ? "upbit" : "bithumb";
  return {
    multiplier,
    overseasLot: overseas.qtyStep,
    overseasQtyMin: overseas.qtyMin,
    overseasNotionalMinUsdt: overseas.notionalMin,
    overseasQtyMax: overseas.qtyMaxLimit,
    domesticLot: domestic.qtyStep,
    domesticQtyMax: domestic.qtyMaxLimit,
    incrementAtKrw: (priceKrw: Decimal) => market.incrementAt(pairVenue, priceKrw),
    domesticNotionalMinKrw: domestic.notionalMin,
  };
}

function riskFactsOf(
  strategy: Strategy,
  coin: string,
  size: EntrySize,
  account: AccountFacts,
  rules: PairRules,
  books: FreshBooks,
  basis: EntryBasis,
): RiskFacts {
  const { leverage } = account;
  const twiceCoin = ownCoinOf(basis).plus(size.qtyCoin).times(EXIT_BOOK_FACTOR);
  const twiceContracts = twiceCoin.dividedBy(rules.multiplier, 12, "up");
  const holds = (["bid", "ask"] as const).every(
    (side) => walk(books.domestic, side, twiceCoin) && walk(books.overseas, side, twiceContracts),
  );
  return {
    coin,
    sliceKrw: sliceKrw(strategy),
    leverage,
    ...basis.used(),
    addsToPosition: basis.position !== undefined,
    exitBooksHold: holds,
    freeMarginUsdt: account.freeUsdt,
    shortNotionalUsdt: size.proceedsUsdt,
    liquidationDistance: distanceAfter(account, leverage, size),
  };
}

/**
 * How far the short will be from its liquidation with what is added. On cross margin what stands behind it stays, and
 * more contracts lean on it; on isolated margin what is added brings its own.
 */
function distanceAfter(account: AccountFacts, leverage: Decimal, size: EntrySize): Decimal {
  const { short, marginMode } = account;
  if (!short) return expectedDistance(account, leverage, size.proceedsUsdt);
  const whole = short.qtyContracts.plus(size.qtyContracts);
  const held = short.liquidationDistance.times(short.qtyContracts);
  const added = marginMode === "isolated" ? size.qtyContracts.dividedBy(leverage, 8, "down") : Decimal.ZERO;
  return held.plus(added).dividedBy(whole, 8, "down");
}

/** Without a short to look at: what stands behind the new one, as a part of it. */
function expectedDistance(account: AccountFacts, leverage: Decimal, notionalUsdt: Decimal): Decimal {
  if (account.marginMode === "isolated") return Decimal.ONE.dividedBy(leverage, 8, "down");
  return account.freeUsdt.dividedBy(notionalUsdt, 8, "down");
}
