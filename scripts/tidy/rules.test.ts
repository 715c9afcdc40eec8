import { expect, test } from "bun:test";
import {
  checkClock,
  checkDeadFiles,
  checkEnvironment,
  checkImports,
  checkLeftovers,
  checkLockfile,
  longFiles,
} from "./rules.ts";
import { readSource, type Source } from "./source.ts";

const tree = (files: Record<string, string>): Source[] =>
  Object.entries(files).map(([path, text]) => readSource(path, text));

test("a forbidden import, a missing file and a fine import are told apart, with the line", () => {
  const sources = tree({
    "src/domain/a.ts":
      'import type { B } from "../../schema/vocabulary.ts";\n\nimport { c } from "../adapters/c.ts";',
    "src/domain/d.ts": 'import { e } from "./gone.ts"; import * as v from "valibot";',
  });
  const paths = new Set(["schema/vocabulary.ts", "src/adapters/c.ts", "src/domain/a.ts", "src/domain/d.ts"]);
  expect(checkImports(sources, paths)).toEqual([
    { path: "src/domain/a.ts", line: 3, why: "domain may not import adapters (src/adapters/c.ts)" },
    { path: "src/domain/d.ts", line: 1, why: "imports src/domain/gone.ts, which is not there" },
  ]);
});

test("a file is alive through an import, a worker's or a page's path, or a script of package.json", () => {
  const sources = tree({
    "api/main.ts":
      'import page from "./web/index.html"; new Worker(new URL("./pack.ts", import.meta.url).href);',
    "api/pack.ts": 'export * from "./deep.ts";',
    "api/deep.ts": "",
    "api/web/page.ts": "",
    "tools/once.ts": "",
    "src/domain/used.test.ts": 'import "./used.ts";',
    "src/domain/used.ts": "",
    "src/domain/dead.ts": 'import "./dead-too.ts";',
    "src/domain/dead-too.ts": 'import "./dead.ts";',
  });
  const others = new Map([
    ["api/web/index.html", '<script type="module" src="./page.ts"></script>'],
    ["package.json", '{"scripts":{"once":"bun tools/once.ts"}}'],
  ]);
  expect(checkDeadFiles(sources, others).map(({ path }) => path)).toEqual([
    "src/domain/dead.ts",
    "src/domain/dead-too.ts",
  ]);
});

test("markers are found in comments, tests put aside in code only", () => {
  const [marker, aside] = ["TO" + "DO", "test.on" + "ly"];
  const sources = tree({
    "src/a.ts": `// ${marker}: later\nconst s = "${aside}(";`,
    "src/b.test.ts": `${aside}("x", () => {});\ntest.skipIf(true)("y", () => {});`,
  });
  expect(checkLeftovers(sources).map(({ path, line }) => `${path}:${line}`)).toEqual([
    "src/a.ts:1",
    "src/b.test.ts:1",
  ]);
});

test("clocks, chance and the environment are found where they do not belong", () => {
  const text =
    "Date.now(); Math.random();\nnew Date(); new Date(atMs); // Date.now()\nprocess.env.X; performance.now();";
  const everywhere = [
    "src/domain/a.ts",
    "src/adapters/clock.ts",
    "src/simulator/b.ts",
    "scripts/c.ts",
    "src/config.ts",
  ];
  const sources = tree(
    Object.fromEntries(
      [...everywhere, "src/domain/a.test.ts", "src/testing/d.ts"].map((path) => [path, text]),
    ),
  );
  const found = (findings: { path: string; line: number }[]) =>
    findings.map(({ path, line }) => `${path}:${line}`);
  expect(found(checkClock(sources))).toEqual(
    ["src/domain/a.ts", "src/config.ts"].flatMap((path) => [
      `${path}:1`,
      `${path}:1`,
      `${path}:2`,
      `${path}:3`,
    ]),
  );
  expect(found(checkEnvironment(sources))).toEqual(["src/domain/a.ts:3", "src/adapters/clock.ts:3"]);
});

test("an address in the lockfile is found, the empty one of the default registry is none", () => {
  const text = [
    '    "hono": ["hono@4.13.19", "", {}, "sha512-abc/def=="],',
    '    "bad": ["bad@1.0.0", "https://registry.example/bad/-/bad-1.0.0.tgz", {}, "sha512-x"],',
    '    "worse": ["worse@1.0.0", "registry.example/worse.tgz", {}, "sha512-x"],',
  ].join("\n");
  expect(checkLockfile("bun.lock", text).map(({ line }) => line)).toEqual([2, 3]);
});

test("long files are listed longest first", () => {
  const sources = tree({ "a.ts": "\n".repeat(301), "b.ts": "\n".repeat(300), "c.ts": "\n".repeat(400) });
  expect(longFiles(sources, 300)).toEqual([
    { path: "c.ts", lineCount: 400 },
    { path: "a.ts", lineCount: 301 },
  ]);
});
