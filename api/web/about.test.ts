import { expect, test } from "bun:test";
import { parseAbout, TICK_INTERVAL_MS_DEFAULT } from "./about.ts";

test("what the server says of itself is taken only as far as it makes sense", () => {
  expect(parseAbout({ version: "1.2.3", simulated: true, tickIntervalMs: 5_000 })).toEqual({
    version: "1.2.3",
    simulated: true,
    tickIntervalMs: 5_000,
  });
  for (const value of [null, 7, [], {}, { simulated: "yes", tickIntervalMs: -1, version: 3 }]) {
    expect(parseAbout(value)).toEqual({
      version: undefined,
      simulated: false,
      tickIntervalMs: TICK_INTERVAL_MS_DEFAULT,
    });
  }
});
