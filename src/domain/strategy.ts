// A user's strategy as the engine reads it, and what follows from it alone: slice, screening size, targets.

import { SEED_COUNT, SEED_STEP_KRW } from "../../schema/vocabulary.ts";
import { Decimal } from "./decimal.ts";

export interface Strategy {
  readonly strategyId: number;
  readonly userId: number;
  readonly seedAmountKrw: Decimal;
  readonly seedDivision: number;
  readonly leverage: number;
  /** custom: the rates below; auto: from the reference price and the average entry. */
  readonly tradeMode: "custom" | "auto";
  readonly entryRateTarget: Decimal;
  readonly exitRateTarget: Decimal;
  readonly coinMode: "custom" | "auto";
  readonly selectedCoins: ReadonlySet<string>;
  readonly allowAverageDown: boolean;
  readonly allowAverageUp: boolean;
}

/** A strategy as its columns hold it; amounts and rates are decimal texts. */
export interface StrategyTexts
  extends Pick<
    Strategy,
    | "strategyId"
    | "userId"
    | "seedDivision"
    | "leverage"
    | "tradeMode"
    | "coinMode"
    | "allowAverageDown"
    | "allowAverageUp"
  > {
  readonly seedAmountKrw: string;
  readonly entryRate: string;
  readonly exitRate: string;
  readonly selectedCoins: readonly string[];
}

/** Throws RangeError for what cannot be traded. */
export function strategyOf({
  seedAmountKrw,
  entryRate,
  exitRate,
  selectedCoins,
  ...same
}: StrategyTexts): Strategy {
  const atLeastOne = (what: string, value: number) => {
    if (value < 1) throw new RangeError(`expected a ${what} of at least 1, was ${value}`);
  };
  const above0 = (what: string, text: string) => {
    const value = Decimal.of(text);
    if (!value.isPositive) throw new RangeError(`expected ${what} above 0, was ${value}`);
    return value;
  };
  // The rates mean nothing in auto mode, so they may be anything there.
  const rate = (what: string, text: string) =>
    same.tradeMode === "custom" ? above0(what, text) : Decimal.of(text);
  const seed = above0("a seed amount", seedAmountKrw);
  atLeastOne("seed division", same.seedDivision);
  atLeastOne("leverage", same.leverage);
  return {
    ...same,
    seedAmountKrw: seed,
    entryRateTarget: rate("an entry rate", entryRate),
    exitRateTarget: rate("an exit rate", exitRate),
    selectedCoins: new Set(selectedCoins),
  };
}

/** Settings of the engine that shape decisions; ratios, not percent. */
export interface DecisionSettings {
  /** auto entry: reference price x (1 - this). */
  readonly autoEntryDiscount: Decimal;
  /** auto exit: average entry rate x (1 + this). */
  readonly autoExitGain: Decimal;
  /** |exit - entry| / entry must not exceed this. */
  readonly spreadMax: Decimal;
  /** An add-on must be this much better (down) or worse (up) than the last entry. */
  readonly averageStep: Decimal;
  readonly averagePauseMs: number;
  /** Rechecks on books older than this do not count. */
  readonly bookAgeMsMax: number;
}

export const DECISION_SETTINGS_DEFAULT: DecisionSettings = {
  autoEntryDiscount: Decimal.of("0.01"),
  autoExitGain: Decimal.of("0.02"),
  spreadMax: Decimal.of("0.005"),
  averageStep: Decimal.of("0.003"),
  averagePauseMs: 60_000,
  bookAgeMsMax: 2_000,
};

/** floor(seed amount / division), whole KRW. Throws RangeError for a division below 1. */
export function sliceKrw({
  seedAmountKrw,
  seedDivision,
}: Pick<Strategy, "seedAmountKrw" | "seedDivision">): Decimal {
  if (!Number.isInteger(seedDivision) || seedDivision < 1) {
    throw new RangeError(`expected a seed division of at least 1, was ${seedDivision}`);
  }
  return seedAmountKrw.dividedBy(Decimal.of(seedDivision), 0, "down");
}

/** Index of the first grid seed at or above the slice; the largest above the grid. Screens entries. */
export function entrySeedIndex(slice: Decimal): number {
  const steps = Number(slice.dividedBy(Decimal.of(SEED_STEP_KRW), 0, "up").toString());
  return Math.min(Math.max(steps, 1), SEED_COUNT) - 1;
}

/** Index of the grid seed at or below a position's worth; the smallest below the grid. Screens exits. */
export function exitSeedIndex(worthKrw: Decimal): number {
  const steps = Number(worthKrw.dividedBy(Decimal.of(SEED_STEP_KRW), 0, "down").toString());
  return Math.min(Math.max(steps, 1), SEED_COUNT) - 1;
}

/** The highest entry rate the strategy accepts; undefined in auto mode without a valid reference price. */
export function entryRateMax(
  strategy: Pick<Strategy, "tradeMode" | "entryRateTarget">,
  referenceKrw: Decimal | undefined,
  settings: DecisionSettings,
): Decimal | undefined {
  if (strategy.tradeMode === "custom") return strategy.entryRateTarget;
  return referenceKrw?.times(Decimal.ONE.minus(settings.autoEntryDiscount));
}

/** The exit rate at which the strategy leaves, given the (expected) average entry rate. */
export function exitRateTargetOf(
  strategy: Pick<Strategy, "tradeMode" | "exitRateTarget">,
  averageEntryRate: Decimal,
  settings: DecisionSettings,
): Decimal {
  if (strategy.tradeMode === "custom") return strategy.exitRateTarget;
  return averageEntryRate.times(Decimal.ONE.plus(settings.autoExitGain));
}
