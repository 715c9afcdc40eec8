// Whether the process lives, and whether it has anything fresh to say. For load balancers and people.

import { Hono } from "hono";
import * as v from "valibot";
import type { ApiDeps, ApiSettings } from "../settings.ts";
import type { Streams } from "../streams.ts";

/** Frames older than this many periods are not fresh: one tick may be lost, two may not. */
const PERIODS_MAX = 2.5;

export const liveSchema = v.object({ status: v.literal("live") });
export const readySchema = v.object({
  status: v.picklist(["ready", "not ready"]),
  reasons: v.pipe(v.array(v.string()), v.description("Why not, in words; empty when ready.")),
  feed: v.string(),
  frameAgeMs: v.nullable(v.number()),
  rows: v.number(),
  streams: v.object({ clients: v.number(), plainKarbitClients: v.number(), forms: v.number() }),
});
export type Readiness = v.InferOutput<typeof readySchema>;

/** The state of the feed and of the newest frame. Ages are ms. */
export function readiness(deps: ApiDeps, settings: ApiSettings, streams: Streams): Readiness {
  const { up, detail, frameAgeMs, rowCount } = deps.live.state();
  const ageMsMax = settings.periodMs * PERIODS_MAX;
  const reasons: string[] = [];
  if (!up) reasons.push(`the feed is down: ${detail}`);
  if (frameAgeMs === undefined) reasons.push("no frame has arrived yet");
  else if (frameAgeMs > ageMsMax) {
    reasons.push(
      `expected a frame of the last ${ageMsMax / 1000} s, the newest is ${frameAgeMs / 1000} s old`,
    );
  }
  return {
    status: reasons.length === 0 ? "ready" : "not ready",
    reasons,
    feed: detail,
    frameAgeMs: frameAgeMs ?? null,
    rows: rowCount,
    streams: streams.counts(),
  };
}

export function healthRoutes(deps: ApiDeps, settings: ApiSettings, streams: Streams) {
  const noStore = { "Cache-Control": "no-store" };
  return new Hono()
    .get("/health/live", (c) => c.json({ status: "live" } as const, 200, noStore))
    .get("/health/ready", (c) => {
      const state = readiness(deps, settings, streams);
      return c.json(state, state.status === "ready" ? 200 : 503, noStore);
    });
}
