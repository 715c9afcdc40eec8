// `bun run test`: bun's own runner with the choice of suites, in two lanes side by side, and one closing line to trust.
// The line is counted from the junit report, which a test that ends its process early cannot fake: a missing,
// cut-off or empty report is a failure whatever the exit code says.

import { existsSync, readFileSync } from "node:fs";
import { setPriority } from "node:os";
import { join } from "node:path";
import {
  makeTempDir,
  missingPrograms,
  removeTempDir,
  SHARED_POSTGRES,
  startPostgres,
} from "../src/testing/services.ts";
import { readJunit } from "./testing/junit.ts";
import { phasesOf } from "./testing/lanes.ts";
import { longFiles } from "./testing/long-files.ts";
import { Tally } from "./testing/tally.ts";

const HELP = `bun run test [unit|full] [options and path filters of bun test]

  bun run test               unit and integration tests (at most 3 minutes on two cores)
  bun run test unit          of the product alone, without servers and browsers (at most 10 seconds); also: bun run test:unit
  bun run test full          everything, with the long suites (*.full.test.ts and FULL=1); also: bun run test:full
  bun run test:full --rest   of full only the files that do more there than in the ordinary run
  bun run test src/domain    only files whose path contains src/domain
  bun run test -t "sweep"    only tests whose name fits

  *.test.ts              unit: in this process, fast
  *.integration.test.ts  starts PostgreSQL, NATS, Redis, Chromium or several processes by itself
  *.full.test.ts         minutes long, only in full

A test whose program is missing is skipped and named; "bun run setup" brings the programs.

With PLAY_AGAIN=1 in the environment at most two files that need real servers, and trade nothing, get a second chance
alone; what passed only then is named.`;

const MODES = {
  // The simulator and the test kits have tests of their own, which the ordinary run has time for.
  unit: {
    ignore: ["**/*.integration.test.ts", "**/*.full.test.ts", "src/{simulator,testing}/**"],
    limitS: 10,
    timeoutMs: 20_000,
  },
  default: { ignore: ["**/*.full.test.ts"], limitS: 180, timeoutMs: 20_000 },
  full: { ignore: ["node_modules/**"], limitS: 1_500, timeoutMs: 120_000 },
} as const;

const args = process.argv.slice(2);
if (args.includes("--help") || args.includes("-h")) {
  console.log(HELP);
  process.exit(0);
}
const isRest = args.includes("--rest");
if (isRest) args.splice(args.indexOf("--rest"), 1);
const modeName = args[0] === "unit" || args[0] === "full" ? args.shift() : undefined;
const mode = MODES[(modeName ?? "default") as keyof typeof MODES];

const root = join(import.meta.dir, "..");
const isWhole = args.length === 0 && modeName !== "unit";

/** What one run of bun's test runner is given; with options or filters there is one, which finds its files itself. */
interface RunnerCall {
  readonly args: readonly string[];
  readonly processes: number;
  readonly nice: number;
}

/**
 * Test processes live for seconds: code compiled with all care, and memory given back to be fetched again, cost them a
 * third of the processor time and gain nothing. Not for fleets, which run as they do in production.
 */
const SHORT_LIVED = {
  MIMALLOC_PURGE_DELAY: "-1",
  ...(modeName === "full" ? {} : { BUN_JSC_useDFGJIT: "0" }),
};

const phases: readonly (readonly (readonly RunnerCall[])[])[] = isWhole
  ? phasesOf(testFiles(), modeName === "full").map((lanes) =>
      lanes.map((lane) =>
        lane.map(({ files, ...run }) => ({ ...run, args: files.map((file) => `./${file}`) })),
      ),
    )
  : [[[{ args, processes: 2, nice: 0 }]]];

