// A control port over the parts of a scheduler it reads, for its tests, those of the commands and those of the page. What
// the parts say is changed in place.

import { Decimal } from "../domain/decimal.ts";
import { Histogram } from "../domain/histogram.ts";
import type { LinkState } from "../domain/link-said.ts";
import { DepthBook } from "../domain/listing-table.ts";
import type { Clock } from "../ports/clock.ts";
import type { SeenProcess } from "../ports/fleet.ts";
import type { OpenPosition } from "../ports/journal.ts";
import type { BudgetState } from "../ports/rate-governor.ts";
import type { LogLevelSwitch } from "../ports/telemetry.ts";
import type { Incident, TradingSwitch } from "../ports/traders.ts";
import { ManualClock } from "../testing/manual-clock.ts";
import { RecordingLog } from "../testing/recording-log.ts";
import type { TradingEngine } from "../trading/engine.ts";
import type { TradingFigures } from "../trading/figures.ts";
import type { SettleWish } from "../trading/settle-by-hand.ts";
import { FrameCollector } from "./collect-frame.ts";
import { createControl } from "./control.ts";
import type { Scheduler } from "./run.ts";

export const TOKEN = "operator-token-of-the-test";

type Known = Omit<Incident, "mode" | "intentId" | "closedAtMs">;

/** The parts of a scheduler the control port reads, and what was asked of them. */
export function controlParts<C extends Clock>(clock: C) {
  const nowMs = clock.nowMs();
  const state = {
    role: "trading",
    fence: 7 as number | undefined,
    incidents: [
      { incidentId: 3, userId: 1, kind: "key", coin: "", detail: "key-held", openedAtMs: 0 },
    ] as Known[],
    switches: [] as TradingSwitch[],
    positions: [] as OpenPosition[],
    running: [] as {
      -readonly [K in keyof TradingFigures["running"][number]]: TradingFigures["running"][number][K];
    }[],
    diskFreeBytes: 12e9,
    budgets: {} as Record<string, BudgetState>,
    processes: [] as SeenProcess[],
    /** What reading incidents waits for; undefined: nothing. */
    databaseAnswers: undefined as Promise<void> | undefined,
  };
  const scheduler = {
    collector: new FrameCollector(),
    depths: new DepthBook(),
    startedAtMs: nowMs,
    publisher: { counters: { frames: 0, bytes: 0, failed: 0 } },
    instruments: {
      coins: () => [],
      state: () => ({ upbit: { count: 1, refreshedAtMs: 0, failing: false } }),
      quarantined: () =>
        new Map([["bybit", new Map([["ACEUSDT", { rateKrwPerUsdt: 1_859.31, medianKrwPerUsdt: 1_391 }]])]]),
    },
    refreshInstruments: async () => undefined,
    heldCoins: () => ["BTC"],
    ticks: {
      paused: false,
      lastClosed: { tickAtMs: nowMs, closedAtMs: nowMs, rowCount: 4, missing: [] as string[] },
      durations: new Histogram([1, 5]),
      counters: {
        issued: 1,
        closed: 1,
        skipped: 0,
        incomplete: 0,
        unreadableReports: 0,
        failedTasks: 0,
        fetches: new Map([["upbit ok", 3]]),
      },
      workers: new Map([["w", { id: "w", sourceAddress: "a", lastReportAtMs: nowMs, taskCount: 2 }]]),
    },
  };
  const links: Record<"bus" | "database" | "redis", LinkState> = {
    bus: { up: true, detail: "connected" },
    database: { up: true, detail: "reached" },
    redis: { up: true, detail: "connected" },
  };
  /** What was asked of the engine, in words. */
  const asked: string[] = [];
  const trading = {
    state: () => ({
      ...{ mode: "paper", role: state.role, fence: state.fence, traders: 1 },
      ...{ positions: state.positions, running: state.running.length },
      ...{ incidents: state.incidents.length, switches: state.switches },
    }),
    figures: () =>
      state.role === "trading"
        ? { traders: 1, positions: 0, incidents: {}, running: state.running }
        : undefined,
    setSwitch: async (change: TradingSwitch) => {
      asked.push(
        `switch ${change.scope} ${change.subject} ${change.entriesOff} ${change.halted} ${change.why}`,
      );
      const isOff = change.entriesOff || change.halted;
      const others = state.switches.filter(
        ({ scope, subject }) => scope !== change.scope || subject !== change.subject,
      );
      state.switches = isOff ? [change, ...others] : others;
    },
    incidents: async () => {
      await state.databaseAnswers;
      return state.incidents;
    },
    closeIncident: async (id: number, _by: string, note: string) => {
      asked.push(`close ${id} ${note}`);
      const isOpen = state.incidents.some(({ incidentId }) => incidentId === id);
      state.incidents = state.incidents.filter(({ incidentId }) => incidentId !== id);
      return isOpen;
    },
    reconcile: async () => (state.role === "trading" ? { positions: 2 } : undefined),
    drain: async () => {
      asked.push("drain");
    },
    settle: async ({ userId, coin, priceKrw, priceUsdt, unseen, ownCoins, oddRate }: SettleWish) => {
      if (state.role !== "trading") return undefined;
      const flags = [unseen && "unseen", ownCoins && "own-coins", oddRate && "odd-rate"].filter(Boolean);
      asked.push(["settle", userId, coin, priceKrw, priceUsdt, ...flags].join(" "));
      if (userId === 2) return { outcome: "no-position", why: `User 2 holds no ${coin}.` };
      if (userId === 3) return { outcome: "refused", why: `${coin} is on the lists of its venues.` };
      return { outcome: userId === 4 ? "running" : "settled" };
    },
    force: async (userId: number, coin: string) => {
      asked.push(`force ${userId} ${coin}`);
      return userId === 1 ? "started" : "no-position";
    },
  };
  const audited: string[] = [];
  const logLevel: LogLevelSwitch = { level: "info" };
  const deps = {
    scheduler: scheduler as unknown as Scheduler,
    trading: trading as unknown as TradingEngine,
    clock,
    log: new RecordingLog(),
    audit: { add: async ({ action }: { action: string }) => void audited.push(action), read: async () => [] },
    logLevel,
    token: TOKEN,
    version: "1",
    tickPeriodMs: 1_000,
    links: () => links,
    disks: () => [{ folder: "/var/lib", freeBytes: state.diskFreeBytes, sizeBytes: 20e9 }],
    budgets: () => state.budgets,
    fleet: () => state.processes,
    metrics: () => ({ text: "schedulerx_ticks_issued_total 1\n", contentType: "text/plain" }),
  };
  return { deps, scheduler, state, links, asked, audited, logLevel };
}

