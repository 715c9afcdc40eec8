// The lease of the one who may trade, as this process holds it. It is renewed long before it runs out, and judged by
// this process's monotonic clock from before the request was made, so that we always think it shorter than the
// database does. Once lost it stays lost: a new term is a new recovery.
//
// States: standby (somebody else holds it) -> held -> lost (ran out, or a newer holder was met) -> standby.

import type { Clock } from "../ports/clock.ts";
import { type Fence, Fenced, type LeaseStore } from "../ports/journal.ts";
import type { Log } from "../ports/telemetry.ts";

export interface WriterDeps {
  readonly lease: LeaseStore;
  readonly clock: Clock;
  readonly log: Log;
  /** One start of one process; never used again. */
  readonly holder: string;
  /** Told of terms that are not the first of a start, or end before it. Must not throw. */
  readonly onChange?: (what: "takeover" | "lease-back" | "lease-lost", detail: string) => void;
  readonly lengthMs?: number;
}

/** A standby takes over within 15 s: the lease's rest, one look, and the takeover itself. */
const LENGTH_MS = 10_000;
const RENEW_RATIO = 0.25;
const STANDBY_LOOK_MS = 1_000;
/** Orders are not begun on the last moments of a lease. */
const MARGIN_MS = 1_000;

/** One term of holding the lease. */
export class Term {
  readonly #lost = new AbortController();
  #untilMs: number;

  constructor(
    readonly fence: Fence,
    private readonly clock: Clock,
    untilMs: number,
  ) {
    this.#untilMs = untilMs;
  }

  /** Aborted when the term is over. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** Whether an order may leave now on the strength of the lease. */
  holds(): boolean {
    return !this.#lost.signal.aborted && this.leftMs > MARGIN_MS;
  }

  /** Passed over once the term is over: somebody may have acted upon that. */
  extend(untilMs: number): void {
    if (!this.isOver) this.#untilMs = Math.max(this.#untilMs, untilMs);
  }

  get leftMs(): number {
    return this.#untilMs - this.clock.monotonicMs();
  }

  /** Ends the term, whoever found out. */
  end(): void {
    this.#lost.abort();
  }

  get isOver(): boolean {
    return this.#lost.signal.aborted || this.leftMs <= 0;
  }
}

export class Writer {
  readonly #stop = new AbortController();
  #term: Term | undefined;
  #running: Promise<void> = Promise.resolve();
  #saidStandby = false;
  #saidAway = false;
  #elsewhere: boolean | undefined;

  constructor(private readonly deps: WriterDeps) {}

  /**
   * Whether another process holds the lease, as last heard; undefined before the first answer. A store that is away
   * says nothing new: who led goes on leading whatever needs no store.
   */
  get isElsewhere(): boolean | undefined {
    return this.#elsewhere;
  }

  /** The term held now; undefined on standby. */
  get term(): Term | undefined {
    return this.#term?.isOver ? undefined : this.#term;
  }

  /**
   * Keeps trying to hold the lease until stop(). `onTerm` runs once per term; the next one begins only after it has
   * resolved, so that nothing of an old term acts beside a new one.
   */
  run(onTerm: (term: Term) => Promise<void>): void {
    this.#running = this.#loop(onTerm);
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    this.#term?.end();
    await this.#running;
  }

  async #loop(onTerm: (term: Term) => Promise<void>): Promise<void> {
    const { clock, log } = this.deps;
    let terms = 0;
    while (!this.#stop.signal.aborted) {
      // Every term has a holder's name of its own: the same name would inherit the fence.
      const holder = terms === 0 ? this.deps.holder : `${this.deps.holder}.${terms}`;
      const term = await this.#acquire(holder);
      if (this.#stop.signal.aborted) {
        if (term) await this.#release(holder, term.fence);
        return;
      }
      if (!term) {
        await clock.sleep(STANDBY_LOOK_MS, this.#stop.signal);
        continue;
      }
      terms++;
      this.#term = term;
      if (this.#saidStandby) this.deps.onChange?.("takeover", `fence ${term.fence}`);
      else if (terms > 1) this.deps.onChange?.("lease-back", `fence ${term.fence}`);
      this.#saidStandby = false;
      log.info("trading lease taken", { fence: term.fence });
      const keeping = Promise.all([this.#renew(holder, term), this.#endInTime(term)]);
      try {
        await onTerm(term);
      } catch (error) {
        if (!(error instanceof Fenced)) log.error("trading ended by a defect", { error });
      }
      term.end();
      // Also for a renewal on its way: it must not take what is let go here.
      await keeping;
      // What may still be sent on its strength is bounded by its own deadline; a successor waits longer than that.
      await this.#release(holder, term.fence);
      if (!this.#stop.signal.aborted) {
        log.warn("trading lease over", { fence: term.fence });
        this.deps.onChange?.("lease-lost", `fence ${term.fence}`);
        await clock.sleep(STANDBY_LOOK_MS, this.#stop.signal);
      }
    }
  }

  async #acquire(holder: string): Promise<Term | undefined> {
    const { lease, clock, log, lengthMs = LENGTH_MS } = this.deps;
    const askedAtMs = clock.monotonicMs();
    try {
      const taken = await lease.acquire(holder, lengthMs);
      if (this.#saidAway) log.info("trading lease can be asked for again");
      this.#saidAway = false;
      this.#elsewhere = taken === undefined;
      if (taken) return new Term(taken.fence, clock, askedAtMs + lengthMs);
      if (!this.#saidStandby) log.info("another scheduler trades: standing by");
      this.#saidStandby = true;
    } catch (error) {
      if (!this.#saidAway) log.warn("trading lease not to be had", { error });
      this.#saidAway = true;
    }
    return undefined;
  }

  /** What cannot be let go runs out by itself. */
  async #release(holder: string, fence: Fence): Promise<void> {
    await this.deps.lease.release(holder, fence).catch(() => undefined);
  }

  async #renew(holder: string, term: Term): Promise<void> {
    const { lease, clock, log, lengthMs = LENGTH_MS } = this.deps;
    const over = AbortSignal.any([term.lost, this.#stop.signal]);
    while (!over.aborted) {
      await clock.sleep(lengthMs * RENEW_RATIO, over);
      if (over.aborted) return;
      const askedAtMs = clock.monotonicMs();
      try {
        const taken = await lease.acquire(holder, lengthMs);
        if (taken?.fence === term.fence) {
          term.extend(askedAtMs + lengthMs);
          continue;
        }
        this.#elsewhere = true;
        if (!over.aborted) log.error("trading lease lost to another scheduler");
        term.end();
        // Somebody had it meanwhile and let it go; what this took instead belongs to no term.
        if (taken) await this.#release(holder, taken.fence);
      } catch (error) {
        log.debug("trading lease not renewed", { error });
      }
    }
  }

  /** Ends the term when its time is up, also while a renewal hangs. */
  async #endInTime(term: Term): Promise<void> {
    const { clock, log } = this.deps;
    while (!term.lost.aborted) {
      if (term.isOver) {
        log.error("trading lease ran out: the store did not answer in time");
        term.end();
      } else await clock.sleep(term.leftMs, term.lost);
    }
  }
}
