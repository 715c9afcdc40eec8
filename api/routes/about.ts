// What this server says of itself to whoever can reach it: what is simulated, and what it has beside the rates.

import { Hono } from "hono";
import * as v from "valibot";
import { CORS_HEADERS } from "../problem.ts";
import { noQuery } from "../query.ts";
import { whole } from "../whole.ts";

export const ABOUT_PATH = "/api/about";

export const aboutSchema = v.object({
  version: v.string(),
  simulated: v.pipe(v.boolean(), v.description("The market is made up, and the money with it.")),
  tickIntervalMs: whole,
  trading: v.pipe(v.boolean(), v.description("Whether /api/trading is served.")),
  charts: v.pipe(v.boolean(), v.description("Whether coins, rates of the past and candles are served.")),
  accounts: v.optional(
    v.pipe(
      v.object({ mode: v.picklist(["paper", "live"]), signUp: v.boolean() }),
      v.description("Left out: nobody can log in."),
    ),
  ),
});
export type About = v.InferOutput<typeof aboutSchema>;

export function aboutRoutes(about: About) {
  return new Hono().get(ABOUT_PATH, noQuery, (c) =>
    c.json(about, 200, { ...CORS_HEADERS, "Cache-Control": "no-cache" }),
  );
}
