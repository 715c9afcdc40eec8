import { afterEach, beforeEach, expect, jest, test } from "bun:test";
import { LinkWatch } from "./link-watch.ts";
import { type RecordedLog, recordLog } from "./store-fixtures.ts";

const SETTLE_MS = 100;
let log: RecordedLog;
let watch: LinkWatch;

beforeEach(() => {
  jest.useFakeTimers();
  log = recordLog();
  watch = new LinkWatch(log, "database", {}, SETTLE_MS);
});
afterEach(() => {
  jest.useRealTimers();
});

test("A loss and a return are each said once, however many requests fail or succeed", () => {
  watch.answered(watch.era);
  jest.advanceTimersByTime(SETTLE_MS);
  expect(log.events).toEqual([]);
  watch.lost(watch.era, "ECONNRESET");
  watch.lost(watch.era, "ECONNREFUSED");
  watch.answered(watch.era);
  watch.answered(watch.era);
  expect(log.events).toEqual(["database lost"]);
  jest.advanceTimersByTime(SETTLE_MS);
  expect(log.events).toEqual(["database lost", "database answers again"]);
  watch.lost(watch.era, "ECONNRESET");
  expect(log.events).toEqual(["database lost", "database answers again", "database lost"]);
});

test("Answers between failures are no return until nothing has failed for a while", () => {
  watch.lost(watch.era, "ECONNRESET");
  watch.answered(watch.era);
  jest.advanceTimersByTime(SETTLE_MS - 1);
  watch.lost(watch.era, "57P01");
  jest.advanceTimersByTime(SETTLE_MS);
  expect(log.events).toEqual(["database lost"]);
  watch.answered(watch.era);
  jest.advanceTimersByTime(SETTLE_MS);
  expect(log.events).toEqual(["database lost", "database answers again"]);
});

test("A request from before the loss is neither a sign of return nor, seen late, a second loss", () => {
  const eraBefore = watch.era;
  watch.lost(watch.era, "ECONNRESET");
  watch.answered(eraBefore);
  jest.advanceTimersByTime(SETTLE_MS);
  expect(log.events).toEqual(["database lost"]);
  watch.answered(watch.era);
  jest.advanceTimersByTime(SETTLE_MS);
  watch.lost(eraBefore, "ECONNRESET");
  expect(log.events).toEqual(["database lost", "database answers again"]);
});
