// The operator's port on the scheduler: what it is doing, pause and resume, and a page for all of it. Elysia, behind one
// bearer token, on a private address. The page alone is given to whoever asks, and has nothing in it: what it shows it asks
// for with the token the operator types. Answers are JSON; errors are problem documents without stacks.

import { Elysia } from "elysia";
import { sameText } from "../domain/same-text.ts";
import type { AuditStore } from "../ports/audit.ts";
import type { Log } from "../ports/telemetry.ts";
import { PAGE_POLICY } from "../web/bundled-page.ts";
import { operationControl } from "./control-operation.ts";
import { controlDocument } from "./control-routes.ts";
import { tradingControl } from "./control-trading.ts";
import { healthView, quarantineView, ticksView, venuesView, workersView } from "./control-views.ts";
import { createOverview, type OverviewDeps } from "./overview.ts";

export interface ControlDeps extends OverviewDeps {
  readonly log: Log;
  readonly audit: AuditStore;
  readonly token: string;
  /** For Prometheus, in its own words. */
  readonly metrics: () => { readonly text: string; readonly contentType: string };
  /** The page's HTML. */
  readonly page: () => Promise<string>;
}

const HEADERS: Readonly<Record<string, string>> = {
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  "cache-control": "no-store",
};

function problem(status: number, title: string, detail: string): Response {
  return new Response(JSON.stringify({ type: "about:blank", status, title, detail }), {
    status,
    headers: { ...HEADERS, "content-type": "application/problem+json" },
  });
}

export function createControl(deps: ControlDeps) {
  const { scheduler, log } = deps;
  const overview = createOverview(deps);
  return (
    new Elysia()
      .onError(({ code, error }) => {
        if (code === "NOT_FOUND") return problem(404, "Not found", "GET /openapi.json lists what there is.");
        if (code === "VALIDATION" || code === "PARSE")
          return problem(400, "Bad request", "The request is malformed.");
        log.error("control request failed", { error });
        return problem(500, "Internal error", "The scheduler's log says more.");
      })
      .onRequest(({ set }) => {
        Object.assign(set.headers, HEADERS);
      })
      // Before the token is asked for: it is typed there.
      .get(
        "/",
        async () =>
          new Response(await deps.page(), {
            headers: {
              ...HEADERS,
              "content-type": "text/html; charset=utf-8",
              "content-security-policy": PAGE_POLICY,
            },
          }),
      )
      .onBeforeHandle(({ request }) => {
        const given = request.headers.get("authorization") ?? "";
        if (!sameText(given, `Bearer ${deps.token}`)) {
          return problem(401, "Unauthorized", "Send the operator token: Authorization: Bearer ...");
        }
      })
      .onAfterHandle(({ request }) => {
        if (request.method !== "GET") overview.forget();
      })
      .use(tradingControl({ trading: deps.trading, audit: deps.audit, clock: deps.clock, log, problem }))
      .use(operationControl({ ...deps, problem }))
      .get("/openapi.json", () => controlDocument(deps.version))
      .get("/metrics", () => {
        const { text, contentType } = deps.metrics();
        return new Response(text, { headers: { "content-type": contentType } });
      })
      .get("/health", ({ set }) => {
        const health = healthView(deps);
        set.status = health.healthy ? 200 : 503;
        return health;
      })
      .get("/overview", () => overview.read())
      .get("/ticks", () => ticksView(deps))
      .get("/workers", () => workersView(deps))
      .get("/venues", () => venuesView(deps))
      .get("/quarantine", () => quarantineView(deps))
      .post("/instruments/refresh", async () => {
        await scheduler.refreshInstruments();
        return { lists: scheduler.instruments.state() };
      })
  );
}
