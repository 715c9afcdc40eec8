import { expect, test } from "bun:test";
import { Polls } from "./polls.ts";
import { searchEngine } from "./search.ts";

test("the first look-up of each life and those from shortly before the end on are no others' like", () => {
  const polls = new Polls();
  polls.begin(0);
  const alike = (atMs: number, placedAtMs?: number) => polls.isAlike("bithumb", "id", atMs, placedAtMs);
  expect([alike(14_000), alike(16_000), polls.wasAlike("id")]).toEqual([false, true, true]);
  polls.die();
  expect([alike(18_000), alike(20_000)]).toEqual([false, true]);
  // Allowed until 8 s and accepted until 28 s.
  expect([alike(23_400), alike(23_600), polls.wasAlike("id")]).toEqual([true, false, false]);
  expect([alike(15_400, 0), alike(15_600, 0)]).toEqual([true, false]);
});

test("Upbit accepts for ever: nothing there is like anything", () => {
  const polls = new Polls();
  polls.begin(0);
  expect([1, 2, 3].map((atMs) => polls.isAlike("upbit", "id", atMs, 0))).toEqual([false, false, false]);
});

test("a merged search meets every end of a whole one, with fewer runs", async () => {
  for (const pair of ["upbit-bybit", "bithumb-binance"] as const) {
    const options = { pair, story: "entry", faultsMax: 1 } as const;
    const [whole, merged] = [await searchEngine(options), await searchEngine({ ...options, merges: true })];
    expect([...merged.ends.keys()].sort()).toEqual([...whole.ends.keys()].sort());
    expect(merged.runs).toBeLessThan(whole.runs);
    expect(merged.runs).toBeGreaterThan(whole.runs / 4);
  }
});