/** Every test file of this mode, from the root, in order; with --rest the long ones alone. */
function testFiles(): readonly string[] {
  const found = ["src", "api", "worker", "scripts", "schema"]
    .flatMap((folder) => [...new Bun.Glob(`${folder}/**/*.test.ts`).scanSync(root)])
    .filter((file) => !mode.ignore.some((pattern) => new Bun.Glob(pattern).match(file)))
    .sort();
  return isRest ? longFiles(root, found) : found;
}

const SLOWEST_SHOWN = 12;
// Many files want an empty database and nothing else of a server: they share this one.
const postgres =
  modeName === "unit" || missingPrograms(["postgres"]).length > 0 ? undefined : await startPostgres();
const dir = makeTempDir("junit");
const startedMs = performance.now();
const tally = new Tally();
let callCount = 0;
for (const lanes of phases) {
  await Promise.all(
    lanes.map(async (lane) => {
      for (const call of lane) tell(call, await play(call));
    }),
  );
}
if (process.env.PLAY_AGAIN) {
  for (const file of tally.toPlayAgain()) {
    console.log(`\nplayed again, alone: ${file}`);
    const { exitCode, report } = await play({ args: [`./${file}`], processes: 1, nice: 0 });
    const second = report?.get(file);
    if (second && (exitCode === 0 || second.failed.length > 0)) tally.replace(file, second);
  }
}
await postgres?.stop();
const tookS = (performance.now() - startedMs) / 1_000;
removeTempDir(dir);

console.log(`\nbun test took ${tookS.toFixed(1)} s (aim: at most ${mode.limitS} s on two cores)`);
const slowest = tally.slowest(SLOWEST_SHOWN).map(([file, seconds]) => `${file} ${seconds.toFixed(0)} s`);
console.log(`slowest: ${slowest.join(", ")}`);
for (const name of tally.skipped) console.log(`skipped: ${name}`);
for (const name of tally.again) console.log(`passed only when played again: ${name}`);
for (const name of tally.failed) console.log(`failed: ${name}`);
const { passedCount, failed, skipped } = tally;
console.log(`${passedCount} passed, ${failed.length} failed, ${skipped.length} skipped`);
process.exit(failed.length > 0 ? 1 : 0);

interface Outcome {
  readonly exitCode: number;
  /** Undefined where the run left no complete one. */
  readonly report: ReturnType<typeof readJunit>;
}

/** Adds what a call came to. */
function tell(call: RunnerCall, { exitCode, report }: Outcome): void {
  const what = call.args.join(" ") || "the run";
  if (!report || report.size === 0) {
    tally.addFault(`${what}: no complete report: no test ran, or a test ended its process`);
    return;
  }
  tally.add(report);
  // A file that fails outside its tests makes bun fail without a failed test to count.
  const isExplained = [...report.values()].some(({ failed }) => failed.length > 0);
  if (exitCode !== 0 && !isExplained) tally.addFault(`${what}: something outside the tests (see above)`);
}

/** Plays one call to its end. */
async function play(call: RunnerCall): Promise<Outcome> {
  const reportFile = join(dir, `junit-${callCount++}.xml`);
  const child = Bun.spawn(
    [
      process.execPath,
      "--no-install",
      "test",
      `--parallel=${call.processes}`,
      "--no-orphans",
      `--timeout=${mode.timeoutMs}`,
      "--reporter=junit",
      `--reporter-outfile=${reportFile}`,
      ...mode.ignore.map((pattern) => `--path-ignore-patterns=${pattern}`),
      ...call.args,
    ],
    {
      cwd: root,
      env: {
        ...process.env,
        ...(call.nice > 0 || !isWhole ? SHORT_LIVED : {}),
        ...(modeName === "full" ? { FULL: "1" } : {}),
        ...(postgres ? { [SHARED_POSTGRES]: postgres.url } : {}),
      },
      stdio: ["ignore", "inherit", "inherit"],
    },
  );
  if (call.nice > 0) setPriority(child.pid, call.nice);
  const exitCode = await child.exited;
  const report = existsSync(reportFile) ? readJunit(readFileSync(reportFile, "utf8")) : undefined;
  return { exitCode, report };
}
