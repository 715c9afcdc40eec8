import { expect, test } from "bun:test";
import type { ReportHeader } from "../../schema/messages/quote-report.ts";
import { type QuoteTask, taskIdOf } from "../../schema/messages/quote-task.ts";
import { PAIRS, SEED_COUNT } from "../../schema/vocabulary.ts";
import { RATES_PER_ROW, type RateRow, type ReferencePrice } from "../domain/rate-table.ts";
import { FrameCollector } from "./collect-frame.ts";

const PERIOD_MS = 30_000;
const FIRST = 1_000 * PERIOD_MS;

function taskOf(tickAtMs: number, coins: readonly string[], shard = 0): QuoteTask {
  return {
    version: 1,
    taskId: taskIdOf(tickAtMs, shard),
    tickAtMs,
    deadlineAtMs: tickAtMs + PERIOD_MS,
    coins: coins.map((coin) => ({
      coin,
      legs: (["upbit", "bithumb", "bybit", "binance"] as const).map((venue) => ({
        venue,
        symbol: coin,
        multiplier: 1,
        depth: 30,
      })),
    })),
  };
}

function headerOf(tickAtMs: number): ReportHeader {
  return {
    taskId: taskIdOf(tickAtMs, 0),
    tickAtMs,
    worker: "w",
    sourceAddress: "a",
    reportedAtMs: tickAtMs + 1_000,
    depths: [],
    fetches: [],
  };
}

/** All four pairs of each coin, at the given rate in KRW per USDT. */
function rowsOf(tickAtMs: number, rates: Readonly<Record<string, number>>): RateRow[] {
  return Object.entries(rates).flatMap(([coin, rate]) =>
    PAIRS.map((_, pairIndex): RateRow => {
      const ratesJeon = new Float64Array(RATES_PER_ROW).fill(Math.round(rate * 100));
      return { coin, pairIndex, tickAtMs, bookAgeMs: 10, reason: "none", ratesJeon };
    }),
  );
}

function reasonsOf(rows: readonly RateRow[]): Record<string, string> {
  return Object.fromEntries(rows.map(({ coin, reason }) => [coin, reason]));
}

const REFERENCE: ReferencePrice = { priceKrw: 1_400, venue: "upbit", atMs: FIRST };

test("a report counts once, and only for the tick that is open", () => {
  const collector = new FrameCollector();
  collector.openTick(FIRST, FIRST + PERIOD_MS, [taskOf(FIRST, ["BTC"])]);
  const rows = rowsOf(FIRST, { BTC: 1_400 });
  expect(collector.takeReport(headerOf(FIRST), rows, REFERENCE).length).toBe(4);
  expect(collector.takeReport(headerOf(FIRST), rows, REFERENCE)).toEqual([]);
  const older = FIRST - PERIOD_MS;
  expect(collector.takeReport(headerOf(older), rowsOf(older, { BTC: 1_500 }), REFERENCE)).toEqual([]);
  // A row of another tick inside a report of this one, or of a coin nobody asked for, is not believed either.
  expect(collector.takeReport(headerOf(FIRST), rowsOf(older, { BTC: 1_500 }), REFERENCE)).toEqual([]);
  expect(collector.takeReport(headerOf(FIRST), rowsOf(FIRST, { ETH: 1_400 }), REFERENCE)).toEqual([]);
  expect(collector.table.get("BTC", 0)!.ratesJeon[0]).toBe(140_000);
  expect(collector.table.get("ETH", 0)).toBeUndefined();
  expect(collector.lateReports).toBe(1);
});

test("ticks only go forward, and one is closed before the next is opened", () => {
  const collector = new FrameCollector();
  collector.openTick(FIRST, FIRST + PERIOD_MS, [taskOf(FIRST, ["BTC"])]);
  const next = FIRST + PERIOD_MS;
  expect(() => collector.openTick(next, next + PERIOD_MS, [])).toThrow("expected no open tick");
  collector.closeTick(next);
  expect(() => collector.openTick(FIRST, FIRST + PERIOD_MS, [])).toThrow("expected a tick after");
});

