// Questions of one turn in one statement, and none answered with what was read before it was asked.

import { expect, test } from "bun:test";
import { askedTogether } from "./asked-together.ts";

const turn = () => new Promise((resolve) => setImmediate(resolve));

test("what is asked within a turn goes out once, later askers ask anew", async () => {
  const asked: string[][] = [];
  const reading = Promise.withResolvers<void>();
  const ask = askedTogether(async (keys) => {
    asked.push([...keys]);
    await reading.promise;
    return new Map(keys.filter((key) => key !== "none").map((key) => [key, `${key} of ${asked.length}`]));
  });
  const first = [ask("a"), ask("b"), ask("a"), ask("none")];
  await turn();
  // The first have not been answered: what they are told was read before this was asked for.
  const later = ask("a");
  await turn();
  expect(asked).toEqual([["a", "b", "none"], ["a"]]);
  reading.resolve();
  expect(await Promise.all(first)).toEqual(["a of 2", "b of 2", "a of 2", undefined]);
  expect(await later).toBe("a of 2");
});

test("a hundred go out at a time, and whoever's reading fails hears of it, once", async () => {
  const sizes: number[] = [];
  const ask = askedTogether<string>(async (keys) => {
    sizes.push(keys.length);
    if (keys.includes("7")) throw new Error("away");
    return new Map(keys.map((key) => [key, key]));
  });
  const told = await Promise.allSettled(Array.from({ length: 250 }, (_, index) => ask(String(index))));
  expect(sizes).toEqual([100, 100, 50]);
  expect(told.map(({ status }) => status)).toEqual([
    ...new Array(100).fill("rejected"),
    ...new Array(150).fill("fulfilled"),
  ]);
  expect(await ask("8")).toBe("8");
});
