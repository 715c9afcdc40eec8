// The operator's part of trading: what it is doing, entries off and on, halt and resume, leaving a position by force.
// Switches are stored before they are answered for; they hold within a second everywhere and survive restarts.

import { Elysia } from "elysia";
import * as v from "valibot";
import type { Clock } from "../ports/clock.ts";
import type { Log } from "../ports/telemetry.ts";
import type { TradingEngine } from "../trading/engine.ts";
import { FORCE, HALT, SWITCH } from "./control-bodies.ts";
import { tradingView } from "./control-views.ts";

export interface TradingControlDeps {
  readonly trading: TradingEngine;
  readonly clock: Clock;
  readonly log: Log;
  readonly problem: (status: number, title: string, detail: string) => Response;
}

export function tradingControl({ trading, clock, log, problem }: TradingControlDeps) {
  const bad = (detail: string) => problem(400, "Bad request", detail);
  const scopeOf = (body: unknown) => v.safeParse(SWITCH, body ?? { scope: "global" });

  async function setEntries(body: unknown, entriesOff: boolean): Promise<unknown> {
    const parsed = scopeOf(body);
    if (!parsed.success) {
      return bad(
        'Expected {"scope":"global"}, or scope "user" or "coin" with its "subject", and perhaps "why".',
      );
    }
    const { scope, why } = parsed.output;
    const subject = "subject" in parsed.output ? parsed.output.subject : "";
    const halted = scope === "global" && trading.state().switches.some((known) => known.halted);
    await trading.setSwitch({ scope, subject, entriesOff, halted, why, by: "operator", atMs: clock.nowMs() });
    log.warn(entriesOff ? "entries off" : "entries on", { scope, subject, why });
    return { scope, subject, entriesOff };
  }

  async function setHalt(body: unknown, halted: boolean): Promise<unknown> {
    const parsed = v.safeParse(HALT, body ?? {});
    if (!parsed.success) return bad('Expected nothing, or {"why":"..."}.');
    const known = trading.state().switches.find(({ scope }) => scope === "global");
    // A halt stops entries as well; taking it back leaves them as they were switched.
    const entriesOff = halted || (known?.entriesOff ?? false);
    const { why } = parsed.output;
    await trading.setSwitch({
      ...{ scope: "global", subject: "", entriesOff, halted, why, by: "operator" },
      atMs: clock.nowMs(),
    });
    log.warn(halted ? "trading halted" : "trading resumed", { why, entriesOff });
    return { halted, entriesOff };
  }

  return new Elysia()
    .get("/trading", () => tradingView({ trading, clock }))
    .post("/trading/entries-off", ({ body }) => setEntries(body, true))
    .post("/trading/entries-on", ({ body }) => setEntries(body, false))
    .post("/trading/halt", ({ body }) => setHalt(body, true))
    .post("/trading/resume", ({ body }) => setHalt(body, false))
    .post("/trading/force", async ({ body }) => {
      const parsed = v.safeParse(FORCE, body);
      if (!parsed.success) return bad('Expected {"userId": 1, "coin": "BTC"}.');
      const { userId, coin } = parsed.output;
      const outcome = await trading.force(userId, coin, "operator");
      log.warn("a position is left by the operator", { userId, coin, outcome });
      if (outcome === "no-position") return problem(404, "Not found", `User ${userId} holds no ${coin}.`);
      return { userId, coin, outcome };
    });
}
