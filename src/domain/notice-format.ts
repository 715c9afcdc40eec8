// How figures and foreign words look in notices.

import { PAIRS, type PairKey } from "../../schema/vocabulary.ts";
import { Decimal } from "./decimal.ts";
import { type KeyFinding, keyFindingWords } from "./key-finding.ts";
import type { Language } from "./notice.ts";
import { reasonWords, VENUE_WORDS } from "./notice-words.ts";

/** A notice's text without its marks, its repetitions and its time. */
export interface NoticeBody {
  readonly title: string;
  readonly lines: readonly (string | undefined)[];
}

/** Words that come from elsewhere (a venue, an error) are cut here. */
const FOREIGN_TEXT_MAX = 300;
const FAULTS_SHOWN = 5;
const QTY_DECIMALS = 8;
const PREMIUM_RATIO_DECIMALS = 8;
const HUNDRED = Decimal.of(100);

/** On one line, without control and invisible characters, and not endless. */
export function clean(text: string): string {
  const line = text
    .toWellFormed()
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, " ")
    .trim();
  const letters = Array.from(line.slice(0, FOREIGN_TEXT_MAX * 2 + 2));
  return letters.length <= FOREIGN_TEXT_MAX ? line : `${letters.slice(0, FOREIGN_TEXT_MAX - 1).join("")}…`;
}

export function reason(why: string, language: Language): string {
  return clean(reasonWords(why, language));
}

/** Undefined, and so no line, when there is nothing to say. */
export function detailLine(detail: string): string | undefined {
  return clean(detail) || undefined;
}

export function faultLines(faults: readonly KeyFinding[], language: Language): string[] {
  const shown = faults.slice(0, FAULTS_SHOWN).map((fault) => `- ${clean(keyFindingWords(fault, language))}`);
  return faults.length > FAULTS_SHOWN ? [...shown, `- … +${faults.length - FAULTS_SHOWN}`] : shown;
}

/** Both venues' names, the domestic one first. */
export function venuesOf(pair: PairKey, language: Language): readonly [string, string] {
  const { domestic, overseas } = PAIRS.find(({ key }) => key === pair)!;
  return [VENUE_WORDS[domestic][language], VENUE_WORDS[overseas][language]];
}

/** Half-up with exactly `decimals` places, and commas. */
export function fixed(value: Decimal, decimals: number): string {
  // A small loss rounded away is no "-0".
  const rounded = value.rounded(decimals, "half-up");
  return grouped((rounded.isZero ? rounded.abs() : rounded).toFixed(decimals));
}

export function signed(value: Decimal, decimals: number): string {
  const text = fixed(value, decimals);
  return value.rounded(decimals, "half-up").isPositive ? `+${text}` : text;
}

/** How far a rate is from the price of USDT, in percent; both KRW per USDT, the price above zero. */
export function premium(rate: Decimal, referenceKrw: Decimal): string {
  const ratio = rate.dividedBy(referenceKrw, PREMIUM_RATIO_DECIMALS, "half-up");
  return `${signed(ratio.minus(Decimal.ONE).times(HUNDRED), 2)}%`;
}

/** As exact as venues count coins. */
export function quantity(value: Decimal): string {
  return grouped(value.rounded(QTY_DECIMALS, "half-up").toString());
}

/** Commas between the thousands before the point. */
export function grouped(digits: string): string {
  const [whole, fraction] = digits.split(".");
  const text = whole!.replace(/\B(?=(\d{3})+$)/g, ",");
  return fraction === undefined ? text : `${text}.${fraction}`;
}
