// `bun run simulate`: long seeded stories of the trading engine, what they have covered, and whether a promise broke.

import { availableParallelism } from "node:os";
import { Coverage, SECOND_LEG_P99_MS_MAX } from "../src/testing/simulation/coverage.ts";
import { createProgress } from "./replay/progress.ts";
import { type Arguments, HELP, readArguments } from "./simulate/arguments.ts";
import { playHere, playShared, processesOf, type Told } from "./simulate/play.ts";
import { searchAll, searchPart } from "./simulate/search.ts";

async function run(args: Arguments): Promise<boolean> {
  const coverage = new Coverage();
  const broken: string[] = [];
  const progress =
    args.json || args.trace
      ? undefined
      : createProgress(process.stderr, args.seeds, () => performance.now(), "stories");
  const tell = (told: Told) => {
    if (told.kind === "ok") coverage.add(told.facts);
    else broken.push(told.why);
    if (args.json) process.stdout.write(`${JSON.stringify({ ...told, trace: [] })}\n`);
    else if (args.trace) process.stdout.write(`${told.trace.join("\n")}\n`);
    progress?.at(coverage.stories + broken.length);
  };
  await (processesOf(args) === 1 ? playHere(args, tell) : playShared(args, tell));
  progress?.end();
  const { secondLegP99Ms } = coverage;
  if (secondLegP99Ms !== undefined && secondLegP99Ms > SECOND_LEG_P99_MS_MAX)
    broken.push(
      `second legs: expected a p99 of at most ${SECOND_LEG_P99_MS_MAX} ms, was ${secondLegP99Ms} ms`,
    );
  for (const why of broken) process.stderr.write(`broken: ${why}\n${hintOf(why)}`);
  if (!args.json) {
    for (const line of coverage.lines()) process.stdout.write(`${line}\n`);
    process.stdout.write(`${coverage.summary()}${broken.length > 0 ? `, ${broken.length} broken` : ""}\n`);
  }
  return broken.length === 0;
}

function hintOf(why: string): string {
  const seed = /^seed (\d+):/.exec(why)?.[1];
  return seed === undefined ? "" : `  bun run simulate --seeds 1 --from ${seed} --trace\n`;
}

async function main(): Promise<number> {
  const read = readArguments(process.argv.slice(2));
  if (read.kind === "help") {
    process.stdout.write(HELP);
    return 0;
  }
  if (read.kind === "faults") {
    for (const fault of read.faults) process.stderr.write(`${fault}\n`);
    process.stderr.write("\nbun run simulate --help lists the options\n");
    return 1;
  }
  const { search, share, processes } = read.run;
  if (search === undefined) return (await run(read.run)) ? 0 : 1;
  const count = processes ?? availableParallelism();
  if (share === 0) return (await searchAll(search, count)) ? 0 : 1;
  await searchPart(search, { index: share - 1, count });
  return 0;
}

process.exitCode = await main();
