import { expect, test } from "bun:test";
import { join } from "node:path";
import { VERSION } from "../src/version.ts";
import { envExample, settingsPage } from "./settings.ts";

const read = (path: string) => Bun.file(join(import.meta.dir, "..", path)).text();

test(".env.example and docs/settings.md are what src/config.ts says: bun scripts/settings.ts writes them", async () => {
  expect(await read(".env.example")).toBe(envExample());
  expect(await read("docs/settings.md")).toBe(settingsPage());
});

test("VERSION is package.json's", async () => {
  expect((JSON.parse(await read("package.json")) as { version: string }).version).toBe(VERSION);
});
