// Limits and switches (specification 5), and the approval without which nothing is executed. `Approved` can only be
// made here, by passing every limit, or regained by reading back a row that was stored approved.

import { Decimal } from "./decimal.ts";

/** Per user, each with a global default; undefined: no limit. */
export interface RiskLimits {
  readonly sliceKrwMax: Decimal | undefined;
  readonly userNotionalKrwMax: Decimal | undefined;
  readonly coinNotionalKrwMax: Decimal | undefined;
  readonly serviceNotionalKrwMax: Decimal | undefined;
  readonly openPositionsMax: number | undefined;
  /** Realised loss of the day (00:00 KST) plus unwinds, KRW. */
  readonly dailyLossKrwMax: Decimal | undefined;
  readonly leverageMax: Decimal;
  readonly neverCoins: ReadonlySet<string>;
  /** Distance to liquidation that must remain after an entry, as a ratio. */
  readonly liquidationDistanceMin: Decimal;
  /** Part of the margin kept free on top of what the entry needs, as a ratio. */
  readonly marginReserve: Decimal;
}

export const RISK_LIMITS_DEFAULT: RiskLimits = {
  sliceKrwMax: undefined,
  userNotionalKrwMax: undefined,
  coinNotionalKrwMax: undefined,
  serviceNotionalKrwMax: undefined,
  openPositionsMax: undefined,
  dailyLossKrwMax: undefined,
  leverageMax: Decimal.of(5),
  neverCoins: new Set(),
  liquidationDistanceMin: Decimal.of("0.15"),
  marginReserve: Decimal.of("0.1"),
};

export const RISK_DENIALS = [
  "coin-never-traded",
  "slice-above-limit",
  "user-notional-above-limit",
  "coin-notional-above-limit",
  "service-notional-above-limit",
  "too-many-positions",
  "daily-loss-reached",
  "leverage-above-limit",
  "exit-book-too-thin",
  "margin-short",
  "liquidation-too-near",
] as const;
export type RiskDenial = (typeof RISK_DENIALS)[number];

/** What an entry would add, and what is there already. KRW notionals include running intents. */
export interface RiskFacts {
  readonly coin: string;
  readonly sliceKrw: Decimal;
  readonly leverage: Decimal;
  readonly userNotionalKrw: Decimal;
  readonly coinNotionalKrw: Decimal;
  readonly serviceNotionalKrw: Decimal;
  readonly openPositionCount: number;
  /** True when this entry adds to a position that is already counted. */
  readonly addsToPosition: boolean;
  readonly lossTodayKrw: Decimal;
  /** Both venues' bids and asks hold twice the position that would result. */
  readonly exitBooksHold: boolean;
  readonly freeMarginUsdt: Decimal;
  /** USDT notional of the new short. */
  readonly shortNotionalUsdt: Decimal;
  /** Distance to liquidation after the entry as a ratio of the mark price; undefined when the venue states none. */
  readonly liquidationDistance: Decimal | undefined;
}

declare const approval: unique symbol;
/** A value that has passed the limits. */
export type Approved<T> = T & { readonly [approval]: true };

export type Approval<T> =
  | { readonly ok: true; readonly approved: Approved<T> }
  | { readonly ok: false; readonly why: RiskDenial; readonly context: string };

/** Checks every limit in order; the first that is broken is the reason. */
export function approve<T extends object>(plan: T, facts: RiskFacts, limits: RiskLimits): Approval<T> {
  const denied = (why: RiskDenial, context: string): Approval<T> => ({ ok: false, why, context });
  const over = (used: Decimal, max: Decimal | undefined): boolean =>
    max !== undefined && used.plus(facts.sliceKrw).above(max);
  if (limits.neverCoins.has(facts.coin)) return denied("coin-never-traded", `coin=${facts.coin}`);
  if (over(Decimal.ZERO, limits.sliceKrwMax)) {
    return denied("slice-above-limit", `sliceKrw=${facts.sliceKrw} max=${limits.sliceKrwMax}`);
  }
  if (over(facts.userNotionalKrw, limits.userNotionalKrwMax)) {
    return denied("user-notional-above-limit", `openKrw=${facts.userNotionalKrw}`);
  }
  if (over(facts.coinNotionalKrw, limits.coinNotionalKrwMax)) {
    return denied("coin-notional-above-limit", `openKrw=${facts.coinNotionalKrw}`);
  }
  if (over(facts.serviceNotionalKrw, limits.serviceNotionalKrwMax)) {
    return denied("service-notional-above-limit", `openKrw=${facts.serviceNotionalKrw}`);
  }
  const positions = facts.openPositionCount + (facts.addsToPosition ? 0 : 1);
  if (limits.openPositionsMax !== undefined && positions > limits.openPositionsMax) {
    return denied("too-many-positions", `open=${facts.openPositionCount} max=${limits.openPositionsMax}`);
  }
  if (limits.dailyLossKrwMax && facts.lossTodayKrw.atLeast(limits.dailyLossKrwMax)) {
    return denied("daily-loss-reached", `lossKrw=${facts.lossTodayKrw} max=${limits.dailyLossKrwMax}`);
  }
  if (facts.leverage.above(limits.leverageMax)) {
    return denied("leverage-above-limit", `leverage=${facts.leverage} max=${limits.leverageMax}`);
  }
  if (!facts.exitBooksHold) return denied("exit-book-too-thin", "");
  const needed = marginNeededUsdt(facts.shortNotionalUsdt, facts.leverage, limits.marginReserve);
  if (needed.above(facts.freeMarginUsdt)) {
    return denied("margin-short", `neededUsdt=${needed} freeUsdt=${facts.freeMarginUsdt}`);
  }
  if (facts.liquidationDistance?.below(limits.liquidationDistanceMin)) {
    return denied("liquidation-too-near", `distance=${facts.liquidationDistance}`);
  }
  return { ok: true, approved: plan as Approved<T> };
}

