// The production stores for a rig, on a real database: what it does takes real time, in which no simulated time passes.
// The lease's fences are the database's, its length is the rig's clock's.

import type { Database } from "../../adapters/store/database.ts";
import { createForcedCloses } from "../../adapters/store/forced-closes.ts";
import { createJournal } from "../../adapters/store/journal.ts";
import { createLeaseStore } from "../../adapters/store/lease.ts";
import { createTraderStore } from "../../adapters/store/traders.ts";
import { createTradingStateStore } from "../../adapters/store/trading-state.ts";
import type { LeaseStore } from "../../ports/journal.ts";
import type { ManualClock } from "../manual-clock.ts";
import type { RigStores } from "./rig.ts";

/** Real time; over long before anybody asks again. */
const LEASE_MS = 1;

export function storedIn(database: Database): (clock: ManualClock) => RigStores {
  return (clock) => {
    let inFlight = 0;
    let idle = Promise.withResolvers<void>();
    const counted = <S extends object>(store: S): S =>
      new Proxy(store, {
        get: (of, name) => {
          const method = (of as unknown as Record<string | symbol, unknown>)[name];
          if (typeof method !== "function") return method;
          return async (...args: unknown[]) => {
            inFlight++;
            try {
              return await method.apply(of, args);
            } finally {
              if (--inFlight === 0) {
                idle.resolve();
                idle = Promise.withResolvers();
              }
            }
          };
        },
      });
    return {
      journal: counted(createJournal(database)),
      state: counted(createTradingStateStore(database)),
      forcedCloses: counted(createForcedCloses(database)),
      traders: counted(createTraderStore(database, undefined)),
      lease: counted(leaseOf(createLeaseStore(database), clock)),
      quiet: async () => {
        while (inFlight > 0) await idle.promise;
      },
    };
  };
}

function leaseOf(store: LeaseStore, clock: ManualClock): LeaseStore {
  let holding: { readonly holder: string; readonly untilMs: number } | undefined;
  return {
    async acquire(holder, lengthMs) {
      const nowMs = clock.monotonicMs();
      if (holding && holding.holder !== holder && nowMs < holding.untilMs) return undefined;
      let taken = await store.acquire(holder, LEASE_MS);
      while (!taken) {
        await Bun.sleep(LEASE_MS);
        taken = await store.acquire(holder, LEASE_MS);
      }
      holding = { holder, untilMs: nowMs + lengthMs };
      return { fence: taken.fence, expiresInMs: lengthMs };
    },
    async release(holder, fence) {
      if (holding?.holder === holder) holding = undefined;
      await store.release(holder, fence);
    },
  };
}
