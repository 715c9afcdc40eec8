// The operator's part beyond rates and trades: the beat, incidents, comparing with the venues, handing over, the trail of changes,
// how much is logged.

import { Elysia } from "elysia";
import * as v from "valibot";
import type { AuditStore } from "../ports/audit.ts";
import type { Clock } from "../ports/clock.ts";
import type { Log, LogLevelSwitch } from "../ports/telemetry.ts";
import type { TradingEngine } from "../trading/engine.ts";
import { CLOSING, LOG_LEVEL } from "./control-bodies.ts";
import type { Scheduler } from "./run.ts";

export interface OperationControlDeps {
  readonly scheduler: Pick<Scheduler, "ticks">;
  readonly trading: TradingEngine;
  readonly audit: AuditStore;
  readonly logLevel: LogLevelSwitch;
  readonly clock: Clock;
  readonly log: Log;
  readonly problem: (status: number, title: string, detail: string) => Response;
}

const AUDIT_ROWS = 100;
const ID = v.pipe(v.string(), v.regex(/^\d{1,9}$/), v.transform(Number));

export function operationControl(deps: OperationControlDeps) {
  const { scheduler, trading, audit, logLevel, clock, log, problem } = deps;
  /** Of what is no row itself: done all the same when the store is away. */
  const note = (action: string, detail: Record<string, string> = {}) =>
    audit
      .add({ atMs: clock.nowMs(), actor: "operator", userId: undefined, action, subject: "", detail })
      .catch((error) => log.warn("not kept in the audit trail", { action, error }));

  const pause = async (paused: boolean) => {
    const [action, event] = paused
      ? ["ticks.paused", "ticks paused by the operator"]
      : ["ticks.resumed", "ticks resumed by the operator"];
    scheduler.ticks.paused = paused;
    log.warn(event);
    await note(action);
    return { paused };
  };

  return new Elysia()
    .post("/ticks/pause", () => pause(true))
    .post("/ticks/resume", () => pause(false))
    .get("/incidents", async () => ({ incidents: await trading.incidents() }))
    .post("/incidents/:id/close", async ({ params, body }) => {
      const id = v.safeParse(ID, params.id);
      const closing = v.safeParse(CLOSING, body ?? {});
      if (!id.success || !closing.success) {
        return problem(400, "Bad request", 'Expected an incident\'s number, and perhaps {"note":"..."}.');
      }
      if (!(await trading.closeIncident(id.output, "operator", closing.output.note))) {
        return problem(
          404,
          "Not found",
          `No incident ${id.output} is open; GET /incidents, or the command incidents, lists them.`,
        );
      }
      log.warn("an incident is closed by the operator", { incidentId: id.output });
      return { incidentId: id.output, closed: true };
    })
    .post("/trading/reconcile", async () => {
      const looked = await trading.reconcile();
      if (!looked) return problem(409, "Conflict", "This scheduler does not trade: ask the one that does.");
      return { ...looked, incidents: await trading.incidents() };
    })
    .post("/trading/drain", async () => {
      await note("scheduler.drained");
      await trading.drain();
      return { drained: true };
    })
    .get("/audit", async ({ query }) => {
      const user = v.safeParse(v.optional(ID), query.user);
      if (!user.success) return problem(400, "Bad request", "Expected ?user= a user's number, or nothing.");
      return { events: await audit.read(user.output, AUDIT_ROWS) };
    })
    .get("/log-level", () => ({ level: logLevel.level }))
    .put("/log-level", async ({ body }) => {
      const parsed = v.safeParse(LOG_LEVEL, body);
      if (!parsed.success)
        return problem(400, "Bad request", 'Expected {"level": "debug"}, info, warn or error.');
      logLevel.level = parsed.output.level;
      await note("log-level.set", { level: logLevel.level });
      return { level: logLevel.level };
    });
}
