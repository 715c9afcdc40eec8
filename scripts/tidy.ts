// `bun scripts/tidy.ts`: the house rules that biome and tsc do not know. Findings with file, line and reason;
// exit 1 when there are any. What is long is only said.

import { join } from "node:path";
import {
  checkClock,
  checkDeadFiles,
  checkEnvironment,
  checkImports,
  checkLeftovers,
  checkLockfile,
  longFiles,
} from "./tidy/rules.ts";
import { readSource } from "./tidy/source.ts";

const HELP = `bun scripts/tidy.ts

Checks who imports whom (scripts/tidy/borders.ts), files nobody reaches, markers and tests left aside, clocks,
chance and environment read where they should be passed in, and registry addresses in bun.lock.`;

const LONG_FILE_LINES = 300;
const LONG_FILES_SHOWN = 10;

if (process.argv.includes("--help")) {
  console.log(HELP);
  process.exit(0);
}

const root = join(import.meta.dir, "..");
// Also what is not committed yet, so that a developer hears of it before the commit.
const listed = Bun.spawnSync(["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"], {
  cwd: root,
});
if (listed.exitCode !== 0) throw new Error(`expected a git repository: ${listed.stderr.toString()}`);
const paths = new Set<string>();
for (const path of listed.stdout.toString().split("\0").filter(Boolean)) {
  if (await Bun.file(join(root, path)).exists()) paths.add(path);
}
const read = (path: string) => Bun.file(join(root, path)).text();
const sources = await Promise.all(
  [...paths].filter((path) => /\.tsx?$/.test(path)).map(async (path) => readSource(path, await read(path))),
);
const others = new Map<string, string>();
for (const path of paths) {
  if (/(^|\/)(package|deno)\.json$|\.(ya?ml|toml|html|sh|service)$|^\.ci\/run$/.test(path)) {
    others.set(path, await read(path));
  }
}

const findings = [
  ...checkImports(sources, paths),
  ...checkDeadFiles(sources, others),
  ...checkLeftovers(sources),
  ...checkClock(sources),
  ...checkEnvironment(sources),
  ...(paths.has("bun.lock") ? checkLockfile("bun.lock", await read("bun.lock")) : []),
];
for (const { path, line, why } of findings) console.log(`${path}:${line}: ${why}`);

const long = longFiles(sources, LONG_FILE_LINES);
for (const { path, lineCount } of long.slice(0, LONG_FILES_SHOWN)) {
  console.log(`hint: ${path} has ${lineCount} lines; is there a seam?`);
}
if (long.length > LONG_FILES_SHOWN)
  console.log(`hint: and ${long.length - LONG_FILES_SHOWN} more over ${LONG_FILE_LINES}`);
console.log(`tidy: ${sources.length} files, ${findings.length} findings`);
process.exit(findings.length > 0 ? 1 : 0);
