// Who leaves, and when: positions are held against every new rate, against their longest holding time each second, and
// against whatever forces them out, which is tried again until they are gone.

import type { PairKey } from "../../schema/vocabulary.ts";
import type { Trouble } from "../domain/notice-words.ts";
import type { RateRow } from "../domain/rate-table.ts";
import { exitScreenJeon, stopScreenJeon } from "../domain/screen.ts";
import type { ForcedClose } from "../ports/forced-closes.ts";
import type { OpenPosition } from "../ports/journal.ts";
import { tellDecision } from "../ports/tracing.ts";
import { userCoin } from "./engine-state.ts";
import { FundingSeen } from "./funding.ts";
import { planExit } from "./plan-exit.ts";
import type { ForceCause, Runner, TermParts } from "./runner.ts";
import type { SessionDeps } from "./session.ts";
import type { WatchedPosition } from "./watched.ts";

/** A forced exit is tried each second; after this long somebody is called. */
const BLOCKED_MS = 30_000;

export class ExitDesk {
  /** Nothing more is begun: the term is being handed over. */
  isClosed = false;
  /** By user and coin. */
  readonly #planning = new Set<string>();
  /** Since when a forced exit has not been to be begun, by user and coin. */
  readonly #blockedSinceMs = new Map<string, number>();
  readonly #funding: FundingSeen;

  constructor(
    private readonly deps: SessionDeps,
    private readonly parts: TermParts,
    private readonly runner: Runner,
  ) {
    this.#funding = new FundingSeen(deps, parts.work);
  }

  onRow(row: RateRow, pair: PairKey): void {
    // A rate too far from the others' is taken off the row, and it may be the very one to leave at: fresh books decide.
    const isHidden = row.reason === "quarantined";
    if (row.reason !== "none" && !isHidden) return;
    for (const watched of this.parts.known.watched.at(row.coin, pair)) {
      if (isHidden || isDue(watched, row)) this.#leave(watched.position, undefined);
    }
  }

  /** Each second: what has been held too long, whether or not there is a rate, and what is forced. */
  retry(): void {
    const nowMs = this.deps.clock.nowMs();
    for (const { position, leaveAtMs } of this.parts.known.watched.all()) {
      if (leaveAtMs !== undefined && nowMs >= leaveAtMs) this.#leave(position, undefined);
    }
    for (const [key, cause] of this.runner.forced) {
      const position = this.parts.known.positions.get(key);
      if (position) this.#leave(position, cause);
      else if (!this.parts.known.running.has(key)) {
        this.runner.forced.delete(key);
        this.#blockedSinceMs.delete(key);
      }
    }
  }

  /** Leaves a position now; resolves at once. */
  force(userId: number, coin: string, cause: ForceCause): "started" | "running" | "no-position" {
    const { known } = this.parts;
    const key = userCoin(userId, coin);
    const isRunning = known.running.has(key);
    const position = known.positions.get(key);
    if (!position) return "no-position";
    this.runner.forced.set(key, cause);
    this.#leave(position, cause);
    return isRunning ? "running" : "started";
  }

  /** Wishes as they are stored. A cause that is known already stays: it may be the stronger one. */
  wish(wishes: readonly ForcedClose[]): void {
    for (const { positionId, userId, coin, askedBy } of wishes) {
      const key = userCoin(userId, coin);
      // Read a moment ago: by now the coin may be held anew.
      const isStill = this.parts.known.positions.get(key)?.positionId === positionId;
      if (isStill && !this.runner.forced.has(key)) this.force(userId, coin, askedBy);
    }
  }

  #leave(position: OpenPosition, cause: ForceCause | undefined): void {
    const { known, work } = this.parts;
    const { userId, coin } = position;
    const key = userCoin(userId, coin);
    if (this.#planning.has(key) || known.running.has(key) || work.term.isOver || this.isClosed) return;
    if (cause === undefined && known.exitsWait(key)) return;
    this.#planning.add(key);
    const exit = this.#exit(position, cause).finally(() => this.#planning.delete(key));
    void work.track(exit.catch((error) => this.#failed(position, error)));
  }

  /** A position that cannot be left for a defect of ours is somebody's to look at. */
  #failed(position: OpenPosition, error: unknown): void {
    const { teller } = this.parts;
    teller.failed("exit", error);
    if (error instanceof RangeError)
      teller.incident("defect", position, `an exit cannot be planned: ${error.message}`);
  }

  async #exit(position: OpenPosition, cause: ForceCause | undefined): Promise<void> {
    const { known, accounts, reference, teller, work } = this.parts;
    const key = userCoin(position.userId, position.coin);
    const begunAtMs = this.deps.clock.nowMs();
    const ends = known.endsOf(key);
    const planned = await planExit({ ...this.deps, accounts, funding: this.#funding }, position, {
      forcedBy: cause,
      halted: known.halted,
      referenceKrw: reference.lastValid(),
      taken: (booksAtMs) => known.taken(position.coin, position.pair, booksAtMs),
      take: (intent) => {
        // What runs by now is something else, and the position may be another one.
        const isSame = known.positions.get(key)?.positionId === position.positionId;
        const isStill = isSame && known.endsOf(key) === ends;
        if (!isStill || known.running.has(key) || !work.term.holds()) return false;
        known.running.set(key, intent);
        return true;
      },
      decisionKey: String(begunAtMs),
    });
    const { strategyId, userId, coin, pair } = position;
    const decision = planned.ok
      ? { action: "exit" as const, reason: "exit", context: planned.intent.reason }
      : { action: "hold" as const, reason: planned.reason, context: planned.context };
    const breakEven = () => accounts.breakEven(userId, pair, this.deps.market.facts(coin, pair));
    teller.decided({ ...{ strategyId, userId, coin, pair, breakEven }, ...decision });
    if (!planned.ok) {
      if (planned.reason === "no-key") teller.incident("key", position, "key-held" satisfies Trouble);
      else if (planned.reason === "below-one-lot") this.#call(position, "cover-by-hand", planned.context);
      else if (cause) this.#blocked(position, cause, planned);
      return;
    }
    this.#blockedSinceMs.delete(key);
    tellDecision(this.deps.tracer, planned.intent, begunAtMs);
    await this.runner.begin(planned.intent, planned.books);
  }

  /** Somebody who wants out, or must get out, and does not: that is not left to be found. */
  #blocked(
    position: OpenPosition,
    cause: ForceCause,
    { reason, context }: { readonly reason: string; readonly context: string },
  ): void {
    const key = userCoin(position.userId, position.coin);
    const nowMs = this.deps.clock.monotonicMs();
    const sinceMs = this.#blockedSinceMs.get(key) ?? nowMs;
    this.#blockedSinceMs.set(key, sinceMs);
    if (nowMs - sinceMs < BLOCKED_MS) return;
    // What is delisted with its short has no market that would come back.
    const isOver = cause === "short-gone" && (reason === "no-rate" || reason === "not-tradable");
    this.#call(position, isOver ? "sell-by-hand" : "exit-blocked", `${cause}, ${reason} ${context}`.trim());
  }

  #call(position: OpenPosition, trouble: Trouble, context: string): void {
    this.parts.teller.incident("needs-human", position, `${trouble}: ${context}`);
  }
}

function isDue({ worthKrw, targetJeon, stopJeon }: WatchedPosition, row: RateRow): boolean {
  if (exitScreenJeon(row, worthKrw) >= targetJeon) return true;
  return stopJeon !== undefined && !(stopScreenJeon(row, worthKrw) > stopJeon);
}
