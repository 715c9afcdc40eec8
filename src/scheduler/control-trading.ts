// The operator's part of trading: what it is doing, entries off and on, halt and resume, leaving a position by force.
// Switches are stored before they are answered for; they hold within a second everywhere and survive restarts.

import { Elysia } from "elysia";
import * as v from "valibot";
import { Decimal } from "../domain/decimal.ts";
import type { AuditStore } from "../ports/audit.ts";
import type { Clock } from "../ports/clock.ts";
import type { Log } from "../ports/telemetry.ts";
import type { TradingEngine } from "../trading/engine.ts";
import { FORCE, HALT, SETTLE, SWITCH } from "./control-bodies.ts";
import { tradingView } from "./control-views.ts";

export interface TradingControlDeps {
  readonly trading: TradingEngine;
  readonly audit: Pick<AuditStore, "add">;
  readonly clock: Clock;
  readonly log: Log;
  readonly problem: (status: number, title: string, detail: string) => Response;
}

export function tradingControl({ trading, audit, clock, log, problem }: TradingControlDeps) {
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

  async function settle(body: unknown): Promise<unknown> {
    const parsed = v.safeParse(SETTLE, body);
    if (!parsed.success) {
      return bad(
        'Expected {"userId": 1, "coin": "BTC", "priceKrw": "1500.5", "priceUsdt": "1.07"}: prices per coin, net of fees.',
      );
    }
    const { why, priceKrw, priceUsdt, ...wish } = parsed.output;
    const { userId, coin } = wish;
    const prices = { priceKrw: Decimal.of(priceKrw), priceUsdt: Decimal.of(priceUsdt) };
    const settled = await trading.settle({ ...wish, ...prices });
    if (!settled) return problem(409, "Conflict", "This scheduler does not trade: ask the one that does.");
    if ("why" in settled) {
      return settled.outcome === "no-position"
        ? problem(404, "Not found", settled.why)
        : problem(409, "Conflict", settled.why);
    }
    const { outcome } = settled;
    log.warn("a position is settled by hand", { userId, coin, priceKrw, priceUsdt, why, outcome });
    // The intent has the prices in any case; this says why.
    await audit
      .add({
        ...{ atMs: clock.nowMs(), actor: "operator", userId, action: "position.settled", subject: coin },
        detail: { priceKrw, priceUsdt, why },
      })
      .catch((error) => log.warn("not kept in the audit trail", { action: "position.settled", error }));
    return { userId, coin, outcome };
  }

  return new Elysia()
    .get("/trading", () => tradingView({ trading, clock }))
    .post("/trading/entries-off", ({ body }) => setEntries(body, true))
    .post("/trading/entries-on", ({ body }) => setEntries(body, false))
    .post("/trading/halt", ({ body }) => setHalt(body, true))
    .post("/trading/resume", ({ body }) => setHalt(body, false))
    .post("/trading/settle", ({ body }) => settle(body))
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
