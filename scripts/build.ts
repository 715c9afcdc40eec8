// The three single-file binaries an operator copies: dist/schedulerx-{worker,scheduler,api}.

import { mkdirSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import type { BunPlugin } from "bun";

const HELP = `bun run build [--target bun-linux-x64] [--out dist] [NAME ...]

Builds schedulerx-worker, schedulerx-scheduler and schedulerx-api, or those named. --target builds for another
machine, e.g. bun-linux-arm64 or bun-linux-x64-musl.
`;

const ROOT = resolve(import.meta.dir, "..");
const BINARIES: Readonly<Record<string, readonly string[]>> = {
  "schedulerx-worker": ["worker/main.ts"],
  // The thread that packs and publishes to Redis is an entry point of its own.
  "schedulerx-scheduler": ["src/scheduler/main.ts", "src/adapters/redis/publisher-thread.ts"],
  "schedulerx-api": ["api/main.ts"],
};

/** ccxt names protobufjs for venues we do not use, and does not bring it. */
const withoutProtobuf: BunPlugin = {
  name: "without-protobuf",
  setup(build) {
    build.onResolve({ filter: /^protobufjs(\/|$)/ }, () => ({ path: "protobufjs", namespace: "absent" }));
    build.onLoad({ filter: /.*/, namespace: "absent" }, () => ({
      contents: "export default {};",
      loader: "js",
    }));
  },
};

/** Builds one binary; throws an AggregateError with the build's messages. */
export async function buildBinary(name: string, outFolder: string, target?: string): Promise<string> {
  const entrypoints = BINARIES[name];
  if (!entrypoints) throw new Error(`expected one of ${Object.keys(BINARIES).join(", ")}, was ${name}`);
  mkdirSync(outFolder, { recursive: true });
  const outfile = join(outFolder, name);
  await Bun.build({
    root: ROOT,
    entrypoints: entrypoints.map((entrypoint) => join(ROOT, entrypoint)),
    target: "bun",
    format: "esm",
    bytecode: true,
    sourcemap: "inline",
    // Names stay: log lines and faults carry them.
    minify: { whitespace: true, syntax: true, identifiers: false },
    plugins: [withoutProtobuf],
    compile: {
      outfile,
      autoloadDotenv: false,
      autoloadBunfig: false,
      ...(target ? { target: target as Bun.Build.CompileTarget } : {}),
    },
  });
  return outfile;
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    args: process.argv.slice(2),
    allowPositionals: true,
    options: {
      help: { type: "boolean", short: "h" },
      target: { type: "string" },
      out: { type: "string", default: "dist" },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const names = positionals.length > 0 ? positionals : Object.keys(BINARIES);
  for (const [index, name] of names.entries()) {
    const startedAtMs = performance.now();
    process.stdout.write(`[${index + 1}/${names.length}] ${name} `);
    const path = await buildBinary(name, resolve(values.out), values.target);
    const megabytes = statSync(path).size / 1024 / 1024;
    process.stdout.write(
      `${megabytes.toFixed(0)} MB in ${((performance.now() - startedAtMs) / 1000).toFixed(1)} s\n`,
    );
  }
  return 0;
}

if (import.meta.main) process.exitCode = await main();
