// One process with a trading engine in it, over the rig's exchanges and stores. It can stand still, for a while or for
// good, and the store can be away from it or lose the answer to what it has done.

import { StoreFault } from "../../domain/store-fault.ts";
import type { Clock } from "../../ports/clock.ts";

/** answer-lost: the store does what it is asked and nobody hears of it; hanging: no answer until the road is changed. */
export type Road = "ok" | "away" | "answer-lost" | "hanging";

export class RigProcess {
  #road: Road = "ok";
  #unhung = Promise.withResolvers<void>();
  #thawed: Promise<void> | undefined;
  #thaw: (() => void) | undefined;
  /** Which calls of the store the road is for; all when undefined. */
  roadOf: ((call: string) => boolean) | undefined;
  /** Calls of the store, by name. */
  readonly calls: string[] = [];

  constructor(readonly clock: Clock) {}

  get road(): Road {
    return this.#road;
  }

  set road(road: Road) {
    this.#road = road;
    this.#unhung.resolve();
    this.#unhung = Promise.withResolvers();
  }

  get isFrozen(): boolean {
    return this.#thaw !== undefined;
  }

  /** A process that is never thawed is a dead one. */
  freeze(): void {
    if (this.#thaw) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#thawed = promise;
    this.#thaw = resolve;
  }

  thaw(): void {
    this.#thaw?.();
    this.#thaw = undefined;
    this.#thawed = undefined;
  }

  async #mine<T>(work: () => Promise<T> | T): Promise<T> {
    if (this.#thawed) await this.#thawed;
    try {
      return await work();
    } finally {
      if (this.#thawed) await this.#thawed;
    }
  }

  ownClock(): Clock {
    const { clock } = this;
    return {
      nowMs: () => clock.nowMs(),
      monotonicMs: () => clock.monotonicMs(),
      sleep: (lengthMs, signal) => this.#mine(() => clock.sleep(lengthMs, signal)),
    };
  }

  venue<V extends object>(venue: V): V {
    return proxied(venue, (work) => this.#mine(work));
  }

  store<S extends object>(store: S): S {
    return proxied(store, (work, name) =>
      this.#mine(async () => {
        this.calls.push(name);
        const road = !this.roadOf || this.roadOf(name) ? this.#road : "ok";
        if (road === "hanging") await this.#unhung.promise;
        if (road === "away") throw new StoreFault("passing", "ECONNREFUSED", `${name}: the store is away`);
        const answer = await work();
        if (road === "answer-lost") throw new StoreFault("passing", "ECONNRESET", `${name}: no answer`);
        return answer;
      }),
    );
  }
}

function proxied<S extends object>(
  target: S,
  call: (work: () => Promise<unknown>, name: string) => Promise<unknown>,
): S {
  return new Proxy(target, {
    get: (of, name) => {
      const method = (of as unknown as Record<string | symbol, unknown>)[name];
      if (typeof method !== "function") return method;
      return (...args: unknown[]) => call(() => method.apply(of, args) as Promise<unknown>, String(name));
    },
  });
}
