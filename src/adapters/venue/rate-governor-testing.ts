// Governors of several processes on a manual clock, the bus they announce themselves on, and the address they share.

import { VENUES, type Venue } from "../../../schema/vocabulary.ts";
import { VENUE_LIMITS } from "../../domain/venue-limits.ts";
import type { Announcements } from "../../ports/bus.ts";
import type { VenueCosts } from "../../ports/rate-governor.ts";
import { RollingWindow } from "../../simulator/limits.ts";
import type { ManualClock } from "../../testing/manual-clock.ts";
import { createLog } from "../telemetry/log.ts";
import type { ProcessRole } from "./budget-shares.ts";
import { Governor } from "./rate-governor.ts";

export const silent = createLog({
  level: "error",
  format: "json",
  process: "test",
  nowMs: () => 0,
  write: () => {},
});

/** Announcements among governors of one test, delivered after a few milliseconds of manual time. */
export class Ether implements Announcements {
  readonly #listeners = new Set<(bytes: Uint8Array) => void>();
  readonly #muted = new Set<string>();
  up = true;
  constructor(
    private readonly clock: ManualClock,
    private readonly delayMs = 3,
  ) {}
  /** From now on nobody hears this one any more, as after a kill. */
  mute(id: string): void {
    this.#muted.add(id);
  }
  announce(_topic: string, bytes: Uint8Array): void {
    if (!this.up || this.#muted.has(JSON.parse(new TextDecoder().decode(bytes)).id)) return;
    void this.clock.sleep(this.delayMs).then(() => {
      for (const listener of this.#listeners) listener(bytes);
    });
  }
  async listen(_topic: string, onMessage: (bytes: Uint8Array) => void): Promise<() => Promise<void>> {
    this.#listeners.add(onMessage);
    return async () => void this.#listeners.delete(onMessage);
  }
}

/** Deterministic pseudo-random numbers from 0 to 1. */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

export const TASK_COSTS: VenueCosts = { upbit: 1, bithumb: 4, bybit: 4, binance: 11 };

export class Address {
  readonly windows = new Map<Venue, RollingWindow>();
  refused = 0;
  readonly served = new Map<Venue, number>();
  constructor(
    private readonly clock: ManualClock,
    private readonly random: () => number,
  ) {
    for (const venue of VENUES) {
      const { capacity, windowMs } = VENUE_LIMITS[venue];
      this.windows.set(venue, new RollingWindow({ limit: capacity, windowMs }));
    }
  }

  /** A request travels for a random while, is counted, and its answer travels back. */
  async request(venue: Venue, cost: number): Promise<{ status: number; headers: Headers }> {
    await this.clock.sleep(1 + this.random() * 60);
    const ok = this.windows.get(venue)!.take(this.clock.nowMs(), cost);
    if (ok) this.served.set(venue, (this.served.get(venue) ?? 0) + cost);
    else this.refused++;
    const used = this.windows.get(venue)!.used(this.clock.nowMs());
    const headers = new Headers(venue === "binance" ? { "x-mbx-used-weight-1m": String(used) } : {});
    await this.clock.sleep(1 + this.random() * 60);
    return { status: ok ? 200 : 429, headers };
  }
}

export function createProcess(
  clock: ManualClock,
  ether: Ether,
  id: string,
  role: ProcessRole,
  enabled = true,
) {
  return new Governor({
    id,
    role,
    sourceAddress: "one",
    version: "test",
    clock,
    log: silent,
    announcements: ether,
    linkUp: () => ether.up,
    helloMs: 1_000,
    enabled,
  });
}
