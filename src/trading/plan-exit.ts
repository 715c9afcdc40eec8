// From a position that may be left to an approved exit intent, or to the reason against it. Priced for the position's
// own quantity on fresh books; larger than what meets the target, it leaves in parts. No rate is read from books that are
// old: who is forced out, or has held for too long, leaves all the same.

import { Decimal } from "../domain/decimal.ts";
import { decideExit, type ExitCause } from "../domain/decision.ts";
import { type ExitPolicy, exitPolicyOf } from "../domain/intent-terms.ts";
import { lessTaken, type Taken } from "../domain/own-orders.ts";
import { averageEntryRate, positionTotals, shareOf } from "../domain/position.ts";
import { type Approved, approvedFromJournal } from "../domain/risk.ts";
import { projectedProfitKrw } from "../domain/settlement.ts";
import { exitRateForQty, largestExitMeeting } from "../domain/size-rates.ts";
import { type DecisionSettings, exitRateTargetOf, type Strategy } from "../domain/strategy.ts";
import type { BookDesk, FreshBooks } from "../ports/book-desk.ts";
import type { Clock } from "../ports/clock.ts";
import type { IntentRow, Journal, OpenPosition, TradingMode } from "../ports/journal.ts";
import type { MarketView } from "../ports/trading-desk.ts";
import type { Accounts } from "./accounts.ts";
import { tooOld } from "./book-age.ts";
import type { FundingSeen } from "./funding.ts";
import { exitIntentOf, type PairRules } from "./plan-intents.ts";
import type { Legs } from "./run-order.ts";
import type { ForceCause } from "./runner.ts";

export interface PlanExitDeps {
  readonly clock: Clock;
  readonly mode: TradingMode;
  readonly journal: Pick<Journal, "dust">;
  readonly books: BookDesk;
  readonly market: MarketView;
  readonly accounts: Accounts;
  readonly funding: Pick<FundingSeen, "since">;
  readonly decision: DecisionSettings;
}

export interface ExitWish {
  /** By whom it is forced; undefined: only when the terms are met. */
  readonly forcedBy: ForceCause | undefined;
  readonly halted: boolean;
  readonly referenceKrw: Decimal | undefined;
  /** What others who run are about to take from the books. */
  readonly taken: (booksAtMs: number) => Taken;
  /** Called in the same turn in which it is decided, so that the next who plans counts it; false: too late. */
  readonly take: (intent: IntentRow) => boolean;
  /** Tells attempts of one wish apart, so that each is a decision of its own. */
  readonly decisionKey: string;
}

export type PlannedExit =
  | {
      readonly ok: true;
      readonly intent: Approved<IntentRow>;
      readonly books: FreshBooks;
      readonly cause: ExitCause;
    }
  | { readonly ok: false; readonly reason: string; readonly context: string };

const BOOKS_MS = 1_500;
const MINIMUM_FACTOR = Decimal.of(2);

