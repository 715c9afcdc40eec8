// What an intent was planned with and must not be read again later: symbols, lots, minimums, caps, dust, exit terms.
// Kept with the intent as texts; numbers are exact decimals. A missing or unreadable term is a defect: RangeError.

import { Decimal } from "./decimal.ts";

/** Of both legs, in the venues' own units. */
export interface LegTerms {
  readonly domesticSymbol: string;
  readonly overseasSymbol: string;
  /** Coins per overseas contract. */
  readonly multiplier: Decimal;
  readonly overseasLot: Decimal;
  readonly overseasQtyMin: Decimal;
  readonly overseasQtyMaxMarket: Decimal;
  readonly overseasNotionalMinUsdt: Decimal;
  readonly overseasIncrement: Decimal;
  readonly domesticLot: Decimal;
  readonly domesticNotionalMinKrw: Decimal;
  readonly domesticQtyMaxMarket: Decimal;
  /** The reference price when it was planned. */
  readonly referenceKrw: Decimal;
  readonly leverage: Decimal;
  /** Best bid at home, KRW per coin, and the overseas price expected, USDT per contract. */
  readonly domesticPriceKrw: Decimal;
  readonly overseasPriceUsdt: Decimal;
  /** Dust of the coin at the domestic venue before. */
  readonly dustCoin: Decimal;
  readonly dustCostKrw: Decimal;
}

export interface EntryTerms extends LegTerms {
  readonly sliceKrw: Decimal;
  readonly rateMax: Decimal;
  readonly capKrw: Decimal;
}

export interface ExitTerms extends LegTerms {
  readonly positionId: Decimal;
  /** Coins of the position that leave; what is sold beyond is dust. */
  readonly positionCoin: Decimal;
  /**
   * Its user has closed both legs himself: nothing is sent, and the two prices of these terms are what he got and paid,
   * net of fees. Left out: an exit of ours.
   */
  readonly settled?: "by-hand";
}

const LEG_TEXTS = ["domesticSymbol", "overseasSymbol"] as const;
const LEG_NUMBERS = [
  "multiplier",
  "overseasLot",
  "overseasQtyMin",
  "overseasQtyMaxMarket",
  "overseasNotionalMinUsdt",
  "overseasIncrement",
  "domesticLot",
  "domesticNotionalMinKrw",
  "domesticQtyMaxMarket",
  "referenceKrw",
  "leverage",
  "domesticPriceKrw",
  "overseasPriceUsdt",
  "dustCoin",
  "dustCostKrw",
] as const;
const ENTRY_NUMBERS = [...LEG_NUMBERS, "sliceKrw", "rateMax", "capKrw"] as const;
const EXIT_NUMBERS = [...LEG_NUMBERS, "positionId", "positionCoin"] as const;

export type TermTexts = Readonly<Record<string, string>>;

export function termTexts(terms: EntryTerms | ExitTerms): Record<string, string> {
  return Object.fromEntries(Object.entries(terms).map(([name, value]) => [name, value.toString()]));
}

/** What both kinds have. Throws RangeError as the others do. */
export function legTermsOf(texts: TermTexts): LegTerms {
  return read(texts, LEG_NUMBERS) as unknown as LegTerms;
}

export function entryTermsOf(texts: TermTexts): EntryTerms {
  return read(texts, ENTRY_NUMBERS) as unknown as EntryTerms;
}

export function exitTermsOf(texts: TermTexts): ExitTerms {
  const { settled } = texts;
  if (settled !== undefined && settled !== "by-hand") {
    throw new RangeError(`expected the term settled to be by-hand or left out, was ${settled}`);
  }
  const terms = read(texts, EXIT_NUMBERS) as unknown as ExitTerms;
  return settled ? { ...terms, settled } : terms;
}

function read(texts: TermTexts, numbers: readonly string[]): Record<string, string | Decimal> {
  const terms: Record<string, string | Decimal> = {};
  for (const name of LEG_TEXTS) terms[name] = textOf(texts, name);
  for (const name of numbers) terms[name] = Decimal.of(textOf(texts, name));
  return terms;
}

function textOf(texts: TermTexts, name: string): string {
  const text = texts[name];
  if (text === undefined || text === "") throw new RangeError(`expected the term ${name}, was missing`);
  return text;
}

/** When a position is left, copied from the strategy when it was entered: deleting the strategy changes nothing. */
export interface ExitPolicy {
  readonly tradeMode: "custom" | "auto";
  readonly exitRateTarget: Decimal;
  readonly stopRate: Decimal | undefined;
  readonly holdingMsMax: number | undefined;
}

const POLICY_PREFIX = "exit.";

export function exitPolicyTexts(policy: ExitPolicy): Record<string, string> {
  const { tradeMode, exitRateTarget, stopRate, holdingMsMax } = policy;
  return {
    tradeMode,
    exitRateTarget: exitRateTarget.toString(),
    ...(stopRate ? { stopRate: stopRate.toString() } : {}),
    ...(holdingMsMax === undefined ? {} : { holdingMsMax: String(holdingMsMax) }),
  };
}

export function exitPolicyOf(texts: TermTexts): ExitPolicy {
  const { tradeMode, stopRate, holdingMsMax } = texts;
  if (tradeMode !== "custom" && tradeMode !== "auto") {
    throw new RangeError(`expected the term tradeMode to be custom or auto, was ${tradeMode}`);
  }
  return {
    tradeMode,
    exitRateTarget: Decimal.of(textOf(texts, "exitRateTarget")),
    stopRate: stopRate === undefined ? undefined : Decimal.of(stopRate),
    holdingMsMax: holdingMsMax === undefined ? undefined : msOf(holdingMsMax),
  };
}

/** A holding time that is no number would never end, an empty one at once. */
function msOf(text: string): number {
  if (!/^\d{1,15}$/.test(text))
    throw new RangeError(`expected a holding time in ms, was ${text || "nothing"}`);
  return Number(text);
}

/** An entry carries the policy of the position it opens among its own terms. */
export function withExitPolicy(terms: EntryTerms, policy: ExitPolicy): Record<string, string> {
  const carried = Object.entries(exitPolicyTexts(policy)).map(([name, text]) => [POLICY_PREFIX + name, text]);
  return { ...termTexts(terms), ...Object.fromEntries(carried) };
}

export function carriedExitPolicy(texts: TermTexts): Record<string, string> {
  const carried = Object.entries(texts)
    .filter(([name]) => name.startsWith(POLICY_PREFIX))
    .map(([name, text]) => [name.slice(POLICY_PREFIX.length), text]);
  return Object.fromEntries(carried);
}