test("a coin retired while its report is on the way does not come back with it", () => {
  const collector = new FrameCollector();
  collector.openTick(FIRST, FIRST + PERIOD_MS, [taskOf(FIRST, ["BTC", "GONE"])]);
  collector.takeReport(headerOf(FIRST), rowsOf(FIRST, { BTC: 1_400, GONE: 1_400 }), REFERENCE);
  collector.closeTick(FIRST + 5_000);
  const next = FIRST + PERIOD_MS;
  collector.openTick(next, next + PERIOD_MS, [taskOf(next, ["BTC", "GONE"])]);
  const tombstones = collector.retire((coin) => coin !== "GONE");
  expect(tombstones.map(({ coin, reason }) => `${coin} ${reason}`)).toEqual(Array(4).fill("GONE delisted"));
  const changed = collector.takeReport(headerOf(next), rowsOf(next, { BTC: 1_401, GONE: 1_401 }), REFERENCE);
  expect(reasonsOf(changed)).toEqual({ BTC: "none" });
  expect(collector.table.rows().map(({ coin }) => coin)).toEqual(Array(4).fill("BTC"));
  expect(collector.closeTick(next + 5_000).closed.missing).toEqual([]);
  // Listed anew it is quoted anew.
  const later = next + PERIOD_MS;
  collector.openTick(later, later + PERIOD_MS, [taskOf(later, ["GONE"])]);
  collector.takeReport(headerOf(later), rowsOf(later, { GONE: 1_402 }), REFERENCE);
  expect(collector.table.get("GONE", 0)!.ratesJeon[0]).toBe(140_200);
});

test("on the first tick the reference decides; without it an impostor among two coins is not taken for the yardstick", () => {
  const rates = { BTC: 1_400, IMPOSTOR: 1_400_000 };
  for (const reference of [REFERENCE, undefined]) {
    const collector = new FrameCollector();
    collector.openTick(FIRST, FIRST + PERIOD_MS, [taskOf(FIRST, Object.keys(rates))]);
    const changed = collector.takeReport(headerOf(FIRST), rowsOf(FIRST, rates), reference);
    expect(reasonsOf(changed)).toEqual({ BTC: reference ? "none" : "quarantined", IMPOSTOR: "quarantined" });
  }
});

test("a tick in which little but impostors answered does not become the yardstick of the next", () => {
  const collector = new FrameCollector();
  const good = { BTC: 1_400, ETH: 1_401, XRP: 1_399, SOL: 1_398 };
  collector.openTick(FIRST, FIRST + PERIOD_MS, [taskOf(FIRST, Object.keys(good))]);
  collector.takeReport(headerOf(FIRST), rowsOf(FIRST, good), REFERENCE);
  collector.closeTick(FIRST + PERIOD_MS);
  const bad = FIRST + PERIOD_MS;
  collector.openTick(bad, bad + PERIOD_MS, [taskOf(bad, ["BTC", "CAT", "ACE"])]);
  collector.takeReport(headerOf(bad), rowsOf(bad, { BTC: 1_400, CAT: 1_400_000, ACE: 2_500 }), undefined);
  collector.closeTick(bad + PERIOD_MS);
  const after = bad + PERIOD_MS;
  collector.openTick(after, after + PERIOD_MS, [taskOf(after, ["BTC", "CAT", "ACE"])]);
  const changed = collector.takeReport(
    headerOf(after),
    rowsOf(after, { BTC: 1_400, CAT: 1_400_000, ACE: 2_500 }),
    undefined,
  );
  expect(reasonsOf(changed)).toEqual({ BTC: "none", CAT: "quarantined", ACE: "quarantined" });
});

test("when all rates move by half the gate follows within a tick: it cannot lock itself in", () => {
  const collector = new FrameCollector();
  const coins = ["BTC", "ETH", "XRP", "SOL"];
  for (const [index, rate] of [1_400, 2_100, 2_100].entries()) {
    const tickAtMs = FIRST + index * PERIOD_MS;
    collector.openTick(tickAtMs, tickAtMs + PERIOD_MS, [taskOf(tickAtMs, coins)]);
    const rates = Object.fromEntries(coins.map((coin) => [coin, rate]));
    const changed = collector.takeReport(headerOf(tickAtMs), rowsOf(tickAtMs, rates), REFERENCE);
    expect(new Set(changed.map(({ reason }) => reason))).toEqual(
      new Set([index === 1 ? "quarantined" : "none"]),
    );
    collector.closeTick(tickAtMs + PERIOD_MS);
  }
  expect(collector.quarantined.size).toBe(0);
});

test("blank takes the rates off every row once, and the next tick brings them back", () => {
  const collector = new FrameCollector();
  collector.openTick(FIRST, FIRST + PERIOD_MS, [taskOf(FIRST, ["BTC"])]);
  collector.takeReport(headerOf(FIRST), rowsOf(FIRST, { BTC: 1_400 }), REFERENCE);
  collector.closeTick(FIRST + PERIOD_MS);
  expect(collector.blank().every(({ ratesJeon }) => ratesJeon.every(Number.isNaN))).toBe(true);
  expect(collector.blank()).toEqual([]);
  const next = FIRST + PERIOD_MS;
  collector.openTick(next, next + PERIOD_MS, [taskOf(next, ["BTC"])]);
  expect(collector.takeReport(headerOf(next), rowsOf(next, { BTC: 1_400 }), REFERENCE).length).toBe(4);
  expect(collector.table.get("BTC", 3)!.ratesJeon[SEED_COUNT]).toBe(140_000);
});
