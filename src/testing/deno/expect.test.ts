// What expect() accepts and what it refuses. Under `bun test` these are Bun's own matchers, under `deno test` ours
// (expect.ts): the API's tests mean the same in both only while this file passes in both.

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";

type Check = () => unknown;

/** Each of `passing` must pass and each of `failing` must not. */
function agree(name: string, passing: readonly Check[], failing: readonly Check[]): void {
  test(name, async () => {
    for (const check of passing) await check();
    for (const [index, check] of failing.entries()) {
      let failed = false;
      try {
        await check();
      } catch {
        failed = true;
      }
      if (!failed) throw new Error(`${name}: expected number ${index} to fail: ${check}`);
    }
  });
}

const fault = new RangeError("a fault of this kind");
const faulty = () => {
  throw fault;
};
const rejected = () => Promise.reject(fault);

agree(
  "toBe is identity",
  [() => expect(Number.NaN).toBe(Number.NaN), () => expect(0).not.toBe(-0), () => expect({}).not.toBe({})],
  [
    () => expect({}).toBe({}),
    () => expect(0).toBe(-0),
    () => expect<unknown>(1).toBe(1n),
    () => expect(1).not.toBe(1),
  ],
);

agree(
  "toEqual compares what is defined, to any depth",
  [
    () => expect({ a: [1, { b: Number.NaN }] }).toEqual({ a: [1, { b: Number.NaN }] }),
    () => expect<unknown>({ a: 1, b: undefined }).toEqual({ a: 1 }),
    () => expect<unknown>({ a: 1 }).toEqual({ a: 1, b: undefined }),
    () => expect(new Date(5)).toEqual(new Date(5)),
    () => expect(Float64Array.of(1, 2)).toEqual(Float64Array.of(1, 2)),
    () => expect(new Set([1, 2])).toEqual(new Set([2, 1])),
    () => expect(new Map([["a", { b: 1 }]])).toEqual(new Map([["a", { b: 1 }]])),
    () => expect(new Error("a")).toEqual(new Error("a")),
    () => expect([]).not.toEqual({}),
    () => expect(0).not.toEqual(-0),
  ],
  [
    () => expect<unknown>({ a: 1, b: 2 }).toEqual({ a: 1 }),
    () => expect<unknown>({ a: 1 }).toEqual({ a: 1, b: 2 }),
    () => expect<unknown>({ a: 1 }).toEqual({ b: 1 }),
    () => expect<unknown>({ a: null }).toEqual({ a: undefined }),
    () => expect([1, 2]).toEqual([2, 1]),
    () => expect([1, 2]).toEqual([1, 2, 3]),
    () => expect([undefined, 1]).toEqual([1]),
    () => expect(new Date(5)).toEqual(new Date(6)),
    () => expect<unknown>(Float64Array.of(1)).toEqual(Float32Array.of(1)),
    () => expect(Uint8Array.of(1, 2)).toEqual(Uint8Array.of(1, 3)),
    () => expect(new Set([1, 2])).toEqual(new Set([1, 3])),
    () => expect(new Map([["a", { b: 1 }]])).toEqual(new Map([["a", { b: 2 }]])),
    () => expect(new Error("a")).toEqual(new Error("b")),
    () => expect<unknown>("1").toEqual(1),
    () => expect([0]).toEqual([-0]),
    () => expect({ a: 1 }).not.toEqual({ a: 1 }),
  ],
);

agree(
  "toMatchObject compares the part that is named",
  [
    () => expect({ a: 1, b: { c: 2, d: 3 } }).toMatchObject({ b: { d: 3 } }),
    () => expect({ a: [{ b: 1, c: 2 }] }).toMatchObject({ a: [{ b: 1 }] }),
    () => expect([{ a: 1, b: 2 }]).toMatchObject([{ a: 1 }]),
    () => expect({ a: undefined }).toMatchObject({ a: undefined }),
    () => expect({ a: 1 }).not.toMatchObject({ a: 2 }),
  ],
  [
    () => expect({ a: 1 }).toMatchObject({ b: 1 }),
    () => expect({ a: 1 }).toMatchObject({ a: 1, b: undefined }),
    () => expect({ a: [1, 2] }).toMatchObject({ a: [1] }),
    () => expect({ a: { b: 1 } }).toMatchObject({ a: { b: 2 } }),
    () => expect({ a: "1" }).toMatchObject({ a: 1 }),
    () => expect({ a: 1 }).not.toMatchObject({ a: 1 }),
  ],
);

