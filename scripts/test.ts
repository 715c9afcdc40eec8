// `bun run test`: bun's own runner with the choice of suites, in two processes, and one closing line to trust.
// The line is counted from the junit report, which a test that ends its process early cannot fake: a missing,
// cut-off or empty report is a failure whatever the exit code says.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { makeTempDir, removeTempDir } from "../src/testing/services/temp-dir.ts";
import { readJunit } from "./testing/junit.ts";

const HELP = `bun run test [unit|full] [options and path filters of bun test]

  bun run test               unit and integration tests (at most 3 minutes on two cores)
  bun run test unit          those that need no server and no browser (at most 10 seconds); also: bun run test:unit
  bun run test full          everything, with the long suites (*.full.test.ts and FULL=1); also: bun run test:full
  bun run test src/domain    only files whose path contains src/domain
  bun run test -t "sweep"    only tests whose name fits

  *.test.ts              unit: in this process, fast
  *.integration.test.ts  starts PostgreSQL, NATS, Redis, Chromium or several processes by itself
  *.full.test.ts         minutes long, only in full

A test whose program is missing is skipped and named; "bun run setup" brings the programs.`;

const MODES = {
  unit: { ignore: ["**/*.integration.test.ts", "**/*.full.test.ts"], limitS: 10, timeoutMs: 20_000 },
  default: { ignore: ["**/*.full.test.ts"], limitS: 180, timeoutMs: 20_000 },
  full: { ignore: ["node_modules/**"], limitS: 1_500, timeoutMs: 120_000 },
} as const;

const args = process.argv.slice(2);
if (args.includes("--help") || args.includes("-h")) {
  console.log(HELP);
  process.exit(0);
}
const modeName = args[0] === "unit" || args[0] === "full" ? args.shift() : undefined;
const mode = MODES[(modeName ?? "default") as keyof typeof MODES];

const dir = makeTempDir("junit");
const reportFile = join(dir, "junit.xml");
const startedMs = performance.now();
const run = Bun.spawn(
  [
    process.execPath,
    "--no-install",
    "test",
    "--parallel=2",
    "--no-orphans",
    `--timeout=${mode.timeoutMs}`,
    "--reporter=junit",
    `--reporter-outfile=${reportFile}`,
    ...mode.ignore.map((pattern) => `--path-ignore-patterns=${pattern}`),
    ...args,
  ],
  {
    cwd: join(import.meta.dir, ".."),
    env: { ...process.env, ...(modeName === "full" ? { FULL: "1" } : {}) },
    stdio: ["ignore", "inherit", "inherit"],
  },
);
const exitCode = await run.exited;
const tookS = (performance.now() - startedMs) / 1_000;
const report = existsSync(reportFile) ? readJunit(readFileSync(reportFile, "utf8")) : undefined;
removeTempDir(dir);

console.log(
  `\nbun test ended with ${exitCode} after ${tookS.toFixed(1)} s (aim: at most ${mode.limitS} s on two cores)`,
);
if (!report || report.passedCount + report.failedCount + report.skippedCount === 0) {
  console.log("no complete report: no test ran, or a test ended its process");
  console.log("0 passed, 1 failed, 0 skipped");
  process.exit(1);
}
for (const name of report.skipped) console.log(`skipped: ${name}`);
for (const name of report.failed) console.log(`failed: ${name}`);
// A file that fails outside its tests makes bun fail without a failed test to count.
const unnamedFailure = exitCode !== 0 && report.failedCount === 0;
if (unnamedFailure) console.log("failed: something outside the tests (see above)");
const failedCount = report.failedCount + (unnamedFailure ? 1 : 0);
console.log(`${report.passedCount} passed, ${failedCount} failed, ${report.skippedCount} skipped`);
process.exit(failedCount > 0 ? 1 : 0);
