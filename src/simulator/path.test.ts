import { expect, test } from "bun:test";
import fc from "fast-check";
import { runsOf } from "../testing/runs.ts";
import { Path, Wander } from "./path.ts";
import { hash, NORMAL_QUANTILES, toNormal, toUnit } from "./random.ts";

const RUNS = runsOf(100, 5_000);

function varianceOf(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
}

test("a path says the same whatever was asked before", () => {
  const instant = fc.double({ min: -1e6, max: 1e9, noNaN: true });
  fc.assert(
    fc.property(fc.integer(), fc.array(instant, { minLength: 1, maxLength: 30 }), (seed, instants) => {
      const used = new Path(seed, 7, 9);
      for (const at of instants) expect(used.at(at)).toBe(new Path(seed, 7, 9).at(at));
    }),
    { numRuns: RUNS },
  );
});

test("a path has variance one per unit and half a block over all", () => {
  const path = new Path(11, 6, 6);
  const values = Array.from({ length: runsOf(50_000, 200_000) }, (_, index) => path.at(index));
  const steps = values.slice(1).map((value, index) => value - values[index]!);
  expect(varianceOf(steps)).toBeCloseTo(1, 1);
  expect(Math.abs(varianceOf(values) / 32 - 1)).toBeLessThan(0.05);
});

test("a path does not jump where blocks meet", () => {
  const path = new Path(5, 4, 8);
  for (let block = 1; block < 200; block++) {
    expect(Math.abs(path.at(block * 16) - path.at(block * 16 - 1e-9))).toBeLessThan(1e-6);
  }
});

test("a wander has standard deviation one", () => {
  const wander = new Wander(3, 60_000, 1_000);
  const values = Array.from({ length: runsOf(10_000, 50_000) }, (_, index) =>
    wander.at(1.7e12 + index * 17_000),
  );
  expect(Math.sqrt(varianceOf(values))).toBeCloseTo(1, 1);
});

test("hashed draws are uniform and normal, and neighbouring keys do not go together", () => {
  const count = runsOf(20_000, 100_000);
  const normals = Array.from({ length: count }, (_, key) => toNormal(hash(99, key)));
  const units = Array.from({ length: count }, (_, key) => toUnit(hash(99, key)));
  expect(varianceOf(normals)).toBeCloseTo(1, 1);
  expect(varianceOf(units)).toBeCloseTo(1 / 12, 2);
  const products = normals.slice(1).reduce((sum, value, index) => sum + value * normals[index]!, 0) / count;
  expect(Math.abs(products)).toBeLessThan(0.02);
  expect(NORMAL_QUANTILES.every((value, index) => index === 0 || value > NORMAL_QUANTILES[index - 1]!)).toBe(
    true,
  );
  expect(NORMAL_QUANTILES.at(-1)!).toBeCloseTo(3.84, 1);
});
