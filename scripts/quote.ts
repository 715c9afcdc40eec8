// For operators who ask why a rate is what it is: books on standard input, rates for all 100 sizes on standard output.

import * as v from "valibot";
import { SEED_COUNT, SEEDS_KRW } from "../schema/vocabulary.ts";
import { bookOfLists } from "../src/domain/json-book.ts";
import { bookDefect } from "../src/domain/order-book.ts";
import { createDomesticSweep, ratesOfPair, sweepDomestic } from "../src/domain/sweep.ts";

const HELP = `bun run quote < books.json

Reads {"cases":[{"name","korean":{"asks","bids"},"foreign":{"asks","bids"},"multiplier"?}]} with [price, quantity]
levels, best first (korean in KRW, foreign in USDT), and writes
{"cases":[{"name","rates":[[seedKrw, entry or null, exit or null], ...]}]} in KRW per USDT, half-up to 2 decimals.
"multiplier" (1 by default): coins per unit of the foreign book, e.g. 1000 for 1000PEPEUSDT. A book that cannot be
swept (empty, crossed, malformed) gives nulls, and standard error says so.
`;

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

function rateOf(jeon: number): number | null {
  return Number.isNaN(jeon) ? null : jeon / 100;
}

async function main(): Promise<number> {
  if (process.argv.slice(2).some((argument) => argument === "--help" || argument === "-h")) {
    process.stdout.write(HELP);
    return 0;
  }
  let json: unknown;
  try {
    json = JSON.parse(await Bun.stdin.text());
  } catch (error) {
    process.stderr.write(`expected JSON on standard input: ${(error as Error).message}\n\n${HELP}`);
    return 1;
  }
  const parsed = v.safeParse(Input, json);
  if (!parsed.success) {
    for (const issue of parsed.issues.slice(0, 20)) {
      process.stderr.write(`${v.getDotPath(issue) ?? "input"}: ${issue.message}\n`);
    }
    return 1;
  }
  const sweep = createDomesticSweep();
  const jeon = new Float64Array(SEED_COUNT * 2);
  const cases = parsed.output.cases.map(({ name, korean, foreign, multiplier }) => {
    const domestic = bookOfLists(korean);
    const overseas = bookOfLists(foreign);
    const defects = [bookDefect(domestic), bookDefect(overseas)];
    if (defects[0]) process.stderr.write(`${name}: the korean book is ${defects[0]}\n`);
    if (defects[1]) process.stderr.write(`${name}: the foreign book is ${defects[1]}\n`);
    if (defects[0] || defects[1]) jeon.fill(Number.NaN);
    else {
      sweepDomestic(domestic, sweep);
      ratesOfPair(sweep, domestic, overseas, multiplier, jeon);
    }
    const rates = SEEDS_KRW.map((seed, index) => [
      seed,
      rateOf(jeon[index]!),
      rateOf(jeon[SEED_COUNT + index]!),
    ]);
    return { name, rates };
  });
  process.stdout.write(`${JSON.stringify({ cases })}\n`);
  return 0;
}

process.exitCode = await main();
