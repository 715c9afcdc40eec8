import { describe, expect, test } from "bun:test";
import { Decimal } from "../../domain/decimal.ts";
import { BITHUMB_KRW_GRID, incrementAt, UPBIT_KRW_GRID } from "../../simulator/ticks.ts";
import { krwPriceIncrement } from "./krw-ticks.ts";

describe("Price increments in KRW", () => {
  test.each([
    ["upbit", "2000000", "1000"],
    ["upbit", "1000000", "1000"],
    ["upbit", "999999", "500"],
    ["upbit", "5000", "5"],
    ["upbit", "4999", "1"],
    ["upbit", "100", "1"],
    ["upbit", "99.9", "0.1"],
    ["bithumb", "150000000", "1000"],
    ["bithumb", "4999", "1"],
    ["bithumb", "99.99", "0.01"],
    ["bithumb", "9.999", "0.001"],
    ["bithumb", "0.5", "0.0001"],
  ] as const)("%s at %s KRW: %s", (venue, price, increment) => {
    expect(krwPriceIncrement(venue, Decimal.of(price)).toString()).toBe(increment);
  });

  test.each([
    ["upbit", UPBIT_KRW_GRID],
    ["bithumb", BITHUMB_KRW_GRID],
  ] as const)(
    "%s: equal to the simulator's table, written apart, at and about every border",
    (venue, grid) => {
      for (const { from } of grid) {
        for (const price of [from, from * 1.5, from === 0 ? 1e-9 : from * 0.999]) {
          const text = price.toFixed(12);
          const increment = Number(krwPriceIncrement(venue, Decimal.of(text)).toString());
          expect(increment).toBeCloseTo(incrementAt(grid, Number(text)), 12);
        }
      }
    },
  );
});
