import { expect, test } from "bun:test";
import { ManualClock } from "../src/testing/manual-clock.ts";
import { SharedReads } from "./shared-reads.ts";

const answer =
  (value: string, size = 1) =>
  async () => ({ value, size });

test("who asks while it is read, and shortly after, shares one reading", async () => {
  const clock = new ManualClock(0);
  const reads = new SharedReads<string>({ clock, keptMs: 1_000, readingMax: 1, sizeMax: 10 });
  const gate = Promise.withResolvers<{ value: string; size: number }>();
  const first = reads.get("a", () => gate.promise)!;
  const second = reads.get("a", answer("never read"))!;
  gate.resolve({ value: "one", size: 1 });
  expect(await Promise.all([first, second])).toEqual(["one", "one"]);
  await clock.advance(999);
  expect(await reads.get("a", answer("two"))).toBe("one");
  await clock.advance(1);
  expect(await reads.get("a", answer("two"))).toBe("two");
});

test("one question too many is told so, and a place comes free with a fault too, which is not kept", async () => {
  const reads = new SharedReads<string>({
    clock: new ManualClock(0),
    keptMs: 1_000,
    readingMax: 1,
    sizeMax: 10,
  });
  const gate = Promise.withResolvers<{ value: string; size: number }>();
  const first = reads.get("a", () => gate.promise)!;
  expect(reads.get("b", answer("b"))).toBeUndefined();
  gate.reject(new Error("away"));
  await expect(first).rejects.toThrow("away");
  expect(await reads.get("b", answer("b"))).toBe("b");
  expect(await reads.get("a", answer("a"))).toBe("a");
});

test("what is kept is bounded: the oldest goes first, and what is too large is not kept at all", async () => {
  const reads = new SharedReads<string>({
    clock: new ManualClock(0),
    keptMs: 1_000,
    readingMax: 9,
    sizeMax: 10,
  });
  await reads.get("a", answer("a", 6));
  await reads.get("b", answer("b", 4));
  await reads.get("c", answer("c", 3));
  expect(await reads.get("b", answer("anew"))).toBe("b");
  expect(await reads.get("a", answer("anew", 11))).toBe("anew");
  expect(await reads.get("a", answer("again", 11))).toBe("again");
  expect(await reads.get("c", answer("anew"))).toBe("c");
});
