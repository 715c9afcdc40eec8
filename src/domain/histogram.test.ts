import { expect, test } from "bun:test";
import { Histogram } from "./histogram.ts";

test("0.5 s counts below its own bound and every higher one, 9 s only in the total", () => {
  const histogram = new Histogram([0.25, 0.5, 1]);
  expect(histogram.read()).toEqual({ bounds: [0.25, 0.5, 1], counts: [0, 0, 0], sum: 0, count: 0 });
  for (const seconds of [0, 0.5, 0.75, 9]) histogram.observe(seconds);
  expect(histogram.read()).toEqual({ bounds: [0.25, 0.5, 1], counts: [1, 2, 3], sum: 10.25, count: 4 });
});
