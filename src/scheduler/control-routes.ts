// Every route of the operator's port in one table, of which the OpenAPI document is made. A test holds
// it against the routes there are.

import { toJsonSchema } from "@valibot/to-json-schema";
import type * as v from "valibot";
import { CLOSING, FORCE, HALT, LOG_LEVEL, SWITCH } from "./control-bodies.ts";

interface ControlRoute {
  readonly method: "GET" | "POST" | "PUT";
  /** As Elysia has it: parameters begin with a colon. */
  readonly path: string;
  readonly about: string;
  readonly body?: v.GenericSchema;
  /** Left out: JSON. */
  readonly answers?: "text/plain" | "text/html";
  /** Answered without the token. */
  readonly isOpen?: true;
}

const get = (path: string, about: string): ControlRoute => ({ method: "GET", path, about });
const post = (path: string, about: string, body?: v.GenericSchema): ControlRoute => {
  return { method: "POST", path, about, ...(body && { body }) };
};

export const CONTROL_ROUTES: readonly ControlRoute[] = [
  { ...get("/", "The operator's page."), answers: "text/html", isOpen: true },
  get("/openapi.json", "This table as an OpenAPI document."),
  get(
    "/health",
    "200 while ticks are issued and the bus is there, else 503; the links in words, and the disks.",
  ),
  { ...get("/metrics", "What Prometheus scrapes."), answers: "text/plain" },
  get(
    "/overview",
    "What the page shows: all that is below in one answer, and who announces itself on the bus.",
  ),
  get("/ticks", "The open and the last closed tick, counters, nulls by reason, frames, the reference price."),
  get("/workers", "Workers heard lately, and for how long each has been silent."),
  get("/venues", "Lists of instruments, coins, the cost of a tick, what is left of the budgets."),
  get("/quarantine", "Rates and identities that are not believed, with the reason."),
  post("/ticks/pause", "No new ticks; what clients see ages."),
  post("/ticks/resume", "Ticks go on at the next beat."),
  post("/instruments/refresh", "Asks every venue for its lists now."),
  get("/trading", "What trading is doing: role, positions, switches, incidents."),
  post("/trading/entries-off", "No new entries: everywhere, of a user or of a coin. Exits go on.", SWITCH),
  post("/trading/entries-on", "Takes that back.", SWITCH),
  post(
    "/trading/halt",
    "No new entries and no exits at targets; forced ones still start, what runs ends.",
    HALT,
  ),
  post("/trading/resume", "Takes the halt back; entries stay as they were switched.", HALT),
  post("/trading/force", "Has a position left at any rate.", FORCE),
  post("/trading/reconcile", "Compares every position and open order with the venues now."),
  post("/trading/drain", "Begins nothing more, lets what runs end and hands over to a standby for good."),
  get("/incidents", "What needs somebody; of each user with one open nothing is entered."),
  post("/incidents/:id/close", "It has been looked into: that user's entries go on.", CLOSING),
  get("/audit", "The newest changes to keys, strategies, switches and the like; ?user= of one user."),
  get("/log-level", "How much is logged."),
  { method: "PUT", path: "/log-level", about: "Changes that until the next start.", body: LOG_LEVEL },
];

export const routeNames = () => CONTROL_ROUTES.map(({ method, path }) => `${method} ${path}`);

/** An OpenAPI 3.1 document of the port. */
export function controlDocument(version: string): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const { method, path, about, body, answers, isOpen } of CONTROL_ROUTES) {
    const names = [...path.matchAll(/:(\w+)/g)].map(([, name]) => name!);
    const operation = {
      summary: about,
      ...(isOpen && { security: [] }),
      parameters: names.map((name) => {
        return { name, in: "path", required: true, schema: { type: "integer", minimum: 1 } };
      }),
      ...(body && {
        requestBody: { content: { "application/json": { schema: schemaOf(body) } } },
      }),
      responses: {
        200: {
          description: "As asked.",
          content: answers
            ? { [answers]: { schema: { type: "string" } } }
            : { "application/json": { schema: { type: "object" } } },
        },
        default: {
          description: "Refused or failed, with the reason.",
          content: { "application/problem+json": { schema: PROBLEM } },
        },
      },
    };
    const key = path.replaceAll(/:(\w+)/g, "{$1}");
    paths[key] = { ...paths[key], [method.toLowerCase()]: operation };
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "SchedulerX control port",
      version,
      description: "For the operator of one scheduler. Keep it on a private address.",
    },
    security: [{ operator: [] }],
    components: { securitySchemes: { operator: { type: "http", scheme: "bearer" } } },
    paths,
  };
}

const PROBLEM = {
  type: "object",
  required: ["status", "title", "detail"],
  properties: {
    type: { type: "string" },
    status: { type: "integer" },
    title: { type: "string" },
    detail: { type: "string", description: "What was expected, and what to do." },
  },
};

function schemaOf(schema: v.GenericSchema): object {
  const { $schema: _, ...rest } = toJsonSchema(schema, { errorMode: "ignore", typeMode: "input" });
  return rest;
}
