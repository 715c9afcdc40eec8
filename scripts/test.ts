// `bun run test`: bun's own runner with the choice of suites, in two processes, and one closing line to trust.
// The line is counted from the junit report, which a test that ends its process early cannot fake: a missing,
// cut-off or empty report is a failure whatever the exit code says.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import {
  makeTempDir,
  missingPrograms,
  removeTempDir,
  SHARED_POSTGRES,
  startPostgres,
} from "../src/testing/services.ts";
import { readJunit } from "./testing/junit.ts";
import { longFiles } from "./testing/long-files.ts";

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

A test whose program is missing is skipped and named; "bun run setup" brings the programs.`;

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

/**
 * Tests of the whole fleet, and of an installation, start a dozen processes on wall-clock ticks: beside others, on two
 * cores, they would measure the others. So they run after everything else; with options or filters all is one run.
 */
const ALONE = [
  "src/testing/{e2e,trading-e2e}/*.{integration,full}.test.ts",
  "scripts/deploy/whole.full.test.ts",
];
const root = join(import.meta.dir, "..");
const isWhole = args.length === 0 && modeName !== "unit";
const isAlone = (file: string) => ALONE.some((pattern) => new Bun.Glob(pattern).match(file));
const files = isWhole ? testFiles() : [];
const aloneFiles = files.filter(isAlone);
const runs: {
  readonly ignore: readonly string[];
  readonly args: readonly string[];
  readonly processes?: number;
}[] = [
  isRest
    ? { ignore: mode.ignore, args: files.filter((file) => !isAlone(file)).map((file) => `./${file}`) }
    : { ignore: isWhole ? [...mode.ignore, ...ALONE] : mode.ignore, args },
  ...fleetRuns(aloneFiles).map((files) => ({
    ignore: mode.ignore,
    args: files.map((file) => `./${file}`),
    processes: files.length,
  })),
];

/** Every test file of this mode, from the root, in order; with --rest the long ones alone. */
function testFiles(): readonly string[] {
  const found = ["src", "api", "worker", "scripts", "schema"]
    .flatMap((folder) => [...new Bun.Glob(`${folder}/**/*.test.ts`).scanSync(root)])
    .filter((file) => !mode.ignore.some((pattern) => new Bun.Glob(pattern).match(file)))
    .sort();
  return isRest ? longFiles(root, found) : found;
}

/** The short forms side by side: they mostly wait for ticks. So do the long ones of trading, which have a small market. In full, where limits are met, one after the other. */
function fleetRuns(files: readonly string[]): readonly (readonly string[])[] {
  if (files.length === 0) return [];
  if (modeName !== "full") return [files];
  const trading = files.filter((file) => file.includes("/trading-e2e/"));
  return [trading, ...files.filter((file) => !trading.includes(file)).map((file) => [file])].filter(
    ({ length }) => length > 0,
  );
}

const SLOWEST_SHOWN = 12;
// Many files want an empty database and nothing else of a server: they share this one.
const postgres =
  modeName === "unit" || missingPrograms(["postgres"]).length > 0 ? undefined : await startPostgres();
const dir = makeTempDir("junit");
const startedMs = performance.now();
let passedCount = 0;
let failedCount = 0;
let skippedCount = 0;
const skipped: string[] = [];
const failed: string[] = [];
const seconds: [file: string, seconds: number][] = [];
for (const [index, run] of runs.entries()) {
  const reportFile = join(dir, `junit-${index}.xml`);
  const child = Bun.spawn(
    [
      process.execPath,
      "--no-install",
      "test",
      `--parallel=${run.processes ?? 2}`,
      "--no-orphans",
      `--timeout=${mode.timeoutMs}`,
      "--reporter=junit",
      `--reporter-outfile=${reportFile}`,
      ...run.ignore.map((pattern) => `--path-ignore-patterns=${pattern}`),
      ...run.args,
    ],
    {
      cwd: root,
      env: {
        ...process.env,
        ...(modeName === "full" ? { FULL: "1" } : {}),
        ...(postgres ? { [SHARED_POSTGRES]: postgres.url } : {}),
      },
      stdio: ["ignore", "inherit", "inherit"],
    },
  );
  const exitCode = await child.exited;
  const what = run.args.join(" ") || "the run";
  const report = existsSync(reportFile) ? readJunit(readFileSync(reportFile, "utf8")) : undefined;
  if (!report || report.passedCount + report.failedCount + report.skippedCount === 0) {
    failedCount++;
    failed.push(`${what}: no complete report: no test ran, or a test ended its process`);
    continue;
  }
  passedCount += report.passedCount;
  failedCount += report.failedCount;
  skippedCount += report.skippedCount;
  skipped.push(...report.skipped);
  failed.push(...report.failed);
  seconds.push(...report.secondsOf);
  // A file that fails outside its tests makes bun fail without a failed test to count.
  if (exitCode !== 0 && report.failedCount === 0) {
    failedCount++;
    failed.push(`${what}: something outside the tests (see above)`);
  }
}
await postgres?.stop();
const tookS = (performance.now() - startedMs) / 1_000;
removeTempDir(dir);

console.log(`\nbun test took ${tookS.toFixed(1)} s (aim: at most ${mode.limitS} s on two cores)`);
const slowest = seconds.toSorted(([, a], [, b]) => b - a).slice(0, SLOWEST_SHOWN);
console.log(`slowest: ${slowest.map(([file, s]) => `${file} ${s.toFixed(0)} s`).join(", ")}`);
for (const name of skipped) console.log(`skipped: ${name}`);
for (const name of failed) console.log(`failed: ${name}`);
console.log(`${passedCount} passed, ${failedCount} failed, ${skippedCount} skipped`);
process.exit(failedCount > 0 ? 1 : 0);