export async function planExit(
  deps: PlanExitDeps,
  position: OpenPosition,
  wish: ExitWish,
): Promise<PlannedExit> {
  const hold = (reason: string, context = ""): PlannedExit => ({ ok: false, reason, context });
  const { userId, coin, pair } = position;
  const facts = deps.market.facts(coin, pair);
  if (!facts) return hold("not-tradable", "the coin is on no list any more");
  const legs = await deps.accounts.legs(userId, pair);
  if (!legs) return hold("no-key");
  const policy = exitPolicyOf(position.exitTerms);
  // Only a profit that is asked for has to be known.
  const asksProfit = policy.tradeMode === "auto" && !wish.forcedBy;
  const [seen, rules, fees, dust, { unreached, shortContracts }, funding] = await Promise.all([
    deps.books.fresh(coin, pair, BOOKS_MS),
    deps.accounts.rules(legs, coin, pair, facts).catch(() => undefined),
    deps.accounts.fees(userId, legs, facts),
    deps.journal.dust({ mode: deps.mode, userId, coin, venue: legs.domestic.venue }),
    accountsOf(legs, facts.overseasSymbol),
    asksProfit ? deps.funding.since(position, legs, facts.overseasSymbol) : undefined,
  ]);
  if (!seen || !rules) return hold("no-rate", "fresh books or rules not to be had");
  // With the short gone there is nothing to do abroad.
  const isShortGone = wish.forcedBy === "short-gone";
  const isAway = isShortGone ? unreached.includes("domestic") : unreached.length > 0;
  if (isAway) return hold("venue-unreachable", unreached.join(" "));
  const totals = positionTotals(position.entries);
  // Somebody has joined by hand: automatic exits wait for the user. The watch tells; it may not have looked yet.
  const shortCoin = shortContracts.times(facts.multiplier);
  if (!wish.forcedBy && shortCoin.above(totals.qtyCoin))
    return hold("held-by-hand", `short=${shortCoin} ours=${totals.qtyCoin}`);

  // Whoever is forced out does not wait for others to be done.
  const books = wish.forcedBy ? seen : lessTaken(seen, wish.taken(seen.atMs));
  if (!books) return hold("no-rate", "our own orders take the whole book");
  const { multiplier } = facts;
  const lotCoin = rules.overseas.qtyStep.times(multiplier);
  // A venue may change its lots: then less than one of them stays behind, for somebody to close by hand.
  const mostCoin = isShortGone ? totals.qtyCoin : totals.qtyCoin.toStep(lotCoin, "down");
  if (mostCoin.isZero) return hold("below-one-lot", `held=${totals.qtyCoin} lot=${lotCoin}`);
  const ofWhole = (saleKrw: Decimal, qtyCoin: Decimal) => shareOf(saleKrw, totals.qtyCoin, qtyCoin);
  const age = wish.forcedBy ? undefined : tooOld(seen, deps.clock.nowMs(), deps.decision.bookAgeMsMax);
  const whole = age ? undefined : exitRateForQty(books, mostCoin, multiplier);
  const { referenceKrw } = wish;
  const fundingText = funding
    ? ` fundingUsdt=${funding.usdt}${funding.isFresh ? "" : " (not read now)"}`
    : "";
  const decisionFor = (exitRate: Decimal | undefined, saleKrw: Decimal | undefined) =>
    decideExit(
      policy as unknown as Strategy,
      {
        nowMs: deps.clock.nowMs(),
        forced: wish.forcedBy !== undefined,
        halted: wish.halted,
        exitRate,
        averageEntryRate: averageEntryRate(totals, 8),
        projectedProfitKrw:
          exitRate && saleKrw && referenceKrw
            ? projectedProfitKrw({
                totals,
                exitRate,
                saleKrw,
                fees,
                fundingUsdt: funding?.usdt ?? Decimal.ZERO,
                referenceKrw,
              })
            : undefined,
        openedAtMs: position.openedAtMs,
        stopRate: policy.stopRate,
        holdingMsMax: policy.holdingMsMax,
      },
      deps.decision,
    );

  let qtyCoin = mostCoin;
  let decided = decisionFor(
    whole?.rate ?? (age ? undefined : belowStop(books, mostCoin, policy, lotCoin, multiplier)),
    whole && ofWhole(whole.saleKrw, mostCoin),
  );
  if (decided.action === "hold") {
    if (decided.reason === "halted") return hold(decided.reason);
    if (age) return hold(decided.reason, age);
    const target = exitRateTargetOf(policy, averageEntryRate(totals, 8), deps.decision);
    const part = largestExitMeeting(books, mostCoin, target, lotCoin, multiplier);
    if (!part || !isWorthLeaving(part, mostCoin, rules, books)) {
      return hold(decided.reason, `rate=${whole?.rate ?? "none"} target=${target}${fundingText}`);
    }
    const rate = exitRateForQty(books, part, multiplier)!;
    // Auto mode asks for the whole position's profit at the part's rate.
    decided = decisionFor(rate.rate, ofWhole(rate.saleKrw, part));
    if (decided.action === "hold")
      return hold(decided.reason, `rate=${rate.rate} target=${target}${fundingText}`);
    qtyCoin = part;
  }
  const intent = exitIntentOf({
    decisionId: `${deps.mode} ${wish.decisionKey} exit ${position.positionId}`,
    mode: deps.mode,
    rules,
    books,
    dust,
    referenceKrw: referenceKrw ?? averageEntryRate(totals),
    leverage: position.leverage,
    reason: wish.forcedBy ?? decided.cause,
    nowMs: deps.clock.nowMs(),
    ...{ position, qtyCoin, isShortGone },
  });
  if (!wish.take(intent)) return hold("another-runs");
  // Leaving is never kept back by a limit.
  return { ok: true, intent: approvedFromJournal(intent), books: seen, cause: decided.cause };
}

/** A part leaves nothing, or at least twice both minimums; and it is itself no less. */
function isWorthLeaving(part: Decimal, whole: Decimal, rules: PairRules, books: FreshBooks): boolean {
  const bidKrw = Decimal.ofFloat(books.domestic.bidPrices[0]!);
  const bidUsdt = Decimal.ofFloat(books.overseas.bidPrices[0]!);
  const enough = (qtyCoin: Decimal) => {
    const contracts = qtyCoin.dividedBy(rules.multiplier, 12, "down");
    return (
      qtyCoin.times(bidKrw).atLeast(rules.domestic.notionalMin.times(MINIMUM_FACTOR)) &&
      contracts.atLeast(rules.overseas.qtyMin.times(MINIMUM_FACTOR)) &&
      contracts.times(bidUsdt).atLeast(rules.overseas.notionalMin.times(MINIMUM_FACTOR))
    );
  };
  const left = whole.minus(part);
  return enough(part) && (left.isZero || enough(left));
}

/** The legs whose accounts do not answer (none is left alone, so neither is sent then), and the short as it is there. */
async function accountsOf(
  { domestic, overseas }: Legs,
  overseasSymbol: string,
): Promise<{
  readonly unreached: readonly ("domestic" | "overseas")[];
  readonly shortContracts: Decimal;
}> {
  const options = { haste: "urgent" } as const;
  const [home, abroad] = await Promise.allSettled([
    domestic.balances(options),
    overseas.positions(overseasSymbol, options),
  ]);
  const shorts = abroad.status === "fulfilled" ? abroad.value : [];
  const short = shorts.find(({ symbol, side }) => symbol === overseasSymbol && side === "short");
  return {
    unreached: [
      ...(home.status === "rejected" ? (["domestic"] as const) : []),
      ...(abroad.status === "rejected" ? (["overseas"] as const) : []),
    ],
    shortContracts: short?.qtyContracts ?? Decimal.ZERO,
  };
}

/**
 * Where the books do not hold the position: the rate of what they hold, when even that is at the stop, for more coins
 * have no better one.
 */
function belowStop(
  books: FreshBooks,
  qtyCoin: Decimal,
  { stopRate }: ExitPolicy,
  lotCoin: Decimal,
  multiplier: Decimal,
): Decimal | undefined {
  if (!stopRate) return undefined;
  const held = largestExitMeeting(books, qtyCoin, Decimal.ZERO, lotCoin, multiplier);
  const rate = held && exitRateForQty(books, held, multiplier)?.rate;
  return rate?.atMost(stopRate) ? rate : undefined;
}
