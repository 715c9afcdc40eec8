import { expect, test } from "bun:test";
import { RecordingLog } from "../../../testing/recording-log.ts";
import { systemClock } from "../../clock.ts";
import { GrantingGovernor, TEST_KEY } from "../order-testing.ts";
import { TradingVenues } from "../trading.ts";

const venueWith = (bithumbAcceptMs?: number) => {
  const nowhere = "http://127.0.0.1:1";
  const urls = { upbit: nowhere, bithumb: nowhere, bybit: nowhere, binance: nowhere };
  const deps = { urls, clock: systemClock, log: new RecordingLog(), governor: new GrantingGovernor() };
  const more = bithumbAcceptMs === undefined ? {} : { bithumbAcceptMs };
  return new TradingVenues({ ...deps, ...more }).open("bithumb", TEST_KEY);
};

test("Bithumb's window is 20 s, or longer where that is set, and never shorter", () => {
  expect(venueWith().acceptWindowMs).toBe(20_000);
  expect(venueWith(45_000).acceptWindowMs).toBe(45_000);
  expect(() => venueWith(19_999)).toThrow(RangeError);
});
