import { expect, test } from "bun:test";
import { Decimal } from "./decimal.ts";
import { breakEvenPctOf, decisionNote } from "./decision-note.ts";

test("a note ends with the break-even in percent, and gives it back", () => {
  for (const [ratio, percent] of [
    ["0.0031", "0.31"],
    ["0.00123456", "0.1235"],
    ["-0.0004", "-0.04"],
    ["0", "0"],
  ] as const) {
    for (const context of ["", "rate=1396 target=1390"]) {
      const note = decisionNote(context, Decimal.of(ratio));
      expect(note).toBe(`${context} breakEvenPct=${percent}`.trim());
      expect(breakEvenPctOf(note)).toBe(percent);
    }
  }
});

test("a note without one has none, whatever its words are", () => {
  expect(decisionNote("spread=0.01", undefined)).toBe("spread=0.01");
  for (const note of ["", "spread=0.01", "breakEven=0.004", "breakEvenPct=", "breakEvenPct=1 more"])
    expect(breakEvenPctOf(note)).toBeNull();
});
