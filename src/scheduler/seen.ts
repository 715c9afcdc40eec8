// The scheduler as its control port shows it, for `status`, `doctor` and the operator's page, and for the port's OpenAPI
// document. Answers are checked: those who ask may be of another version.

import * as v from "valibot";
import { VENUES } from "../../schema/vocabulary.ts";

const rows = <S extends v.GenericSchema>(row: S) => v.pipe(v.array(row), v.readonly());
const counts = v.record(v.string(), v.number());
const byVenue = v.object(v.entriesFromList(VENUES, v.number()));

const link = v.object({
  up: v.boolean(),
  detail: v.string(),
  /** The same by code, with what belongs to it. */
  said: v.optional(v.looseObject({ code: v.string() })),
});
export const healthSchema = v.object({
  healthy: v.boolean(),
  ticking: v.boolean(),
  tickAgeMs: v.optional(v.number()),
  uptimeMs: v.number(),
  links: v.object({ bus: link, database: link, redis: v.optional(link) }),
  /** Undefined without TLS. */
  busCertificateEndAtMs: v.optional(v.number()),
  disks: v.optional(rows(v.object({ folder: v.string(), freeBytes: v.number(), sizeBytes: v.number() })), []),
});
export const ticksSchema = v.object({
  paused: v.boolean(),
  periodMs: v.number(),
  open: v.optional(
    v.object({ tickAtMs: v.number(), deadlineAtMs: v.number(), rows: v.number(), due: v.number() }),
  ),
  lastClosed: v.optional(
    v.object({
      tickAtMs: v.number(),
      closedAtMs: v.number(),
      rowCount: v.number(),
      missing: rows(v.string()),
    }),
  ),
  counters: v.looseObject({ issued: v.number(), incomplete: v.number(), skipped: v.number() }),
  /** Since the start. */
  nullsByReason: counts,
  reference: v.nullish(v.object({ priceKrw: v.number(), atMs: v.number() })),
});
export const workersSchema = v.object({
  workers: rows(
    v.object({ id: v.string(), sourceAddress: v.string(), silentMs: v.number(), taskCount: v.number() }),
  ),
});
export const listsSchema = v.record(
  v.string(),
  v.object({ count: v.number(), refreshedAtMs: v.number(), failing: v.boolean() }),
);
export const venuesSchema = v.object({
  coins: v.number(),
  lists: listsSchema,
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
export const tradingSchema = v.object({
  mode: v.string(),
  role: v.string(),
  traders: v.number(),
  running: v.number(),
  incidents: v.number(),
  /** Null while another scheduler trades, or none. */
  figures: v.nullish(figuresSchema),
  positions: rows(
    v.object({
      ...{ userId: v.number(), strategyId: v.number(), coin: v.string(), pair: v.string() },
      ...{ leverage: v.number(), openedAtMs: v.number() },
      /** Exact, as text. */
      ...{ qtyCoin: v.string(), spentKrw: v.string(), receivedUsdt: v.string() },
    }),
  ),
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
export const quarantineSchema = v.object({
  rates: rows(
    v.object({
      coin: v.string(),
      pair: v.string(),
      sinceAtMs: v.number(),
      rateKrwPerUsdt: v.number(),
    }),
  ),
  /** Why no price confirms a symbol's identity, by venue and symbol: what its price implies, and the median of all. */
  identities: v.record(
    v.string(),
    v.record(v.string(), v.object({ rateKrwPerUsdt: v.number(), medianKrwPerUsdt: v.number() })),
  ),
});
export const auditSchema = v.object({
  events: rows(
    v.object({
      atMs: v.number(),
      actor: v.string(),
      userId: v.nullish(v.number()),
      action: v.string(),
      subject: v.string(),
      detail: v.record(v.string(), v.nullable(v.union([v.string(), v.number(), v.boolean()]))),
    }),
  ),
});
const processSchema = v.object({
  name: v.string(),
  role: v.string(),
  sourceAddress: v.string(),
  version: v.string(),
  /** Of what the venue allows the address, what counts there now. */
  spent: byVenue,
  banMs: byVenue,
  silentMs: v.number(),
});

/** The part of `GET /overview` that is gone by; of positions and incidents it has the first hundred. */
export const seenSchema = v.object({
  health: healthSchema,
  ticks: ticksSchema,
  workers: workersSchema,
  venues: venuesSchema,
  trading: v.object({ ...tradingSchema.entries, positionCount: v.number() }),
  incidents: v.object({ ...incidentsSchema.entries, incidentCount: v.number() }),
  /** Pairs of coins by why they have no rate now; "none": they have one. */
  rates: counts,
  processes: rows(processSchema),
});
export type Seen = v.InferOutput<typeof seenSchema>;
export type SeenProcesses = Seen["processes"];