agree(
  "parts of an expected value may be patterns",
  [
    () => expect({ a: "x", b: [1] }).toEqual({ a: expect.any(String), b: expect.any(Array) }),
    () => expect([1, 2n, true]).toEqual([expect.any(Number), expect.any(BigInt), expect.any(Boolean)]),
    () => expect(["a text"]).toEqual([expect.stringContaining("ex")]),
    () => expect([{ a: 1, b: 2 }]).toEqual([expect.objectContaining({ b: 2 })]),
    () => expect([{ a: 1 }, { b: 2 }]).toEqual(expect.arrayContaining([{ b: 2 }])),
  ],
  [
    () => expect({ a: 1 }).toEqual({ a: expect.any(String) }),
    () => expect(["a text"]).toEqual([expect.stringContaining("no")]),
    () => expect([1]).toEqual([expect.stringContaining("1")]),
    () => expect({ a: 1, b: 2 }).toEqual(expect.objectContaining({ b: 3 })),
    () => expect([{ a: 1 }]).toEqual(expect.arrayContaining([{ b: 2 }])),
  ],
);

agree(
  "texts, lists and keys",
  [
    () => expect("a text").toContain("te"),
    () => expect([1, 2]).toContain(2),
    () => expect(new Set([1])).toContain(1),
    () => expect([[1]]).not.toContain([1]),
    () => expect("abc").toHaveLength(3),
    () => expect("abc").toMatch(/^a.c$/),
    () => expect("abc").toMatch("b"),
    () => expect("abc").not.toMatch(/z/),
    () => expect("abc").toStartWith("ab"),
    () => expect("abc").toEndWith("bc"),
    () => expect({ a: { b: undefined } }).toHaveProperty("a.b"),
    () => expect({ a: 1 }).not.toHaveProperty("b"),
  ],
  [
    () => expect("a text").toContain("no"),
    () => expect([1, 2]).toContain(3),
    () => expect([1, 2]).not.toContain(2),
    () => expect([1]).toHaveLength(2),
    () => expect("abc").toMatch(/^b/),
    () => expect("abc").not.toMatch(/b/),
    () => expect("abc").toStartWith("b"),
    () => expect("abc").toEndWith("b"),
    () => expect({ a: {} }).toHaveProperty("a.b"),
    () => expect({ a: 1 }).not.toHaveProperty("a"),
  ],
);

agree(
  "single values and bounds",
  [
    () => expect(null).toBeDefined(),
    () => expect(undefined).toBeUndefined(),
    () => expect(null).toBeNull(),
    () => expect(Number.NaN).toBeNaN(),
    () => expect(Number.NaN).toBeNumber(),
    () => expect(2).toBeGreaterThan(1),
    () => expect(2).toBeGreaterThanOrEqual(2),
    () => expect(1).toBeLessThan(2),
    () => expect(2).toBeLessThanOrEqual(2),
    () => expect(1).toBeWithin(1, 2),
  ],
  [
    () => expect(undefined).toBeDefined(),
    () => expect(null).toBeUndefined(),
    () => expect(undefined).toBeNull(),
    () => expect(1).toBeNaN(),
    () => expect("1").toBeNumber(),
    () => expect(1).toBeGreaterThan(1),
    () => expect(1).toBeGreaterThanOrEqual(2),
    () => expect(1).toBeLessThan(1),
    () => expect(2).toBeLessThanOrEqual(1),
    () => expect(2).toBeWithin(1, 2),
    () => expect(Number.NaN).toBeGreaterThan(0),
    () => expect(Number.NaN).toBeLessThanOrEqual(0),
  ],
);

agree(
  "what is thrown, and what promises come to",
  [
    () => expect(faulty).toThrow(),
    () => expect(faulty).toThrow("of this kind"),
    () => expect(faulty).toThrow(/^a fault/),
    () => expect(faulty).toThrow(RangeError),
    () => expect(() => 1).not.toThrow(),
    () => expect(rejected()).rejects.toThrow("fault"),
    () => expect(rejected()).rejects.toThrow(RangeError),
    () => expect(rejected()).rejects.toBe(fault),
    () => expect(Promise.resolve(1)).resolves.toBe(1),
  ],
  [
    () => expect(() => 1).toThrow(),
    () => expect(faulty).toThrow("another"),
    () => expect(faulty).toThrow(/^another/),
    () => expect(faulty).toThrow(TypeError),
    () => expect(faulty).not.toThrow(),
    () => expect(rejected()).rejects.toThrow("another"),
    () => expect(rejected()).rejects.toThrow(TypeError),
    () => expect(Promise.resolve(1)).rejects.toThrow(),
    () => expect(Promise.resolve(1)).resolves.toBe(2),
    () => expect<unknown>(rejected()).resolves.toBe(1),
  ],
);

describe("hooks", () => {
  const seen: string[] = [];
  beforeAll(() => void seen.push("all"));
  beforeEach(() => void seen.push("each"));
  afterEach(() => void seen.push("after each"));
  afterAll(() => expect(seen).toEqual(["all", "each", "one", "after each", "each", "two", "after each"]));

  test("stand around each test", () => void seen.push("one"));
  test("and around all of them", async () => {
    await Promise.resolve();
    seen.push("two");
    expect(seen).toEqual(["all", "each", "one", "after each", "each", "two"]);
  });
});
