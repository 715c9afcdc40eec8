// Loaded by `bun test` before the tests (bunfig.toml): when they are over, no server they started stays behind, and with
// FUZZ_SEED set every random test draws from that seed.

import { afterAll } from "bun:test";
import { plugin } from "bun";
import { stopAllChildren } from "./services/child-process.ts";

afterAll(stopAllChildren);

const { FUZZ_SEED } = process.env;
if (FUZZ_SEED) {
  if (!/^\d{1,9}$/.test(FUZZ_SEED))
    throw new Error(`expected FUZZ_SEED to be a whole number, was ${FUZZ_SEED}`);
  plugin({
    name: "one seed for fast-check",
    setup: (build) => {
      // Told to it as it is loaded: importing it here would cost every test file what few of them need.
      build.onLoad({ filter: /\/fast-check\/lib\/fast-check\.js$/ }, async ({ path }) => ({
        contents: `${await Bun.file(path).text()}\nconfigureGlobal({ seed: ${Number(FUZZ_SEED)} });\n`,
        loader: "js",
      }));
    },
  });
}
