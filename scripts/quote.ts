// For operators who ask why a rate is what it is: books on standard input, rates for all 100 sizes on standard output.

import { quoteAnswer } from "./quote/answer.ts";

const HELP = `bun run quote < books.json

Reads {"cases":[{"name","korean":{"asks","bids"},"foreign":{"asks","bids"},"multiplier"?}]} with [price, quantity]
levels, best first (korean in KRW, foreign in USDT), and writes
{"cases":[{"name","rates":[[seedKrw, entry or null, exit or null], ...]}]} in KRW per USDT, half-up to 2 decimals.
"multiplier" (1 by default): coins per unit of the foreign book, e.g. 1000 for 1000PEPEUSDT. A book that cannot be
swept (empty, crossed, malformed) gives nulls, and standard error says so.
`;

async function main(): Promise<number> {
  if (process.argv.slice(2).some((argument) => argument === "--help" || argument === "-h")) {
    process.stdout.write(HELP);
    return 0;
  }
  const { cases, faults } = quoteAnswer(await Bun.stdin.text());
  for (const fault of faults) process.stderr.write(`${fault}\n`);
  if (cases === undefined) {
    process.stderr.write(`\n${HELP}`);
    return 1;
  }
  process.stdout.write(`${JSON.stringify({ cases })}\n`);
  return 0;
}

process.exitCode = await main();
