// `bun run replay`: recorded rates through the engine's own decisions, as a table, as JSON and as a picture.

import { readFileSync, writeFileSync } from "node:fs";
import { StoreFault } from "../src/domain/store-fault.ts";
import { replay } from "../src/trading/replay.ts";
import { type Arguments, HELP, readArguments } from "./replay/arguments.ts";
import { pictureOf } from "./replay/picture.ts";
import { createProgress } from "./replay/progress.ts";
import { type Recording, RecordingFault, readCandles, readHistory, samplesOf } from "./replay/recording.ts";
import { setUp, sizeOf } from "./replay/setup.ts";
import { readDatabase } from "./replay/stored-history.ts";
import { summaryOf } from "./replay/summary.ts";
import { tableOf } from "./replay/table.ts";

async function readRecording({ source, ...args }: Arguments): Promise<Recording> {
  if (source.kind === "database") {
    const range = { pair: args.pair!, coin: args.coin!, fromAtMs: args.fromAtMs!, toAtMs: args.toAtMs! };
    return await readDatabase(source.url, { ...range, size: sizeOf(args.sliceKrw) });
  }
  const text = readFileSync(source.file, "utf8");
  try {
    return source.kind === "candles" ? readCandles(text) : readHistory(text);
  } catch (error) {
    if (!(error instanceof RecordingFault)) throw error;
    throw new RecordingFault(error.faults.map((fault) => `${source.file}: ${fault}`));
  }
}

async function run(args: Arguments): Promise<void> {
  const setup = setUp(args, await readRecording(args));
  const { recording, options } = setup;
  const progress = args.json
    ? undefined
    : createProgress(process.stderr, recording.rows.length, () => performance.now());
  const result = replay(samplesOf(recording, args.referenceKrw), options, (done) => progress?.at(done));
  progress?.end();
  const summary = summaryOf(result, setup);
  writeFileSync(args.out, pictureOf(result, summary));
  process.stdout.write(
    args.json ? `${JSON.stringify(summary, undefined, 2)}\n` : `${tableOf(summary)}\nPicture: ${args.out}\n`,
  );
}

/** What a person can put right: files, lines, arguments, the database. Anything else is a defect and shows itself. */
function faultsOf(error: unknown): readonly string[] {
  if (error instanceof RecordingFault) return error.faults;
  if (error instanceof StoreFault) return [error.message];
  if (error instanceof Error && "code" in error && "syscall" in error) return [error.message];
  throw error;
}

async function main(): Promise<number> {
  const read = readArguments(process.argv.slice(2));
  if (read.kind === "help") {
    process.stdout.write(HELP);
    return 0;
  }
  const complain = (faults: readonly string[], hint: string) =>
    process.stderr.write(`${faults.map((fault) => `${fault}\n`).join("")}${hint}`);
  if (read.kind === "faults") {
    complain(read.faults, "\nbun run replay --help lists the options\n");
    return 1;
  }
  try {
    await run(read.run);
    return 0;
  } catch (error) {
    complain(faultsOf(error), "");
    return 1;
  }
}

process.exitCode = await main();
