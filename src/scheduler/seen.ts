// The scheduler as its control port shows it, for `status`, `doctor` and the operator's page. Answers are checked: those
// who ask may be of another version.

import * as v from "valibot";

const rows = <S extends v.GenericSchema>(row: S) => v.pipe(v.array(row), v.readonly());

const link = v.object({ up: v.boolean(), detail: v.string() });
const healthSchema = v.object({
  healthy: v.boolean(),
  ticking: v.boolean(),
  tickAgeMs: v.optional(v.number()),
  uptimeMs: v.number(),
  links: v.object({ bus: link, database: link, redis: v.optional(link) }),
  disks: v.optional(rows(v.object({ folder: v.string(), freeBytes: v.number(), sizeBytes: v.number() })), []),
});
const ticksSchema = v.object({
  paused: v.boolean(),
  periodMs: v.number(),
  lastClosed: v.optional(
    v.object({
      tickAtMs: v.number(),
      closedAtMs: v.number(),
      rowCount: v.number(),
      missing: rows(v.string()),
    }),
  ),
  counters: v.looseObject({ issued: v.number(), incomplete: v.number(), skipped: v.number() }),
  nullsByReason: v.record(v.string(), v.number()),
  reference: v.nullish(v.object({ priceKrw: v.number(), atMs: v.number() })),
});
const workersSchema = v.object({
  workers: rows(
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
const figuresSchema = v.object({
  unhedgedKrw: v.string(),
  unhedgedOldestMs: v.number(),
  intents: rows(v.object({ kind: v.string(), state: v.string(), count: v.number() })),
});
const tradingSchema = v.object({
  mode: v.string(),
  role: v.string(),
  traders: v.number(),
  running: v.number(),
  incidents: v.number(),
  /** Null while another scheduler trades, or none. */
  figures: v.nullish(figuresSchema),
  positions: rows(v.looseObject({ userId: v.number(), coin: v.string(), pair: v.string() })),
  switches: rows(
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
  incidents: rows(
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

export const seenSchema = v.object({
  health: healthSchema,
  ticks: ticksSchema,
  workers: workersSchema,
  venues: venuesSchema,
  trading: tradingSchema,
  incidents: incidentsSchema,
});
export type Seen = v.InferOutput<typeof seenSchema>;
