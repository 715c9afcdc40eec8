import { expect, test } from "bun:test";
import fc from "fast-check";
import { ceilTo, exact, fixed, floorTo, ONE, over, parseExact, roundTo, textOf, times } from "./exact.ts";

const decimals = fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n });

test("a decimal survives being printed and read", () => {
  fc.assert(
    fc.property(decimals, (value) => {
      expect(exact(textOf(value))).toBe(value);
    }),
  );
  expect([textOf(exact("0")), textOf(exact("1e-8")), textOf(exact("-1.50"))]).toEqual([
    "0",
    "0.00000001",
    "-1.5",
  ]);
});

test("what is no decimal, or finer than 10^-18, is none", () => {
  for (const text of ["", " ", ".", "1,000", "1.2.3", "abc", "--1", "Infinity", "1e-19", undefined]) {
    expect(parseExact(text)).toBeUndefined();
  }
  expect(() => exact("x")).toThrow(RangeError);
});

test("rounding goes to a multiple of the step: down, up, or to the nearest with a half going away from zero", () => {
  const [value, step] = [exact("1.25"), exact("0.5")];
  expect([floorTo(value, step), ceilTo(value, step), roundTo(value, step)].map(textOf)).toEqual([
    "1",
    "1.5",
    "1.5",
  ]);
  expect(textOf(roundTo(-value, step))).toBe("-1.5");
  expect([
    fixed(exact("2.345"), 2),
    fixed(exact("-2.345"), 2),
    fixed(exact("0.004"), 2),
    fixed(3n * ONE, 0),
  ]).toEqual(["2.35", "-2.35", "0.00", "3"]);
  fc.assert(
    fc.property(decimals, fc.bigInt({ min: 1n, max: 10n ** 20n }), (any, unit) => {
      const rounded = roundTo(any, unit);
      const off = rounded > any ? rounded - any : any - rounded;
      expect(rounded % unit).toBe(0n);
      expect(2n * off <= unit).toBe(true);
    }),
  );
});

test("products of eight-decimal numbers are exact, quotients are cut", () => {
  expect(textOf(times(exact("0.00000001"), exact("0.00000003")))).toBe("0.0000000000000003");
  expect(textOf(over(exact("1"), exact("3")))).toBe("0.333333333333333333");
  expect(textOf(over(exact("-1"), exact("3")))).toBe("-0.333333333333333333");
});
