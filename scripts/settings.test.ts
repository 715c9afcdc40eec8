import { expect, test } from "bun:test";
import { join } from "node:path";
import { PROGRAMS } from "../src/testing/services/programs.ts";
import { VERSION } from "../src/version.ts";
import { envExample, settingsPage } from "./settings.ts";

const read = (path: string) => Bun.file(join(import.meta.dir, "..", path)).text();

test(".env.example and docs/settings.md are what src/config.ts says: bun scripts/settings.ts writes them", async () => {
  expect(await read(".env.example")).toBe(envExample());
  expect(await read("docs/settings.md")).toBe(settingsPage());
});

test("both READMEs name every program that setup brings", async () => {
  for (const [page, font] of [
    ["README.md", "a Korean font"],
    ["README.ko.md", "한글 글꼴"],
  ] as const) {
    const text = (await read(page)).replaceAll("\n", " ");
    const names = PROGRAMS.map(({ title }) => (title === "a Korean font" ? font : title.split(" ")[0]!));
    expect(names.filter((name) => !text.includes(name))).toEqual([]);
  }
});

test("VERSION is package.json's", async () => {
  expect((JSON.parse(await read("package.json")) as { version: string }).version).toBe(VERSION);
});
