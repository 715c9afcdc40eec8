// The scheduler as its control port shows it, read whole for `status` and `doctor`. Answers are checked: the two may be of
// different versions.

import * as v from "valibot";
import type { ControlClient } from "./client.ts";

const link = v.object({ up: v.boolean(), detail: v.string() });
const healthSchema = v.object({
  healthy: v.boolean(),
  ticking: v.boolean(),
  tickAgeMs: v.optional(v.number()),
  uptimeMs: v.number(),
  links: v.object({ bus: link, database: link, redis: v.optional(link) }),
  disks: v.optional(
    v.array(v.object({ folder: v.string(), freeBytes: v.number(), sizeBytes: v.number() })),
    [],
  ),
});
const ticksSchema = v.object({
  paused: v.boolean(),
  periodMs: v.number(),
  lastClosed: v.optional(
    v.object({
      tickAtMs: v.number(),
      closedAtMs: v.number(),
      rowCount: v.number(),
      missing: v.array(v.string()),
    }),
  ),
  counters: v.looseObject({ issued: v.number(), incomplete: v.number(), skipped: v.number() }),
  nullsByReason: v.record(v.string(), v.number()),
  reference: v.nullish(v.object({ priceKrw: v.number(), atMs: v.number() })),
});
const workersSchema = v.object({
  workers: v.array(
    v.object({ id: v.string(), sourceAddress: v.string(), silentMs: v.number(), taskCount: v.number() }),
  ),
});
const venuesSchema = v.object({
  coins: v.number(),
  lists: v.record(
    v.string(),
    v.object({ count: v.number(), refreshedAtMs: v.number(), failing: v.boolean() }),
  ),
  budgets: v.record(
    v.string(),
    v.object({
      ...{ allowed: v.number(), used: v.number(), holdMs: v.number(), banMs: v.number() },
      strictness: v.number(),
    }),
  ),
});
const tradingSchema = v.object({
  mode: v.string(),
  role: v.string(),
  traders: v.number(),
  running: v.number(),
  incidents: v.number(),
  positions: v.array(v.looseObject({ userId: v.number(), coin: v.string(), pair: v.string() })),
  switches: v.array(
    v.object({
      scope: v.string(),
      subject: v.string(),
      entriesOff: v.boolean(),
      halted: v.boolean(),
      why: v.string(),
      by: v.string(),
      atMs: v.number(),
    }),
  ),
});
export const incidentsSchema = v.object({
  incidents: v.array(
    v.looseObject({
      incidentId: v.number(),
      userId: v.number(),
      kind: v.string(),
      coin: v.string(),
      detail: v.string(),
      openedAtMs: v.number(),
    }),
  ),
});

const seenSchema = v.object({
  health: healthSchema,
  ticks: ticksSchema,
  workers: workersSchema,
  venues: venuesSchema,
  trading: tradingSchema,
  incidents: incidentsSchema,
});
export type Seen = v.InferOutput<typeof seenSchema>;

const NAMES = ["health", "ticks", "workers", "venues", "trading", "incidents"] as const;
const LOOK_MS = 5_000;

/** Rejects with CommandFault when the port does not answer, with ValiError when it says something else. */
export async function look(client: ControlClient): Promise<Seen> {
  const answers = await Promise.all(
    NAMES.map(async (name) => [name, await client.ask("GET", `/${name}`, undefined, LOOK_MS)] as const),
  );
  return v.parse(seenSchema, Object.fromEntries(answers));
}
