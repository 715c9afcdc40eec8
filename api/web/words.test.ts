import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { REASONS } from "../../schema/vocabulary.ts";
import { plainWord } from "../../src/web/look.ts";
import { WORDS } from "./words.ts";

const html = readFileSync(new URL("./index.html", import.meta.url), "utf8");

test("every word index.html asks for exists in both languages", () => {
  const names = [...html.matchAll(/data-word(?:-\w+)?="(\w+)"/g)].map((match) => match[1]!);
  expect(names.length).toBeGreaterThan(20);
  for (const name of names) {
    expect(plainWord(WORDS.ko, name)).not.toBe("");
    expect(plainWord(WORDS.en, name)).not.toBe("");
  }
});

test("a name that is no plain word is refused", () => {
  expect(() => plainWord(WORDS.ko, "nonsense")).toThrow("nonsense");
  expect(() => plainWord(WORDS.ko, "ago")).toThrow("ago");
});

test("every reason has a tag and a sentence of its own", () => {
  for (const words of [WORDS.ko, WORDS.en]) {
    expect(new Set(REASONS.map((reason) => words.reasons[reason])).size).toBe(REASONS.length);
    for (const reason of REASONS) expect(words.reasonTags[reason]).not.toBe("");
  }
});
