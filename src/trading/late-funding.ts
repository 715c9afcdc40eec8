// Funding that comes after a position was closed (specification 4): its profit is settled by then, so what is found later
// is a correction beside it. Each position closed is looked at again a minute and ten minutes after; what was closed
// within the hour before a term began, and may not have been looked at, is looked at once more.

import type { Clock } from "../ports/clock.ts";
import type { ClosedPosition, Journal, TradingMode } from "../ports/journal.ts";
import type { Log } from "../ports/telemetry.ts";
import type { TradingStateStore } from "../ports/traders.ts";
import type { Accounts } from "./accounts.ts";
import type { TermWork } from "./term-work.ts";

export interface LateFundingDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly mode: TradingMode;
  readonly journal: Pick<Journal, "closedSince">;
  readonly state: Pick<TradingStateStore, "addFunding">;
  readonly accounts: Pick<Accounts, "legs">;
  readonly work: TermWork;
}

/** After the close. */
const LOOKS_MS = [60_000, 600_000] as const;
const AGAIN_MS = 60_000;
const GIVEN_UP_MS = 3_600_000;
/** A close is stored a while after its own instant, longer when the store was away. */
const STORED_LATE_MS = 300_000;
/** The venue's clock may be ahead of ours; nothing is opened again so soon after a close. */
const CLOCKS_APART_MS = 1_000;
const SIDE_BY_SIDE = 4;

interface Due {
  readonly closed: ClosedPosition;
  /** Undefined: nothing more to look for. */
  lookAtMs: number | undefined;
}

/** For one term. */
export class LateFunding {
  readonly #due = new Map<number, Due>();
  #newestMs = 0;

  constructor(private readonly deps: LateFundingDeps) {}

  /** Call it every few seconds. Rejects with StoreFault or Fenced. */
  async look(): Promise<void> {
    const { clock, journal, mode, work } = this.deps;
    const nowMs = clock.nowMs();
    const sinceMs = Math.max(nowMs - GIVEN_UP_MS, this.#newestMs - STORED_LATE_MS);
    for (const closed of await journal.closedSince(mode, sinceMs)) {
      this.#newestMs = Math.max(this.#newestMs, closed.closedAtMs);
      if (this.#due.has(closed.positionId)) continue;
      this.#due.set(closed.positionId, { closed, lookAtMs: closed.closedAtMs + LOOKS_MS[0] });
    }
    const due = [...this.#due.values()].filter(({ lookAtMs }) => lookAtMs !== undefined && lookAtMs <= nowMs);
    for (let from = 0; from < due.length && !work.term.isOver; from += SIDE_BY_SIDE) {
      await Promise.all(due.slice(from, from + SIDE_BY_SIDE).map((one) => work.track(this.#lookAt(one))));
    }
    for (const [positionId, { closed, lookAtMs }] of this.#due) {
      const isOld = nowMs - closed.closedAtMs > GIVEN_UP_MS + STORED_LATE_MS;
      if (isOld && lookAtMs === undefined) this.#due.delete(positionId);
    }
  }

  async #lookAt(due: Due): Promise<void> {
    const { clock, log, mode, state, work } = this.deps;
    const { closedAtMs, overseasSymbol: _, openedAtMs: __, pair, ...position } = due.closed;
    const told = await this.#eventsOf(due.closed).catch((error) => ({ error }));
    const nowMs = clock.nowMs();
    if ("error" in told) {
      const isGivenUp = nowMs - closedAtMs >= GIVEN_UP_MS;
      due.lookAtMs = isGivenUp ? undefined : nowMs + AGAIN_MS;
      log.warn("funding after a close not read", { ...position, isGivenUp, error: told.error });
      return;
    }
    const { venue, events } = told;
    const rows = events.map(({ id, amountUsdt, atMs }) => ({
      ...{ ...position, mode, venue, amountUsdt, atMs },
      ...{ eventId: id, late: true },
    }));
    const added = rows.length > 0 ? await state.addFunding(rows, work.term.fence) : 0;
    if (added > 0) log.info("funding came after the close: a correction", { ...position, pair, added });
    const next = LOOKS_MS.map((lengthMs) => closedAtMs + lengthMs).find((atMs) => atMs > nowMs);
    due.lookAtMs = next;
  }

  async #eventsOf({ userId, pair, overseasSymbol, openedAtMs, closedAtMs }: ClosedPosition) {
    const legs = await this.deps.accounts.legs(userId, pair);
    if (!legs) throw new Error(`expected usable keys of user ${userId}, were missing or switched off`);
    const events = await legs.overseas.fundingSince(overseasSymbol, openedAtMs);
    const untilMs = closedAtMs + CLOCKS_APART_MS;
    return { venue: legs.overseas.venue, events: events.filter(({ atMs }) => atMs <= untilMs) };
  }
}
