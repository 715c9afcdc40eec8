import { expect, test } from "bun:test";
import { ManualClock } from "../src/testing/manual-clock.ts";
import { TokenBuckets } from "./token-buckets.ts";

test("a key may take its minute's worth at once, and then one whenever one has come back", async () => {
  const clock = new ManualClock(0);
  const buckets = new TokenBuckets(clock, 6);
  expect(Array.from({ length: 6 }, () => buckets.take("a"))).toEqual([0, 0, 0, 0, 0, 0]);
  expect(buckets.take("a")).toBe(10_000);
  expect(buckets.take("b")).toBe(0);
  await clock.advance(9_000);
  expect(buckets.take("a")).toBe(1_000);
  await clock.advance(1_000);
  expect(buckets.take("a")).toBe(0);
  expect(buckets.take("a")).toBe(10_000);
});

test("an hour of silence saves up no more than a minute's worth", async () => {
  const clock = new ManualClock(0);
  const buckets = new TokenBuckets(clock, 2);
  buckets.take("a");
  await clock.advance(3_600_000);
  expect([buckets.take("a"), buckets.take("a")]).toEqual([0, 0]);
  expect(buckets.take("a")).toBe(30_000);
});

test("the keys are bounded: the one longest untouched is forgotten", () => {
  const buckets = new TokenBuckets(new ManualClock(0), 1, 2);
  for (const key of ["a", "b", "a", "c"]) buckets.take(key);
  expect(buckets.size).toBe(2);
  expect(buckets.take("a")).toBe(60_000);
  expect(buckets.take("b")).toBe(0);
});

test("0 a minute is no limit, and keeps nothing", () => {
  const buckets = new TokenBuckets(new ManualClock(0), 0);
  expect(Array.from({ length: 100 }, () => buckets.take("a"))).toEqual(new Array(100).fill(0));
  expect(buckets.size).toBe(0);
});
