// The rates of books given as JSON, and what is wrong with them.

import * as v from "valibot";
import { SEED_COUNT, SEEDS_KRW } from "../../schema/vocabulary.ts";
import { bookOfLists } from "../../src/domain/json-book.ts";
import { bookDefect } from "../../src/domain/order-book.ts";
import { createDomesticSweep, ratesOfPair, sweepDomestic } from "../../src/domain/sweep.ts";

const level = v.tuple([v.number(), v.number()]);
const book = v.object({ asks: v.array(level), bids: v.array(level) });
const Input = v.object({
  cases: v.array(
    v.object({
      name: v.string(),
      korean: book,
      foreign: book,
      multiplier: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1)), 1),
    }),
  ),
});

const FAULTS_TOLD_MAX = 20;

export interface QuotedCase {
  readonly name: string;
  /** KRW per USDT; null where there is no rate. */
  readonly rates: readonly (readonly [seedKrw: number, entry: number | null, exit: number | null])[];
}

export interface QuoteAnswer {
  /** Undefined: the input cannot be read, and `faults` say why. */
  readonly cases: readonly QuotedCase[] | undefined;
  /** One line each, for people. */
  readonly faults: readonly string[];
}

/** `{"cases": [...]}` as `bun run quote --help` describes it. Never throws. */
export function quoteAnswer(text: string): QuoteAnswer {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    return {
      cases: undefined,
      faults: [`expected JSON on standard input: ${(error as Error).message}`],
    };
  }
  const parsed = v.safeParse(Input, json);
  if (!parsed.success) {
    const told = parsed.issues.slice(0, FAULTS_TOLD_MAX);
    return {
      cases: undefined,
      faults: told.map((issue) => `${v.getDotPath(issue) ?? "input"}: ${issue.message}`),
    };
  }
  const sweep = createDomesticSweep();
  const jeon = new Float64Array(SEED_COUNT * 2);
  const faults: string[] = [];
  const cases = parsed.output.cases.map(({ name, korean, foreign, multiplier }) => {
    const domestic = bookOfLists(korean);
    const overseas = bookOfLists(foreign);
    const defects = [bookDefect(domestic), bookDefect(overseas)];
    if (defects[0]) faults.push(`${name}: the korean book is ${defects[0]}`);
    if (defects[1]) faults.push(`${name}: the foreign book is ${defects[1]}`);
    if (defects[0] || defects[1]) jeon.fill(Number.NaN);
    else {
      sweepDomestic(domestic, sweep);
      ratesOfPair(sweep, domestic, overseas, multiplier, jeon);
    }
    const rates = SEEDS_KRW.map(
      (seed, index) => [seed, rateOf(jeon[index]!), rateOf(jeon[SEED_COUNT + index]!)] as const,
    );
    return { name, rates };
  });
  return { cases, faults };
}

function rateOf(jeon: number): number | null {
  return Number.isNaN(jeon) ? null : jeon / 100;
}
