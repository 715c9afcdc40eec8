// A control port over the parts of a scheduler it reads, for its tests and those of the commands.

import { DepthBook } from "../domain/listing-table.ts";
import type { LogLevelSwitch } from "../ports/telemetry.ts";
import type { TradingSwitch } from "../ports/traders.ts";
import { ManualClock } from "../testing/manual-clock.ts";
import { RecordingLog } from "../testing/recording-log.ts";
import type { TradingEngine } from "../trading/engine.ts";
import { FrameCollector } from "./collect-frame.ts";
import { createControl } from "./control.ts";
import type { Scheduler } from "./run.ts";

export const TOKEN = "operator-token-of-the-test";

/** The parts of a scheduler the control port reads. */
export function controlOf() {
  const clock = new ManualClock();
  const scheduler = {
    collector: new FrameCollector(),
    depths: new DepthBook(),
    startedAtMs: clock.nowMs(),
    publisher: { counters: { frames: 0, bytes: 0, failed: 0 } },
    instruments: {
      coins: () => [],
      state: () => ({ upbit: { count: 1, refreshedAtMs: 0, failing: false } }),
      quarantined: () => new Map([["bybit", new Map([["ACEUSDT", "implies 1859"]])]]),
    },
    refreshInstruments: async () => undefined,
    heldCoins: () => ["BTC"],
    ticks: {
      paused: false,
      lastClosed: { tickAtMs: clock.nowMs(), closedAtMs: clock.nowMs(), rowCount: 4, missing: [] },
      counters: {
        issued: 1,
        closed: 1,
        skipped: 0,
        incomplete: 0,
        unreadableReports: 0,
        failedTasks: 0,
        fetches: new Map([["upbit ok", 3]]),
      },
      workers: new Map([["w", { id: "w", sourceAddress: "a", lastReportAtMs: clock.nowMs(), taskCount: 2 }]]),
    },
  } as unknown as Scheduler;
  const links = { bus: { up: true, detail: "connected" }, database: { up: true, detail: "reached" } };
  const switches: TradingSwitch[] = [];
  const trading = {
    state: () => ({
      mode: "paper",
      role: "trading",
      positions: [],
      traders: 1,
      running: 0,
      incidents: 0,
      switches,
    }),
    setSwitch: async (change: TradingSwitch) => void switches.splice(0, switches.length, change),
    incidents: async () => [
      { incidentId: 3, userId: 1, kind: "key", coin: "", detail: "no usable key", openedAtMs: 0 },
    ],
    closeIncident: async (id: number) => id === 3,
    reconcile: async () => ({ positions: 2 }),
    drain: async () => undefined,
    force: async (userId: number) => (userId === 1 ? "started" : "no-position"),
  } as unknown as TradingEngine;
  const audited: string[] = [];
  const logLevel: LogLevelSwitch = { level: "info" };
  const control = createControl({
    scheduler,
    trading,
    clock,
    log: new RecordingLog(),
    audit: { add: async (event) => void audited.push(event.action), read: async () => [] },
    logLevel,
    token: TOKEN,
    version: "1",
    tickPeriodMs: 1_000,
    links: () => links,
    disks: () => [{ folder: "/var/lib", freeBytes: 12e9, sizeBytes: 20e9 }],
    budgets: () => ({}),
    metrics: () => ({ text: "schedulerx_ticks_issued_total 1\n", contentType: "text/plain" }),
  });
  const ask = async (path: string, method = "GET", token = TOKEN, sent?: unknown) => {
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
    const body = sent === undefined ? null : JSON.stringify(sent);
    const response = await control.handle(new Request(`http://localhost${path}`, { method, headers, body }));
    const type = response.headers.get("content-type");
    const isText = type?.startsWith("text/") ?? false;
    return { status: response.status, type, body: isText ? await response.text() : await response.json() };
  };
  return { ask, scheduler, clock, links, control, audited, logLevel, switches };
}
