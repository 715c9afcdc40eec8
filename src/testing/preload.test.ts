import { expect, test } from "bun:test";
import { join } from "node:path";
import { makeTempDir, removeTempDir } from "./services/temp-dir.ts";

const PRELOAD = join(import.meta.dir, "preload.ts");
const FAST_CHECK = Bun.resolveSync("fast-check", import.meta.dir);

/** What a test file draws in a process of its own, and all it says. */
async function drawn(fuzzSeed: string | undefined): Promise<{ said: string; drawn: string[] }> {
  const dir = makeTempDir("fuzz-seed");
  try {
    await Bun.write(
      join(dir, "draws.test.ts"),
      `import { test } from "bun:test";
       import fc from ${JSON.stringify(FAST_CHECK)};
       test("draws", () => {
         console.log("drawn", fc.sample(fc.integer(), 5).join());
         fc.assert(fc.property(fc.integer(), (number) => { console.log("drawn", number); return false; }));
       });`,
    );
    const child = Bun.spawn([process.execPath, "test", "--preload", PRELOAD, "./draws.test.ts"], {
      ...{ cwd: dir, env: { ...process.env, FUZZ_SEED: fuzzSeed }, stdout: "pipe", stderr: "pipe" },
    });
    const said = (await new Response(child.stdout).text()) + (await new Response(child.stderr).text());
    return { said, drawn: said.split("\n").filter((line) => line.startsWith("drawn")) };
  } finally {
    removeTempDir(dir);
  }
}

test("with FUZZ_SEED each run draws the same, and without it another; a failure names the seed", async () => {
  const [once, again, free, wrong] = await Promise.all([
    drawn("77"),
    drawn("77"),
    drawn(undefined),
    drawn("x"),
  ]);
  expect(once.drawn.length).toBeGreaterThan(1);
  expect(again.drawn).toEqual(once.drawn);
  expect(once.said).toContain("seed: 77,");
  expect(free.drawn).not.toEqual(once.drawn);
  expect(free.said).toMatch(/seed: -?\d+,/);
  expect(wrong.said).toContain("expected FUZZ_SEED to be a whole number, was x");
});
