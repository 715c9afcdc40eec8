// Processes that want the lease, on one manual clock: the database's side in memory, each process's way to it, and
// processes that freeze. A frozen process runs nothing, while time and the database go on.

import { StoreFault } from "../domain/store-fault.ts";
import type { Clock } from "../ports/clock.ts";
import type { LeaseStore } from "../ports/journal.ts";
import { type Term, Writer } from "../trading/writer.ts";
import { ManualClock } from "./manual-clock.ts";
import { RecordingLog } from "./recording-log.ts";

/** The database's side, on its own clock: the rules of the port, and what can go wrong on the way. */
export class MemoryLease {
  fence = 0;
  holder: string | undefined;
  expiresAtMs = 0;
  readonly asked: { readonly holder: string; readonly atMs: number }[] = [];
  /** Every fence with the one name it was given to. */
  readonly given = new Map<number, string>();

  constructor(private readonly clock: Clock) {}

  acquire(holder: string, lengthMs: number) {
    const nowMs = this.clock.monotonicMs();
    this.asked.push({ holder, atMs: nowMs });
    if (this.holder !== holder) {
      if (this.holder !== undefined && nowMs < this.expiresAtMs) return undefined;
      this.holder = holder;
      this.given.set(++this.fence, holder);
    }
    this.expiresAtMs = nowMs + lengthMs;
    return { fence: this.fence, expiresInMs: lengthMs };
  }

  release(holder: string, fence: number): void {
    if (this.holder === holder && this.fence === fence) this.holder = undefined;
  }
}

export const SLOW_MS = 1_700;

type Road = "ok" | "away" | "answer-lost" | "hanging" | "slow";

/** One process: its way to the database, and its own sense of time, which stops while it is frozen. */
export class LeaseProcess {
  road: Road = "ok";
  readonly log = new RecordingLog();
  readonly terms: Term[] = [];
  readonly changes: string[] = [];
  readonly writer: Writer;
  /** How a term's work behaves: until lost, or until told. */
  work: (term: Term) => Promise<void>;
  /** Pending while frozen. */
  #thawed = Promise.resolve();
  #thaw: (() => void) | undefined;
  #unhang = Promise.withResolvers<void>();

  constructor(
    readonly clock: ManualClock,
    readonly lease: MemoryLease,
    holder: string,
  ) {
    this.work = (term) =>
      new Promise((resolve) => {
        if (term.lost.aborted) resolve();
        else term.lost.addEventListener("abort", () => resolve());
      });
    const own: Clock = {
      nowMs: () => clock.nowMs(),
      monotonicMs: () => clock.monotonicMs(),
      sleep: async (lengthMs, signal) => {
        await clock.sleep(lengthMs, signal);
        await this.#thawed;
      },
    };
    const store: LeaseStore = {
      acquire: (name, lengthMs) => this.#call(() => lease.acquire(name, lengthMs)),
      release: (name, fence) => this.#call(() => lease.release(name, fence)),
    };
    const onChange = (what: string, detail: string) => void this.changes.push(`${what} (${detail})`);
    this.writer = new Writer({ lease: store, clock: own, log: this.log, holder, onChange });
  }

  run(): void {
    this.writer.run((term) => {
      this.terms.push(term);
      return this.work(term);
    });
  }

  freeze(): void {
    if (this.#thaw) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#thawed = promise;
    this.#thaw = resolve;
  }

  thaw(): void {
    this.#thaw?.();
    this.#thaw = undefined;
  }

  /** Calls that hang are carried out and answered now. */
  unhang(): void {
    this.#unhang.resolve();
    this.#unhang = Promise.withResolvers();
  }

  get holds(): boolean {
    return this.terms.some((term) => term.holds());
  }

  async #call<T>(work: () => T): Promise<T> {
    const away = () => new StoreFault("passing", "ECONNREFUSED", "the store is away");
    const { road } = this;
    if (road === "away") throw away();
    if (road === "hanging") await this.#unhang.promise;
    if (road === "slow") await this.clock.sleep(SLOW_MS / 2);
    const answer = work();
    if (road === "slow") await this.clock.sleep(SLOW_MS / 2);
    await this.#thawed;
    if (road === "answer-lost") throw away();
    return answer;
  }
}

/** `road`: how the first call goes. */
export function leaseStage(holders: readonly string[], road: Road = "ok") {
  const clock = new ManualClock();
  const lease = new MemoryLease(clock);
  const processes = holders.map((holder) => new LeaseProcess(clock, lease, holder));
  for (const process of processes) {
    process.road = road;
    process.run();
  }
  return { clock, lease, processes };
}
