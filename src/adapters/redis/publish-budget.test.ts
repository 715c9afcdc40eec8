import { expect, test } from "bun:test";
import { FreeBudget, MeteredBudget } from "./publish-budget.ts";

const PERIOD_MS = 30_000;
const view = (
  nowMs: number,
  more: Partial<{ dirty: boolean; closing: boolean; rowsOfTick: number }> = {},
) => ({
  nowMs,
  dirty: true,
  closing: false,
  rowsOfTick: 0,
  ...more,
});

test("a free budget sends at once, and the snapshot at a close and then once a second", () => {
  const budget = new FreeBudget();
  expect(budget.waitMs(view(0, { dirty: false }))).toBe(Number.POSITIVE_INFINITY);
  expect(budget.waitMs(view(0))).toBe(0);
  expect(budget.takesSnapshot(view(5_000))).toBeFalse();
  expect(budget.takesSnapshot(view(5_000, { closing: true }))).toBeTrue();
  budget.sent(5_000, true);
  expect(budget.takesSnapshot(view(5_999))).toBeFalse();
  expect(budget.takesSnapshot(view(6_000))).toBeTrue();
});

test("a metered budget's first group goes at nine rows of ten, or after a third of the period", () => {
  const budget = new MeteredBudget(PERIOD_MS);
  budget.beginTick(1_000, 100);
  expect(budget.waitMs(view(1_000, { rowsOfTick: 89 }))).toBe(10_000);
  expect(budget.waitMs(view(2_000, { rowsOfTick: 90 }))).toBe(0);
  expect(budget.waitMs(view(11_000, { rowsOfTick: 5 }))).toBe(0);
  expect(budget.takesSnapshot(view(11_000))).toBeFalse();
});

test("a metered budget without a table yet waits for its third, however many rows come", () => {
  const budget = new MeteredBudget(PERIOD_MS);
  budget.beginTick(0, 0);
  expect(budget.waitMs(view(500, { rowsOfTick: 16 }))).toBe(9_500);
});

test("a metered budget's second group goes at the close with the snapshot, and there is no third", () => {
  const budget = new MeteredBudget(PERIOD_MS);
  budget.beginTick(0, 100);
  budget.sent(10_000, false);
  expect(budget.waitMs(view(12_000, { rowsOfTick: 100 }))).toBe(18_000);
  expect(budget.waitMs(view(12_000, { closing: true }))).toBe(0);
  expect(budget.takesSnapshot(view(12_000, { closing: true }))).toBeTrue();
  budget.sent(12_000, true);
  expect(budget.waitMs(view(13_000, { closing: true }))).toBe(29_000);
  budget.beginTick(30_000, 100);
  expect(budget.waitMs(view(30_000, { closing: true }))).toBe(0);
});

test("a metered tick that closes early is one group, and what comes late does not take a second snapshot", () => {
  const budget = new MeteredBudget(PERIOD_MS);
  budget.beginTick(0, 100);
  budget.sent(3_000, budget.takesSnapshot(view(3_000, { closing: true })));
  expect(budget.takesSnapshot(view(4_000, { closing: true }))).toBeFalse();
});

test("without ticks a metered budget still lets a removed pair go once a period", () => {
  const budget = new MeteredBudget(PERIOD_MS);
  budget.beginTick(0, 10);
  budget.sent(1_000, false);
  budget.sent(2_000, true);
  expect(budget.waitMs(view(20_000))).toBe(12_000);
  expect(budget.waitMs(view(32_000))).toBe(0);
  expect(budget.takesSnapshot(view(32_000))).toBeTrue();
  budget.sent(32_000, true);
  expect(budget.waitMs(view(33_000))).toBe(29_000);
});
