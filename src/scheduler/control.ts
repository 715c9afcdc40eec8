// The operator's port on the scheduler: what it is doing, pause and resume. Elysia, behind one bearer token, on a
// private address. Answers are JSON; errors are problem documents without stacks.

import { Elysia } from "elysia";
import { COINS_PER_TASK_MAX } from "../../schema/messages/quote-task.ts";
import { PAIRS } from "../../schema/vocabulary.ts";
import { taskCoinOf, tickCosts } from "../domain/listing-table.ts";
import { sameText } from "../domain/same-text.ts";
import type { AuditStore } from "../ports/audit.ts";
import type { Clock } from "../ports/clock.ts";
import type { DiskState } from "../ports/disks.ts";
import type { Log, LogLevelSwitch } from "../ports/telemetry.ts";
import type { TradingEngine } from "../trading/engine.ts";
import { operationControl } from "./control-operation.ts";
import { controlDocument, routeNames } from "./control-routes.ts";
import { tradingControl } from "./control-trading.ts";
import type { Scheduler } from "./run.ts";

interface LinkState {
  readonly up: boolean;
  readonly detail: string;
}

export interface ControlDeps {
  readonly scheduler: Scheduler;
  readonly trading: TradingEngine;
  readonly clock: Clock;
  readonly log: Log;
  readonly audit: AuditStore;
  readonly logLevel: LogLevelSwitch;
  readonly token: string;
  readonly version: string;
  readonly tickPeriodMs: number;
  /** Links to the bus, the store and Redis in words. */
  readonly links: () => { readonly bus: LinkState; readonly database: LinkState; readonly redis?: LinkState };
  readonly disks: () => readonly DiskState[];
  /** The governor's budgets, for those who ask what is left. */
  readonly budgets: () => unknown;
  /** For Prometheus, in its own words. */
  readonly metrics: () => { readonly text: string; readonly contentType: string };
}

function problem(status: number, title: string, detail: string): Response {
  return new Response(JSON.stringify({ type: "about:blank", status, title, detail }), {
    status,
    headers: { "content-type": "application/problem+json" },
  });
}

export function createControl(deps: ControlDeps) {
  const { scheduler, clock, log } = deps;
  return new Elysia()
    .onError(({ code, error }) => {
      if (code === "NOT_FOUND") return problem(404, "Not found", "GET / lists what there is.");
      if (code === "VALIDATION" || code === "PARSE")
        return problem(400, "Bad request", "The request is malformed.");
      log.error("control request failed", { error });
      return problem(500, "Internal error", "The scheduler's log says more.");
    })
    .onBeforeHandle(({ request }) => {
      const given = request.headers.get("authorization") ?? "";
      if (!sameText(given, `Bearer ${deps.token}`)) {
        return problem(401, "Unauthorized", "Send the operator token: Authorization: Bearer ...");
      }
    })
    .use(tradingControl({ trading: deps.trading, clock, log, problem }))
    .use(operationControl({ ...deps, problem }))
    .get("/", () => ({
      service: "schedulerx-scheduler",
      version: deps.version,
      routes: routeNames(),
    }))
    .get("/openapi.json", () => controlDocument(deps.version))
    .get("/metrics", () => {
      const { text, contentType } = deps.metrics();
      return new Response(text, { headers: { "content-type": contentType } });
    })
    .get("/health", ({ set }) => {
      const links = deps.links();
      const lastTickAtMs = scheduler.ticks.lastClosed?.tickAtMs;
      const tickAgeMs = lastTickAtMs === undefined ? undefined : clock.nowMs() - lastTickAtMs;
      const ticking =
        scheduler.ticks.paused || (tickAgeMs !== undefined && tickAgeMs < deps.tickPeriodMs * 3);
      // Redis being away costs only Redis's readers: nobody should restart the scheduler for it.
      const healthy = ticking && links.bus.up;
      set.status = healthy ? 200 : 503;
      const uptimeMs = clock.nowMs() - scheduler.startedAtMs;
      return { healthy, ticking, tickAgeMs, links, disks: deps.disks(), uptimeMs };
    })
    .get("/ticks", () => {
      const { counters, lastClosed, paused } = scheduler.ticks;
      const { open, lateReports, nullsByReason, table } = scheduler.collector;
      return {
        paused,
        periodMs: deps.tickPeriodMs,
        open: open && {
          tickAtMs: open.tickAtMs,
          deadlineAtMs: open.deadlineAtMs,
          rows: open.rowCount,
          due: open.due.size,
        },
        lastClosed,
        counters: { ...counters, fetches: Object.fromEntries(counters.fetches), lateReports },
        nullsByReason: Object.fromEntries(nullsByReason),
        frames: scheduler.publisher.counters,
        reference: table.reference,
      };
    })
    .get("/workers", () => ({
      workers: [...scheduler.ticks.workers.values()].map((worker) => ({
        ...worker,
        silentMs: clock.nowMs() - worker.lastReportAtMs,
      })),
    }))
    .get("/venues", () => {
      const coins = scheduler.instruments.coins();
      const costs = tickCosts(
        coins.map((coin) => taskCoinOf(coin, scheduler.depths)),
        COINS_PER_TASK_MAX,
      );
      return {
        lists: scheduler.instruments.state(),
        coins: coins.length,
        heldCoins: scheduler.heldCoins(),
        costsPerTick: costs,
        budgets: deps.budgets(),
      };
    })
    .get("/quarantine", () => ({
      rates: [...scheduler.collector.quarantined.values()].map((row) => ({
        ...row,
        pair: PAIRS[row.pairIndex]!.key,
      })),
      identities: Object.fromEntries(
        [...scheduler.instruments.quarantined()].map(([venue, reasons]) => [
          venue,
          Object.fromEntries(reasons),
        ]),
      ),
    }))
    .post("/ticks/pause", () => {
      scheduler.ticks.paused = true;
      log.warn("ticks paused by the operator");
      return { paused: true };
    })
    .post("/ticks/resume", () => {
      scheduler.ticks.paused = false;
      log.warn("ticks resumed by the operator");
      return { paused: false };
    })
    .post("/instruments/refresh", async () => {
      await scheduler.refreshInstruments();
      return { lists: scheduler.instruments.state() };
    });
}
