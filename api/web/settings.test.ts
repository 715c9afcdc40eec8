import { expect, test } from "bun:test";
import { preferredLanguage } from "../../src/web/look.ts";
import { ALL_PAIRS } from "./model.ts";
import { parseSettings, settingsText } from "./settings.ts";

test("Korean is chosen only where it is asked for first", () => {
  expect(preferredLanguage(["ko-KR", "en-US"])).toBe("ko");
  expect(preferredLanguage(["en-US", "ko"])).toBe("en");
  expect(preferredLanguage(["ja", "ko"])).toBe("ko");
  expect(preferredLanguage(["kok"])).toBe("en");
  expect(preferredLanguage([])).toBe("en");
});

test("settings survive storage", () => {
  const settings = {
    ...parseSettings(null),
    language: "en" as const,
    theme: "dark" as const,
    upColor: "green" as const,
    sizeIndex: 99,
    pairs: new Set([1, 3]),
    sort: { key: "exit" as const, descending: true },
  };
  expect(parseSettings(settingsText(settings))).toEqual(settings);
});

test("a damaged setting falls back alone", () => {
  const settings = parseSettings(
    '{"language":"fr","theme":"dark","upColor":"blue","sizeIndex":1e9,"pairs":["x","upbit-bybit"],"sort":{"key":"constructor"}}',
  );
  expect(settings).toEqual({
    language: undefined,
    theme: "dark",
    upColor: "red",
    sizeIndex: 9,
    pairs: new Set([0]),
    sort: { key: "entry", descending: false },
  });
  for (const text of ["", "null", "[]", "{", '"x"', '{"pairs":[]}', '{"sort":null}']) {
    expect(parseSettings(text)).toMatchObject({ sizeIndex: 9, pairs: ALL_PAIRS });
  }
});