export function controlOf() {
  const clock = new ManualClock();
  const parts = controlParts(clock);
  const control = createControl({ ...parts.deps, page: async () => "<!doctype html>" });
  const ask = async (path: string, method = "GET", token = TOKEN, sent?: unknown) => {
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
    const body = sent === undefined ? null : JSON.stringify(sent);
    const response = await control.handle(new Request(`http://localhost${path}`, { method, headers, body }));
    const type = response.headers.get("content-type");
    const isText = type?.startsWith("text/") ?? false;
    return {
      status: response.status,
      type,
      headers: response.headers,
      body: isText ? await response.text() : await response.json(),
    };
  };
  return { ...parts, clock, control, ask };
}

/** A position as it is shown. */
export function openPositionOf(userId: number, coin: string, openedAtMs: number): OpenPosition {
  const entry = {
    ...{
      intentId: "i",
      strategyId: 1,
      atMs: openedAtMs,
      qtyCoin: Decimal.of("2"),
      feeKrw: Decimal.of("500"),
    },
    ...{ spentKrw: Decimal.of("10000000"), receivedUsdt: Decimal.of("7200"), feeUsdt: Decimal.of("4") },
  };
  return {
    ...{ positionId: userId * 100, mode: "paper", userId, strategyId: 1, coin, pair: "upbit-bybit" },
    ...{ openedAtMs, leverage: 2, exitTerms: {}, entries: [entry], parts: [] },
  };
}
