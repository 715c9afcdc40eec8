import { expect, test } from "bun:test";
import { parseAbout, TICK_INTERVAL_MS_DEFAULT } from "./about.ts";

test("what the server says of itself is taken only as far as it makes sense", () => {
  const stated = {
    ...{ version: "1.2.3", simulated: true, tickIntervalMs: 5_000, trading: true, charts: true },
    accounts: { mode: "live" as const, signUp: true },
  };
  expect(parseAbout(stated)).toEqual(stated);
  const senseless = { simulated: "yes", tickIntervalMs: -1, version: 3, trading: 1, accounts: { mode: "x" } };
  for (const value of [null, 7, [], {}, senseless]) {
    expect(parseAbout(value)).toEqual({
      version: undefined,
      simulated: false,
      tickIntervalMs: TICK_INTERVAL_MS_DEFAULT,
      trading: false,
      charts: false,
      accounts: undefined,
    });
  }
});
