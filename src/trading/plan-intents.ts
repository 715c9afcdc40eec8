// Decisions made into intents: everything the execution needs later is written into the planned row, so that neither a
// changed strategy nor a changed market changes what has been begun. Pure.

import type { PairKey } from "../../schema/vocabulary.ts";
import { Decimal } from "../domain/decimal.ts";
import { intentIdOf } from "../domain/intent.ts";
import {
  type EntryTerms,
  type ExitPolicy,
  type ExitTerms,
  type LegTerms,
  termTexts,
  withExitPolicy,
} from "../domain/intent-terms.ts";
import { walk } from "../domain/order-bounds.ts";
import type { Dust } from "../domain/position.ts";
import type { EntrySize } from "../domain/sizing.ts";
import type { FreshBooks } from "../ports/book-desk.ts";
import type { IntentRow, OpenPosition, TradingMode } from "../ports/journal.ts";
import type { SymbolRules } from "../ports/trading-venue.ts";

/** One coin on one pair of venues, as the venues' rules have it. */
export interface PairRules {
  readonly coin: string;
  readonly pair: PairKey;
  readonly multiplier: Decimal;
  readonly domestic: SymbolRules;
  readonly overseas: SymbolRules;
}

interface PlanOptions {
  readonly decisionId: string;
  readonly mode: TradingMode;
  readonly rules: PairRules;
  readonly books: FreshBooks;
  readonly dust: Dust;
  readonly referenceKrw: Decimal;
  readonly leverage: number;
  readonly reason: string;
  readonly nowMs: number;
}

export function entryIntentOf(
  options: PlanOptions & {
    readonly userId: number;
    readonly strategyId: number;
    readonly size: EntrySize;
    readonly sliceKrw: Decimal;
    readonly rateMax: Decimal;
    readonly policy: ExitPolicy;
  },
): IntentRow {
  const { size, userId, strategyId } = options;
  const expectedUsdt = size.proceedsUsdt.dividedBy(size.qtyContracts, 24, "half-up");
  const terms: EntryTerms = {
    ...legTerms(options, expectedUsdt),
    sliceKrw: options.sliceKrw,
    rateMax: options.rateMax,
    capKrw: size.capKrw,
  };
  return {
    ...planned(options, "entry"),
    ...{ userId, strategyId },
    qtyCoin: size.qtyCoin,
    qtyContracts: size.qtyContracts,
    terms: withExitPolicy(terms, options.policy),
  };
}

/**
 * `qtyCoin` of the position leave, whole lots overseas unless there is nothing to buy back any more; dust is sold along
 * when it makes a whole step with them.
 */
export function exitIntentOf(
  options: PlanOptions & {
    readonly position: OpenPosition;
    readonly qtyCoin: Decimal;
    readonly isShortGone?: boolean;
  },
): IntentRow {
  const { position, qtyCoin, isShortGone, rules, books, dust } = options;
  const lot = rules.overseas.qtyStep;
  const exact = qtyCoin.dividedBy(rules.multiplier, 18, "down");
  const qtyContracts = isShortGone ? exact : exact.toStep(lot, "down");
  // What is no whole lot would be sold at home and never bought back.
  if (!qtyContracts.isPositive || !qtyContracts.times(rules.multiplier).equals(qtyCoin)) {
    throw new RangeError(
      `expected whole lots of ${lot.times(rules.multiplier)} coins to leave, was ${qtyCoin}`,
    );
  }
  const saleCoin = qtyCoin.plus(dust.qtyCoin).toStep(rules.domestic.qtyStep, "down");
  const cost = walk(books.overseas, "ask", qtyContracts);
  const expectedUsdt = cost
    ? cost.notional.dividedBy(qtyContracts, 24, "half-up")
    : Decimal.ofFloat(books.overseas.askPrices[0]!);
  const terms: ExitTerms = {
    ...legTerms(options, expectedUsdt),
    positionId: Decimal.of(position.positionId),
    positionCoin: qtyCoin,
  };
  return {
    ...planned(options, "exit"),
    userId: position.userId,
    strategyId: position.strategyId,
    qtyCoin: Decimal.max(saleCoin, qtyCoin),
    qtyContracts,
    terms: termTexts(terms),
  };
}

function planned(options: PlanOptions, kind: IntentRow["kind"]) {
  const { decisionId, mode, rules, reason, nowMs } = options;
  return {
    ...{ decisionId, kind, mode, reason },
    intentId: intentIdOf(decisionId),
    state: "planned" as const,
    coin: rules.coin,
    pair: rules.pair,
    plannedAtMs: nowMs,
    sendingAtMs: undefined,
    domesticDoneAtMs: undefined,
    endedAtMs: undefined,
    needsHumanWhy: undefined,
  };
}

function legTerms(
  { rules, books, dust, referenceKrw, leverage }: PlanOptions,
  expectedUsdt: Decimal,
): LegTerms {
  const { domestic, overseas, multiplier } = rules;
  return {
    domesticSymbol: domestic.symbol,
    overseasSymbol: overseas.symbol,
    multiplier,
    overseasLot: overseas.qtyStep,
    overseasQtyMin: overseas.qtyMin,
    overseasQtyMaxMarket: overseas.qtyMaxMarket,
    overseasNotionalMinUsdt: overseas.notionalMin,
    overseasIncrement: overseas.priceIncrement,
    domesticLot: domestic.qtyStep,
    domesticNotionalMinKrw: domestic.notionalMin,
    domesticQtyMaxMarket: domestic.qtyMaxMarket,
    referenceKrw,
    leverage: Decimal.of(leverage),
    domesticPriceKrw: Decimal.ofFloat(books.domestic.bidPrices[0]!),
    overseasPriceUsdt: expectedUsdt,
    dustCoin: dust.qtyCoin,
    dustCostKrw: dust.costKrw,
  };
}
