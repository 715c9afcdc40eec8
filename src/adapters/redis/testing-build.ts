// Compiles testing-binary.ts the way scripts/build.ts compiles the scheduler: the thread is an entry point of its own,
// and `root` fixes the path it is embedded under. Usage: testing-build.ts OUTFILE

import { join } from "node:path";

const root = join(import.meta.dir, "../../..");
const built = await Bun.build({
  root,
  entrypoints: [join(import.meta.dir, "testing-binary.ts"), join(import.meta.dir, "publisher-thread.ts")],
  target: "bun",
  format: "esm",
  bytecode: true,
  minify: { whitespace: true, syntax: true, identifiers: false },
  compile: { outfile: process.argv[2]!, autoloadDotenv: false, autoloadBunfig: false },
});
if (!built.success) throw new AggregateError(built.logs, "expected a binary");
