// Every route of the operator's port in one table, of which the OpenAPI document is made. A test holds
// it against the routes there are.

import { toJsonSchema } from "@valibot/to-json-schema";
import * as v from "valibot";
import { CLOSING, FORCE, HALT, LOG_LEVEL, SETTLE, SWITCH } from "./control-bodies.ts";
import {
  auditSchema,
  healthSchema,
  incidentsSchema,
  listsSchema,
  quarantineSchema,
  seenSchema,
  ticksSchema,
  tradingSchema,
  venuesSchema,
  workersSchema,
} from "./seen.ts";

interface ControlRoute {
  readonly method: "GET" | "POST" | "PUT";
  /** As Elysia has it: parameters begin with a colon. */
  readonly path: string;
  readonly about: string;
  readonly body?: v.GenericSchema;
  readonly query?: Readonly<Record<string, { readonly about: string; readonly schema: object }>>;
  /** A schema: JSON. */
  readonly answers: v.GenericSchema | "text/plain" | "text/html";
  /** Answered without the token. */
  readonly isOpen?: true;
}

type Answers = ControlRoute["answers"];
const get = (path: string, about: string, answers: Answers): ControlRoute => {
  return { method: "GET", path, about, answers };
};
const post = (path: string, about: string, answers: Answers, body?: v.GenericSchema): ControlRoute => {
  return { method: "POST", path, about, answers, ...(body && { body }) };
};

const entriesSet = v.object({ scope: v.string(), subject: v.string(), entriesOff: v.boolean() });
const haltSet = v.object({ halted: v.boolean(), entriesOff: v.boolean() });
const pauseSet = v.object({ paused: v.boolean() });
const USER_QUERY = { user: { about: "Of this user alone.", schema: { type: "integer", minimum: 0 } } };

export const CONTROL_ROUTES: readonly ControlRoute[] = [
  { ...get("/", "The operator's page.", "text/html"), isOpen: true },
  get("/openapi.json", "This table as an OpenAPI document.", v.looseObject({ openapi: v.string() })),
  get(
    "/health",
    "200 while ticks are issued and the bus is there, else 503; the links in words, and the disks.",
    healthSchema,
  ),
  get("/metrics", "What Prometheus scrapes.", "text/plain"),
  get(
    "/overview",
    "What the page shows: all that is below in one answer, and who announces itself on the bus.",
    seenSchema,
  ),
  get(
    "/ticks",
    "The open and the last closed tick, counters, nulls by reason, frames, the reference price.",
    ticksSchema,
  ),
  get("/workers", "Workers heard lately, and for how long each has been silent.", workersSchema),
  get(
    "/venues",
    "Lists of instruments, coins, the cost of a tick, what is left of the scheduler's budgets.",
    venuesSchema,
  ),
  get("/quarantine", "Rates and identities that are not believed, with the reason.", quarantineSchema),
  post("/ticks/pause", "No new ticks; what clients see ages.", pauseSet),
  post("/ticks/resume", "Ticks go on at the next beat.", pauseSet),
  post("/instruments/refresh", "Asks every venue for its lists now.", v.object({ lists: listsSchema })),
  get("/trading", "What trading is doing: role, positions, switches, incidents.", tradingSchema),
  post(
    "/trading/entries-off",
    "No new entries: everywhere, of a user or of a coin. Exits go on.",
    entriesSet,
    SWITCH,
  ),
  post("/trading/entries-on", "Takes that back.", entriesSet, SWITCH),
  post(
    "/trading/halt",
    "No new entries and no exits at targets; forced ones still start, what runs ends.",
    haltSet,
    HALT,
  ),
  post("/trading/resume", "Takes the halt back; entries stay as they were switched.", haltSet, HALT),
  post(
    "/trading/force",
    "Has a position left at any rate.",
    v.object({ userId: v.number(), coin: v.string(), outcome: v.string() }),
    FORCE,
  ),
  post(
    "/trading/settle",
    "Records what its user got for a position that he closed at the venues, its market being gone. Sends nothing.",
    v.object({ userId: v.number(), coin: v.string(), outcome: v.picklist(["settled", "running"]) }),
    SETTLE,
  ),
  post(
    "/trading/reconcile",
    "Compares every position and open order with the venues now.",
    v.object({ positions: v.number(), ...incidentsSchema.entries }),
  ),
  post(
    "/trading/drain",
    "Begins nothing more, lets what runs end and hands over to a standby for good.",
    v.object({ drained: v.boolean() }),
  ),
  get("/incidents", "What needs somebody; of each user with one open nothing is entered.", incidentsSchema),
  post(
    "/incidents/:id/close",
    "It has been looked into: that user's entries go on.",
    v.object({ incidentId: v.number(), closed: v.boolean() }),
    CLOSING,
  ),
  {
    ...get("/audit", "The newest 100 changes to keys, strategies, switches and the like.", auditSchema),
    query: USER_QUERY,
  },
  get("/log-level", "How much is logged.", LOG_LEVEL),
  {
    ...{ method: "PUT", path: "/log-level", about: "Changes that until the next start." },
    ...{ body: LOG_LEVEL, answers: LOG_LEVEL },
  },
];

export const routeNames = () => CONTROL_ROUTES.map(({ method, path }) => `${method} ${path}`);

/** An OpenAPI 3.1 document of the port. */
export function controlDocument(version: string): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const { method, path, about, body, query = {}, answers, isOpen } of CONTROL_ROUTES) {
    const names = [...path.matchAll(/:(\w+)/g)].map(([, name]) => name!);
    const content =
      typeof answers === "string"
        ? { [answers]: { schema: { type: "string" } } }
        : { "application/json": { schema: schemaOf(answers, "output") } };
    const operation = {
      summary: about,
      ...(isOpen && { security: [] }),
      parameters: [
        ...names.map((name) => {
          return { name, in: "path", required: true, schema: { type: "integer", minimum: 1 } };
        }),
        ...Object.entries(query).map(([name, { about: description, schema }]) => {
          return { name, in: "query", required: false, description, schema };
        }),
      ],
      ...(body && {
        requestBody: { content: { "application/json": { schema: schemaOf(body, "input") } } },
      }),
      responses: {
        200: { description: "As asked.", content },
        // An answer, not a refusal: the same, of a scheduler that is ill.
        ...(path === "/health" && { 503: { description: "Ill.", content } }),
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

function schemaOf(schema: v.GenericSchema, typeMode: "input" | "output"): object {
  const { $schema: _, ...rest } = toJsonSchema(schema, { errorMode: "ignore", typeMode });
  return rest;
}
