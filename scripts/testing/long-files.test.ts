import { expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeTempDir, removeTempDir } from "../../src/testing/services/temp-dir.ts";
import { longFiles } from "./long-files.ts";

test("a test file is long by its name, by its own words or by what it imports", () => {
  const root = makeTempDir("long-files");
  try {
    mkdirSync(join(root, "deep"));
    const files = {
      "named.full.test.ts": "",
      "own.test.ts": "const RUNS = process.env.FULL ? 2 : 1; console.log(RUNS);",
      "far.test.ts": 'import { suite } from "./deep/suite.ts"; suite();',
      "short.test.ts": 'import { suite } from "./deep/other.ts"; import "bun:test"; suite();',
      "deep/suite.ts": 'import { more } from "./more.ts"; export const suite = () => more;',
      "deep/more.ts":
        'import { suite } from "./suite.ts"; export const more = [process.env.FULL, () => suite()];',
      "deep/other.ts": "export const suite = () => 0;",
    };
    for (const [file, text] of Object.entries(files)) writeFileSync(join(root, file), text);
    const tests = Object.keys(files).filter((file) => file.endsWith(".test.ts"));
    expect(longFiles(root, tests)).toEqual(["named.full.test.ts", "own.test.ts", "far.test.ts"]);
  } finally {
    removeTempDir(root);
  }
});
