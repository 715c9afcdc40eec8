import { expect, test } from "bun:test";
import { VENUES } from "../../schema/vocabulary.ts";
import { VENUE_BOOKS } from "../adapters/venue/books.ts";
import type { Metric } from "../ports/metrics.ts";
import { createMarket } from "../simulator/market.ts";
import { createService } from "../testing/whole-service.ts";
import type { TradingEngine } from "../trading/engine.ts";
import { schedulerMetrics } from "./metrics.ts";
import type { Scheduler } from "./run.ts";

const PERIOD_MS = 5_000;
const START_AT_MS = Date.UTC(2026, 0, 1, 0, 0, 1);

function valuesOf(metrics: readonly Metric[]) {
  const values = new Map<string, number>();
  for (const metric of metrics) {
    if (metric.type === "histogram") {
      values.set(`${metric.name} count`, metric.reading.count);
      values.set(`${metric.name} sum`, metric.reading.sum);
      continue;
    }
    for (const { labels = {}, value } of metric.samples)
      values.set([metric.name, ...Object.values(labels)].join(" "), value);
  }
  return values;
}

test("two ticks of three coins by two workers are told in numbers", async () => {
  const market = createMarket({ seed: 3, startAtMs: START_AT_MS });
  const service = await createService({
    ...{ market, coins: ["BTC", "ETH", "XRP"], workerCount: 2, periodMs: PERIOD_MS },
    ...{ venues: VENUE_BOOKS, startAtMs: START_AT_MS },
  });
  const { ticks, collector, clock, closed } = service;
  const started = ticks.start();
  await clock.advanceUntil(() => closed.length >= 2, 60_000);
  await started;
  const budget = { allowed: 10, used: 3, holdMs: 60_000, banMs: 60_000, strictness: 1 };
  const lists = Object.fromEntries(VENUES.map((venue) => [venue, { count: 3 }]));
  const metrics = () =>
    valuesOf(
      schedulerMetrics({
        clock,
        scheduler: {
          ...{ ticks, collector, publisher: { counters: { frames: 4, bytes: 900, failed: 1 } } },
          instruments: { coins: () => ["BTC", "ETH", "XRP"], state: () => lists },
        } as unknown as Scheduler,
        trading: {
          state: () => ({ mode: "paper", role: "standby" }),
          figures: () => undefined,
          fence: undefined,
          counts: {
            decisions: new Map(),
            ended: new Map([["exit closed", 2]]),
            findings: new Map([["joined seen", 1]]),
          },
        } as unknown as TradingEngine,
        tickPeriodMs: PERIOD_MS,
        links: { bus: { up: true }, redis: { up: false } },
        notices: undefined,
        events: { stored: 3, lost: 0 },
        budgets: { upbit: budget, bithumb: budget, bybit: budget, binance: { ...budget, banMs: 0 } },
        refusals: new Map([["binance 429", 2]]),
      }),
    );
  const seen = metrics();
  const expected = {
    "schedulerx_link_up redis": 0,
    schedulerx_ticks_closed_total: 2,
    schedulerx_ticks_incomplete_total: 0,
    "schedulerx_tick_duration_seconds count": 2,
    schedulerx_workers: 2,
    "schedulerx_rates none": 12,
    "schedulerx_rates stale": 0,
    "schedulerx_book_age_seconds count": 24,
    // One request a coin, unlike Upbit and Bithumb.
    "schedulerx_fetches_total binance ok": 6,
    schedulerx_frames_bytes_total: 900,
    "schedulerx_budget_left upbit": 7,
    "schedulerx_venue_ban_seconds upbit": 60,
    "schedulerx_venue_ban_seconds binance": 0,
    "schedulerx_venue_refusals_total binance 429": 2,
    schedulerx_lease_held: 0,
    "schedulerx_trading_role standby paper": 1,
    "schedulerx_trading_role trading paper": 0,
    "schedulerx_intents_ended_total exit closed": 2,
    "schedulerx_reconciliation_findings_total joined seen": 1,
    schedulerx_tick_last_timestamp_seconds: closed[1]!.tickAtMs / 1_000,
  };
  const got = Object.fromEntries(Object.keys(expected).map((name) => [name, seen.get(name)]));
  expect(got).toEqual(expected);
  // A standby knows nothing of these, and none were sent.
  for (const name of [
    "positions_open",
    "entries_off",
    "halted",
    "unhedged_notional_krw",
    "notices_sent_total",
    "lease_fence",
  ]) {
    expect(seen.has(`schedulerx_${name}`)).toBe(false);
  }
  await service.stop();
  await clock.advance(60_000);
  expect(metrics().get("schedulerx_workers")).toBe(0);
});
