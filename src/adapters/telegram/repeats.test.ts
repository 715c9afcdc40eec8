import { expect, test } from "bun:test";
import type { Letter } from "./outbox.ts";
import { Repeats } from "./repeats.ts";

const letter = (detail: string): Letter => ({
  audience: "operator",
  notice: { kind: "service", what: "venue-lost", detail },
  level: "alert",
  atMs: 0,
  toldAtMs: 0,
  moreLikeThis: 0,
});
const seen = (letters: readonly Letter[]) =>
  letters.map(({ notice, moreLikeThis }) => `${"detail" in notice && notice.detail}+${moreLikeThis}`);

test("Repeats tells those held back with the next of the key when their window is over and nobody looked", () => {
  const repeats = new Repeats(1_000, 10);
  expect(seen(repeats.admit("k", letter("a"), 0))).toEqual(["a+0"]);
  expect(seen(repeats.admit("k", letter("b"), 500))).toEqual([]);
  expect(seen(repeats.admit("k", letter("c"), 1_000))).toEqual(["c+1"]);
  expect(seen(repeats.admit("k", letter("d"), 1_999))).toEqual([]);
  expect(repeats.nextAtMs).toBe(2_000);
  expect(seen(repeats.due(1_999))).toEqual([]);
  expect(seen(repeats.due(2_000))).toEqual(["d+0"]);
  expect(seen(repeats.due(3_000))).toEqual([]);
  expect(repeats.nextAtMs).toBe(Number.POSITIVE_INFINITY);
});

test("Repeats keeps only so many keys; what the oldest held back is let go, not lost", () => {
  const repeats = new Repeats(1_000, 2);
  repeats.admit("k1", letter("a"), 0);
  repeats.admit("k1", letter("b"), 1);
  repeats.admit("k1", letter("c"), 2);
  repeats.admit("k2", letter("d"), 3);
  expect(seen(repeats.admit("k3", letter("e"), 4))).toEqual(["c+1", "e+0"]);
  expect(seen(repeats.admit("k4", letter("f"), 5))).toEqual(["f+0"]);
  expect(seen(repeats.admit("k1", letter("g"), 6))).toEqual(["g+0"]);
});
