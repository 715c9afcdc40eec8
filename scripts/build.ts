// The three single-file binaries an operator copies: dist/schedulerx-{worker,scheduler,api}; and the client as a module.

import { mkdirSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import type { BunPlugin } from "bun";
import { clientModule } from "../api/client-module.ts";

const HELP = `bun run build [--target bun-linux-x64] [--out dist] [NAME ...]

Builds schedulerx-worker, schedulerx-scheduler, schedulerx-api and schedulerx-client.js, a module by which pages and
programs read the rates; or those named. --target builds the binaries for another machine, e.g. bun-linux-arm64 or
bun-linux-x64-musl.
`;

const ROOT = resolve(import.meta.dir, "..");
const CLIENT = "schedulerx-client.js";
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

/** The api serves the client (/api/client.js), and has no sources to bundle it from. */
const withClient = (text: string): BunPlugin => ({
  name: "with-client",
  setup(build) {
    build.onLoad({ filter: /\/api\/client-module\.ts$/ }, () => ({
      contents: `export const clientModule = async () => ${JSON.stringify(text)};`,
      loader: "js",
    }));
  },
});

/** Builds one binary; throws an AggregateError with the build's messages. */
export async function buildBinary(name: string, outFolder: string, target?: string): Promise<string> {
  const entrypoints = BINARIES[name];
  if (!entrypoints)
    throw new Error(`expected one of ${[...Object.keys(BINARIES), CLIENT].join(", ")}, was ${name}`);
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
    plugins: [withoutProtobuf, withClient(await clientModule())],
    compile: {
      outfile,
      autoloadDotenv: false,
      autoloadBunfig: false,
      ...(target ? { target: target as Bun.Build.CompileTarget } : {}),
    },
  });
  return outfile;
}

/** Writes the client as a module that needs nothing. Rejects with the build's messages. */
async function buildClient(outFolder: string): Promise<string> {
  const outfile = join(outFolder, CLIENT);
  await Bun.write(outfile, await clientModule());
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
  const names = positionals.length > 0 ? positionals : [...Object.keys(BINARIES), CLIENT];
  for (const [index, name] of names.entries()) {
    const startedAtMs = performance.now();
    process.stdout.write(`[${index + 1}/${names.length}] ${name} `);
    const out = resolve(values.out);
    const path = name === CLIENT ? await buildClient(out) : await buildBinary(name, out, values.target);
    const kilobytes = statSync(path).size / 1024;
    const size = kilobytes < 1024 ? `${kilobytes.toFixed(0)} kB` : `${(kilobytes / 1024).toFixed(0)} MB`;
    process.stdout.write(`${size} in ${((performance.now() - startedAtMs) / 1000).toFixed(1)} s\n`);
  }
  return 0;
}

if (import.meta.main) process.exitCode = await main();