/** For rows read back from the journal, where they were stored only after approval. */
export function approvedFromJournal<T extends object>(row: T): Approved<T> {
  return row as Approved<T>;
}

/** notional / leverage with the reserve on top, rounded up. */
export function marginNeededUsdt(notionalUsdt: Decimal, leverage: Decimal, reserve: Decimal): Decimal {
  return notionalUsdt.times(Decimal.ONE.plus(reserve)).dividedBy(leverage, 8, "up");
}

/** How far a short is from liquidation, as a ratio of the mark price; negative once beyond. */
export function liquidationDistance(markPrice: Decimal, liquidationPrice: Decimal): Decimal {
  return liquidationPrice.minus(markPrice).dividedBy(markPrice, 8, "down");
}

export type GuardianVerdict = "fine" | "alert" | "close";

/** Under 15 % alert, under 7 % close both legs (specification 7). */
export function guardianVerdict(
  distance: Decimal,
  settings: { readonly alertBelow: Decimal; readonly closeBelow: Decimal },
): GuardianVerdict {
  if (distance.below(settings.closeBelow)) return "close";
  return distance.below(settings.alertBelow) ? "alert" : "fine";
}

export const REFERENCE_AGE_MS_MAX = 10_000;
const REFERENCE_SPREAD_MAX = Decimal.of("0.005");
const REFERENCE_FROM_MEDIAN_MAX = Decimal.of("0.03");

export interface ReferenceBook {
  readonly askKrw: Decimal;
  readonly bidKrw: Decimal;
  readonly atMs: number;
}

/**
 * The reference price entries may rely on (specification 1): Upbit's best ask of KRW-USDT, Bithumb's when Upbit's is
 * unusable; undefined (void) when older than 10 s, wider than 0.5 %, or more than 3 % from the median entry rate.
 */
export function validReference(
  books: { readonly upbit: ReferenceBook | undefined; readonly bithumb: ReferenceBook | undefined },
  medianEntryRate: Decimal | undefined,
  nowMs: number,
): Decimal | undefined {
  for (const book of [books.upbit, books.bithumb]) {
    if (!book || !isUsable(book, nowMs)) continue;
    if (!medianEntryRate) return undefined;
    const away = book.askKrw.minus(medianEntryRate).abs().dividedBy(medianEntryRate, 8, "up");
    return away.above(REFERENCE_FROM_MEDIAN_MAX) ? undefined : book.askKrw;
  }
  return undefined;
}

function isUsable({ askKrw, bidKrw, atMs }: ReferenceBook, nowMs: number): boolean {
  if (nowMs - atMs > REFERENCE_AGE_MS_MAX || !bidKrw.isPositive || askKrw.atMost(bidKrw)) return false;
  return askKrw.minus(bidKrw).dividedBy(bidKrw, 8, "up").atMost(REFERENCE_SPREAD_MAX);
}

export type CoolingCause = "closed" | "entry-empty" | "unwound" | "guardian";

/** How the engine keeps away from a coin that made trouble. */
export interface CautionSettings {
  /** Each cause's first rest, ms. */
  readonly restMs: Readonly<Record<CoolingCause, number>>;
  readonly restMsMax: number;
  /** So many unwinds of one coin over all users within so long: its entries are off. */
  readonly unwindsMax: number;
  readonly unwindsWithinMs: number;
}

export const CAUTION_DEFAULT: CautionSettings = {
  restMs: { closed: 60_000, "entry-empty": 30_000, unwound: 600_000, guardian: 600_000 },
  restMsMax: 6 * 3_600_000,
  unwindsMax: 3,
  unwindsWithinMs: 300_000,
};

/**
 * How long a user's coin rests: unwinds and guardian closes double with each one since the last clean round trip, up
 * to the longest.
 */
export function coolingMs(
  cause: CoolingCause,
  troublesBefore: number,
  { restMs, restMsMax }: Pick<CautionSettings, "restMs" | "restMsMax">,
): number {
  const base = restMs[cause];
  if (cause === "closed" || cause === "entry-empty") return base;
  return Math.min(base * 2 ** Math.min(troublesBefore, 30), restMsMax);
}
