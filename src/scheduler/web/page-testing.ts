// The operator's page behind a real control port whose parts are set by hand: a day without trouble, and one with all of it.

import { PAIRS, REASONS, VENUES } from "../../../schema/vocabulary.ts";
import { systemClock } from "../../adapters/clock.ts";
import { Decimal } from "../../domain/decimal.ts";
import { linkState } from "../../domain/link-said.ts";
import { nullRow } from "../../domain/rate-table.ts";
import { VENUE_LIMITS } from "../../domain/venue-limits.ts";
import type { SeenProcess } from "../../ports/fleet.ts";
import { type ControlServer, startControlServer } from "../control-server.ts";
import { controlParts, openPositionOf } from "../control-testing.ts";

const COINS = ["BTC", "ETH", "XRP", "SOL", "DOGE", "ADA", "TRX", "LINK", "SUI", "DOT", "AXS", "NEO"];

/** Longer than a test takes: nothing grows old by itself. */
const TICK_PERIOD_MS = 60_000;

export class OperatorPort {
  readonly parts = controlParts(systemClock);
  #server: ControlServer | undefined;
  #port = 0;

  get url(): string {
    return `http://127.0.0.1:${this.#port}/`;
  }

  /** Comes back on the same port. */
  start(): void {
    this.#server = startControlServer(
      { ...this.parts.deps, tickPeriodMs: TICK_PERIOD_MS },
      { hostname: "127.0.0.1", port: this.#port },
    );
    this.#port = this.#server.port;
  }

  async stop(): Promise<void> {
    await this.#server?.stop();
  }

  /** All is well: five workers, whole ticks, nothing open. */
  makeWell(): void {
    const { scheduler, state, links } = this.parts;
    const nowMs = systemClock.nowMs();
    const { ticks, collector } = scheduler;
    links.bus = linkState(true, { code: "connected", server: "nats://10.0.0.10:4222" });
    links.database = linkState(true, { code: "requests-pass" });
    Object.assign(scheduler, { startedAtMs: nowMs - 5 * 3_600_000 });
    ticks.paused = false;
    ticks.lastClosed = { tickAtMs: nowMs - 900, closedAtMs: nowMs - 200, rowCount: 48, missing: [] };
    Object.assign(ticks.counters, { issued: 18_000, closed: 17_999, incomplete: 0, skipped: 0 });
    ticks.durations.observe(0.7);
    ticks.workers.clear();
    ticks.counters.fetches.clear();
    for (const venue of VENUES) ticks.counters.fetches.set(`${venue} ok`, 412_345);
    for (const index of [1, 2, 3, 4, 5]) {
      const id = `worker-${index}`;
      ticks.workers.set(id, {
        id,
        sourceAddress: `10.0.0.2${index}`,
        lastReportAtMs: nowMs,
        taskCount: 11_873,
      });
    }
    scheduler.publisher.counters.frames = 53_210;
    scheduler.instruments.quarantined = () => new Map();
    scheduler.instruments.state = () =>
      Object.fromEntries(
        VENUES.map((venue) => [venue, { count: 180, refreshedAtMs: nowMs, failing: false }]),
      ) as never;
    collector.quarantined.clear();
    collector.table.reference = { priceKrw: 1_391, venue: "upbit", atMs: nowMs + 3_600_000 };
    for (const coin of COINS) {
      for (const pairIndex of PAIRS.keys()) {
        collector.table.merge({ ...nullRow(coin, pairIndex, nowMs, "none"), bookAgeMs: 300 });
      }
    }
    Object.assign(state, { role: "trading", fence: 7, incidents: [], switches: [], running: [] });
    state.positions = [
      openPositionOf(1, "XRP", nowMs - 3_600_000),
      openPositionOf(4, "SOL", nowMs - 86_400_000),
    ];
    state.diskFreeBytes = 12e9;
    state.budgets = Object.fromEntries(
      VENUES.map((venue) => [
        venue,
        { allowed: VENUE_LIMITS[venue].capacity, used: 0, holdMs: 0, banMs: 0, strictness: 1 },
      ]),
    );
    state.processes = [
      ...[1, 2, 3, 4, 5].map((index) => processOf(`worker-${index}`, `10.0.0.2${index}`, 0.1 * index)),
      { ...processOf("scheduler-1", "10.0.0.10", 0.05), role: "trader" },
    ];
  }

