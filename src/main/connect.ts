// Settings to adapters, where more than one binary needs the same.

import { randomUUID } from "node:crypto";
import { connectNats, type NatsBus } from "../adapters/bus/nats.ts";
import { systemClock } from "../adapters/clock.ts";
import { createLog } from "../adapters/telemetry/log.ts";
import type { VenueUrls } from "../adapters/venue/http.ts";
import { Governor, type GovernorOptions } from "../adapters/venue/rate-governor.ts";
import type { SchedulerSettings, WorkerSettings } from "../config.ts";
import type { Log } from "../ports/telemetry.ts";
import { VERSION } from "../version.ts";

type BusSettings = Pick<
  WorkerSettings,
  "NATS_URL" | "NATS_CA_FILE" | "NATS_USER" | "NATS_PASSWORD" | "NATS_TOKEN"
>;

export function busAddressOf({ NATS_URL, NATS_CA_FILE }: Pick<BusSettings, "NATS_URL" | "NATS_CA_FILE">) {
  return { url: NATS_URL, caFile: NATS_CA_FILE };
}

/** Waits for the bus as long as it takes, or `withinMs`. */
export async function busOf(
  settings: BusSettings,
  name: string,
  log: Log,
  limits: { signal?: AbortSignal; withinMs?: number } = {},
): Promise<NatsBus> {
  const { NATS_URL, NATS_CA_FILE, NATS_USER, NATS_PASSWORD, NATS_TOKEN } = settings;
  return await connectNats({
    url: NATS_URL,
    ...(NATS_CA_FILE ? { tls: { caFile: NATS_CA_FILE } } : {}),
    ...(NATS_USER ? { user: NATS_USER } : {}),
    ...(NATS_PASSWORD ? { password: NATS_PASSWORD } : {}),
    ...(NATS_TOKEN ? { token: NATS_TOKEN } : {}),
    name,
    log,
    clock: systemClock,
    ...(limits.withinMs === undefined ? {} : { connectWithinMs: limits.withinMs }),
    ...(limits.signal ? { signal: limits.signal } : {}),
  });
}

export type DatabaseSettings = Pick<SchedulerSettings, "DATABASE_URL" | "DATABASE_CA_FILE">;

/** What PostgreSQL's adapters are opened with. */
export function postgresOf({ DATABASE_URL, DATABASE_CA_FILE }: DatabaseSettings) {
  return { url: DATABASE_URL, ...(DATABASE_CA_FILE ? { caFile: DATABASE_CA_FILE } : {}) };
}

export function venueUrlsOf(
  settings: Pick<WorkerSettings, "UPBIT_URL" | "BITHUMB_URL" | "BYBIT_URL" | "BINANCE_URL">,
): VenueUrls {
  const { UPBIT_URL, BITHUMB_URL, BYBIT_URL, BINANCE_URL } = settings;
  return { upbit: UPBIT_URL, bithumb: BITHUMB_URL, bybit: BYBIT_URL, binance: BINANCE_URL };
}

const HELLO_MS = 1_000;

/** A governor that has yet to say hello. */
export function newGovernor(
  settings: Pick<WorkerSettings, "SOURCE_ADDRESS" | "RATE_GOVERNOR">,
  bus: NatsBus,
  log: Log,
  self: { id: string; role: GovernorOptions["role"] },
): Governor {
  const governor = new Governor({
    ...self,
    // One life of one process: two under one name would each take the other for itself, and a restarted one's
    // spending would be forgotten in favour of its successor's.
    id: `${self.id.slice(0, 60)}.${randomUUID()}`,
    sourceAddress: settings.SOURCE_ADDRESS,
    version: VERSION,
    clock: systemClock,
    log,
    announcements: bus.announcements,
    linkUp: () => bus.state().up,
    helloMs: HELLO_MS,
    enabled: settings.RATE_GOVERNOR,
  });
  if (!settings.RATE_GOVERNOR)
    log.warn("the rate governor is off: venues will refuse and then ban this address");
  return governor;
}

/** A governor that has said hello and heard the others behind its address. */
export async function governorOf(...args: Parameters<typeof newGovernor>): Promise<Governor> {
  const governor = newGovernor(...args);
  await governor.start();
  return governor;
}

/** A log that says nothing, for --check, whose own lines say it all. */
export const quietLog: Log = createLog({
  level: "error",
  format: "json",
  process: "check",
  nowMs: systemClock.nowMs,
  write: () => undefined,
});
