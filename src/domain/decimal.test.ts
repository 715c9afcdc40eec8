import { expect, test } from "bun:test";
import fc from "fast-check";
import { Decimal } from "./decimal.ts";

/** Decimals as a count of 10^-8, beside their text. */
const decimal = fc.bigInt({ min: -(10n ** 24n), max: 10n ** 24n });
const text = (count: bigint): string => {
  const digits = (count < 0n ? -count : count).toString().padStart(9, "0");
  return `${count < 0n ? "-" : ""}${digits.slice(0, -8)}.${digits.slice(-8)}`;
};
const count8 = (value: Decimal): bigint => BigInt(value.toFixed(8).replace(".", ""));

test("sums and products are those of the integers behind them", () => {
  fc.assert(
    fc.property(decimal, decimal, (a, b) => {
      const [left, right] = [Decimal.of(text(a)), Decimal.of(text(b))];
      expect(count8(left.plus(right))).toBe(a + b);
      expect(count8(left.minus(right))).toBe(a - b);
      expect(left.times(right).equals(Decimal.of(`${a * b}e-16`))).toBe(true);
      expect(left.compare(right)).toBe(a < b ? -1 : a > b ? 1 : 0);
    }),
  );
});

test("a text comes back as it went in, without trailing zeros", () => {
  fc.assert(
    fc.property(decimal, (a) => {
      const plain = text(a).replace(/\.?0+$/, "");
      expect(Decimal.of(text(a)).toString()).toBe(plain === "-0" || plain === "-" ? "0" : plain);
    }),
  );
  expect(Decimal.of("1e-8").toString()).toBe("0.00000001");
  expect(Decimal.of("12E+3").toString()).toBe("12000");
});

test("toStep down never exceeds, leaves less than a step, and is a multiple", () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 10n ** 20n }), fc.bigInt({ min: 1n, max: 10n ** 12n }), (a, s) => {
      const [value, step] = [Decimal.of(text(a)), Decimal.of(text(s))];
      const floored = value.toStep(step, "down");
      expect(floored.atMost(value)).toBe(true);
      expect(value.minus(floored).below(step)).toBe(true);
      expect(count8(floored) % s).toBe(0n);
    }),
  );
});

test("rounding is toward zero, away from it, or away from it at the half", () => {
  const rounded = (value: string, rounding: "down" | "up" | "half-up") =>
    Decimal.of(value).rounded(2, rounding).toString();
  expect(rounded("1.005", "half-up")).toBe("1.01");
  expect(rounded("-1.005", "half-up")).toBe("-1.01");
  expect(rounded("1.0049", "half-up")).toBe("1");
  expect(rounded("-1.009", "down")).toBe("-1");
  expect(rounded("1.001", "up")).toBe("1.01");
  expect(Decimal.of("2").dividedBy(Decimal.of("3"), 4, "half-up").toString()).toBe("0.6667");
  expect(Decimal.of("-1").dividedBy(Decimal.of("8"), 2, "half-up").toString()).toBe("-0.13");
  expect(Decimal.of("0.1").toFixed(3)).toBe("0.100");
});

test("what is no exact decimal is refused", () => {
  for (const bad of ["", "1,000", "0x10", "NaN", "1.", ".5", "1e9999", "--1"]) {
    expect(() => Decimal.of(bad)).toThrow(RangeError);
  }
  expect(() => Decimal.of(0.1)).toThrow(RangeError);
  expect(() => Decimal.ofFloat(Number.NaN)).toThrow(RangeError);
  expect(() => Decimal.ONE.dividedBy(Decimal.ZERO, 2, "down")).toThrow(RangeError);
  expect(() => Decimal.ONE.toStep(Decimal.ZERO, "down")).toThrow(RangeError);
});
