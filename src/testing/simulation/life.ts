// One life of a trading process, to be ended or frozen at any step: once dead, nothing it waits for ever comes back to
// it, and nothing it would do takes effect; while frozen, it stands still. What it has sent is on its way all the same.

import { StoreFault } from "../../domain/store-fault.ts";
import type { Clock } from "../../ports/clock.ts";
import type { PerpetualVenue, TradingVenue, VenueOrder } from "../../ports/trading-venue.ts";

/** What may happen at a call of the journal. The first is no fault. */
export const STORE_CHOICES = ["ok", "crash-before", "crash-after", "away"] as const;
export type StoreChoice = (typeof STORE_CHOICES)[number] | "away-after" | "freeze";

/** What may happen around an order, besides what the venue does. */
export const SEND_CHOICES = ["ok", "crash-unsent", "crash-sent"] as const;
export type SendChoice = (typeof SEND_CHOICES)[number] | "freeze";

export interface LifeChances {
  /** `clientOrderId` of the order it is about, where it is about one. */
  store(call: string, clientOrderId?: string): StoreChoice;
  send(order: { readonly clientOrderId: string; readonly venue: string }): SendChoice;
}

/** A new one each time: a shared one would keep everything that ever waited for it. */
const never = () => new Promise<never>(() => undefined);

export class Life {
  readonly #died = Promise.withResolvers<"died">();
  #thawed: Promise<void> | undefined;
  isDead = false;

  constructor(
    private readonly chances: LifeChances,
    private readonly on: {
      /** Called as an order leaves: what must hold then is checked there. */
      readonly send: (order: VenueOrder) => void;
      /** Resolves when a frozen process goes on. */
      readonly freeze?: () => Promise<void>;
    },
  ) {}

  get died(): Promise<"died"> {
    return this.#died.promise;
  }

  kill(): void {
    this.isDead = true;
    this.#died.resolve("died");
  }

  #freeze(): void {
    this.#thawed ??= this.on.freeze?.().then(() => {
      this.#thawed = undefined;
    });
  }

  /** Nothing comes back to the dead, and to the frozen later. */
  async #mine<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } finally {
      if (this.#thawed && !this.isDead) await this.#thawed;
      if (this.isDead) await never();
    }
  }

  clock(clock: Clock): Clock {
    return {
      nowMs: () => clock.nowMs(),
      monotonicMs: () => clock.monotonicMs(),
      sleep: (lengthMs, signal) => (this.isDead ? never() : this.#mine(clock.sleep(lengthMs, signal))),
    };
  }

  /** The journal or the lease. */
  store<S extends object>(store: S): S {
    return new Proxy(store, {
      get: (target, name) => {
        const method = (target as unknown as Record<string | symbol, unknown>)[name];
        if (typeof method !== "function") return method;
        return (...args: unknown[]) =>
          this.#call(
            [labelOf(String(name), args), orderIdOf(String(name), args)],
            () => method.apply(target, args) as Promise<unknown>,
          );
      },
    });
  }

  async #call(
    [label, clientOrderId]: readonly [string, string | undefined],
    work: () => Promise<unknown>,
  ): Promise<unknown> {
    if (this.isDead) return never();
    const choice = this.chances.store(label, clientOrderId);
    if (choice === "crash-before") {
      this.kill();
      return never();
    }
    if (choice === "away") throw new StoreFault("passing", "ECONNREFUSED", `${label}: the store is away`);
    const answer = await this.#mine(work());
    if (choice === "crash-after") {
      this.kill();
      return never();
    }
    if (choice === "freeze") {
      this.#freeze();
      await this.#mine(Promise.resolve());
    }
    if (choice === "away-after") {
      throw new StoreFault("passing", "ECONNRESET", `${label}: the answer was lost`);
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
            this.isDead ? never() : this.#mine(Promise.resolve(member.apply(target, args)));
        }
        return (...args: Parameters<TradingVenue["place"]>) => this.#place(target, args);
      },
    });
  }

  async #place(venue: TradingVenue, [order, timeoutMs, options]: Parameters<TradingVenue["place"]>) {
    if (this.isDead) return never();
    const choice = this.chances.send({ clientOrderId: order.clientOrderId, venue: venue.venue });
    if (choice === "crash-unsent") {
      this.kill();
      return never();
    }
    if (choice === "freeze") {
      this.#freeze();
      await this.#mine(Promise.resolve());
    }
    const mayStillSend = () => {
      const may = !this.isDead && this.#thawed === undefined && (options?.mayStillSend?.() ?? true);
      if (may) this.on.send(order);
      return may;
    };
    const outcome = venue.place(order, timeoutMs, { ...options, mayStillSend });
    if (choice === "crash-sent") {
      // The bytes leave in the same turn; whoever waited for the answer is gone.
      void outcome.catch(() => undefined);
      queueMicrotask(() => this.kill());
      return never();
    }
    return await this.#mine(outcome);
  }
}

/** The call with what it is about: a crash before one move is another than before the next. */
function labelOf(name: string, args: readonly unknown[]): string {
  if (name === "move") return `move:${(args[0] as { readonly to: string }).to}`;
  if (name === "endEntry" || name === "endExit") return `${name}:${(args[1] as { readonly to: string }).to}`;
  if (name === "recordOrder") return `recordOrder:${(args[0] as { readonly status: string }).status}`;
  return name;
}

function orderIdOf(name: string, args: readonly unknown[]): string | undefined {
  return name === "recordOrder" ? (args[0] as { readonly clientOrderId: string }).clientOrderId : undefined;
}