  /** Everything at once that can be wrong. */
  makeIll(): void {
    const { scheduler, state, links } = this.parts;
    const { ticks, collector } = scheduler;
    const nowMs = systemClock.nowMs();
    links.database = linkState(false, { code: "requests-fail" });
    const missing = ["BTC upbit-bybit", "ETH bithumb-binance"];
    ticks.lastClosed = { tickAtMs: nowMs - 1_500, closedAtMs: nowMs - 300, rowCount: 46, missing };
    Object.assign(ticks.counters, { incomplete: 17, skipped: 2 });
    ticks.counters.fetches.set("binance http 429", 12).set("upbit timeout", 3);
    const silent = ticks.workers.get("worker-5")!;
    ticks.workers.set("worker-5", { ...silent, lastReportAtMs: nowMs - 45_000 });
    for (const coin of COINS.slice(0, 6)) collector.table.merge(nullRow(coin, 3, nowMs, "stale"));
    for (const [index, reason] of REASONS.entries()) {
      if (reason !== "delisted") collector.table.merge(nullRow(COINS[index]!, index % 4, nowMs, reason));
    }
    collector.quarantined.set("AXS|1", {
      coin: "AXS",
      pairIndex: 1,
      sinceAtMs: nowMs,
      rateKrwPerUsdt: 1_859.31,
    });
    scheduler.instruments.quarantined = () =>
      new Map([["bybit", new Map([["ACEUSDT", { rateKrwPerUsdt: 1_859.31, medianKrwPerUsdt: 1_391 }]])]]);
    state.running = [
      {
        kind: "entry",
        state: "overseas-sending",
        unhedgedKrw: Decimal.of("812345.5"),
        sendingAtMs: nowMs - 14_000,
      },
      { kind: "exit", state: "planned", unhedgedKrw: Decimal.ZERO, sendingAtMs: undefined },
    ];
    const open = { coin: "", openedAtMs: nowMs - 90_000_000 };
    state.incidents = [
      { ...open, incidentId: 4, userId: 7, kind: "key", detail: "key-held" },
      {
        ...open,
        incidentId: 5,
        userId: 1,
        coin: "XRP",
        kind: "unknown-difference",
        detail: "coins-missing",
      },
    ];
    const off = { entriesOff: true, atMs: nowMs - 600_000 };
    state.switches = [
      { ...off, scope: "global", subject: "", halted: true, why: "거래소 점검", by: "operator" },
      {
        ...off,
        scope: "coin",
        subject: "DOGE",
        halted: false,
        why: "sold-back-often: 3 / 3600 s",
        by: "engine",
      },
    ];
    state.budgets.bithumb = { allowed: 100, used: 20, holdMs: 0, banMs: 0, strictness: 0.8 };
    const banned = { allowed: 0, used: 0, holdMs: 95_000, banMs: 95_000, strictness: 1 };
    Object.assign(state.budgets, { binance: banned, bybit: banned });
    state.diskFreeBytes = 0.4e9;
    state.processes = state.processes.map((one) => {
      if (one.name === "worker-2") return { ...one, banMs: { ...one.banMs, binance: 95_000 } };
      if (one.name === "worker-3") return { ...one, version: "0.9", spent: { ...one.spent, upbit: 9 } };
      return one;
    });
  }
}

function processOf(name: string, sourceAddress: string, spentRatio: number): SeenProcess {
  const each = (read: (venue: (typeof VENUES)[number]) => number) =>
    Object.fromEntries(VENUES.map((venue) => [venue, read(venue)])) as SeenProcess["spent"];
  return {
    ...{ name, role: "worker", sourceAddress, version: "1", silentMs: 400 },
    shares: each((venue) => VENUE_LIMITS[venue].capacity),
    spent: each((venue) => Math.round(VENUE_LIMITS[venue].capacity * spentRatio)),
    banMs: each(() => 0),
  };
}
