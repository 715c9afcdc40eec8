import { expect, test } from "bun:test";
import { readSource } from "./source.ts";

const importsOf = (text: string) =>
  readSource("a.ts", text).imports.map(({ specifier, line }) => [specifier, line]);

test("all forms of import are seen, with their lines", () => {
  const text = [
    'import a from "./a.ts";',
    'import type { B } from "./b.ts";',
    "import {",
    "  c,",
    "  type D,",
    "} from './c.ts';",
    'import "./side.ts";',
    'import * as e from "./e.ts";',
    'export { f } from "./f.ts";',
    'export * from "./g.ts";',
    'import text from "./h.sql" with { type: "text" };',
    'const i = await import("./i.ts");',
    'type J = import("./j.ts").J;',
  ].join("\n");
  expect(importsOf(text)).toEqual([
    ["./a.ts", 1],
    ["./b.ts", 2],
    ["./c.ts", 3],
    ["./side.ts", 7],
    ["./e.ts", 8],
    ["./f.ts", 9],
    ["./g.ts", 10],
    ["./h.sql", 11],
    ["./i.ts", 12],
    ["./j.ts", 13],
  ]);
});

test("imports in comments, strings and templates are none; those in a template's hole are", () => {
  expect(importsOf(`// import "./a.ts"\n/* import "./b.ts" */\nconst s = 'import "./c.ts"';`)).toEqual([]);
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a template is what the text under test holds
  expect(importsOf('const t = `import "./d.ts" ${await import("./e.ts")} import "./f.ts"`;')).toEqual([
    ["./e.ts", 1],
  ]);
  expect(importsOf('export const from = "x"; const y = important("./z.ts"); obj.import("./w.ts");')).toEqual(
    [],
  );
});

test("quotes in regular expressions open no string, and a division opens no regular expression", () => {
  const text = `const r = /["'\`/*]\\/[/"]/g; const q = a / b / c; x = y.replace(/'/, "'"); Date.now();`;
  const { code } = readSource("a.ts", text);
  expect(code).toContain("Date.now()");
  expect(code).toContain("a / b / c");
  expect(code).not.toContain("'/");
});

test("code keeps its length and lines whatever is blanked", () => {
  const text =
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a template is what the text under test holds
    'const a = "x\\"y"; // 김치 😀 "\n/* two\nlines */ const b = `t ${`in ${1 + { c: 2 }.c} ner`} 😀`;\nDate.now()';
  const { code, codeAndStrings } = readSource("a.ts", text);
  expect([code.length, codeAndStrings.length]).toEqual([text.length, text.length]);
  expect(code.split("\n").length).toBe(4);
  expect(code.split("\n")[2]).toContain("1 + { c: 2 }.c");
  expect(code).not.toContain("ner");
  expect(code.split("\n")[3]).toBe("Date.now()");
});
