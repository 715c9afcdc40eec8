// The production journal and lease as a simulated process reaches them: the SQL is the real one and takes real time,
// in which no simulated time passes; outages and the length of a lease are simulated.

import { StoreFault } from "../../domain/store-fault.ts";
import type { Clock } from "../../ports/clock.ts";
import type { LeaseStore } from "../../ports/journal.ts";

/** Real time, for as long as the database is at work. */
const LEASE_MS = 1;
const FAIL_AFTER_MS = 400;

export class StoreFront {
  #inFlight = 0;
  #awayUntilMs = Number.NEGATIVE_INFINITY;
  #isHanging = false;
  /** Grows with every call. */
  calls = 0;
  #quiet = Promise.withResolvers<void>();

  constructor(private readonly clock: Clock) {}

  /** Counts what is under way. */
  real<S extends object>(store: S): S {
    return proxied(store, async (work) => {
      this.calls++;
      this.#inFlight++;
      try {
        return await work();
      } finally {
        if (--this.#inFlight === 0) {
          this.#quiet.resolve();
          this.#quiet = Promise.withResolvers();
        }
      }
    });
  }

  /** What stands before the real one: a store that is away refuses at once, or is silent for a while. */
  reached<S extends object>(store: S): S {
    return proxied(store, async (work, name) => {
      if (this.isAway) {
        if (this.#isHanging) await this.clock.sleep(FAIL_AFTER_MS);
        if (this.isAway) throw new StoreFault("passing", "ECONNREFUSED", `${name}: the store is away`);
      }
      return await work();
    });
  }

  leave(forMs: number, isHanging: boolean): void {
    this.#awayUntilMs = Math.max(this.#awayUntilMs, this.clock.monotonicMs() + forMs);
    this.#isHanging = isHanging;
  }

  comeBack(): void {
    this.#awayUntilMs = Number.NEGATIVE_INFINITY;
  }

  get isAway(): boolean {
    return this.clock.monotonicMs() < this.#awayUntilMs;
  }

  async quiet(): Promise<void> {
    while (this.#inFlight > 0) await this.#quiet.promise;
  }

  /** The database's fences, but lengths by the simulated clock. */
  lease(store: LeaseStore): LeaseStore {
    let holding: { readonly holder: string; untilMs: number } | undefined;
    return {
      acquire: async (holder, lengthMs) => {
        const nowMs = this.clock.monotonicMs();
        if (holding && holding.holder !== holder && nowMs < holding.untilMs) return undefined;
        for (;;) {
          const taken = await store.acquire(holder, LEASE_MS);
          if (!taken) {
            await Bun.sleep(LEASE_MS);
            continue;
          }
          holding = { holder, untilMs: nowMs + lengthMs };
          return { fence: taken.fence, expiresInMs: lengthMs };
        }
      },
      release: async (holder, fence) => {
        if (holding?.holder === holder) holding = undefined;
        await store.release(holder, fence);
      },
    };
  }
}

function proxied<S extends object>(
  store: S,
  call: (work: () => Promise<unknown>, name: string) => Promise<unknown>,
): S {
  return new Proxy(store, {
    get: (target, name) => {
      const method = (target as unknown as Record<string | symbol, unknown>)[name];
      if (typeof method !== "function") return method;
      return (...args: unknown[]) => call(() => method.apply(target, args) as Promise<unknown>, String(name));
    },
  });
}
