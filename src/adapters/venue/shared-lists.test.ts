import { expect, test } from "bun:test";
import { ManualClock } from "../../testing/manual-clock.ts";
import { SharedLists } from "./shared-lists.ts";

test("who began before a list was asked for shares its answer; who began after asks anew", async () => {
  const clock = new ManualClock(0);
  const lists = new SharedLists<number>(clock);
  let asked = 0;
  const ask = async () => ++asked;
  const beganMs = clock.monotonicMs();
  expect(await Promise.all([1, 2, 3].map(() => lists.read("open", "BTC", beganMs, ask)))).toEqual([1, 1, 1]);
  await clock.advance(5);
  expect(await lists.read("open", "BTC", beganMs, ask)).toBe(1);
  expect(await lists.read("open", "BTC", clock.monotonicMs(), ask)).toBe(2);
});

test("another symbol, and another kind, are asked for by themselves; a failure is shared", async () => {
  const clock = new ManualClock(0);
  const lists = new SharedLists<string>(clock);
  const nowMs = clock.monotonicMs();
  const read = (kind: string, name: string) => lists.read(kind, name, nowMs, async () => `${kind} ${name}`);
  expect(await Promise.all([read("open", "BTC"), read("done", "BTC"), read("open", "ETH")])).toEqual([
    "open BTC",
    "done BTC",
    "open ETH",
  ]);
  const failing = () => lists.read("open", "XRP", nowMs, async () => Promise.reject(new Error("away")));
  const ends = await Promise.allSettled([failing(), failing()]);
  expect(ends.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
});
