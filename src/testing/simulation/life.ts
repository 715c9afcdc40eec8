// One life of a trading process, to be ended at any step: once dead, nothing it waits for ever comes back to it, and
// nothing it would do takes effect. What it has sent is on its way all the same.

import { StoreFault } from "../../domain/store-fault.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Journal } from "../../ports/journal.ts";
import type { PerpetualVenue, TradingVenue, VenueOrder } from "../../ports/trading-venue.ts";

/** What may happen at a call of the journal. The first is no fault. */
export const STORE_CHOICES = ["ok", "crash-before", "crash-after", "away"] as const;
export type StoreChoice = (typeof STORE_CHOICES)[number] | "away-after";

/** What may happen around an order, besides what the venue does. */
export const SEND_CHOICES = ["ok", "crash-unsent", "crash-sent"] as const;
export type SendChoice = (typeof SEND_CHOICES)[number];

export interface LifeChances {
  store(call: string): StoreChoice;
  send(order: { readonly clientOrderId: string; readonly venue: string }): SendChoice;
}

const NEVER = new Promise<never>(() => undefined);

export class Life {
  readonly #died = Promise.withResolvers<"died">();
  isDead = false;

  constructor(
    private readonly chances: LifeChances,
    /** Called as an order leaves: what must hold then is checked there. */
    private readonly onSend: (order: VenueOrder) => void,
  ) {}

  get died(): Promise<"died"> {
    return this.#died.promise;
  }

  kill(): void {
    this.isDead = true;
    this.#died.resolve("died");
  }

  #mine<T>(work: Promise<T>): Promise<T> {
    return work.then(
      (value) => (this.isDead ? NEVER : value),
      (error: unknown) => (this.isDead ? NEVER : Promise.reject(error)),
    );
  }

  clock(clock: Clock): Clock {
    return {
      nowMs: () => clock.nowMs(),
      monotonicMs: () => clock.monotonicMs(),
      sleep: (lengthMs, signal) => (this.isDead ? NEVER : this.#mine(clock.sleep(lengthMs, signal))),
    };
  }

  journal(journal: Journal): Journal {
    return new Proxy(journal, {
      get: (target, name) => {
        const method = (target as unknown as Record<string | symbol, unknown>)[name];
        if (typeof method !== "function") return method;
        return (...args: unknown[]) =>
          this.#call(String(name), () => method.apply(target, args) as Promise<unknown>);
      },
    });
  }

  async #call(name: string, work: () => Promise<unknown>): Promise<unknown> {
    if (this.isDead) return NEVER;
    const choice = this.chances.store(name);
    if (choice === "crash-before") {
      this.kill();
      return NEVER;
    }
    if (choice === "away") throw new StoreFault("passing", "ECONNREFUSED", `${name}: the store is away`);
    const answer = await this.#mine(work());
    if (choice === "crash-after") {
      this.kill();
      return NEVER;
    }
    if (choice === "away-after") {
      throw new StoreFault("passing", "ECONNRESET", `${name}: the answer was lost`);
    }
    return answer;
  }

  venue<V extends TradingVenue | PerpetualVenue>(venue: V): V {
    return new Proxy(venue, {
      get: (target, name) => {
        const member = (target as unknown as Record<string | symbol, unknown>)[name];
        if (typeof member !== "function") return member;
        if (name !== "place") {
          return (...args: unknown[]) =>
            this.isDead ? NEVER : this.#mine(Promise.resolve(member.apply(target, args)));
        }
        return (...args: Parameters<TradingVenue["place"]>) => this.#place(target, args);
      },
    });
  }

  #place(venue: TradingVenue, [order, timeoutMs, options]: Parameters<TradingVenue["place"]>) {
    if (this.isDead) return NEVER;
    const choice = this.chances.send({ clientOrderId: order.clientOrderId, venue: venue.venue });
    if (choice === "crash-unsent") {
      this.kill();
      return NEVER;
    }
    const mayStillSend = () => {
      const may = !this.isDead && (options?.mayStillSend?.() ?? true);
      if (may) this.onSend(order);
      return may;
    };
    const outcome = venue.place(order, timeoutMs, { ...options, mayStillSend });
    if (choice === "crash-sent") {
      // The bytes leave in the same turn; whoever waited for the answer is gone.
      void outcome.catch(() => undefined);
      queueMicrotask(() => this.kill());
      return NEVER;
    }
    return this.#mine(outcome);
  }
}
